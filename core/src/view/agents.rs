//! How agents fare with their tasks.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use serde::Serialize;

use crate::aggregate::AgentSums;
use crate::log_kind::LogKind;
use crate::telemetry::Telemetry;
use crate::time::Window;

use super::map::IntoMap as _;
use super::number::{mean_us, rate_of};
use super::{Millis, Provenance};

/// Agents and their assignments in a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentPerformanceReport {
    /// The window that was asked for.
    pub window: Window,
    /// The agents.
    #[serde(flatten)]
    pub agents: AgentPerformanceView,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Assignments: records with one assignment id are one, in its newest state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentPerformanceView {
    /// All agents together.
    #[serde(flatten)]
    pub totals: AgentTotals,
    /// Each agent.
    pub by_agent: BTreeMap<String, AgentTotals>,
    /// The same by attune's formula.
    pub attune: AttuneAgentPerformance,
}

/// Sums over assignments.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AgentTotals {
    /// How many assignments.
    pub assignments: u64,
    /// Those that have not begun.
    pub assigned: u64,
    /// Those under way.
    pub in_progress: u64,
    /// Those that came to an end.
    pub completed: u64,
    /// Those that cannot go on.
    pub blocked: u64,
    /// Those in a state that is not known.
    pub other: u64,
    /// Completed ones that are marked as a success.
    pub succeeded: u64,
    /// Those per completed one, 0 to 1; `null` while none is completed.
    pub success_rate: Option<f64>,
    /// How long a completed one took on average, of those that say; `null` where none does.
    pub mean_duration_ms: Option<Millis>,
    /// Assignments that can go without a human, per assignment, 0 to 1; `null` without any.
    pub automation_rate: Option<f64>,
    /// Assignments that a human had to look at, per assignment, 0 to 1; `null` without any.
    pub human_review_rate: Option<f64>,
}

/// Attune's figures: every record counts as an assignment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttuneAgentPerformance {
    /// How many records.
    pub total_assignments: u64,
    /// Each agent.
    pub by_agent: BTreeMap<String, AttuneAgent>,
    /// Records that can go without a human, per record, 0 to 1; `null` without records.
    pub automation_rate: Option<f64>,
    /// Records that a human had to look at, per record, 0 to 1; `null` without records.
    pub human_review_rate: Option<f64>,
}

/// Attune's figures of one agent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AttuneAgent {
    /// How many records.
    pub assignments: u64,
    /// Completed ones.
    pub completed: u64,
    /// Successes per record, unfinished ones included, 0 to 1.
    pub success_rate: Option<f64>,
    /// The stated durations by the number of all completed ones, those that
    /// state none included.
    pub avg_duration_ms: Option<Millis>,
}

impl Telemetry {
    /// How agents fare with their tasks.
    pub fn agent_performance_report(&self) -> AgentPerformanceReport {
        let mut provenance = self.provenance_of(&[LogKind::AgentAssignments]);
        provenance.note_lower_bound(self.logs.agents.sums.is_saturated());
        AgentPerformanceReport {
            window: self.options.window,
            agents: self.agent_performance_view(),
            provenance,
        }
    }

    pub(super) fn agent_performance_view(&self) -> AgentPerformanceView {
        let agents = &self.logs.agents.sums;
        let mut all = AgentSums::default();
        let mut by_agent: BTreeMap<&str, AgentSums> = BTreeMap::new();
        for (agent, sums) in agents.iter() {
            all.add(sums);
            by_agent.entry(agent).or_default().add(sums);
        }
        let mut lines = AgentSums::default();
        for sums in agents.lines.values() {
            lines.add(sums);
        }
        AgentPerformanceView {
            totals: AgentTotals::of(&all),
            by_agent: by_agent
                .into_iter()
                .map(|(agent, sums)| (agent.to_string(), AgentTotals::of(&sums)))
                .into_map(),
            attune: AttuneAgentPerformance {
                total_assignments: lines.assignments,
                by_agent: agents
                    .lines
                    .iter()
                    .map(|(agent, sums)| (agent.to_string(), AttuneAgent::of(sums)))
                    .into_map(),
                automation_rate: rate_of(lines.automated, lines.assignments),
                human_review_rate: rate_of(lines.human_review, lines.assignments),
            },
        }
    }
}

impl AgentTotals {
    fn of(sums: &AgentSums) -> Self {
        Self {
            assignments: sums.assignments,
            assigned: sums.assigned,
            in_progress: sums.in_progress,
            completed: sums.completed,
            blocked: sums.blocked,
            other: sums.other,
            succeeded: sums.succeeded_at_end,
            success_rate: rate_of(sums.succeeded_at_end, sums.completed),
            mean_duration_ms: mean_us(sums.duration_us, sums.timed),
            automation_rate: rate_of(sums.automated, sums.assignments),
            human_review_rate: rate_of(sums.human_review, sums.assignments),
        }
    }
}

impl AttuneAgent {
    fn of(sums: &AgentSums) -> Self {
        Self {
            assignments: sums.assignments,
            completed: sums.completed,
            success_rate: rate_of(sums.succeeded, sums.assignments),
            avg_duration_ms: mean_us(sums.duration_us, sums.completed),
        }
    }
}
