//! The state of one agent at one time, from nothing but its beats and the time.

use alloc::vec::Vec;

use super::interval::{between, gaps};
use super::{AgentState, Interval, LivenessOptions, Reason, suspicion};
use crate::coordination::{DEFAULT_HEARTBEAT_TTL_S, FleetRow};
use crate::time::{Timestamp, US_PER_SECOND};

/// What the beats of an agent say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Liveness {
    /// The state.
    pub state: AgentState,
    /// Since when; of an agent that has been alive for longer than its beats are
    /// remembered one by one, since when no gap stood out among them.
    pub since: Option<Timestamp>,
    /// Why.
    pub reason: Reason,
    /// In which interval it beats; `None` if no beat is known.
    pub interval: Option<Interval>,
    /// How long ago the last beat came, in microseconds.
    pub age_us: Option<u64>,
    /// By how much the agent's clock differs from that of the store, or from ours:
    /// above zero, it is ahead. `None`: not by more than is spoken of, or not known.
    pub skew_us: Option<i64>,
    /// How unlikely so long a silence is, given the gaps so far: see [`suspicion`].
    /// `None` before there are enough of them, and for who is finished.
    pub suspicion: Option<f64>,
    /// From when on the state is another one if no beat comes.
    pub changes_at: Option<Timestamp>,
}

impl Liveness {
    /// The state of an agent at `now`, of which this was known at `seen_at`.
    pub fn of(
        row: &FleetRow,
        seen_at: Timestamp,
        now: Timestamp,
        options: &LivenessOptions,
    ) -> Self {
        let said = row.beat.last_beat;
        let by_store = row
            .age_by_store_us
            .map(|age| seen_at.saturating_add_us(-signed(age)));
        let Some(last) = by_store.or(row.arrivals.last().copied()).or(said) else {
            return Self::unknown(Reason::NoTime);
        };
        let nobody_saw_it = by_store.is_none() && row.arrivals.is_empty();
        let ahead_us = between(now, last);
        if nobody_saw_it && ahead_us > options.skew_us {
            return Self {
                skew_us: Some(signed(ahead_us)),
                ..Self::unknown(Reason::ClockAhead { ahead_us })
            };
        }
        let interval = Interval::of(row, options);
        let age_us = between(last, now);
        let limits = Limits::of(row, interval, options);
        let (state, since, reason) = if row.beat.is_final() {
            let status = row.beat.status.clone();
            (AgentState::Finished, last, Reason::Ended { status })
        } else if age_us > limits.stale {
            let (state, limit_us) = if age_us > limits.dead {
                (AgentState::Dead, limits.dead)
            } else {
                (AgentState::Stale, limits.stale)
            };
            let since = last.saturating_add_us(signed(limit_us));
            (state, since, Reason::Silent { age_us, limit_us })
        } else if age_us > limits.late {
            let since = last.saturating_add_us(signed(limits.late));
            (
                AgentState::Late,
                since,
                Reason::Overdue { age_us, interval },
            )
        } else {
            in_time(row, last, age_us, interval, &limits)
        };
        let changes_at = limits.after(state).map(|limit_us| {
            // A limit is passed by the first microsecond beyond it.
            last.saturating_add_us(signed(limit_us).saturating_add(1))
        });
        Self {
            state,
            since: Some(since),
            reason,
            interval: Some(interval),
            age_us: Some(age_us),
            skew_us: skew(row, by_store, now, options),
            suspicion: (state != AgentState::Finished)
                .then(|| suspicion(&gaps(&row.arrivals), age_us))
                .flatten(),
            changes_at,
        }
    }

    /// An agent of which no beat is known.
    pub fn never_seen() -> Self {
        Self::unknown(Reason::NoBeat)
    }

    fn unknown(reason: Reason) -> Self {
        Self {
            state: AgentState::Unknown,
            since: None,
            reason,
            interval: None,
            age_us: None,
            skew_us: None,
            suspicion: None,
            changes_at: None,
        }
    }
}

