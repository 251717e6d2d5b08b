use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::coordination::{
    Answer, ApprovalFilter, BeatInput, Listing, Model, NewApproval, NewSignal, Operation, Outcome,
    SignalFilter,
};
use crate::decimal::Decimal;
use crate::json_object::JsonObject;
use crate::liveness::{AgentState, LivenessOptions};
use crate::time::{Timestamp, US_PER_SECOND};
use crate::view::{
    ApprovalOutcome, FleetVerdict, NowView, SignalChoice, StoreState, StoreView, to_json,
};

/// A fleet on the reference model, looked at whenever a test says so.
struct Fleet {
    model: Model,
    overview: Overview,
    begin: Timestamp,
}

impl Fleet {
    fn new() -> Self {
        let begin = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        Self {
            model: Model::new(begin),
            overview: Overview::new(begin, LivenessOptions::default()),
            begin,
        }
    }

    fn at(&self, seconds: i64) -> Timestamp {
        self.begin.saturating_add_us(seconds * US_PER_SECOND)
    }

    fn apply(&mut self, seconds: i64, operation: &Operation) -> Outcome {
        let now = self.at(seconds);
        self.model.apply(now, operation.clone())
    }

    fn beat(&mut self, seconds: i64, agent_id: &str) {
        let beat = BeatInput {
            agent_id: agent_id.into(),
            status: "running".into(),
            progress: Decimal::ZERO,
            current_task: "t".into(),
            display_name: None,
            metadata: Some(JsonObject::parse(r#"{"interval_s": 10}"#).unwrap()),
            ttl_s: 30,
        };
        self.apply(seconds, &Operation::Beat(beat));
    }

    fn ask(&mut self, seconds: i64, request_id: &str, agent_id: &str, timeout_s: u64) {
        let request = NewApproval {
            request_id: request_id.into(),
            approval_type: "deploy".into(),
            agent_id: agent_id.into(),
            context: JsonObject::default(),
            timeout_us: timeout_s * 1_000_000,
        };
        self.apply(seconds, &Operation::Request(request));
    }

    fn send(&mut self, seconds: i64, id: &str, to: &str, ttl_s: u32) {
        let signal = NewSignal {
            signal_id: id.into(),
            signal_type: "ready".into(),
            source_agent: "builder".into(),
            target_agent: to.into(),
            payload: JsonObject::default(),
            ttl_s,
        };
        self.apply(seconds, &Operation::Send(signal));
    }

    fn look(&mut self, seconds: i64) -> Glance {
        fn items<T>(listing: Listing<T>) -> Vec<T> {
            listing.items
        }
        let mut parts = GlanceParts::default();
        if let Outcome::Fleet(fleet) = self.apply(seconds, &Operation::Fleet) {
            parts.fleet = items(fleet);
        }
        let filter = ApprovalFilter {
            approval_type: None,
            closed: true,
        };
        if let Outcome::Approvals(rows) = self.apply(seconds, &Operation::Approvals(filter)) {
            parts.approvals = items(rows);
        }
        for expired in [false, true] {
            if let Outcome::Signals(signals) =
                self.apply(seconds, &Operation::AllSignals { expired })
            {
                if expired {
                    parts.expired = items(signals);
                } else {
                    parts.waiting = items(signals);
                }
            }
        }
        let now = self.at(seconds);
        self.overview.handle_parts(now, parts);
        self.overview.glance().unwrap()
    }

    fn changes(glance: &Glance) -> Vec<String> {
        let changes = glance.changes.iter().rev();
        changes
            .map(|change| {
                let from = change.from.as_deref().unwrap_or("-");
                format!("{} {from} {}", change.subject, change.to)
            })
            .collect()
    }
}

fn store(state: StoreState) -> StoreView {
    StoreView {
        state,
        backend: Some("sqlite"),
        location: "muster.db".into(),
        durability: Some("disk"),
        observed_since: None,
        looked_at: None,
        error: None,
        notes: Vec::new(),
    }
}

#[test]
fn the_first_look_is_no_change_and_later_ones_are() {
    let mut fleet = Fleet::new();
    fleet.beat(0, "builder");
    fleet.ask(0, "approval_1", "builder", 60);
    assert_eq!(Fleet::changes(&fleet.look(1)), Vec::<String>::new());
    fleet.beat(2, "tester");
    fleet.ask(3, "approval_2", "tester", 60);
    let answer = Answer {
        request_id: "approval_1".into(),
        approved: true,
        responder: "kim".into(),
        reason: String::new(),
        min_left_us: 0,
    };
    fleet.apply(4, &Operation::Decide(answer));
    let glance = fleet.look(5);
    // By their times, not as they were noticed.
    assert_eq!(
        Fleet::changes(&glance),
        [
            "approval_2 - pending",
            "approval_1 pending approved",
            "tester - alive"
        ]
    );
    let decided = glance.decisions(fleet.at(5), None, 10);
    assert_eq!(decided.len(), 1);
    assert_eq!(decided[0].decided_at, Some(fleet.at(4)));
}

#[test]
fn silence_is_a_change_without_a_look() {
    let mut fleet = Fleet::new();
    fleet.beat(0, "builder");
    fleet.look(0);
    let (late_at, _) = fleet.overview.poll_timeout().unwrap();
    fleet.overview.handle_timeout(late_at);
    let glance = fleet.overview.glance().unwrap();
    assert_eq!(Fleet::changes(&glance), ["builder alive late"]);
    assert_eq!(glance.agents(late_at)[0].state, AgentState::Late);
    // An hour later it is forgotten, and the log says so.
    let later = late_at.saturating_add_us(3601 * US_PER_SECOND);
    fleet.overview.handle_timeout(later);
    let glance = fleet.overview.glance().unwrap();
    assert!(glance.changes.iter().all(|change| change.to != "late"));
    assert!(glance.changes_since > late_at);
}

#[test]
fn a_signal_that_went_is_told_from_one_that_expired() {
    let mut fleet = Fleet::new();
    fleet.send(0, "taken", "tester", 60);
    fleet.send(0, "missed", "tester", 5);
    fleet.look(1);
    let filter = SignalFilter {
        agent_id: "tester".into(),
        signal_type: None,
        source_agent: None,
    };
    fleet.apply(2, &Operation::Take(filter));
    let glance = fleet.look(10);
    let all = SignalChoice {
        limit: 10,
        ..SignalChoice::default()
    };
    let view = glance.signals(fleet.at(10), &all);
    assert_eq!((view.waiting, view.gone, view.expired), (0, 1, 1));
    let lives: Vec<_> = view
        .signals
        .iter()
        .map(|known| (&*known.signal.signal_id, known.life))
        .collect();
    assert!(lives.contains(&("taken", SignalLife::Gone)));
    assert!(lives.contains(&("missed", SignalLife::Expired)));
    let gone = SignalChoice {
        life: Some(SignalLife::Gone),
        limit: 0,
        ..all
    };
    let view = glance.signals(fleet.at(10), &gone);
    assert_eq!((view.signals.len(), view.left_out), (0, 1));
    let detail = glance.agent(fleet.at(10), "tester").unwrap();
    assert_eq!((detail.signals_in.len(), detail.signals_out.len()), (2, 0));
    assert_eq!(detail.agent.state, AgentState::Unknown);
    assert!(glance.agent(fleet.at(10), "nobody").is_none());
}

#[test]
fn the_verdict_names_who_is_silent_and_what_waits() {
    let mut fleet = Fleet::new();
    fleet.beat(0, "builder");
    let glance = fleet.look(0);
    let now_view =
        |glance: Option<&Glance>, now, state| NowView::of(now, glance, None, vec![], store(state));
    let view = now_view(Some(&glance), fleet.at(1), StoreState::Ok);
    assert_eq!(view.verdict, FleetVerdict::Ok);
    assert_eq!(view.headline, "1 agent in order");
    fleet.ask(2, "approval_1", "builder", 60);
    let glance = fleet.look(2);
    let view = now_view(Some(&glance), fleet.at(3), StoreState::Ok);
    assert_eq!(view.verdict, FleetVerdict::Attention);
    assert_eq!(view.agents.waiting_for_human, 1);
    assert_eq!(view.waiting[0].outcome, ApprovalOutcome::Pending);
    // The same glance, shown later, tells what has become of it.
    let view = now_view(Some(&glance), fleet.at(100), StoreState::Ok);
    assert_eq!(view.verdict, FleetVerdict::Trouble);
    assert!(view.waiting.is_empty());
    assert!(
        view.headline.starts_with("1 of 1 agent silent: builder"),
        "{}",
        view.headline
    );
    let view = now_view(Some(&glance), fleet.at(100), StoreState::Unreachable);
    assert_eq!(view.verdict, FleetVerdict::Unknown);
    assert!(to_json(&now_view(None, fleet.at(0), StoreState::Absent)).contains("\"agents\""));
}

#[test]
fn a_broadcast_says_who_has_received_it() {
    let mut fleet = Fleet::new();
    let signal = NewSignal {
        signal_id: "all".into(),
        signal_type: "ready".into(),
        source_agent: "builder".into(),
        target_agent: String::new(),
        payload: JsonObject::default(),
        ttl_s: 60,
    };
    fleet.apply(0, &Operation::Broadcast(signal));
    let now = fleet.at(1);
    let before = fleet.look(1).signals(
        now,
        &SignalChoice {
            limit: 10,
            ..SignalChoice::default()
        },
    );
    assert!(before.signals[0].received_by.is_empty());
    for agent in ["tester", "reviewer"] {
        let filter = SignalFilter {
            agent_id: agent.into(),
            signal_type: None,
            source_agent: None,
        };
        fleet.apply(2, &Operation::Take(filter));
    }
    let choice = SignalChoice {
        limit: 10,
        ..SignalChoice::default()
    };
    let now = fleet.at(3);
    let taken = fleet.look(3).signals(now, &choice);
    assert_eq!(taken.signals[0].life, SignalLife::Waiting);
    assert_eq!(taken.signals[0].received_by, ["reviewer", "tester"]);
    // Its time is over: it is remembered as received and not as expired.
    let now = fleet.at(70);
    let over = fleet.look(70).signals(now, &choice);
    assert_eq!(over.signals[0].life, SignalLife::Gone);
    assert_eq!(over.signals[0].received_by, ["reviewer", "tester"]);
}
