//! Fractions and scores with nine decimal places.

use alloc::format;
use alloc::string::ToString;
use core::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A number in billionths, such as a progress of 0.25 or a score of 0.8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i64);

impl Decimal {
    /// 0
    pub const ZERO: Self = Self(0);
    /// 1
    pub const ONE: Self = Self(1_000_000_000);

    /// A number of billionths.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// How many billionths.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Reads a JSON number; further places are rounded half to even.
    pub fn parse(text: &str) -> Option<Self> {
        let number = crate::number::fixed(text, 9).ok()?;
        let magnitude = i64::try_from(number.magnitude).ok()?;
        Some(Self(if number.negative {
            -magnitude
        } else {
            magnitude
        }))
    }
}

impl fmt::Display for Decimal {
    /// As Python writes a float: at least one decimal, no trailing zeros after it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let (whole, rest) = (magnitude / 1_000_000_000, magnitude % 1_000_000_000);
        let places = format!("{rest:09}");
        let places = places.trim_end_matches('0');
        let places = if places.is_empty() { "0" } else { places };
        write!(f, "{sign}{whole}.{places}")
    }
}

impl Serialize for Decimal {
    /// A JSON number with every digit.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_look_as_python_writes_them() {
        for (text, written) in [
            ("0", "0.0"),
            ("1", "1.0"),
            ("0.40", "0.4"),
            ("7.5", "7.5"),
            ("-0.000000001", "-0.000000001"),
            ("1e-5", "0.00001"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), written);
        }
        for text in ["", "x", "1e400", "NaN"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
