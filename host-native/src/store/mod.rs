//! Where agents meet: signals, heartbeats, approvals, streams of events and
//! scores, in an embedded database or on a server.
//!
//! [`Store`] is one interface in the words of `muster_core::coordination`, whose
//! [`Model`](muster_core::coordination::Model) says what each call answers. Each
//! call is one transaction. `now` is an argument of every call: a store compares
//! with it and never with a clock of its own, so that the same sequence of calls
//! gives the same answers on the model and on every store; the expiry that a
//! server has of its own is only the broom behind.
//!
//! The interface is a trait with boxed futures, used as `Arc<dyn Store>`: which
//! store a command works on is known at run time, and tests put stores of their
//! own in its place (one that injects faults, one that is the model). A box per
//! call is nothing beside a transaction.

#[cfg(test)]
pub(crate) mod conformance;
mod error;
mod memory;
mod open;
pub mod redis;
mod sqlite;
mod traced;
mod url;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use muster_core::Timestamp;
use muster_core::coordination::{
    AckEvents, Answer, ApprovalFilter, ApprovalRow, BeatInput, Broadcasted, Decision,
    FeedbackQuery, FleetRow, GroupRead, Listing, NewApproval, NewEvent, NewSignal, Operation,
    Outcome, PendingSignal, RecentQuery, Requested, Sent, SignalCheck, SignalFilter, StreamBatch,
    StreamInfo, StreamRead,
};
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::record::stream_event::{StreamEvent, StreamId};
use tokio::time::Instant;

pub use error::{StoreError, StoreErrorKind};
pub use memory::MemoryStore;
pub use open::{Access, OpenOptions, open};
pub use sqlite::SqliteStore;
pub use traced::{Tell, TracedStore};
pub use url::{StoreUrl, default_sqlite_path};

/// What a store answers, or why it does not.
pub type StoreResult<T> = Result<T, StoreError>;

