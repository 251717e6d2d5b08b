//! The conformance cases: streams, and the entries that they must give.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Value, json};

use crate::bridge::{Parent, Producer, Replay, ReplayOptions};
use crate::time::Timestamp;

const CASES: &str = include_str!("../../../../tests/fixtures/swamp/bridge_cases.json");

/// 2026-01-01T00:00:00Z, which the cases count from.
const EPOCH_MS: i64 = 1_767_225_600_000;

/// A case's events, written out.
fn events(case: &Value) -> Vec<Value> {
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

/// The lines that a stream gives.
fn replayed(stream: &str, parent: Option<&str>) -> Vec<Value> {
    let mut replay = Replay::new(ReplayOptions {
        parent_id: parent.map(ToOwned::to_owned),
        leave_open: true,
        ..ReplayOptions::default()
    });
    let mut out = String::new();
    let now = Timestamp::from_millis(EPOCH_MS).unwrap();
    replay.push(now, stream.as_bytes(), &mut out);
    replay.finish(now, &mut out);
    assert_eq!(replay.log().skipped_lines(), 0);
    let entries = out.lines().count() as u64;
    let counts = replay.counts();
    assert_eq!(counts.entries(), entries);
    assert!(entries <= counts.methods + counts.failed_before_method);
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn case_entries(case: &Value) -> Vec<Value> {
    let parent = case["parent_invocation_id"].as_str();
    let mut entries = replayed(&stream(case), parent);
    for further in case["fresh_bridge_after"].as_array().into_iter().flatten() {
        entries.extend(replayed(&stream(further), parent));
    }
    // A sink that refuses a write loses that entry and no other.
    let refused = case["sink_rejects"].as_array();
    let refused = |at: usize| refused.is_some_and(|refused| refused.contains(&at.into()));
    let numbered = entries.into_iter().enumerate();
    numbered
        .filter(|(at, _)| !refused(*at))
        .map(|(_, entry)| entry)
        .collect()
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

fn satisfies(entry: &Value, expected: &Value) -> bool {
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

fn check(case: &Value) -> Result<(), String> {
    let entries = case_entries(case);
    let count = case["expected_count"].as_u64().unwrap();
    if entries.len() as u64 != count {
        return Err(format!("{} entries: {entries:?}", entries.len()));
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
    if let Some(counts) = case["expected_status_counts"].as_object() {
        let entries = case_entries(case);
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
    Ok(())
}

#[test]
fn every_case_gives_its_entries() {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 47);
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let name = format!("{} ({}) {}", case["id"], case["contract"], case["name"]);
            check(case).err().map(|error| format!("{name}: {error}"))
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The same stream in the serve envelope, line by line and byte by byte.
#[test]
fn envelopes_and_chunks_do_not_matter() {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let mut served = 0;
    for case in cases.as_array().unwrap() {
        let Some(lines) = case["wire_lines"].as_array() else {
            continue;
        };
        served += 1;
        let stream: String = lines
            .iter()
            .map(|line| line.as_str().unwrap().to_owned() + "\n")
            .collect();
        let entries = replayed(&stream, None);
        assert_eq!(entries.len(), case["expected"].as_array().unwrap().len());
        for (entry, expected) in entries.iter().zip(case["expected"].as_array().unwrap()) {
            assert!(satisfies(entry, expected), "{entry}");
        }
        let mut replay = Replay::new(ReplayOptions::default());
        let now = Timestamp::from_millis(EPOCH_MS).unwrap();
        let mut out = String::new();
        for byte in stream.bytes() {
            replay.push(now, &[byte], &mut out);
        }
        replay.finish(now, &mut out);
        assert_eq!(out.lines().count(), entries.len());
    }
    assert!(served > 0);
}

/// What of an entry the stream decides.
fn decided(entry: &Value) -> String {
    let mut kept = json!({});
    for name in ["invocation", "result", "workflowContext"] {
        kept[name] = entry[name].clone();
    }
    kept.to_string()
}

#[test]
fn real_streams_give_the_real_entries() {
    let mixed = (
        include_str!("../../../../tests/fixtures/swamp/run_mixed-wf.events.jsonl"),
        include_str!("../../../../tests/fixtures/swamp/run_mixed-wf.entries.jsonl"),
    );
    let slow = (
        include_str!("../../../../tests/fixtures/swamp/run_slow-wf.events.jsonl"),
        include_str!("../../../../tests/fixtures/swamp/run_slow-wf.entries.jsonl"),
    );
    for (events, entries) in [mixed, slow] {
        let real: Vec<Value> = entries
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let parent = real[0]["id"].as_str().unwrap();
        let mut expected: Vec<String> = real[1..]
            .iter()
            .map(|entry| {
                assert_eq!(entry["parentInvocationId"], parent);
                // The peer keeps the model's name here, Muster does not.
                decided(entry).replace("customer-acme-prod", "<REDACTED>")
            })
            .collect();
        let got = replayed(events, Some(parent));
        let mut got: Vec<String> = got
            .iter()
            .map(decided)
            // The peer leaves out a step that calls a type directly and fails before.
            .filter(|entry| !entry.contains("direct-bad-type"))
            .collect();
        got.sort();
        expected.sort();
        assert_eq!(got, expected);
    }
}

#[test]
fn ids_follow_from_the_stream() {
    let stream = include_str!("../../../../tests/fixtures/swamp/run_mixed-wf.events.jsonl");
    let ids = |parent: Option<&str>| -> Vec<String> {
        let entries = replayed(stream, parent);
        let ids = entries.iter().map(|entry| entry["id"].as_str().unwrap());
        ids.map(ToOwned::to_owned).collect()
    };
    let parent = "0f7c2a54-1111-4a61-9b1e-5b8f4a2d9c01";
    let first = ids(Some(parent));
    assert_eq!(first, ids(Some(parent)));
    let mut unique = first.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), first.len());
    assert!(ids(None).iter().all(|id| !first.contains(id)));
    // As anyone can work out: uuid5(parent, '["r","j","s",0]').
    let one = concat!(
        r#"{"kind":"started","runId":"r","workflowName":"w"}"#,
        "\n",
        r#"{"kind":"step_failed","jobId":"j","stepId":"s","error":"e","methodName":"m"}"#,
        "\n"
    );
    assert_eq!(replayed(one, Some(parent))[0]["id"], UUID5);
    assert_eq!(Parent::new(Some("p-1")).id(), Some("p-1"));
}

const UUID5: &str = "198e8b0f-3ad1-50cd-860b-0e99b3298bcf";

#[test]
fn the_producer_signs_every_entry() {
    let text = r#"{"swampVersion":"1","platform":"linux","invocationContext":{"isInteractive":true,"configuredAiTools":["a\u0062"]},"triggerSource":"api","initiatedBy":"user:ada"}"#;
    let mut replay = Replay::new(ReplayOptions {
        producer: Producer::parse(text).unwrap(),
        ..ReplayOptions::default()
    });
    let mut out = String::new();
    let now = Timestamp::from_millis(EPOCH_MS).unwrap();
    let line = r#"{"kind":"step_failed","jobId":"j","stepId":"s","error":"e","methodName":"m"}"#;
    replay.push(now, line.as_bytes(), &mut out);
    replay.finish(now, &mut out);
    let entry: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(entry["swampVersion"], "1");
    assert_eq!(entry["denoVersion"], "none");
    assert_eq!(
        entry["invocationContext"]["configuredAiTools"],
        json!(["ab"])
    );
    assert_eq!(entry["triggerSource"], "api");
    assert_eq!(entry["initiatedBy"], "user:ada");
    let error = Producer::parse(r#"{"triggerSource":"x"}"#).unwrap_err();
    assert_eq!(error.to_string(), "bad_value: triggerSource at byte 17");
}
