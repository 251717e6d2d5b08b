//! What every store has to do, as the core's model does it.
//!
//! A store's tests make one empty store per case and call [`agrees`] with random
//! [`steps`], and the checks of what only shows with several at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use muster_core::coordination::{
    AckEvents, Answer, ApprovalFilter, BeatInput, Decision, FeedbackQuery, GroupRead, Listing,
    Model, NewApproval, NewEvent, NewSignal, Operation, Outcome, Position, RecentQuery, Refusal,
    SignalCheck, SignalFilter, StreamRead,
};
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::record::stream_event::StreamId;
use muster_core::{Decimal, JsonObject, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Interest, Store, Wake, apply};

/// One step of a sequence: time goes on, then something is done.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    advance_us: i64,
    action: Action,
}

/// What is done; what depends on ids that were given before is filled in on the way.
#[derive(Clone, Debug)]
enum Action {
    Do(Operation),
    Ack {
        event_type: String,
        group: String,
        picks: Vec<usize>,
    },
    Read {
        event_types: Vec<String>,
        pick: usize,
        count: u64,
    },
    Recent {
        event_type: String,
        from: usize,
        count: u64,
    },
    JoinGroup {
        read: GroupRead,
        pick: usize,
    },
}

/// Agents whose names are patterns or look like parts of keys are among them.
const AGENTS: [&str; 5] = ["a", "b", "a:ready", "[ab]", "a?\\*"];
const TYPES: [&str; 3] = ["ready", "b:ready", "*"];
const STREAMS: [&str; 3] = ["progress", "agent_error", "x:[y]"];
const GROUPS: [&str; 2] = ["g", "h:1"];

fn name(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(names).prop_map(String::from)
}

/// A payload, with text that is not ASCII and a number that is easily changed.
fn object() -> impl Strategy<Value = JsonObject> {
    select(vec![
        "{}",
        "{\"n\":1.50}",
        "{\"t\":\"na\u{ef}ve \u{1f600}\\n\",\"l\":[null,{}]}",
    ])
    .prop_map(|text| JsonObject::parse(text).unwrap())
}

fn new_signal() -> impl Strategy<Value = NewSignal> {
    (
        0..24_u32,
        name(&TYPES),
        name(&AGENTS),
        name(&AGENTS),
        object(),
        select(vec![1_u32, 5, 60, 90_000]),
    )
        .prop_map(
            |(id, signal_type, source_agent, target_agent, payload, ttl_s)| NewSignal {
                signal_id: format!("signal_{id:08x}"),
                signal_type,
                source_agent,
                target_agent,
                payload,
                ttl_s,
            },
        )
}

fn filter() -> impl Strategy<Value = SignalFilter> {
    let wanted = |names| prop::option::weighted(0.4, name(names));
    (name(&AGENTS), wanted(&TYPES), wanted(&AGENTS)).prop_map(
        |(agent_id, signal_type, source_agent)| SignalFilter {
            agent_id,
            signal_type,
            source_agent,
        },
    )
}

fn signals() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => new_signal().prop_map(Operation::Send),
        2 => new_signal().prop_map(Operation::Broadcast),
        4 => filter().prop_map(Operation::Take),
        2 => filter().prop_map(Operation::Check),
        1 => filter().prop_map(Operation::Signals),
        1 => any::<bool>().prop_map(|expired| Operation::AllSignals { expired }),
        1 => filter().prop_map(Operation::Clear),
        1 => name(&AGENTS).prop_map(|agent_id| Operation::Enrol { agent_id }),
        1 => prop::option::of(name(&TYPES))
            .prop_map(|signal_type| Operation::SlowestDelivery { signal_type }),
    ]
}

