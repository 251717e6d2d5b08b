//! Why an agent is in its state, in words.

use alloc::string::String;
use core::fmt;

use super::{Interval, IntervalSource};

/// Why an agent is in its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The last beat came in time.
    InTime {
        /// How long ago, in microseconds.
        age_us: u64,
        /// What is expected.
        interval: Interval,
    },
    /// The next beat is overdue.
    Overdue {
        /// How long ago the last one came, in microseconds.
        age_us: u64,
        /// What is expected.
        interval: Interval,
    },
    /// The last beat came late; the next one in time makes the agent alive, so
    /// that it does not go to and fro.
    Back {
        /// After how long a silence it came, in microseconds.
        silence_us: u64,
    },
    /// No beat for longer than an agent may be silent.
    Silent {
        /// How long ago the last one came, in microseconds.
        age_us: u64,
        /// How long it may be silent, in microseconds.
        limit_us: u64,
    },
    /// The last beat has the status of one that is done.
    Ended {
        /// `completed`, `failed` or `cancelled`.
        status: String,
    },
    /// No beat is known.
    NoBeat,
    /// The record states no time, and nobody saw it come.
    NoTime,
    /// The record states a time to come, and nobody saw it come.
    ClockAhead {
        /// By how much, in microseconds.
        ahead_us: u64,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InTime { age_us, interval } => {
                write!(f, "beat {} ago, {interval}", Span(*age_us))
            }
            Self::Overdue { age_us, interval } => {
                write!(f, "no beat for {}, {interval}", Span(*age_us))
            }
            Self::Back { silence_us } => write!(
                f,
                "back after {} of silence, alive with the next beat in time",
                Span(*silence_us)
            ),
            Self::Silent { age_us, limit_us } => write!(
                f,
                "no beat for {}, the limit is {}",
                Span(*age_us),
                Span(*limit_us)
            ),
            Self::Ended { status } => {
                // The status comes from outside: no control characters, and not long.
                f.write_str("its last beat says ")?;
                status
                    .escape_debug()
                    .take(40)
                    .try_for_each(|c| write!(f, "{c}"))
            }
            Self::NoBeat => f.write_str("no beat of this agent is known"),
            Self::NoTime => f.write_str("its beat states no time, and nobody saw it come"),
            Self::ClockAhead { ahead_us } => write!(
                f,
                "its clock is {} ahead, and nobody saw its beat come",
                Span(*ahead_us)
            ),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let every = Span(self.us);
        match self.source {
            IntervalSource::Announced => write!(f, "announced every {every}"),
            IntervalSource::Observed => write!(f, "so far every {every}"),
            IntervalSource::Assumed => write!(f, "assumed every {every}"),
        }
    }
}

/// For how long something has been so, in microseconds: `94 s`, `3 min`, `5 h 03 min`,
/// `12 d 4 h`; the seconds only while they matter, and never rounded up.
pub(crate) struct Age(pub(crate) u64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000_000;
        let (minutes, hours) = (seconds / 60, seconds / 3600);
        match seconds {
            0..120 => write!(f, "{seconds} s"),
            120..7200 => write!(f, "{minutes} min"),
            7200..172_800 => write!(f, "{hours} h {:02} min", minutes % 60),
            _ => write!(f, "{} d {} h", hours / 24, hours % 24),
        }
    }
}

/// A span of microseconds in the unit that suits it.
pub(crate) struct Span(pub(crate) u64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0 / 100_000;
        let seconds = tenths / 10;
        match seconds {
            0..120 if tenths.is_multiple_of(10) => write!(f, "{seconds} s"),
            0..120 => write!(f, "{seconds}.{} s", tenths % 10),
            120..7200 => write!(f, "{} min", seconds / 60),
            7200..172_800 => write!(f, "{} h", seconds / 3600),
            _ => write!(f, "{} days", seconds / 86_400),
        }
    }
}
