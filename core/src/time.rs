//! Points in time, UTC days and half-open windows.
//!
//! There is no clock here: `now` is always an argument. There are no time zones
//! either: a time without an offset is taken as UTC, and a caller that knows a
//! file to hold local time shifts it with [`Timestamp::checked_add_us`].

use core::fmt;

use serde::{Serialize, Serializer};

/// Microseconds in a second.
pub const US_PER_SECOND: i64 = 1_000_000;
/// Microseconds in a UTC day.
pub const US_PER_DAY: i64 = 86_400 * US_PER_SECOND;

/// A point in time: microseconds since 1970-01-01T00:00:00Z, year 0000 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is no point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeError;

/// Whether a text said what its time is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// `Z` or a numeric offset was given.
    Stated,
    /// No offset was given; the time was taken as UTC.
    Naive,
}

impl Timestamp {
    /// 0000-01-01T00:00:00Z.
    pub const MIN: Self = Self(-719_528 * US_PER_DAY);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(2_932_897 * US_PER_DAY - 1);

    /// A time from microseconds since 1970, if it lies in the years 0000 to 9999.
    pub const fn from_micros(us: i64) -> Result<Self, TimeError> {
        if us < Self::MIN.0 || us > Self::MAX.0 {
            Err(TimeError)
        } else {
            Ok(Self(us))
        }
    }

    /// A time from milliseconds since 1970.
    pub const fn from_millis(ms: i64) -> Result<Self, TimeError> {
        match ms.checked_mul(1000) {
            Some(us) => Self::from_micros(us),
            None => Err(TimeError),
        }
    }

    /// A time from whole seconds since 1970.
    pub const fn from_seconds(s: i64) -> Result<Self, TimeError> {
        match s.checked_mul(US_PER_SECOND) {
            Some(us) => Self::from_micros(us),
            None => Err(TimeError),
        }
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The UTC day that holds this time.
    pub const fn day(self) -> Day {
        // In range by construction: the day count of year 9999 fits 22 bits.
        #[expect(clippy::cast_possible_truncation)]
        Day(self.0.div_euclid(US_PER_DAY) as i32)
    }

    /// This time shifted by `us` microseconds, or `None` outside years 0000 to 9999.
    pub const fn checked_add_us(self, us: i64) -> Option<Self> {
        match self.0.checked_add(us) {
            Some(sum) => match Self::from_micros(sum) {
                Ok(at) => Some(at),
                Err(TimeError) => None,
            },
            None => None,
        }
    }

    /// Like [`Self::checked_add_us`], but stops at the ends of the range.
    #[must_use]
    pub fn saturating_add_us(self, us: i64) -> Self {
        Self(self.0.saturating_add(us).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Reads ISO 8601 as the logs hold it: `2026-11-19T08:15:02.0045Z`, with `Z`,
    /// `+02:00`, `+0200` or no offset (UTC), `T` or a space, with or without
    /// seconds and fraction (digits after the sixth are cut off). A date alone is
    /// its midnight.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        Self::parse_with_zone(text).map(|(at, _)| at)
    }

    /// Like [`Self::parse`], and says whether an offset was stated.
    pub fn parse_with_zone(text: &str) -> Result<(Self, Zone), TimeError> {
        let mut rest = text.as_bytes();
        let day = take_date(&mut rest)?;
        if rest.is_empty() {
            return Self::from_micros(i64::from(day.0) * US_PER_DAY).map(|at| (at, Zone::Naive));
        }
        let (b'T' | b't' | b' ') = take_byte(&mut rest)? else {
            return Err(TimeError);
        };
        let time_of_day = take_time(&mut rest)?;
        let (offset_s, zone) = take_offset(rest)?;
        let us = i64::from(day.0) * US_PER_DAY + time_of_day - offset_s * US_PER_SECOND;
        Self::from_micros(us).map(|at| (at, zone))
    }

    /// Reads exactly `YYYY-MM-DDTHH:MM:SS.ffffffZ`, the form that usage logs are
    /// written in; `None` for every other text.
    pub(crate) fn parse_usage_form(b: &[u8; 27]) -> Option<Self> {
        let separators = [b[4], b[7], b[10], b[13], b[16], b[19], b[26]];
        if separators != *b"--T::.Z" {
            return None;
        }
        let date = eight_digits([b[0], b[1], b[2], b[3], b[5], b[6], b[8], b[9]])?;
        let time = eight_digits([b[11], b[12], b[14], b[15], b[17], b[18], b[20], b[21]])?;
        let micros = eight_digits([b'0', b'0', b'0', b'0', b[22], b[23], b[24], b[25]])?;
        let day = day_of(date / 10_000, date / 100 % 100, date % 100).ok()?;
        let (hour, minute, second) = (time / 1_000_000, time / 10_000 % 100, time / 100 % 100);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = i64::from(hour * 3600 + minute * 60 + second);
        let fraction = i64::from(time % 100 * 10_000 + micros);
        Some(Self(
            i64::from(day.0) * US_PER_DAY + seconds * US_PER_SECOND + fraction,
        ))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with `Z`; the fraction has six digits and is left out when zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_day = self.0.rem_euclid(US_PER_DAY);
        let (seconds, us) = (in_day / US_PER_SECOND, in_day % US_PER_SECOND);
        write!(
            f,
            "{}T{:02}:{:02}:{:02}",
            self.day(),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )?;
        if us == 0 {
            f.write_str("Z")
        } else {
            write!(f, ".{us:06}Z")
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time such as 2026-11-19T08:15:02Z in the years 0000 to 9999")
    }
}

impl core::error::Error for TimeError {}

/// A UTC day: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let mut rest = text.as_bytes();
        let day = take_date(&mut rest)?;
        if rest.is_empty() {
            Ok(day)
        } else {
            Err(TimeError)
        }
    }

    /// The first moment of the day.
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 as i64 * US_PER_DAY)
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The day with this number, if it lies in the years 0000 to 9999.
    pub const fn from_number(days: i32) -> Result<Self, TimeError> {
        match Timestamp::from_micros(days as i64 * US_PER_DAY) {
            Ok(at) => Ok(at.day()),
            Err(error) => Err(error),
        }
    }

