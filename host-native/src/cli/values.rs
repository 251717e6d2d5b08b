//! Values of options: names, spans of time, JSON objects.

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::str::FromStr;
use std::time::Duration;

use muster_core::coordination::check_name;
use muster_core::view::Millis;
use muster_core::{Decimal, JsonObject, Timestamp};

use crate::error::Failure;
use crate::files::text_of;

/// A text that can name an agent, a type, a workflow or a group.
pub(crate) fn name(text: &str) -> Result<String, String> {
    match check_name(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A share from 0 to 1: `0.4`, `.4` or `40%`.
pub(crate) fn share(text: &str) -> Result<Decimal, String> {
    let (number, percent) = match text.strip_suffix('%') {
        Some(number) => (number, true),
        None => (text, false),
    };
    let number = match number.strip_prefix('.') {
        Some(fraction) => format!("0.{fraction}"),
        None => number.to_owned(),
    };
    Decimal::parse(&number)
        .map(|number| {
            if percent {
                Decimal::from_nanos(number.as_nanos() / 100)
            } else {
                number
            }
        })
        .filter(|share| (Decimal::ZERO..=Decimal::ONE).contains(share))
        .ok_or_else(|| "it is a share from 0 to 1, such as 0.4, or in percent, such as 40%".into())
}

/// A span of time: `90`, `90s`, `1.5s`, `250ms`, `5m`, `2h` or `7d`. A bare number is
/// seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    us: u64,
}

/// A span of time above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval(pub(crate) Span);

/// For how long a record is kept: whole seconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime(u64);

impl Lifetime {
    /// So many seconds.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// In seconds.
    pub(crate) fn as_seconds(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }
}

impl Span {
    /// So many seconds.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self {
            us: seconds.saturating_mul(1_000_000),
        }
    }

    /// In microseconds.
    pub(crate) const fn us(self) -> u64 {
        self.us
    }

    /// The moment that is so much later.
    pub(crate) fn after(self, at: Timestamp) -> Timestamp {
        at.saturating_add_us(i64::try_from(self.us).unwrap_or(i64::MAX))
    }

    /// As the standard library has it.
    pub(crate) const fn duration(self) -> Duration {
        Duration::from_micros(self.us)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const LOOK: &str = "a span of time looks like 30, 1.5s, 250ms, 5m, 2h or 7d";
        // What is longer than a century is no span that anybody means.
        const LONGEST_US: u64 = 36_525 * 86_400_000_000;
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit_us: u64 = match &text[digits.len()..] {
            "" | "s" => 1_000_000,
            "ms" => 1_000,
            "m" => 60_000_000,
            "h" => 3_600_000_000,
            "d" => 86_400_000_000,
            _ => return Err(LOOK.into()),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(LOOK.into());
        }
        let places = fraction.get(..9).unwrap_or(fraction);
        let scale = 10_u64.pow(u32::try_from(places.len()).unwrap_or(9));
        let part = u128::from(places.parse::<u64>().unwrap_or(0)) * u128::from(unit_us)
            / u128::from(scale);
        whole
            .parse::<u64>()
            .ok()
            .and_then(|whole| whole.checked_mul(unit_us))
            .and_then(|whole| whole.checked_add(u64::try_from(part).ok()?))
            .filter(|us| *us <= LONGEST_US)
            .map(|us| Self { us })
            .ok_or_else(|| "the span is longer than a hundred years".into())
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.us.is_multiple_of(1_000_000) {
            write!(f, "{}s", self.us / 1_000_000)
        } else {
            write!(f, "{}ms", Millis(self.us))
        }
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<Span>()? {
            Span { us: 0 } => Err("the span must be above zero".into()),
            span => Ok(Self(span)),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Lifetime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Span { us } = text.parse()?;
        if us == 0 || !us.is_multiple_of(1_000_000) {
            return Err("a lifetime is a whole number of seconds, at least 1".into());
        }
        match u32::try_from(us / 1_000_000) {
            Ok(seconds) => Ok(Self(seconds.into())),
            Err(_) => Err("the lifetime is too long".into()),
        }
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

/// A JSON object: as it stands, of a file (`@FILE`), or of the standard input (`-`).
pub(crate) fn json_object(option: &str, text: Option<&str>) -> Result<JsonObject, Failure> {
    /// Nobody sends more in one record.
    const MAX_BYTES: u64 = 16 << 20;
    let Some(text) = text else {
        return Ok(JsonObject::default());
    };
    let read = |from: &mut dyn io::Read| {
        let mut bytes = Vec::new();
        from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            let message = format!("it has more than {} MiB", MAX_BYTES >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        text_of(bytes)
    };
    let unreadable = |place: &str, error: &io::Error| {
        Failure::reading(&format!("cannot read {place}"), error).hint(format!(
            "{option} takes the object itself, @FILE, or - for the standard input"
        ))
    };
    let (text, place) = match (text, text.strip_prefix('@')) {
        ("-", _) => {
            let text = read(&mut io::stdin().lock());
            let place = "the standard input";
            (
                text.map_err(|error| unreadable(place, &error))?,
                Some(place),
            )
        }
        (_, Some(file)) => {
            let text = fs::File::open(file).and_then(|mut file| read(&mut file));
            (text.map_err(|error| unreadable(file, &error))?, Some(file))
        }
        _ => (text.to_owned(), None),
    };
    JsonObject::parse(&text).map_err(|error| {
        match place {
            Some(place) => {
                Failure::unusable(format!("{option}: {place} holds no JSON object: {error}"))
            }
            None => Failure::usage(format!("{option} is no JSON object: {error}")),
        }
        .hint("write it such as '{\"step\": 2}'")
    })
}

/// The name that the user goes by: that of the environment, else that of the account,
/// else its number.
pub(crate) fn user() -> String {
    let id = rustix::process::getuid().as_raw();
    ["USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
        .or_else(|| account_name(&fs::read_to_string("/etc/passwd").ok()?, id))
        .unwrap_or_else(|| format!("user {id}"))
}

/// The name of an account in a table of accounts such as `/etc/passwd`.
fn account_name(table: &str, id: u32) -> Option<String> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let number = fields.nth(1)?.parse::<u32>().ok()?;
        (number == id).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_fraction_or_in_percent() {
        for (text, nanos) in [
            ("0", 0),
            ("1", 1_000_000_000),
            ("0.4", 400_000_000),
            (".4", 400_000_000),
            ("40%", 400_000_000),
            ("12.5%", 125_000_000),
            ("100%", 1_000_000_000),
        ] {
            assert_eq!(share(text), Ok(Decimal::from_nanos(nanos)), "{text}");
        }
        for text in ["", "%", ".", "40", "1.01", "101%", "-0.1", "half", "4 0%"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_account_has_its_name() {
        let table = "root:x:0:0:root:/root:/bin/sh\n# no account\n\n:x:5:5::/:\nkim:x:1000:1000::/home/kim:/bin/sh\n";
        assert_eq!(account_name(table, 0).as_deref(), Some("root"));
        assert_eq!(account_name(table, 1000).as_deref(), Some("kim"));
        assert_eq!(account_name(table, 5), None);
        assert_eq!(account_name("", 0), None);
    }

    #[test]
    fn spans_of_time_are_exact() {
        for (text, us) in [
            ("30", 30_000_000),
            ("0", 0),
            ("1.5", 1_500_000),
            ("1.5s", 1_500_000),
            ("250ms", 250_000),
            ("5m", 300_000_000),
            ("0.5h", 1_800_000_000),
            ("7d", 604_800_000_000),
            ("0.0000001", 0),
            ("1.0000000000000000000001", 1_000_000),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.us(), us, "{text}");
            assert_eq!(span.to_string().parse(), Ok(span), "{text}");
        }
        for text in [
            "",
            "s",
            "-1",
            "1 s",
            "1y",
            ".5",
            "1.",
            "1e3",
            "99999999999",
            "1.5.5",
            "\u{b2}",
            "5\u{b5}s",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        assert!("0".parse::<Interval>().is_err());
    }

    #[test]
    fn lifetimes_are_whole_seconds() {
        assert_eq!("5m".parse(), Ok(Lifetime(300)));
        for text in ["0", "1.5", "50000d", ""] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }

    #[test]
    fn objects_come_from_the_option_or_a_file() {
        let of = |text: &str| json_object("--payload", Some(text));
        assert_eq!(of("{\"a\":1}").unwrap().as_str(), "{\"a\": 1}");
        assert!(json_object("--payload", None).unwrap().is_empty());
        let wrong = of("[1]").unwrap_err();
        assert_eq!(wrong.kind.exit(), 2);
        assert_eq!(of("@/nonexistent/x").unwrap_err().kind.exit(), 3);
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "{\"b\": 2}\n").unwrap();
        let text = format!("@{}", file.path().display());
        assert_eq!(of(&text).unwrap().as_str(), "{\"b\": 2}");
    }
}
