//! Which agent got which task, and what became of it.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use serde::Serialize;

use crate::aggregate::TaskSums;
use crate::log_kind::LogKind;
use crate::money::Usd;
use crate::telemetry::Telemetry;
use crate::time::Window;

use super::Provenance;
use super::map::IntoMap as _;
use super::number::{mean_nano, rate_of};

/// Tasks in a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskRoutingReport {
    /// The window that was asked for.
    pub window: Window,
    /// The tasks.
    #[serde(flatten)]
    pub tasks: TaskRoutingView,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Tasks: records with one routing id are one task, in its newest state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TaskRoutingView {
    /// All tasks.
    #[serde(flatten)]
    pub totals: TaskTotals,
    /// How sure the router was on average, 0 to 1; `null` without tasks.
    pub mean_confidence: Option<f64>,
    /// By kind of task.
    pub by_type: BTreeMap<String, TaskTotals>,
    /// By how they were routed.
    pub by_strategy: BTreeMap<String, TaskTotals>,
    /// The same by attune's formula.
    pub attune: AttuneTaskRouting,
}

/// Sums over tasks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TaskTotals {
    /// How many tasks.
    pub tasks: u64,
    /// Those that have not begun.
    pub pending: u64,
    /// Those under way.
    pub running: u64,
    /// Those that came to an end.
    pub completed: u64,
    /// Those that were given up.
    pub failed: u64,
    /// Those in a state that is not known.
    pub other: u64,
    /// Completed or failed tasks that are marked as a success.
    pub succeeded: u64,
    /// Those per completed or failed task, 0 to 1; `null` while none is at its end.
    pub accuracy_rate: Option<f64>,
    /// How often tasks were tried again.
    pub retries: u64,
    /// What they cost: the actual cost where it is recorded, else the estimate.
    pub cost_usd: Usd,
}

/// Attune's figures: every record counts as a task, running ones as failures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AttuneTaskRouting {
    /// How many records.
    pub total_tasks: u64,
    /// Records marked as a success.
    pub successful_routing: u64,
    /// Those per record, 0 to 1; `null` without records.
    pub accuracy_rate: Option<f64>,
    /// The mean confidence of the records, 0 to 1; `null` without records.
    pub avg_confidence: Option<f64>,
}

impl Telemetry {
    /// Which agent got which task.
    pub fn task_routing_report(&self) -> TaskRoutingReport {
        let mut provenance = self.provenance_of(&[LogKind::TaskRouting]);
        provenance.note_lower_bound(self.logs.tasks.sums.lines.is_saturated());
        TaskRoutingReport {
            window: self.options.window,
            tasks: self.task_routing_view(),
            provenance,
        }
    }

    pub(super) fn task_routing_view(&self) -> TaskRoutingView {
        let tasks = &self.logs.tasks.sums;
        let mut all = TaskSums::default();
        let mut by_type: BTreeMap<&str, TaskSums> = BTreeMap::new();
        let mut by_strategy: BTreeMap<&str, TaskSums> = BTreeMap::new();
        for (task_type, strategy, sums) in tasks.iter() {
            all.add(sums);
            by_type.entry(task_type).or_default().add(sums);
            by_strategy.entry(strategy).or_default().add(sums);
        }
        let view = |groups: BTreeMap<&str, TaskSums>| {
            groups
                .into_iter()
                .map(|(name, sums)| (name.to_string(), TaskTotals::of(&sums)))
                .into_map()
        };
        let lines = &tasks.lines;
        TaskRoutingView {
            totals: TaskTotals::of(&all),
            mean_confidence: mean_nano(all.confidence, all.tasks),
            by_type: view(by_type),
            by_strategy: view(by_strategy),
            attune: AttuneTaskRouting {
                total_tasks: lines.tasks,
                successful_routing: lines.succeeded,
                accuracy_rate: rate_of(lines.succeeded, lines.tasks),
                avg_confidence: mean_nano(lines.confidence, lines.tasks),
            },
        }
    }
}

impl TaskTotals {
    fn of(sums: &TaskSums) -> Self {
        Self {
            tasks: sums.tasks,
            pending: sums.pending,
            running: sums.running,
            completed: sums.completed,
            failed: sums.failed,
            other: sums.other,
            succeeded: sums.succeeded_at_end,
            accuracy_rate: rate_of(sums.succeeded_at_end, sums.completed + sums.failed),
            retries: sums.retries,
            cost_usd: sums.cost,
        }
    }
}
