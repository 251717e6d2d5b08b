//! JSON numbers as exact fixed-point integers, never through floating point.

/// A number scaled to an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fixed {
    pub(crate) negative: bool,
    /// The absolute value times ten to the scale, rounded half to even.
    pub(crate) magnitude: u64,
    /// Whether nothing was rounded off.
    pub(crate) exact: bool,
}

/// Why a number has no fixed-point form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberError {
    /// The text is no JSON number.
    Syntax,
    /// The scaled value does not fit 64 bits.
    Overflow,
}

/// Reads a JSON number and scales it by ten to the `scale`. Linear in the text's
/// length, whatever its exponent.
pub(crate) fn fixed(text: &str, scale: u32) -> Result<Fixed, NumberError> {
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (whole, rest) = split_digits(unsigned);
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return Err(NumberError::Syntax);
    }
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => {
            let (fraction, rest) = split_digits(rest);
            if fraction.is_empty() {
                return Err(NumberError::Syntax);
            }
            (fraction, rest)
        }
        rest => (&[][..], rest),
    };
    let exponent = exponent(rest)?;

    // Digits of the scaled integer part; what follows them decides the rounding.
    let digits = whole.iter().chain(fraction);
    let mut keep = i64::try_from(whole.len())
        .unwrap_or(i64::MAX)
        .saturating_add(exponent)
        .saturating_add(i64::from(scale));
    let mut value = 0_u64;
    let mut rest_first = None;
    let mut rest_sticky = false;
    // Rounding digits start before the first digit: the value is below a tenth of a unit.
    let far_below = keep < 0;
    for digit in digits.map(|b| b - b'0') {
        if keep > 0 {
            value = value
                .checked_mul(10)
                .and_then(|v| v.checked_add(u64::from(digit)))
                .ok_or(NumberError::Overflow)?;
            keep -= 1;
        } else if rest_first.is_none() && !far_below {
            rest_first = Some(digit);
        } else {
            rest_sticky |= digit != 0;
        }
    }
    if value != 0 && keep > 0 {
        // Beyond 19 places anything but zero overflows; the bound keeps the loop short.
        for _ in 0..keep.min(20) {
            value = value.checked_mul(10).ok_or(NumberError::Overflow)?;
        }
    }
    let first = rest_first.unwrap_or(0);
    let round_up = first > 5 || (first == 5 && (rest_sticky || value % 2 == 1));
    let magnitude = if round_up {
        value.checked_add(1).ok_or(NumberError::Overflow)?
    } else {
        value
    };
    Ok(Fixed {
        negative: negative && magnitude != 0,
        magnitude,
        exact: first == 0 && !rest_sticky,
    })
}

fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(bytes.len());
    bytes.split_at(end)
}

fn exponent(bytes: &[u8]) -> Result<i64, NumberError> {
    let (sign, digits) = match bytes {
        [] => return Ok(0),
        [b'e' | b'E', b'-', digits @ ..] => (-1, digits),
        [b'e' | b'E', b'+', digits @ ..] | [b'e' | b'E', digits @ ..] => (1, digits),
        _ => return Err(NumberError::Syntax),
    };
    if digits.is_empty() {
        return Err(NumberError::Syntax);
    }
    let mut value = 0_i64;
    for b in digits {
        if !b.is_ascii_digit() {
            return Err(NumberError::Syntax);
        }
        value = value.saturating_mul(10).saturating_add(i64::from(b - b'0'));
    }
    Ok(sign * value)
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    fn value(text: &str, scale: u32) -> Result<(u64, bool), NumberError> {
        fixed(text, scale).map(|f| (f.magnitude, f.exact))
    }

    #[test]
    fn numbers_are_scaled_and_rounded_half_to_even() {
        assert_eq!(value("0.0561", 9), Ok((56_100_000, true)));
        assert_eq!(value("1e-05", 9), Ok((10_000, true)));
        assert_eq!(value("2.5", 0), Ok((2, false)));
        assert_eq!(value("3.5", 0), Ok((4, false)));
        assert_eq!(
            value("2.50000000000000000000000000000000000001", 0),
            Ok((3, false))
        );
        assert_eq!(value("0.12787199999999999", 9), Ok((127_872_000, false)));
        assert_eq!(value("1.0", 0), Ok((1, true)));
        assert_eq!(value("1e3", 0), Ok((1000, true)));
        assert_eq!(value("0.05", 0), Ok((0, false)));
        assert_eq!(value("0.5", 0), Ok((0, false)));
        assert_eq!(value("5e-2", 0), Ok((0, false)));
        assert_eq!(value("99e-2", 0), Ok((1, false)));
        assert_eq!(value("0e999999999999999999999", 9), Ok((0, true)));
        assert_eq!(value("1e-999999999999999999999", 9), Ok((0, false)));
        assert_eq!(value("18446744073709551615", 0), Ok((u64::MAX, true)));
    }

    #[test]
    fn what_does_not_fit_or_is_no_number_is_an_error() {
        assert_eq!(value("1e400", 9), Err(NumberError::Overflow));
        assert_eq!(value(&"9".repeat(5000), 0), Err(NumberError::Overflow));
        assert_eq!(value("18446744073709551616", 0), Err(NumberError::Overflow));
        for text in [
            "", "-", "01", "1.", ".5", "1e", "1e+", "NaN", "Infinity", "0x1", "1 ", "+1", "1,5",
        ] {
            assert_eq!(value(text, 0), Err(NumberError::Syntax), "{text}");
        }
    }

    #[test]
    fn the_sign_of_zero_is_dropped() {
        assert!(!fixed("-0.0", 3).unwrap().negative);
        assert!(fixed("-1", 3).unwrap().negative);
    }

    proptest! {
        #[test]
        fn integers_scale_exactly(n in 0..u64::from(u32::MAX), scale in 0_u32..9) {
            prop_assert_eq!(value(&n.to_string(), scale), Ok((n * 10_u64.pow(scale), true)));
            prop_assert_eq!(value(&format!("{n}e{scale}"), 0), Ok((n * 10_u64.pow(scale), true)));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.eE]{0,40}", scale in 0_u32..12) {
            let _ = fixed(&text, scale);
        }
    }
}
