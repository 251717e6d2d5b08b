//! Who in this process waits for what, and how they learn of it.
//!
//! The writer of this process tells them itself. For other processes one task
//! waits for the bell as long as anybody waits; every half second it looks whether
//! the database has changed without a bell, because a writer may be killed between
//! its commit and its ring.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::bell::{Bell, SLOTS, Slots, Topic};
use super::connection;
use super::ear::Ear;
use super::failure::Fault;
use crate::store::{Interest, StoreResult, Wake, Watch};

/// How often the database is looked at for changes without a bell.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// After so many looks all are woken where the bell never rests.
const BUSY_LOOKS: u32 = 4;

/// All who wait in this process.
#[derive(Debug)]
pub(super) struct Listener {
    database: PathBuf,
    open: fn(&Path) -> Result<Connection, Fault>,
    bell: Mutex<Option<Heard>>,
    waiters: Mutex<Waiters>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// A bell and what it is known to show.
#[derive(Debug)]
struct Heard {
    bell: Bell,
    seen: Slots,
    /// How often it was rung, by this process or another.
    rings: u64,
}

#[derive(Debug)]
struct Waiters {
    /// By the slot.
    slots: Vec<Vec<Arc<Notify>>>,
    /// Those that wait for everything.
    all: Vec<Arc<Notify>>,
}

impl Listener {
    /// Nobody waits yet. Where the bell cannot be made, changes by other processes
    /// are noticed by looking.
    pub(super) fn new(database: &Path) -> Self {
        Self::with(database, connection::open, Bell::open(database))
    }

    /// Of a database that is only looked at: nothing is made beside it.
    pub(super) fn to_look(database: &Path) -> Self {
        let bell = Bell::open_to_look(database);
        Self::with(database, connection::open_to_look, bell)
    }

    fn with(
        database: &Path,
        open: fn(&Path) -> Result<Connection, Fault>,
        bell: io::Result<Bell>,
    ) -> Self {
        let bell = bell.and_then(|bell| {
            Ok(Heard {
                seen: bell.look()?,
                bell,
                rings: 0,
            })
        });
        Self {
            database: database.to_path_buf(),
            open,
            bell: Mutex::new(bell.ok()),
            waiters: Mutex::new(Waiters {
                slots: vec![Vec::new(); SLOTS],
                all: Vec::new(),
            }),
            task: Mutex::new(None),
        }
    }

    /// Whether other processes can be told at once.
    pub(super) fn has_bell(&self) -> bool {
        locked(&self.bell).is_some()
    }

    /// Tells all who wait for these topics, in this process and in others.
    pub(super) fn ring<'a>(&self, topics: impl Iterator<Item = &'a Topic>) {
        let mut slots: Vec<usize> = topics.map(Topic::slot).collect();
        slots.sort_unstable();
        slots.dedup();
        if slots.is_empty() {
            return;
        }
        if let Some(heard) = &mut *locked(&self.bell) {
            // A bell that cannot be rung: the others will notice by looking.
            let _ = heard.bell.follow();
            for slot in &slots {
                if let Ok(number) = heard.bell.ring(*slot) {
                    heard.seen[*slot] = number;
                }
            }
            heard.rings = heard.rings.wrapping_add(1);
        }
        self.wake(&slots);
    }

    /// Begins to wait for something.
    pub(super) fn watch(self: &Arc<Self>, interest: &Interest) -> Box<dyn Watch> {
        let notify = Arc::new(Notify::new());
        let slots = slots_of(interest);
        {
            let mut waiters = locked(&self.waiters);
            match &slots {
                Some(slots) => {
                    for slot in slots {
                        waiters.slots[*slot].push(Arc::clone(&notify));
                    }
                }
                None => waiters.all.push(Arc::clone(&notify)),
            }
        }
        self.listen();
        Box::new(Waiter {
            listener: Arc::clone(self),
            notify,
            slots,
        })
    }

    /// Starts the task that listens to other processes, unless there is one.
    fn listen(self: &Arc<Self>) {
        let mut task = locked(&self.task);
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let ear = locked(&self.bell)
            .as_ref()
            .map(|heard| Ear::open(heard.bell.path()));
        // What was rung before is known; what comes now is heard by the ear.
        self.hear();
        *task = Some(tokio::spawn(listen(
            Arc::downgrade(self),
            ear,
            Looks::new((self.open)(&self.database).ok(), self.rings()),
        )));
    }

    /// Looks at the bell and wakes those for whom it was rung. Says whether the
    /// file is another one than before.
    fn hear(&self) -> bool {
        let mut changed = Vec::new();
        let mut is_new = false;
        if let Some(heard) = &mut *locked(&self.bell) {
            is_new = heard.bell.follow().unwrap_or(false);
            if let Ok(slots) = heard.bell.look() {
                changed.extend((0..SLOTS).filter(|slot| slots[*slot] != heard.seen[*slot]));
                heard.seen = slots;
            }
            if !changed.is_empty() {
                heard.rings = heard.rings.wrapping_add(1);
            }
        }
        if is_new {
            self.wake_all();
        } else if !changed.is_empty() {
            self.wake(&changed);
        }
        is_new
    }

    /// How often the bell was heard or rung.
    pub(super) fn rings(&self) -> u64 {
        locked(&self.bell).as_ref().map_or(0, |heard| heard.rings)
    }

