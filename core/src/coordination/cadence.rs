//! Whether an agent beats often enough for those who look at it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::DEFAULT_STALE_S;
use crate::time::US_PER_SECOND;
use crate::view::Seconds;

/// What may go wrong with beats every `interval_us` that keep their key for
/// `ttl_s` seconds, in words; empty if all is well.
pub fn cadence_warnings(interval_us: u64, ttl_s: u32) -> Vec<String> {
    let second = US_PER_SECOND.unsigned_abs();
    let lifetime_us = u64::from(ttl_s).saturating_mul(second);
    let stale_us = DEFAULT_STALE_S.saturating_mul(second);
    let interval = Seconds(interval_us);
    let mut warnings = Vec::new();
    if interval_us > lifetime_us {
        warnings.push(format!(
            "the interval of {interval} s exceeds the TTL of {ttl_s} s: the agent is gone between two beats"
        ));
    } else if interval_us > lifetime_us / 2 {
        warnings.push(format!(
            "the interval of {interval} s exceeds half the TTL of {ttl_s} s: one late beat and the agent is gone"
        ));
    }
    if interval_us > stale_us {
        warnings.push(format!(
            "the interval of {interval} s exceeds the stale threshold of {DEFAULT_STALE_S} s: \
             attune takes the agent for stale between two beats"
        ));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_beats_are_warned_of_with_the_numbers() {
        let of = |interval_s: u64, ttl_s| cadence_warnings(interval_s * 1_000_000, ttl_s);
        assert!(of(10, 30).is_empty());
        assert!(of(15, 30).is_empty());
        let half = of(16, 30);
        assert!(
            half[0].contains("16 s exceeds half the TTL of 30 s"),
            "{half:?}"
        );
        let gone = of(31, 30);
        assert!(gone[0].contains("31 s exceeds the TTL of 30 s"), "{gone:?}");
        let stale = of(61, 600);
        assert!(stale[0].contains("threshold of 60 s"), "{stale:?}");
        assert_eq!(of(90, 30).len(), 2);
        assert_eq!(cadence_warnings(u64::MAX, u32::MAX).len(), 2);
    }
}
