//! The one thread of a process that writes.
//!
//! Calls that wait at the same time share a transaction, so that they share its
//! `fsync` as well, and each is answered after the commit. A call that fails costs
//! the others nothing: the group is rolled back and each call is made alone.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc as std_mpsc};
use std::thread;
use std::time::{Duration, Instant};

use muster_core::Timestamp;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::bell::Topic;
use super::connection::{self, FileId};
use super::failure::{Fault, explain_io};
use super::listener::Listener;
use super::{retention, schema};
use crate::clock::Clock;
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// How many calls may wait to be written.
const QUEUE: usize = 4096;
/// How many calls share a transaction at most.
const GROUP: usize = 512;
/// Pages in the log from which they are copied into the database: 4 MB.
const CHECKPOINT_PAGES: i32 = 1000;
/// Pages in the log from which the writer waits for readers, so that the log
/// begins anew: 64 MB.
const RESTART_PAGES: i32 = 16_000;
/// How often what is over is removed.
const RETENTION_EVERY: Duration = Duration::from_secs(1);

/// What an accepted write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sync {
    /// The end of the process.
    Normal,
    /// A power cut.
    Full,
}

/// What a call did, and who might wait for it.
pub(super) struct Written<T> {
    pub(super) answer: T,
    pub(super) topics: Vec<Topic>,
}

impl<T> Written<T> {
    /// Nothing has changed.
    pub(super) fn unchanged(answer: T) -> Self {
        Self {
            answer,
            topics: Vec::new(),
        }
    }

    /// Nobody waits for it in particular.
    pub(super) fn quiet(answer: T) -> Self {
        Self {
            answer,
            topics: vec![Topic::Other],
        }
    }
}

/// The way to the thread.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` once nothing more comes.
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    /// Closed when the thread has ended.
    ended: Mutex<std_mpsc::Receiver<()>>,
}

/// How long the end of a process waits for the log to be copied into the database.
const LAST_REST: Duration = Duration::from_secs(1);

impl Drop for Writer {
    /// Lets the thread end: a command that ended before would leave a log that grows
    /// from command to command.
    fn drop(&mut self) {
        self.jobs = None;
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        // Beyond the limit it goes on while the process does.
        let _ = ended.recv_timeout(LAST_REST);
    }
}

impl Writer {
    /// Starts the thread. It ends when this is dropped and all calls are answered.
    pub(super) fn start(
        path: &Arc<PathBuf>,
        file: FileId,
        listener: Arc<Listener>,
    ) -> StoreResult<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let desk = Desk {
            path: Arc::clone(path),
            file,
            listener,
            open: None,
        };
        let (running, ended) = std_mpsc::channel();
        thread::Builder::new()
            .name("muster-writer".into())
            .spawn(move || {
                desk.run(queue);
                drop(running);
            })
            .map_err(|error| explain_io("start a thread for", path, &error))?;
        Ok(Self {
            jobs: Some(jobs),
            ended: Mutex::new(ended),
        })
    }

    /// Makes a call in a transaction and gives its answer once that is committed.
    ///
    /// `work` may run more than once; what it did is rolled back in between.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        now: Timestamp,
        tried: &'static str,
        sync: Sync,
        work: impl FnMut(&Connection) -> Result<Written<T>, Fault> + Send + 'static,
    ) -> StoreResult<T> {
        let (reply, answer) = oneshot::channel();
        let job = Typed {
            now,
            tried,
            sync,
            work,
            done: None,
            reply,
        };
        let gone = || {
            StoreError::new(
                StoreErrorKind::Unreachable,
                tried,
                "the thread that writes has ended",
            )
            .hint("start this command again; if it stays, please report it")
        };
        let Some(jobs) = &self.jobs else {
            return Err(gone());
        };
        let queued = tokio::time::timeout(connection::BUSY_LIMIT, jobs.send(Box::new(job)));
        match queued.await {
            Ok(Ok(())) => answer.await.map_err(|_| gone())?,
            Ok(Err(_)) => Err(gone()),
            Err(_) => Err(StoreError::new(
                StoreErrorKind::Overloaded,
                tried,
                format!(
                    "{QUEUE} writes have been waiting for {} s",
                    connection::BUSY_LIMIT.as_secs()
                ),
            )
            .hint("write less at once, or look for a slow disk")),
        }
    }
}

/// A call on its way through the thread.
trait Job: Send {
    fn now(&self) -> Timestamp;
    fn sync(&self) -> Sync;
    fn tried(&self) -> &'static str;
    /// Whether nobody waits for the answer any more.
    fn is_given_up(&self) -> bool;
    fn run(&mut self, connection: &Connection) -> Result<(), Fault>;
    /// Who might wait for what the last run did.
    fn topics(&self) -> &[Topic];
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Typed<T, W> {
    now: Timestamp,
    tried: &'static str,
    sync: Sync,
    work: W,
    done: Option<Written<T>>,
    reply: oneshot::Sender<StoreResult<T>>,
}

impl<T, W> Job for Typed<T, W>
where
    T: Send,
    W: FnMut(&Connection) -> Result<Written<T>, Fault> + Send,
{
    fn now(&self) -> Timestamp {
        self.now
    }

    fn sync(&self) -> Sync {
        self.sync
    }

    fn tried(&self) -> &'static str {
        self.tried
    }

