//! Numbers as people read them, rounded from exact ones.

use muster_core::view::Millis;
use muster_core::{Usd, UsdChange};

/// `1,234,567`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// At most five characters: `729`, `19.9k`, `1.2M`.
pub fn compact(number: u64) -> String {
    const UNITS: [(u64, &str); 4] = [
        (1_000_000_000_000, "T"),
        (1_000_000_000, "G"),
        (1_000_000, "M"),
        (1000, "k"),
    ];
    // What rounds up to a thousand of a unit belongs to the next one.
    for (size, unit) in UNITS {
        if number.saturating_add(size / 2000) < size {
            continue;
        }
        let tenths = rounded(number, size / 10);
        return if tenths >= 1000 {
            format!("{}{unit}", rounded(number, size))
        } else {
            format!("{}.{}{unit}", tenths / 10, tenths % 10)
        };
    }
    number.to_string()
}

/// How many times `unit` goes into `number`, rounded half up.
fn rounded(number: u64, unit: u64) -> u64 {
    number / unit + u64::from(number % unit >= unit.div_ceil(2))
}

/// Dollars with `places` decimals, at most nine: `1,234.5601`.
pub fn usd(amount: Usd, places: usize) -> String {
    nanos(amount.as_nanos(), places)
}

/// A difference in dollars: `-0.7500`.
pub fn usd_change(amount: UsdChange, places: usize) -> String {
    nanos(amount.as_nanos(), places)
}

fn nanos(nanos: i64, places: usize) -> String {
    let places = places.min(9);
    let unit = 10_u64.pow(9 - u32::try_from(places).unwrap_or(9));
    let magnitude = nanos.unsigned_abs();
    let (mut rounded, rest) = (magnitude / unit, magnitude % unit);
    if rest * 2 > unit || (rest * 2 == unit && !rounded.is_multiple_of(2)) {
        rounded += 1;
    }
    let sign = if nanos < 0 && rounded > 0 { "-" } else { "" };
    let one = 10_u64.pow(u32::try_from(places).unwrap_or(0));
    let whole = count(rounded / one);
    if places == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{:0places$}", rounded % one)
    }
}

/// A share of 0 to 1 as `19.7%`.
pub fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A share as [`percent`] gives it; `-` where there is nothing to divide by.
pub(super) fn rate(share: Option<f64>) -> String {
    share.map_or_else(|| "-".into(), percent)
}

/// A relative change as `+19.7%`; `-` where there was nothing before.
pub fn percent_change(change: Option<f64>) -> String {
    change.map_or_else(|| "-".into(), |change| format!("{:+.1}%", change * 100.0))
}

/// At most six characters: `350ms`, `19.0s`, `12m05s`, `3h20m`.
pub fn duration(of: Millis) -> String {
    let ms = rounded(of.0, 1000);
    let tenths = rounded(of.0, 100_000);
    let seconds = if tenths < 600 {
        ms / 1000
    } else {
        rounded(of.0, 1_000_000)
    };
    match seconds {
        0 => format!("{ms}ms"),
        1..=59 => format!("{}.{}s", tenths / 10, tenths % 10),
        60..=3599 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..=359_999 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d", count(seconds / 86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_or_compact() {
        for (number, grouped, short) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1000, "1,000", "1.0k"),
            (999_949, "999,949", "1.0M"),
            (99_949, "99,949", "99.9k"),
            (99_950, "99,950", "100k"),
            (19_864, "19,864", "19.9k"),
            (123_456, "123,456", "123k"),
            (u64::MAX, "18,446,744,073,709,551,615", "18446744T"),
        ] {
            assert_eq!(
                (count(number).as_str(), compact(number).as_str()),
                (grouped, short)
            );
        }
    }

    #[test]
    fn money_is_rounded_half_to_even() {
        let of = |nanos, places| usd(Usd::from_nanos(nanos), places);
        assert_eq!(of(56_150_000, 4), "0.0562");
        assert_eq!(of(56_050_000, 4), "0.0560");
        assert_eq!(of(1_234_567_890_000, 2), "1,234.57");
        assert_eq!(of(1_500_000_000, 0), "2");
        assert_eq!(of(i64::MAX, 9), "9,223,372,036.854775807");
        let loss = UsdChange::between(Usd::from_nanos(750_000_000), Usd::ZERO);
        assert_eq!(usd_change(loss, 4), "-0.7500");
    }

    #[test]
    fn durations_and_shares_are_short() {
        for (us, text) in [
            (350_000, "350ms"),
            (19_040_000, "19.0s"),
            (999_600, "1.0s"),
            (59_960_000, "1m00s"),
            (725_000_000, "12m05s"),
            (12_000_000_000, "3h20m"),
            (864_000_000_000, "10d"),
        ] {
            assert_eq!(duration(Millis(us)), text);
        }
        assert_eq!(percent(0.1973), "19.7%");
        assert_eq!(percent_change(Some(-0.5)), "-50.0%");
        assert_eq!(percent_change(None), "-");
    }
}
