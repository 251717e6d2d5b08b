//! Times as people read them.

use jiff::tz::TimeZone;
use muster_core::Timestamp;

/// The time zone in which times are shown, and in which times are typed.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    name: String,
}

impl Zone {
    /// UTC.
    pub fn utc() -> Self {
        Self {
            zone: TimeZone::UTC,
            name: "UTC".into(),
        }
    }

    /// A zone by its name (`Europe/Berlin`), `local`, or an offset (`+02:00`).
    pub fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("utc") || name == "Z" {
            return Some(Self::utc());
        }
        if name == "local" {
            return Some(Self {
                zone: TimeZone::system(),
                name: "local time".into(),
            });
        }
        let parser = jiff::fmt::temporal::DateTimeParser::new();
        let zone = parser.parse_time_zone(name).ok()?;
        Some(Self {
            zone,
            name: name.to_owned(),
        })
    }

    /// What the zone is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `2026-11-20 08:15`
    pub fn minute(&self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d %H:%M")
    }

    /// `2026-11-20 08:15:02`
    pub fn second(&self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d %H:%M:%S")
    }

    /// `11-20 08:15`
    pub fn short(&self, at: Timestamp) -> String {
        self.format(at, "%m-%d %H:%M")
    }

    /// The point in time that a text without an offset means here.
    pub fn resolve(&self, text: &str) -> Option<Timestamp> {
        let text = text.replace(' ', "T");
        let local: jiff::civil::DateTime = text.parse().ok()?;
        let us = self.zone.to_timestamp(local).ok()?.as_microsecond();
        Timestamp::from_micros(us).ok()
    }

    fn format(&self, at: Timestamp, form: &str) -> String {
        // jiff's range ends a few days short of the core's.
        match jiff::Timestamp::from_microsecond(at.as_micros()) {
            Ok(stamp) => stamp.to_zoned(self.zone.clone()).strftime(form).to_string(),
            Err(_) => at.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_the_zone() {
        let at = Timestamp::parse("2026-11-20T23:15:02Z").unwrap();
        assert_eq!(Zone::utc().second(at), "2026-11-20 23:15:02");
        let east = Zone::parse("+02:00").unwrap();
        assert_eq!(east.minute(at), "2026-11-21 01:15");
        assert_eq!(east.short(at), "11-21 01:15");
        assert_eq!(east.resolve("2026-11-21T01:15:02"), Some(at));
        assert_eq!(east.resolve("2026-11-21 01:15:02"), Some(at));
        assert_eq!(east.resolve("soon"), None);
        assert!(Zone::parse("nowhere").is_none());
        assert_eq!(
            Zone::utc().second(Timestamp::MAX),
            Timestamp::MAX.to_string()
        );
    }
}
