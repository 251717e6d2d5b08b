//! Mailbox, approvals and waiter in the component: what the core itself answers, after
//! any calls at any times.

use muster_core::coordination as core;
use muster_core::{JsonObject, Timestamp};
use muster_sandbox::{GuestError, SandboxError, approval, mailbox};

use super::{Random, SANDBOX};

const AGENTS: [&str; 4] = ["a", "b", "[ab]", "\u{e9}:b"];
const TYPES: [&str; 3] = ["ready", "b:ready", "*"];
const OBJECTS: [&str; 3] = [
    "{}",
    r#"{"n": 1.50}"#,
    r#"{"t":"\ud83d\ude00","l":[null,{}]}"#,
];
/// Seconds by which time goes on: within a lifetime, beyond it, beyond the grace period.
const STEPS_S: [i64; 6] = [0, 1, 4, 30, 4_000, 90_000];

impl Random {
    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn name(&mut self, names: &[&str]) -> String {
        self.of(names).to_owned()
    }

    fn wanted(&mut self, names: &[&str]) -> Option<String> {
        (self.below(5) < 2).then(|| self.name(names))
    }
}

fn start() -> Timestamp {
    Timestamp::parse("2026-11-20T10:00:00Z").unwrap()
}

fn us(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_micros)
}

fn wake(wake: Option<(Timestamp, &str)>) -> Option<mailbox::Wake> {
    wake.map(|(at, reason)| mailbox::Wake {
        at: at.as_micros(),
        reason: reason.to_owned(),
    })
}

fn sent(sent: &core::Sent) -> mailbox::Sent {
    mailbox::Sent {
        expires_at: sent.expires_at.as_micros(),
        repeated: sent.repeated,
        differs: sent.differs,
    }
}

fn pending(held: &core::PendingSignal) -> mailbox::PendingSignal {
    let signal = &held.signal;
    mailbox::PendingSignal {
        signal_id: signal.signal_id.clone(),
        signal_type: signal.signal_type.clone(),
        source_agent: signal.source_agent.clone(),
        target_agent: signal.target_agent.clone(),
        payload: signal.payload.as_str().to_owned(),
        sent_at: us(signal.timestamp),
        ttl_s: signal.ttl_seconds,
        expires_at: held.expires_at.as_micros(),
    }
}

fn check(check: &core::SignalCheck) -> mailbox::SignalCheck {
    match check {
        core::SignalCheck::Pending(held) => mailbox::SignalCheck::Pending(pending(held)),
        core::SignalCheck::Delivered(held) => mailbox::SignalCheck::Delivered(pending(held)),
        core::SignalCheck::Expired(held) => mailbox::SignalCheck::Expired(pending(held)),
        core::SignalCheck::NeverSeen {
            observed_since,
            last_delivered_at,
        } => mailbox::SignalCheck::NeverSeen(mailbox::NeverSeen {
            observed_since: us(*observed_since),
            last_delivered_at: us(*last_delivered_at),
        }),
    }
}

#[test]
fn a_mailbox_answers_the_same_in_the_component() {
    let mut random = Random(0x0005_eed0_fa11);
    let mut native = core::Mailbox::new(start());
    let mut guest = SANDBOX.mailbox(start().as_micros()).unwrap();
    let mut now = start();
    let mut seen = [0_usize; 4];
    for _ in 0..3000 {
        now = now.saturating_add_us(random.of(&STEPS_S) * 1_000_000);
        let at = now.as_micros();
        let filter = core::SignalFilter {
            agent_id: random.name(&AGENTS),
            signal_type: random.wanted(&TYPES),
            source_agent: random.wanted(&AGENTS),
        };
        let typed = mailbox::SignalFilter {
            agent_id: filter.agent_id.clone(),
            signal_type: filter.signal_type.clone(),
            source_agent: filter.source_agent.clone(),
        };
        match random.below(12) {
            kind @ 0..=4 => {
                let payload = random.of(&OBJECTS);
                let signal = core::NewSignal {
                    signal_id: format!("signal_{}", random.below(60)),
                    signal_type: random.name(&TYPES),
                    source_agent: random.name(&AGENTS),
                    target_agent: filter.agent_id,
                    payload: JsonObject::parse(payload).unwrap(),
                    ttl_s: random.of(&[0, 5, 60, 90_000]),
                };
                let new = mailbox::NewSignal {
                    signal_id: signal.signal_id.clone(),
                    signal_type: signal.signal_type.clone(),
                    source_agent: signal.source_agent.clone(),
                    target_agent: signal.target_agent.clone(),
                    payload: payload.to_owned(),
                    ttl_s: signal.ttl_s,
                };
                if kind < 3 {
                    let given = guest.send(at, &new).unwrap();
                    assert_eq!(given, sent(&native.send(now, signal)));
                } else {
                    let given = guest.broadcast(at, &new).unwrap();
                    let expected = native.broadcast(now, signal);
                    assert_eq!(given.sent, sent(&expected.sent));
                    assert_eq!(given.enrolled, expected.enrolled);
                }
            }
            5..=7 => {
                let expected = native.take(now, &filter);
                seen[match &expected {
                    core::SignalCheck::Pending(_) => 0,
                    core::SignalCheck::Delivered(_) => 1,
                    core::SignalCheck::Expired(_) => 2,
                    core::SignalCheck::NeverSeen { .. } => 3,
                }] += 1;
                assert_eq!(guest.take(at, &typed).unwrap(), check(&expected));
            }
            8 => assert_eq!(
                guest.check(at, &typed).unwrap(),
                check(&native.check(now, &filter))
            ),
            9 => {
                let expected: Vec<_> = native.pending(now, &filter).iter().map(pending).collect();
                assert_eq!(guest.pending(at, &typed).unwrap(), expected);
            }
            10 => assert_eq!(guest.clear(at, &typed).unwrap(), native.clear(now, &filter)),
            _ => {
                guest.enrol(at, &filter.agent_id).unwrap();
                native.enrol(now, filter.agent_id);
            }
        }
        if random.below(20) == 0 {
            guest.handle_timeout(at).unwrap();
            native.handle_timeout(now);
        }
        let expected = native.poll_timeout();
        let expected = wake(expected.map(|(at, reason)| (at, reason.name())));
        assert_eq!(guest.poll_timeout().unwrap(), expected);
    }
    assert!(seen[1..].iter().all(|times| *times > 20), "{seen:?}");
}

