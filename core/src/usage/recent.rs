//! The newest lines of a log.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::time::Timestamp;

/// Keeps the newest lines, as text, to be parsed when they are shown.
///
/// Of lines with equal time, those later in the file are newer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    limit: usize,
    /// At most twice the limit; the newest are picked out when it is full.
    kept: Vec<Kept>,
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
        self.kept.push(Kept {
            at,
            order: self.offered,
            line: kept,
        });
        if self.kept.len() >= self.limit.saturating_mul(2).max(32) {
            self.prune();
        }
    }

    /// Appends the newest lines of the part that follows this one.
    pub(crate) fn merge(&mut self, later: Self) {
        let base = self.offered;
        self.offered += later.offered;
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

    fn prune(&mut self) {
        if self.kept.len() <= self.limit {
            return;
        }
        self.kept
            .sort_unstable_by_key(|kept| Reverse((kept.at, kept.order)));
        self.spare
            .extend(self.kept.drain(self.limit..).map(|kept| kept.line));
        self.spare.truncate(self.limit);
        self.threshold = self.kept.last().map(|kept| kept.at);
    }
}