fn beats() -> impl Strategy<Value = Operation> {
    let statuses = &[
        "starting",
        "running",
        "running",
        "running",
        "completed",
        "odd",
    ];
    let beat = (
        (
            name(&AGENTS),
            name(statuses),
            0..=7_500_000_000_i64,
            name(&["", "step 1", "na\u{ef}ve"]),
        ),
        prop::option::of(name(&["Builder", "\u{1f600}"])),
        prop::option::of(object()),
        select(vec![1_u32, 30, 600]),
    );
    let beat = beat.prop_map(
        |((agent_id, status, progress, current_task), display_name, metadata, ttl_s)| {
            Operation::Beat(BeatInput {
                agent_id,
                status,
                progress: Decimal::from_nanos(progress),
                current_task,
                display_name,
                metadata,
                ttl_s,
            })
        },
    );
    prop_oneof![
        4 => beat,
        1 => Just(Operation::Fleet),
        1 => name(&AGENTS).prop_map(|agent_id| Operation::Agent { agent_id }),
    ]
}

fn request_id() -> impl Strategy<Value = String> {
    (0..6_u32).prop_map(|id| format!("approval_{id:08x}"))
}

fn approvals() -> impl Strategy<Value = Operation> {
    let timeouts = select(vec![
        0_u64,
        1_000_000,
        1_500_000,
        300_000_000,
        90_000_000_000,
    ]);
    let request = (
        request_id(),
        name(&TYPES),
        name(&AGENTS),
        object(),
        timeouts,
    )
        .prop_map(
            |(request_id, approval_type, agent_id, context, timeout_us)| {
                Operation::Request(NewApproval {
                    request_id,
                    approval_type,
                    agent_id,
                    context,
                    timeout_us,
                })
            },
        );
    let answer = (
        request_id(),
        any::<bool>(),
        name(&["kim@example.org", "lee"]),
        select(vec![0_u64, 1_500_000]),
    );
    let answer = answer.prop_map(|(request_id, approved, responder, min_left_us)| {
        Operation::Decide(Answer {
            request_id,
            approved,
            responder,
            reason: "fine: \u{e9}".into(),
            min_left_us,
        })
    });
    let list =
        (prop::option::of(name(&TYPES)), any::<bool>()).prop_map(|(approval_type, closed)| {
            Operation::Approvals(ApprovalFilter {
                approval_type,
                closed,
            })
        });
    prop_oneof![
        4 => request,
        4 => answer,
        2 => request_id().prop_map(|request_id| Operation::Approval { request_id }),
        1 => list,
        1 => Just(Operation::Sweep),
    ]
}

fn scores() -> impl Strategy<Value = Operation> {
    let score = (
        0..20_u32,
        name(&["review", "a:b"]),
        name(&["s", "b:cheap"]),
        name(&["cheap", "premium"]),
        0..=1_000_000_000_i64,
    );
    let score = score.prop_map(|(id, workflow_name, stage_name, tier, score)| {
        Operation::Feedback(QualityFeedback {
            feedback_id: format!("feedback_{id:08x}"),
            workflow_name,
            stage_name,
            tier,
            quality_score: Decimal::from_nanos(score),
            timestamp: None,
            metadata: JsonObject::default(),
        })
    });
    let history = (
        name(&["review", "a:b", "a"]),
        prop::option::of(name(&["s", "b:cheap"])),
        prop::option::of(name(&["cheap"])),
        0..4_u64,
    );
    let history = history.prop_map(|(workflow, stage, tier, limit)| {
        Operation::FeedbackHistory(FeedbackQuery {
            workflow,
            stage,
            tier,
            limit,
        })
    });
    let clear = (name(&["review", "a"]), prop::option::of(name(&["s"])))
        .prop_map(|(workflow, stage)| Operation::ClearFeedback { workflow, stage });
    prop_oneof![6 => score, 3 => history, 1 => clear]
}

