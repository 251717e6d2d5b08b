//! Rules that a pack says in a table.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::diagnose::case::{Case, duration};
use crate::diagnose::evidence::{Collected, scalar, time_of};
use crate::diagnose::timeline::{Timeline, excerpt};
use crate::diagnose::verdict::{Exhibit, Judgement};

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = logs(case);
    found.extend(events(case));
    found.extend(values(case));
    found.extend(files(case));
    found.extend(processes(case));
    found.extend(ports(case));
    found
}

/// A layer cannot be told where the evidence of a rule on it is missing.
fn missing(case: &Case<'_>, cause: &str, what: &str, why: &str) -> Judgement {
    Judgement::CannotTell {
        layer: case.finding(cause, Vec::new()).layer,
        why: format!("{what}: {why}"),
    }
}

fn logs(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    for (name, log) in &case.evidence.logs {
        let timeline = Timeline::new(name, log, case.rules, None, case.span);
        found.extend(log_rules(case, &timeline));
    }
    found.extend(log_rules(case, &case.err));
    found.extend(log_rules(case, &case.out));
    for rule in &case.rules.logs {
        let built_in = matches!(rule.log.as_str(), "err_log" | "out_log");
        if let Some(cause) = &rule.cause
            && !built_in
            && !case.evidence.logs.contains_key(&rule.log)
        {
            let why = case.evidence.missing_logs.get(&rule.log);
            found.push(missing(
                case,
                cause,
                &format!("the log {}", rule.log),
                why.map_or("not collected", String::as_str),
            ));
        }
    }
    found
}

fn log_rules(case: &Case<'_>, timeline: &Timeline<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    for rule in case
        .rules
        .logs
        .iter()
        .filter(|rule| rule.log == timeline.source)
    {
        let Some(cause) = &rule.cause else { continue };
        let current: Vec<_> = timeline
            .of(&rule.id)
            .filter(|placed| placed.current)
            .collect();
        if current.len() as u64 >= rule.at_least && !current.is_empty() {
            let count = current.len();
            let mut exhibits = Case::shown(timeline, current.into_iter());
            if count > exhibits.len() {
                exhibits.insert(
                    0,
                    Exhibit::of(&timeline.source, format!("{count} such records")),
                );
            }
            found.push(case.find(cause, exhibits));
        }
    }
    found
}

fn events(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    for rule in &case.rules.events {
        let exhibits: Vec<Exhibit> = case
            .events(&rule.action)
            .filter(|event| {
                rule.component
                    .as_ref()
                    .is_none_or(|name| *name == event.component)
            })
            .filter(|event| {
                rule.conditions.iter().all(|condition| {
                    condition
                        .test
                        .passes(event.field(&condition.field).as_deref())
                })
            })
            .map(Case::event_exhibit)
            .collect();
        if exhibits.len() as u64 >= rule.at_least && !exhibits.is_empty() {
            found.push(case.find(&rule.cause, exhibits));
        }
    }
    found
}

fn values(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    for rule in &case.rules.values {
        let value = match rule.document.as_str() {
            "status" => case.evidence.status.get().map(|doc| doc.scalar(&rule.path)),
            "config" => case.evidence.config.get().map(|doc| doc.scalar(&rule.path)),
            "redis" => case
                .evidence
                .redis
                .get()
                .map(|_| case.redis_value(&rule.path).and_then(scalar)),
            name => case
                .evidence
                .documents
                .get(name)
                .map(|doc| doc.scalar(&rule.path)),
        };
        let Some(value) = value else {
            // What the built-in documents lack shows in their own layers.
            if !matches!(rule.document.as_str(), "status" | "config" | "redis") {
                let what = format!("the document {}", rule.document);
                found.push(missing(case, &rule.cause, &what, "not collected"));
            }
            continue;
        };
        if rule.test.passes(value.as_deref()) {
            let shown = value
                .as_deref()
                .map_or_else(|| "absent".to_string(), excerpt);
            let text = format!("{} is {shown}: {}", rule.path, rule.test);
            found.push(case.find(&rule.cause, vec![Exhibit::of(&rule.document, text)]));
        }
    }
    found
}

fn files(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    for rule in &case.rules.files {
        let files = match &case.evidence.files {
            Collected::Present(files) => files,
            other => {
                let why = other.why_missing().unwrap_or("");
                found.push(missing(case, &rule.cause, "files", why));
                continue;
            }
        };
        let what: Option<String> = match files.member(&rule.path) {
            None => {
                let what = format!("the file {}", rule.path);
                found.push(missing(case, &rule.cause, &what, "not collected"));
                continue;
            }
            Some(serde_json::Value::Null) => Some("is missing".to_string()),
            Some(file) => {
                let age = file
                    .get("modified_ms")
                    .and_then(time_of)
                    .map(|at| case.age_ms(at));
                let bytes = file.get("bytes").and_then(serde_json::Value::as_i64);
                match (rule.older_than_s, rule.larger_than_bytes, age, bytes) {
                    (Some(limit), _, Some(age), _) if age > limit.saturating_mul(1000) => {
                        Some(format!("was last written {} ago", duration(age)))
                    }
                    (_, Some(limit), _, Some(bytes)) if bytes > limit => {
                        Some(format!("has {bytes} bytes"))
                    }
                    _ => None,
                }
            }
        };
        if let Some(what) = what {
            let text = format!("{} {what}", rule.path);
            found.push(case.find(&rule.cause, vec![Exhibit::of("files", text)]));
        }
    }
    found
}

fn processes(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    for rule in &case.rules.processes {
        let alive = case
            .evidence
            .processes
            .get()
            .and_then(|all| all.member(&rule.name)?.get("alive")?.as_bool());
        match alive {
            Some(true) => {}
            Some(false) => {
                let text = format!("{} does not run", rule.name);
                found.push(case.find(&rule.cause, vec![Exhibit::of("processes", text)]));
            }
            None => {
                let what = format!("the process {}", rule.name);
                found.push(missing(case, &rule.cause, &what, "not collected"));
            }
        }
    }
    found
}

fn ports(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    for rule in &case.rules.ports {
        let Some(listeners) = case.evidence.listeners.get() else {
            found.push(missing(case, &rule.cause, "listeners", "not collected"));
            continue;
        };
        let listened = listeners.members().any(|listener| {
            listener.get("port").and_then(serde_json::Value::as_u64) == Some(rule.port)
        });
        if !listened {
            let text = format!("nothing listens on port {}", rule.port);
            found.push(case.find(&rule.cause, vec![Exhibit::of("listeners", text)]));
        }
    }
    found
}
