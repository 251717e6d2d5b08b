//! Task routing, tests, coverage and agents at one glance.

use serde::Serialize;

use crate::log_kind::LogKind;
use crate::telemetry::Telemetry;
use crate::time::Window;

use super::{AgentPerformanceView, CoverageView, Provenance, TaskRoutingView, TestRunsView};

/// The state of what runs without a human.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tier1Report {
    /// The window that was asked for.
    pub window: Window,
    /// Which agent got which task.
    pub task_routing: TaskRoutingView,
    /// Runs of test suites.
    pub test_runs: TestRunsView,
    /// Coverage.
    pub coverage: CoverageView,
    /// How agents fare with their tasks.
    pub agent_performance: AgentPerformanceView,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

impl Telemetry {
    /// Task routing, tests, coverage and agents, with the `top` tests that fail
    /// most often.
    pub fn tier1_report(&self, top: usize) -> Tier1Report {
        let mut provenance = self.provenance_of(&[
            LogKind::TaskRouting,
            LogKind::TestExecutions,
            LogKind::CoverageHistory,
            LogKind::AgentAssignments,
        ]);
        let logs = &self.logs;
        provenance.note_lower_bound(
            logs.tasks.sums.lines.is_saturated()
                || logs.test_runs.sums.all.is_saturated()
                || logs.agents.sums.is_saturated(),
        );
        Tier1Report {
            window: self.options.window,
            task_routing: self.task_routing_view(),
            test_runs: self.test_runs_view(top),
            coverage: self.coverage_view(),
            agent_performance: self.agent_performance_view(),
            provenance,
        }
    }
}
