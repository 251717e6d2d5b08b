//! The rules of the model, one by one.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::decimal::Decimal;
use crate::json_object::JsonObject;
use crate::record::approval_request::ApprovalStatus;
use crate::record::quality_feedback::QualityFeedback;
use crate::record::stream_event::StreamId;
use crate::time::Timestamp;

/// Seconds after the start.
fn at(seconds: i64) -> Timestamp {
    let start = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
    start.saturating_add_us(seconds * 1_000_000)
}

fn signal(id: &str, signal_type: &str, from: &str, to: &str) -> NewSignal {
    NewSignal {
        signal_id: id.into(),
        signal_type: signal_type.into(),
        source_agent: from.into(),
        target_agent: to.into(),
        payload: JsonObject::default(),
        ttl_s: 60,
    }
}

fn of(agent: &str) -> SignalFilter {
    SignalFilter {
        agent_id: agent.into(),
        signal_type: None,
        source_agent: None,
    }
}

/// What a check comes to, in a word.
fn word(outcome: Outcome) -> String {
    match outcome {
        Outcome::Check(SignalCheck::Pending(held)) => format!("pending {}", held.signal.signal_id),
        Outcome::Check(SignalCheck::Delivered(held)) => {
            format!("delivered {}", held.signal.signal_id)
        }
        Outcome::Check(SignalCheck::Expired(held)) => {
            format!("expired {} at {}", held.signal.signal_id, held.expires_at)
        }
        Outcome::Check(SignalCheck::NeverSeen {
            last_delivered_at, ..
        }) => match last_delivered_at {
            Some(at) => format!("nothing since {at}"),
            None => "never seen".into(),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn a_signal_is_received_once_and_by_whom_it_is_for() {
    let mut model = Model::new(at(0));
    for agent in ["b", "[ab]", "*"] {
        let id = format!("to {agent}");
        model.apply(at(0), Operation::Send(signal(&id, "ready", "a", agent)));
    }
    let mut take = |agent: &str| word(model.apply(at(1), Operation::Take(of(agent))));
    assert_eq!(take("a"), "never seen");
    assert_eq!(take("b"), "delivered to b");
    assert_eq!(take("b"), "nothing since 2026-11-20T10:00:01Z");
    assert_eq!(take("[ab]"), "delivered to [ab]");
    assert_eq!(take("c"), "never seen");
}

#[test]
fn a_broadcast_reaches_each_agent_once_and_not_its_sender() {
    let mut model = Model::new(at(0));
    for agent in ["a", "b", "c"] {
        let agent_id = agent.into();
        model.apply(at(0), Operation::Enrol { agent_id });
    }
    let sent = model.apply(at(1), Operation::Broadcast(signal("s", "abort", "a", "")));
    assert!(matches!(
        sent,
        Outcome::Broadcasted(Broadcasted { enrolled: 2, .. })
    ));
    let mut take = |agent: &str| word(model.apply(at(2), Operation::Take(of(agent))));
    assert_eq!(take("a"), "never seen");
    assert_eq!(take("b"), "delivered s");
    assert_eq!(take("b"), "nothing since 2026-11-20T10:00:02Z");
    assert_eq!(take("c"), "delivered s");
    // Not enrolled, and in time.
    assert_eq!(take("d"), "delivered s");
    let late = word(model.apply(at(61), Operation::Check(of("e"))));
    assert_eq!(late, "expired s at 2026-11-20T10:01:01Z");
}

#[test]
fn expired_is_told_from_never_seen_for_a_day() {
    let mut model = Model::new(at(0));
    model.apply(at(0), Operation::Send(signal("s", "ready", "a", "b")));
    let mut check = |seconds: i64, signal_type: &str| {
        let filter = SignalFilter {
            signal_type: Some(signal_type.into()),
            ..of("b")
        };
        word(model.apply(at(seconds), Operation::Check(filter)))
    };
    assert_eq!(check(59, "ready"), "pending s");
    assert_eq!(check(59, "done"), "never seen");
    assert_eq!(check(60, "ready"), "expired s at 2026-11-20T10:01:00Z");
    assert_eq!(check(60, "done"), "never seen");
    assert_eq!(
        check(60 + 86_399, "ready"),
        "expired s at 2026-11-20T10:01:00Z"
    );
    assert_eq!(check(60 + 86_400, "ready"), "never seen");
}

#[test]
fn a_second_call_with_an_id_changes_nothing() {
    let mut model = Model::new(at(0));
    let send = || Operation::Send(signal("s", "ready", "a", "b"));
    let first = model.apply(at(0), send());
    assert!(matches!(
        first,
        Outcome::Sent(Sent {
            repeated: false,
            differs: false,
            ..
        })
    ));
    model.apply(at(1), Operation::Take(of("b")));
    let again = model.apply(at(2), send());
    let Outcome::Sent(again) = again else {
        panic!("{again:?}")
    };
    assert!(again.repeated);
    assert_eq!(again.expires_at, at(60));
    let taken = word(model.apply(at(3), Operation::Take(of("b"))));
    assert!(taken.starts_with("nothing since"), "{taken}");
}

fn beat(agent: &str, status: &str) -> BeatInput {
    BeatInput {
        agent_id: agent.into(),
        status: status.into(),
        progress: Decimal::ZERO,
        current_task: "link".into(),
        display_name: None,
        metadata: None,
        ttl_s: 30,
    }
}

#[test]
fn a_beat_keeps_name_and_facts_and_is_remembered_after_its_key() {
    let mut model = Model::new(at(0));
    let mut first = beat("a", "starting");
    first.display_name = Some("Builder".into());
    first.metadata = JsonObject::parse(r#"{"interval_s":5}"#).ok();
    model.apply(at(0), Operation::Beat(first));
    for n in 1..30 {
        model.apply(at(n), Operation::Beat(beat("a", "running")));
    }
    let agent_id = String::from("a");
    let get = Operation::Agent { agent_id };
    let Outcome::Agent(Some(row)) = model.apply(at(3600), get.clone()) else {
        panic!("forgotten")
    };
    assert_eq!(row.beat.display_name.as_deref(), Some("Builder"));
    assert_eq!(row.beat.announced_interval_us(), Some(5_000_000));
    assert_eq!(row.arrivals.len(), BEAT_HISTORY);
    assert_eq!(row.arrivals.last(), Some(&at(29)));
    assert_eq!(row.run.map(|run| run.since), Some(at(0)));
    assert_eq!(row.expires_at, at(59));
    assert_eq!(model.apply(at(59 + 86_400), get), Outcome::Agent(None));
}

fn ask(id: &str, seconds: u64) -> Operation {
    Operation::Request(NewApproval {
        request_id: id.into(),
        approval_type: "deploy".into(),
        agent_id: "wf-1".into(),
        context: JsonObject::default(),
        timeout_us: seconds * 1_000_000,
    })
}

fn answer(id: &str, approved: bool, min_left_us: u64) -> Operation {
    Operation::Decide(Answer {
        request_id: id.into(),
        approved,
        responder: "kim".into(),
        reason: "fine".into(),
        min_left_us,
    })
}

#[test]
fn a_request_is_decided_once_and_in_time() {
    let mut model = Model::new(at(0));
    model.apply(at(0), ask("r", 10));
    model.apply(at(0), ask("late", 10));
    let mut decide = |seconds: i64, operation: Operation| {
        let outcome = model.apply(at(seconds), operation);
        let Outcome::Decision(decision) = outcome else {
            panic!("{outcome:?}")
        };
        decision
    };
    assert_eq!(
        decide(1, answer("none", true, 0)),
        Decision::Refused(Refusal::Unknown)
    );
    let taken = decide(1, answer("r", true, 0));
    let Decision::Taken(row) = &taken else {
        panic!("{taken:?}")
    };
    assert_eq!(row.request.status, ApprovalStatus::Approved);
    assert_eq!(
        decide(2, answer("r", true, 0)),
        Decision::Repeated(row.clone())
    );
    assert_eq!(
        decide(20, answer("r", false, 0)),
        Decision::Refused(Refusal::AlreadyDecided(row.clone()))
    );
    assert!(matches!(
        decide(9, answer("late", true, MIN_ANSWER_LEFT_US)),
        Decision::Refused(Refusal::TooLate {
            left_us: 1_000_000,
            ..
        })
    ));
    assert!(matches!(
        decide(10, answer("late", true, 0)),
        Decision::Refused(Refusal::DeadlinePassed(_))
    ));
}

#[test]
fn what_is_over_leaves_the_queue_by_itself() {
    let mut model = Model::new(at(0));
    model.apply(at(0), ask("b", 10));
    model.apply(at(1), ask("a", 10));
    let mut listed = |seconds: i64, closed: bool| {
        let filter = ApprovalFilter {
            approval_type: None,
            closed,
        };
        match model.apply(at(seconds), Operation::Approvals(filter)) {
            Outcome::Approvals(rows) => {
                let ids = rows.items.into_iter().map(|row| row.request.request_id);
                ids.collect::<Vec<_>>().concat()
            }
            other => format!("{other:?}"),
        }
    };
    assert_eq!(listed(5, false), "ba");
    assert_eq!(listed(10, false), "a");
    assert_eq!(listed(11, false), "");
    assert_eq!(listed(11, true), "ba");
    let ids = |ids: &[&str]| Outcome::Swept(ids.iter().map(ToString::to_string).collect());
    assert_eq!(model.apply(at(12), Operation::Sweep), ids(&["a", "b"]));
    assert_eq!(model.apply(at(13), Operation::Sweep), ids(&[]));
}

fn publish(n: u32) -> Operation {
    Operation::Publish(NewEvent {
        event_type: "progress".into(),
        data: JsonObject::parse(&format!("{{\"n\":{n}}}")).unwrap(),
        source: "attune".into(),
        max_len: 10,
    })
}

fn batch(outcome: Outcome) -> StreamBatch {
    match outcome {
        Outcome::Batches(mut batches) if batches.len() == 1 => batches.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reader_goes_on_where_it_was_and_is_told_of_gaps() {
    let mut model = Model::new(at(0));
    for n in 0..5 {
        model.apply(at(0), publish(n));
    }
    let read = |after: Position| {
        Operation::Read(StreamRead {
            from: vec![("progress".into(), after)],
            count: 3,
        })
    };
    let first = batch(model.apply(at(1), read(Position::Start)));
    assert_eq!(first.events.len(), 3);
    assert_eq!(first.gap, None);
    // Ids rise also when the clock does not.
    for n in 5..15 {
        model.apply(at(-5), publish(n));
    }
    let second = batch(model.apply(at(1), read(Position::After(first.next))));
    let gap = second.gap.unwrap();
    assert_eq!(gap.after, first.next);
    assert_eq!(gap.first_kept, Some(second.events[0].event.event_id));
    assert_eq!(second.events[0].event.data.as_str(), r#"{"n": 5}"#);
    assert_eq!(batch(model.apply(at(1), read(Position::Start))).gap, None);
}

#[test]
fn a_group_gives_an_event_again_until_it_is_acknowledged() {
    let mut model = Model::new(at(0));
    for n in 0..3 {
        model.apply(at(0), publish(n));
    }
    let read = |consumer: &str| {
        Operation::ReadGroup(GroupRead {
            event_types: vec!["progress".into()],
            group: "g".into(),
            consumer: consumer.into(),
            start: Position::Start,
            count: 2,
            redeliver_after_us: 30_000_000,
        })
    };
    let given = |batch: &StreamBatch| {
        let each = batch.events.iter();
        each.map(|e| (e.event.event_id.seq, e.deliveries))
            .collect::<Vec<_>>()
    };
    let first = batch(model.apply(at(0), read("c1")));
    assert_eq!(given(&first), [(0, 1), (1, 1)]);
    assert_eq!(given(&batch(model.apply(at(1), read("c2")))), [(2, 1)]);
    assert_eq!(given(&batch(model.apply(at(2), read("c2")))), []);
    let ack = Operation::Ack(AckEvents {
        event_type: "progress".into(),
        group: "g".into(),
        ids: vec![first.events[0].event.event_id, StreamId::MAX],
    });
    assert_eq!(
        model.apply(at(3), ack.clone()),
        Outcome::Cleared(Cleared(1))
    );
    assert_eq!(model.apply(at(3), ack), Outcome::Cleared(Cleared(0)));
    assert_eq!(given(&batch(model.apply(at(30), read("c2")))), [(1, 2)]);
    assert_eq!(given(&batch(model.apply(at(31), read("c1")))), [(2, 2)]);
}

#[test]
fn scores_are_newest_first_for_a_week() {
    let mut model = Model::new(at(0));
    let score = |id: &str, seconds: i64| {
        Operation::Feedback(QualityFeedback {
            feedback_id: id.into(),
            workflow_name: "a".into(),
            stage_name: "b:c".into(),
            tier: "cheap".into(),
            quality_score: Decimal::ONE,
            timestamp: Some(at(seconds)),
            metadata: JsonObject::default(),
        })
    };
    model.apply(at(3), score("old", 1));
    model.apply(at(3), score("new", 2));
    let mut history = |seconds: i64, workflow: &str| {
        let query = FeedbackQuery {
            workflow: workflow.into(),
            stage: None,
            tier: None,
            limit: 10,
        };
        match model.apply(at(seconds), Operation::FeedbackHistory(query)) {
            Outcome::Scores(scores) => {
                let ids = scores.items.into_iter().map(|score| score.feedback_id);
                ids.collect::<Vec<_>>().join(" ")
            }
            other => format!("{other:?}"),
        }
    };
    assert_eq!(history(4, "a"), "new old");
    assert_eq!(history(4, "a:b"), "");
    assert_eq!(history(604_803, "a"), "");
}

#[test]
fn the_defaults_are_those_of_the_first_system() {
    assert_eq!(crate::record::signal::DEFAULT_SIGNAL_TTL_S, 60);
    assert_eq!(DEFAULT_SIGNAL_WAIT_S, 30);
    assert_eq!(DEFAULT_HEARTBEAT_INTERVAL_S, 10);
    assert_eq!(DEFAULT_HEARTBEAT_TTL_S, 30);
    assert_eq!(DEFAULT_STALE_S, 60);
    assert_eq!(
        crate::record::approval_request::DEFAULT_APPROVAL_TIMEOUT_US,
        300_000_000
    );
    assert_eq!(DEFAULT_STREAM_LENGTH, 10_000);
    assert_eq!(DEFAULT_RECENT_EVENTS, 100);
    assert_eq!(DEFAULT_TRIM_LENGTH, 1000);
    assert_eq!(DEFAULT_BLOCK_MS, 5000);
    assert_eq!(DEFAULT_FEEDBACK_TTL_S, 7 * 86_400);
}

#[test]
fn names_are_checked() {
    for name in ["a", "a:b", "[x]*?", "na\u{ef}ve", "a b"] {
        assert_eq!(check_name(name), Ok(()), "{name}");
    }
    assert_eq!(check_name(""), Err(NameError::Empty));
    assert_eq!(check_name(" "), Err(NameError::Blank));
    assert_eq!(check_name("\u{a0} \u{3000}"), Err(NameError::Blank));
    assert_eq!(check_name("*"), Err(NameError::Everyone));
    assert_eq!(check_name("a\n"), Err(NameError::Control));
    assert_eq!(check_name(&"a".repeat(257)), Err(NameError::TooLong));
}

proptest! {
    /// Whatever is sent and taken, in whatever order: nothing twice, nothing out
    /// of the order of its type, nothing after it has expired.
    #[test]
    fn every_signal_is_received_at_most_once_and_in_order(
        steps in prop::collection::vec((0..3_usize, 0..2_usize, any::<bool>(), 0..20_i64), 1..80)
    ) {
        let agents = ["a", "b", "c"];
        let types = ["ready", "done"];
        let mut model = Model::new(at(0));
        let (mut now, mut sent) = (0, 0_u32);
        let mut received: Vec<(usize, String, String)> = Vec::new();
        for (agent, kind, send, advance) in steps {
            now += advance;
            if send {
                sent += 1;
                let id = format!("{sent:08}");
                let signal = signal(&id, types[kind], "sender", agents[agent]);
                model.apply(at(now), Operation::Send(signal));
            } else if let Outcome::Check(SignalCheck::Delivered(held)) =
                model.apply(at(now), Operation::Take(of(agents[agent])))
            {
                prop_assert!(held.expires_at > at(now));
                prop_assert_eq!(held.signal.target_agent.as_deref(), Some(agents[agent]));
                received.push((agent, held.signal.signal_type, held.signal.signal_id));
            }
        }
        for (at, one) in received.iter().enumerate() {
            for later in &received[at + 1..] {
                prop_assert_ne!(&one.2, &later.2);
                if one.0 == later.0 && one.1 == later.1 {
                    prop_assert!(one.2 < later.2);
                }
            }
        }
    }
}

#[test]
fn a_mailbox_alone_says_when_it_forgets() {
    let mut mailbox = Mailbox::new(at(0));
    assert_eq!(mailbox.poll_timeout(), None);
    mailbox.send(at(0), signal("s", "ready", "a", "b"));
    // First the id, at the signal's end; a day later the signal itself.
    let mut woken = Vec::new();
    while let Some((next, reason)) = mailbox.poll_timeout() {
        assert_eq!(reason, ModelTimeout::Forgotten);
        woken.push(next);
        mailbox.handle_timeout(next);
    }
    assert_eq!(woken, [at(60), at(60 + 86_400)]);
    mailbox.enrol(at(0), "b".into());
    mailbox.send(at(0), signal("s", "ready", "a", "b"));
    let taken = mailbox.take(at(10), &of("b"));
    assert!(matches!(taken, SignalCheck::Delivered(_)), "{taken:?}");
    let mut last = at(0);
    while let Some((next, _)) = mailbox.poll_timeout() {
        assert!(next > last);
        last = next;
        mailbox.handle_timeout(next);
    }
    assert_eq!(last, at(10 + 86_400));
}

#[test]
fn approvals_alone_tell_each_timeout_once() {
    let mut approvals = Approvals::default();
    let ask = |id: &str, timeout_us| NewApproval {
        request_id: id.into(),
        approval_type: "deploy".into(),
        agent_id: "a".into(),
        context: JsonObject::default(),
        timeout_us,
    };
    for (id, seconds) in [("late", 20), ("early", 10), ("answered", 10)] {
        approvals.request(at(0), ask(id, seconds * 1_000_000));
    }
    let answer = Answer {
        request_id: "answered".into(),
        approved: true,
        responder: "kim".into(),
        reason: String::new(),
        min_left_us: 0,
    };
    let decision = approvals.decide(at(5), answer);
    assert!(matches!(decision, Decision::Taken(_)), "{decision:?}");
    let mut woken = Vec::new();
    while let Some((next, reason)) = approvals.poll_timeout() {
        approvals.handle_timeout(next);
        woken.push((next, reason, approvals.poll_timed_out()));
        assert_eq!(approvals.poll_timed_out(), None);
    }
    let day = 86_400;
    let (deadline, forgotten) = (ModelTimeout::Deadline, ModelTimeout::Forgotten);
    assert_eq!(
        woken,
        [
            (at(10), deadline, Some("early".into())),
            (at(20), deadline, Some("late".into())),
            (at(5 + day), forgotten, None),
            (at(10 + day), forgotten, None),
            (at(20 + day), forgotten, None),
        ]
    );
    // Whoever comes back after days is told too.
    approvals.request(at(0), ask("old", 1_000_000));
    approvals.handle_timeout(at(10 * day));
    assert_eq!(approvals.poll_timed_out().as_deref(), Some("old"));
    assert_eq!(approvals.get(at(10 * day), "old"), None);
}