/// A place where agents meet. What each call means and answers is said at the
/// variant of [`Operation`] with its name.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// What sort of store it is and how it is.
    async fn info(&self, now: Timestamp) -> StoreResult<StoreInfo>;

    /// See [`Operation::Send`].
    async fn send(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Sent>;
    /// See [`Operation::Broadcast`].
    async fn broadcast(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Broadcasted>;
    /// See [`Operation::Take`].
    async fn take(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck>;
    /// See [`Operation::Check`].
    async fn check(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck>;
    /// See [`Operation::Signals`].
    async fn signals(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> StoreResult<Listing<PendingSignal>>;
    /// See [`Operation::AllSignals`].
    async fn all_signals(
        &self,
        now: Timestamp,
        expired: bool,
    ) -> StoreResult<Listing<PendingSignal>>;
    /// See [`Operation::Clear`].
    async fn clear(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<u64>;
    /// See [`Operation::Enrol`].
    async fn enrol(&self, now: Timestamp, agent_id: &str) -> StoreResult<()>;
    /// See [`Operation::SlowestDelivery`].
    async fn slowest_delivery(
        &self,
        now: Timestamp,
        signal_type: Option<&str>,
    ) -> StoreResult<Option<u64>>;

    /// See [`Operation::Beat`].
    async fn beat(&self, now: Timestamp, beat: &BeatInput) -> StoreResult<()>;
    /// See [`Operation::Fleet`].
    async fn fleet(&self, now: Timestamp) -> StoreResult<Listing<FleetRow>>;
    /// See [`Operation::Agent`]; a malformed record is an error of kind
    /// [`StoreErrorKind::Malformed`].
    async fn agent(&self, now: Timestamp, agent_id: &str) -> StoreResult<Option<FleetRow>>;

    /// See [`Operation::Request`].
    async fn request(&self, now: Timestamp, request: &NewApproval) -> StoreResult<Requested>;
    /// See [`Operation::Decide`].
    async fn decide(&self, now: Timestamp, answer: &Answer) -> StoreResult<Decision>;
    /// See [`Operation::Approval`]; a malformed record is an error of kind
    /// [`StoreErrorKind::Malformed`].
    async fn approval(&self, now: Timestamp, request_id: &str) -> StoreResult<Option<ApprovalRow>>;
    /// See [`Operation::Approvals`].
    async fn approvals(
        &self,
        now: Timestamp,
        filter: &ApprovalFilter,
    ) -> StoreResult<Listing<ApprovalRow>>;
    /// See [`Operation::Sweep`].
    async fn sweep(&self, now: Timestamp) -> StoreResult<Vec<String>>;

    /// See [`Operation::Publish`].
    async fn publish(&self, now: Timestamp, event: &NewEvent) -> StoreResult<StreamId>;
    /// See [`Operation::Read`].
    async fn read(&self, now: Timestamp, read: &StreamRead) -> StoreResult<Vec<StreamBatch>>;
    /// See [`Operation::ReadGroup`].
    async fn read_group(&self, now: Timestamp, read: &GroupRead) -> StoreResult<Vec<StreamBatch>>;
    /// See [`Operation::Ack`].
    async fn ack(&self, now: Timestamp, events: &AckEvents) -> StoreResult<u64>;
    /// See [`Operation::Recent`].
    async fn recent(
        &self,
        now: Timestamp,
        query: &RecentQuery,
    ) -> StoreResult<Listing<StreamEvent>>;
    /// See [`Operation::Streams`].
    async fn streams(&self, now: Timestamp) -> StoreResult<Vec<StreamInfo>>;
    /// See [`Operation::Trim`].
    async fn trim(&self, now: Timestamp, event_type: &str, max_len: u64) -> StoreResult<u64>;
    /// See [`Operation::Delete`].
    async fn delete(&self, now: Timestamp, event_type: &str) -> StoreResult<u64>;

    /// See [`Operation::Feedback`].
    async fn feedback(&self, now: Timestamp, score: &QualityFeedback) -> StoreResult<()>;
    /// See [`Operation::FeedbackHistory`].
    async fn feedback_history(
        &self,
        now: Timestamp,
        query: &FeedbackQuery,
    ) -> StoreResult<Listing<QualityFeedback>>;
    /// See [`Operation::ClearFeedback`].
    async fn clear_feedback(
        &self,
        now: Timestamp,
        workflow: &str,
        stage: Option<&str>,
    ) -> StoreResult<u64>;

    /// How this process notices what others than Muster write; `None` where nobody
    /// else does, or none are looked for.
    fn foreign_watch(&self) -> StoreResult<Option<ForeignWatch>> {
        Ok(None)
    }

    /// Begins to listen for changes. Listen first, then look, then wait: a change
    /// that comes after this call is never missed by [`Watch::changed`].
    async fn watch(&self, interest: Interest) -> StoreResult<Box<dyn Watch>>;
}

/// How a process notices what others than Muster write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForeignWatch {
    /// By which means.
    pub mode: WatchMode,
    /// How many values it has taken in.
    pub adopted: u64,
    /// How many answers it has come upon that contradict a decision.
    pub contested: u64,
    /// How many keys the last whole look went over.
    pub keys: u64,
    /// How long that took: by scanning, nothing stays unnoticed for longer.
    pub look: Duration,
}

/// By which means foreign writes are noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WatchMode {
    /// Not by this process: another does, or none was asked to.
    #[default]
    StandingBy,
    /// The server tells of each.
    Notified,
    /// By going through all keys again and again, slowly.
    Scanning,
}

impl WatchMode {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StandingBy => "standing_by",
            Self::Notified => "notified",
            Self::Scanning => "scanning",
        }
    }
}

/// What somebody waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Signals that an agent can receive.
    Signals {
        /// The agent.
        agent_id: String,
    },
    /// The answer to one request.
    Approval {
        /// The request.
        request_id: String,
    },
    /// Requests that come, are answered or time out.
    Approvals,
    /// Beats of any agent.
    Fleet,
    /// Events of these types; `None`: of any, also of types that come up later.
    Streams(Option<Vec<String>>),
    /// Everything.
    All,
}

/// Listens for changes.
#[async_trait]
pub trait Watch: Send {
    /// Waits until something may have changed since the last call (or since the
    /// watch began), or until a moment. A change may be told without cause, and
    /// several as one; none is missed. After a lost connection it says
    /// [`Wake::Changed`] once it listens again.
    async fn changed(&mut self, until: Option<Instant>) -> StoreResult<Wake>;
}

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Something may have changed.
    Changed,
    /// The moment has come.
    Deadline,
}

