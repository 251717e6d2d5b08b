//! Tasks and which agent got them.

use alloc::boxed::Box;

use super::{Aggregate, Gate, Latest};
use crate::json::RecordError;
use crate::line_log::Version;
use crate::money::Usd;
use crate::record::task_routing::TaskRouting;

/// `task_routing.jsonl`: the newest state of each task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    latest: Latest<Task>,
    /// Each line taken for a task of its own, as attune counts.
    pub(crate) lines: TaskSums,
}

#[derive(Clone, Debug)]
struct Task {
    kind: Box<str>,
    strategy: Box<str>,
    sums: TaskSums,
}

/// Sums over tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TaskSums {
    pub(crate) tasks: u64,
    pub(crate) pending: u64,
    pub(crate) running: u64,
    pub(crate) completed: u64,
    pub(crate) failed: u64,
    pub(crate) other: u64,
    /// Tasks marked as a success, in whatever state.
    pub(crate) succeeded: u64,
    /// Those of them that are completed or failed.
    pub(crate) succeeded_at_end: u64,
    /// Times 1e9.
    pub(crate) confidence: u128,
    pub(crate) retries: u64,
    /// The actual cost where it is recorded, else the estimated one.
    pub(crate) cost: Usd,
}

impl TaskSums {
    fn of(record: &TaskRouting<'_>) -> Self {
        let is = |status| u64::from(record.status == status);
        let (pending, running) = (is("pending"), is("running"));
        let (completed, failed) = (is("completed"), is("failed"));
        let succeeded = u64::from(record.success);
        Self {
            tasks: 1,
            pending,
            running,
            completed,
            failed,
            other: 1 - pending - running - completed - failed,
            succeeded,
            succeeded_at_end: succeeded * (completed + failed),
            confidence: u128::from(record.confidence),
            retries: record.retries,
            cost: record.actual_cost.unwrap_or(record.estimated_cost),
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.tasks += other.tasks;
        self.pending += other.pending;
        self.running += other.running;
        self.completed += other.completed;
        self.failed += other.failed;
        self.other += other.other;
        self.succeeded += other.succeeded;
        self.succeeded_at_end += other.succeeded_at_end;
        self.confidence += other.confidence;
        self.retries = self.retries.saturating_add(other.retries);
        self.cost = self.cost.saturating_add(other.cost);
    }
}

impl TaskSums {
    /// Whether a sum reached its type's end and is only a lower bound.
    pub(crate) fn is_saturated(&self) -> bool {
        self.cost == Usd::MAX || self.retries == u64::MAX
    }
}

impl Tasks {
    /// Type, strategy and sums of each task.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, &TaskSums)> {
        self.latest
            .iter()
            .map(|(_, task)| (&*task.kind, &*task.strategy, &task.sums))
    }
}

impl Aggregate for Tasks {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let record = TaskRouting::parse(line)?;
        if gate.admits(record.at) {
            let sums = TaskSums::of(&record);
            self.lines.add(&sums);
            let task = Task {
                kind: (*record.task_type).into(),
                strategy: (*record.strategy).into(),
                sums,
            };
            self.latest.offer(&record.routing_id, record.at, task);
        }
        Ok(Version::Unversioned)
    }

    fn merge(&mut self, later: Self) {
        self.latest.merge(later.latest);
        self.lines.add(&later.lines);
    }
}
