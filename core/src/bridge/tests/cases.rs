//! The conformance cases: streams, and the entries that they must give.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Value, json};

use crate::bridge::{Parent, Producer, Replay, ReplayOptions};
use crate::time::Timestamp;

#[path = "../../../../tests/src/bridge_cases.rs"]
mod bridge_cases;

const CASES: &str = include_str!("../../../../tests/fixtures/swamp/bridge_cases.json");

/// The lines that a stream gives.
fn replayed(stream: &str, parent: Option<&str>) -> Vec<Value> {
    let mut replay = Replay::new(ReplayOptions {
        parent_id: parent.map(ToOwned::to_owned),
        leave_open: true,
        ..ReplayOptions::default()
    });
    let mut out = String::new();
    let now = Timestamp::from_millis(bridge_cases::EPOCH_MS).unwrap();
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

#[test]
fn every_case_gives_its_entries() {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 47);
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let name = format!("{} ({}) {}", case["id"], case["contract"], case["name"]);
            let parent = case["parent_invocation_id"].as_str();
            let streams = bridge_cases::streams(case);
            let entries = streams.iter().flat_map(|stream| replayed(stream, parent));
            bridge_cases::check(case, entries.collect())
                .err()
                .map(|error| format!("{name}: {error}"))
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
            assert!(bridge_cases::satisfies(entry, expected), "{entry}");
        }
        let mut replay = Replay::new(ReplayOptions::default());
        let now = Timestamp::from_millis(bridge_cases::EPOCH_MS).unwrap();
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
    let now = Timestamp::from_millis(bridge_cases::EPOCH_MS).unwrap();
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
