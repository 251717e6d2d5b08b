//! Money as exact integers.

use alloc::string::{String, ToString};
use core::fmt::{self, Write as _};

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::number::{NumberError, fixed};

/// An amount of US dollars, zero or more, in billionths of a dollar (nano-USD).
///
/// Sums stop at [`Usd::MAX`] (9.2 thousand million dollars) instead of wrapping,
/// so that adding in any order gives the same amount; a report whose total is
/// `MAX` says that it is a lower bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(i64);

/// A number that is no amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// The text is no JSON number.
    Syntax,
    /// The amount is below zero.
    Negative,
    /// The amount does not fit.
    Overflow,
}

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX);

    /// An amount from nano-USD; negative amounts become zero.
    pub const fn from_nanos(nanos: i64) -> Self {
        if nanos < 0 { Self(0) } else { Self(nanos) }
    }

    /// The amount in nano-USD.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Reads a JSON number of dollars, rounded half to even at the ninth decimal.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let number = fixed(text, 9).map_err(|error| match error {
            NumberError::Syntax => MoneyError::Syntax,
            NumberError::Overflow => MoneyError::Overflow,
        })?;
        if number.negative {
            return Err(MoneyError::Negative);
        }
        i64::try_from(number.magnitude)
            .map(Self)
            .map_err(|_| MoneyError::Overflow)
    }

    /// The sum, stopping at [`Usd::MAX`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The amount as a float, for a final division or a chart only.
    #[expect(clippy::cast_precision_loss)]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl fmt::Display for Usd {
    /// A plain decimal without an exponent or trailing zeros: `0.0561`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_nanos(f, i128::from(self.0))
    }
}

/// An amount as people read it: `$6.78`, or `$0.0561` below a dollar.
pub(crate) struct Shown(pub(crate) Usd);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos().unsigned_abs();
        let (places, unit, one) = match nanos {
            0 | 1_000_000_000.. => (2, 10_000_000, 100),
            1..50_000 => return f.write_str("<$0.0001"),
            _ => (4, 100_000, 10_000),
        };
        let rounded = (nanos + unit / 2) / unit;
        let (whole, rest) = (rounded / one, rounded % one);
        f.write_str("$")?;
        let digits = whole.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        write!(f, ".{rest:0places$}")
    }
}

impl Serialize for Usd {
    /// A JSON number with every digit.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_number(self.to_string(), serializer)
    }
}

/// A difference of two amounts in nano-USD: may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsdChange(i64);

impl UsdChange {
    /// No difference.
    pub const ZERO: Self = Self(0);

    /// Reads a JSON number of dollars, rounded half to even at the ninth decimal.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        match text.strip_prefix('-') {
            // A second sign is no JSON.
            Some(amount) if amount.starts_with('-') => Err(MoneyError::Syntax),
            Some(amount) => Usd::parse(amount).map(|usd| Self(-usd.0)),
            None => Usd::parse(text).map(|usd| Self(usd.0)),
        }
    }

    /// A difference from nano-USD in 128 bits, held within 64.
    pub(crate) fn from_i128(nanos: i128) -> Self {
        let limit = i128::from(i64::MAX);
        Self(i64::try_from(nanos.clamp(-limit, limit)).unwrap_or(0))
    }

    /// `after - before`.
    pub const fn between(before: Usd, after: Usd) -> Self {
        // Both are zero or more, so the difference fits.
        Self(after.0 - before.0)
    }

    /// The difference in nano-USD.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UsdChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_nanos(f, i128::from(self.0))
    }
}

impl Serialize for UsdChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_number(self.to_string(), serializer)
    }
}

/// `dividend / divisor` rounded half to even; `None` when the divisor is not positive.
pub(crate) fn div_half_even(dividend: i128, divisor: i128) -> Option<i128> {
    if divisor <= 0 {
        return None;
    }
    let quotient = dividend.div_euclid(divisor);
    let twice = dividend.rem_euclid(divisor).checked_mul(2)?;
    let round_up = twice > divisor || (twice == divisor && quotient % 2 != 0);
    Some(quotient + i128::from(round_up))
}

