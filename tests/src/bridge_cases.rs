//! The conformance cases of the bridge: streams, and the entries they must give.
//!
//! The core's own tests and the suites across hosts include this file, so that
//! there is one reading of the cases.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "for tests"
)]

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z, which the cases count from.
pub const EPOCH_MS: i64 = 1_767_225_600_000;

/// A case's events, written out.
pub fn events(case: &Value) -> Vec<Value> {
    if let Some(events) = case["events"].as_array() {
        return events.clone();
    }
    let mut events = Vec::new();
    for block in case["generate"].as_array().unwrap() {
        let repeat = block["repeat"].as_i64().unwrap();
        let numbers: Vec<i64> = if block["reverse"] == true {
            (0..repeat).rev().collect()
        } else {
            (0..repeat).collect()
        };
        for i in numbers {
            let every = &block["every"];
            let template = match every["n"].as_i64() {
                Some(n) if i % n == 0 => &every["template"],
                _ => &block["template"],
            };
            let text = template.to_string();
            let text = text.replace("\"{{i:int}}\"", &i.to_string());
            let text = text.replace("{{i}}", &i.to_string());
            let filled: Value = serde_json::from_str(&text).unwrap();
            events.extend(filled.as_array().unwrap().clone());
        }
    }
    events
}

fn line(value: &Value) -> String {
    value.to_string() + "\n"
}

/// The streams of a case, each for a bridge of its own.
pub fn streams(case: &Value) -> Vec<String> {
    let further = case["fresh_bridge_after"].as_array().into_iter().flatten();
    core::iter::once(case).chain(further).map(stream).collect()
}

/// A case's stream with times, and its calls of finalize as lines of their own.
fn stream(case: &Value) -> String {
    let events = events(case);
    let times = case["at_ms"].as_array();
    let at = |k: usize| match times {
        Some(times) => times[k].as_i64().unwrap(),
        None => i64::try_from(k).unwrap(),
    };
    let mut lines = String::new();
    for (k, event) in events.iter().enumerate() {
        lines += &line(&json!({"at": EPOCH_MS + at(k), "event": event}));
    }
    let last = match times {
        Some(times) => times.last().unwrap().as_i64().unwrap(),
        None => i64::try_from(events.len()).unwrap(),
    };
    let end = case["finalize_at_ms"].as_i64().unwrap_or(last);
    if case["finalize"] == true {
        let mut finalize = json!({"at": EPOCH_MS + end});
        if let Some(reason) = case["finalize_reason"].as_str() {
            finalize["reason"] = reason.into();
        }
        for _ in 0..case["finalize_calls"].as_i64().unwrap_or(1) {
            lines += &line(&json!({"finalize": finalize}));
        }
    }
    for event in case["after_finalize"].as_array().into_iter().flatten() {
        lines += &line(&json!({"at": EPOCH_MS + end, "event": event}));
    }
    lines
}

/// Whether `got` has all that `expected` has; arrays and values are equal.
fn holds(got: &Value, expected: &Value) -> bool {
    match (got, expected) {
        (Value::Object(got), Value::Object(expected)) => expected
            .iter()
            .all(|(name, value)| got.get(name).is_some_and(|got| holds(got, value))),
        _ => got == expected,
    }
}

/// Whether an entry is as an expectation of a case says.
pub fn satisfies(entry: &Value, expected: &Value) -> bool {
    let absent = |path: &Value| {
        let pointer = format!("/{}", path.as_str().unwrap().replace('.', "/"));
        entry.pointer(&pointer).is_none()
    };
    let text = entry.to_string();
    holds(entry, &expected["fields"])
        && expected["absent"]
            .as_array()
            .into_iter()
            .flatten()
            .all(absent)
        && expected["not_contains"]
            .as_array()
            .into_iter()
            .flatten()
            .all(|part| !text.contains(part.as_str().unwrap()))
}

/// What is wrong with the entries that the streams of a case gave.
pub fn check(case: &Value, entries: Vec<Value>) -> Result<(), String> {
    // A sink that refuses a write loses that entry and no other.
    let refused = case["sink_rejects"].as_array();
    let refused = |at: usize| refused.is_some_and(|refused| refused.contains(&at.into()));
    let entries: Vec<Value> = entries
        .into_iter()
        .enumerate()
        .filter(|(at, _)| !refused(*at))
        .map(|(_, entry)| entry)
        .collect();
    let count = case["expected_count"].as_u64().unwrap();
    if entries.len() as u64 != count {
        return Err(format!("{} entries: {entries:?}", entries.len()));
    }
    if let Some(counts) = case["expected_status_counts"].as_object() {
        for (status, count) in counts {
            let found = entries
                .iter()
                .filter(|entry| entry["result"]["status"] == status.as_str())
                .count();
            if found as u64 != count.as_u64().unwrap() {
                return Err(format!("{found} of {status}"));
            }
        }
    }
    let expected = case["expected"].as_array().unwrap();
    match case["match"].as_str().unwrap_or("ordered") {
        "sample" => {
            for expected in expected {
                let at = usize::try_from(expected["at"].as_u64().unwrap()).unwrap();
                if !satisfies(&entries[at], expected) {
                    return Err(format!("{at}: {}", entries[at]));
                }
            }
        }
        "unordered" => {
            let mut left = entries;
            for expected in expected {
                let Some(at) = left.iter().position(|entry| satisfies(entry, expected)) else {
                    return Err(format!("nothing fits {expected}: {left:?}"));
                };
                left.remove(at);
            }
        }
        _ => {
            for (entry, expected) in entries.iter().zip(expected) {
                if !satisfies(entry, expected) {
                    return Err(format!("{expected} is not fit by {entry}"));
                }
            }
        }
    }
    Ok(())
}
