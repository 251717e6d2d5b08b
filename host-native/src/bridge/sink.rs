//! Where entries go, each place with a queue and a thread of its own: a sink that
//! fails is tried again and delays neither the stream nor the other sinks.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use muster_core::record::telemetry_entry::TelemetryEntry;
use serde::Serialize;

use super::spool::{Spool, Written};
use crate::clock::Clock;
use crate::error::describe;
use crate::write::{AppendOptions, append};

/// Entries that wait for a sink; further ones are lost and counted.
const MAX_WAITING: usize = 100_000;
/// Entries of one write.
const BATCH: usize = 256;
/// The first wait after a failed write; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// A place that takes entries.
pub trait Sink: Send {
    /// Writes entries, JSON texts of one line, in their order. The answer is for
    /// how many of them, from the first on, what became of them is settled; the
    /// error is why it stopped there.
    fn write(&mut self, entries: &[Arc<str>], tally: &mut SinkTally) -> (usize, io::Result<()>);
}

/// What became of the entries of one sink.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SinkTally {
    /// What the sink is called.
    pub sink: String,
    /// Entries written.
    pub written: u64,
    /// Entries that were there already.
    pub already_there: u64,
    /// Writes that failed and were tried again.
    pub failed_writes: u64,
    /// Entries that could not be written at all.
    pub lost: u64,
    /// The last error.
    pub last_error: Option<String>,
}

