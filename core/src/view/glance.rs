//! Views of what a store said last.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::fleet::WaitingView;
use super::{
    AgentCostView, AgentView, ApprovalOutcome, ApprovalView, EventView, SignalView, StreamInfoView,
};
use crate::coordination::PendingSignal;
use crate::overview::{EndedSignal, Glance, SignalLife};
use crate::time::Timestamp;

/// So many rows of each sort are shown of one agent.
const MAX_OF_AGENT: usize = 100;

/// One agent with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentDetailView {
    /// The agent.
    pub agent: AgentView,
    /// When beats came, oldest first, as many as the store remembers.
    pub beats: Vec<Timestamp>,
    /// Signals to it, newest first; at most 100.
    pub signals_in: Vec<SignalLifeView>,
    /// Signals from it, newest first; at most 100.
    pub signals_out: Vec<SignalLifeView>,
    /// Its requests, newest first; at most 100.
    pub approvals: Vec<ApprovalView>,
    /// Events that it published, newest first; at most 100.
    pub events: Vec<EventView>,
    /// What it did that is no beat, newest first; at most 100.
    pub work: Vec<TraceView>,
    /// What calls under its name cost; `null` where there are none.
    pub cost: Option<AgentCostView>,
}

/// Something that an agent did and that is no beat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceView {
    /// When.
    pub at: Timestamp,
    /// `signal`, `event` or `usage`.
    pub kind: &'static str,
    /// What, in words.
    pub text: String,
}

/// A signal and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalLifeView {
    /// The signal.
    #[serde(flatten)]
    pub signal: SignalView,
    /// `waiting`, `gone` or `expired`.
    pub life: SignalLife,
    /// When it was noticed that it had gone, or when it expired.
    pub ended_at: Option<Timestamp>,
    /// Who has received or cleared it, by name, of a broadcast.
    pub received_by: Vec<String>,
}

/// Signals and what became of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalsView {
    /// Newest first.
    pub signals: Vec<SignalLifeView>,
    /// Further ones.
    pub left_out: u64,
    /// How many can be received.
    pub waiting: u64,
    /// How many went before their time.
    pub gone: u64,
    /// How many expired unread.
    pub expired: u64,
    /// Signals that went before this moment were not seen going.
    pub watched_since: Option<Timestamp>,
}

/// Which signals are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignalChoice {
    /// Only those from or to this agent.
    pub agent_id: Option<String>,
    /// Only of this type.
    pub signal_type: Option<String>,
    /// Only those of which this became.
    pub life: Option<SignalLife>,
    /// At most so many.
    pub limit: usize,
}

impl Glance {
    /// Everybody at `now`, by id.
    pub fn agents(&self, now: Timestamp) -> Vec<AgentView> {
        let open = self.open_requests(now);
        let work = self.last_work();
        self.parts
            .fleet
            .iter()
            .map(|row| {
                let id = &*row.beat.agent_id;
                let waiting = open.get(id).map(|request| WaitingView::of(request, now));
                let seen_at = self.looked_at;
                AgentView::at(
                    row,
                    seen_at,
                    now,
                    &self.options,
                    waiting,
                    work.last(id, Some(&row.beat)),
                )
            })
            .collect()
    }

    /// One agent at `now`; `None` if nothing at all is known of it.
    pub fn agent(&self, now: Timestamp, agent_id: &str) -> Option<AgentDetailView> {
        let row = self
            .parts
            .fleet
            .iter()
            .find(|row| row.beat.agent_id == agent_id);
        let open = self.open_requests(now);
        let waiting = open
            .get(agent_id)
            .map(|request| WaitingView::of(request, now));
        let last_work = self.last_work().last(agent_id, row.map(|row| &row.beat));
        let agent = match row {
            Some(row) => AgentView::at(row, self.looked_at, now, &self.options, waiting, last_work),
            None => AgentView {
                waiting_for_human: waiting,
                ..AgentView::never_seen(agent_id, now, &[], last_work)
            },
        };
        let mut signals = self.signals_newest_first(now);
        signals.retain(|known| is_of(&known.signal, agent_id));
        let (signals_out, signals_in): (Vec<_>, Vec<_>) = signals
            .into_iter()
            .partition(|known| known.signal.source_agent == agent_id);
        let approvals = self.parts.approvals.iter().rev();
        let approvals: Vec<ApprovalView> = approvals
            .filter(|row| row.request.agent_id == agent_id)
            .take(MAX_OF_AGENT)
            .map(|row| ApprovalView::of(row, now))
            .collect();
        let mut events: Vec<EventView> = self
            .parts
            .events
            .iter()
            .filter(|event| event.source == agent_id)
            .map(|event| EventView::from(event.clone()))
            .collect();
        events.sort_by_key(|event| core::cmp::Reverse(event.event_id));
        events.truncate(MAX_OF_AGENT);
        let work = traces(&signals_out, &events);
        let is_known = row.is_some()
            || !(signals_out.is_empty()
                && signals_in.is_empty()
                && approvals.is_empty()
                && events.is_empty());
        is_known.then(|| AgentDetailView {
            agent,
            beats: row.map(|row| row.arrivals.clone()).unwrap_or_default(),
            signals_in: first(signals_in),
            signals_out: first(signals_out),
            approvals,
            events,
            work,
            cost: None,
        })
    }

