//! The command queue: messages that wait, are merged, or are lost.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::model::errors;
use crate::diagnose::case::{Case, duration, is_channel};
use crate::diagnose::evidence::{EntryKind, Event};
use crate::diagnose::layer::Layer;
use crate::diagnose::timeline::Placed;
use crate::diagnose::verdict::{Exhibit, Judgement};
use crate::time::Timestamp;

/// Actions of the events that tell of a dropped duplicate.
const DROPS: [&str; 3] = [
    "queue.consecutive_dedup_dropped",
    "queue.dedup_dropped",
    "message.dedup_dropped",
];

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    found.extend(backlog(case));
    found.extend(dropped(case));
    found.extend(coalesced(case));
    found.extend(drain(case));
    found
}

fn backlog(case: &Case<'_>) -> Option<Judgement> {
    let limit = case.rules.threshold("backlog_events", 3);
    let mut exhibits = Vec::new();
    let mut layer = Layer::RedisState;
    if let Some(status) = case.status() {
        let sessions = status
            .find("activeSessions")
            .and_then(|list| list.as_array());
        let pending: i64 = sessions
            .into_iter()
            .flatten()
            .filter_map(|session| session.get("pending")?.as_i64())
            .fold(0, i64::saturating_add)
            .max(status.number("totalPending").unwrap_or(0));
        if pending > limit {
            layer = Layer::CliStatus;
            exhibits.push(Exhibit::of(
                "status",
                format!("{pending} events are pending"),
            ));
        }
    }
    for key in ["joelclaw:events:gateway", "joelclaw:events:main"] {
        if let Some(length) = case.redis_length(key)
            && length > limit
        {
            exhibits.push(Exhibit::of("redis", format!("{key} holds {length} events")));
        }
    }
    (!exhibits.is_empty()).then(|| case.find_in("queue.backlog", layer, exhibits))
}

/// Duplicates that were dropped: rightly, wrongly, or after a failure.
fn dropped(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    let from = case.long.from;
    let records: Vec<&Placed<'_>> = case
        .out_long
        .placed
        .iter()
        .filter(|placed| {
            matches!(
                &*placed.record.rule,
                "dropped_duplicate" | "store_dropped_duplicate"
            ) && placed.current
        })
        .collect();
    let events: Vec<&Event> = case
        .all_events()
        .filter(|event| DROPS.contains(&event.action.as_str()) && event.at >= from)
        .collect();
    if records.is_empty() && events.is_empty() {
        return found;
    }
    let lost = lost_after_failure(case, &records, &events);
    if !lost.is_empty() {
        found.push(case.find("queue.message_dropped_after_failure", lost));
        return found;
    }
    let wrong = wrongly_dropped(case, &events);
    if !wrong.is_empty() {
        let layer = if records.is_empty() {
            Layer::Otel
        } else {
            Layer::StdoutLog
        };
        let mut exhibits = wrong;
        exhibits.extend(records.iter().map(|placed| case.out_long.exhibit(placed)));
        found.push(case.find_in("dedup.false_positive", layer, exhibits));
        return found;
    }
    if events.is_empty() && !case.evidence.otel.is_present() {
        found.push(Judgement::CannotTell {
            layer: Layer::StdoutLog,
            why: "a duplicate was dropped, and without telemetry nothing says whether rightly"
                .to_string(),
        });
        return found;
    }
    let count = records.len().max(events.len());
    found.push(Judgement::Information {
        about: Some("dedup.false_positive"),
        text: format!(
            "{count} duplicate message(s) dropped, rightly as far as the evidence says.{}",
            deciding_values(&events)
        ),
    });
    found
}

fn number(event: &Event, camel: &str, snake: &str) -> Option<i64> {
    event.number(camel).or_else(|| event.number(snake))
}

fn stripped(event: &Event) -> Option<bool> {
    event
        .flag("strippedInjectedContext")
        .or_else(|| event.flag("stripped_injected_context"))
}

fn hash(event: &Event) -> Option<&str> {
    event
        .text("dedupHashPrefix")
        .or_else(|| event.text("dedup_hash_prefix"))
}

