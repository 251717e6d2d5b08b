//! Sending what waits in a spool.
//!
//! An entry is marked as sent after the endpoint took it. A process that dies
//! between the two leaves it waiting, and it is sent again with the same
//! `insert_id`: delivery errs towards twice, never towards not at all.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use muster_core::delivery::{
    Answer, Batch, IngestBody, QuarantineReason, Sender, SenderAction, SenderPolicy, SenderStop,
    SenderTimer, SpoolName, SpoolState,
};
use muster_core::record::telemetry_entry::TelemetryEntry;
use muster_core::{Day, Timestamp, US_PER_DAY};
use serde::Serialize;

use super::endpoint::Endpoint;
use super::spool::{Content, Repairs, Spool};
use crate::clock::Clock;
use crate::error::{Failure, describe};

/// How many entries set aside are told of; all of them are counted.
const SAMPLES: usize = 20;
/// How long to wait between two looks at a lock.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How to send.
#[derive(Clone, Debug)]
pub struct FlushOptions {
    /// The user's id, or the repository's.
    pub distinct_id: String,
    /// The repository's id.
    pub repo_id: Option<String>,
    /// How patiently; `give_up_at` is set from `time_limit`.
    pub policy: SenderPolicy,
    /// Waits that would end later are not begun.
    pub time_limit: Duration,
    /// Sent entries are kept for so many days after their own day; 0: removed at once.
    pub keep_days: u32,
}

/// What became of the entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FlushReport {
    /// The spool's folder.
    pub spool: PathBuf,
    /// Where entries were sent.
    pub endpoint: String,
    /// Entries that the endpoint took.
    pub sent: u64,
    /// Requests made.
    pub requests: u64,
    /// Entries set aside: refused alone while others were taken, or no entries at all.
    pub quarantined: u64,
    /// The first of those.
    pub quarantined_samples: Vec<SetAside>,
    /// Entries that others sent or set aside meanwhile.
    pub gone: u64,
    /// Entries that still wait.
    pub pending: u64,
    /// Entries that were sent but could not be marked so; they will be sent again.
    pub unmarked: u64,
    /// Sent entries that were kept long enough and are removed.
    pub pruned: u64,
    /// What dead writers had left.
    pub repairs: Repairs,
}

/// An entry that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// Its file, as it is called now.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// Something that someone who watches may want to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushStep {
    /// So many entries are to be sent.
    Begins(u64),
    /// So many more are settled: sent, set aside or gone.
    Settled(u64),
    /// The next try comes after this long, because of this answer.
    Waits(Duration, Answer),
}

/// Who watches a flush, and how it waits.
pub trait FlushWatch {
    /// Something happened.
    fn step(&mut self, step: FlushStep);

    /// Waits for so long; `false` if the flush is to end now.
    fn wait(&mut self, how_long: Duration) -> bool {
        std::thread::sleep(how_long);
        true
    }
}

/// Sends what waits in `spool`. An error says what kept the rest from being sent;
/// the report is told either way.
pub fn flush(
    spool: &Spool,
    endpoint: &mut Endpoint,
    options: &FlushOptions,
    clock: Clock,
    watch: &mut dyn FlushWatch,
) -> (FlushReport, Result<(), Failure>) {
    let mut flush = Flush {
        spool,
        endpoint,
        options,
        began: Instant::now(),
        start: clock.now(),
        report: FlushReport {
            spool: spool.folder().to_path_buf(),
            ..FlushReport::default()
        },
        names: Vec::new(),
        sent_now: Vec::new(),
    };
    flush.report.endpoint = flush.endpoint.url();
    let outcome = flush.run(watch);
    if let Ok(listing) = spool.list() {
        flush.report.pending = listing.pending.len() as u64;
    }
    (flush.report, outcome)
}

struct Flush<'a> {
    spool: &'a Spool,
    endpoint: &'a mut Endpoint,
    options: &'a FlushOptions,
    began: Instant,
    start: Timestamp,
    report: FlushReport,
    names: Vec<SpoolName>,
    /// Those of the batch under way that are in its request.
    sent_now: Vec<u64>,
}

