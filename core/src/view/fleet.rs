//! Who is alive.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::Seconds;
use crate::coordination::{ApprovalRow, ApprovalState, DEFAULT_STALE_S, FleetRow};
use crate::decimal::Decimal;
use crate::liveness::{
    AgentState, IntervalSource, Liveness, LivenessOptions, Transition, WakeReason, attune_is_alive,
    attune_is_stale,
};
use crate::time::{Timestamp, US_PER_SECOND};

/// One agent and its state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentView {
    /// Its id.
    pub agent_id: String,
    /// What people call it.
    pub display_name: Option<String>,
    /// `alive`, `late`, `stale`, `dead`, `finished` or `unknown`.
    pub state: AgentState,
    /// Since when; of one that has been alive for longer than its beats are remembered
    /// one by one, since when no gap stood out among them.
    pub since: Option<Timestamp>,
    /// Why, in words.
    pub reason: String,
    /// The time of the last beat by the agent's own clock.
    pub last_beat: Option<Timestamp>,
    /// How long ago the last beat came.
    pub age_s: Option<Seconds>,
    /// For how long its key is still there; 0 when it has gone.
    pub ttl_left_s: Option<Seconds>,
    /// What it says of itself.
    pub status: Option<String>,
    /// From 0 to 1, as it says.
    pub progress: Option<Decimal>,
    /// What it does, as it says.
    pub current_task: Option<String>,
    /// In which interval it beats.
    pub interval_s: Option<Seconds>,
    /// How that is known: `announced`, `observed` or `assumed`.
    pub interval_source: Option<IntervalSource>,
    /// By how many seconds its clock is ahead, or behind if below zero; `null` if
    /// not noticeably or not known.
    pub clock_skew_s: Option<Decimal>,
    /// The phi accrual suspicion level: 1 is a silence that one in ten gaps would
    /// reach, 3 one in a thousand. `null` before there are enough beats.
    pub suspicion: Option<f64>,
    /// The approval that it waits for, the oldest if there are several: whoever
    /// waits for a human is not stuck.
    pub waiting_for_human: Option<WaitingView>,
    /// The last other trace of it, which is no beat and makes nobody alive.
    pub last_work: Option<WorkView>,
    /// What attune would say.
    pub attune: AttuneLiveness,
}

/// An approval that an agent waits for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WaitingView {
    /// The request.
    pub request_id: String,
    /// What for.
    pub approval_type: String,
    /// Since when.
    pub since: Timestamp,
    /// How much time is left for an answer.
    pub left_s: Seconds,
}

/// A trace of work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkView {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: WorkKind,
}

/// What sort of trace it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// A signal that it sent.
    Signal,
    /// An event that it published.
    Event,
    /// A call of a model by its workflow.
    Usage,
}

/// What attune says of an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttuneLiveness {
    /// `is_agent_alive`: its key exists.
    pub is_alive: bool,
    /// `get_stale_agents` with its default of 60 s names it.
    pub is_stale: bool,
}

/// An agent has changed its state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransitionView {
    /// The agent.
    pub agent_id: String,
    /// What it was; `null`: it is new.
    pub from: Option<AgentState>,
    /// What it is.
    pub to: AgentState,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why, in words.
    pub reason: String,
}

impl From<Transition> for TransitionView {
    fn from(transition: Transition) -> Self {
        Self {
            agent_id: transition.agent_id,
            from: transition.from,
            to: transition.to.state,
            since: transition.to.since,
            reason: transition.to.reason.to_string(),
        }
    }
}

/// When a watched fleet is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WakeView {
    /// When.
    pub at: Timestamp,
    /// `overdue`: an agent changes its state then if it does not beat; `forgotten`:
    /// one is forgotten then.
    pub reason: &'static str,
}

impl From<(Timestamp, WakeReason)> for WakeView {
    fn from((at, reason): (Timestamp, WakeReason)) -> Self {
        let reason = reason.name();
        Self { at, reason }
    }
}

