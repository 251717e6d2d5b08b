//! Streams of events, as they were given by real runs and as they should not be.

mod cases;
mod hostile;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::*;
use crate::record::telemetry_entry::Dimension;
use crate::time::Timestamp;

const EXAMPLES: &str = include_str!("../../../tests/fixtures/swamp/event_examples.jsonl");

#[test]
fn every_kind_of_event_is_read() {
    let kinds: Vec<EventKind> = EXAMPLES
        .lines()
        .map(|line| {
            let read = StreamLine::parse(line).unwrap();
            assert_eq!(read.unknown_fields, 0, "{line}");
            let Message::Event(event) = read.message else {
                panic!("{line}");
            };
            assert!(line.contains(event.kind().name()));
            event.kind()
        })
        .collect();
    assert_eq!(kinds, EventKind::ALL);
    for kind in EventKind::ALL {
        assert_eq!(EventKind::of_name(kind.name()), Some(kind));
    }
}

/// The same event with its fields in another order, with white space, in
/// envelopes and with escapes is the same event.
#[test]
fn the_form_of_a_line_does_not_matter() {
    for line in EXAMPLES.lines() {
        let plain = StreamLine::parse(line).unwrap();
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        if !line.contains("dataHandles") {
            // Keys sorted: the kind is seldom the first.
            let sorted = value.to_string();
            let sorted = StreamLine::parse(&sorted).unwrap();
            assert_eq!(sorted.message, plain.message, "{line}");
        }
        let spaced = line.replacen("\":", "\" :\t", 1) + " ";
        assert_eq!(StreamLine::parse(&spaced).unwrap(), plain, "{line}");
        let escaped = line.replacen("\"kind\"", "\"k\\u0069nd\"", 1);
        assert_eq!(StreamLine::parse(&escaped).unwrap(), plain, "{line}");
        let served = alloc::format!(r#"{{"type":"event","id":"rq-1","seq":7,"event":{line}}}"#);
        let served = StreamLine::parse(&served).unwrap();
        assert_eq!(served.message, plain.message, "{line}");
        assert_eq!(served.stream, Some("\"rq-1\""));
        assert_eq!(served.identity, Some(Identity::Sequence(7)));
        let timed = alloc::format!(r#"{{"at":1500.5,"event":{line},"seq":"12-3"}}"#);
        let timed = StreamLine::parse(&timed).unwrap();
        assert_eq!(timed.message, plain.message, "{line}");
        assert_eq!(timed.at.unwrap().to_string(), "1970-01-01T00:00:01.500500Z");
        assert_eq!(timed.identity, Some(Identity::StreamId(12, 3)));
    }
}

#[test]
fn other_lines_of_a_stream_are_told_apart() {
    let message = |line| StreamLine::parse(line).unwrap().message;
    assert_eq!(message(r#"{"type":"done","id":1}"#), Message::Done);
    assert_eq!(
        message(r#"{"type":"error","id":1,"error":{"code":"cancelled","message":"m"}}"#),
        Message::Broken {
            code: "cancelled".into()
        }
    );
    assert_eq!(
        message(r#"{"type":"ping"}"#),
        Message::UnknownFrame("ping".into())
    );
    assert_eq!(
        message(r#"{"kind":"step_paused","jobId":1}"#),
        Message::UnknownKind("step_paused".into())
    );
    let line = r#"{"finalize":{"at":"2026-01-01T00:00:00Z","reason":"","interrupted":true}}"#;
    let finalize = StreamLine::parse(line).unwrap();
    assert_eq!(
        finalize.message,
        Message::Finalize {
            reason: Some("".into()),
            interrupted: true
        }
    );
    assert_eq!(finalize.at.unwrap().to_string(), "2026-01-01T00:00:00Z");
    let more = r#"{"kind":"job_started","jobId":"j","x":1,"y":{}}"#;
    assert_eq!(StreamLine::parse(more).unwrap().unknown_fields, 2);
}

#[test]
fn what_is_no_line_of_a_stream_is_an_error() {
    for (line, error) in [
        ("", "not_json at byte 0"),
        ("nonsense", "not_json at byte 1"),
        ("[]", "not_an_object: an array at byte 0"),
        ("{}", "missing_field: kind at byte 0"),
        (
            r#"{"kind":3}"#,
            "wrong_type: kind: expected a string, found a number at byte 8",
        ),
        (
            r#"{"kind":"job_started"}"#,
            "missing_field: jobId at byte 0",
        ),
        (r#"{"kind":"unknown""#, "not_json at byte 16"),
        (
            r#"{"kind":"step_started","jobId":"j","stepId":null}"#,
            "wrong_type: stepId: expected a string, found null at byte 44",
        ),
        (
            r#"{"kind":"job_started","jobId":"j","jobId":"k"}"#,
            "duplicate_field: jobId at byte 42",
        ),
        (
            r#"{"kind":"job_started","jobId":"j","kind":"k"}"#,
            "duplicate_field: kind at byte 41",
        ),
        (
            r#"{"kind":"step_started","jobId":"j","stepId":"s","forEachIndex":-1}"#,
            "bad_value: forEachIndex at byte 63",
        ),
        (
            r#"{"at":"x","event":{"kind":"validating_inputs"}}"#,
            "bad_value: at at byte 6",
        ),
        (
            r#"{"at":0,"event":{"kind":"validating_inputs"},"seq":"-3"}"#,
            "bad_value: seq at byte 51",
        ),
        (r#"{"at":0,"event":{}}"#, "missing_field: kind at byte 0"),
    ] {
        let got = StreamLine::parse(line).unwrap_err().to_string();
        assert_eq!(got, error, "{line}");
    }
}

/// The lines of a stream, written shortly: `KIND JOB STEP` or `started RUN JOBS`.
fn entries_of(lines: &[&str]) -> Vec<String> {
    let mut bridge = Bridge::default();
    let mut entries = Vec::new();
    for (ms, line) in (0..).zip(lines) {
        let now = Timestamp::from_millis(ms).unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let text = |at: usize| words.get(at).copied().unwrap_or("");
        let step = StepName {
            job: text(1).into(),
            step: text(2).into(),
        };
        let method = MethodName {
            model: "m".into(),
            method: if text(3).is_empty() { "x" } else { text(3) }.into(),
        };
        let event = match words[0] {
            "started" => Event::Started(Started {
                run_id: text(1).into(),
                workflow_name: text(1).trim_end_matches(char::is_numeric).into(),
                jobs: words[2..]
                    .iter()
                    .map(|name| PlannedJob {
                        name: (*name).into(),
                        steps: 1,
                        depends_on: Vec::new(),
                    })
                    .collect(),
            }),
            "job" => Event::JobStarted {
                job: text(1).into(),
            },
            "job_end" => Event::JobCompleted {
                job: text(1).into(),
                status: "succeeded".into(),
            },
            "begin" => Event::StepStarted {
                step,
                item: ForEachItem::default(),
            },
            "model" => Event::ModelResolved {
                step,
                method,
                model_type: Dimension::Text("t".into()),
                model_id: None,
            },
            "run" => Event::MethodExecuting {
                step,
                method,
                driver: Dimension::Absent,
            },
            "end" => Event::StepCompleted {
                step,
                executor: Dimension::Absent,
                item: ForEachItem::default(),
                data_handles: None,
            },
            "cancelled" => Event::Cancelled {
                run: RunView {
                    id: text(1).into(),
                    ..RunView::default()
                },
                reason: None,
            },
            other => panic!("{other}"),
        };
        bridge.handle_event(now, &event);
        drain(&mut bridge, &mut entries);
    }
    bridge.handle_finalize(Timestamp::from_millis(99).unwrap(), Finalize::default());
    drain(&mut bridge, &mut entries);
    entries
}

/// `RUN/JOB/STEP.METHOD`, the outer step, and how it failed.
fn drain(bridge: &mut Bridge, entries: &mut Vec<String>) {
    while let Some(entry) = bridge.poll_entry() {
        let mut text = alloc::format!(
            "{}/{}/{}.{}",
            entry.run_id,
            entry.job,
            entry.step,
            entry.method
        );
        if let Some(outer) = &entry.outer_step {
            let _ = write!(
                text,
                " in {}/{}/{}",
                outer.run_id, outer.job_name, outer.step_name
            );
        }
        if let Some(failure) = entry.failure {
            text += &[" ", failure.error_type].concat();
        }
        entries.push(text);
    }
}

#[test]
fn a_nested_run_stands_for_the_step_that_shows_no_model() {
    // All steps begin before any of them shows what it is, as the engine has it.
    let entries = entries_of(&[
        "started o j",
        "job j",
        "begin j nest",
        "begin j last",
        "started i k",
        "model j last",
        "run j last",
        "job k",
        "begin k s",
        "run k s",
        "end j last",
        "end k s",
        "job_end k",
        "end j nest",
        "begin j after",
        "run j after",
        "end j after",
    ]);
    assert_eq!(
        entries,
        ["o/j/last.x", "i/k/s.x in o/j/nest", "o/j/after.x"]
    );
}

#[test]
fn steps_of_the_same_name_in_runs_side_by_side_are_kept_apart() {
    let entries = entries_of(&[
        "started i1 k",
        "started i2 k",
        "run k s",
        "run k s",
        "end k s",
        "end k s",
    ]);
    assert_eq!(entries, ["i2/k/s.x", "i1/k/s.x"]);
    let entries = entries_of(&[
        "started o",
        "run j s a",
        "run j s b",
        "run j s b",
        "end j s",
    ]);
    assert_eq!(entries, ["o/j/s.b", "o/j/s.a Error"]);
}

#[test]
fn cancelled_is_told_apart_from_failed() {
    let entries = entries_of(&[
        "started o j",
        "begin j nest",
        "started i k",
        "run k s",
        "cancelled o",
        "started p",
        "run j t",
    ]);
    assert_eq!(entries, ["i/k/s.x in o/j/nest Cancelled", "p/j/t.x Error"]);
}

#[test]
fn a_million_steps_leave_nothing_behind() {
    let mut bridge = Bridge::default();
    let now = Timestamp::from_millis(0).unwrap();
    let mut entries = 0;
    for n in 0..1_000_000 {
        let step = StepName {
            job: "j".into(),
            step: n.to_string().into(),
        };
        let method = MethodName::default();
        let driver = Dimension::Absent;
        bridge.handle_event(
            now,
            &Event::MethodExecuting {
                step: step.clone(),
                method,
                driver,
            },
        );
        let (executor, item) = (Dimension::Absent, ForEachItem::default());
        bridge.handle_event(
            now,
            &Event::StepCompleted {
                step,
                executor,
                item,
                data_handles: None,
            },
        );
        entries += u32::from(bridge.poll_entry().is_some());
    }
    assert_eq!((entries, bridge.poll_entry().is_none()), (1_000_000, true));
    // The run that the stream never named.
    assert_eq!(bridge.kept(), 1);
}
