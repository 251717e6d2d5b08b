//! A Redis server, for fleets over many machines.
//!
//! Agents of attune and Muster see each other: values lie at attune's keys in its
//! form, and Muster keeps indexes, tombstones and wake-ups of its own beside them,
//! so that nothing that is asked often looks through the key space. Each operation
//! is one script, so that it happens as a whole.
//!
//! What is *not* here: no clock but the caller's (the server's is only told as an
//! age, and says whether a key can have expired by itself), and no pattern is ever
//! made of a name.

mod approvals;
mod backoff;
mod beat_queue;
mod beats;
mod failure;
mod foreign;
mod hub;
mod info;
mod keys;
mod link;
mod reply;
mod scores;
mod script;
mod signals;
mod streams;
mod target;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use muster_core::Timestamp;
use muster_core::coordination::{
    AckEvents, Answer, ApprovalFilter, ApprovalRow, BeatInput, Broadcasted, Decision,
    FeedbackQuery, FleetRow, GroupRead, Listing, NewApproval, NewEvent, NewSignal, PendingSignal,
    RecentQuery, Requested, Sent, SignalCheck, SignalFilter, StreamBatch, StreamInfo, StreamRead,
};
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::record::stream_event::{StreamEvent, StreamId};

use beat_queue::BeatQueue;
use foreign::Foreign;
use hub::Hub;
use keys::{Layout, Subject};
use link::{Call, Link};
use reply::Reply;
use script::Script;
use target::Target;

use super::{
    ForeignWatch, Interest, Store, StoreError, StoreErrorKind, StoreInfo, StoreResult, StoreUrl,
    Tell, Watch,
};

pub use foreign::Scan;

/// How a store on a server behaves.
#[derive(Clone)]
#[expect(clippy::struct_excessive_bools, reason = "none depends on another")]
pub struct RedisOptions {
    /// Whether what agents write without Muster is looked for.
    pub foreign: bool,
    /// Whether the server's keyspace notifications may be switched on.
    pub may_configure: bool,
    /// The shortest life of a key. The keys' own expiry follows the server's clock;
    /// whoever drives the store on another clock makes this longer than its run.
    pub shortest_key: Duration,
    /// Whether what others wrote is looked for by this process itself, and not left to
    /// one that watches.
    pub looks_itself: bool,
    /// Whether a look through the key space is told that takes no time to speak of.
    pub verbose: bool,
    /// Told what a user should know about a call, such as a look through the key space.
    pub tell: Option<Tell>,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            foreign: true,
            may_configure: false,
            shortest_key: Duration::ZERO,
            looks_itself: false,
            verbose: false,
            tell: None,
        }
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("foreign", &self.foreign)
            .field("may_configure", &self.may_configure)
            .field("shortest_key", &self.shortest_key)
            .finish_non_exhaustive()
    }
}

/// A store on a Redis server, or in a Cluster. Copies share everything.
#[derive(Clone)]
pub struct RedisStore {
    shared: Arc<Shared>,
}

/// What the copies of a store share.
struct Shared {
    link: Link,
    layout: Layout,
    options: RedisOptions,
    /// Names this process among those that use the server.
    process: String,
    tickets: AtomicU64,
    beats: BeatQueue,
    hub: Hub,
    foreign: Foreign,
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisStore({})", self.shared.link.location)
    }
}

impl RedisStore {
    /// Connects to the server at an address.
    pub async fn open(url: &StoreUrl, now: Timestamp, options: RedisOptions) -> StoreResult<Self> {
        let target = Target::parse(url)?;
        let layout = Layout::new(target.is_cluster());
        let foreign = options.foreign && !target.is_cluster();
        let hub = Hub::new(target.clone(), url.to_string());
        let process = format!(
            "{:x}-{:016x}",
            std::process::id(),
            getrandom::u64().unwrap_or_default()
        );
        let shared = Shared {
            link: Link::open(target, url.to_string()).await?,
            layout,
            options: RedisOptions { foreign, ..options },
            process,
            tickets: AtomicU64::new(0),
            beats: BeatQueue::default(),
            hub,
            foreign: Foreign::default(),
        };
        let store = Self {
            shared: Arc::new(shared),
        };
        store.refuse_node_of_cluster().await?;
        if store.shared.link.target.is_cluster() {
            let own = &store.shared.layout.of(Subject::Signal).own;
            let mut cmd = redis::cmd("SET");
            cmd.arg(format!("{own}began"))
                .arg(now.as_micros())
                .arg("NX");
            store
                .shared
                .link
                .command("note when the store began", &cmd)
                .await?;
        }
        Ok(store)
    }