fn row(row: &core::ApprovalRow) -> approval::ApprovalRow {
    let request = &row.request;
    approval::ApprovalRow {
        request_id: request.request_id.clone(),
        approval_type: request.approval_type.clone(),
        agent_id: request.agent_id.clone(),
        context: request.context.as_str().to_owned(),
        requested_at: row.requested_at.as_micros(),
        deadline: row.deadline.as_micros(),
        state: match &row.state {
            core::ApprovalState::Pending => approval::ApprovalState::Pending,
            core::ApprovalState::Answered(answer) => {
                approval::ApprovalState::Answered(approval::Response {
                    approved: answer.approved,
                    responder: answer.responder.clone(),
                    reason: answer.reason.clone(),
                    at: us(answer.timestamp),
                })
            }
            core::ApprovalState::TimedOut => approval::ApprovalState::TimedOut,
        },
    }
}

fn decision(decision: &core::Decision) -> approval::Decision {
    use approval::{Decision, Refusal};

    match decision {
        core::Decision::Taken(taken) => Decision::Taken(row(taken)),
        core::Decision::Repeated(first) => Decision::Repeated(row(first)),
        core::Decision::Refused(refusal) => Decision::Refused(match refusal {
            core::Refusal::Unknown => Refusal::Unknown,
            core::Refusal::AlreadyDecided(first) => Refusal::AlreadyDecided(row(first)),
            core::Refusal::DeadlinePassed(late) => Refusal::DeadlinePassed(row(late)),
            core::Refusal::TooLate { row: late, .. } => Refusal::TooLate(row(late)),
        }),
    }
}