fn streams() -> impl Strategy<Value = Action> {
    let publish = (name(&STREAMS), object(), name(&["attune", "demo"])).prop_map(
        |(event_type, data, source)| {
            Action::Do(Operation::Publish(NewEvent {
                event_type,
                data,
                source,
                max_len: 10_000,
            }))
        },
    );
    let types = || {
        vec(name(&STREAMS), 1..3).prop_map(|mut types| {
            types.sort();
            types.dedup();
            types
        })
    };
    let read =
        (types(), 0..16_usize, 0..4_u64).prop_map(|(event_types, pick, count)| Action::Read {
            event_types,
            pick,
            count,
        });
    let group = (
        types(),
        name(&GROUPS),
        name(&["c1", "c2"]),
        0..4_u64,
        select(vec![0_u64, 5_000_000, 60_000_000]),
        0..16_usize,
    )
        .prop_map(
            |(event_types, group, consumer, count, redeliver_after_us, pick)| Action::JoinGroup {
                read: GroupRead {
                    event_types,
                    group,
                    consumer,
                    start: Position::Start,
                    count,
                    redeliver_after_us,
                },
                pick,
            },
        );
    let ack = (name(&STREAMS), name(&GROUPS), vec(0..16_usize, 0..4)).prop_map(
        |(event_type, group, picks)| Action::Ack {
            event_type,
            group,
            picks,
        },
    );
    let recent = (name(&STREAMS), 0..16_usize, 0..4_u64).prop_map(|(event_type, from, count)| {
        Action::Recent {
            event_type,
            from,
            count,
        }
    });
    let trim = (name(&STREAMS), 0..4_u64).prop_map(|(event_type, max_len)| {
        Action::Do(Operation::Trim {
            event_type,
            max_len,
        })
    });
    prop_oneof![
        6 => publish,
        3 => read,
        4 => group,
        2 => ack,
        1 => recent,
        1 => trim,
        1 => Just(Action::Do(Operation::Streams)),
        1 => name(&STREAMS).prop_map(|event_type| Action::Do(Operation::Delete { event_type })),
    ]
}

/// Random sequences. Most keep to one subject, so that they get deep into it.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    fn of(actions: impl Strategy<Value = Action> + 'static) -> BoxedStrategy<Vec<Step>> {
        let advances = select(vec![
            0_i64,
            0,
            0,
            1,
            1_000,
            999_999,
            1_000_000,
            5_000_000,
            31_000_000,
            3_600_000_000,
            43_200_000_000,
            86_400_000_000,
        ]);
        let step = (advances, actions).prop_map(|(advance_us, action)| Step { advance_us, action });
        vec(step, 1..40).boxed()
    }
    prop_oneof![
        3 => of(signals().prop_map(Action::Do)),
        1 => of(beats().prop_map(Action::Do)),
        2 => of(approvals().prop_map(Action::Do)),
        3 => of(streams()),
        1 => of(scores().prop_map(Action::Do)),
        1 => of(prop_oneof![
            signals().prop_map(Action::Do),
            beats().prop_map(Action::Do),
            approvals().prop_map(Action::Do),
            streams(),
        ]),
    ]
}

/// Whether an empty store answers a sequence as the model does.
pub(crate) async fn agrees(
    store: &dyn Store,
    since: Timestamp,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let mut model = Model::new(since);
    let mut now = since;
    let mut ids = vec![StreamId::ZERO];
    let mut history = Vec::new();
    let last_looks = [
        Operation::AllSignals { expired: false },
        Operation::AllSignals { expired: true },
        Operation::SlowestDelivery { signal_type: None },
        Operation::Fleet,
        Operation::Approvals(ApprovalFilter {
            approval_type: None,
            closed: true,
        }),
        Operation::Streams,
    ];
    let looks = last_looks.map(|operation| Step {
        advance_us: 0,
        action: Action::Do(operation),
    });
    for step in steps.iter().chain(&looks) {
        now = now.saturating_add_us(step.advance_us);
        let operation = step.action.operation(&ids);
        let expected = comparable(model.apply(now, operation.clone()));
        let answered = apply(store, now, &operation).await;
        history.push(format!("{now} {operation:?}"));
        let answered = match answered {
            Ok(outcome) => comparable(outcome),
            Err(error) => {
                return Err(TestCaseError::fail(format!(
                    "{error}\nafter {}",
                    history.join("\n")
                )));
            }
        };
        if answered != expected {
            return Err(TestCaseError::fail(format!(
                "the store answers {answered:#?}\nand the model {expected:#?}\nafter {}",
                history.join("\n")
            )));
        }
        if let Outcome::Published(id) = expected {
            ids.push(id);
        }
    }
    Ok(())
}

