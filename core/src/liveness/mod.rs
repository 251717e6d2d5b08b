//! Who is alive: what the beats of an agent say about it at a given time.
//!
//! A key that exists makes nobody alive, and a key that has gone makes nobody dead:
//! the age of the last beat does, held against the interval in which this agent
//! beats. The rules and the sources of the formulas are in `docs/liveness.md`.

mod assess;
mod interval;
mod phi;
mod reason;
mod watch;
mod work;

pub use assess::{Liveness, attune_is_alive, attune_is_stale};
pub use interval::{Interval, IntervalSource};
pub use phi::suspicion;
pub use reason::Reason;
pub(crate) use reason::{Age, Span};
pub use watch::{FleetWatch, Transition, WakeReason};
pub use work::WorkTraces;

use serde::{Serialize, Serializer};

use crate::time::US_PER_SECOND;

/// The state of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgentState {
    /// Its last beats came in time.
    Alive,
    /// A beat is overdue, or the last one was.
    Late,
    /// No beat for so long that something is wrong.
    Stale,
    /// No beat for so long that none is expected any more.
    Dead,
    /// It said that it is done.
    Finished,
    /// Nothing can be said.
    Unknown,
}

impl AgentState {
    /// All of them, from well to unknown.
    pub const ALL: [Self; 6] = [
        Self::Alive,
        Self::Late,
        Self::Stale,
        Self::Dead,
        Self::Finished,
        Self::Unknown,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Late => "late",
            Self::Stale => "stale",
            Self::Dead => "dead",
            Self::Finished => "finished",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the agent can be counted on: it is alive, if perhaps late.
    pub const fn is_there(self) -> bool {
        matches!(self, Self::Alive | Self::Late)
    }
}

impl Serialize for AgentState {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The limits that are held against the age of a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LivenessOptions {
    /// The interval of an agent that announces none and whose beats show none yet,
    /// in microseconds.
    pub default_interval_us: u64,
    /// Late above so many hundredths of the interval.
    pub late_percent: u64,
    /// Stale above so many intervals, and
    pub stale_intervals: u64,
    /// never before this age, in microseconds.
    pub stale_floor_us: u64,
    /// A difference of clocks up to this is not spoken of, in microseconds.
    pub skew_us: u64,
}

impl Default for LivenessOptions {
    fn default() -> Self {
        let second = US_PER_SECOND.unsigned_abs();
        Self {
            default_interval_us: crate::coordination::DEFAULT_HEARTBEAT_INTERVAL_S * second,
            late_percent: 150,
            stale_intervals: 3,
            stale_floor_us: crate::coordination::DEFAULT_STALE_S * second,
            skew_us: 2 * second,
        }
    }
}

#[cfg(test)]
mod tests;
