//! How long to wait before something is tried again.

/// Waits that double from a first to a longest one, each with jitter, so that many
/// who lost the same server do not come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first_us: u64,
    longest_us: u64,
    failures: u32,
}

impl Default for Backoff {
    /// From a tenth of a second to five seconds.
    fn default() -> Self {
        Self::new(100_000, 5_000_000)
    }
}

impl Backoff {
    /// Waits from a first to a longest one, in microseconds.
    pub const fn new(first_us: u64, longest_us: u64) -> Self {
        Self {
            first_us,
            longest_us,
            failures: 0,
        }
    }

    /// The wait after another failure, in microseconds: between half and all of what
    /// the doubling gives, by `jitter`, of which all bits should be random.
    pub fn after_failure(&mut self, jitter: u32) -> u64 {
        let doubled = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        self.failures = self.failures.saturating_add(1);
        let whole = self.first_us.saturating_mul(doubled).min(self.longest_us);
        let half = whole / 2;
        // A part of 2^32 of the other half.
        let part = (u128::from(half) * u128::from(jitter)) >> 32;
        half.saturating_add(u64::try_from(part).unwrap_or(half))
    }

    /// It worked: the next failure is a first one.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How many failures there were in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_begin_anew() {
        let mut backoff = Backoff::default();
        let longest = [(); 9].map(|()| backoff.after_failure(u32::MAX));
        assert_eq!(
            longest,
            [
                99_999, 199_999, 399_999, 799_999, 1_599_999, 3_199_999, 4_999_999, 4_999_999,
                4_999_999
            ]
        );
        assert_eq!(backoff.after_failure(0), 2_500_000);
        backoff.succeeded();
        assert_eq!(backoff.after_failure(0), 50_000);
        assert_eq!(backoff.failures(), 1);
        let mut tired = Backoff {
            failures: u32::MAX,
            ..Backoff::new(u64::MAX, u64::MAX)
        };
        assert_eq!(tired.after_failure(u32::MAX), u64::MAX / 2 * 2 - (1 << 31));
    }
}
