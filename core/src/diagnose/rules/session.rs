//! The model session: stuck, dead, wedged, racing with itself.

use alloc::format;
use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;

use super::model::{ErrorClass, consecutive_failures, errors};
use crate::diagnose::case::{Case, duration};
use crate::diagnose::evidence::EntryKind;
use crate::diagnose::layer::Layer;
use crate::diagnose::verdict::{Delivery, Exhibit, Judgement, Severity};

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    found.extend(stuck(case));
    found.extend(dead(case));
    found.extend(restarts(case));
    found.extend(wedged(case));
    found.extend(idle_waiter(case));
    found.extend(race(case));
    found.extend(prompt_failed(case));
    found
}

/// What the status says of the session: the word before its bracket.
fn session_word<'a>(case: &Case<'a>) -> &'a str {
    let text = case
        .status()
        .and_then(|status| status.text("components.session"));
    text.and_then(|text| text.split_whitespace().next())
        .unwrap_or("")
}

fn stuck(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    let word = session_word(case);
    let pending = case
        .status()
        .is_some_and(|status| status.flag("components.stuckRecoveryPending") == Some(true));
    let mut exhibits = Case::shown(&case.err, case.err.current("session_stuck"));
    for event in case.events("watchdog.session_stuck") {
        exhibits.push(Case::event_exhibit(event));
    }
    let said = !exhibits.is_empty();
    let is_stuck = matches!(word, "stuck" | "recovering") || pending;
    let recovered = case
        .all_events()
        .filter(|event| case.span.holds(event.at))
        .any(|event| {
            matches!(
                event.action.as_str(),
                "watchdog.recovered" | "watchdog.session_stuck.recovered"
            )
        });
    if is_stuck {
        let session = case
            .status()
            .and_then(|status| status.text("components.session"))
            .unwrap_or("recovering");
        exhibits.insert(0, Exhibit::of("status", format!("session: {session}")));
        if let Some((entry, tool)) = case.session().and_then(|session| session.hung_tool()) {
            exhibits.insert(
                1,
                Exhibit {
                    line: Some(entry.line),
                    at: entry.at,
                    ..Exhibit::of(
                        "session_jsonl",
                        format!("the tool {tool} was called and gave nothing back"),
                    )
                },
            );
        }
        found.push(case.find("session.stuck_tool", exhibits));
    } else if said {
        let status_known = case.status().is_some() && !word.is_empty();
        if recovered || (status_known && word == "ok") {
            found.push(Judgement::Information {
                about: Some("session.stuck_tool"),
                text: "The session was stuck and its turn was aborted; it has recovered. The message of that turn got no answer.".to_string(),
            });
        } else if status_known && word != "ok" {
            // Dead or in maintenance: told by those.
        } else {
            found.push(case.find_in("session.stuck_tool", Layer::ErrorLog, exhibits));
        }
    }
    let mut timed_out = Case::shown(&case.err, case.err.current("stuck_recovery_timeout"));
    for action in [
        "watchdog.recovery_timeout",
        "watchdog.session_stuck.recovery_timeout",
    ] {
        for event in case
            .all_events()
            .filter(|event| event.action == action && event.at >= case.span.from)
        {
            timed_out.push(Case::event_exhibit(event));
        }
    }
    if !timed_out.is_empty() {
        found.push(case.find("session.stuck_recovery_timeout", timed_out));
    }
    found
}

fn dead(case: &Case<'_>) -> Vec<Judgement> {
    let status = case.status();
    let word = session_word(case);
    let unavailable = status.is_some_and(|status| status.flag("available") == Some(false));
    let mut exhibits = Vec::new();
    if word == "dead" {
        let text = status
            .and_then(|status| status.text("components.session"))
            .unwrap_or("dead");
        exhibits.push(Exhibit::of("status", format!("session: {text}")));
    } else if unavailable && !matches!(word, "stuck" | "recovering") {
        let text = format!("the gateway says of itself that it is not available (session: {word})");
        exhibits.push(Exhibit::of("status", text));
    }
    if !exhibits.is_empty() {
        exhibits.extend(Case::shown(&case.err, case.err.current("session_dead")));
        return vec![case.find("session.dead", exhibits)];
    }
    let logged = Case::shown(&case.err, case.err.current("session_dead"));
    let events: Vec<Exhibit> = case
        .events("watchdog.session_dead")
        .map(Case::event_exhibit)
        .collect();
    if logged.is_empty() && events.is_empty() {
        return Vec::new();
    }
    // The daemon restarts itself after that: whether it lives now, the status says.
    if status.is_some() {
        return Vec::new();
    }
    let mut exhibits = logged;
    exhibits.extend(events);
    vec![case.find_in("session.dead", Layer::ErrorLog, exhibits)]
}

