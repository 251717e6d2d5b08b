use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fuzz::fuzz_sender;
use crate::record::telemetry_entry::TelemetryEntry;
use crate::time::{Day, Timestamp, US_PER_SECOND};

const ENTRIES: &str = include_str!("../../../tests/fixtures/swamp/run_mixed-wf.entries.jsonl");

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

fn status(code: u16) -> Answer {
    Answer::Status {
        code,
        retry_after_us: None,
    }
}

/// What became of `count` entries at an endpoint that answers by `answer`, which
/// is given the batch and the number of the request.
struct Sent {
    delivered: Vec<u64>,
    quarantined: Vec<u64>,
    requests: u64,
    /// Seconds waited.
    waited: i64,
    sender: Sender,
}

fn send(policy: SenderPolicy, count: u64, mut answer: impl FnMut(Batch, u64) -> Answer) -> Sent {
    let mut sent = Sent {
        delivered: Vec::new(),
        quarantined: Vec::new(),
        requests: 0,
        waited: 0,
        sender: Sender::new(policy),
    };
    let mut now = at(0);
    sent.sender.handle_pending(count);
    loop {
        while let Some(action) = sent.sender.poll_action() {
            match action {
                SenderAction::Delivered(batch) => sent.delivered.extend(batch.first..batch.end),
                SenderAction::Quarantine { entry, .. } => sent.quarantined.push(entry),
            }
        }
        if let Some(batch) = sent.sender.poll_request() {
            sent.requests += 1;
            let got = answer(batch, sent.requests);
            sent.sender.handle_answer(now, got, u64::MAX);
        } else if let Some((wake, _)) = sent.sender.poll_timeout() {
            now = wake;
            sent.sender.handle_timeout(now);
        } else if sent.sender.poll_action().is_none() {
            break;
        }
    }
    sent.waited = now.as_micros() / US_PER_SECOND;
    sent.delivered.sort_unstable();
    sent
}

fn has(batch: Batch, entry: u64) -> bool {
    (batch.first..batch.end).contains(&entry)
}

#[test]
fn all_is_sent_in_batches() {
    let sent = send(SenderPolicy::default(), 60, |_, _| status(202));
    assert_eq!(sent.delivered, (0..60).collect::<Vec<_>>());
    assert_eq!((sent.requests, sent.waited), (3, 0));
    assert!(sent.sender.is_done() && sent.sender.stopped().is_none());
}

#[test]
fn one_bad_entry_is_set_aside_alone() {
    for bad in [0, 7, 24, 25, 58] {
        let refuses = |batch, _| status(if has(batch, bad) { 400 } else { 202 });
        let sent = send(SenderPolicy::default(), 60, refuses);
        let others: Vec<u64> = (0..60).filter(|entry| *entry != bad).collect();
        assert_eq!(sent.delivered, others, "{bad}");
        assert_eq!(sent.quarantined, [bad]);
        assert!(sent.requests < 15, "{}", sent.requests);
    }
}

#[test]
fn old_bad_entries_do_not_stop_the_rest() {
    let refuses = |batch: Batch, _| status(if batch.first < 40 { 422 } else { 202 });
    let sent = send(SenderPolicy::default(), 100, refuses);
    assert_eq!(sent.delivered, (40..100).collect::<Vec<_>>());
    let mut quarantined = sent.quarantined;
    quarantined.sort_unstable();
    assert_eq!(quarantined, (0..40).collect::<Vec<_>>());
}

#[test]
fn an_endpoint_that_refuses_all_sets_nothing_aside() {
    let sent = send(SenderPolicy::default(), 1000, |_, _| status(400));
    assert_eq!(sent.sender.stopped(), Some(SenderStop::RefusesAll(400)));
    assert!(sent.delivered.is_empty() && sent.quarantined.is_empty());
    let sent = send(SenderPolicy::default(), 3, |_, _| status(400));
    assert_eq!((sent.sender.left_unsent(), sent.quarantined.len()), (3, 0));
    // It took some and then none any more.
    let turns = |_, n| status(if n < 3 { 202 } else { 400 });
    let sent = send(SenderPolicy::default(), 1000, turns);
    assert_eq!(sent.delivered.len(), 50);
    assert!(sent.quarantined.is_empty());
}