/// The values that decide whether a drop was right, of the newest drop.
fn deciding_values(events: &[&Event]) -> String {
    let Some(event) = events.last() else {
        return String::new();
    };
    format!(
        " The last: hash {}, preamble stripped {}, {} characters, {} after normalising.",
        hash(event).unwrap_or("unknown"),
        stripped(event).map_or("unknown", |flag| if flag { "yes" } else { "no" }),
        number(event, "promptLength", "prompt_length").unwrap_or(-1),
        number(event, "normalizedLength", "normalized_length").unwrap_or(-1),
    )
}

fn wrongly_dropped(case: &Case<'_>, events: &[&Event]) -> Vec<Exhibit> {
    let long = case.rules.threshold("long_prompt_chars", 300);
    let mut wrong = Vec::new();
    for event in events {
        let length = number(event, "promptLength", "prompt_length");
        let normalized = number(event, "normalizedLength", "normalized_length");
        let kept_preamble =
            stripped(event) == Some(false) && length.is_some_and(|length| length > long);
        let collides = hash(event).is_some_and(|prefix| {
            case.all_events().any(|other| {
                let other_length = number(other, "normalizedLength", "normalized_length");
                other.at >= case.long.from
                    && hash(other) == Some(prefix)
                    && other_length.is_some()
                    && normalized.is_some()
                    && other_length != normalized
            })
        });
        if kept_preamble || collides {
            let mut exhibit = Case::event_exhibit(event);
            exhibit.text.push_str(&deciding_values(&[event]));
            wrong.push(exhibit);
        }
    }
    wrong
}

/// Drops of the very message whose prompt had just failed.
fn lost_after_failure(case: &Case<'_>, records: &[&Placed<'_>], events: &[&Event]) -> Vec<Exhibit> {
    let near = case.seconds("drop_after_failure_s", 10);
    // A message that was lost stays lost: failures count over the longer window.
    let failures: Vec<Timestamp> = errors(case)
        .iter()
        .filter(|error| error.layer != Layer::SessionTranscript)
        .filter_map(|error| error.at)
        .chain(
            case.long_events("queue.prompt.failed")
                .map(|event| event.at),
        )
        .collect();
    let any_failed = case.err.current("prompt_failed").next().is_some();
    let soon_after = |at: Timestamp| {
        failures.iter().any(|failure| {
            let after = (at.as_micros() - failure.as_micros()) / 1000;
            (0..=near).contains(&after)
        })
    };
    let mut lost = Vec::new();
    for placed in records {
        let stream = placed.record.field("streamId");
        let sent = stream.and_then(stream_time);
        let failed_within = |ms: i64| {
            sent.is_some_and(|sent| {
                failures.iter().any(|failure| {
                    let after = (failure.as_micros() - sent.as_micros()) / 1000;
                    (0..=ms).contains(&after)
                })
            })
        };
        // A message that waited in the queue before its prompt failed was never dispatched.
        let by_id = failed_within(near)
            || failed_within(near.saturating_mul(6)) && never_dispatched(case, placed, stream);
        let by_time = placed.at.is_some_and(soon_after);
        // Without times: persisted, never dispatched, dropped, while prompts failed.
        let by_order = failures.is_empty() && any_failed && never_dispatched(case, placed, stream);
        if by_id || by_time || by_order {
            lost.push(case.out_long.exhibit(placed));
        }
    }
    if records.is_empty() {
        for event in events {
            if soon_after(event.at) {
                lost.push(Case::event_exhibit(event));
            }
        }
    }
    lost
}

/// The time in the id of a stream entry.
fn stream_time(id: &str) -> Option<Timestamp> {
    Timestamp::from_millis(id.split('-').next()?.parse().ok()?).ok()
}

fn never_dispatched(case: &Case<'_>, dropped: &Placed<'_>, stream: Option<&str>) -> bool {
    let persisted = case.out_long.of("persisted").find(|placed| {
        stream.is_some()
            && placed.record.field("streamId") == stream
            && placed.record.line < dropped.record.line
    });
    let Some(persisted) = persisted else {
        return false;
    };
    !case.out_long.placed.iter().any(|placed| {
        (persisted.record.line..dropped.record.line).contains(&placed.record.line)
            && matches!(&*placed.record.rule, "prompt_dispatched" | "response_ready")
    })
}