    /// Year, month (1 to 12) and day of the month in the Gregorian calendar.
    pub(crate) fn civil(self) -> (i64, i64, i64) {
        // Era arithmetic on 400-year cycles that begin on 1 March of year 0.
        let z = i64::from(self.0) + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A half-open span of time, `[from, to)`; a missing bound is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Window {
    /// First moment inside.
    pub from: Option<Timestamp>,
    /// First moment after.
    pub to: Option<Timestamp>,
}

impl Window {
    /// All of time.
    pub const ALL: Self = Self {
        from: None,
        to: None,
    };

    /// The `us` microseconds before `now`: `[now - us, now)`.
    pub fn before(now: Timestamp, us: i64) -> Self {
        Self {
            from: Some(now.saturating_add_us(us.saturating_neg())),
            to: Some(now),
        }
    }

    /// Whether `at` lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    /// Whether everything from `first` to `last`, both included, lies inside.
    pub fn covers(&self, first: Timestamp, last: Timestamp) -> bool {
        self.contains(first) && self.contains(last)
    }

    /// Whether nothing from `first` to `last`, both included, lies inside.
    pub fn is_disjoint(&self, first: Timestamp, last: Timestamp) -> bool {
        self.from.is_some_and(|from| last < from) || self.to.is_some_and(|to| to <= first)
    }
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, TimeError> {
    let (&first, tail) = rest.split_first().ok_or(TimeError)?;
    *rest = tail;
    Ok(first)
}

fn take_two(rest: &mut &[u8]) -> Result<i64, TimeError> {
    let (a, b) = (take_byte(rest)?, take_byte(rest)?);
    two_digits(a, b).map(i64::from).ok_or(TimeError)
}

fn two_digits(a: u8, b: u8) -> Option<u32> {
    let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
    if a > 9 || b > 9 {
        None
    } else {
        Some(u32::from(a) * 10 + u32::from(b))
    }
}

fn take_date(rest: &mut &[u8]) -> Result<Day, TimeError> {
    let (date, tail) = rest.split_first_chunk::<10>().ok_or(TimeError)?;
    *rest = tail;
    parse_date(date)
}

fn parse_date(b: &[u8; 10]) -> Result<Day, TimeError> {
    let century = two_digits(b[0], b[1]).ok_or(TimeError)?;
    let in_century = two_digits(b[2], b[3]).ok_or(TimeError)?;
    let month = two_digits(b[5], b[6]).ok_or(TimeError)?;
    let day = two_digits(b[8], b[9]).ok_or(TimeError)?;
    if b[4] != b'-' || b[7] != b'-' {
        return Err(TimeError);
    }
    day_of(century * 100 + in_century, month, day)
}

/// Eight decimal digits at once, two, four and eight of them by one multiplication each.
fn eight_digits(text: [u8; 8]) -> Option<u32> {
    let word = u64::from_le_bytes(text);
    let digits = word ^ 0x3030_3030_3030_3030;
    // A byte above nine shows in its high nibble, or when six are added.
    if (digits | digits.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let eight = fours.wrapping_mul(10_000).wrapping_add(fours >> 32);
    // The low half holds the value, below a hundred million.
    u32::try_from(eight & 0xffff_ffff).ok()
}

/// The day of a Gregorian date of the years 0000 to 9999.
fn day_of(year: u32, month: u32, day: u32) -> Result<Day, TimeError> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_in_month = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return Err(TimeError),
    };
    if day == 0 || day > days_in_month {
        return Err(TimeError);
    }
    // Counted in years that begin on 1 March, from 1 March of year -400, so that
    // no step goes below zero; 719,468 days lie between 0000-03-01 and 1970.
    let march_year = year + 400 - u32::from(month <= 2);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let days = march_year * 365 + march_year / 4 - march_year / 100
        + march_year / 400
        + (153 * march_month + 2) / 5
        + day
        - 1;
    Ok(Day(days.cast_signed() - 146_097 - 719_468))
}

/// Microseconds since midnight from `HH:MM[:SS[.ffffff]]`.
fn take_time(rest: &mut &[u8]) -> Result<i64, TimeError> {
    let hour = take_two(rest)?;
    if take_byte(rest)? != b':' {
        return Err(TimeError);
    }
    let minute = take_two(rest)?;
    let mut second = 0;
    let mut us = 0;
    if let [b':', tail @ ..] = rest {
        *rest = tail;
        second = take_two(rest)?;
        if let [b'.' | b',', tail @ ..] = rest {
            *rest = tail;
            us = take_fraction(rest)?;
        }
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err(TimeError);
    }
    Ok((hour * 3600 + minute * 60 + second) * US_PER_SECOND + us)
}

fn take_fraction(rest: &mut &[u8]) -> Result<i64, TimeError> {
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return Err(TimeError);
    }
    let (fraction, tail) = rest.split_at(digits);
    *rest = tail;
    let mut us = 0;
    for place in 0..6 {
        us = us * 10 + fraction.get(place).map_or(0, |b| i64::from(b - b'0'));
    }
    Ok(us)
}

/// Seconds east of UTC from the rest of a time text.
fn take_offset(mut rest: &[u8]) -> Result<(i64, Zone), TimeError> {
    let sign = match rest {
        [] => return Ok((0, Zone::Naive)),
        [b'Z' | b'z'] => return Ok((0, Zone::Stated)),
        [b'+', tail @ ..] => {
            rest = tail;
            1
        }
        [b'-', tail @ ..] => {
            rest = tail;
            -1
        }
        _ => return Err(TimeError),
    };
    let hours = take_two(&mut rest)?;
    if let [b':', tail @ ..] = rest {
        rest = tail;
    }
    let minutes = if rest.is_empty() {
        0
    } else {
        take_two(&mut rest)?
    };
    if !rest.is_empty() || hours > 23 || minutes > 59 {
        return Err(TimeError);
    }
    Ok((sign * (hours * 3600 + minutes * 60), Zone::Stated))
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got =
            Timestamp::parse(text).map_or_else(|_| String::from("error"), |at| at.to_string());
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn every_form_of_the_logs_is_read() {
        check("2026-11-19T08:15:02.004500Z", "2026-11-19T08:15:02.004500Z");
        check("2026-11-19T08:15:02Z", "2026-11-19T08:15:02Z");
        check(
            "2026-11-20T09:01:02.345678+00:00",
            "2026-11-20T09:01:02.345678Z",
        );
        check("2026-11-20T09:01:02+02:30", "2026-11-20T06:31:02Z");
        check("2026-11-20T09:01:02-0800", "2026-11-20T17:01:02Z");
        check("2026-11-20T09:01:02.5", "2026-11-20T09:01:02.500000Z");
        check("2026-11-20 09:01", "2026-11-20T09:01:00Z");
        check(
            "2026-11-20T09:01:02.123456789Z",
            "2026-11-20T09:01:02.123456Z",
        );
        check("2024-02-29", "2024-02-29T00:00:00Z");
        check("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z");
        check("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for text in [
            "",
            "x",
            "2026",
            "2026-13-01",
            "2026-02-29",
            "2026-11-31T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T09:60:00Z",
            "2026-11-20T09:01:60Z",
            "2026-11-20T09:01:02.Z",
            "2026-11-20T09:01:02+25:00",
            "2026-11-20T09:01:02Zx",
            "2026-11-20T",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "2026-11-20T09:01:02+",
            "20261120",
            "\u{0662}026-11-20",
        ] {
            check(text, "error");
        }
    }

    #[test]
    fn naive_and_stated_offsets_are_told_apart() {
        let zone = |text| Timestamp::parse_with_zone(text).map(|(_, zone)| zone);
        assert_eq!(zone("2026-11-20T09:01:02.5"), Ok(Zone::Naive));
        assert_eq!(zone("2026-11-20T09:01:02.5Z"), Ok(Zone::Stated));
    }

    #[test]
    fn windows_are_half_open() {
        let at = |us| Timestamp::from_micros(us).unwrap();
        let window = Window {
            from: Some(at(10)),
            to: Some(at(20)),
        };
        assert!(window.contains(at(10)) && window.contains(at(19)));
        assert!(!window.contains(at(9)) && !window.contains(at(20)));
        assert!(window.covers(at(10), at(19)) && !window.covers(at(10), at(20)));
        assert!(window.is_disjoint(at(0), at(9)) && window.is_disjoint(at(20), at(30)));
        assert!(!window.is_disjoint(at(0), at(10)));
        assert!(Window::ALL.contains(Timestamp::MIN) && Window::ALL.contains(Timestamp::MAX));
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree_with_each_other_and_with_jiff(us in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let at = Timestamp::from_micros(us).unwrap();
            let text = at.to_string();
            prop_assert_eq!(Timestamp::parse(&text), Ok(at));
            let oracle: jiff::Timestamp = text.parse().unwrap_or(jiff::Timestamp::MIN);
            // jiff's range ends a little before the year 9999 does.
            if oracle != jiff::Timestamp::MIN {
                prop_assert_eq!(oracle.as_microsecond(), us);
            }
        }

        #[test]
        fn the_usage_form_agrees_with_the_general_reader(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{6}Z") {
            let bytes: &[u8; 27] = text.as_bytes().try_into().unwrap();
            prop_assert_eq!(Timestamp::parse_usage_form(bytes), Timestamp::parse(&text).ok());
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Timestamp::parse(&text);
        }
    }
}
