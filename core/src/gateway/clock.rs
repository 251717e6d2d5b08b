//! Time inside a machine: it never goes back.

use crate::time::Timestamp;

/// The latest time a machine was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    latest: Option<Timestamp>,
}

impl Clock {
    /// Takes in a time; one before the latest is taken for the latest.
    pub(super) fn advance(&mut self, now: Timestamp) -> Timestamp {
        let now = self.latest.map_or(now, |latest| latest.max(now));
        self.latest = Some(now);
        now
    }

    /// The latest time in milliseconds since 1970.
    #[cfg(test)]
    pub(super) fn latest_ms(self) -> i64 {
        self.latest.map_or(0, |at| at.as_micros() / 1000)
    }
}

/// `at` and `ms` milliseconds, at most the end of the range.
pub(super) fn after(at: Timestamp, ms: u64) -> Timestamp {
    at.saturating_add_us(i64::try_from(ms.saturating_mul(1000)).unwrap_or(i64::MAX))
}

/// Whole milliseconds from one time to a later one, zero if it is not later.
pub(super) fn ms_between(from: Timestamp, to: Timestamp) -> u64 {
    let us = to.as_micros().saturating_sub(from.as_micros());
    u64::try_from(us / 1000).unwrap_or(0)
}

/// The earliest of some timers.
pub(super) fn earliest<W, const N: usize>(
    timers: [Option<(Timestamp, W)>; N],
) -> Option<(Timestamp, W)> {
    timers.into_iter().flatten().min_by_key(|(at, _)| *at)
}

/// `first` doubled `times` times, at most `most`.
pub(super) fn doubled(first: u64, times: u32, most: u64) -> u64 {
    first
        .saturating_mul(1_u64.checked_shl(times.min(62)).unwrap_or(u64::MAX))
        .min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    #[test]
    fn time_stands_still_while_the_host_clock_is_behind() {
        let mut clock = Clock::default();
        let told = [5, 3, 5, 6].map(|ms| clock.advance(at(ms)));
        assert_eq!(told, [5, 5, 5, 6].map(at));
    }

    #[test]
    fn sums_and_differences_stop_at_the_ends() {
        assert_eq!(after(at(1), 2), at(3));
        assert_eq!(after(Timestamp::MAX, u64::MAX), Timestamp::MAX);
        assert_eq!(ms_between(at(1), at(4)), 3);
        assert_eq!(ms_between(at(4), at(1)), 0);
    }

    #[test]
    fn back_off_doubles_up_to_its_bound() {
        assert_eq!(
            [0, 1, 3, 4, 5, 99].map(|n| doubled(5, n, 60)),
            [5, 10, 40, 60, 60, 60]
        );
    }
}