/// People's messages that were taken for probes and merged into a notice.
fn coalesced(case: &Case<'_>) -> Option<Judgement> {
    let mut exhibits = Vec::new();
    let mut layer = Layer::SessionTranscript;
    if let Some(session) = case.session() {
        for entry in &session.entries {
            if let EntryKind::User { text } = &entry.kind
                && is_notice(text)
                && entry.at.is_none_or(|at| at >= case.long.from)
            {
                exhibits.push(Exhibit {
                    line: Some(entry.line),
                    at: entry.at,
                    ..Exhibit::of("session_jsonl", text.clone())
                });
            }
        }
    }
    let events: Vec<&Event> = case.long_events("message.coalesced").collect();
    if exhibits.is_empty() {
        if events.is_empty() {
            return None;
        }
        layer = Layer::Otel;
    }
    // Where the sources are told, and none is a person's, probes were merged as they should be.
    let sources: Vec<&str> = events
        .iter()
        .filter_map(|event| event.metadata.get("sources")?.as_array())
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .collect();
    if !sources.is_empty()
        && !sources
            .iter()
            .any(|source| is_channel(source) || *source == "tui")
    {
        return None;
    }
    for event in events {
        let mut exhibit = Case::event_exhibit(event);
        if let Some(count) = event.number("coalescedCount") {
            let _ = write!(exhibit.text, ": {count} messages");
        }
        exhibits.push(exhibit);
    }
    Some(case.find_in("queue.coalesced_human_messages", layer, exhibits))
}

/// `2 probe events suppressed`
fn is_notice(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|word| word.parse::<u32>().is_ok())
        && words.next() == Some("probe")
        && words.next().is_some_and(|word| word.starts_with("event"))
        && words.next() == Some("suppressed")
}

/// Messages are persisted, and nothing takes them up.
fn drain(case: &Case<'_>) -> Option<Judgement> {
    case.evidence.out_log.get()?;
    let progress = case.out.placed.iter().rposition(|placed| {
        matches!(
            &*placed.record.rule,
            "prompt_dispatched"
                | "response_ready"
                | "dropped_duplicate"
                | "store_dropped_duplicate"
        )
    });
    let after = progress.map_or(0, |at| at + 1);
    let waiting: Vec<&Placed<'_>> = case
        .out
        .placed
        .iter()
        .skip(after)
        .filter(|placed| &*placed.record.rule == "persisted" && placed.current)
        .collect();
    let oldest = waiting.iter().filter_map(|placed| placed.at).min()?;
    let limit = case.seconds("drain_wedged_s", 60);
    let cannot = |why: &str| {
        Some(Judgement::CannotTell {
            layer: Layer::StdoutLog,
            why: why.to_string(),
        })
    };
    // Something of the session is younger than the message: it was taken up.
    let served = case.session().is_some_and(|session| {
        session
            .entries
            .iter()
            .any(|entry| entry.at.is_some_and(|at| at >= oldest))
    });
    if served
        || case.redis_degraded()
        || case.unserved() == Some(0)
        || case.is_asleep() == Some(true)
    {
        return None;
    }
    let age = case.age_ms(oldest);
    if age < limit {
        return Some(Judgement::Recheck {
            at: oldest.saturating_add_us(limit.saturating_mul(1000)),
            why: format!(
                "{} message(s) persisted {} ago, not yet dispatched",
                waiting.len(),
                duration(age)
            ),
        });
    }
    if case.status().is_none() {
        return cannot(
            "messages are persisted and not dispatched, and no status says whether a request is active",
        );
    }
    if case.active_request().is_some() {
        return None;
    }
    let Some(unserved) = case.unserved() else {
        return cannot(
            "messages are persisted and not dispatched, and Redis does not say whether they were served",
        );
    };
    let mut exhibits = vec![Exhibit::of(
        "redis",
        format!(
            "{unserved} messages are persisted and not served, the oldest for {}",
            duration(age)
        ),
    )];
    exhibits.extend(waiting.iter().map(|placed| case.out.exhibit(placed)));
    Some(case.find("queue.drain_wedged", exhibits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_told_from_messages() {
        assert!(is_notice("2 probe events suppressed"));
        assert!(is_notice("1 probe event suppressed"));
        assert!(!is_notice("why were 2 probe events suppressed"));
        assert!(!is_notice("two probe events suppressed"));
    }
}
