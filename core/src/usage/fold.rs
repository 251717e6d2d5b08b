//! One pass over the lines of usage logs.

use alloc::vec::Vec;

use crate::json::RecordError;
use crate::jsonl::Line;
use crate::line_log::{LineLog, Version};
use crate::record::usage::UsageRecord;
use crate::telemetry::ReadOptions;
use crate::time::Timestamp;

use super::{Recent, UsageCube};

/// What one pass over usage lines gathers.
#[derive(Clone, Debug, Default)]
pub struct UsageFold {
    options: ReadOptions,
    /// The calls inside the window.
    pub cube: UsageCube,
    /// The calls inside the second window, when two are compared.
    pub against: UsageCube,
    /// Readable records that lie in neither window.
    pub outside: u64,
    /// First and last time of all readable records, in whatever window.
    pub span: Option<(Timestamp, Timestamp)>,
    pub(crate) recent: Recent,
}

impl UsageFold {
    /// A fold that has seen nothing.
    pub fn new(options: &ReadOptions) -> Self {
        Self {
            options: *options,
            recent: Recent::new(options.recent),
            ..Self::default()
        }
    }

    /// What it takes from the log.
    pub(crate) fn options(&self) -> &ReadOptions {
        &self.options
    }

    /// Times of the recent calls so far, newest first.
    pub fn recent_times(&self) -> Vec<Timestamp> {
        self.recent.times()
    }

    /// Reads one line and notes in `log` what became of it.
    pub fn push(&mut self, line: Line<'_>, log: &mut LineLog) {
        log.note(line, |text| self.record(text));
    }

    /// Appends the pass over the part that follows this one.
    pub fn merge(&mut self, later: Self) {
        self.cube.merge(&later.cube);
        self.against.merge(&later.against);
        self.outside += later.outside;
        self.span = join(self.span, later.span);
        self.recent.merge(later.recent);
    }

    fn record<'a>(&mut self, text: &'a str) -> Result<Version<'a>, RecordError> {
        let record = UsageRecord::parse(text)?;
        self.span = join(self.span, Some((record.at, record.at)));
        let mut inside = false;
        if self.options.window.contains(record.at) {
            inside = true;
            self.cube.push(&record);
            self.recent.push(record.at, text);
        }
        if self
            .options
            .against
            .is_some_and(|window| window.contains(record.at))
        {
            inside = true;
            self.against.push(&record);
        }
        self.outside += u64::from(!inside);
        Ok(record.version.map_or(Version::Missing, Version::Stated))
    }
}

/// The span that holds both.
pub(crate) fn join(
    a: Option<(Timestamp, Timestamp)>,
    b: Option<(Timestamp, Timestamp)>,
) -> Option<(Timestamp, Timestamp)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}