/// The daemon has ended itself because its session was dead.
fn restarts(case: &Case<'_>) -> Option<Judgement> {
    let mut exhibits = Vec::new();
    for placed in case.out.of("shutting_down") {
        let by_itself = placed.record.field("signal") == Some("watchdog:dead-session");
        let in_window = placed
            .at
            .or(placed.not_after)
            .is_none_or(|at| at >= case.span.from);
        if by_itself && in_window {
            exhibits.push(case.out.exhibit(placed));
        }
    }
    if exhibits.is_empty() {
        for event in case.all_events() {
            if event.action == "daemon.shutdown.started"
                && event.at >= case.span.from
                && event.text("signal") == Some("watchdog:dead-session")
            {
                exhibits.push(Case::event_exhibit(event));
            }
        }
    }
    if exhibits.is_empty() {
        exhibits = Case::shown(&case.err, case.err.current("session_dead"));
        for event in case.all_events() {
            if event.action == "watchdog.session_dead" && event.at >= case.span.from {
                exhibits.push(Case::event_exhibit(event));
            }
        }
    }
    if exhibits.is_empty() || session_word(case) == "dead" {
        return None;
    }
    Some(case.find("session.dead_restart_loop", exhibits))
}

/// A request that is active for longer than anything waits, with nothing from
/// the model, while messages wait behind it; every field of the status is green.
fn wedged(case: &Case<'_>) -> Option<Judgement> {
    let active = case.active_request()?;
    let since = active.since?;
    let age = case.age_ms(since);
    let limit = case.seconds("idle_waiter_s", 300);
    if age <= limit {
        return None;
    }
    let Some(silent) = case.waits_for_first_token() else {
        return Some(Judgement::CannotTell {
            layer: Layer::CliStatus,
            why: "a request is active for very long, and there is no transcript to say whether it moves".to_string(),
        });
    };
    if !silent {
        return None;
    }
    let Some(unserved) = case.unserved() else {
        return Some(Judgement::CannotTell {
            layer: Layer::CliStatus,
            why: "a request is active for very long, and Redis does not say whether messages wait behind it".to_string(),
        });
    };
    if unserved == 0 {
        return None;
    }
    let exhibits = vec![
        Exhibit::of(
            "status",
            format!(
                "the request of {} is active since {}",
                active.source,
                duration(age)
            ),
        ),
        Exhibit::of(
            "session_jsonl",
            "the last entry is a user's: the model has said nothing since",
        ),
        Exhibit::of(
            "redis",
            format!("{unserved} messages are persisted and not served"),
        ),
    ];
    Some(case.find("session.wedged_silent", exhibits))
}

fn idle_waiter(case: &Case<'_>) -> Option<Judgement> {
    let mut exhibits = Case::shown(&case.err, case.err.current("idle_waiter_timeout"));
    let layer = if exhibits.is_empty() {
        Layer::Otel
    } else {
        Layer::ErrorLog
    };
    for event in case.events("watchdog.idle_waiter.timeout") {
        exhibits.push(Case::event_exhibit(event));
    }
    (!exhibits.is_empty()).then(|| case.find_in("session.idle_waiter_timeout", layer, exhibits))
}

