//! Exact numbers with a decimal point.

use alloc::string::ToString;
use core::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::money::{Usd, UsdChange, div_half_even};
use crate::time::Timestamp;

/// A duration in microseconds, written in milliseconds with every digit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 1000, self.0 % 1000);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = alloc::format!("{fraction:03}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// A span of time in microseconds, written in seconds with every digit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u64);

impl Seconds {
    /// From one moment to a later one; zero if the second is not later.
    pub fn between(from: Timestamp, to: Timestamp) -> Self {
        let us = to.as_micros().saturating_sub(from.as_micros());
        Self(u64::try_from(us).unwrap_or(0))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let digits = alloc::format!("{fraction:06}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

/// `part / whole`, and zero where there is nothing.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn rate(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// `part / whole`, and `None` where there is no whole.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn rate_of(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The mean of `count` durations, rounded half to even to a microsecond.
pub(crate) fn mean_us(total_us: u64, count: u64) -> Option<Millis> {
    let mean = div_half_even(i128::from(total_us), i128::from(count))?;
    u64::try_from(mean).ok().map(Millis)
}

/// The mean of `count` numbers that are scaled by 1e9.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn mean_nano(sum: u128, count: u64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / (1e9 * count as f64))
}

/// A percentage times 1e9 as a part of one.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn percent_share(percent: u64) -> f64 {
    percent as f64 / 1e11
}

/// A difference of percentages times 1e9 as a part of one.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn percent_change(percent: i128) -> f64 {
    percent as f64 / 1e11
}

/// `part / whole`, and `None` where there is nothing.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn usd_rate(part: UsdChange, whole: Usd) -> Option<f64> {
    (whole > Usd::ZERO).then(|| part.as_nanos() as f64 / whole.as_nanos() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_shares_are_exact_where_floats_are() {
        assert_eq!(rate_of(1, 4), Some(0.25));
        assert_eq!(rate_of(0, 0), None);
        assert_eq!(mean_us(5, 2), Some(Millis(2)));
        assert_eq!(mean_us(u64::MAX, 1), Some(Millis(u64::MAX)));
        assert_eq!(mean_us(5, 0), None);
        assert_eq!(mean_nano(1_500_000_000, 2), Some(0.75));
        assert_eq!(mean_nano(0, 0), None);
        assert_eq!(percent_share(77_000_000_000).to_string(), "0.77");
        assert_eq!(percent_change(-7_000_000_000).to_string(), "-0.07");
    }

    #[test]
    fn milliseconds_keep_their_digits() {
        for (us, text) in [
            (0, "0"),
            (8_120_000, "8120"),
            (12_500, "12.5"),
            (1, "0.001"),
            (1010, "1.01"),
        ] {
            assert_eq!(serde_json::to_string(&Millis(us)).unwrap(), text);
        }
    }

    #[test]
    fn spans_are_never_negative() {
        let (early, late) = (Timestamp::MIN, Timestamp::MAX);
        assert_eq!(Seconds::between(late, early), Seconds(0));
        let span = Seconds::between(early, early.saturating_add_us(1_500_000));
        assert_eq!(serde_json::to_string(&span).unwrap(), "1.5");
        assert_eq!(Seconds(3_000_000).to_string(), "3");
    }
}
