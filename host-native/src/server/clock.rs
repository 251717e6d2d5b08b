//! The time of a server: the system's, or one that was set and goes on.

use muster_core::Timestamp;
use tokio::time::Instant;

use crate::clock::Clock;

/// Says what time it is. A clock that stands still would let no agent be late.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunningClock {
    clock: Clock,
    begun: Instant,
}

impl RunningClock {
    /// A clock that goes on from now.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            begun: Instant::now(),
        }
    }

    /// Now.
    pub(super) fn now(&self) -> Timestamp {
        match self.clock.fixed {
            None => self.clock.now(),
            Some(fixed) => {
                let us = i64::try_from(self.begun.elapsed().as_micros()).unwrap_or(i64::MAX);
                fixed.saturating_add_us(us)
            }
        }
    }

    /// Whether the time was set, so that other clocks do not count.
    pub(super) const fn is_set(&self) -> bool {
        self.clock.fixed.is_some()
    }

    /// The moment at which a time is reached.
    pub(super) fn moment_of(&self, at: Timestamp) -> Instant {
        let left = at.as_micros().saturating_sub(self.now().as_micros());
        Instant::now() + std::time::Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }
}