    /// The server is asked once, so that a wrong password is told at once, and so is
    /// a node of a Cluster: there the keys of one script may not lie together.
    async fn refuse_node_of_cluster(&self) -> StoreResult<()> {
        if self.shared.link.target.is_cluster() {
            return Ok(());
        }
        let mut ask = redis::cmd("INFO");
        ask.arg("cluster");
        let info = match self.shared.link.command("use the store", &ask).await {
            Ok(info) => info.text()?,
            // Not everybody may ask; whoever may not write either is told then.
            Err(error) if error.happened.contains("NOPERM") => return Ok(()),
            Err(error) => return Err(error),
        };
        if !info.contains("cluster_enabled:1") {
            return Ok(());
        }
        Err(StoreError::new(
            StoreErrorKind::Unsupported,
            format!("use the store {}", self.shared.link.location),
            "the server is a node of a Cluster",
        )
        .hint(
            "name it by redis+cluster://; agents of attune cannot be joined there, because \
             their keys lie in different slots",
        ))
    }

    fn call<'a>(&'a self, script: &'a Script, subject: Subject) -> Call<'a> {
        let prefixes = self.shared.layout.of(subject);
        Call::new(script, &prefixes.own, &prefixes.records)
    }

    /// For how long a key lives, in milliseconds.
    fn key_ms(&self, ms: u64) -> u64 {
        let shortest =
            u64::try_from(self.shared.options.shortest_key.as_millis()).unwrap_or(u64::MAX);
        ms.max(shortest).max(1)
    }

    /// A number that no other call of this process has.
    fn ticket(&self) -> u64 {
        self.shared.tickets.fetch_add(1, Ordering::Relaxed)
    }

    fn tell(&self, text: impl FnOnce() -> String) {
        if let Some(tell) = &self.shared.options.tell {
            tell(&text());
        }
    }

    /// After a look for foreign writes that an answer may have missed: whether to ask
    /// again. The answer told the age of the watcher's mark in milliseconds.
    async fn look_again(&self, now: Timestamp, mark_age_ms: i64) -> StoreResult<bool> {
        if !self.must_look(mark_age_ms) {
            return Ok(false);
        }
        self.scan(now).await?;
        Ok(true)
    }
}

/// A time so many seconds later.
fn later(now: Timestamp, seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    now.saturating_add_us(seconds.saturating_mul(1_000_000))
}

/// A time that a script gave in microseconds.
fn time(reply: Reply) -> StoreResult<Timestamp> {
    let us = reply.number()?;
    let end = if us < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Ok(Timestamp::from_micros(us).unwrap_or(end))
}

#[async_trait]
impl Store for RedisStore {
    async fn info(&self, now: Timestamp) -> StoreResult<StoreInfo> {
        self.describe(now).await
    }

