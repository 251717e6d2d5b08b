//! One pass over one log: bytes in, aggregate out.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::aggregate::Aggregates;
use crate::json::Fields;
use crate::jsonl::{Line, LineSplitter};
use crate::line_log::{LineLog, Version};
use crate::log_kind::LogKind;
use crate::telemetry::ReadOptions;
use crate::time::Timestamp;
use crate::usage::{UsageBlock, UsageFold, UsageIndex};

/// A pass over one log, or over a part that begins at a line's start.
///
/// Scans of neighbouring parts merge in file order and give what one scan of the
/// whole would have given.
#[derive(Debug)]
pub struct LogScan {
    pub(super) kind: LogKind,
    pub(super) splitter: LineSplitter,
    pub(super) log: LineLog,
    pub(super) fold: Fold,
}

/// What is gathered, by kind of log.
#[derive(Debug)]
pub(super) enum Fold {
    Usage(Box<UsageFold>),
    /// Any other log that is reported on: one of the aggregates is filled.
    Log(Box<Aggregates>),
    /// Lines are counted, nothing more.
    Counted,
}

impl LogScan {
    /// A scan whose first byte lies at `offset` of the file.
    pub fn new(kind: LogKind, options: &ReadOptions, offset: u64) -> Self {
        Self {
            kind,
            splitter: LineSplitter::new(offset),
            log: LineLog::default(),
            fold: Fold::new(kind, options),
        }
    }

    /// What became of the lines so far.
    pub fn log(&self) -> &LineLog {
        &self.log
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        let Self {
            kind,
            splitter,
            log,
            fold,
        } = self;
        splitter.push(chunk, |line| fold.push(*kind, line, log));
    }

    /// Ends the file: a last line without newline is judged here.
    pub fn finish(&mut self) {
        let Self {
            kind,
            splitter,
            log,
            fold,
        } = self;
        splitter.finish(|line| fold.push(*kind, line, log));
    }

    /// Appends the scan of the part that follows this one. Scans of different
    /// logs do not merge: the other is dropped.
    pub fn merge(&mut self, later: Self) {
        if self.kind == later.kind && self.fold.merge(later.fold) {
            self.log.merge(later.log);
        }
    }

    /// Appends a block that follows this part, from what an index keeps of it.
    /// Its use must be [`crate::BlockUse::Merge`]; a scan of another log stays as it is.
    pub fn merge_block(&mut self, index: &UsageIndex, block: &UsageBlock) {
        if let Fold::Usage(fold) = &mut self.fold {
            block.merge_into(index, fold, &mut self.log);
        }
    }

    /// Times of the recent calls so far, newest first.
    pub fn recent_times(&self) -> Vec<Timestamp> {
        match &self.fold {
            Fold::Usage(fold) => fold.recent_times(),
            Fold::Log(_) | Fold::Counted => Vec::new(),
        }
    }

    /// The lines and the aggregate of a scanned usage log.
    pub fn into_usage(self) -> Option<(LineLog, UsageFold)> {
        match self.fold {
            Fold::Usage(fold) => Some((self.log, *fold)),
            Fold::Log(_) | Fold::Counted => None,
        }
    }

    pub(super) fn into_parts(self) -> (LogKind, LineLog, Fold) {
        (self.kind, self.log, self.fold)
    }
}

impl Fold {
    fn new(kind: LogKind, options: &ReadOptions) -> Self {
        match kind {
            LogKind::Usage => Self::Usage(Box::new(UsageFold::new(options))),
            kind if Aggregates::gathers(kind) => Self::Log(Box::new(Aggregates::new(options))),
            _ => Self::Counted,
        }
    }

    pub(super) fn push(&mut self, kind: LogKind, line: Line<'_>, log: &mut LineLog) {
        match self {
            Self::Usage(fold) => fold.push(line, log),
            Self::Log(logs) => logs.push(kind, line, log),
            Self::Counted => {
                log.note(line, |text| {
                    Fields::parse(text).map(|_| Version::Unversioned)
                });
            }
        }
    }

    /// Whether the two were of one kind and have been merged.
    fn merge(&mut self, later: Self) -> bool {
        match (self, later) {
            (Self::Usage(fold), Self::Usage(later)) => fold.merge(*later),
            (Self::Log(logs), Self::Log(later)) => logs.merge(*later),
            (Self::Counted, Self::Counted) => {}
            _ => return false,
        }
        true
    }
}