/// Whether attune's `is_agent_alive` says so: the agent's key has not gone yet.
pub fn attune_is_alive(row: &FleetRow, now: Timestamp) -> bool {
    now < row.expires_at
}

/// Whether attune's `get_stale_agents` names the agent, asked with a threshold in
/// microseconds (60 s by default): its key has not gone, it is not done, and its
/// beat is older. With the default TTL of 30 s that is never so.
pub fn attune_is_stale(row: &FleetRow, now: Timestamp, threshold_us: u64) -> bool {
    attune_is_alive(row, now)
        && !row.beat.is_final()
        && row
            .beat
            .last_beat
            .is_some_and(|last| between(last, now) > threshold_us)
}

/// The ages of a beat, in microseconds, above which its agent is something else.
struct Limits {
    late: u64,
    stale: u64,
    dead: u64,
}

impl Limits {
    fn of(row: &FleetRow, interval: Interval, options: &LivenessOptions) -> Self {
        let late = u128::from(interval.us) * u128::from(options.late_percent) / 100;
        let late = u64::try_from(late).unwrap_or(u64::MAX);
        let stale = interval
            .us
            .saturating_mul(options.stale_intervals)
            .max(options.stale_floor_us)
            .max(late);
        let ttl_us = match row.arrivals.last() {
            Some(last) => between(*last, row.expires_at),
            None => DEFAULT_HEARTBEAT_TTL_S * US_PER_SECOND.unsigned_abs(),
        };
        Self {
            late,
            stale,
            dead: stale.saturating_add(ttl_us),
        }
    }

    /// The limit that ends a state if no beat comes.
    fn after(&self, state: AgentState) -> Option<u64> {
        match state {
            AgentState::Alive => Some(self.late),
            AgentState::Late => Some(self.stale),
            AgentState::Stale => Some(self.dead),
            AgentState::Dead | AgentState::Finished | AgentState::Unknown => None,
        }
    }
}

/// The state of an agent whose next beat is not overdue: alive, unless its last
/// beat was.
fn in_time(
    row: &FleetRow,
    last: Timestamp,
    age_us: u64,
    interval: Interval,
    limits: &Limits,
) -> (AgentState, Timestamp, Reason) {
    let gaps: Vec<u64> = gaps(&row.arrivals);
    let in_a_row = gaps
        .iter()
        .rev()
        .take_while(|gap| **gap <= limits.late)
        .count();
    let late = gaps.len().saturating_sub(in_a_row);
    if in_a_row == 0
        && let (Some(&silence_us), Some(before)) = (gaps.last(), row.arrivals.iter().rev().nth(1))
    {
        let since = before.saturating_add_us(signed(limits.late));
        return (AgentState::Late, since, Reason::Back { silence_us });
    }
    // The beat that ends a silence does not count: the one after it does.
    let first = if late == 0 { 0 } else { late + 1 };
    let run = row
        .run
        .filter(|run| late == 0 && run.longest_us <= limits.late);
    let since = match run {
        Some(run) => run.since,
        None => row.arrivals.get(first).copied().unwrap_or(last),
    };
    (
        AgentState::Alive,
        since,
        Reason::InTime { age_us, interval },
    )
}

/// By how much the agent's clock differs. Only the age by the store's clock shows
/// one that is behind: who noticed a beat may have noticed it late.
fn skew(
    row: &FleetRow,
    by_store: Option<Timestamp>,
    now: Timestamp,
    options: &LivenessOptions,
) -> Option<i64> {
    let said = row.beat.last_beat?;
    let from = |came: Timestamp| said.as_micros().saturating_sub(came.as_micros());
    let skew = match (by_store, row.arrivals.last()) {
        (Some(came), _) => from(came),
        (None, Some(noticed)) if from(*noticed) != 0 => from(*noticed).max(0),
        // One clock wrote and noticed it; if that is in the future, ours was set back.
        (None, _) => from(now).max(0),
    };
    (skew.unsigned_abs() > options.skew_us).then_some(skew)
}

fn signed(us: u64) -> i64 {
    i64::try_from(us).unwrap_or(i64::MAX)
}
