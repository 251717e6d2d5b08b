//! The one process that watches for what others write.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use muster_core::Timestamp;
use tokio::time::{Instant, sleep, timeout};

use super::super::hub::Topic;
use super::super::keys::Subject;
use super::super::reply::Reply;
use super::super::script::{FOREIGN_MARK, FOREIGN_TIPS, FOREIGN_WATCH};
use super::super::{RedisStore, Shared};
use crate::clock::Clock;
use crate::store::{ForeignWatch, StoreResult, WatchMode};

/// How long the lease holds without being kept.
const LEASE: Duration = Duration::from_secs(2);
/// How often the lease is kept and the mark set.
const TICK: Duration = Duration::from_millis(250);
/// What is written within this time is looked at together.
const GATHER: Duration = Duration::from_millis(5);
/// How often one that does not hold the lease asks for it.
const STAND_BY: Duration = Duration::from_millis(500);
/// The pause between two steps over the key space.
const STEP_PAUSE: Duration = Duration::from_millis(50);
/// The most keys of one step: with the pause, 50,000 keys a second.
const MAX_STEP: u64 = 2500;
/// A mark of this age leaves a gap in what was seen, in microseconds.
const GAP_US: u64 = 3_000_000;

/// Where values of attune's agents lie.
const PREFIXES: [&str; 6] = [
    "empathy:signal:",
    "empathy:heartbeat:",
    "approval_request:",
    "approval_response:",
    "feedback:",
    "stream:",
];

/// What is known of the watch of this process.
#[derive(Debug, Default)]
pub(in super::super) struct State {
    begun: Mutex<bool>,
    report: Mutex<ForeignWatch>,
}

impl State {
    /// Other software has answered against a decision.
    pub(in super::super) fn note_contest(&self) {
        self.update(|report| report.contested += 1);
    }

