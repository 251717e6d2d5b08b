//! What became of the lines of a log: read, blank, skipped and why.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::json::{RecordError, RecordErrorKind};
use crate::jsonl::{Line, LineError};

/// How many skipped lines are kept as samples; all of them are counted.
pub const SKIP_SAMPLES: usize = 20;

/// Counts of the lines of one log, or of a part of it.
///
/// Logs of neighbouring parts merge in file order; line numbers and offsets come
/// out as if the whole had been read at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineLog {
    /// Lines seen, blank and skipped ones included.
    pub lines: u64,
    /// Lines that have no record by their nature: of white space only, or of a kind
    /// that a decoder passes over.
    pub blank: u64,
    /// Lines that gave a record.
    pub records: u64,
    /// Lines that gave none, by [`SkipReason::code`].
    pub skipped: BTreeMap<&'static str, u64>,
    /// The first [`SKIP_SAMPLES`] skipped lines.
    pub samples: Vec<SkippedLine>,
    /// Records by the version that they state; `missing` where they state none.
    pub versions: BTreeMap<String, u64>,
    /// Whether the last line had no newline and gave no record: a writer may be at it.
    pub torn_tail: bool,
}

/// One skipped line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkippedLine {
    /// Line number, from 1, within the part that was read.
    pub line: u64,
    /// Where the line begins, in bytes from the start of the file.
    pub offset: u64,
    /// Why it gave no record.
    pub reason: SkipReason,
}

/// Why a line gave no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// The line is no text.
    Line(LineError),
    /// The last line has no newline and is no record: torn, or still being written.
    Torn,
    /// The text is no record.
    Record(RecordErrorKind),
}

impl SkipReason {
    /// The stable name of this reason.
    pub fn code(self) -> &'static str {
        match self {
            Self::Line(LineError::InvalidUtf8 { .. }) => "invalid_utf8",
            Self::Line(LineError::TooLong) => "too_long",
            Self::Torn => "torn_line",
            Self::Record(kind) => kind.code(),
        }
    }
}

impl SkipReason {
    /// All stable names.
    const CODES: [&'static str; 9] = [
        "invalid_utf8",
        "too_long",
        "torn_line",
        "not_json",
        "not_an_object",
        "duplicate_field",
        "missing_field",
        "wrong_type",
        "bad_value",
    ];

    /// The stable name that a text is.
    pub(crate) fn known_code(text: &str) -> Option<&'static str> {
        Self::CODES.into_iter().find(|code| *code == text)
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(LineError::InvalidUtf8 { at }) => {
                write!(f, "{}: at byte {at} of the line", self.code())
            }
            Self::Line(LineError::TooLong) => {
                write!(
                    f,
                    "{}: more than {} bytes",
                    self.code(),
                    crate::jsonl::MAX_LINE_BYTES
                )
            }
            Self::Torn => f.write_str(self.code()),
            Self::Record(kind) => kind.fmt(f),
        }
    }
}

impl LineLog {
    /// Lines that gave no record.
    pub fn skipped_lines(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// Reads one line by `record`, which returns the version that the record
    /// states, and notes what became of it.
    pub(crate) fn note<'a>(
        &mut self,
        line: Line<'a>,
        record: impl FnOnce(&'a str) -> Result<Version<'a>, RecordError>,
    ) {
        self.lines += 1;
        let reason = match line.text {
            Ok(text) if text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r')) => {
                self.blank += 1;
                return;
            }
            Ok(text) => match record(text) {
                Ok(version) => {
                    self.records += 1;
                    self.count_version(&version);
                    return;
                }
                Err(RecordError {
                    kind: RecordErrorKind::NotJson,
                    ..
                }) if !line.terminated => SkipReason::Torn,
                Err(error) => SkipReason::Record(error.kind),
            },
            Err(LineError::InvalidUtf8 { .. }) if !line.terminated => SkipReason::Torn,
            Err(error) => SkipReason::Line(error),
        };
        self.torn_tail |= reason == SkipReason::Torn;
        *self.skipped.entry(reason.code()).or_default() += 1;
        if self.samples.len() < SKIP_SAMPLES {
            self.samples.push(SkippedLine {
                line: self.lines,
                offset: line.offset,
                reason,
            });
        }
    }

    /// Appends the log of the part that follows this one in the same file.
    /// Notes a line that a decoder has read and that has no record.
    pub(crate) fn note_without_record(&mut self) {
        self.lines += 1;
        self.blank += 1;
    }

    pub(crate) fn merge(&mut self, later: Self) {
        let room = SKIP_SAMPLES - self.samples.len();
        self.samples.extend(
            later
                .samples
                .into_iter()
                .take(room)
                .map(|sample| SkippedLine {
                    line: sample.line + self.lines,
                    ..sample
                }),
        );
        self.lines += later.lines;
        self.blank += later.blank;
        self.records += later.records;
        self.torn_tail |= later.torn_tail;
        for (code, lines) in later.skipped {
            *self.skipped.entry(code).or_default() += lines;
        }
        for (version, lines) in later.versions {
            *self.versions.entry(version).or_default() += lines;
        }
    }

    fn count_version(&mut self, version: &Version<'_>) {
        let name = match version {
            Version::Unversioned => return,
            Version::Missing => "missing",
            Version::Stated(version) => &**version,
        };
        if let Some(lines) = self.versions.get_mut(name) {
            *lines += 1;
        } else {
            self.versions.insert(name.to_string(), 1);
        }
    }
}

/// What a record says of its format's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Version<'a> {
    /// The format has no version field.
    Unversioned,
    /// The format has one, the record does not.
    Missing,
    /// The version that the record states.
    Stated(Cow<'a, str>),
}
