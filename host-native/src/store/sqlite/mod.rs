//! The store in a SQLite database: nothing to install, several processes at once.
//!
//! The file is in WAL mode. One thread of each process writes and answers after
//! the commit; reading does not wait for it. A bell beside the file wakes the
//! processes that wait. What a user can rely on is said in `docs/stores.md`.

mod approvals;
mod bell;
mod connection;
mod ear;
mod failure;
mod fleet;
mod listener;
mod readers;
mod retention;
mod row;
mod schema;
mod scores;
mod signals;
mod streams;
mod writer;

#[cfg(test)]
mod tests;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use muster_core::Timestamp;
use muster_core::coordination::{
    AckEvents, Answer, ApprovalFilter, ApprovalRow, BeatInput, Broadcasted, Decision,
    FeedbackQuery, FleetRow, GroupRead, Listing, NewApproval, NewEvent, NewSignal, PendingSignal,
    RecentQuery, Requested, Sent, SignalCheck, SignalFilter, StreamBatch, StreamInfo, StreamRead,
};
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::record::stream_event::{StreamEvent, StreamId};

use connection::FileId;
use failure::Fault;
use listener::Listener;
use readers::Readers;
use schema::Content;
use writer::{Sync, Writer};

use super::{Durability, Interest, Store, StoreInfo, StoreResult, Watch};

/// A store in a SQLite database.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    path: Arc<PathBuf>,
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    listener: Arc<Listener>,
    /// Whether the last look for a signal to take found one: there may be more.
    finds_signals: Arc<AtomicBool>,
    /// Whether it was opened by who only looks.
    is_to_look: bool,
}

