//! What the gateway says of itself: pressure, supersession, guardrails,
//! operators' actions, and a test event's fate.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write as _;

use crate::diagnose::case::{Case, duration};
use crate::diagnose::layer::Layer;
use crate::diagnose::verdict::{Exhibit, Judgement};
use crate::time::Timestamp;

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    found.extend(end_to_end(case));
    if case.status().is_some() {
        found.extend(pressure(case));
        found.extend(superseded(case));
        found.extend(guardrails(case));
        found.extend(operator_actions(case));
        found.extend(unreachable_daemon(case));
    }
    found
}

fn status(text: String) -> Vec<Exhibit> {
    vec![Exhibit::of("status", text)]
}

fn pressure(case: &Case<'_>) -> Option<Judgement> {
    let status = case.status()?;
    let number = |name: &str| status.number(&format!("sessionPressure.{name}"));
    let usage = number("usagePercent");
    let over = |value: Option<i64>, limit: i64| value.is_some_and(|value| value >= limit);
    let past = |value: Option<i64>, limit: i64| value.is_some_and(|value| value > limit);
    let health = match status.text("sessionPressure.health") {
        Some(health) => health,
        None if over(usage, number("rotateAtPercent").unwrap_or(75))
            || past(
                number("sessionAgeMs"),
                number("maxSessionAgeMs").unwrap_or(28_800_000),
            ) =>
        {
            "critical"
        }
        None if over(usage, number("compactAtPercent").unwrap_or(65))
            || past(
                number("lastCompactionAgeMs"),
                number("maxCompactionGapMs").unwrap_or(14_400_000),
            ) =>
        {
            "elevated"
        }
        None => return None,
    };
    let cause = match health {
        "critical" => "pressure.critical",
        "ok" => return None,
        _ => "pressure.elevated",
    };
    let mut text = format!("session pressure {health}");
    if let Some(usage) = usage {
        let _ = write!(text, ", context {usage} %");
    }
    if let Some(age) = number("sessionAgeMs") {
        let _ = write!(text, ", session {} old", duration(age));
    }
    if let Some(next) = status.text("sessionPressure.nextThresholdSummary") {
        text.push_str(", next: ");
        text.push_str(next);
    }
    Some(case.find(cause, status_exhibit(text)))
}

fn status_exhibit(text: String) -> Vec<Exhibit> {
    status(text)
}

fn superseded(case: &Case<'_>) -> Vec<Judgement> {
    let Some(doc) = case.status() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if doc.flag("supersession.activeRequest.superseded") == Some(true) {
        let source = doc
            .text("supersession.activeRequest.source")
            .unwrap_or("unknown");
        let by = doc
            .text("supersession.activeRequest.supersededBySource")
            .unwrap_or("a newer message");
        let text = format!("the active request of {source} was overtaken by {by}");
        found.push(case.find("interrupt.superseded", status(text)));
    }
    if let Some(pending) = doc.number("supersession.batching.pendingCount")
        && pending > 0
    {
        let window = doc.number("supersession.batching.windowMs").unwrap_or(1500);
        found.push(Judgement::Information {
            about: None,
            text: format!(
                "{pending} messages wait on purpose: they are collected for {window} ms and then sent as one."
            ),
        });
    }
    found
}

fn guardrails(case: &Case<'_>) -> Option<Judgement> {
    let doc = case.status()?;
    let waiting = doc
        .find("guardrails.pendingDeployVerifications")
        .and_then(|list| list.as_array())
        .map_or(0, Vec::len);
    let checkpoint = doc.flag("guardrails.checkpointSentThisTurn") == Some(true);
    if waiting == 0 && !checkpoint {
        return None;
    }
    let mut parts = Vec::new();
    if checkpoint {
        let calls = doc.number("guardrails.currentTurnToolCalls").unwrap_or(0);
        let reason = doc
            .text("guardrails.lastCheckpointReason")
            .unwrap_or("tool budget");
        parts.push(format!(
            "a checkpoint was sent in this turn after {calls} tool calls ({reason})"
        ));
    }
    if waiting > 0 {
        parts.push(format!("{waiting} deploy verification(s) pending"));
    }
    Some(case.find("guardrail.checkpoint_active", status(parts.join("; "))))
}