impl Flush<'_> {
    fn run(&mut self, watch: &mut dyn FlushWatch) -> Result<(), Failure> {
        let failed = |error: &io::Error, spool: &Spool| {
            Failure::unreachable(format!(
                "cannot use the spool {}: {}",
                spool.folder().display(),
                describe(error)
            ))
        };
        let spool = self.spool;
        if !spool.folder().exists() {
            return Ok(());
        }
        let Some(lock) = self.lock(watch).map_err(|error| failed(&error, spool))? else {
            return Err(Failure::unreachable(format!(
                "another process is sending from {}",
                spool.folder().display()
            ))
            .hint("wait until it is done, or give more time by --time-limit"));
        };
        self.report.repairs = spool.repair(false).map_err(|error| failed(&error, spool))?;
        let listing = spool.list().map_err(|error| failed(&error, spool))?;
        self.names = listing.pending;
        let outcome = self.send_all(watch);
        let last_kept = days_before(self.now().day(), self.options.keep_days);
        self.report.pruned = spool.prune(&listing.flushed, last_kept).unwrap_or(0);
        drop(lock);
        outcome
    }

    fn now(&self) -> Timestamp {
        let us = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.start.saturating_add_us(us)
    }

    fn lock(&self, watch: &mut dyn FlushWatch) -> io::Result<Option<super::spool::SpoolLock>> {
        loop {
            let lock = self.spool.try_lock()?;
            if lock.is_some() || self.began.elapsed() > self.options.time_limit {
                return Ok(lock);
            }
            if !watch.wait(LOOK_AGAIN) {
                return Ok(None);
            }
        }
    }

    fn send_all(&mut self, watch: &mut dyn FlushWatch) -> Result<(), Failure> {
        let limit = i64::try_from(self.options.time_limit.as_micros()).unwrap_or(i64::MAX);
        let mut sender = Sender::new(SenderPolicy {
            give_up_at: Some(self.start.saturating_add_us(limit)),
            ..self.options.policy
        });
        sender.handle_pending(self.names.len() as u64);
        watch.step(FlushStep::Begins(self.names.len() as u64));
        let mut last_code = None;
        loop {
            while let Some(action) = sender.poll_action() {
                self.act(action, watch);
            }
            if let Some(batch) = sender.poll_request() {
                let answer = self.request(batch, watch);
                if let Answer::Status { code, .. } = answer {
                    last_code = Some(code);
                }
                sender.handle_answer(self.now(), answer, random());
            } else if let Some((at, SenderTimer::Retry(answer))) = sender.poll_timeout() {
                let us = at.as_micros().saturating_sub(self.now().as_micros());
                let wait = Duration::from_micros(u64::try_from(us).unwrap_or(0));
                watch.step(FlushStep::Waits(wait, answer));
                if !watch.wait(wait) {
                    return Err(self.stopped(SenderStop::GaveUp(answer)));
                }
                sender.handle_timeout(self.now().max(at));
            } else {
                break;
            }
        }
        match sender.stopped() {
            Some(stop) => Err(self.stopped(stop)),
            None if self.report.sent == 0 && sender.left_unsent() > 0 => {
                let code = last_code.unwrap_or_default();
                Err(self.stopped(SenderStop::RefusesAll(code)))
            }
            None => Ok(()),
        }
    }

    /// Reads the entries of a batch and sends them.
    fn request(&mut self, batch: Batch, watch: &mut dyn FlushWatch) -> Answer {
        self.sent_now.clear();
        let mut body = IngestBody::new(&self.options.distinct_id, self.options.repo_id.as_deref());
        let mut unusable = Vec::new();
        let mut settled = 0;
        for at in batch.first..batch.end {
            let Some(name) = usize::try_from(at).ok().and_then(|at| self.names.get(at)) else {
                continue;
            };
            match self.spool.read(name) {
                Ok(Content::Text(text)) => match TelemetryEntry::parse(&text) {
                    Ok(entry) => {
                        body.push(&entry);
                        self.sent_now.push(at);
                    }
                    Err(error) => unusable.push((at, error.to_string())),
                },
                Ok(Content::Unusable(reason)) => unusable.push((at, reason)),
                Ok(Content::Gone) => {
                    self.report.gone += 1;
                    settled += 1;
                }
                // It stays where it is: it may be readable later.
                Err(_) => settled += 1,
            }
        }
        watch.step(FlushStep::Settled(settled));
        for (at, reason) in unusable {
            self.set_aside(at, format!("no entry: {reason}"), watch);
        }
        if body.is_empty() {
            return Answer::NothingToSend;
        }
        self.report.requests += 1;
        let now = self.now();
        self.endpoint.send(&body.into_json(), now)
    }

    fn act(&mut self, action: SenderAction, watch: &mut dyn FlushWatch) {
        match action {
            SenderAction::Delivered(_) => {
                for at in std::mem::take(&mut self.sent_now) {
                    self.mark_sent(at);
                    watch.step(FlushStep::Settled(1));
                }
            }
            SenderAction::Quarantine { entry, reason } => {
                let reason = match reason {
                    QuarantineReason::Refused(code) => {
                        format!("refused with HTTP {code}, while others were taken")
                    }
                    QuarantineReason::TooLarge => "too large for the endpoint".into(),
                };
                self.set_aside(entry, reason, watch);
            }
        }
    }

    fn mark_sent(&mut self, at: u64) {
        self.report.sent += 1;
        let Some(name) = self.name(at) else { return };
        let marked = if self.options.keep_days == 0 {
            self.spool.remove(&name)
        } else {
            self.spool.set_state(&name, SpoolState::Flushed)
        };
        self.report.unmarked += u64::from(marked.is_err());
    }

    fn set_aside(&mut self, at: u64, reason: String, watch: &mut dyn FlushWatch) {
        watch.step(FlushStep::Settled(1));
        let Some(name) = self.name(at) else { return };
        if !self
            .spool
            .set_state(&name, SpoolState::Quarantined)
            .unwrap_or(false)
        {
            return;
        }
        self.report.quarantined += 1;
        if self.report.quarantined_samples.len() < SAMPLES {
            self.report.quarantined_samples.push(SetAside {
                file: name.with_state(SpoolState::Quarantined).to_string(),
                reason,
            });
        }
    }

    fn name(&self, at: u64) -> Option<SpoolName> {
        self.names.get(usize::try_from(at).ok()?).cloned()
    }

    /// Why sending ended early, and what to do about it.
    fn stopped(&self, stop: SenderStop) -> Failure {
        let url = self.endpoint.url();
        let trouble = self.endpoint.trouble().unwrap_or("no answer").to_owned();
        let so_far = format!("{} sent, the rest waits in the spool", self.report.sent);
        let (what, hint) = match stop {
            SenderStop::Denied(code) => (
                format!("{url} wants another key: HTTP {code}"),
                "log in by `swamp auth login`, or set SWAMP_API_KEY",
            ),
            SenderStop::Moved(_) => (
                format!("{url} is elsewhere: {trouble}"),
                "if that is right, name the new address by --endpoint; the key is never sent along a redirect to another address",
            ),
            SenderStop::NotIngest(code) => (
                format!("{url} does not take entries: it answers HTTP {code} instead of 202"),
                "check the address that --endpoint, SWAMP_TELEMETRY_ENDPOINT or .swamp.yaml gives",
            ),
            SenderStop::RefusesAll(code) => (
                format!("{url} refuses every entry: HTTP {code}"),
                "nothing is set aside, because no entry was taken; check the address and its version",
            ),
            SenderStop::GaveUp(answer) => (
                format!("{url} cannot be reached: {}", in_words(answer, &trouble)),
                "try again later, or give more time by --time-limit",
            ),
        };
        Failure::unreachable(format!("{what}; {so_far}")).hint(hint)
    }
}

/// An answer that leads to a wait, in words.
fn in_words(answer: Answer, trouble: &str) -> String {
    match answer {
        Answer::Status { code, .. } => format!("HTTP {code}"),
        Answer::TimedOut => "no answer in time".into(),
        Answer::NoConnection | Answer::NothingToSend => trouble.to_owned(),
    }
}

/// The day so many days before.
pub(crate) fn days_before(day: Day, days: u32) -> Day {
    let us = i64::from(days).saturating_mul(US_PER_DAY);
    day.start().saturating_add_us(us.saturating_neg()).day()
}

/// A number that spreads the tries of many senders.
fn random() -> u64 {
    // Without randomness all wait for the same time, which is no harm to one.
    getrandom::u64().unwrap_or(0)
}
