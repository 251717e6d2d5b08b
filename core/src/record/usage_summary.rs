//! Sums of usage by day as attune keeps them: the document `usage_summary.json`,
//! version 1.0. It is a cache of the logs, never an answer of its own.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::json::{Fields, RecordError, Value};
use crate::money::Usd;
use crate::time::{Day, Timestamp};

/// The sums and what they were made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSummary<'a> {
    /// `v`: the version of the format; known is `1.0`.
    pub version: Option<Cow<'a, str>>,
    /// `updated`: when the sums were made.
    pub updated: Option<Timestamp>,
    /// `source_sig`: the logs that were summed, by name, and their sizes in
    /// bytes; `None` in documents of releases before 9.2, which do not say.
    pub source_sizes: Option<BTreeMap<String, u64>>,
    /// `days`: the sums of each UTC day.
    pub days: BTreeMap<Day, SummaryDay>,
}

/// The sums of one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SummaryDay {
    /// `calls`: how many calls.
    pub calls: u64,
    /// `cost`: what they cost.
    pub cost: Usd,
    /// `tokens_in`: tokens sent.
    pub tokens_in: u64,
    /// `tokens_out`: tokens given back.
    pub tokens_out: u64,
    /// `cache_hits`: calls answered from the response cache.
    pub cache_hits: u64,
    /// `cache_misses`: the others.
    pub cache_misses: u64,
    /// `by_tier`: cost by price class.
    pub by_tier: BTreeMap<String, Usd>,
    /// `by_workflow`: cost by who made the calls.
    pub by_workflow: BTreeMap<String, Usd>,
    /// `by_provider`: cost by who runs the models.
    pub by_provider: BTreeMap<String, Usd>,
}

impl<'a> UsageSummary<'a> {
    /// Reads the document. `days` must be there.
    pub fn parse(document: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(document)?;
        let mut days = BTreeMap::new();
        for (day, value) in fields.require("days")?.object()?.iter("days") {
            let day = Day::parse(day).map_err(|_| value.bad())?;
            if days.insert(day, SummaryDay::of(value)?).is_some() {
                return Err(value.duplicate());
            }
        }
        Ok(Self {
            version: fields.get_or_null("v", Value::text)?,
            updated: fields.get_or_null("updated", Value::time)?,
            source_sizes: fields.get_or_null("source_sig", |sizes| {
                by_name(sizes, "source_sig", Value::count)
            })?,
            days,
        })
    }
}

impl SummaryDay {
    fn of(value: Value<'_>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        let costs = |field| {
            fields.get_or(field, BTreeMap::new(), |costs| {
                by_name(costs, field, Value::usd)
            })
        };
        Ok(Self {
            calls: fields.get_or("calls", 0, Value::count)?,
            cost: fields.get_or("cost", Usd::ZERO, Value::usd)?,
            tokens_in: fields.get_or("tokens_in", 0, Value::count)?,
            tokens_out: fields.get_or("tokens_out", 0, Value::count)?,
            cache_hits: fields.get_or("cache_hits", 0, Value::count)?,
            cache_misses: fields.get_or("cache_misses", 0, Value::count)?,
            by_tier: costs("by_tier")?,
            by_workflow: costs("by_workflow")?,
            by_provider: costs("by_provider")?,
        })
    }
}

fn by_name<'a, T>(
    value: Value<'a>,
    field: &'static str,
    read: impl Fn(Value<'a>) -> Result<T, RecordError>,
) -> Result<BTreeMap<String, T>, RecordError> {
    let mut values = BTreeMap::new();
    for (name, value) in value.object()?.iter(field) {
        if values.insert(name.into(), read(value)?).is_some() {
            return Err(value.duplicate());
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = r#"{"v":"1.0","updated":"2026-11-20T11:44:26.152404Z","source_sig":{"usage.jsonl":48411},"days":{"2026-10-07":{"calls":2,"cost":0.12787199999999999,"tokens_in":15949,"tokens_out":5335,"cache_hits":0,"cache_misses":2,"by_tier":{"CAPABLE":0.070047,"SDK":0.057825},"by_workflow":{"test-gen":0.070047,"security-audit":0.057825},"by_provider":{"anthropic":0.12787199999999999}}}}"#;

    #[test]
    fn the_document_is_read() {
        let summary = UsageSummary::parse(NOW).unwrap();
        assert_eq!(summary.version.as_deref(), Some("1.0"));
        assert_eq!(summary.source_sizes.unwrap()["usage.jsonl"], 48_411);
        let day = &summary.days[&Day::parse("2026-10-07").unwrap()];
        assert_eq!((day.calls, day.cache_misses), (2, 2));
        assert_eq!(day.cost.as_nanos(), 127_872_000);
        assert_eq!(day.by_tier["SDK"].as_nanos(), 57_825_000);
    }

    #[test]
    fn older_documents_do_not_say_what_they_sum() {
        let old = r#"{"updated":null,"days":{"2026-10-07":{}}}"#;
        let summary = UsageSummary::parse(old).unwrap();
        assert_eq!((summary.source_sizes, summary.updated), (None, None));
        assert_eq!(
            summary.days.into_values().next(),
            Some(SummaryDay::default())
        );
    }

    #[test]
    fn what_is_wrong_is_an_error() {
        let error = |from: &str, to: &str| {
            UsageSummary::parse(&NOW.replacen(from, to, 1))
                .unwrap_err()
                .kind
                .code()
        };
        assert_eq!(error("\"days\"", "\"tage\""), "missing_field");
        assert_eq!(error("2026-10-07", "2026-13-07"), "bad_value");
        assert_eq!(error("48411", "-1"), "bad_value");
        assert_eq!(error("\"calls\":2", "\"calls\":null"), "wrong_type");
        assert_eq!(error("\"SDK\"", "\"CAPABLE\""), "duplicate_field");
        assert_eq!(error("}}}}", "}}}"), "not_json");
    }
}
