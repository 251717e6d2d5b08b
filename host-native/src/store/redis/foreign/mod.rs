//! What agents write without Muster: looking for it, and taking it in.
//!
//! One process at a time holds the lease and watches; the others trust its mark
//! while it is young. Without one, a call that needs to know looks through the key
//! space once, and says so.

mod adopt;
mod watcher;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use muster_core::coordination::Malformed;
use tokio::time::Instant;

use super::RedisStore;
use super::link::Call;
use super::reply::Reply;
use super::script::{FOREIGN_LOOK, FOREIGN_SCAN, Script};
use crate::store::StoreResult;
use muster_core::Timestamp;

/// A mark that is older says that nobody watches, in milliseconds.
pub(super) const TRUSTED_MS: i64 = 1000;
/// Keys that one step over the key space looks at.
const STEP: u64 = 5000;
/// Keys that were written are looked at in batches of this size.
const BATCH: usize = 256;
/// A look that takes longer is told, also to who did not ask for more.
const WORTH_TELLING: Duration = Duration::from_millis(100);
/// How many malformed values are kept in mind.
const MAX_MALFORMED: usize = 1000;

/// What a process knows of foreign writers.
#[derive(Debug, Default)]
pub(super) struct Foreign {
    /// When this process last looked through the key space.
    looked_at: Mutex<Option<Instant>>,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
    /// Keys whose values are no records.
    malformed: Mutex<BTreeSet<String>>,
    pub(super) watch: watcher::State,
}

/// One look through the key space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// How many keys were looked at.
    pub keys: u64,
    /// How many values were taken in.
    pub adopted: u64,
    /// How long it took.
    pub took: Duration,
}

impl RedisStore {
    /// Whether an answer may miss what others wrote.
    pub(super) fn must_look(&self, mark_age_ms: i64) -> bool {
        let options = &self.shared.options;
        options.foreign
            && (options.looks_itself || !(0..=TRUSTED_MS).contains(&mark_age_ms))
            && !self.looked_just_now()
    }

    fn looked_just_now(&self) -> bool {
        let looked_at = self
            .shared
            .foreign
            .looked_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        looked_at.is_some_and(|at| at.elapsed() < Duration::from_secs(1))
    }

    /// Takes in what others wrote, unless somebody watches.
    pub(super) async fn notice_foreign(&self, now: Timestamp) -> StoreResult<()> {
        if !self.shared.options.foreign || self.looked_just_now() {
            return Ok(());
        }
        if self.must_look(self.mark_age_ms().await?) {
            self.scan(now).await?;
        }
        Ok(())
    }

    /// How old the watcher's mark is in milliseconds; -1 without one.
    pub(super) async fn mark_age_ms(&self) -> StoreResult<i64> {
        // Looking at no key at all also tells the age.
        let mut mark = redis::cmd("GET");
        mark.arg("muster:watch:mark");
        let mark = self
            .shared
            .link
            .command("look for a watcher", &mark)
            .await?;
        let Some(mark) = mark.number_if_any()? else {
            return Ok(-1);
        };
        let time = redis::cmd("TIME");
        let [seconds, us] = self
            .shared
            .link
            .command("read the server's time", &time)
            .await?
            .parts()?;
        let time = seconds
            .number()?
            .saturating_mul(1_000_000)
            .saturating_add(us.number()?);
        Ok(time.saturating_sub(mark) / 1000)
    }

    /// Looks through the whole key space once and takes in what others wrote.
    pub(super) async fn scan(&self, now: Timestamp) -> StoreResult<Scan> {
        let _looking = self.shared.foreign.looking.lock().await;
        if self.looked_just_now() {
            return Ok(Scan::default());
        }
        let began = Instant::now();
        let mut scan = Scan::default();
        let mut cursor = String::from("0");
        loop {
            let (next, keys, adopted) = self.scan_step(now, &cursor, STEP).await?;
            scan.keys += keys;
            scan.adopted += adopted;
            cursor = next;
            if cursor == "0" {
                break;
            }
        }
        scan.took = began.elapsed();
        *self
            .shared
            .foreign
            .looked_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let is_asked_for = self.shared.options.looks_itself;
        if is_asked_for || scan.took < WORTH_TELLING && !self.shared.options.verbose {
            return Ok(scan);
        }
        self.tell(|| {
            format!(
                "nobody watches {}: looked through {} keys in {} ms for agents that write without Muster \
                 (`muster store watch` spares this, --no-foreign skips it)",
                self.shared.link.location,
                scan.keys,
                scan.took.as_millis()
            )
        });
        Ok(scan)
    }