#[test]
fn approvals_answer_the_same_in_the_component() {
    let mut random = Random(0x0a99_20fe_d000);
    let mut native = core::Approvals::default();
    let mut guest = SANDBOX.approvals().unwrap();
    let mut now = start();
    let (mut taken, mut refused, mut timed_out) = (0, 0, 0);
    for _ in 0..3000 {
        now = now.saturating_add_us(random.of(&STEPS_S) * 1_000_000);
        let at = now.as_micros();
        let request_id = format!("approval_{}", random.below(40));
        match random.below(8) {
            0..=2 => {
                let context = random.of(&OBJECTS);
                let request = core::NewApproval {
                    request_id,
                    approval_type: random.name(&TYPES),
                    agent_id: random.name(&AGENTS),
                    context: JsonObject::parse(context).unwrap(),
                    timeout_us: random.of(&[0, 1_500_000, 300_000_000, u64::MAX]),
                };
                let new = approval::NewApproval {
                    request_id: request.request_id.clone(),
                    approval_type: request.approval_type.clone(),
                    agent_id: request.agent_id.clone(),
                    context: context.to_owned(),
                    timeout_us: request.timeout_us,
                };
                let expected = native.request(now, request);
                let given = guest.request(at, &new).unwrap();
                assert_eq!(given.deadline, expected.deadline.as_micros());
                assert_eq!(given.repeated, expected.repeated);
            }
            3..=5 => {
                let answer = core::Answer {
                    request_id,
                    approved: random.below(2) == 0,
                    responder: "kim".into(),
                    reason: "fine: \u{e9}".into(),
                    min_left_us: random.of(&[0, 1_500_000]),
                };
                let typed = approval::Answer {
                    request_id: answer.request_id.clone(),
                    approved: answer.approved,
                    responder: answer.responder.clone(),
                    reason: answer.reason.clone(),
                    min_left_us: answer.min_left_us,
                };
                let expected = decision(&native.decide(now, answer));
                match &expected {
                    approval::Decision::Taken(_) => taken += 1,
                    approval::Decision::Refused(_) => refused += 1,
                    approval::Decision::Repeated(_) => {}
                }
                assert_eq!(guest.decide(at, &typed).unwrap(), expected);
            }
            6 => {
                let expected = native.get(now, &request_id).as_ref().map(row);
                assert_eq!(guest.look_up(at, &request_id).unwrap(), expected);
            }
            _ => {
                let filter = core::ApprovalFilter {
                    approval_type: random.wanted(&TYPES),
                    closed: random.below(2) == 0,
                };
                let typed = approval::ApprovalFilter {
                    approval_type: filter.approval_type.clone(),
                    closed: filter.closed,
                };
                let expected: Vec<_> = native.list(now, &filter).iter().map(row).collect();
                assert_eq!(guest.requests(at, &typed).unwrap(), expected);
            }
        }
        if random.below(10) == 0 {
            guest.handle_timeout(at).unwrap();
            native.handle_timeout(now);
            loop {
                let expected = native.poll_timed_out();
                assert_eq!(guest.poll_timed_out().unwrap(), expected);
                if expected.is_none() {
                    break;
                }
                timed_out += 1;
            }
        }
        let expected = native.poll_timeout();
        let expected = wake(expected.map(|(at, reason)| (at, reason.name())));
        assert_eq!(guest.poll_timeout().unwrap(), expected);
    }
    let least = taken.min(refused).min(timed_out);
    assert!(least > 20, "{taken} {refused} {timed_out}");
}

#[test]
fn a_waiter_waits_the_same_in_the_component() {
    let mut random = Random(0x0af7_e2da_2000);
    let mut ends = Vec::new();
    for _ in 0..200 {
        let deadline = start().saturating_add_us(random.of(&[0, 2, 40, 100]) * 1_000_000);
        let mut native = core::Waiter::new(start(), deadline);
        let mut guest = SANDBOX
            .waiter(start().as_micros(), deadline.as_micros())
            .unwrap();
        let mut now = start();
        while native.end().is_none() {
            now = now.saturating_add_us(i64::try_from(random.below(9_000_000)).unwrap());
            let at = now.as_micros();
            assert_eq!(guest.poll_ask().unwrap(), native.poll_ask());
            match random.below(5) {
                0 => {
                    guest.handle_wake(at).unwrap();
                    native.handle_wake(now);
                }
                1 => {
                    let is_there = random.below(4) == 0;
                    guest.handle_answer(at, is_there).unwrap();
                    native.handle_answer(now, is_there);
                }
                2 => {
                    let jitter = u32::try_from(random.below(1 << 30)).unwrap();
                    guest.handle_failure(at, jitter).unwrap();
                    native.handle_failure(now, jitter);
                }
                _ => {
                    guest.handle_timeout(at).unwrap();
                    native.handle_timeout(now);
                }
            }
            let expected = native.poll_timeout();
            let expected = wake(expected.map(|(at, reason)| (at, reason.name())));
            assert_eq!(guest.poll_timeout().unwrap(), expected);
            let end = native.end().map(|end| end.name().to_owned());
            assert_eq!(guest.end().unwrap(), end);
        }
        ends.extend(native.end().map(core::WaitEnd::name));
    }
    for end in ["found", "timed_out", "unanswered"] {
        assert!(ends.contains(&end), "{end}");
    }
}

#[test]
fn what_is_no_object_or_no_time_is_a_typed_error() {
    let mut guest = SANDBOX.mailbox(0).unwrap();
    let signal = mailbox::NewSignal {
        signal_id: "s".into(),
        signal_type: "t".into(),
        source_agent: "a".into(),
        target_agent: "b".into(),
        payload: "[1]".into(),
        ttl_s: 60,
    };
    match guest.send(0, &signal).unwrap_err() {
        SandboxError::Guest(GuestError::BadDocument((name, why))) => {
            assert_eq!(name, "payload");
            assert!(!why.is_empty());
        }
        other => panic!("{other}"),
    }
    let out = SandboxError::Guest(GuestError::TimeOutOfRange(i64::MIN));
    assert_eq!(guest.enrol(i64::MIN, "a"), Err(out.clone()));
    assert_eq!(SANDBOX.mailbox(i64::MIN).err(), Some(out));
}
