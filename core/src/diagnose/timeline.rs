//! When the records of logs without times were written.
//!
//! A record gets its own time, that of the telemetry event of the same fact, or
//! bounds: it is no older than the record before it and the process start, and
//! no younger than the record after it.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::evidence::{Collected, Evidence, LogEvidence, OtelEvidence, Record};
use super::pack::{LogRule, Rulebook};
use super::verdict::Exhibit;
use crate::time::Timestamp;

/// Starts of one process stand within so many lines.
const START_LINES: u64 = 60;
/// Of a record, so many characters are shown.
const EXCERPT_CHARS: usize = 200;

/// A record and when it was written.
#[derive(Clone, Debug)]
pub(crate) struct Placed<'a> {
    pub(crate) record: &'a Record,
    pub(crate) at: Option<Timestamp>,
    pub(crate) not_after: Option<Timestamp>,
    /// It lies in the window and in the life of the process that runs now.
    pub(crate) current: bool,
}

/// The records of one log with their times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timeline<'a> {
    pub(crate) source: String,
    pub(crate) placed: Vec<Placed<'a>>,
}

/// What bounds a diagnosis in time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from: Timestamp,
    /// What is younger has not happened yet.
    pub(crate) to: Timestamp,
    pub(crate) started: Option<Timestamp>,
    /// The process before this one ended itself, so that what it told counts on.
    pub(crate) restarted_itself: bool,
}

impl Span {
    /// Whether a fact of this time counts as current.
    pub(crate) fn holds(&self, at: Timestamp) -> bool {
        at >= self.from
            && at <= self.to
            && (self.restarted_itself || self.started.is_none_or(|start| at >= start))
    }
}

impl<'a> Timeline<'a> {
    pub(crate) fn new(
        source: &str,
        log: &'a LogEvidence,
        rules: &Rulebook,
        otel: Option<&OtelEvidence>,
        span: Span,
    ) -> Self {
        let records = &log.records;
        let by_id: BTreeMap<&str, _> = rules.logs.iter().map(|rule| (&*rule.id, rule)).collect();
        let rule = |record: &Record| by_id.get(&*record.rule).copied();
        let mut times: Vec<Option<Timestamp>> = records
            .iter()
            .map(|record| {
                let own = rule(record).and_then(|rule| own_time(record, rule));
                own.or(record.at)
            })
            .collect();
        if let Some(otel) = otel {
            align(records, rules, otel, &mut times);
        }
        let boundary = last_start(records, rules);
        let mut placed: Vec<Placed<'_>> = Vec::with_capacity(records.len());
        let mut not_after: Option<Timestamp> = None;
        for (at, record) in records.iter().enumerate().rev() {
            let before_start = boundary.is_some_and(|boundary| at < boundary);
            if let Some(own) = times[at] {
                not_after = Some(not_after.map_or(own, |later| later.min(own)));
            }
            let bound = if before_start {
                match (not_after, span.started) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                }
            } else {
                not_after
            };
            let current = match times[at] {
                Some(own) => span.holds(own),
                None => bound.is_none_or(|bound| bound >= span.from),
            };
            placed.push(Placed {
                record,
                at: times[at],
                not_after: bound,
                current: current && (!before_start || span.restarted_itself),
            });
        }
        placed.reverse();
        Self {
            source: source.to_string(),
            placed,
        }
    }

    /// Records of a rule that count.
    pub(crate) fn current(&self, rule: &'static str) -> impl Iterator<Item = &Placed<'a>> {
        self.of(rule).filter(|placed| placed.current)
    }

    /// All records of a rule.
    pub(crate) fn of<'s>(&'s self, rule: &'s str) -> impl Iterator<Item = &'s Placed<'a>> {
        self.placed
            .iter()
            .filter(move |placed| *placed.record.rule == *rule)
    }

    /// How a record is shown.
    pub(crate) fn exhibit(&self, placed: &Placed<'_>) -> Exhibit {
        let record = placed.record;
        let mut text = record.head.clone();
        if let Some(head) = text.strip_suffix('{') {
            text = head.trim_end().to_string();
            for (name, value) in record.fields.iter().take(6) {
                text.push(' ');
                text.push_str(name);
                text.push('=');
                text.extend(
                    value
                        .chars()
                        .take(80)
                        .map(|c| if c == '\n' { ' ' } else { c }),
                );
            }
        }
        Exhibit {
            source: self.source.clone(),
            line: Some(record.line),
            at: placed.at,
            bounded: placed.at.is_none(),
            text: excerpt(&text),
        }
    }
}

/// The first characters of a text.
pub(crate) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(EXCERPT_CHARS).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

/// The record at which the process that runs now began to write.
fn last_start(records: &[Record], rules: &Rulebook) -> Option<usize> {
    let is_start = |record: &Record| {
        rules
            .logs
            .iter()
            .any(|rule| rule.is_start && rule.id == *record.rule)
    };
    let mut boundary = records.iter().rposition(is_start)?;
    for at in (0..boundary).rev() {
        if records[at].line + START_LINES < records[boundary].line
            || *records[at].rule == *"shutting_down"
        {
            break;
        }
        if is_start(&records[at]) {
            boundary = at;
        }
    }
    Some(boundary)
}