impl WaitingView {
    /// A pending request at `now`.
    pub(crate) fn of(row: &ApprovalRow, now: Timestamp) -> Self {
        Self {
            request_id: row.request.request_id.clone(),
            approval_type: row.request.approval_type.clone(),
            since: row.requested_at,
            left_s: Seconds::between(now, row.deadline),
        }
    }
}

impl AgentView {
    /// An agent at `now`, of which the store has just said this. Of `open`, the
    /// requests of this agent that are pending count.
    pub fn of(
        row: &FleetRow,
        now: Timestamp,
        options: &LivenessOptions,
        open: &[ApprovalRow],
        last_work: Option<WorkView>,
    ) -> Self {
        let liveness = Liveness::of(row, now, now, options);
        Self::with(row, &liveness, now, open, last_work)
    }

    /// An agent at `now`, of which the store said this at `seen_at`.
    pub(crate) fn at(
        row: &FleetRow,
        seen_at: Timestamp,
        now: Timestamp,
        options: &LivenessOptions,
        waiting_for_human: Option<WaitingView>,
        last_work: Option<WorkView>,
    ) -> Self {
        let liveness = Liveness::of(row, seen_at, now, options);
        Self::judged(row, &liveness, now, waiting_for_human, last_work)
    }

    /// An agent whose state at `now` is known.
    pub fn with(
        row: &FleetRow,
        liveness: &Liveness,
        now: Timestamp,
        open: &[ApprovalRow],
        last_work: Option<WorkView>,
    ) -> Self {
        let waiting = waiting(&row.beat.agent_id, now, open);
        Self::judged(row, liveness, now, waiting, last_work)
    }

    fn judged(
        row: &FleetRow,
        liveness: &Liveness,
        now: Timestamp,
        waiting_for_human: Option<WaitingView>,
        last_work: Option<WorkView>,
    ) -> Self {
        let threshold = DEFAULT_STALE_S * US_PER_SECOND.unsigned_abs();
        Self {
            display_name: row.beat.display_name.clone(),
            last_beat: row.beat.last_beat,
            ttl_left_s: Some(Seconds::between(now, row.expires_at)),
            status: Some(row.beat.status.clone()),
            progress: Some(row.beat.progress),
            current_task: Some(row.beat.current_task.clone()),
            waiting_for_human,
            last_work,
            attune: AttuneLiveness {
                is_alive: attune_is_alive(row, now),
                is_stale: attune_is_stale(row, now, threshold),
            },
            ..Self::bare(row.beat.agent_id.clone(), liveness)
        }
    }

    /// An agent of which no beat is known.
    pub fn never_seen(
        agent_id: &str,
        now: Timestamp,
        open: &[ApprovalRow],
        last_work: Option<WorkView>,
    ) -> Self {
        Self {
            waiting_for_human: waiting(agent_id, now, open),
            last_work,
            ..Self::bare(agent_id.into(), &Liveness::never_seen())
        }
    }

    fn bare(agent_id: String, liveness: &Liveness) -> Self {
        Self {
            agent_id,
            display_name: None,
            state: liveness.state,
            since: liveness.since,
            reason: liveness.reason.to_string(),
            last_beat: None,
            age_s: liveness.age_us.map(Seconds),
            ttl_left_s: None,
            status: None,
            progress: None,
            current_task: None,
            interval_s: liveness.interval.map(|interval| Seconds(interval.us)),
            interval_source: liveness.interval.map(|interval| interval.source),
            clock_skew_s: liveness
                .skew_us
                .map(|us| Decimal::from_nanos(us.saturating_mul(1000))),
            suspicion: liveness.suspicion,
            waiting_for_human: None,
            last_work: None,
            attune: AttuneLiveness::default(),
        }
    }
}

/// The oldest pending request of an agent.
fn waiting(agent_id: &str, now: Timestamp, open: &[ApprovalRow]) -> Option<WaitingView> {
    let mine: Vec<_> = open
        .iter()
        .filter(|row| row.state == ApprovalState::Pending && row.request.agent_id == agent_id)
        .collect();
    let oldest = mine.into_iter().min_by_key(|row| row.requested_at)?;
    Some(WaitingView::of(oldest, now))
}
