//! How long calls took, as a histogram that merges.

use alloc::vec::Vec;
use core::iter::repeat_n;

use crate::histogram::{bucket, largest_in};

/// Bits of a duration that its bucket keeps below the leading one.
const KEPT_BITS: u32 = 5;
/// So many buckets hold every duration.
const BUCKETS: usize = 1920;

/// Durations of calls in fixed buckets, so that parts merge to the whole in any order.
/// Below 64 microseconds they are exact, above it a bucket is at most a 32nd wide.
///
/// A call of no duration does not count: that is what writers state that did not measure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// The bucket of the first count.
    first: u16,
    /// Calls by bucket, without gaps; neither the first nor the last is zero.
    counts: Vec<u32>,
    /// The longest duration, in microseconds; 0 of none.
    longest_us: u64,
}

impl Latencies {
    /// Takes in a call that took so many microseconds.
    pub fn add(&mut self, duration_us: u64) {
        if duration_us == 0 {
            return;
        }
        self.longest_us = self.longest_us.max(duration_us);
        let bucket = bucket(duration_us, KEPT_BITS);
        let at = self.reach(bucket);
        if let Some(calls) = self.counts.get_mut(at) {
            *calls = calls.saturating_add(1);
        }
    }

    /// Takes in the calls of another part.
    pub fn merge(&mut self, other: &Self) {
        let Some(last) = other.last() else {
            return;
        };
        self.longest_us = self.longest_us.max(other.longest_us);
        self.reach(last);
        let start = self.reach(other.first);
        for (own, theirs) in self.counts.iter_mut().skip(start).zip(&other.counts) {
            *own = own.saturating_add(*theirs);
        }
    }

    /// How many calls state how long they took.
    pub fn calls(&self) -> u64 {
        self.counts.iter().map(|calls| u64::from(*calls)).sum()
    }

    /// The duration of nearest rank below which `percent` of all lie, in microseconds:
    /// at most a 32nd too large and never longer than the longest. `None` of no calls.
    pub fn percentile(&self, percent: u32) -> Option<u64> {
        let rank = (u128::from(self.calls()) * u128::from(percent)).div_ceil(100);
        let mut below = 0;
        for (bucket, calls) in (self.first..).zip(&self.counts) {
            below += u128::from(*calls);
            // Of percent 0 it is the first.
            if below >= rank.max(1) {
                return Some(largest_in(bucket, KEPT_BITS).min(self.longest_us));
            }
        }
        None
    }

    /// The first bucket, the calls of each from there on, and the longest duration.
    pub(super) fn parts(&self) -> (u16, &[u32], u64) {
        (self.first, &self.counts, self.longest_us)
    }

    /// What [`Self::parts`] gave; `None` for what it cannot have given.
    pub(super) fn of_parts(first: u16, counts: Vec<u32>, longest_us: u64) -> Option<Self> {
        let is_trimmed = counts.first().is_none_or(|calls| *calls > 0)
            && counts.last().is_none_or(|calls| *calls > 0);
        let fits = usize::from(first) + counts.len() <= BUCKETS;
        if !is_trimmed || !fits {
            return None;
        }
        let parts = Self {
            first,
            counts,
            longest_us,
        };
        let is_whole = match parts.last() {
            Some(last) => bucket(longest_us, KEPT_BITS) == last && longest_us > 0,
            None => first == 0 && longest_us == 0,
        };
        is_whole.then_some(parts)
    }

    fn last(&self) -> Option<u16> {
        let further = u16::try_from(self.counts.len().checked_sub(1)?).ok()?;
        self.first.checked_add(further)
    }

    /// Makes room for a bucket, and gives its place.
    fn reach(&mut self, bucket: u16) -> usize {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let missing = usize::from(self.first - bucket);
            self.counts.splice(0..0, repeat_n(0, missing));
            self.first = bucket;
        }
        let at = usize::from(bucket - self.first);
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(durations: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        for &duration in durations {
            latencies.add(duration);
        }
        latencies
    }

    #[test]
    fn what_was_not_measured_does_not_count() {
        assert_eq!(of(&[0, 0]), Latencies::default());
        assert_eq!(of(&[]).percentile(50), None);
        let latencies = of(&[0, 7, 0, 9]);
        assert_eq!(latencies.calls(), 2);
        assert_eq!(latencies.percentile(50), Some(7));
        assert_eq!(latencies.percentile(99), Some(9));
        assert_eq!(latencies.percentile(0), Some(7));
    }

    #[test]
    fn the_longest_duration_has_the_last_bucket() {
        assert_eq!(usize::from(bucket(u64::MAX, KEPT_BITS)), BUCKETS - 1);
        let latencies = of(&[u64::MAX, 1]);
        assert_eq!(latencies.percentile(50), Some(1));
        assert_eq!(latencies.percentile(99), Some(u64::MAX));
    }

    #[test]
    fn what_no_calls_give_is_refused() {
        for (first, counts, longest_us) in [
            (3, alloc::vec![], 0),
            (0, alloc::vec![], 1),
            (0, alloc::vec![0, 1], 1),
            (0, alloc::vec![1, 0], 1),
            (1, alloc::vec![1], 2),
            (1919, alloc::vec![1, 1], u64::MAX),
        ] {
            assert_eq!(Latencies::of_parts(first, counts, longest_us), None);
        }
    }

    fn durations() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec(any::<u64>().prop_map(|us| us >> (us % 64)), 0..60)
    }

    proptest! {
        #[test]
        fn it_is_at_most_a_32nd_too_large(durations in durations(), percent in 1..=100_u32) {
            let mut sorted: Vec<u64> = durations.iter().copied().filter(|us| *us > 0).collect();
            sorted.sort_unstable();
            let got = of(&durations).percentile(percent);
            let rank = (sorted.len() * percent as usize).div_ceil(100);
            let Some(exact) = rank.checked_sub(1).map(|at| sorted[at]) else {
                prop_assert_eq!(got, None);
                return Ok(());
            };
            let got = got.unwrap();
            prop_assert!(got >= exact && got - exact <= exact / 32, "{got} {exact}");
            prop_assert!(Some(&got) <= sorted.last());
        }

        #[test]
        fn parts_merge_to_the_whole_in_any_order(durations in durations(), cut in 0..60_usize) {
            let (a, b) = durations.split_at(cut.min(durations.len()));
            let (mut forth, mut back) = (of(a), of(b));
            forth.merge(&of(b));
            back.merge(&of(a));
            let whole = of(&durations);
            prop_assert_eq!(&forth, &whole);
            prop_assert_eq!(&back, &whole);
            let (first, counts, longest_us) = whole.parts();
            let again = Latencies::of_parts(first, counts.to_vec(), longest_us);
            prop_assert_eq!(again, Some(whole.clone()));
        }
    }
}
