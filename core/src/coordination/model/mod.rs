//! The reference: every operation answered from memory, on the caller's time.
//!
//! It is what the stores are compared with, and a store itself where nothing needs
//! to outlive a process. What is over is forgotten after [`GRACE_S`], so its size
//! is bounded by what is open and by what happened within that time.

mod approvals;
mod fleet;
mod mailbox;
mod scores;
mod streams;

pub use approvals::Approvals;
pub use mailbox::Mailbox;

use super::{Cleared, GRACE_S, Operation, Outcome};
use crate::time::{Timestamp, US_PER_SECOND};

/// How often what is over is looked for, in microseconds.
const SWEEP_US: i64 = 60 * US_PER_SECOND;

/// Why a [`Mailbox`] or [`Approvals`] want to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelTimeout {
    /// The deadline of a request comes.
    Deadline,
    /// Something that is over is forgotten.
    Forgotten,
}

impl ModelTimeout {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Forgotten => "forgotten",
        }
    }
}

/// All that a store holds.
#[derive(Clone, Debug)]
pub struct Model {
    since: Timestamp,
    swept_at: Timestamp,
    mailbox: Mailbox,
    fleet: fleet::Fleet,
    approvals: Approvals,
    streams: streams::Streams,
    scores: scores::Scores,
}

impl Model {
    /// An empty store that is there since a moment.
    pub fn new(since: Timestamp) -> Self {
        Self {
            since,
            swept_at: since,
            mailbox: Mailbox::new(since),
            fleet: fleet::Fleet::default(),
            approvals: Approvals::default(),
            streams: streams::Streams::default(),
            scores: scores::Scores::default(),
        }
    }

    /// Does one thing at a time. Answers depend on `now` by comparison alone: a
    /// clock that is set back makes a signal that has expired receivable again,
    /// until it is forgotten.
    pub fn apply(&mut self, now: Timestamp, operation: Operation) -> Outcome {
        if now >= self.swept_at.saturating_add_us(SWEEP_US) {
            self.forget(now);
        }
        match operation {
            Operation::Send(signal) => Outcome::Sent(self.mailbox.send(now, signal)),
            Operation::Broadcast(signal) => {
                Outcome::Broadcasted(self.mailbox.broadcast(now, signal))
            }
            Operation::Take(filter) => Outcome::Check(self.mailbox.take(now, &filter)),
            Operation::Check(filter) => Outcome::Check(self.mailbox.check(now, &filter)),
            Operation::Signals(filter) => {
                Outcome::Signals(self.mailbox.pending(now, &filter).into())
            }
            Operation::AllSignals { expired } => {
                Outcome::Signals(self.mailbox.all(now, expired).into())
            }
            Operation::Clear(filter) => Outcome::Cleared(Cleared(self.mailbox.clear(now, &filter))),
            Operation::Enrol { agent_id } => {
                self.mailbox.enrol(now, agent_id);
                Outcome::Done
            }
            Operation::SlowestDelivery { signal_type } => {
                Outcome::Slowest(self.mailbox.slowest(now, signal_type.as_deref()))
            }
            Operation::Beat(beat) => {
                self.fleet.beat(now, beat);
                Outcome::Done
            }
            Operation::Fleet => Outcome::Fleet(self.fleet.all(now).into()),
            Operation::Agent { agent_id } => Outcome::Agent(self.fleet.agent(now, &agent_id)),
            Operation::Request(request) => Outcome::Requested(self.approvals.request(now, request)),
            Operation::Decide(answer) => Outcome::Decision(self.approvals.decide(now, answer)),
            Operation::Approval { request_id } => {
                Outcome::Approval(self.approvals.get(now, &request_id))
            }
            Operation::Approvals(filter) => {
                Outcome::Approvals(self.approvals.list(now, &filter).into())
            }
            Operation::Sweep => Outcome::Swept(self.approvals.sweep(now)),
            Operation::Publish(event) => Outcome::Published(self.streams.publish(now, event)),
            Operation::Read(read) => Outcome::Batches(self.streams.read(&read)),
            Operation::ReadGroup(read) => Outcome::Batches(self.streams.read_group(now, &read)),
            Operation::Ack(events) => Outcome::Cleared(Cleared(self.streams.ack(&events))),
            Operation::Recent(query) => Outcome::Events(self.streams.recent(&query).into()),
            Operation::Streams => Outcome::Streams(self.streams.all()),
            Operation::Trim {
                event_type,
                max_len,
            } => Outcome::Cleared(Cleared(self.streams.trim(&event_type, max_len))),
            Operation::Delete { event_type } => {
                Outcome::Cleared(Cleared(self.streams.delete(&event_type)))
            }
            Operation::Feedback(score) => {
                self.scores.record(now, score);
                Outcome::Done
            }
            Operation::FeedbackHistory(query) => {
                Outcome::Scores(self.scores.history(now, &query).into())
            }
            Operation::ClearFeedback { workflow, stage } => {
                Outcome::Cleared(Cleared(self.scores.clear(now, &workflow, stage.as_deref())))
            }
        }
    }

    /// When this store began.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Forgets what has been over for longer than it is remembered.
    fn forget(&mut self, now: Timestamp) {
        self.swept_at = now;
        self.mailbox.handle_timeout(now);
        self.fleet.forget(now);
        self.approvals.forget(now);
        self.scores.forget(now);
    }
}

/// Whether something that was over at a moment is still remembered.
fn remembered(over_at: Timestamp, now: Timestamp) -> bool {
    now < forgotten_at(over_at)
}

/// When something that was over at a moment is forgotten.
fn forgotten_at(over_at: Timestamp) -> Timestamp {
    over_at.saturating_add_us(seconds(GRACE_S))
}

/// Seconds in microseconds.
fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(US_PER_SECOND)
}
