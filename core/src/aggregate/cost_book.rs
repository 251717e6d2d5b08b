//! Books of costs that are kept apart from the usage log.

use super::{Aggregate, Gate};
use crate::json::RecordError;
use crate::line_log::Version;
use crate::money::{Usd, UsdChange};
use crate::record::cost_entry::CostEntry;
use crate::record::workflow_run::WorkflowRun;

/// What one book of costs adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Book {
    pub(crate) records: u64,
    pub(crate) cost: Usd,
    pub(crate) tokens_in: u64,
    pub(crate) tokens_out: u64,
    pub(crate) baseline: Usd,
    /// In nano-USD; wide enough for any number of records in any order.
    pub(crate) savings_nanos: i128,
}

/// `workflow_runs.jsonl`, added up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WorkflowRuns(pub(crate) Book);

/// `costs.jsonl`, added up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Costs(pub(crate) Book);

impl Book {
    pub(crate) fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.cost = self.cost.saturating_add(other.cost);
        self.tokens_in = self.tokens_in.saturating_add(other.tokens_in);
        self.tokens_out = self.tokens_out.saturating_add(other.tokens_out);
        self.baseline = self.baseline.saturating_add(other.baseline);
        self.savings_nanos += other.savings_nanos;
    }

    /// Whether a sum reached its type's end and is only a lower bound.
    pub(crate) fn is_saturated(&self) -> bool {
        [self.cost, self.baseline].contains(&Usd::MAX)
            || [self.tokens_in, self.tokens_out].contains(&u64::MAX)
    }

    pub(crate) fn savings(&self) -> UsdChange {
        UsdChange::from_i128(self.savings_nanos)
    }
}

impl Aggregate for WorkflowRuns {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let run = WorkflowRun::parse(line)?;
        if gate.admits(run.started_at) {
            self.0.add(&Book {
                records: 1,
                cost: run.cost,
                tokens_in: run.tokens_in,
                tokens_out: run.tokens_out,
                baseline: run.baseline_cost,
                savings_nanos: i128::from(run.savings.as_nanos()),
            });
        }
        Ok(Version::Unversioned)
    }

    fn merge(&mut self, later: Self) {
        self.0.add(&later.0);
    }
}

impl Aggregate for Costs {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let entry = CostEntry::parse(line)?;
        if gate.admits_local(entry.at, entry.zone).is_some() {
            self.0.add(&Book {
                records: 1,
                cost: entry.actual_cost,
                tokens_in: entry.tokens_in,
                tokens_out: entry.tokens_out,
                baseline: entry.baseline_cost,
                savings_nanos: i128::from(entry.savings.as_nanos()),
            });
        }
        Ok(Version::Unversioned)
    }

    fn merge(&mut self, later: Self) {
        self.0.add(&later.0);
    }
}