    fn update(&self, change: impl FnOnce(&mut ForeignWatch)) {
        change(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl RedisStore {
    /// What this process has noticed of foreign writers.
    pub fn watch_report(&self) -> ForeignWatch {
        *self
            .shared
            .foreign
            .watch
            .report
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The channel on which Muster's own beats in this database are told.
    pub(in super::super) fn own_beats(&self) -> String {
        let name = format!("written:{}", self.shared.link.target.db);
        self.shared.layout.channel(Subject::Beat, &name)
    }

    /// Begins to watch for what others write, whenever no other process does. It
    /// ends with the last copy of this store.
    pub fn watch_foreign(&self) {
        let mut begun = self
            .shared
            .foreign
            .watch
            .begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.shared.options.foreign && !*begun {
            *begun = true;
            tokio::spawn(stand_by(Arc::downgrade(&self.shared)));
        }
    }

    /// Asks for the lease: whether it is ours, and whether nobody held it for a while.
    async fn take_lease(&self) -> StoreResult<Option<bool>> {
        let call = super::foreign_call(&FOREIGN_WATCH)
            .arg(clock().as_micros())
            .arg(&self.shared.process)
            .arg(LEASE.as_millis())
            .arg(GAP_US);
        let reply = self.shared.link.run("ask for the watch", call).await?;
        let [ours, gap] = reply.parts()?;
        let ours = ours.number()? == 1;
        Ok(ours.then_some(gap.text()? == "1"))
    }

    /// Keeps the lease and says that everything so far was noticed; whether it is
    /// still ours.
    async fn mark(&self, since: Option<Timestamp>) -> StoreResult<bool> {
        let call = super::foreign_call(&FOREIGN_MARK)
            .arg(clock().as_micros())
            .arg(&self.shared.process)
            .arg(LEASE.as_millis())
            .arg(
                since
                    .map(|at| at.as_micros().to_string())
                    .unwrap_or_default(),
            );
        let reply = self.shared.link.run("keep the watch", call).await?;
        Ok(reply.number()? == 1)
    }

    /// Watches for as long as the lease is ours.
    async fn watch_while_ours(shared: &Weak<Shared>, gap: bool) -> StoreResult<()> {
        let Some(store) = upgrade(shared) else {
            return Ok(());
        };
        if store.is_notified().await? {
            let db = store.shared.link.target.db;
            let mut topics: Vec<Topic> = PREFIXES
                .map(|prefix| Topic::Pattern(format!("__keyspace@{db}__:{prefix}*")))
                .into();
            topics.push(Topic::Channel(store.own_beats()));
            let ear = store.shared.hub.listen(&topics, true).await?;
            store.look_through().await?;
            store
                .shared
                .foreign
                .watch
                .update(|report| report.mode = WatchMode::Notified);
            let since = gap.then(clock);
            if !store.mark(since).await? {
                return Ok(());
            }
            drop(store);
            loop {
                let heard = timeout(TICK, ear.wait()).await.is_ok();
                let Some(store) = upgrade(shared) else {
                    return Ok(());
                };
                if heard {
                    sleep(GATHER).await;
                }
                let written = ear.take_written();
                let mut since = None;
                if written.missed {
                    // The connection was lost: what came and went is not known.
                    store.look_through().await?;
                    since = Some(clock());
                } else {
                    store.written(written.keys()).await?;
                }
                if !store.mark(since).await? {
                    return Ok(());
                }
            }
        }
        store
            .shared
            .foreign
            .watch
            .update(|report| report.mode = WatchMode::Scanning);
        let mut since = gap.then(clock);
        drop(store);
        loop {
            let Some(store) = upgrade(shared) else {
                return Ok(());
            };
            let began = Instant::now();
            if !store.pass().await? {
                return Ok(());
            }
            // A mark that says "all before now" must not be older than it is trusted.
            if began.elapsed() < Duration::from_millis(super::TRUSTED_MS as u64 / 2)
                && !store.mark(since.take()).await?
            {
                return Ok(());
            }
            drop(store);
            sleep(TICK.saturating_sub(began.elapsed())).await;
        }
    }

    /// One slow pass over the key space; whether the lease is still ours.
    async fn pass(&self) -> StoreResult<bool> {
        let began = Instant::now();
        let mut kept = began;
        let size = self
            .shared
            .link
            .command("count the keys", &redis::cmd("DBSIZE"))
            .await?
            .count()?;
        let step = (size / 4).clamp(100, MAX_STEP);
        let (mut cursor, mut keys, mut adopted) = (String::from("0"), 0, 0);
        loop {
            let (next, looked_at, new) = self.scan_step(clock(), &cursor, step).await?;
            keys += looked_at;
            adopted += new;
            cursor = next;
            if cursor == "0" {
                break;
            }
            if kept.elapsed() >= TICK {
                kept = Instant::now();
                self.tips().await?;
                if self.take_lease().await?.is_none() {
                    return Ok(false);
                }
            }
            sleep(STEP_PAUSE).await;
        }
        self.tips().await?;
        self.shared.foreign.watch.update(|report| {
            report.keys = keys;
            report.adopted += adopted;
            report.look = began.elapsed();
        });
        Ok(true)
    }

    /// The look at the beginning of a watch.
    async fn look_through(&self) -> StoreResult<()> {
        let began = Instant::now();
        let (mut cursor, mut keys, mut adopted) = (String::from("0"), 0, 0);
        loop {
            let (next, looked_at, new) = self.scan_step(clock(), &cursor, super::STEP).await?;
            keys += looked_at;
            adopted += new;
            cursor = next;
            if cursor == "0" {
                break;
            }
        }
        self.tips().await?;
        self.shared.foreign.watch.update(|report| {
            report.keys = keys;
            report.adopted += adopted;
            report.look = began.elapsed();
        });
        Ok(())
    }

    /// Takes in what was written at keys.
    async fn written<'a>(&self, keys: impl Iterator<Item = &'a str>) -> StoreResult<()> {
        let now = clock();
        let mut others = Vec::new();
        for key in keys {
            if let Some(event_type) = key.strip_prefix("stream:") {
                let mut cmd = redis::cmd("PUBLISH");
                cmd.arg(format!("muster:stream:wake:{event_type}")).arg("");
                self.shared.link.command("tell of an event", &cmd).await?;
            } else if let Some(request_id) = key.strip_prefix("approval_response:") {
                self.one_approval(now, request_id).await?;
            } else {
                others.push(key.to_owned());
            }
        }
        let adopted = self.look_at(now, &others).await?;
        self.shared
            .foreign
            .watch
            .update(|report| report.adopted += adopted);
        Ok(())
    }

    /// Wakes who waits for streams, and takes in answers, without the server's help.
    async fn tips(&self) -> StoreResult<()> {
        let now = clock();
        let call = super::foreign_call(&FOREIGN_TIPS).arg(now.as_micros());
        let answered = self
            .shared
            .link
            .run("look at streams and answers", call)
            .await?;
        for id in answered.list()? {
            self.one_approval(now, &Reply::text(id)?).await?;
        }
        Ok(())
    }

    /// Whether the server tells of writes; switches that on where it is allowed.
    async fn is_notified(&self) -> StoreResult<bool> {
        let mut get = redis::cmd("CONFIG");
        get.arg("GET").arg("notify-keyspace-events");
        // Some servers let nobody look.
        let Ok(reply) = self
            .shared
            .link
            .command("read the server's settings", &get)
            .await
        else {
            return Ok(false);
        };
        let flags = reply.pairs()?.into_iter().next();
        let flags = flags
            .map(|(_, flags)| flags.text())
            .transpose()?
            .unwrap_or_default();
        let has = |flag: char| flags.contains(flag) || flags.contains('A');
        if flags.contains('K') && has('$') && has('t') {
            return Ok(true);
        }
        if !self.shared.options.may_configure {
            return Ok(false);
        }
        let mut set = redis::cmd("CONFIG");
        set.arg("SET")
            .arg("notify-keyspace-events")
            .arg(format!("{flags}K$t"));
        Ok(self
            .shared
            .link
            .command("switch on notifications", &set)
            .await
            .is_ok())
    }
}

/// Waits for the lease and watches while it is ours, for as long as the store is there.
async fn stand_by(shared: Weak<Shared>) {
    loop {
        let lease = match upgrade(&shared) {
            Some(store) => store.take_lease().await,
            None => return,
        };
        if let Ok(Some(gap)) = lease {
            // A failure is one of the server: it is tried again, with the lease.
            let _ = RedisStore::watch_while_ours(&shared, gap).await;
        }
        if let Some(store) = upgrade(&shared) {
            store
                .shared
                .foreign
                .watch
                .update(|report| report.mode = WatchMode::StandingBy);
        }
        sleep(STAND_BY).await;
    }
}

fn upgrade(shared: &Weak<Shared>) -> Option<RedisStore> {
    shared.upgrade().map(|shared| RedisStore { shared })
}

/// Foreign writes happen on the system's clock.
fn clock() -> Timestamp {
    Clock::default().now()
}