/// An action that failed is news until one of the same route is completed.
fn operator_actions(case: &Case<'_>) -> Vec<Judgement> {
    let Some(doc) = case.status() else {
        return Vec::new();
    };
    let root = if doc.find("operatorTracing").is_some() {
        "operatorTracing"
    } else {
        "callbackTracing"
    };
    let text = |trace: &str, field: &str| {
        doc.text(&format!("{root}.{trace}.{field}"))
            .unwrap_or("")
            .to_string()
    };
    let time = |trace: &str, fields: &[&str]| -> Option<Timestamp> {
        fields
            .iter()
            .find_map(|field| doc.time(&format!("{root}.{trace}.{field}")))
    };
    let done = time("lastCompleted", &["completedAt", "startedAt"]);
    let done_route = text("lastCompleted", "route");
    let mut found = Vec::new();
    for (trace, fields, cause, what) in [
        (
            "lastTimedOut",
            ["timedOutAt", "startedAt"],
            "operator.trace_timeout",
            "timed out",
        ),
        (
            "lastFailed",
            ["failedAt", "startedAt"],
            "operator.trace_failed",
            "failed",
        ),
    ] {
        if doc.find(&format!("{root}.{trace}")).is_none() {
            continue;
        }
        let at = time(trace, &fields);
        let route = text(trace, "route");
        let id = text(trace, "traceId");
        let error = text(trace, "error");
        let mut said = format!("operator action {route} ({id}) {what}");
        if let Some(at) = at {
            let _ = write!(said, " {} ago", duration(case.age_ms(at)));
        }
        if !error.is_empty() {
            said.push_str(": ");
            said.push_str(&error);
        }
        let old = at.is_some_and(|at| at < case.span.from);
        let repeated = done_route == route && at.is_some() && done > at;
        if old || repeated {
            let why = if repeated {
                "the same route was completed since"
            } else {
                "outside the window"
            };
            found.push(Judgement::Information {
                about: Some(cause),
                text: format!("{said}; {why}."),
            });
        } else {
            found.push(case.find(cause, status(said)));
        }
    }
    found
}

/// The status came from Redis alone: the daemon itself did not answer.
fn unreachable_daemon(case: &Case<'_>) -> Option<Judgement> {
    let doc = case.status()?;
    if doc.flag("daemon.reachable") == Some(false)
        && !case.is_slim()
        && case.process_alive() == Some(true)
    {
        return Some(Judgement::CannotTell {
            layer: Layer::CliStatus,
            why: "the daemon's health endpoint did not answer; the status is what Redis holds"
                .to_string(),
        });
    }
    None
}

fn end_to_end(case: &Case<'_>) -> Option<Judgement> {
    let test = case.evidence.e2e.get()?;
    if case.redis_degraded() || test.flag("ran") == Some(false) {
        return None;
    }
    if test.flag("ran").is_none() {
        return Some(Judgement::CannotTell {
            layer: Layer::EndToEnd,
            why: "the evidence does not say whether the test ran".to_string(),
        });
    }
    if test.flag("answered") == Some(false) {
        let why = test.text("error").unwrap_or("no answer came back");
        let text = format!("a prompt was sent through the gateway: {why}");
        return Some(case.find("bridge.e2e_stuck", vec![Exhibit::of("e2e", text)]));
    }
    match test.flag("drained") {
        Some(false) => {
            let text = "the test event was pushed and never taken out of the queue".to_string();
            Some(case.find("bridge.e2e_stuck", vec![Exhibit::of("e2e", text)]))
        }
        Some(true) => None,
        None => Some(Judgement::CannotTell {
            layer: Layer::EndToEnd,
            why: "the test ran, and its outcome is not told".to_string(),
        }),
    }
}