    /// One step over the key space: where to go on, the keys looked at, the values
    /// taken in.
    async fn scan_step(
        &self,
        now: Timestamp,
        cursor: &str,
        count: u64,
    ) -> StoreResult<(String, u64, u64)> {
        let call = foreign_call(&FOREIGN_SCAN)
            .arg(now.as_micros())
            .arg(cursor)
            .arg(count);
        let reply = self
            .shared
            .link
            .run("look for foreign agents", call)
            .await?;
        let [next, keys, found] = reply.parts()?;
        let adopted = self.adopt_all(now, found).await?;
        Ok((next.text()?, keys.count()?, adopted))
    }

    /// Looks at keys that were written; how many values were taken in.
    async fn look_at(&self, now: Timestamp, keys: &[String]) -> StoreResult<u64> {
        let mut adopted = 0;
        for batch in keys.chunks(BATCH) {
            let mut call = foreign_call(&FOREIGN_LOOK).arg(now.as_micros());
            for key in batch {
                call = call.arg(key);
            }
            let found = self.shared.link.run("look at foreign values", call).await?;
            adopted += self.adopt_all(now, found).await?;
        }
        Ok(adopted)
    }

    async fn adopt_all(&self, now: Timestamp, found: Reply) -> StoreResult<u64> {
        let mut values = Vec::new();
        for (key, value) in found.pairs()? {
            values.push((key.text()?, value.text()?));
        }
        if values.is_empty() {
            return Ok(0);
        }
        self.adopt(now, values).await
    }

    /// Keeps in mind that a key holds no record.
    fn note_malformed(&self, key: &str) {
        let mut malformed = self
            .shared
            .foreign
            .malformed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if malformed.len() < MAX_MALFORMED {
            malformed.insert(key.to_owned());
        }
    }

    /// The values under a prefix that are no records, as far as they still are there.
    async fn malformed_under(
        &self,
        prefix: &str,
        parse: impl Fn(&str) -> Result<(), muster_core::RecordError>,
    ) -> Vec<Malformed> {
        let keys: Vec<String> = {
            let malformed = self
                .shared
                .foreign
                .malformed
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            malformed
                .iter()
                .filter(|key| key.starts_with(prefix))
                .cloned()
                .collect()
        };
        let mut found = Vec::new();
        for key in keys {
            let mut get = redis::cmd("GET");
            get.arg(&key);
            // A key of another type is an error of this command, and no record.
            let value = match self
                .shared
                .link
                .command("read a malformed value", &get)
                .await
            {
                Ok(reply) => reply.text().unwrap_or_default(),
                Err(_) => "not a string".into(),
            };
            let mended = match parse(&value) {
                _ if value.is_empty() => true,
                Ok(()) => true,
                Err(error) => {
                    found.push(Malformed {
                        key: key.clone(),
                        error,
                    });
                    false
                }
            };
            if mended {
                let mut malformed = self
                    .shared
                    .foreign
                    .malformed
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                malformed.remove(&key);
            }
        }
        found
    }

    pub(super) async fn malformed_signals(&self) -> Vec<Malformed> {
        use muster_core::record::signal::Signal;
        self.malformed_under("empathy:signal:", |value| Signal::parse(value).map(drop))
            .await
    }

    pub(super) async fn malformed_beats(&self) -> Vec<Malformed> {
        use muster_core::record::heartbeat::Heartbeat;
        self.malformed_under("empathy:heartbeat:", |value| {
            Heartbeat::parse(value).map(drop)
        })
        .await
    }

    pub(super) async fn malformed_approvals(&self) -> Vec<Malformed> {
        use muster_core::record::approval_request::ApprovalRequest;
        self.malformed_under("approval_request:", |value| {
            ApprovalRequest::parse(value).map(drop)
        })
        .await
    }

    pub(super) async fn malformed_scores(&self) -> Vec<Malformed> {
        use muster_core::record::quality_feedback::QualityFeedback;
        self.malformed_under("feedback:", |value| QualityFeedback::parse(value).map(drop))
            .await
    }
}

/// A call about foreign writers, whose keys lie in no subject's.
fn foreign_call(script: &Script) -> Call<'_> {
    Call::new(script, "muster:watch:", "")
}