#[test]
fn too_large_a_batch_is_split() {
    let takes_four = |batch: Batch, _| status(if batch.len() > 4 { 413 } else { 202 });
    let sent = send(SenderPolicy::default(), 25, takes_four);
    assert_eq!(sent.delivered, (0..25).collect::<Vec<_>>());
    assert!(sent.quarantined.is_empty());
}

#[test]
fn an_outage_sets_nothing_aside() {
    let outage = |answer: Answer| move |_: Batch, n| if n < 12 { answer } else { status(202) };
    let answers = [
        status(500),
        status(502),
        status(503),
        status(429),
        Answer::TimedOut,
        Answer::NoConnection,
    ];
    for answer in answers {
        let sent = send(SenderPolicy::default(), 100, outage(answer));
        assert!(sent.quarantined.is_empty(), "{answer:?}");
        let all = sent.delivered.len() as u64 + sent.sender.left_unsent();
        assert_eq!(all, 100, "{answer:?}");
        assert!(sent.waited > 60, "{answer:?}: {}", sent.waited);
    }
    // One entry that breaks the endpoint stays, and the rest is delivered.
    let breaks = |batch, _| status(if has(batch, 30) { 500 } else { 202 });
    let sent = send(SenderPolicy::default(), 60, breaks);
    assert_eq!(sent.delivered.len(), 59);
    assert_eq!((sent.sender.left_unsent(), sent.quarantined.len()), (1, 0));
}

#[test]
fn waits_double_up_to_the_longest() {
    let mut sender = Sender::new(SenderPolicy::default());
    sender.handle_pending(1);
    let mut now = at(0);
    let mut waits = Vec::new();
    for random in [0, u64::MAX, 0, 0, 0, 0, 0, 0, 0] {
        assert!(sender.poll_request().is_some());
        sender.handle_answer(now, Answer::TimedOut, random);
        let (wake, reason) = sender.poll_timeout().unwrap();
        assert_eq!(reason, SenderTimer::Retry(Answer::TimedOut));
        assert!(sender.poll_request().is_none());
        sender.handle_timeout(at(-1));
        assert!(sender.poll_request().is_none());
        waits.push((wake.as_micros() - now.as_micros()) / 100_000);
        now = wake;
        sender.handle_timeout(now);
    }
    // Half of the wait is certain, the other half is spread.
    assert_eq!(waits[0], 5);
    assert!((10..=20).contains(&waits[1]), "{}", waits[1]);
    assert_eq!(waits[2..], [20, 40, 80, 160, 300, 300, 300]);
}

#[test]
fn the_endpoint_may_ask_for_a_longer_wait() {
    for (asked, least, most) in [(0, 0, 1), (120, 120, 132), (1_000_000, 3600, 3600)] {
        let mut sender = Sender::new(SenderPolicy::default());
        sender.handle_pending(1);
        sender.poll_request();
        let answer = Answer::Status {
            code: 429,
            retry_after_us: Some(asked * US_PER_SECOND),
        };
        sender.handle_answer(at(0), answer, 77_777_777_777);
        let wait = sender.poll_timeout().unwrap().0.as_micros() / US_PER_SECOND;
        assert!((least..=most).contains(&wait), "{asked}: {wait}");
    }
    assert_eq!(RetryAfter::Seconds(u64::MAX).wait_us(at(0)), i64::MAX);
    assert_eq!(RetryAfter::At(at(5)).wait_us(at(9)), 0);
    assert_eq!(RetryAfter::At(at(9)).wait_us(at(5)), 4 * US_PER_SECOND);
}

#[test]
fn some_answers_end_the_sending() {
    for (code, stop) in [
        (401, SenderStop::Denied(401)),
        (403, SenderStop::Denied(403)),
        (302, SenderStop::Moved(302)),
        (200, SenderStop::NotIngest(200)),
        (404, SenderStop::NotIngest(404)),
        (101, SenderStop::NotIngest(101)),
    ] {
        let sent = send(SenderPolicy::default(), 30, |_, _| status(code));
        assert_eq!(sent.sender.stopped(), Some(stop));
        assert_eq!((sent.requests, sent.delivered.len()), (1, 0));
        assert!(sent.quarantined.is_empty());
    }
    let policy = SenderPolicy {
        give_up_at: Some(at(30)),
        ..SenderPolicy::default()
    };
    let sent = send(policy, 30, |_, _| Answer::NoConnection);
    assert_eq!(
        sent.sender.stopped(),
        Some(SenderStop::GaveUp(Answer::NoConnection))
    );
    assert!(sent.waited <= 30);
}