/// An amount from nano-USD in 128 bits, held within zero and [`Usd::MAX`].
pub(crate) fn usd_from_i128(nanos: i128) -> Usd {
    Usd(i64::try_from(nanos.max(0)).unwrap_or(i64::MAX))
}

fn write_nanos(f: &mut fmt::Formatter<'_>, nanos: i128) -> fmt::Result {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (whole, mut fraction) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if fraction == 0 {
        return write!(f, "{sign}{whole}");
    }
    let mut places = 9;
    while fraction % 10 == 0 {
        fraction /= 10;
        places -= 1;
    }
    write!(f, "{sign}{whole}.{fraction:0places$}")
}

fn serialize_number<S: Serializer>(text: String, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(text)
        .map_err(serde::ser::Error::custom)?
        .serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, nanos: i64, printed: &str) {
        let usd = Usd::parse(text).unwrap();
        assert_eq!(
            (usd.0, usd.to_string().as_str()),
            (nanos, printed),
            "{text}"
        );
    }

    #[test]
    fn amounts_are_shown_as_people_read_them() {
        for (nanos, shown) in [
            (0, "$0.00"),
            (1, "<$0.0001"),
            (49_999, "<$0.0001"),
            (50_000, "$0.0001"),
            (56_150_000, "$0.0562"),
            (999_999_999, "$1.0000"),
            (6_781_295_000, "$6.78"),
            (1_234_567_895_000_000, "$1,234,567.90"),
            (i64::MAX, "$9,223,372,036.85"),
        ] {
            assert_eq!(Shown(Usd(nanos)).to_string(), shown);
        }
    }

    #[test]
    fn amounts_are_exact_and_printed_plainly() {
        check("0", 0, "0");
        check("0.0561", 56_100_000, "0.0561");
        check("1e-05", 10_000, "0.00001");
        check("12.000000001", 12_000_000_001, "12.000000001");
        check("0.0000000005", 0, "0");
        check("0.0000000015", 2, "0.000000002");
        check("9223372036.854775807", i64::MAX, "9223372036.854775807");
        assert_eq!(serde_json::to_string(&Usd(56_100_000)).unwrap(), "0.0561");
        assert_eq!(
            UsdChange::between(Usd(3), Usd(1)).to_string(),
            "-0.000000002"
        );
    }

    #[test]
    fn what_is_no_amount_is_an_error() {
        assert_eq!(Usd::parse("-0.1"), Err(MoneyError::Negative));
        assert_eq!(Usd::parse("-0"), Ok(Usd::ZERO));
        assert_eq!(
            Usd::parse("9223372036.854775808"),
            Err(MoneyError::Overflow)
        );
        assert_eq!(Usd::parse("1e400"), Err(MoneyError::Overflow));
        assert_eq!(Usd::parse("\"1\""), Err(MoneyError::Syntax));
    }

    #[test]
    fn differences_may_be_negative() {
        let printed = |text| UsdChange::parse(text).map(|change| change.to_string());
        assert_eq!(printed("-0.0180").as_deref(), Ok("-0.018"));
        assert_eq!(printed("0.018").as_deref(), Ok("0.018"));
        assert_eq!(printed("-0").as_deref(), Ok("0"));
        assert_eq!(printed("--1"), Err(MoneyError::Syntax));
        assert_eq!(printed("-"), Err(MoneyError::Syntax));
    }

    #[test]
    fn division_rounds_half_to_even() {
        assert_eq!(div_half_even(5, 2), Some(2));
        assert_eq!(div_half_even(7, 2), Some(4));
        assert_eq!(div_half_even(-5, 2), Some(-2));
        assert_eq!(div_half_even(1, 0), None);
    }
}