impl Action {
    fn operation(&self, ids: &[StreamId]) -> Operation {
        let pick = |pick: usize| ids[pick % ids.len()];
        match self {
            Self::Do(operation) => operation.clone(),
            Self::Ack {
                event_type,
                group,
                picks,
            } => Operation::Ack(AckEvents {
                event_type: event_type.clone(),
                group: group.clone(),
                ids: picks.iter().map(|at| pick(*at)).collect(),
            }),
            Self::Read {
                event_types,
                pick: at,
                count,
            } => {
                let position = position(pick(*at));
                let from = event_types.iter().map(|name| (name.clone(), position));
                Operation::Read(StreamRead {
                    from: from.collect(),
                    count: *count,
                })
            }
            Self::Recent {
                event_type,
                from,
                count,
            } => Operation::Recent(RecentQuery {
                event_type: event_type.clone(),
                count: *count,
                from: pick(*from),
                to: StreamId::MAX,
            }),
            Self::JoinGroup { read, pick: at } => {
                let mut read = read.clone();
                read.start = position(pick(*at));
                Operation::ReadGroup(read)
            }
        }
    }
}

fn position(id: StreamId) -> Position {
    if id == StreamId::ZERO {
        Position::Start
    } else {
        Position::After(id)
    }
}

/// Without what a store may know better or not at all.
fn comparable(mut outcome: Outcome) -> Outcome {
    match &mut outcome {
        Outcome::Check(SignalCheck::NeverSeen { observed_since, .. }) => *observed_since = None,
        Outcome::Fleet(Listing { items, .. }) => {
            for row in items {
                row.age_by_store_us = None;
            }
        }
        Outcome::Agent(Some(row)) => row.age_by_store_us = None,
        _ => {}
    }
    outcome
}

/// Many readers of one mailbox: each signal is received once, those of a type in
/// the order in which they were sent.
pub(crate) async fn each_signal_is_received_once(store: Arc<dyn Store>, now: Timestamp) {
    const SIGNALS: usize = 200;
    for n in 0..SIGNALS {
        let signal = NewSignal {
            signal_id: format!("signal_{n:08x}"),
            signal_type: ["even", "odd"][n % 2].into(),
            source_agent: "sender".into(),
            target_agent: "pool".into(),
            payload: JsonObject::default(),
            ttl_s: 3600,
        };
        store.send(now, &signal).await.unwrap();
    }
    let mut readers = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        readers.spawn(async move {
            let filter = SignalFilter {
                agent_id: "pool".into(),
                signal_type: None,
                source_agent: None,
            };
            let mut received = Vec::new();
            while let SignalCheck::Delivered(held) = store.take(now, &filter).await.unwrap() {
                received.push(held.signal);
            }
            received
        });
    }
    let mut readers_of: BTreeMap<String, usize> = BTreeMap::new();
    for received in readers.join_all().await {
        for signal_type in ["even", "odd"] {
            let of_type = received.iter().filter(|s| s.signal_type == signal_type);
            let ids: Vec<_> = of_type.map(|signal| &signal.signal_id).collect();
            assert!(ids.is_sorted(), "out of order: {ids:?}");
        }
        for signal in received {
            *readers_of.entry(signal.signal_id).or_default() += 1;
        }
    }
    assert_eq!(readers_of.len(), SIGNALS, "signals were lost");
    let twice: Vec<_> = readers_of.iter().filter(|(_, n)| **n != 1).collect();
    assert!(twice.is_empty(), "received more than once: {twice:?}");
}

