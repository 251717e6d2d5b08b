//! Quantiles of many integers in little memory, the same for any split of them.

use alloc::collections::BTreeMap;

/// Bits of a value that its bucket keeps below the leading one.
const KEPT_BITS: u32 = 6;

/// A fixed log-linear histogram: integers below 128 are exact, a larger one lies
/// in a bucket at most a 64th of it wide. Histograms of parts merge to that of
/// the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: BTreeMap<u16, u64>,
    count: u64,
    sum: u128,
    max: u64,
}

impl Histogram {
    /// Takes in a value.
    pub fn add(&mut self, value: u64) {
        *self.buckets.entry(bucket(value, KEPT_BITS)).or_default() += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.max = self.max.max(value);
    }

    /// Takes in the values of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (&bucket, &count) in &other.buckets {
            *self.buckets.entry(bucket).or_default() += count;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their exact sum.
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// The value of nearest rank below which `percent` of all values lie, at most a
    /// 64th too large and never larger than the largest; `None` of no values.
    pub fn percentile(&self, percent: u32) -> Option<u64> {
        if self.count == 0 {
            return None;
        }
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100);
        let mut below = 0;
        for (&bucket, &count) in &self.buckets {
            below += u128::from(count);
            if below >= rank {
                return Some(largest_in(bucket, KEPT_BITS).min(self.max));
            }
        }
        Some(self.max)
    }
}

/// The bucket of a value where the bits after its leading one are kept, at most eight.
/// There are 3,776 buckets of six bits.
pub(crate) fn bucket(value: u64, kept_bits: u32) -> u16 {
    let per_octave = 1 << kept_bits;
    let index = if value < per_octave {
        value
    } else {
        let octave = u64::from(value.ilog2() - kept_bits);
        (octave + 1) * per_octave + ((value >> octave) - per_octave)
    };
    u16::try_from(index).unwrap_or(u16::MAX)
}

/// The largest value of a bucket.
pub(crate) fn largest_in(bucket: u16, kept_bits: u32) -> u64 {
    end_of(bucket, kept_bits)
        .checked_sub(1)
        .and_then(|largest| u64::try_from(largest).ok())
        .unwrap_or(u64::MAX)
}

/// Where the bucket behind one begins.
fn end_of(bucket: u16, kept_bits: u32) -> u128 {
    let (bucket, per_octave) = (u128::from(bucket), 1_u128 << kept_bits);
    if bucket < per_octave {
        return bucket + 1;
    }
    // Of the last bucket it is 64, of one that no value has it would be more.
    let octave = (bucket / per_octave - 1).min(64);
    (bucket % per_octave + per_octave + 1) << octave
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for &value in values {
            histogram.add(value);
        }
        histogram
    }

    #[test]
    fn small_values_are_exact() {
        let values: Vec<u64> = (1..=100).collect();
        let histogram = of(&values);
        for percent in [1, 50, 95, 99, 100] {
            assert_eq!(histogram.percentile(percent), Some(u64::from(percent)));
        }
        assert_eq!(histogram.percentile(0), Some(1));
        assert_eq!(of(&[]).percentile(50), None);
        assert_eq!(of(&[u64::MAX, 0]).percentile(99), Some(u64::MAX));
    }

    proptest! {
        #[test]
        fn the_error_is_at_most_a_64th(values in prop::collection::vec(any::<u64>().prop_map(|v| v >> (v % 64)), 1..60), percent in 1..=100_u32) {
            let mut sorted = values.clone();
            sorted.sort_unstable();
            let rank = (sorted.len() * percent as usize).div_ceil(100);
            let exact = sorted[rank - 1];
            let got = of(&values).percentile(percent).unwrap();
            prop_assert!(got >= exact && got - exact <= exact / 64, "{got} {exact}");
        }

        #[test]
        fn parts_merge_to_the_whole(values in prop::collection::vec(any::<u64>(), 0..40), cut in 0..40_usize) {
            let (a, b) = values.split_at(cut.min(values.len()));
            let mut merged = of(a);
            merged.merge(&of(b));
            prop_assert_eq!(merged, of(&values));
        }
    }
}
