//! Exact numbers with a decimal point.

use alloc::string::ToString;
use core::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::money::{Usd, UsdChange};

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

/// `part / whole`, and zero where there is nothing.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn rate(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
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
}
