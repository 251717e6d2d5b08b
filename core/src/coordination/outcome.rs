//! What a store answers.

use alloc::string::String;
use alloc::vec::Vec;

use super::BeatRun;
use crate::json::RecordError;
use crate::record::approval_request::ApprovalRequest;
use crate::record::approval_response::ApprovalResponse;
use crate::record::heartbeat::Heartbeat;
use crate::record::quality_feedback::QualityFeedback;
use crate::record::signal::Signal;
use crate::record::stream_event::{StreamEvent, StreamId};
use crate::time::Timestamp;

/// The answer to an [`super::Operation`], for drivers that make any of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and there is nothing to tell.
    Done,
    /// Of sending.
    Sent(Sent),
    /// Of a broadcast.
    Broadcasted(Broadcasted),
    /// Of taking or checking.
    Check(SignalCheck),
    /// Of listing signals.
    Signals(Listing<PendingSignal>),
    /// How many were removed or acknowledged.
    Cleared(Cleared),
    /// The slowest delivery in microseconds, if there was one within the grace period.
    Slowest(Option<u64>),
    /// All agents.
    Fleet(Listing<FleetRow>),
    /// One agent, if it is remembered.
    Agent(Option<FleetRow>),
    /// Of asking for an approval.
    Requested(Requested),
    /// Of answering.
    Decision(Decision),
    /// What became of a request; `None`: nothing is known of it.
    Approval(Option<ApprovalRow>),
    /// The requests.
    Approvals(Listing<ApprovalRow>),
    /// The ids of requests that were marked as timed out just now.
    Swept(Vec<String>),
    /// The id of the event.
    Published(StreamId),
    /// Events, one batch per stream.
    Batches(Vec<StreamBatch>),
    /// Events of one stream.
    Events(Listing<StreamEvent>),
    /// The streams.
    Streams(Vec<StreamInfo>),
    /// Scores.
    Scores(Listing<QualityFeedback>),
}

/// What could be read, and what could not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<T> {
    /// What could be read.
    pub items: Vec<T>,
    /// What could not; it never hides the rest.
    pub malformed: Vec<Malformed>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            malformed: Vec::new(),
        }
    }
}

impl<T> From<Vec<T>> for Listing<T> {
    fn from(items: Vec<T>) -> Self {
        Self {
            items,
            malformed: Vec::new(),
        }
    }
}

/// A value in a store that is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where it lies: the key, or the stream and the entry's id.
    pub key: String,
    /// What is wrong.
    pub error: RecordError,
}

/// How many there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cleared(pub u64);

/// A signal was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Until when it can be received.
    pub expires_at: Timestamp,
    /// Whether this id was accepted before; nothing was sent again then. An id is
    /// remembered until its signal expires or would have expired.
    pub repeated: bool,
    /// Whether the signal that was accepted under this id says something else: its
    /// type, sender, receiver or payload is another one.
    pub differs: bool,
}

/// A broadcast was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcasted {
    /// As of a signal to one.
    pub sent: Sent,
    /// How many agents other than the sender are enrolled. An agent that is not
    /// can still receive the broadcast until it expires.
    pub enrolled: u64,
}

/// What there is for an agent that looks for a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignalCheck {
    /// This signal waits; it was left.
    Pending(PendingSignal),
    /// This signal was taken.
    Delivered(PendingSignal),
    /// Nothing waits. The last one that matches and was not received expired, not
    /// longer ago than [`super::GRACE_S`].
    Expired(PendingSignal),
    /// Nothing waits and nothing that matches expired, as far as is known.
    NeverSeen {
        /// Since when the store has been watched without a gap, not longer ago
        /// than [`super::GRACE_S`]; `None`: it cannot be said.
        observed_since: Option<Timestamp>,
        /// When this agent last received a signal of the type that was asked for
        /// (of any where none was), whoever sent it, within [`super::GRACE_S`].
        last_delivered_at: Option<Timestamp>,
    },
}

