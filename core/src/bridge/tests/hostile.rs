//! Streams that mean no good: doubled, shuffled, torn, crowded, with odd names
//! and clocks.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::bridge::{BridgeOptions, MessageRedaction, Replay, ReplayClock, ReplayOptions};
use crate::time::Timestamp;

const REAL: &str = include_str!("../../../../tests/fixtures/swamp/run_mixed-wf.events.jsonl");

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap()
}

fn replay() -> Replay {
    Replay::new(ReplayOptions {
        clock: Some(ReplayClock {
            start: at(0),
            step_us: 1000,
        }),
        ..ReplayOptions::default()
    })
}

fn entries(stream: &str) -> Vec<Value> {
    let (mut replay, mut out) = (replay(), String::new());
    replay.push(at(0), stream.as_bytes(), &mut out);
    replay.finish(at(0), &mut out);
    let entries: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let counts = replay.counts();
    let starts = counts.methods + counts.failed_before_method;
    assert_eq!(entries.len() as u64, starts);
    entries
}

/// With event identity, what comes twice counts once: each event again at once,
/// and the last ten again after every tenth, as after a reconnect.
#[test]
fn redelivered_events_double_nothing() {
    let numbered: Vec<String> = (1..)
        .zip(REAL.lines())
        .map(|(seq, line)| format!("{{\"at\":{seq},\"event\":{line},\"seq\":{seq}}}\n"))
        .collect();
    let once = entries(&numbered.concat());
    let twice: Vec<&str> = numbered.iter().flat_map(|line| [&**line, line]).collect();
    assert_eq!(entries(&twice.concat()), once);
    let again: Vec<String> = numbered
        .chunks(10)
        .flat_map(|ten| [ten.concat(), ten.concat()])
        .collect();
    assert_eq!(entries(&again.concat()), once);
}

#[test]
fn a_thousand_jobs_at_once_are_a_thousand_entries() {
    let names: Vec<String> = (0..1000)
        .map(|n| format!("\"jobId\":\"job:{n}\",\"stepId\":\"{}\"", n % 7))
        .collect();
    let start = |name: &String| {
        format!(
            "{{\"kind\":\"method_executing\",{name},\"modelName\":\"m\",\"methodName\":\"x\"}}\n"
        )
    };
    let end = |name: &String| format!("{{\"kind\":\"step_completed\",{name}}}\n");
    let (mut replay, mut out) = (replay(), String::new());
    let starts: String = names.iter().map(start).collect();
    replay.push(at(0), starts.as_bytes(), &mut out);
    assert_eq!(replay.bridge().open_methods(), 1000);
    let ends: String = names.iter().rev().map(end).collect();
    replay.push(at(0), ends.as_bytes(), &mut out);
    assert_eq!(out.lines().count(), 1000);
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(last["workflowContext"]["jobName"], "job:0");
    assert_eq!(last["durationMs"], 1999);
    assert_eq!(replay.bridge().kept(), 1);
}

#[test]
fn a_stream_torn_anywhere_loses_no_method() {
    for cut in (0..REAL.len()).step_by(61) {
        let end = REAL.floor_char_boundary(cut);
        for entry in entries(&REAL[..end]) {
            assert!(entry["durationMs"].as_i64().unwrap() >= 0);
        }
    }
}

/// Names that look like markup, paths, separators or nothing.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("a:b".into()),
        Just("__proto__".into()),
        ".{0,6}",
        "[:/\\\\\"\u{0}-\u{1f}\u{1f600}]{0,4}",
    ]
}

proptest! {
    #[test]
    fn any_order_and_any_clock_give_sound_entries(
        order in prop::collection::vec((0..32_usize, -50..50_i64), 0..80),
    ) {
        let lines: Vec<&str> = REAL.lines().collect();
        let stream = order.iter().fold(String::new(), |mut stream, &(line, ms)| {
            let _ = writeln!(stream, "{{\"at\":{},\"event\":{}}}", 1000 + ms, lines[line]);
            stream
        });
        for entry in entries(&stream) {
            prop_assert!(entry["durationMs"].as_i64().unwrap() >= 0);
            prop_assert!(entry["completedAt"].as_str() >= entry["startedAt"].as_str());
        }
    }

    #[test]
    fn names_come_out_as_they_went_in(
        steps in prop::collection::vec((name(), name()), 1..8), workflow in name(), drained: bool,
    ) {
        let mut stream = json!({"kind": "started", "runId": "r", "workflowName": workflow}).to_string() + "\n";
        let mut unique: Vec<(String, String)> = Vec::new();
        for step in steps {
            if !unique.contains(&step) {
                unique.push(step);
            }
        }
        let event = |kind: &str, (job, step): &(String, String)| {
            json!({"kind": kind, "jobId": job, "stepId": step, "modelName": "m", "methodName": step}).to_string() + "\n"
        };
        for step in &unique {
            stream += &event("method_executing", step);
        }
        if !drained {
            for step in &unique {
                stream += &event("step_completed", step);
            }
        }
        let got: Vec<(String, String)> = entries(&stream)
            .iter()
            .map(|entry| {
                let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str).unwrap_or("?").to_string();
                assert_eq!(text("/workflowContext/workflowName"), workflow);
                assert_eq!(text("/invocation/args/2"), text("/workflowContext/stepName"));
                (text("/workflowContext/jobName"), text("/workflowContext/stepName"))
            })
            .collect();
        prop_assert_eq!(got, unique);
    }

    /// The model's name is an argument that is redacted; it occurs in no entry.
    #[test]
    fn the_models_name_is_in_no_entry(
        secret in "[A-Z]{4}[A-Z0-9:./-]{2,12}", before in "[a-z \"':]{0,20}", after in "[a-z \"'\n]{0,20}", started: bool,
    ) {
        let mut replay = Replay::new(ReplayOptions {
            bridge: BridgeOptions { redaction: MessageRedaction::AllNames, ..BridgeOptions::default() },
            ..ReplayOptions::default()
        });
        let mut stream = String::new();
        if started {
            stream += &json!({"kind": "method_executing", "jobId": "j", "stepId": "s", "modelName": secret, "methodName": "x"}).to_string();
            stream.push('\n');
        }
        let error = [&*before, &secret, &after, &secret].concat();
        stream += &json!({"kind": "step_failed", "jobId": "j", "stepId": "s", "error": error, "modelName": secret, "methodName": "x"}).to_string();
        let mut out = String::new();
        replay.push(at(0), stream.as_bytes(), &mut out);
        replay.finish(at(0), &mut out);
        prop_assert_eq!(out.lines().count(), 1);
        prop_assert!(!out.replace("<REDACTED>", "").contains(&secret), "{out}");
    }
}
