//! Telemetry events that a search finds, and how turns came to their answers.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::evidence::{Event, OtelReader};
use crate::time::Window;
use crate::view::{AttributionView, GatewayEventsFoundView, OtelEventView};

/// Events of one turn are no farther apart, in microseconds.
const TURN_US: i64 = 600_000_000;
/// What decides on where an answer goes, and what is a duplicate.
const DECIDING: [&str; 16] = [
    "hasActiveSource",
    "hasCapturedSource",
    "recoveredFromRecentPrompt",
    "recentSourceAgeMs",
    "sourceAgeMs",
    "sourceKind",
    "source",
    "background",
    "backgroundSource",
    "reason",
    "dedupHashPrefix",
    "dedup_hash_prefix",
    "strippedInjectedContext",
    "stripped_injected_context",
    "promptLength",
    "normalizedLength",
];

/// The events of a window that hold `query` somewhere (`*`: all), the newest `max`; with
/// `attribution` also what became of each turn.
pub fn search(
    lines: &[u8],
    query: &str,
    window: Window,
    max: usize,
    attribution: bool,
) -> GatewayEventsFoundView {
    let mut reader = OtelReader::default();
    reader.push(lines);
    let read = reader.finish();
    let within: Vec<&Event> = read
        .events
        .iter()
        .filter(|event| window.contains(event.at))
        .collect();
    let needle = query.to_lowercase();
    let found: Vec<&&Event> = within
        .iter()
        .filter(|event| query == "*" || holds(event, &needle))
        .collect();
    let left_out = found.len().saturating_sub(max.max(1));
    GatewayEventsFoundView {
        query: query.to_owned(),
        window,
        events: found
            .iter()
            .skip(left_out)
            .map(|event| view(event))
            .collect(),
        left_out: left_out as u64 + read.cut,
        turns: if attribution {
            turns(&within)
        } else {
            Vec::new()
        },
        skipped: read.skipped,
    }
}

fn holds(event: &Event, needle: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(needle);
    has(&event.action)
        || has(&event.component)
        || event.error.as_deref().is_some_and(has)
        || has(&event.metadata.to_string())
}

fn view(event: &Event) -> OtelEventView {
    let metadata = event.metadata.as_object().into_iter().flatten();
    OtelEventView {
        at: event.at,
        component: event.component.clone(),
        action: event.action.clone(),
        error: event.error.clone(),
        metadata: metadata
            .map(|(name, value)| (name.clone(), as_text(value)))
            .collect(),
    }
}

fn as_text(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToString::to_string)
}

/// A turn begins with its triage or its answer, and ends with what became of that.
fn turns(events: &[&Event]) -> Vec<AttributionView> {
    let mut turns: Vec<AttributionView> = Vec::new();
    let mut open = false;
    for event in events {
        let outcome = event.action.strip_prefix("outbound.console_forward.");
        let is_response = event.action.starts_with("response.generated");
        let is_dispatch = event.action.starts_with("events.dispatched");
        let is_triage = event.action == "events.triaged";
        if outcome.is_none() && !is_response && !is_dispatch && !is_triage {
            continue;
        }
        let old = turns
            .last()
            .and_then(|turn| turn.at)
            .is_some_and(|at| event.at.as_micros().saturating_sub(at.as_micros()) > TURN_US);
        // An attempt is followed by what came of it.
        if !open || old || (is_triage && turns.last().is_some_and(|turn| turn.dispatched)) {
            turns.push(AttributionView {
                at: Some(event.at),
                ..AttributionView::default()
            });
            open = true;
        }
        let Some(turn) = turns.last_mut() else {
            continue;
        };
        turn.triaged |= is_triage;
        turn.dispatched |= is_dispatch;
        turn.background_source |= event.action == "response.generated.background_source"
            || event.action == "events.dispatched.background_only";
        turn.decided_by.extend(deciding(event));
        if let Some(outcome) = outcome {
            turn.outcome = Some(outcome.to_owned());
            open = outcome == "attempt";
        }
    }
    turns
}

fn deciding(event: &Event) -> BTreeMap<String, String> {
    DECIDING
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), event.field(name)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"{"timestamp":1000,"component":"redis-channel","action":"events.triaged","metadata":{"count":1}}
{"timestamp":2000,"component":"redis-channel","action":"events.dispatched.background_only","metadata":{}}
{"timestamp":3000,"component":"daemon.response","action":"response.generated.background_source","metadata":{"hasActiveSource":false}}
{"timestamp":4000,"component":"daemon.outbound","action":"outbound.console_forward.suppressed_policy","metadata":{"hasCapturedSource":false,"sourceKind":"internal"}}
{"timestamp":5000,"component":"daemon.response","action":"response.generated","metadata":{"source":"telegram:1"}}
{"timestamp":6000,"component":"daemon.outbound","action":"outbound.console_forward.attempt","metadata":{}}
{"timestamp":7000,"component":"daemon.outbound","action":"outbound.console_forward.sent","metadata":{}}
not an event"#;

    #[test]
    fn events_are_found_and_turns_told() {
        let all = Window {
            from: None,
            to: None,
        };
        let view = search(LINES.as_bytes(), "console_forward", all, 2, true);
        assert_eq!((view.events.len(), view.left_out, view.skipped), (2, 1, 1));
        assert_eq!(view.turns.len(), 2);
        let first = &view.turns[0];
        assert!(first.triaged && first.dispatched && first.background_source);
        assert_eq!(first.outcome.as_deref(), Some("suppressed_policy"));
        assert_eq!(first.decided_by["hasActiveSource"], "false");
        assert_eq!(view.turns[1].outcome.as_deref(), Some("sent"));
        assert_eq!(
            search(LINES.as_bytes(), "TELEGRAM", all, 9, false)
                .events
                .len(),
            1
        );
        assert_eq!(search(LINES.as_bytes(), "*", all, 9, false).events.len(), 7);
    }
}