#[test]
fn a_batch_with_nothing_left_is_passed_over() {
    let gone = |batch: Batch, _| match batch.first {
        0 => Answer::NothingToSend,
        _ => status(202),
    };
    let sent = send(SenderPolicy::default(), 30, gone);
    assert_eq!(sent.delivered, vec![25, 26, 27, 28, 29]);
    // An answer to nothing is no answer.
    let mut sender = Sender::new(SenderPolicy::default());
    sender.handle_answer(at(0), status(202), 0);
    assert_eq!(sender.poll_action(), None);
}

#[test]
fn names_of_files_are_read_and_written() {
    let day = Day::parse("2026-02-05").unwrap();
    let name = SpoolName::new(day, "3b9d5d0e-7d0a-4b5c-8f5e-0d8d4d7f2a10").unwrap();
    let text = "telemetry-2026-02-05-3b9d5d0e-7d0a-4b5c-8f5e-0d8d4d7f2a10.json";
    assert_eq!(name.to_string(), text);
    assert_eq!(SpoolName::parse(text), Some(name.clone()));
    for (state, end) in [
        (SpoolState::Flushed, ".flushed.json"),
        (SpoolState::Quarantined, ".quarantined.json"),
    ] {
        let name = name.with_state(state);
        let text = text.replace(".json", end);
        assert_eq!(name.to_string(), text);
        assert_eq!(SpoolName::parse(&text), Some(name));
    }
    for text in [
        "",
        "telemetry-2026-02-05-.json",
        "telemetry-2026-02-05.json",
        "telemetry-2026-02-30-a.json",
        "telemetry-2026-02-05-a.tmp",
        "telemetry-2026-02-05-a.b.json",
        "telemetry-\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}-a.json",
        ".0b1d.tmp",
        "identity.json",
    ] {
        assert_eq!(SpoolName::parse(text), None, "{text}");
    }
    for id in ["", "a/b", "..", "a b", "\u{e9}", &"a".repeat(129)] {
        assert_eq!(SpoolName::new(day, id), None, "{id}");
    }
}

#[test]
fn bodies_have_the_form_of_the_first_writer() {
    let lines: Vec<&str> = ENTRIES.lines().take(2).collect();
    let body = |repo: Option<&str>, lines: &[&str]| -> String {
        let mut body = IngestBody::new("user \"1\"", repo);
        for line in lines {
            body.push(&TelemetryEntry::parse(line).unwrap());
        }
        assert_eq!(body.len(), lines.len());
        body.into_json()
    };
    let event = |line: &str, repo: Option<&str>| {
        let mut properties: Value = serde_json::from_str(line).unwrap();
        let id = properties["id"].clone();
        if let Some(repo) = repo {
            properties["$repo_id"] = repo.into();
        }
        json!({
            "event": "cli_invocation",
            "distinct_id": "user \"1\"",
            "insert_id": id,
            "properties": properties,
        })
    };
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(read(&body(None, &lines[..1])), event(lines[0], None));
    let two = json!({"events": [event(lines[0], Some("r")), event(lines[1], Some("r"))]});
    assert_eq!(read(&body(Some("r"), &lines)), two);
    assert_eq!(body(None, &[]), "{\"events\":[]}");
    // Within an event the order of keys is the first writer's as well.
    let text = body(Some("r"), &lines[..1]);
    let start = "{\"event\":\"cli_invocation\",\"distinct_id\":\"user \\\"1\\\"\",\"insert_id\":\"";
    assert!(text.starts_with(start), "{text}");
    let inner = &lines[0][..lines[0].len() - 1];
    let end = alloc::format!(",\"properties\":{inner},\"$repo_id\":\"r\"}}}}");
    assert!(text.ends_with(&end), "{text}");
}

proptest! {
    #[test]
    fn any_answers_are_survived(count in 0..200_u64, seed: u64, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        fuzz_sender(count, seed, &bytes).unwrap();
    }

    #[test]
    fn any_name_is_read_or_refused(text in ".{0,60}") {
        if let Some(name) = SpoolName::parse(&text) {
            prop_assert_eq!(name.to_string(), text);
        }
    }
}