/// More signals than one step of a store looks at, of several types and to all: they
/// are listed in the order they were sent in, and cleared by type.
pub(crate) async fn a_long_queue_is_listed_in_order(store: Arc<dyn Store>, now: Timestamp) {
    const SIGNALS: usize = 1700;
    let types = ["even", "odd", "third"];
    let signal_type = |n: usize| types[n % types.len()];
    for n in 0..SIGNALS {
        let signal = NewSignal {
            signal_id: format!("signal_{n:08x}"),
            signal_type: signal_type(n).into(),
            source_agent: "sender".into(),
            target_agent: "pool".into(),
            payload: JsonObject::default(),
            ttl_s: 3600,
        };
        if n % 5 == 0 {
            store.broadcast(now, &signal).await.unwrap();
        } else {
            store.send(now, &signal).await.unwrap();
        }
    }
    let listed = async |of: Option<&str>| {
        let filter = SignalFilter {
            agent_id: "pool".into(),
            signal_type: of.map(str::to_owned),
            source_agent: None,
        };
        let listing = store.signals(now, &filter).await.unwrap();
        let ids = listing.items.into_iter().map(|held| held.signal.signal_id);
        (filter, ids.collect::<Vec<_>>())
    };
    let ids = |of: Option<&str>| -> Vec<_> {
        let numbers = (0..SIGNALS).filter(|n| of.is_none_or(|of| signal_type(*n) == of));
        numbers.map(|n| format!("signal_{n:08x}")).collect()
    };
    for of in [None, Some("odd")] {
        assert!(listed(of).await.1 == ids(of), "{of:?} out of order");
    }
    let (filter, odd) = listed(Some("odd")).await;
    assert_eq!(store.clear(now, &filter).await.unwrap(), odd.len() as u64);
    assert!(listed(Some("odd")).await.1.is_empty());
    let left: Vec<_> = listed(None).await.1;
    assert_eq!(left.len(), SIGNALS - odd.len());
    assert!(left.is_sorted(), "out of order after clearing");
}

/// Many answers to one request: one is taken, those that contradict it are
/// refused with it.
pub(crate) async fn a_request_is_decided_once(store: Arc<dyn Store>, now: Timestamp) {
    let request = NewApproval {
        request_id: "approval_00000001".into(),
        approval_type: "deploy".into(),
        agent_id: "wf-1".into(),
        context: JsonObject::default(),
        timeout_us: 60_000_000,
    };
    store.request(now, &request).await.unwrap();
    let mut responders = JoinSet::new();
    for n in 0..16 {
        let store = Arc::clone(&store);
        responders.spawn(async move {
            let answer = Answer {
                request_id: "approval_00000001".into(),
                approved: n % 2 == 0,
                responder: format!("responder-{n}"),
                reason: String::new(),
                min_left_us: 0,
            };
            store.decide(now, &answer).await.unwrap()
        });
    }
    let decisions = responders.join_all().await;
    let taken: Vec<_> = decisions
        .iter()
        .filter_map(|decision| match decision {
            Decision::Taken(row) => Some(row),
            _ => None,
        })
        .collect();
    assert_eq!(taken.len(), 1, "{decisions:#?}");
    for decision in &decisions {
        let (Decision::Taken(row)
        | Decision::Repeated(row)
        | Decision::Refused(Refusal::AlreadyDecided(row))) = decision
        else {
            panic!("neither taken nor refused for the first one: {decision:?}");
        };
        assert_eq!(row, taken[0]);
    }
    let stored = store.approval(now, "approval_00000001").await.unwrap();
    assert_eq!(stored.as_ref(), Some(taken[0]));
}