/// A signal and until when it can be, or could have been, received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingSignal {
    /// The signal.
    pub signal: Signal,
    /// The moment from which it is gone.
    pub expires_at: Timestamp,
    /// Who has received or cleared it, by name: of a broadcast in the list of all
    /// signals. Anywhere else it is not told.
    pub received_by: Vec<String>,
}

/// What is known of an agent from its beats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetRow {
    /// The last beat.
    pub beat: Heartbeat,
    /// When beats arrived, oldest first, at most [`super::BEAT_HISTORY`]; by the
    /// clock of the process that wrote or noticed them. The last is the record's.
    pub arrivals: Vec<Timestamp>,
    /// What is left of earlier ones; `None` while all are in `arrivals`.
    pub run: Option<BeatRun>,
    /// When the beat's key goes, or went.
    pub expires_at: Timestamp,
    /// How long ago the last beat was written, in microseconds, by the clock of
    /// the store's server, where it has one of its own.
    pub age_by_store_us: Option<u64>,
}

/// A request was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// From when on it is timed out.
    pub deadline: Timestamp,
    /// Whether this id was accepted before; nothing was asked again then.
    pub repeated: bool,
}

/// A request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRow {
    /// The request. Its `status` is what is stored, not what is so: the state is.
    pub request: ApprovalRequest,
    /// When it was asked.
    pub requested_at: Timestamp,
    /// From when on it is timed out.
    pub deadline: Timestamp,
    /// What became of it.
    pub state: ApprovalState,
    /// Whether its requester is none of Muster's and looks for the answer once a second.
    pub foreign: bool,
    /// An answer that does not count and still lies where agents of attune look: it
    /// came too late, or contradicts the one that stands.
    pub contested_by: Option<ApprovalResponse>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalState {
    /// It waits for an answer.
    Pending,
    /// It was answered in time: by this, yes or no.
    Answered(ApprovalResponse),
    /// Its deadline passed without an answer.
    TimedOut,
}

/// Whether an answer was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It was, and this is the row that it left.
    Taken(ApprovalRow),
    /// The same was answered before; that answer stays, and this says as much.
    Repeated(ApprovalRow),
    /// It was not.
    Refused(Refusal),
}

/// Why an answer was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such request is known.
    Unknown,
    /// The opposite was answered before.
    AlreadyDecided(ApprovalRow),
    /// The deadline has passed.
    DeadlinePassed(ApprovalRow),
    /// The deadline is closer than the answer allowed.
    TooLate {
        /// The request.
        row: ApprovalRow,
        /// How much is left, in microseconds.
        left_us: u64,
    },
}

/// Events of one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamBatch {
    /// The stream.
    pub event_type: String,
    /// What was removed before it could be read.
    pub gap: Option<Gap>,
    /// The events in the order of their ids, those given again first.
    pub events: Vec<GroupEvent>,
    /// Entries that are no events.
    pub malformed: Vec<Malformed>,
    /// Where to go on: the highest id that was read or passed over, else where
    /// the reading began.
    pub next: StreamId,
}

/// Events after a position that were removed before they could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The position.
    pub after: StreamId,
    /// The oldest event that is still there.
    pub first_kept: Option<StreamId>,
}

/// An event and how often it was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEvent {
    /// The event.
    pub event: StreamEvent,
    /// How often the group was given it, this time included; 1 outside of groups.
    pub deliveries: u64,
}

/// One stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// Its name.
    pub event_type: String,
    /// How many events it holds.
    pub length: u64,
    /// The oldest event.
    pub first: Option<StreamId>,
    /// The newest id that was given, also where its event is gone.
    pub last: StreamId,
    /// Its groups, by name.
    pub groups: Vec<GroupInfo>,
}

/// One group of consumers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupInfo {
    /// Its name.
    pub group: String,
    /// Up to where it was given events.
    pub delivered_to: StreamId,
    /// How many of them are not acknowledged.
    pub unacknowledged: u64,
}