fn own_time(record: &Record, rule: &LogRule) -> Option<Timestamp> {
    match rule.time.as_slice() {
        [] => None,
        [field] => parse_time(record.field(field)?),
        fields => {
            let parts: Option<Vec<&str>> = fields.iter().map(|name| record.field(name)).collect();
            parse_time(&parts?.join("T").replace('/', "-"))
        }
    }
}

/// A time as it stands in fields: ISO text, milliseconds, an id of a Redis
/// stream, or the name of a transcript.
fn parse_time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = Timestamp::parse(text) {
        return Some(at);
    }
    let digits = text.split('-').next().unwrap_or("");
    if digits.len() >= 12 && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Timestamp::from_millis(digits.parse().ok()?).ok();
    }
    // `2027-01-15T17-00-00-120Z_ID.jsonl`
    let name = text.rsplit('/').next()?;
    let (date, rest) = name.split_once('T')?;
    let stamp = rest.split_once('Z')?.0;
    let mut parts = stamp.split('-');
    let (h, m, s) = (parts.next()?, parts.next()?, parts.next()?);
    let ms = parts.next().unwrap_or("0");
    Timestamp::parse(&alloc::format!("{date}T{h}:{m}:{s}.{ms}Z")).ok()
}

/// Gives records the times of the events of the same facts, newest to newest.
fn align(
    records: &[Record],
    rules: &Rulebook,
    otel: &OtelEvidence,
    times: &mut [Option<Timestamp>],
) {
    for rule in &rules.logs {
        let Some(action) = &rule.event else { continue };
        let mut events = otel
            .events
            .iter()
            .rev()
            .filter(|event| event.action == *action);
        let mut later: Option<Timestamp> = None;
        for (at, record) in records.iter().enumerate().rev() {
            if *record.rule != *rule.id {
                continue;
            }
            let Some(event) = events.next() else { break };
            // A time that would stand before an earlier record's is another fact's.
            let before = times[..at].iter().rev().find_map(|time| *time);
            let after = times[at + 1..].iter().find_map(|time| *time).or(later);
            if times[at].is_none()
                && before.is_none_or(|before| before <= event.at.saturating_add_us(5_000_000))
                && after.is_none_or(|after| event.at <= after.saturating_add_us(5_000_000))
            {
                times[at] = Some(event.at);
                later = Some(event.at);
            }
        }
    }
}

/// When the process that runs now began.
pub(crate) fn process_start(evidence: &Evidence) -> Option<Timestamp> {
    if let Some(process) = evidence.process.get()
        && let Some(at) = process.time("started_ms")
    {
        return Some(at);
    }
    if let Some(status) = evidence.status.get()
        && let Some(uptime) = status
            .number("daemon.uptimeMs")
            .or_else(|| status.number("uptimeMs"))
        && let Some(checked) = status
            .time("daemon.checkedAt")
            .or_else(|| status.time("checkedAt"))
    {
        return checked.checked_add_us(uptime.checked_mul(-1000)?);
    }
    let started = |otel: &OtelEvidence| {
        let mut events = otel.events.iter().rev();
        events
            .find(|event| event.action == "daemon.started")
            .map(|event| event.at)
    };
    evidence.otel.get().and_then(started)
}

/// Whether the process before this one ended itself within the window.
pub(crate) fn restarted_itself(
    evidence: &Evidence,
    from: Timestamp,
    started: Option<Timestamp>,
) -> bool {
    if let Some(otel) = evidence.otel.get()
        && otel.events.iter().any(|event| {
            event.action == "daemon.shutdown.started"
                && event.at >= from
                && event
                    .text("signal")
                    .is_some_and(|signal| signal.starts_with("watchdog:"))
        })
    {
        return true;
    }
    if started.is_some_and(|started| started < from) {
        return false;
    }
    // A shutdown that nothing places in time counts only where the start after it does.
    match &evidence.out_log {
        Collected::Present(log) => log
            .records
            .iter()
            .rev()
            .find(|record| *record.rule == *"shutting_down")
            .and_then(|record| record.field("signal"))
            .is_some_and(|signal| signal.starts_with("watchdog:")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_in_ids_and_names() {
        let at = |text| parse_time(text).map(|at| at.to_string());
        assert_eq!(
            at("1800043080000-0").as_deref(),
            Some("2027-01-15T19:58:00Z")
        );
        assert_eq!(
            at("/home/op/sessions/2027-01-15T17-00-00-120Z_7d0c.jsonl").as_deref(),
            Some("2027-01-15T17:00:00.120000Z")
        );
        assert_eq!(
            at("2027-01-15T17:00:00Z").as_deref(),
            Some("2027-01-15T17:00:00Z")
        );
        assert_eq!(at("tui"), None);
        assert_eq!(at("12-0"), None);
        assert_eq!(at(""), None);
    }
}
