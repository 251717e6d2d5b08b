//! What an answer rests on: which files were read, and which lines were not.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use crate::line_log::SKIP_SAMPLES;
use crate::log_kind::LogKind;
use crate::telemetry::{Source, Telemetry};
use crate::time::US_PER_SECOND;

/// What an answer rests on and what it leaves out; part of every report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// Usable lines that lie outside the window.
    pub outside_window: u64,
    /// Lines by the version of the log that they state; `missing` where they state none.
    pub log_versions: BTreeMap<String, u64>,
    /// The files that were looked at.
    pub sources: Vec<SourceView>,
    /// The lines that gave no record.
    pub skipped: Skipped,
    /// What the answer leaves out or takes for granted, in sentences.
    pub notes: Vec<String>,
}

/// One file and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceView {
    /// The file's name as the host gave it.
    pub file: String,
    /// Which log it is.
    pub kind: LogKind,
    /// In what state it was found.
    pub state: SourceState,
    /// Lines seen.
    pub lines: u64,
    /// Lines that gave a record.
    pub records: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Why it could not be read, or not to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// In what state a file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceState {
    /// Read to its end.
    Read,
    /// No line that is not blank.
    Empty,
    /// Lines, but none of them a record.
    Unusable,
    /// A log that is counted and not reported on.
    Listed,
    /// Read; the last line is torn or still being written.
    TornTail,
    /// Read, but not to its end.
    Incomplete,
    /// Could not be read.
    Unreadable,
}

/// The lines that gave no record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// How many.
    pub lines: u64,
    /// How many for which reason.
    pub by_reason: BTreeMap<&'static str, u64>,
    /// The first of them.
    pub samples: Vec<SkippedSample>,
}

/// One line that gave no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkippedSample {
    /// The file's name as the host gave it.
    pub file: String,
    /// Line number, from 1.
    pub line: u64,
    /// Where the line begins, in bytes.
    pub offset: u64,
    /// Why, as `code: detail`.
    pub reason: String,
}

impl SourceState {
    /// The stable name, as in the JSON form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Empty => "empty",
            Self::Unusable => "unusable",
            Self::Listed => "listed",
            Self::TornTail => "torn_tail",
            Self::Incomplete => "incomplete",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Serialize for SourceState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Telemetry {
    /// What a report over logs of these kinds rests on; not for the usage log.
    pub(crate) fn provenance_of(&self, kinds: &[LogKind]) -> Provenance {
        let sources = self
            .sources
            .iter()
            .filter(|source| kinds.contains(&source.kind));
        let outside = kinds
            .iter()
            .filter_map(|kind| self.logs.gate(*kind))
            .map(|gate| gate.outside)
            .sum();
        let mut provenance = Provenance::of(sources, outside);
        provenance.notes.extend(self.notes.iter().cloned());
        provenance.notes.extend(self.local_time_notes(kinds));
        provenance
    }

    /// Says of the logs that hold local times how they were read.
    pub(crate) fn local_time_notes(&self, kinds: &[LogKind]) -> Vec<String> {
        let shift_min = self.options.naive_shift_us / (60 * US_PER_SECOND);
        let read_as = if shift_min == 0 {
            "were taken as UTC".to_string()
        } else {
            let (sign, offset) = if shift_min < 0 {
                ('+', -shift_min)
            } else {
                ('-', shift_min)
            };
            format!(
                "were read with the offset {sign}{:02}:{:02}",
                offset / 60,
                offset % 60
            )
        };
        kinds
            .iter()
            .filter_map(|kind| Some((kind, self.logs.gate(*kind)?.naive)))
            .filter(|(_, naive)| *naive > 0)
            .map(|(kind, naive)| {
                format!(
                    "times in {kind} that state no offset from UTC: {naive}; they are their writer's \
                     local time and {read_as}"
                )
            })
            .collect()
    }
}

impl Provenance {
    /// Says, once, that a total stopped at its type's end.
    pub(crate) fn note_lower_bound(&mut self, is_saturated: bool) {
        const NOTE: &str = "a total is larger than can be counted: it is a lower bound";
        if is_saturated && !self.notes.iter().any(|note| note == NOTE) {
            self.notes.push(NOTE.to_string());
        }
    }

    pub(crate) fn of<'a>(
        sources: impl IntoIterator<Item = &'a Source> + Clone,
        outside_window: u64,
    ) -> Self {
        let mut log_versions = BTreeMap::new();
        for source in sources.clone() {
            for (version, lines) in &source.log.versions {
                *log_versions.entry(version.clone()).or_default() += lines;
            }
        }
        Self {
            outside_window,
            log_versions,
            sources: sources.clone().into_iter().map(SourceView::of).collect(),
            skipped: Skipped::of(sources),
            notes: Vec::new(),
        }
    }
}

impl SourceView {
    pub(crate) fn of(source: &Source) -> Self {
        let log = &source.log;
        let state = if source.unreadable.is_some() {
            if source.bytes == 0 {
                SourceState::Unreadable
            } else {
                SourceState::Incomplete
            }
        } else if log.lines == log.blank {
            SourceState::Empty
        } else if source.kind.is_listed_only() {
            SourceState::Listed
        } else if log.records == 0 {
            SourceState::Unusable
        } else if log.torn_tail {
            SourceState::TornTail
        } else {
            SourceState::Read
        };
        Self {
            file: source.file.clone(),
            kind: source.kind,
            state,
            lines: log.lines,
            records: log.records,
            bytes: source.bytes,
            error: source.unreadable.clone(),
        }
    }
}

impl Skipped {
    pub(crate) fn of<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Self {
        let mut skipped = Self::default();
        for source in sources {
            skipped.lines += source.log.skipped_lines();
            for (code, lines) in &source.log.skipped {
                *skipped.by_reason.entry(code).or_default() += lines;
            }
            let room = SKIP_SAMPLES - skipped.samples.len();
            skipped
                .samples
                .extend(
                    source
                        .log
                        .samples
                        .iter()
                        .take(room)
                        .map(|sample| SkippedSample {
                            file: source.file.clone(),
                            line: sample.line,
                            offset: sample.offset,
                            reason: sample.reason.to_string(),
                        }),
                );
        }
        skipped
    }
}