/// A prompt met a session that was still at work.
fn race(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    let busy: Vec<_> = errors(case)
        .into_iter()
        .filter(|error| error.class == ErrorClass::Busy)
        .collect();
    let Some(layer) = busy.iter().map(|error| error.layer).min() else {
        if case.err.current("still_streaming").next().is_some() {
            found.push(Judgement::Information {
                about: Some("session.streaming_race"),
                text: "A prompt met a session that was still streaming, and was tried again; none failed for it.".to_string(),
            });
        }
        return found;
    };
    let last = busy.iter().map(|error| error.at).max().flatten();
    let exhibits: Vec<Exhibit> = busy
        .iter()
        .rev()
        .map(|error| error.exhibit.clone())
        .collect();
    let restarted = case.events("watchdog.session_dead").next().is_some()
        || case.err.current("session_dead").next().is_some()
        || case.span.restarted_itself;
    if maintenance_overlaps(
        case,
        &busy.iter().filter_map(|error| error.at).collect::<Vec<_>>(),
    ) && !restarted
    {
        found.push(case.find_in("session.compaction_overlap", layer, exhibits));
        return found;
    }
    let failing = consecutive_failures(case).unwrap_or(0) > 0;
    let times = busy.iter().filter(|error| error.layer == layer).count();
    if case.answered_after(last) && !failing && !restarted && times < 2 {
        found.push(Judgement::Information {
            about: Some("session.streaming_race"),
            text: "One prompt failed because the session was still at work; messages have been answered since.".to_string(),
        });
        return found;
    }
    found.push(case.find_in("session.streaming_race", layer, exhibits));
    let mut replayed = Case::shown(&case.out, case.out.current("replayed"));
    let replays = case.all_events().filter(|event| {
        event.action.starts_with("queue.replay.")
            && event.action != "queue.replay.empty"
            && case.span.holds(event.at)
    });
    for event in replays {
        replayed.push(Case::event_exhibit(event));
    }
    if !replayed.is_empty() {
        found.push(case.find_in("queue.replay_overlap", Layer::StdoutLog, replayed));
    }
    found
}

/// Whether the session was being maintained when prompts failed.
fn maintenance_overlaps(case: &Case<'_>, failed: &[crate::time::Timestamp]) -> bool {
    let overlap = case.seconds("maintenance_overlap_s", 60);
    let near = |at: crate::time::Timestamp| {
        failed.iter().any(|failed| {
            let after = (failed.as_micros() - at.as_micros()) / 1000;
            (0..=overlap).contains(&after)
        })
    };
    let active = case
        .status()
        .is_some_and(|status| status.flag("components.maintenanceActive") == Some(true));
    if failed.is_empty() {
        return active;
    }
    let started = case
        .events("daemon.maintenance.started")
        .any(|event| near(event.at));
    let compacted = case.session().is_some_and(|session| {
        session
            .entries
            .iter()
            .any(|entry| entry.kind == EntryKind::Compaction && entry.at.is_some_and(near))
    });
    let recent = failed
        .iter()
        .any(|failed| case.age_ms(*failed) <= overlap * 5);
    started || compacted || (active && recent)
}

/// Prompts failed, for whatever reason.
fn prompt_failed(case: &Case<'_>) -> Option<Judgement> {
    let mut last = None;
    let mut exhibits = Vec::new();
    for rule in ["prompt_failed", "message_end_error"] {
        for placed in case.err.current(rule) {
            last = last.max(placed.at);
            exhibits.push(case.err.exhibit(placed));
        }
    }
    let mut layer = Layer::ErrorLog;
    if exhibits.is_empty() {
        layer = Layer::Otel;
        for event in case.events("queue.prompt.failed") {
            last = last.max(Some(event.at));
            exhibits.push(Case::event_exhibit(event));
        }
    }
    let failures = consecutive_failures(case).unwrap_or(0);
    if exhibits.is_empty() {
        if failures == 0 {
            return None;
        }
        layer = Layer::CliStatus;
        let text = format!("{failures} prompts failed in a row");
        exhibits.push(Exhibit::of("status", text));
    } else if failures == 0 && case.answered_after(last) {
        return Some(Judgement::Information {
            about: Some("queue.prompt_failed"),
            text: format!(
                "{} prompt(s) failed in the window; messages have been answered since.",
                exhibits.len()
            ),
        });
    }
    exhibits.reverse();
    let mut finding = case.finding("queue.prompt_failed", exhibits);
    finding.layer = layer;
    if failures >= 3 {
        finding.severity = Severity::Failed;
        finding.delivery = Delivery::Down;
    }
    Some(Judgement::Finding(finding))
}
