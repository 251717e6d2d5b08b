//! Redis as the gateway sees it, and what it holds.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::diagnose::case::{Case, duration};
use crate::diagnose::evidence::time_of;
use crate::diagnose::layer::Layer;
use crate::diagnose::timeline::excerpt;
use crate::diagnose::verdict::{Exhibit, Judgement};

/// So many of the oldest messages are named.
const MAX_OLDEST: usize = 5;

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    found.extend(degraded_mode(case));
    found.extend(retry_storm(case));
    found.extend(unreachable(case));
    found.extend(agent_heartbeat(case));
    found.extend(contents(case));
    if let Some(redis) = case.evidence.redis.get()
        && redis.flag("reachable").is_none()
    {
        found.push(Judgement::CannotTell {
            layer: Layer::RedisState,
            why: "the evidence does not say whether Redis was reached".to_string(),
        });
    }
    found
}

fn degraded_mode(case: &Case<'_>) -> Option<Judgement> {
    if !case.redis_degraded() {
        return None;
    }
    let status = case.status()?;
    let mut text = "mode redis_degraded".to_string();
    if let Some(reason) = status.text("reason") {
        let _ = write!(text, ", {reason}");
    }
    if let Some(attempts) = status.number("reconnectAttempts") {
        let _ = write!(text, ", {attempts} attempts to reconnect");
    }
    let lost: Vec<&str> = status
        .find("degradedCapabilities")
        .and_then(|list| list.as_array())
        .into_iter()
        .flatten()
        .filter_map(|capability| capability.get("key")?.as_str())
        .collect();
    if !lost.is_empty() {
        let _ = write!(text, "; without: {}", lost.join(", "));
    }
    Some(case.find("redis.degraded_mode", vec![Exhibit::of("status", text)]))
}

/// Whether the gateway has told that Redis is back after a moment.
fn back_since(case: &Case<'_>, at: Option<crate::time::Timestamp>) -> bool {
    case.all_events()
        .rfind(|event| event.action == "runtime.mode.changed")
        .is_some_and(|event| {
            event.text("to") == Some("normal") && at.is_none_or(|at| event.at >= at)
        })
}

fn retry_storm(case: &Case<'_>) -> Option<Judgement> {
    let mut exhibits = Vec::new();
    let mut last = None;
    for placed in case.err.current("redis_retries_exhausted") {
        last = last.max(placed.at);
        exhibits.push(case.err.exhibit(placed));
    }
    let mut layer = if exhibits.is_empty() {
        Layer::Otel
    } else {
        Layer::ErrorLog
    };
    for event in case.events("daemon.redis.max_retries_rejection") {
        last = last.max(Some(event.at));
        exhibits.push(Case::event_exhibit(event));
    }
    if exhibits.is_empty() {
        return None;
    }
    if case.redis_is_back() {
        if last.is_some() && back_since(case, last) {
            return Some(Judgement::Information {
                about: Some("redis.retry_storm"),
                text: "Commands to Redis failed in numbers while it was away; it is back since."
                    .to_string(),
            });
        }
    } else if case.redis_degraded() {
        layer = Layer::CliStatus;
    }
    Some(case.find_in("redis.retry_storm", layer, exhibits))
}

fn unreachable(case: &Case<'_>) -> Option<Judgement> {
    let mut exhibits = Vec::new();
    let mut layer = Layer::RedisState;
    let redis = case.evidence.redis.get();
    let reachable = redis.and_then(|redis| redis.flag("reachable"));
    if reachable == Some(false) {
        let why = redis
            .and_then(|redis| redis.text("error"))
            .unwrap_or("no connection");
        exhibits.push(Exhibit::of(
            "redis",
            format!("Redis cannot be reached: {why}"),
        ));
    }
    if let Some(status) = case.status() {
        let error = status.text("redisError");
        if status.text("redis") == Some("degraded") || error.is_some() {
            if exhibits.is_empty() {
                layer = Layer::CliStatus;
            }
            let why = error.unwrap_or("degraded");
            exhibits.push(Exhibit::of("status", format!("redis: {why}")));
        }
    }
    let errors = [
        "redis_command_error",
        "redis_subscriber_error",
        "redis_reconnect_failed",
        "redis_disconnected",
    ];
    let logged: Vec<_> = errors
        .into_iter()
        .flat_map(|rule| case.err.current(rule))
        .collect();
    if exhibits.is_empty() {
        let last = logged.iter().filter_map(|placed| placed.at).max();
        if logged.is_empty() {
            return None;
        }
        if case.redis_is_back() || (reachable == Some(true) && back_since(case, last)) {
            return Some(Judgement::Information {
                about: Some("redis.unreachable"),
                text: "Redis was lost for a while; it answers, and the gateway is back in mode normal.".to_string(),
            });
        }
        layer = Layer::ErrorLog;
    }
    exhibits.extend(Case::shown(&case.err, logged.into_iter()));
    Some(case.find_in("redis.unreachable", layer, exhibits))
}

/// The slim transport has its agent elsewhere, which must show signs of life.
fn agent_heartbeat(case: &Case<'_>) -> Option<Judgement> {
    const KEY: &str = "gateway:agent:heartbeat";
    if !case.is_slim() || case.process_alive() == Some(false) {
        return None;
    }
    let redis = case.evidence.redis.get()?;
    if redis.flag("reachable") == Some(false) {
        return None;
    }
    redis.member("values")?;
    if case.redis_value(KEY).is_some_and(|value| !value.is_null()) {
        return None;
    }
    let text = format!("the key {KEY} is absent: no agent is attached to the transport");
    Some(case.find("agent.heartbeat_missing", vec![Exhibit::of("redis", text)]))
}

/// The oldest messages that nobody served: id, source and age, never their text.
fn oldest_messages(case: &Case<'_>) -> String {
    let listed = case
        .evidence
        .redis
        .get()
        .and_then(|redis| redis.at("oldest"))
        .and_then(|list| list.as_array());
    let mut text = String::new();
    for message in listed.into_iter().flatten().take(MAX_OLDEST) {
        let named = |name: &str| message.get(name).and_then(|value| value.as_str());
        let id = named("id").unwrap_or("unknown");
        let source = named("source").unwrap_or("unknown");
        let _ = write!(text, "; {} of {}", excerpt(id), excerpt(source));
        if let Some(at) = message.get("at_ms").and_then(time_of) {
            let _ = write!(text, ", {}", duration(case.age_ms(at)));
        }
    }
    text
}

/// What is stored, where it says something.
fn contents(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    let mut inform = |text| {
        found.push(Judgement::Information { about: None, text });
    };
    if let Some(unserved) = case.unserved()
        && unserved > 0
    {
        let oldest = case
            .redis_value("joelclaw:gateway:messages.oldest_ms")
            .and_then(time_of)
            .map(|at| format!(", the oldest for {}", duration(case.age_ms(at))));
        inform(format!(
            "{unserved} message(s) persisted and not yet served{}{}.",
            oldest.unwrap_or_default(),
            oldest_messages(case)
        ));
    }
    let wrong = case.redis_value("gateway:messages");
    if wrong.is_some_and(|value| !value.is_null() && value.as_i64() != Some(0)) {
        inform("A key `gateway:messages` exists. The gateway neither reads nor writes it: its messages are in `joelclaw:gateway:messages`.".to_string());
    }
    found
}
