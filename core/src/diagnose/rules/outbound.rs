//! Answers that were not sent on: by policy, or because their source was lost.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::diagnose::case::{Case, duration, is_channel};
use crate::diagnose::evidence::Event;
use crate::diagnose::layer::Layer;
use crate::diagnose::verdict::{Exhibit, Judgement};
use crate::time::Timestamp;

const SUPPRESSED: &str = "outbound.console_forward.suppressed_policy";
/// Prompts older than this have nothing to do with an answer, in milliseconds.
const PROMPT_REACH_MS: i64 = 30 * 60 * 1000;

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let suppressed: Vec<&Event> = case.long_events(SUPPRESSED).collect();
    let Some(last) = suppressed.last() else {
        return Vec::new();
    };
    let gaps: Vec<(&Event, String)> = suppressed
        .iter()
        .filter_map(|event| Some((*event, gap(case, event)?)))
        .collect();
    if let Some((event, why)) = gaps.last() {
        let mut exhibit = Case::event_exhibit(event);
        exhibit.text = format!("{}; {}", exhibit.text, deciding_values(event));
        let exhibits = vec![exhibit, Exhibit::of("otel", why.clone())];
        return vec![case.find("outbound.attribution_gap", exhibits)];
    }
    if !case.evidence.out_log.is_present() {
        return vec![Judgement::CannotTell {
            layer: Layer::Otel,
            why: "an answer was held back, and without the log nothing says whose it was"
                .to_string(),
        }];
    }
    let mut exhibit = Case::event_exhibit(last);
    exhibit.text = format!("{}; {}", exhibit.text, deciding_values(last));
    vec![case.find("outbound.suppressed_by_policy", vec![exhibit])]
}

/// The values that the policy looked at.
fn deciding_values(event: &Event) -> String {
    let flag = |name: &str| match event.flag(name) {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    };
    let mut text = format!(
        "hasActiveSource {}, hasCapturedSource {}, recoveredFromRecentPrompt {}",
        flag("hasActiveSource"),
        flag("hasCapturedSource"),
        flag("recoveredFromRecentPrompt")
    );
    if let Some(age) = source_age(event) {
        let _ = write!(text, ", source age {}", duration(age));
    }
    text
}

fn source_age(event: &Event) -> Option<i64> {
    [
        "recentSourceAgeMs",
        "sourceAgeMs",
        "recentPromptAgeMs",
        "lastChannelSourceAgeMs",
        "recentPromptSourceAgeMs",
    ]
    .into_iter()
    .find_map(|name| event.number(name))
}

/// Why a held-back answer belonged to a channel's prompt, if it did.
fn gap(case: &Case<'_>, event: &Event) -> Option<String> {
    let recovery = case.seconds("attribution_recovery_s", 30);
    if sent_for(case, event.at) {
        return None;
    }
    if let Some(age) = source_age(event)
        && age > recovery
        && age <= PROMPT_REACH_MS
    {
        return Some(format!(
            "a channel asked {} before, outside the recovery window",
            duration(age)
        ));
    }
    let (asked, source, from) = case
        .channel_prompts()
        .into_iter()
        .rfind(|(at, _, _)| *at < event.at)?;
    let age = (event.at.as_micros() - asked.as_micros()) / 1000;
    if age <= recovery || age > PROMPT_REACH_MS {
        return None;
    }
    if answered_properly(case, asked, event.at, &source, from) {
        return None;
    }
    // The transcript says which prompt the answer belongs to.
    if let Some(user) = case.turn_answered_at(event.at) {
        let apart = (user.as_micros() - asked.as_micros()) / 1000;
        if !(-10_000..=PROMPT_REACH_MS).contains(&apart) || internal_between(case, asked, user) {
            return None;
        }
    } else if internal_between(case, asked, event.at) {
        return None;
    }
    Some(format!(
        "{source} asked {} before, outside the recovery window, and nothing was sent",
        duration(age)
    ))
}

/// Something was sent around the time of an answer.
fn sent_for(case: &Case<'_>, at: Timestamp) -> bool {
    let near = |event: &&Event| (event.at.as_micros() - at.as_micros()).abs() <= 5_000_000;
    case.long_events("outbound.console_forward.sent")
        .any(|event| near(&event))
}

/// The channel got an answer between its prompt and the one that was held back.
fn answered_properly(
    case: &Case<'_>,
    asked: Timestamp,
    until: Timestamp,
    source: &str,
    told_by: &str,
) -> bool {
    let between = |event: &&Event| asked <= event.at && event.at <= until;
    let generated = case
        .long_events("response.generated")
        .filter(between)
        .any(|event| event.text("source").is_some_and(is_channel));
    let sent = case
        .all_events()
        .filter(between)
        .any(|event| event.action.ends_with("send.completed"));
    if generated || sent {
        return true;
    }
    if told_by != "out_log" {
        return false;
    }
    // In the log, an answer to the same source stands after the prompt.
    let Some(at) = case
        .out_long
        .placed
        .iter()
        .rposition(|placed| &*placed.record.rule == "persisted" && placed.at == Some(asked))
    else {
        return false;
    };
    case.out_long.placed.iter().skip(at).any(|placed| {
        &*placed.record.rule == "response_ready" && placed.record.field("source") == Some(source)
    })
}

/// The gateway itself had something to say between two moments.
fn internal_between(case: &Case<'_>, from: Timestamp, to: Timestamp) -> bool {
    ["events.dispatched", "events.dispatched.background_only"]
        .into_iter()
        .flat_map(|action| case.long_events(action))
        .any(|event| from < event.at && event.at <= to)
}