    fn wake(&self, slots: &[usize]) {
        let waiters = locked(&self.waiters);
        let of_slots = slots.iter().flat_map(|slot| &waiters.slots[*slot]);
        for waiter in of_slots.chain(&waiters.all) {
            waiter.notify_one();
        }
    }

    fn wake_all(&self) {
        let waiters = locked(&self.waiters);
        for waiter in waiters.slots.iter().flatten().chain(&waiters.all) {
            waiter.notify_one();
        }
    }

    #[cfg(test)]
    pub(super) fn is_listening(&self) -> bool {
        locked(&self.task)
            .as_ref()
            .is_some_and(|task| !task.is_finished())
    }

    /// Ends the task where nobody waits any more.
    fn is_over(&self) -> bool {
        let mut task = locked(&self.task);
        let waiters = locked(&self.waiters);
        let nobody = waiters.all.is_empty() && waiters.slots.iter().all(Vec::is_empty);
        if nobody {
            *task = None;
        }
        nobody
    }
}

/// Listens until nobody waits.
async fn listen(listener: Weak<Listener>, mut ear: Option<Ear>, mut looks: Looks) {
    let mut next_look = Instant::now() + LOOK_EVERY;
    loop {
        let rung = if let Some(ear) = &mut ear {
            timeout_at(next_look, ear.heard()).await.is_ok()
        } else {
            tokio::time::sleep_until(next_look).await;
            false
        };
        let Some(listener) = listener.upgrade() else {
            return;
        };
        let is_new = listener.hear();
        if is_new && let Some(heard) = &*locked(&listener.bell) {
            ear = Some(Ear::open(heard.bell.path()));
        }
        if rung && Instant::now() < next_look {
            continue;
        }
        next_look = Instant::now() + LOOK_EVERY;
        if looks.look(listener.rings()) {
            listener.wake_all();
        }
        if listener.is_over() {
            return;
        }
    }
}

/// Looks at the database for changes without a bell.
struct Looks {
    connection: Option<Connection>,
    version: Option<i64>,
    rings: u64,
    /// Looks since the first change of which not all were told.
    untold: Option<u32>,
}

impl Looks {
    fn new(connection: Option<Connection>, rings: u64) -> Self {
        let mut looks = Self {
            // Without one all are told to look, as often.
            connection: connection.filter(connection::sees_changes),
            version: None,
            rings,
            untold: None,
        };
        looks.version = looks.read_version();
        looks
    }

    fn read_version(&self) -> Option<i64> {
        let connection = self.connection.as_ref()?;
        let mut statement = connection.prepare_cached("PRAGMA data_version").ok()?;
        statement.query_row([], |row| row.get(0)).ok()
    }

    /// Whether all should look for themselves. `rings`: how often the bell was
    /// rung so far. While it rings, a change without it cannot be told from the
    /// others, and all are woken less often.
    fn look(&mut self, rings: u64) -> bool {
        let version = self.read_version();
        let is_changed = version.is_none() || version != self.version;
        let is_rung = rings != self.rings;
        self.version = version;
        self.rings = rings;
        if is_changed {
            self.untold.get_or_insert(0);
        }
        let Some(looks) = &mut self.untold else {
            return false;
        };
        *looks += 1;
        if is_rung && *looks < BUSY_LOOKS {
            return false;
        }
        self.untold = None;
        true
    }
}

/// The slots of what somebody waits for; `None`: all.
fn slots_of(interest: &Interest) -> Option<Vec<usize>> {
    let topics = match interest {
        Interest::Signals { agent_id } => vec![Topic::Agent(agent_id.clone()), Topic::Everyone],
        Interest::Approval { request_id } => vec![Topic::Approval(request_id.clone())],
        Interest::Approvals => vec![Topic::Approvals],
        Interest::Fleet => vec![Topic::Fleet],
        Interest::Streams(Some(types)) => types.iter().cloned().map(Topic::Stream).collect(),
        Interest::Streams(None) => vec![Topic::Streams],
        Interest::All => return None,
    };
    let mut slots: Vec<usize> = topics.iter().map(Topic::slot).collect();
    slots.sort_unstable();
    slots.dedup();
    Some(slots)
}

/// Somebody who waits.
struct Waiter {
    listener: Arc<Listener>,
    notify: Arc<Notify>,
    slots: Option<Vec<usize>>,
}

#[async_trait]
impl Watch for Waiter {
    async fn changed(&mut self, until: Option<Instant>) -> StoreResult<Wake> {
        let Some(until) = until else {
            self.notify.notified().await;
            return Ok(Wake::Changed);
        };
        match timeout_at(until, self.notify.notified()).await {
            Ok(()) => Ok(Wake::Changed),
            Err(_) => Ok(Wake::Deadline),
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut waiters = locked(&self.listener.waiters);
        let waiters = &mut *waiters;
        let places = match &self.slots {
            Some(slots) => slots.as_slice(),
            None => &[],
        };
        for slot in places {
            waiters.slots[*slot].retain(|waiter| !Arc::ptr_eq(waiter, &self.notify));
        }
        waiters
            .all
            .retain(|waiter| !Arc::ptr_eq(waiter, &self.notify));
    }
}

/// What the locks guard is whole after every statement.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
