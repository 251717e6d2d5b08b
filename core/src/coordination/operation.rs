//! What can be asked of a store.
//!
//! Ids come from the caller, so that a call whose answer was lost can be made
//! again: a second call with the same id changes nothing.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decimal::Decimal;
use crate::json_object::JsonObject;
use crate::record::quality_feedback::QualityFeedback;
use crate::record::stream_event::StreamId;
use crate::time::Timestamp;

/// One call of a store, for drivers that make any of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Sends a signal to one agent: [`super::Outcome::Sent`].
    Send(NewSignal),
    /// Sends a signal to all agents: [`super::Outcome::Broadcasted`].
    Broadcast(NewSignal),
    /// Takes the oldest signal that matches, so that nobody else gets it:
    /// [`super::Outcome::Check`].
    Take(SignalFilter),
    /// Looks at the oldest signal that matches and leaves it: [`super::Outcome::Check`].
    Check(SignalFilter),
    /// Lists what can be received, oldest first: [`super::Outcome::Signals`].
    Signals(SignalFilter),
    /// Lists the signals of all agents, oldest first: [`super::Outcome::Signals`].
    AllSignals {
        /// Not those that can be received, but those that expired within
        /// [`super::GRACE_S`] and that nobody has received.
        expired: bool,
    },
    /// Removes what could be received: [`super::Outcome::Cleared`].
    Clear(SignalFilter),
    /// Enrols an agent for [`super::ENROLMENT_S`] seconds, so that broadcasts
    /// count it among those they should reach: [`super::Outcome::Done`].
    Enrol {
        /// The agent.
        agent_id: String,
    },
    /// The slowest delivery of signals of a type, or of any: [`super::Outcome::Slowest`].
    SlowestDelivery {
        /// The type; `None`: any.
        signal_type: Option<String>,
    },

    /// A sign of life: [`super::Outcome::Done`]. An agent is remembered for
    /// [`super::GRACE_S`] after its key has gone.
    Beat(BeatInput),
    /// All agents that are remembered, by id: [`super::Outcome::Fleet`].
    Fleet,
    /// One agent: [`super::Outcome::Agent`].
    Agent {
        /// The agent.
        agent_id: String,
    },

    /// Asks for an approval: [`super::Outcome::Requested`]. A request is remembered
    /// for [`super::GRACE_S`] after its answer, or after its deadline without one.
    Request(NewApproval),
    /// Answers a request: [`super::Outcome::Decision`].
    Decide(Answer),
    /// What became of a request: [`super::Outcome::Approval`].
    Approval {
        /// The request.
        request_id: String,
    },
    /// Lists requests, oldest first, those of one moment by id:
    /// [`super::Outcome::Approvals`].
    Approvals(ApprovalFilter),
    /// Marks the requests whose deadline has passed as timed out, once each:
    /// [`super::Outcome::Swept`], their ids in the order of their bytes.
    Sweep,

    /// Appends an event to the stream of its type: [`super::Outcome::Published`].
    Publish(NewEvent),
    /// Reads streams from positions: [`super::Outcome::Batches`].
    Read(StreamRead),
    /// Reads streams as a member of a group: [`super::Outcome::Batches`].
    ReadGroup(GroupRead),
    /// Says that events of a group are done with: [`super::Outcome::Cleared`].
    Ack(AckEvents),
    /// The newest events, newest first: [`super::Outcome::Events`].
    Recent(RecentQuery),
    /// The streams, by type: [`super::Outcome::Streams`].
    Streams,
    /// Removes the oldest events beyond a number: [`super::Outcome::Cleared`].
    Trim {
        /// The stream.
        event_type: String,
        /// How many stay.
        max_len: u64,
    },
    /// Removes a stream with its groups: [`super::Outcome::Cleared`], the events removed.
    Delete {
        /// The stream.
        event_type: String,
    },

    /// Keeps a score for [`super::DEFAULT_FEEDBACK_TTL_S`]: [`super::Outcome::Done`].
    /// A score without a time is of now.
    Feedback(QualityFeedback),
    /// Scores by their time, newest first, those of one moment by id downwards:
    /// [`super::Outcome::Scores`].
    FeedbackHistory(FeedbackQuery),
    /// Removes the scores of a workflow, or of one stage: [`super::Outcome::Cleared`].
    ClearFeedback {
        /// The workflow.
        workflow: String,
        /// The stage; `None`: all.
        stage: Option<String>,
    },
}

