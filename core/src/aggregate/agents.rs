//! Agents and their tasks.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use super::{Aggregate, Gate, Latest};
use crate::json::RecordError;
use crate::line_log::Version;
use crate::record::agent_assignment::AgentAssignment;

/// `agent_assignments.jsonl`: the newest state of each assignment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agents {
    latest: Latest<(Box<str>, AgentSums)>,
    /// Each line taken for an assignment of its own, as attune counts, by agent.
    pub(crate) lines: BTreeMap<Box<str>, AgentSums>,
}

/// Sums over assignments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AgentSums {
    pub(crate) assignments: u64,
    pub(crate) assigned: u64,
    pub(crate) in_progress: u64,
    pub(crate) completed: u64,
    pub(crate) blocked: u64,
    pub(crate) other: u64,
    /// Assignments marked as a success, in whatever state.
    pub(crate) succeeded: u64,
    /// Those of them that are completed.
    pub(crate) succeeded_at_end: u64,
    pub(crate) automated: u64,
    pub(crate) human_review: u64,
    /// Completed ones that state how long they took, and how long together.
    pub(crate) timed: u64,
    pub(crate) duration_us: u64,
}

impl AgentSums {
    fn of(record: &AgentAssignment<'_>) -> Self {
        let is = |status| u64::from(record.status == status);
        let (assigned, in_progress) = (is("assigned"), is("in_progress"));
        let (completed, blocked) = (is("completed"), is("blocked"));
        let succeeded = u64::from(record.success);
        let duration = record.actual_duration_us.filter(|_| completed == 1);
        Self {
            assignments: 1,
            assigned,
            in_progress,
            completed,
            blocked,
            other: 1 - assigned - in_progress - completed - blocked,
            succeeded,
            succeeded_at_end: succeeded * completed,
            automated: u64::from(record.automated_eligible),
            human_review: u64::from(record.human_review_required),
            timed: u64::from(duration.is_some()),
            duration_us: duration.unwrap_or(0),
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.assignments += other.assignments;
        self.assigned += other.assigned;
        self.in_progress += other.in_progress;
        self.completed += other.completed;
        self.blocked += other.blocked;
        self.other += other.other;
        self.succeeded += other.succeeded;
        self.succeeded_at_end += other.succeeded_at_end;
        self.automated += other.automated;
        self.human_review += other.human_review;
        self.timed += other.timed;
        self.duration_us = self.duration_us.saturating_add(other.duration_us);
    }
}

impl AgentSums {
    /// Whether a sum reached its type's end and is only a lower bound.
    pub(crate) fn is_saturated(&self) -> bool {
        self.duration_us == u64::MAX
    }
}

impl Agents {
    /// Whether a sum over all agents reached its type's end.
    pub(crate) fn is_saturated(&self) -> bool {
        let mut all = AgentSums::default();
        for sums in self.lines.values() {
            all.add(sums);
        }
        all.is_saturated()
    }

    /// Agent and sums of each assignment.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &AgentSums)> {
        self.latest
            .iter()
            .map(|(_, (agent, sums))| (&**agent, sums))
    }
}

impl Aggregate for Agents {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let record = AgentAssignment::parse(line)?;
        if gate.admits(record.at) {
            let sums = AgentSums::of(&record);
            let agent: Box<str> = (*record.agent).into();
            self.lines.entry(agent.clone()).or_default().add(&sums);
            self.latest
                .offer(&record.assignment_id, record.at, (agent, sums));
        }
        Ok(Version::Unversioned)
    }

    fn merge(&mut self, later: Self) {
        self.latest.merge(later.latest);
        for (agent, sums) in later.lines {
            self.lines.entry(agent).or_default().add(&sums);
        }
    }
}
