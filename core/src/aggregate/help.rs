//! Questions to the help system, added up.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use super::{Aggregate, Gate};
use crate::json::RecordError;
use crate::line_log::Version;
use crate::record::help_query::HelpQuery;
use crate::record::help_unmatched::HelpUnmatched as UnmatchedRecord;

/// Questions and how many of them had an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QuerySums {
    pub(crate) queries: u64,
    pub(crate) found: u64,
    /// Lookups that ended in an error.
    pub(crate) failed: u64,
    /// Lookups that state how long they took, and how long together.
    pub(crate) timed: u64,
    pub(crate) duration_us: u64,
}

/// `help_queries.jsonl`, added up.
#[derive(Clone, Debug, Default)]
pub(crate) struct HelpQueries {
    pub(crate) all: QuerySums,
    pub(crate) by_source: BTreeMap<Box<str>, QuerySums>,
    pub(crate) by_mode: BTreeMap<Box<str>, QuerySums>,
    pub(crate) by_topic: BTreeMap<Box<str>, QuerySums>,
}

/// `help_unmatched.jsonl`, added up.
#[derive(Clone, Debug, Default)]
pub(crate) struct HelpUnmatched {
    pub(crate) records: u64,
    pub(crate) by_source: BTreeMap<Box<str>, u64>,
    pub(crate) by_mode: BTreeMap<Box<str>, u64>,
    pub(crate) by_query: BTreeMap<Box<str>, u64>,
}

impl QuerySums {
    fn of(record: &HelpQuery<'_>) -> Self {
        Self {
            queries: 1,
            found: u64::from(record.found),
            failed: u64::from(!record.success),
            timed: u64::from(record.duration_us.is_some()),
            duration_us: record.duration_us.unwrap_or(0),
        }
    }

    fn add(&mut self, other: &Self) {
        self.queries += other.queries;
        self.found += other.found;
        self.failed += other.failed;
        self.timed += other.timed;
        self.duration_us = self.duration_us.saturating_add(other.duration_us);
    }
}

impl QuerySums {
    /// Whether a sum reached its type's end and is only a lower bound.
    pub(crate) fn is_saturated(&self) -> bool {
        self.duration_us == u64::MAX
    }
}

impl Aggregate for HelpQueries {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let record = HelpQuery::parse(line)?;
        if gate.admits(record.at) {
            let sums = QuerySums::of(&record);
            self.all.add(&sums);
            for (group, name) in [
                (&mut self.by_source, &record.source),
                (&mut self.by_mode, &record.mode),
                (&mut self.by_topic, &record.topic),
            ] {
                group.entry((**name).into()).or_default().add(&sums);
            }
        }
        Ok(record.version.map_or(Version::Missing, Version::Stated))
    }

    fn merge(&mut self, later: Self) {
        self.all.add(&later.all);
        for (group, later) in [
            (&mut self.by_source, later.by_source),
            (&mut self.by_mode, later.by_mode),
            (&mut self.by_topic, later.by_topic),
        ] {
            for (name, sums) in later {
                group.entry(name).or_default().add(&sums);
            }
        }
    }
}

impl Aggregate for HelpUnmatched {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let record = UnmatchedRecord::parse(line)?;
        if gate.admits(record.at) {
            self.records += 1;
            for (group, name) in [
                (&mut self.by_source, &record.source),
                (&mut self.by_mode, &record.mode),
                (&mut self.by_query, &record.query),
            ] {
                *group.entry((**name).into()).or_default() += 1;
            }
        }
        Ok(record.version.map_or(Version::Missing, Version::Stated))
    }

    fn merge(&mut self, later: Self) {
        self.records += later.records;
        for (group, later) in [
            (&mut self.by_source, later.by_source),
            (&mut self.by_mode, later.by_mode),
            (&mut self.by_query, later.by_query),
        ] {
            for (name, records) in later {
                *group.entry(name).or_default() += records;
            }
        }
    }
}