/// What sort of store it is and how it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreInfo {
    /// `sqlite`, `redis` or `memory`.
    pub backend: &'static str,
    /// Where it is, without a password.
    pub location: String,
    /// The version of the library or the server.
    pub version: String,
    /// What an accepted write survives.
    pub durability: Durability,
    /// Since when it has been watched without a gap; `None`: it cannot be said.
    pub observed_since: Option<Timestamp>,
    /// What a user should know about it, each with what to do.
    pub notes: Vec<String>,
}

/// What an accepted write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: it is in the memory of a process.
    Memory,
    /// The end of a process; a power cut may take the last second.
    Seconds,
    /// A power cut.
    Disk,
    /// The server does not tell.
    Unknown,
}

impl Durability {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Seconds => "seconds",
            Self::Disk => "disk",
            Self::Unknown => "unknown",
        }
    }
}

/// Makes any call: for drivers that make all of them.
pub async fn apply(
    store: &dyn Store,
    now: Timestamp,
    operation: &Operation,
) -> StoreResult<Outcome> {
    use muster_core::coordination::Cleared;

    Ok(match operation {
        Operation::Send(signal) => Outcome::Sent(store.send(now, signal).await?),
        Operation::Broadcast(signal) => Outcome::Broadcasted(store.broadcast(now, signal).await?),
        Operation::Take(filter) => Outcome::Check(store.take(now, filter).await?),
        Operation::Check(filter) => Outcome::Check(store.check(now, filter).await?),
        Operation::Signals(filter) => Outcome::Signals(store.signals(now, filter).await?),
        Operation::AllSignals { expired } => {
            Outcome::Signals(store.all_signals(now, *expired).await?)
        }
        Operation::Clear(filter) => Outcome::Cleared(Cleared(store.clear(now, filter).await?)),
        Operation::Enrol { agent_id } => {
            store.enrol(now, agent_id).await?;
            Outcome::Done
        }
        Operation::SlowestDelivery { signal_type } => {
            Outcome::Slowest(store.slowest_delivery(now, signal_type.as_deref()).await?)
        }
        Operation::Beat(beat) => {
            store.beat(now, beat).await?;
            Outcome::Done
        }
        Operation::Fleet => Outcome::Fleet(store.fleet(now).await?),
        Operation::Agent { agent_id } => Outcome::Agent(store.agent(now, agent_id).await?),
        Operation::Request(request) => Outcome::Requested(store.request(now, request).await?),
        Operation::Decide(answer) => Outcome::Decision(store.decide(now, answer).await?),
        Operation::Approval { request_id } => {
            Outcome::Approval(store.approval(now, request_id).await?)
        }
        Operation::Approvals(filter) => Outcome::Approvals(store.approvals(now, filter).await?),
        Operation::Sweep => Outcome::Swept(store.sweep(now).await?),
        Operation::Publish(event) => Outcome::Published(store.publish(now, event).await?),
        Operation::Read(read) => Outcome::Batches(store.read(now, read).await?),
        Operation::ReadGroup(read) => Outcome::Batches(store.read_group(now, read).await?),
        Operation::Ack(events) => Outcome::Cleared(Cleared(store.ack(now, events).await?)),
        Operation::Recent(query) => Outcome::Events(store.recent(now, query).await?),
        Operation::Streams => Outcome::Streams(store.streams(now).await?),
        Operation::Trim {
            event_type,
            max_len,
        } => Outcome::Cleared(Cleared(store.trim(now, event_type, *max_len).await?)),
        Operation::Delete { event_type } => {
            Outcome::Cleared(Cleared(store.delete(now, event_type).await?))
        }
        Operation::Feedback(feedback) => {
            store.feedback(now, feedback).await?;
            Outcome::Done
        }
        Operation::FeedbackHistory(query) => {
            Outcome::Scores(store.feedback_history(now, query).await?)
        }
        Operation::ClearFeedback { workflow, stage } => {
            let cleared = store.clear_feedback(now, workflow, stage.as_deref());
            Outcome::Cleared(Cleared(cleared.await?))
        }
    })
}
