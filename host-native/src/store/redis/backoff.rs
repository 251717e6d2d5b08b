//! Pauses between attempts to connect.

use std::time::Duration;

/// The first pause.
const FIRST: Duration = Duration::from_millis(25);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(2);

/// Pauses that double, each shortened by up to a half at random, so that many
/// processes that lost one server do not come back as one.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The next pause.
    pub(super) fn pause(&mut self) -> Duration {
        let full = FIRST.saturating_mul(2_u32.saturating_pow(self.attempts));
        self.attempts = self.attempts.saturating_add(1);
        let full = full.min(LONGEST);
        // Without randomness the pause is a full one.
        let cut = getrandom::u32().unwrap_or(0);
        full.mul_f64(1.0 - f64::from(cut) / f64::from(u32::MAX) / 2.0)
    }

    /// The next pause is the first again.
    pub(super) fn reset(&mut self) {
        self.attempts = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_vary() {
        let mut backoff = Backoff::default();
        let first = backoff.pause();
        assert!(first <= FIRST && first >= FIRST / 2, "{first:?}");
        for _ in 0..20 {
            backoff.pause();
        }
        let late: Vec<Duration> = (0..8).map(|_| backoff.pause()).collect();
        assert!(late.iter().all(|p| *p <= LONGEST && *p >= LONGEST / 2));
        assert!(late.iter().any(|p| *p != late[0]), "{late:?}");
        backoff.reset();
        assert!(backoff.pause() <= FIRST);
    }
}
