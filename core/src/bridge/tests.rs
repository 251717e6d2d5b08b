//! Streams of events, as they were given by real runs and as they should not be.

mod cases;

use alloc::string::ToString;
use alloc::vec::Vec;

use super::*;

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
