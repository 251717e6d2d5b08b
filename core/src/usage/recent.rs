//! The newest lines of a log.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::time::Timestamp;

/// Pruning is put off until this many lines are too many, or the lines take this
/// many bytes: often enough to bound the memory, seldom enough to cost nothing.
const SURPLUS_LINES: usize = 512;
const SURPLUS_BYTES: usize = 1 << 20;

/// Keeps the newest lines, as text, to be parsed when they are shown.
///
/// Of lines with equal time, those later in the file are newer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    limit: usize,
    /// The newest and, until the next pruning, some that may be older.
    kept: Vec<Kept>,
    /// Bytes of the lines in `kept`.
    kept_bytes: usize,
    /// Buffers of lines that fell out, for reuse.
    spare: Vec<String>,
    /// Lines older than this cannot be among the newest.
    threshold: Option<Timestamp>,
    /// Counts the lines offered, to order lines of equal time.
    offered: u64,
}

#[derive(Clone, Debug)]
struct Kept {
    at: Timestamp,
    order: u64,
    line: String,
}

impl Recent {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Offers a line.
    pub(crate) fn push(&mut self, at: Timestamp, line: &str) {
        if self.limit == 0 || self.threshold.is_some_and(|threshold| at < threshold) {
            return;
        }
        self.offered += 1;
        let mut kept = self.spare.pop().unwrap_or_default();
        kept.clear();
        kept.push_str(line);
        self.kept_bytes += kept.len();
        self.kept.push(Kept {
            at,
            order: self.offered,
            line: kept,
        });
        let surplus = self.kept.len().saturating_sub(self.limit);
        if surplus >= self.limit.max(SURPLUS_LINES)
            || (surplus > 0 && self.kept_bytes > SURPLUS_BYTES)
        {
            self.prune();
        }
    }

    /// Appends the newest lines of the part that follows this one.
    pub(crate) fn merge(&mut self, later: Self) {
        let base = self.offered;
        self.offered += later.offered;
        self.kept_bytes += later.kept_bytes;
        self.kept.extend(later.kept.into_iter().map(|kept| Kept {
            order: kept.order + base,
            ..kept
        }));
        self.prune();
    }

    /// The newest lines, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &str> {
        let mut kept: Vec<&Kept> = self.kept.iter().collect();
        kept.sort_unstable_by_key(|kept| Reverse((kept.at, kept.order)));
        kept.into_iter()
            .take(self.limit)
            .map(|kept| kept.line.as_str())
    }

    /// The times of the newest lines, newest first.
    pub(crate) fn times(&self) -> Vec<Timestamp> {
        let mut times: Vec<Timestamp> = self.kept.iter().map(|kept| kept.at).collect();
        times.sort_unstable_by_key(|at| Reverse(*at));
        times.truncate(self.limit);
        times
    }

    fn prune(&mut self) {
        if self.limit == 0 || self.kept.len() <= self.limit {
            return;
        }
        self.kept
            .select_nth_unstable_by_key(self.limit - 1, |kept| Reverse((kept.at, kept.order)));
        self.threshold = self.kept.get(self.limit - 1).map(|kept| kept.at);
        let room = SURPLUS_LINES.saturating_sub(self.spare.len());
        let dropped = self.kept.drain(self.limit..).map(|kept| kept.line);
        // Buffers grown by a giant line are not worth keeping.
        self.spare
            .extend(dropped.filter(|line| line.capacity() <= 4096).take(room));
        self.kept_bytes = self.kept.iter().map(|kept| kept.line.len()).sum();
    }
}