/// A signal on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSignal {
    /// Its id.
    pub signal_id: String,
    /// What it says.
    pub signal_type: String,
    /// Who sends it; a broadcast does not reach its own sender.
    pub source_agent: String,
    /// For whom it is; not looked at in a broadcast.
    pub target_agent: String,
    /// What else it says.
    pub payload: JsonObject,
    /// For how long it can be received, in seconds; at least 1.
    pub ttl_s: u32,
}

/// The signals of one agent: those sent to it, and broadcasts that it has not
/// received and not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalFilter {
    /// The receiver.
    pub agent_id: String,
    /// Only of this type.
    pub signal_type: Option<String>,
    /// Only from this sender.
    pub source_agent: Option<String>,
}

/// A sign of life on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeatInput {
    /// Who.
    pub agent_id: String,
    /// `starting`, `running`, or a final status.
    pub status: String,
    /// From 0 to 1.
    pub progress: Decimal,
    /// What it does.
    pub current_task: String,
    /// Its name for people; `None`: as before.
    pub display_name: Option<String>,
    /// Further facts; `None`: as before.
    pub metadata: Option<JsonObject>,
    /// How long the beat keeps the agent's key, in seconds; at least 1.
    pub ttl_s: u32,
}

/// A request on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApproval {
    /// Its id.
    pub request_id: String,
    /// What for.
    pub approval_type: String,
    /// Who asks.
    pub agent_id: String,
    /// What the decision rests on.
    pub context: JsonObject,
    /// How long an answer is waited for, in microseconds.
    pub timeout_us: u64,
}

/// An answer on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The request.
    pub request_id: String,
    /// Yes or no.
    pub approved: bool,
    /// Who answers.
    pub responder: String,
    /// Why.
    pub reason: String,
    /// Refuse the answer when less than this is left, in microseconds:
    /// [`super::MIN_ANSWER_LEFT_US`] for a requester that polls, else 0.
    pub min_left_us: u64,
}

/// Which requests are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalFilter {
    /// Only of this type.
    pub approval_type: Option<String>,
    /// Also those that are answered or timed out and still remembered.
    pub closed: bool,
}

/// An event on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What happened; the stream's name.
    pub event_type: String,
    /// What else is known.
    pub data: JsonObject,
    /// Who publishes it.
    pub source: String,
    /// At least how many of the newest events the stream keeps; a store may keep
    /// some more.
    pub max_len: u64,
}

/// From where a stream is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Position {
    /// From the oldest event that is there.
    #[default]
    Start,
    /// After this id.
    After(StreamId),
}

/// A reading of streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamRead {
    /// The streams and where to go on in each, in the order of the answer.
    pub from: Vec<(String, Position)>,
    /// At most so many events of each stream.
    pub count: u64,
}

/// A reading of streams as a member of a group.
///
/// Of each stream first the events come that the group was given and that were
/// not acknowledged for `redeliver_after_us`, whoever had them, in the order of
/// their ids; then new ones. A group that is not there is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRead {
    /// The streams, in the order of the answer.
    pub event_types: Vec<String>,
    /// The group.
    pub group: String,
    /// The member.
    pub consumer: String,
    /// Where a group begins that is not there yet: with the oldest event, or
    /// after this id.
    pub start: Position,
    /// At most so many events of each stream.
    pub count: u64,
    /// When an event that was not acknowledged is given out again, in microseconds.
    pub redeliver_after_us: u64,
}

/// Events that are done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AckEvents {
    /// The stream.
    pub event_type: String,
    /// The group.
    pub group: String,
    /// The events.
    pub ids: Vec<StreamId>,
}

/// Which events of one stream are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentQuery {
    /// The stream.
    pub event_type: String,
    /// At most so many.
    pub count: u64,
    /// Only from this id on.
    pub from: StreamId,
    /// Only up to this id.
    pub to: StreamId,
}

/// Which scores are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackQuery {
    /// The workflow.
    pub workflow: String,
    /// Only of this stage.
    pub stage: Option<String>,
    /// Only of this tier.
    pub tier: Option<String>,
    /// At most so many.
    pub limit: u64,
}

impl StreamRead {
    /// The streams that are read.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.from.iter().map(|(event_type, _)| &**event_type)
    }
}

impl NewSignal {
    /// When it expires if it is sent at `now`.
    pub fn expires_at(&self, now: Timestamp) -> Timestamp {
        now.saturating_add_us(i64::from(self.ttl_s).saturating_mul(crate::time::US_PER_SECOND))
    }
}
