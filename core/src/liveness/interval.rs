//! In which interval an agent beats.

use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use super::LivenessOptions;
use crate::coordination::FleetRow;
use crate::time::Timestamp;

/// How many of the last gaps the interval is taken from.
const GAPS: usize = 5;

/// The time between two beats of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// In microseconds.
    pub us: u64,
    /// How it is known.
    pub source: IntervalSource,
}

/// How an interval is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntervalSource {
    /// The agent says so: `metadata.interval_s`.
    Announced,
    /// The median of the last five gaps between its beats, of at least two.
    Observed,
    /// Neither: it is taken for the default.
    Assumed,
}

impl IntervalSource {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Observed => "observed",
            Self::Assumed => "assumed",
        }
    }
}

impl Serialize for IntervalSource {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Interval {
    /// The interval of an agent.
    pub fn of(row: &FleetRow, options: &LivenessOptions) -> Self {
        if let Some(us) = row.beat.announced_interval_us() {
            let source = IntervalSource::Announced;
            return Self { us, source };
        }
        let gaps = gaps(&row.arrivals);
        let mut last = gaps[gaps.len().saturating_sub(GAPS)..].to_vec();
        last.sort_unstable();
        // Of an even number the lower one: one long silence is no interval.
        match last.get(last.len().saturating_sub(1) / 2) {
            Some(&us) if last.len() >= 2 && us > 0 => Self {
                us,
                source: IntervalSource::Observed,
            },
            _ => Self {
                us: options.default_interval_us,
                source: IntervalSource::Assumed,
            },
        }
    }
}

/// The times between arrivals in microseconds; zero where a clock was set back.
pub(super) fn gaps(arrivals: &[Timestamp]) -> Vec<u64> {
    arrivals
        .windows(2)
        .map(|pair| match pair {
            [from, to] => between(*from, *to),
            _ => 0,
        })
        .collect()
}

/// From one moment to a later one in microseconds; zero if it is not later.
pub(super) fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_micros().saturating_sub(from.as_micros())).unwrap_or(0)
}
