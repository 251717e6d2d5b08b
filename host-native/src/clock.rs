//! The only reader of the system's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use muster_core::Timestamp;

/// The clock of a command: the system's, or one that stands still.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// The time at which the clock stands still.
    pub fixed: Option<Timestamp>,
}

impl Clock {
    /// Now, in UTC.
    pub fn now(self) -> Timestamp {
        self.fixed.unwrap_or_else(system_now)
    }
}

fn system_now() -> Timestamp {
    let us = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
    };
    // A clock outside the years 0000 to 9999 is taken as its nearest end.
    let start = if us < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_micros(us).unwrap_or(start)
}