/// A sink with its queue.
pub(super) struct SinkThread {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    queue: VecDeque<Arc<str>>,
    tally: SinkTally,
    /// Nothing more comes.
    closed: bool,
    /// The thread has written all, or given up.
    done: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SinkThread {
    /// Starts a thread for a sink. `troubled` is told of the first error in a row.
    pub(super) fn start(
        name: String,
        sink: Box<dyn Sink>,
        troubled: impl Fn(&str) + Send + 'static,
    ) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                tally: SinkTally {
                    sink: name,
                    ..SinkTally::default()
                },
                closed: false,
                done: false,
            }),
            changed: Condvar::new(),
        });
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || work(&of_thread, sink, &troubled));
        Self { shared }
    }

    /// Puts an entry into the queue; never waits.
    pub(super) fn push(&self, entry: &Arc<str>) {
        let mut state = self.shared.lock();
        if state.queue.len() < MAX_WAITING {
            state.queue.push_back(Arc::clone(entry));
        } else {
            state.tally.lost += 1;
        }
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Nothing more comes: waits until all is written, but not beyond `limit`. What
    /// is not written then is lost.
    pub(super) fn finish(&self, limit: Instant) -> SinkTally {
        let mut state = self.shared.lock();
        state.closed = true;
        self.shared.changed.notify_all();
        while !state.done {
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut tally = state.tally.clone();
        tally.lost += state.queue.len() as u64;
        tally
    }
}

fn work(shared: &Shared, mut sink: Box<dyn Sink>, troubled: &dyn Fn(&str)) {
    let mut wait = FIRST_WAIT;
    loop {
        let (batch, mut tally) = {
            let mut state = shared.lock();
            while state.queue.is_empty() && !state.closed {
                let woken = shared.changed.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
            if state.queue.is_empty() {
                state.done = true;
                drop(state);
                shared.changed.notify_all();
                return;
            }
            let batch: Vec<Arc<str>> = state.queue.iter().take(BATCH).cloned().collect();
            (batch, state.tally.clone())
        };
        // The lock is not held while the disk works; only this thread takes entries
        // out of the queue.
        let lost_before = tally.lost;
        let (settled, outcome) = sink.write(&batch, &mut tally);
        let mut state = shared.lock();
        state.queue.drain(..settled.min(batch.len()));
        // The queue may have overflowed meanwhile.
        tally.lost += state.tally.lost - lost_before;
        state.tally = tally;
        match outcome {
            Ok(()) => wait = FIRST_WAIT,
            Err(error) => {
                let reason = describe(&error);
                state.tally.failed_writes += 1;
                let first = wait == FIRST_WAIT;
                if first {
                    troubled(&reason);
                }
                state.tally.last_error = Some(reason);
                drop(state);
                thread::sleep(wait);
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// Entries into a spool.
pub(super) struct SpoolSink {
    pub(super) spool: Spool,
}

impl Sink for SpoolSink {
    fn write(&mut self, entries: &[Arc<str>], tally: &mut SinkTally) -> (usize, io::Result<()>) {
        let mut outcome = Ok(());
        let mut settled = 0;
        for text in entries {
            // The bridge writes what the reader reads.
            let written = match TelemetryEntry::parse(text) {
                Ok(entry) => self.spool.write(&entry),
                Err(error) => Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    error.to_string(),
                )),
            };
            match written {
                Ok(Written::New) => tally.written += 1,
                Ok(Written::AlreadyThere) => tally.already_there += 1,
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    tally.lost += 1;
                    tally.last_error = Some(error.to_string());
                }
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
            settled += 1;
        }
        // Content is on the disk; a name that is not yet is found again as a
        // temporary file.
        if settled > 0 && outcome.is_ok() {
            outcome = self.spool.sync();
        }
        (settled, outcome)
    }
}

/// Entries as lines of a file.
pub(super) struct LinesSink {
    pub(super) path: PathBuf,
    /// Ids that are in the file and are not to be written again.
    pub(super) known: HashSet<String>,
    pub(super) clock: Clock,
}

impl Sink for LinesSink {
    fn write(&mut self, entries: &[Arc<str>], tally: &mut SinkTally) -> (usize, io::Result<()>) {
        let mut lines = String::new();
        let (mut new, mut there) = (0, 0);
        for text in entries {
            let known = !self.known.is_empty()
                && TelemetryEntry::parse(text).is_ok_and(|entry| self.known.contains(&*entry.id));
            if known {
                there += 1;
            } else {
                new += 1;
                lines.push_str(text);
                lines.push('\n');
            }
        }
        if new > 0 {
            // A failed write leaves the file as it was, so it can be tried again.
            let options = AppendOptions {
                rotate_bytes: None,
                fsync: false,
            };
            let today = self.clock.now().day();
            if let Err(error) = append(&self.path, lines.as_bytes(), &options, today) {
                return (0, Err(error));
            }
        }
        tally.written += new;
        tally.already_there += there;
        // The lines are there, so they must not be written again when this fails.
        let synced = std::fs::File::open(&self.path).and_then(|file| file.sync_data());
        if let Err(error) = synced {
            tally.last_error = Some(describe(&error));
        }
        (entries.len(), Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes one entry per call and fails at the calls of these numbers.
    struct Failing {
        calls: usize,
        fails: Box<dyn Fn(usize) -> bool + Send>,
        taken: Arc<Mutex<Vec<String>>>,
    }

    impl Sink for Failing {
        fn write(
            &mut self,
            entries: &[Arc<str>],
            tally: &mut SinkTally,
        ) -> (usize, io::Result<()>) {
            let mut settled = 0;
            for entry in entries {
                self.calls += 1;
                if (self.fails)(self.calls - 1) {
                    return (settled, Err(io::ErrorKind::StorageFull.into()));
                }
                self.taken.lock().unwrap().push(entry.to_string());
                tally.written += 1;
                settled += 1;
            }
            (settled, Ok(()))
        }
    }

    fn run(
        entries: usize,
        fails: impl Fn(usize) -> bool + Send + 'static,
        limit: Duration,
    ) -> (SinkTally, Vec<String>) {
        let taken = Arc::default();
        let sink = Failing {
            calls: 0,
            fails: Box::new(fails),
            taken: Arc::clone(&taken),
        };
        let thread = SinkThread::start("test".into(), Box::new(sink), |_| {});
        for n in 0..entries {
            thread.push(&Arc::from(n.to_string()));
        }
        let tally = thread.finish(Instant::now() + limit);
        let taken = taken.lock().unwrap().clone();
        (tally, taken)
    }

    #[test]
    fn a_failure_at_any_position_loses_and_doubles_nothing() {
        let all: Vec<String> = (0..8).map(|n| n.to_string()).collect();
        for position in 0..9 {
            let (tally, taken) = run(8, move |call| call == position, Duration::from_secs(30));
            assert_eq!(taken, all, "{position}");
            let failed = u64::from(position < 8);
            assert_eq!(
                (tally.written, tally.failed_writes, tally.lost),
                (8, failed, 0)
            );
        }
    }

    #[test]
    fn what_never_gets_written_is_counted() {
        let (tally, taken) = run(5, |call| call >= 2, Duration::from_millis(200));
        assert_eq!(taken, ["0", "1"]);
        assert_eq!((tally.written, tally.lost), (2, 3));
        assert_eq!(tally.last_error.as_deref(), Some("no space left"));
        let (tally, _) = run(MAX_WAITING + 600, |_| true, Duration::from_millis(1));
        assert_eq!(tally.lost, MAX_WAITING as u64 + 600);
    }
}