    fn is_given_up(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> Result<(), Fault> {
        self.done = None;
        self.done = Some((self.work)(connection)?);
        Ok(())
    }

    fn topics(&self) -> &[Topic] {
        self.done.as_ref().map_or(&[], |done| &done.topics)
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (outcome, self.done) {
            (Ok(()), Some(done)) => Ok(done.answer),
            (Ok(()), None) => return,
            (Err(error), _) => Err(error),
        };
        // Whoever asked may be gone.
        let _ = self.reply.send(answer);
    }
}

/// What the thread works with.
struct Desk {
    path: Arc<PathBuf>,
    file: FileId,
    listener: Arc<Listener>,
    open: Option<Open>,
}

/// An open connection.
struct Open {
    connection: Connection,
    sync: Sync,
    /// Pages in the log after the last commit.
    log_pages: Arc<AtomicI32>,
    /// Pages in the log before the last one, to notice that it began anew.
    log_pages_before: i32,
    /// Pages in the log from which it is copied into the database.
    checkpoint_at: i32,
    cleaned: Instant,
}

impl Desk {
    fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = queue.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
            group.retain(|job| !job.is_given_up());
            let now = group.last().map(|job| job.now());
            self.work_off(group);
            if let (Some(open), Some(now)) = (&mut self.open, now) {
                open.rest(now);
            }
        }
    }

    /// Makes a group of calls in one transaction, or each alone where that fails.
    fn work_off(&mut self, mut group: Vec<Box<dyn Job>>) {
        if group.is_empty() {
            return;
        }
        match self.attempt(&mut group) {
            Ok(()) => {
                self.listener
                    .ring(group.iter().flat_map(|job| job.topics()));
                for job in group {
                    job.answer(Ok(()));
                }
            }
            Err(fault) if group.len() == 1 || fault.concerns_all() => {
                for job in group {
                    let error = fault.explain(job.tried(), &self.path);
                    job.answer(Err(error));
                }
                // The next call opens the file anew.
                if fault.needs_reopening() {
                    self.open = None;
                }
            }
            Err(_) => {
                for job in group {
                    self.work_off(vec![job]);
                }
            }
        }
    }

    fn attempt(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), Fault> {
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(Open::new(&self.path)?),
        };
        if FileId::of(&self.path).ok() != Some(self.file) {
            return Err(Fault::Replaced);
        }
        let sync = group.iter().map(|job| job.sync()).max();
        open.demand(sync.unwrap_or(Sync::Full))?;
        let transaction = open
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        schema::check_unchanged(&transaction)?;
        for job in group {
            job.run(&transaction)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

impl Open {
    fn new(path: &Path) -> Result<Self, Fault> {
        let mut connection = connection::open(path)?;
        let log_pages = Arc::new(AtomicI32::new(0));
        let seen = Arc::clone(&log_pages);
        // In place of SQLite's own rule, which copies before the commit is answered.
        connection.wal_hook(Some(move |_: &mut Wal, pages| {
            seen.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(Self {
            connection,
            sync: Sync::Full,
            log_pages,
            log_pages_before: 0,
            checkpoint_at: CHECKPOINT_PAGES,
            cleaned: Instant::now(),
        })
    }

    /// Sets what the next commit survives.
    fn demand(&mut self, sync: Sync) -> Result<(), Fault> {
        if sync != self.sync {
            let level = match sync {
                Sync::Normal => "NORMAL",
                Sync::Full => "FULL",
            };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.sync = sync;
        }
        Ok(())
    }

    /// What can be done while nobody waits for it. A failure here fails no call;
    /// whatever it was will meet the next one. `now` is that of the last call.
    fn rest(&mut self, now: Timestamp) {
        if self.cleaned.elapsed() >= RETENTION_EVERY {
            self.cleaned = Instant::now();
            // A caller that says it is next year must not cost the others what they have.
            let _ = self.clean(now.min(Clock::default().now()));
        }
        let pages = self.log_pages.load(Ordering::Relaxed);
        if pages < self.log_pages_before {
            self.checkpoint_at = CHECKPOINT_PAGES;
        }
        self.log_pages_before = pages;
        if pages >= self.checkpoint_at {
            let mode = if pages >= RESTART_PAGES {
                "PRAGMA wal_checkpoint(RESTART)"
            } else {
                "PRAGMA wal_checkpoint(PASSIVE)"
            };
            // Readers may keep the log from beginning anew: not again after each commit.
            self.checkpoint_at = pages.saturating_add(CHECKPOINT_PAGES);
            let _ = self.connection.query_row(mode, [], |_| Ok(()));
        }
    }

    fn clean(&mut self, now: Timestamp) -> Result<(), Fault> {
        if !retention::is_due(&self.connection, now)? {
            return Ok(());
        }
        self.demand(Sync::Normal)?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        schema::check_unchanged(&transaction)?;
        retention::clean(&transaction, now)?;
        transaction.commit()?;
        Ok(())
    }
}