/// Who listens is woken by what it waits for, also when that came before the wait.
pub(crate) async fn who_waits_is_woken(store: Arc<dyn Store>, now: Timestamp) {
    let deadline = || Some(Instant::now() + Duration::from_secs(10));
    let signal = |id: u32| NewSignal {
        signal_id: format!("signal_{id:08x}"),
        signal_type: "ready".into(),
        source_agent: "sender".into(),
        target_agent: "waiter".into(),
        payload: JsonObject::default(),
        ttl_s: 60,
    };
    let agent_id = String::from("waiter");
    let mut watch = store.watch(Interest::Signals { agent_id }).await.unwrap();
    store.send(now, &signal(1)).await.unwrap();
    assert_eq!(watch.changed(deadline()).await, Ok(Wake::Changed));

    // One that waits already.
    let (woken, sent) = tokio::join!(watch.changed(deadline()), async {
        tokio::task::yield_now().await;
        store.broadcast(now, &signal(2)).await
    });
    assert_eq!(woken, Ok(Wake::Changed));
    assert!(sent.is_ok());

    let request_id = String::from("approval_0000000a");
    let request = NewApproval {
        request_id: request_id.clone(),
        approval_type: "deploy".into(),
        agent_id: "wf-1".into(),
        context: JsonObject::default(),
        timeout_us: 60_000_000,
    };
    let mut requests = store.watch(Interest::Approvals).await.unwrap();
    store.request(now, &request).await.unwrap();
    assert_eq!(requests.changed(deadline()).await, Ok(Wake::Changed));
    let interest = Interest::Approval { request_id };
    let mut answer = store.watch(interest).await.unwrap();
    let given = Answer {
        request_id: request.request_id,
        approved: true,
        responder: "kim".into(),
        reason: String::new(),
        min_left_us: 0,
    };
    store.decide(now, &given).await.unwrap();
    assert_eq!(answer.changed(deadline()).await, Ok(Wake::Changed));

    let mut streams = store.watch(Interest::Streams(None)).await.unwrap();
    let event = NewEvent {
        event_type: "progress".into(),
        data: JsonObject::default(),
        source: "attune".into(),
        max_len: 10_000,
    };
    store.publish(now, &event).await.unwrap();
    assert_eq!(streams.changed(deadline()).await, Ok(Wake::Changed));

    let mut fleet = store.watch(Interest::Fleet).await.unwrap();
    let beat = BeatInput {
        agent_id: "waiter".into(),
        status: "running".into(),
        progress: Decimal::ZERO,
        current_task: String::new(),
        display_name: None,
        metadata: None,
        ttl_s: 30,
    };
    store.beat(now, &beat).await.unwrap();
    assert_eq!(fleet.changed(deadline()).await, Ok(Wake::Changed));

    // Nothing more happens: whatever woke them without cause, the deadline comes.
    let soon = Instant::now() + Duration::from_millis(20);
    while watch.changed(Some(soon)).await.unwrap() == Wake::Changed {
        assert!(Instant::now() < soon + Duration::from_secs(10));
    }
}

/// The moment at which sequences begin.
/// More beats of an agent than are remembered one by one, with silences among them and
/// a clock that is set back, are told as the model tells them.
pub(crate) async fn long_runs_are_told(store: &dyn Store) {
    let mut model = Model::new(start());
    let mut now = start();
    for n in 0..120_i64 {
        let gap_us = match n {
            40 => 60_000_000,
            41 => 14_000_000,
            80 => -5_000_000,
            100 => 15_000_001,
            _ => 10_000_000 + n * 1000,
        };
        now = now.saturating_add_us(gap_us);
        let beat = Operation::Beat(BeatInput {
            agent_id: "a".into(),
            status: "running".into(),
            progress: Decimal::ZERO,
            current_task: String::new(),
            display_name: None,
            metadata: None,
            ttl_s: 3600,
        });
        apply(store, now, &beat).await.unwrap();
        model.apply(now, beat);
        let agent = Operation::Agent {
            agent_id: "a".into(),
        };
        let Outcome::Agent(Some(mut told)) = apply(store, now, &agent).await.unwrap() else {
            panic!("forgotten");
        };
        told.age_by_store_us = None;
        assert_eq!(
            Outcome::Agent(Some(told)),
            model.apply(now, agent),
            "beat {n}"
        );
    }
}

pub(crate) fn start() -> Timestamp {
    Timestamp::parse("2026-11-20T10:00:00.123456Z").unwrap()
}

mod tests {
    use tokio::runtime::Runtime;

    use super::*;
    use crate::store::MemoryStore;

    proptest! {
        #[test]
        fn the_store_in_memory_agrees(steps in steps()) {
            let runtime = Runtime::new().unwrap();
            let store = MemoryStore::new(start());
            runtime.block_on(agrees(&store, start(), &steps))?;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_store_in_memory_is_fair() {
        let store = || Arc::new(MemoryStore::new(start()));
        each_signal_is_received_once(store(), start()).await;
        a_long_queue_is_listed_in_order(store(), start()).await;
        a_request_is_decided_once(store(), start()).await;
        who_waits_is_woken(store(), start()).await;
    }
}