impl SqliteStore {
    /// The version of the library.
    pub fn version() -> &'static str {
        rusqlite::version()
    }

    /// Opens the database at `path`. It is made where there is none, with its
    /// folder, for its owner only; `now` is its beginning then.
    pub fn open(path: &Path, now: Timestamp) -> StoreResult<Self> {
        const TRIED: &str = "open the store";
        let path =
            std::path::absolute(path).map_err(|error| failure::explain_io(TRIED, path, &error))?;
        connection::make_file(&path)?;
        let explain = |fault: Fault| fault.explain(TRIED, &path);
        let mut first = connection::open(&path).map_err(explain)?;
        schema::prepare(&mut first, now).map_err(explain)?;
        let file = FileId::of(&path).map_err(|error| failure::explain_io(TRIED, &path, &error))?;
        let listener = Arc::new(Listener::new(&path));
        let shared = Arc::new(path.clone());
        let readers = Readers::new(Arc::clone(&shared), file, first, connection::open);
        Ok(Self {
            writer: Arc::new(Writer::start(&shared, file, Arc::clone(&listener))?),
            readers: Arc::new(readers.map_err(explain)?),
            listener,
            finds_signals: Arc::new(AtomicBool::new(false)),
            is_to_look: false,
            path: shared,
        })
    }

    /// Opens the database at `path` to look into it: nothing is made or written, so
    /// that a file and a folder will do that can only be read. `None` where nobody
    /// has written to it yet, or there is none.
    pub fn open_to_look(path: &Path) -> StoreResult<Option<Self>> {
        const TRIED: &str = "look into the store";
        let path =
            std::path::absolute(path).map_err(|error| failure::explain_io(TRIED, path, &error))?;
        if !connection::is_begun(&path)? {
            return Ok(None);
        }
        let explain = |fault: Fault| fault.explain(TRIED, &path);
        let mut first = connection::open_to_look(&path).map_err(explain)?;
        match schema::content(&first).map_err(explain)? {
            Content::Nothing => return Ok(None),
            Content::Store => {}
            // The one thing that is written by who looks: no beginning, so no `now`.
            Content::Older => schema::prepare(&mut first, Timestamp::MIN).map_err(explain)?,
        }
        let file = FileId::of(&path).map_err(|error| failure::explain_io(TRIED, &path, &error))?;
        let listener = Arc::new(Listener::to_look(&path));
        let shared = Arc::new(path.clone());
        let readers = Readers::new(Arc::clone(&shared), file, first, connection::open_to_look);
        Ok(Some(Self {
            writer: Arc::new(Writer::start(&shared, file, Arc::clone(&listener))?),
            readers: Arc::new(readers.map_err(explain)?),
            listener,
            finds_signals: Arc::new(AtomicBool::new(false)),
            is_to_look: true,
            path: shared,
        }))
    }

    /// Whether somebody has written to a database at `path`.
    pub fn is_begun(path: &Path) -> StoreResult<bool> {
        connection::is_begun(path)
    }

    /// What a user should know, each with what to do.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mode = fs::metadata(&*self.path).map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o077 != 0 {
            notes.push(format!(
                "other users of this machine can open {0}: chmod 600 {0}",
                self.path.display()
            ));
        }
        if !self.is_to_look && !self.listener.has_bell() {
            notes.push(format!(
                "no bell can be made beside {}, so waiting processes notice changes after half a second: make its folder writable",
                self.path.display()
            ));
        }
        notes
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn info(&self, _now: Timestamp) -> StoreResult<StoreInfo> {
        let created_at = self
            .readers
            .call("look at the store", |connection| {
                Ok(connection.query_row("SELECT created_at FROM store", [], |row| row.get(0))?)
            })
            .await?;
        Ok(StoreInfo {
            backend: "sqlite",
            location: self.path.display().to_string(),
            version: Self::version().to_owned(),
            durability: Durability::Disk,
            observed_since: Some(row::time(created_at)),
            notes: self.notes(),
        })
    }

    async fn send(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Sent> {
        let signal = signal.clone();
        let work = move |connection: &_| signals::send(connection, now, &signal);
        self.writer
            .call(now, "send a signal", Sync::Full, work)
            .await
    }

    async fn broadcast(&self, now: Timestamp, signal: &NewSignal) -> StoreResult<Broadcasted> {
        let signal = signal.clone();
        let work = move |connection: &_| signals::broadcast(connection, now, &signal);
        self.writer
            .call(now, "broadcast a signal", Sync::Full, work)
            .await
    }

    async fn take(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck> {
        // Whoever finds nothing needs no lock: those who wait look often. Who works
        // off a queue need not look first.
        if !self.finds_signals.load(Ordering::Relaxed) {
            let looked = self.check(now, filter).await?;
            if !matches!(looked, SignalCheck::Pending(_)) {
                return Ok(looked);
            }
        }
        let filter = filter.clone();
        let work = move |connection: &_| signals::take(connection, now, &filter);
        let taken = self
            .writer
            .call(now, "take a signal", Sync::Full, work)
            .await?;
        let found = matches!(taken, SignalCheck::Delivered(_));
        self.finds_signals.store(found, Ordering::Relaxed);
        Ok(taken)
    }

    async fn check(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<SignalCheck> {
        let filter = filter.clone();
        let work = move |connection: &_| signals::check(connection, now, &filter);
        self.readers.call("look for a signal", work).await
    }

    async fn signals(
        &self,
        now: Timestamp,
        filter: &SignalFilter,
    ) -> StoreResult<Listing<PendingSignal>> {
        let filter = filter.clone();
        let work = move |connection: &_| signals::pending(connection, now, &filter);
        self.readers.call("list signals", work).await
    }

    async fn all_signals(
        &self,
        now: Timestamp,
        expired: bool,
    ) -> StoreResult<Listing<PendingSignal>> {
        let work = move |connection: &_| signals::all(connection, now, expired);
        self.readers.call("list signals", work).await
    }

    async fn clear(&self, now: Timestamp, filter: &SignalFilter) -> StoreResult<u64> {
        let filter = filter.clone();
        let work = move |connection: &_| signals::clear(connection, now, &filter);
        self.writer
            .call(now, "clear signals", Sync::Full, work)
            .await
    }

    async fn enrol(&self, now: Timestamp, agent_id: &str) -> StoreResult<()> {
        let agent_id = agent_id.to_owned();
        let work = move |connection: &_| signals::enrol(connection, now, &agent_id);
        self.writer
            .call(now, "enrol an agent", Sync::Normal, work)
            .await
    }

    async fn slowest_delivery(
        &self,
        now: Timestamp,
        signal_type: Option<&str>,
    ) -> StoreResult<Option<u64>> {
        let signal_type = signal_type.map(str::to_owned);
        let work = move |connection: &_| signals::slowest(connection, now, signal_type.as_deref());
        self.readers.call("look at deliveries", work).await
    }

    async fn beat(&self, now: Timestamp, beat: &BeatInput) -> StoreResult<()> {
        let beat = beat.clone();
        let work = move |connection: &_| fleet::beat(connection, now, &beat);
        self.writer.call(now, "beat", Sync::Normal, work).await
    }

    async fn fleet(&self, now: Timestamp) -> StoreResult<Listing<FleetRow>> {
        let work = move |connection: &_| fleet::all(connection, now);
        self.readers.call("list agents", work).await
    }

    async fn agent(&self, now: Timestamp, agent_id: &str) -> StoreResult<Option<FleetRow>> {
        let agent_id = agent_id.to_owned();
        let work = move |connection: &_| fleet::agent(connection, now, &agent_id);
        self.readers.call("look at an agent", work).await
    }

    async fn request(&self, now: Timestamp, request: &NewApproval) -> StoreResult<Requested> {
        let request = request.clone();
        let work = move |connection: &_| approvals::request(connection, now, &request);
        self.writer
            .call(now, "ask for an approval", Sync::Full, work)
            .await
    }

    async fn decide(&self, now: Timestamp, answer: &Answer) -> StoreResult<Decision> {
        let answer = answer.clone();
        let work = move |connection: &_| approvals::decide(connection, now, &answer);
        self.writer
            .call(now, "answer a request", Sync::Full, work)
            .await
    }

    async fn approval(&self, now: Timestamp, request_id: &str) -> StoreResult<Option<ApprovalRow>> {
        let request_id = request_id.to_owned();
        let work = move |connection: &_| approvals::get(connection, now, &request_id);
        self.readers.call("look at a request", work).await
    }

    async fn approvals(
        &self,
        now: Timestamp,
        filter: &ApprovalFilter,
    ) -> StoreResult<Listing<ApprovalRow>> {
        let filter = filter.clone();
        let work = move |connection: &_| approvals::list(connection, now, &filter);
        self.readers.call("list requests", work).await
    }

    async fn sweep(&self, now: Timestamp) -> StoreResult<Vec<String>> {
        const TRIED: &str = "sweep requests";
        let is_due = move |connection: &_| approvals::is_sweep_due(connection, now);
        if !self.readers.call(TRIED, is_due).await? {
            return Ok(Vec::new());
        }
        let work = move |connection: &_| approvals::sweep(connection, now);
        self.writer.call(now, TRIED, Sync::Full, work).await
    }

    async fn publish(&self, now: Timestamp, event: &NewEvent) -> StoreResult<StreamId> {
        let event = event.clone();
        let work = move |connection: &_| streams::publish(connection, now, &event);
        self.writer
            .call(now, "publish an event", Sync::Full, work)
            .await
    }

    async fn read(&self, _now: Timestamp, read: &StreamRead) -> StoreResult<Vec<StreamBatch>> {
        let read = read.clone();
        let work = move |connection: &_| streams::read(connection, &read);
        self.readers.call("read streams", work).await
    }

    async fn read_group(&self, now: Timestamp, read: &GroupRead) -> StoreResult<Vec<StreamBatch>> {
        const TRIED: &str = "read streams";
        let read = read.clone();
        let looked = read.clone();
        let look = move |connection: &_| {
            if streams::is_group_read_due(connection, now, &looked)? {
                Ok(None)
            } else {
                streams::nothing_for_group(connection, &looked).map(Some)
            }
        };
        if let Some(nothing) = self.readers.call(TRIED, look).await? {
            return Ok(nothing);
        }
        let work = move |connection: &_| streams::read_group(connection, now, &read);
        self.writer.call(now, TRIED, Sync::Normal, work).await
    }

    async fn ack(&self, now: Timestamp, events: &AckEvents) -> StoreResult<u64> {
        let events = events.clone();
        let work = move |connection: &_| streams::ack(connection, &events);
        self.writer
            .call(now, "acknowledge events", Sync::Normal, work)
            .await
    }

    async fn recent(
        &self,
        _now: Timestamp,
        query: &RecentQuery,
    ) -> StoreResult<Listing<StreamEvent>> {
        let query = query.clone();
        let work = move |connection: &_| streams::recent(connection, &query);
        self.readers.call("read a stream", work).await
    }

    async fn streams(&self, _now: Timestamp) -> StoreResult<Vec<StreamInfo>> {
        self.readers.call("list streams", streams::all).await
    }

    async fn trim(&self, now: Timestamp, event_type: &str, max_len: u64) -> StoreResult<u64> {
        let event_type = event_type.to_owned();
        let work = move |connection: &_| streams::trim(connection, &event_type, max_len);
        self.writer
            .call(now, "trim a stream", Sync::Full, work)
            .await
    }

    async fn delete(&self, now: Timestamp, event_type: &str) -> StoreResult<u64> {
        let event_type = event_type.to_owned();
        let work = move |connection: &_| streams::delete(connection, &event_type);
        self.writer
            .call(now, "delete a stream", Sync::Full, work)
            .await
    }

    async fn feedback(&self, now: Timestamp, score: &QualityFeedback) -> StoreResult<()> {
        let score = score.clone();
        let work = move |connection: &_| scores::record(connection, now, &score);
        self.writer
            .call(now, "keep a score", Sync::Full, work)
            .await
    }

    async fn feedback_history(
        &self,
        now: Timestamp,
        query: &FeedbackQuery,
    ) -> StoreResult<Listing<QualityFeedback>> {
        let query = query.clone();
        let work = move |connection: &_| scores::history(connection, now, &query);
        self.readers.call("list scores", work).await
    }

    async fn clear_feedback(
        &self,
        now: Timestamp,
        workflow: &str,
        stage: Option<&str>,
    ) -> StoreResult<u64> {
        let (workflow, stage) = (workflow.to_owned(), stage.map(str::to_owned));
        let work =
            move |connection: &_| scores::clear(connection, now, &workflow, stage.as_deref());
        self.writer
            .call(now, "clear scores", Sync::Full, work)
            .await
    }

    async fn watch(&self, interest: Interest) -> StoreResult<Box<dyn Watch>> {
        Ok(self.listener.watch(&interest))
    }
}
