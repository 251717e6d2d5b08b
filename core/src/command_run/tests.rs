use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds).unwrap()
}

fn actions(queue: &mut RunQueue) -> Vec<QueueAction> {
    core::iter::from_fn(|| queue.poll_action()).collect()
}

#[test]
fn runs_wait_for_a_slot_and_end_at_their_limit() {
    let mut queue = RunQueue::new(1);
    queue.handle_request(at(0), "a".into(), 10_000_000);
    queue.handle_request(at(0), "b".into(), 10_000_000);
    assert_eq!(actions(&mut queue), [QueueAction::Start("a".into())]);
    assert_eq!((queue.running(), queue.queued()), (1, 1));
    assert_eq!(queue.poll_timeout(), Some(at(10)));
    queue.handle_timeout(at(10));
    assert_eq!(actions(&mut queue), [QueueAction::Terminate("a".into())]);
    queue.handle_timeout(at(14));
    assert_eq!(actions(&mut queue), []);
    queue.handle_timeout(at(15));
    assert_eq!(actions(&mut queue), [QueueAction::Kill("a".into())]);
    assert_eq!(queue.poll_timeout(), None);
    assert_eq!(queue.handle_ended(at(16), "a"), Some(EndedBy::Limit));
    assert_eq!(actions(&mut queue), [QueueAction::Start("b".into())]);
}

#[test]
fn a_run_is_ended_once_whether_it_waits_or_runs() {
    let mut queue = RunQueue::new(1);
    queue.handle_request(at(0), "a".into(), 10_000_000);
    queue.handle_request(at(0), "b".into(), 10_000_000);
    actions(&mut queue);
    assert!(queue.handle_cancel(at(1), "b") && !queue.handle_cancel(at(1), "b"));
    assert!(queue.handle_cancel(at(1), "a") && queue.handle_cancel(at(1), "a"));
    assert_eq!(
        actions(&mut queue),
        [
            QueueAction::Drop("b".into()),
            QueueAction::Terminate("a".into())
        ]
    );
    assert_eq!(queue.handle_ended(at(2), "a"), Some(EndedBy::User));
    assert_eq!(queue.handle_ended(at(2), "a"), None);
    assert!(!queue.handle_cancel(at(2), "a"));
}

#[test]
fn the_beginning_and_the_end_are_kept_with_the_gap_between() {
    let mut output = KeptOutput::default();
    for n in 0..100_000 {
        output.push(OutputStream::Out, &format!("line {n} {}", "x".repeat(40)));
    }
    let (from, to) = output.gap().unwrap();
    assert_eq!(output.dropped(), to - from + 1);
    assert_eq!(output.lines(), 100_000);
    let begin = output.after(0, 10);
    assert_eq!((begin.lines.len(), begin.gap, begin.next), (10, None, 10));
    let over = output.after(from - 3, 10);
    assert_eq!(over.gap, Some((from, to)));
    assert_eq!(over.lines[1].n, from - 1);
    assert_eq!(over.lines[2].n, to + 1);
    // A reader in the middle of what is gone is told what it misses.
    let late = output.after(from + 100, 5);
    assert_eq!(late.gap, Some((from + 101, to)));
    assert_eq!(late.lines[0].n, to + 1);
    let end = output.after(100_000, 5);
    assert_eq!((end.lines.len(), end.gap, end.next), (0, None, 100_000));
    let again = KeptOutput::restore(output.kept().cloned(), output.lines(), output.bytes());
    assert_eq!(again.after(from - 3, 10), over);
    assert_eq!(again.gap(), output.gap());
}

#[test]
fn only_the_token_of_the_run_makes_a_message() {
    let known = |name: &str| name == "test";
    let say = |line: &str| side_channel(line, "t0k", known);
    let good = say(r#"::muster t0k {"kind": "next-command", "target": "test", "label": "Run"}"#);
    let good = good.unwrap().unwrap();
    assert_eq!(
        (&*good.target, good.label.as_deref()),
        ("test", Some("Run"))
    );
    for output in [
        "plain",
        "::muster",
        r#"::muster other {"kind": "next-command", "target": "test"}"#,
        r#" ::muster t0k {"kind": "next-command", "target": "test"}"#,
    ] {
        assert_eq!(say(output), None, "{output}");
    }
    assert_eq!(side_channel("::muster  {}", "", known), None);
    for unusable in [
        "{}",
        "[]",
        r#"{"kind": "next-command", "target": "rm"}"#,
        r#"{"kind": "open-url", "target": "javascript:alert(1)"}"#,
        r#"{"kind": "open-url", "target": "https://"}"#,
        r#"{"kind": "other", "target": "test"}"#,
    ] {
        let line = format!("::muster t0k {unusable}");
        assert_eq!(say(&line), Some(None), "{unusable}");
    }
    let url = say(r#"::muster t0k {"kind": "open-url", "target": "https://x.example/a"}"#);
    assert_eq!(url.unwrap().unwrap().kind, RecommendationKind::OpenUrl);
}

proptest! {
    #[test]
    fn reading_in_parts_misses_nothing_that_is_kept(
        lengths in proptest::collection::vec(0_usize..40_000, 0..120),
        limit in 1_usize..50,
    ) {
        let mut output = KeptOutput::default();
        for length in lengths {
            output.push(OutputStream::Err, &"y".repeat(length));
        }
        let mut seen = Vec::new();
        let mut missing = 0;
        let mut after = 0;
        loop {
            let part = output.after(after, limit);
            if let Some((from, to)) = part.gap {
                missing += to - from + 1;
            }
            if part.lines.is_empty() {
                break;
            }
            after = part.next;
            seen.extend(part.lines.into_iter().map(|line| line.n));
        }
        let kept: Vec<u64> = output.kept().map(|line| line.n).collect();
        prop_assert_eq!(&seen, &kept);
        prop_assert_eq!(missing, output.dropped());
        prop_assert_eq!(seen.len() as u64 + missing, output.lines());
    }

    #[test]
    fn messages_of_any_text_do_no_harm(line in ".{0,200}", token in "[a-z0-9]{0,8}") {
        let _ = side_channel(&line, &token, |_| true);
        let marked = String::from("::muster ") + &token + " " + &line;
        let read = side_channel(&marked, &token, |_| true);
        prop_assert_eq!(read.is_some(), !token.is_empty(), "{}", marked);
    }
}
