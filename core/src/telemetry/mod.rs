//! Everything that was read from a set of logs, ready for reports.

mod decode;
mod scan;

use alloc::string::String;
use alloc::vec::Vec;

pub use decode::Decode;
use scan::Fold;
pub use scan::LogScan;

use crate::aggregate::Aggregates;
use crate::line_log::LineLog;
use crate::log_kind::LogKind;
use crate::time::{Timestamp, Window};
use crate::usage::UsageFold;

/// How many recent calls are kept where nobody says.
pub const DEFAULT_RECENT: usize = 20;

/// What to take from the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Records outside are counted, not reported.
    pub window: Window,
    /// A second window to compare with.
    pub against: Option<Window>,
    /// How many recent calls to keep.
    pub recent: usize,
    /// Added to naive times of logs that are known to be written in local time,
    /// in microseconds: minus the local offset from UTC.
    pub naive_shift_us: i64,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            window: Window::ALL,
            against: None,
            recent: DEFAULT_RECENT,
            naive_shift_us: 0,
        }
    }
}

/// The content of a set of logs.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    pub(crate) options: ReadOptions,
    pub(crate) sources: Vec<Source>,
    pub(crate) notes: Vec<String>,
    pub(crate) usage: UsageFold,
    pub(crate) logs: Aggregates,
}

/// One file and what became of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file's name as the host gave it.
    pub file: String,
    /// Which log it is.
    pub kind: LogKind,
    /// How many bytes were read.
    pub bytes: u64,
    /// What became of its lines.
    pub log: LineLog,
    /// Why the host could not read it, or not to its end.
    pub unreadable: Option<String>,
}

impl Telemetry {
    /// Nothing read yet.
    pub fn new(options: ReadOptions) -> Self {
        Self {
            options,
            usage: UsageFold::new(&options),
            logs: Aggregates::new(&options),
            ..Self::default()
        }
    }

    /// What is taken from the logs.
    pub fn options(&self) -> &ReadOptions {
        &self.options
    }

    /// The files so far, in the order of reading.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Starts reading a log, or the part of it that begins at `offset`.
    pub fn scan(&self, kind: LogKind, offset: u64) -> LogScan {
        LogScan::new(kind, &self.options, offset)
    }

    /// Takes in a finished scan of a whole file of `bytes` bytes. Files are taken
    /// in the order of their age, so that "last" means what it says.
    pub fn absorb(&mut self, file: impl Into<String>, bytes: u64, scan: LogScan) {
        let (kind, log, fold) = scan.into_parts();
        match fold {
            Fold::Usage(fold) => self.usage.merge(*fold),
            Fold::Log(logs) => self.logs.merge(*logs),
            Fold::Counted => {}
        }
        self.sources.push(Source {
            file: file.into(),
            kind,
            bytes,
            log,
            unreadable: None,
        });
    }

    /// Notes that the file taken in last was not read to its end, and why.
    pub fn note_incomplete(&mut self, reason: impl Into<String>) {
        if let Some(source) = self.sources.last_mut() {
            source.unreadable = Some(reason.into());
        }
    }

    /// Adds a sentence of the host to the notes of every report.
    pub fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }

    /// First and last time of all usage records read, in whatever window.
    pub fn usage_span(&self) -> Option<(Timestamp, Timestamp)> {
        self.usage.span
    }

    /// Notes a file that the host could not read.
    pub fn note_unreadable(
        &mut self,
        file: impl Into<String>,
        kind: LogKind,
        reason: impl Into<String>,
    ) {
        self.sources.push(Source {
            file: file.into(),
            kind,
            bytes: 0,
            log: LineLog::default(),
            unreadable: Some(reason.into()),
        });
    }
}

/// Reads whole logs from texts.
#[cfg(test)]
pub(crate) fn read(options: ReadOptions, logs: &[(LogKind, &str)]) -> Telemetry {
    let mut telemetry = Telemetry::new(options);
    for (kind, text) in logs {
        let mut scan = telemetry.scan(*kind, 0);
        scan.push(text.as_bytes());
        scan.finish();
        telemetry.absorb(alloc::format!("{kind}.jsonl"), text.len() as u64, scan);
    }
    telemetry
}

#[cfg(test)]
mod tests;