    async fn send(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Sent> {
        self.send_signal(now, signal).await
    }

    async fn broadcast(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Broadcasted> {
        self.broadcast_signal(now, signal).await
    }

    async fn take(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck> {
        self.take_signal(now, filter).await
    }

    async fn check(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck> {
        self.check_signal(now, filter).await
    }

    async fn signals(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> StoreResult<Listing<PendingSignal>> {
        self.pending_signals(now, filter).await
    }

    async fn all_signals(
        &self,
        now: Timestamp,
        expired: bool,
    ) -> StoreResult<Listing<PendingSignal>> {
        self.every_signal(now, expired).await
    }

    async fn clear(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<u64> {
        self.clear_signals(now, filter).await
    }

    async fn enrol(&self, now: Timestamp, agent_id: &str) -> StoreResult<()> {
        self.enrol_agent(now, agent_id).await
    }

    async fn slowest_delivery(
        &self,
        now: Timestamp,
        signal_type: Option<&str>,
    ) -> StoreResult<Option<u64>> {
        self.slowest(now, signal_type).await
    }

    async fn beat(&self, now: Timestamp, beat: &BeatInput) -> StoreResult<()> {
        self.put_beat(now, beat).await
    }

    async fn fleet(&self, now: Timestamp) -> StoreResult<Listing<FleetRow>> {
        self.fleet_rows(now).await
    }

    async fn agent(&self, now: Timestamp, agent_id: &str) -> StoreResult<Option<FleetRow>> {
        self.one_agent(now, agent_id).await
    }

    async fn request(&self, now: Timestamp, request: &NewApproval) -> StoreResult<Requested> {
        self.ask(now, request).await
    }

    async fn decide(&self, now: Timestamp, answer: &Answer) -> StoreResult<Decision> {
        self.answer(now, answer).await
    }

    async fn approval(&self, now: Timestamp, request_id: &str) -> StoreResult<Option<ApprovalRow>> {
        self.one_approval(now, request_id).await
    }

    async fn approvals(
        &self,
        now: Timestamp,
        filter: &ApprovalFilter,
    ) -> StoreResult<Listing<ApprovalRow>> {
        self.list_approvals(now, filter).await
    }

    async fn sweep(&self, now: Timestamp) -> StoreResult<Vec<String>> {
        self.sweep_approvals(now).await
    }

    async fn publish(&self, now: Timestamp, event: &NewEvent) -> StoreResult<StreamId> {
        self.publish_event(now, event).await
    }

    async fn read(&self, now: Timestamp, read: &StreamRead) -> StoreResult<Vec<StreamBatch>> {
        self.read_streams(now, read).await
    }

    async fn read_group(&self, now: Timestamp, read: &GroupRead) -> StoreResult<Vec<StreamBatch>> {
        self.read_as_member(now, read).await
    }

    async fn ack(&self, now: Timestamp, events: &AckEvents) -> StoreResult<u64> {
        self.acknowledge(now, events).await
    }

    async fn recent(
        &self,
        _now: Timestamp,
        query: &RecentQuery,
    ) -> StoreResult<Listing<StreamEvent>> {
        self.recent_events(query).await
    }

    async fn streams(&self, now: Timestamp) -> StoreResult<Vec<StreamInfo>> {
        self.list_streams(now).await
    }

    async fn trim(&self, now: Timestamp, event_type: &str, max_len: u64) -> StoreResult<u64> {
        self.trim_stream(now, event_type, max_len).await
    }

    async fn delete(&self, now: Timestamp, event_type: &str) -> StoreResult<u64> {
        self.delete_stream(now, event_type).await
    }

    async fn feedback(&self, now: Timestamp, score: &QualityFeedback) -> StoreResult<()> {
        self.record_score(now, score).await
    }

    async fn feedback_history(
        &self,
        now: Timestamp,
        query: &FeedbackQuery,
    ) -> StoreResult<Listing<QualityFeedback>> {
        self.score_history(now, query).await
    }

    async fn clear_feedback(
        &self,
        now: Timestamp,
        workflow: &str,
        stage: Option<&str>,
    ) -> StoreResult<u64> {
        self.clear_scores(now, workflow, stage).await
    }

    fn foreign_watch(&self) -> StoreResult<Option<ForeignWatch>> {
        if self.shared.link.target.is_cluster() {
            return Err(StoreError::new(
                StoreErrorKind::Unsupported,
                format!("watch agents of attune in {}", self.shared.link.location),
                "their keys lie in different slots of a Cluster, where nothing about them can be done as a whole",
            )
            .hint("join agents of attune on one server, or on one with Sentinels"));
        }
        Ok(self.shared.options.foreign.then(|| self.watch_report()))
    }

    async fn watch(&self, interest: Interest) -> StoreResult<Box<dyn Watch>> {
        if self.shared.options.foreign {
            self.watch_foreign();
        }
        self.listen(interest).await
    }
}

#[cfg(test)]
mod tests;