    /// Requests that wait at `now`, oldest first.
    pub fn approvals(&self, now: Timestamp, approval_type: Option<&str>) -> Vec<ApprovalView> {
        self.requests(now, approval_type)
            .filter(|view| view.outcome == ApprovalOutcome::Pending)
            .collect()
    }

    /// Requests that were answered or timed out, newest first.
    pub fn decisions(
        &self,
        now: Timestamp,
        approval_type: Option<&str>,
        limit: usize,
    ) -> Vec<ApprovalView> {
        let mut closed: Vec<ApprovalView> = self
            .requests(now, approval_type)
            .filter(|view| view.outcome != ApprovalOutcome::Pending)
            .collect();
        closed.sort_by_key(|view| core::cmp::Reverse(view.decided_at.unwrap_or(view.deadline)));
        closed.truncate(limit);
        closed
    }

    fn requests<'a>(
        &'a self,
        now: Timestamp,
        approval_type: Option<&'a str>,
    ) -> impl Iterator<Item = ApprovalView> + 'a {
        let rows = self.parts.approvals.iter();
        rows.filter(move |row| {
            approval_type.is_none_or(|wanted| row.request.approval_type == wanted)
        })
        .map(move |row| {
            let mut view = ApprovalView::of(row, now);
            // The store said so before the deadline.
            if view.outcome == ApprovalOutcome::Pending && row.deadline <= now {
                view.outcome = ApprovalOutcome::TimedOut;
            }
            view
        })
    }

    /// Signals at `now`, newest first.
    pub fn signals(&self, now: Timestamp, choice: &SignalChoice) -> SignalsView {
        let mut signals = self.signals_newest_first(now);
        signals.retain(|known| {
            let signal = &known.signal;
            choice
                .agent_id
                .as_ref()
                .is_none_or(|agent_id| is_of(signal, agent_id))
                && choice
                    .signal_type
                    .as_ref()
                    .is_none_or(|wanted| *wanted == signal.signal_type)
        });
        let count = |life| signals.iter().filter(|known| known.life == life).count() as u64;
        let (waiting, gone, expired) = (
            count(SignalLife::Waiting),
            count(SignalLife::Gone),
            count(SignalLife::Expired),
        );
        signals.retain(|known| choice.life.is_none_or(|life| known.life == life));
        let left_out = signals.len().saturating_sub(choice.limit) as u64;
        signals.truncate(choice.limit);
        SignalsView {
            signals,
            left_out,
            waiting,
            gone,
            expired,
            watched_since: self.signals.since(),
        }
    }

    /// The streams, by type.
    pub fn streams(&self) -> Vec<StreamInfoView> {
        let streams = self.parts.streams.iter().cloned();
        streams.map(StreamInfoView::from).collect()
    }

    fn signals_newest_first(&self, now: Timestamp) -> Vec<SignalLifeView> {
        let waiting = self.signals.waiting().map(|signal| waiting(signal, now));
        let ended = self.signals.ended().map(|ended| gone(ended, now));
        let mut signals: Vec<SignalLifeView> = waiting.chain(ended).collect();
        // Of those without a time of their own, the one that lives longest is newest.
        signals.sort_by_key(|known| {
            let sent = known.signal.timestamp.unwrap_or(known.signal.expires_at);
            core::cmp::Reverse((sent, known.signal.signal_id.clone()))
        });
        signals
    }
}

fn waiting(signal: &PendingSignal, now: Timestamp) -> SignalLifeView {
    let is_over = signal.expires_at <= now;
    SignalLifeView {
        ended_at: is_over.then_some(signal.expires_at),
        received_by: signal.received_by.clone(),
        signal: SignalView::of(signal.clone(), now),
        life: if is_over && !signal.received_by.is_empty() {
            SignalLife::Gone
        } else if is_over {
            SignalLife::Expired
        } else {
            SignalLife::Waiting
        },
    }
}

fn gone(ended: EndedSignal, now: Timestamp) -> SignalLifeView {
    SignalLifeView {
        received_by: ended.signal.received_by.clone(),
        signal: SignalView::of(ended.signal, now),
        life: ended.life,
        ended_at: Some(ended.at),
    }
}

/// Whether a signal is from an agent, or to it, or to all.
fn is_of(signal: &SignalView, agent_id: &str) -> bool {
    signal.source_agent == agent_id
        || signal
            .target_agent
            .as_ref()
            .is_none_or(|target| target == agent_id)
}

fn first(mut signals: Vec<SignalLifeView>) -> Vec<SignalLifeView> {
    signals.truncate(MAX_OF_AGENT);
    signals
}

fn traces(signals: &[SignalLifeView], events: &[EventView]) -> Vec<TraceView> {
    let signals = signals.iter().filter_map(|known| {
        let signal = &known.signal;
        let to = signal.target_agent.as_deref().unwrap_or("all");
        Some(TraceView {
            at: signal.timestamp?,
            kind: "signal",
            text: alloc::format!("{} to {to}", signal.signal_type),
        })
    });
    let events = events.iter().filter_map(|event| {
        Some(TraceView {
            at: event.timestamp?,
            kind: "event",
            text: event.event_type.clone(),
        })
    });
    let mut traces: Vec<TraceView> = signals.chain(events).collect();
    traces.sort_by_key(|trace| core::cmp::Reverse(trace.at));
    traces.truncate(MAX_OF_AGENT);
    traces
}
