//! When to send which entries, and what to do after which answer.
//!
//! The machine knows entries by their place in the host's list, oldest first, and
//! so keeps nothing per entry. One request is under way at a time. It never sets
//! an entry aside on the word of an endpoint that takes nothing: a refused entry
//! is judged only when another was accepted after the refusal.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::answer::{Answer, Verdict};
use super::ingest::MAX_BATCH;
use crate::time::{Timestamp, US_PER_SECOND};

/// Tries of a batch that breaks the endpoint before it is split.
const TRIES: u32 = 3;
/// More refused entries than these with none accepted mean that all are refused.
const MAX_HELD: usize = 64;
/// No wait is longer, whatever the endpoint asks.
const MAX_WAIT_US: i64 = 3600 * US_PER_SECOND;

/// How patiently entries are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderPolicy {
    /// Entries per request, 1 to [`MAX_BATCH`].
    pub batch: usize,
    /// The first wait after a failure, in microseconds; it doubles each time.
    pub first_wait_us: i64,
    /// The longest wait between tries, in microseconds, unless the endpoint asks for more.
    pub longest_wait_us: i64,
    /// Waits that end later are not begun; `None` for no limit.
    pub give_up_at: Option<Timestamp>,
}

/// Entries of one request: from `first` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Place of the first entry in the host's list.
    pub first: u64,
    /// Place after the last one.
    pub end: u64,
}

/// What the host is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderAction {
    /// These were taken: they must not be sent again.
    Delivered(Batch),
    /// This one is to be set aside.
    Quarantine {
        /// Its place in the host's list.
        entry: u64,
        /// Why.
        reason: QuarantineReason,
    },
}

/// Why an entry is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuarantineReason {
    /// The endpoint refused it with this status and takes others.
    Refused(u16),
    /// It is too large for the endpoint by itself.
    TooLarge,
}

/// What the machine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderTimer {
    /// The next try after a failure.
    Retry(Answer),
}

/// Why nothing more is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderStop {
    /// The endpoint wants another key: 401, 403 or 407.
    Denied(u16),
    /// The endpoint is elsewhere.
    Moved(u16),
    /// What answers there takes no entries, such as 200 or 404.
    NotIngest(u16),
    /// The endpoint refuses every entry.
    RefusesAll(u16),
    /// The time that was given is over; this was the last answer.
    GaveUp(Answer),
}

/// Sends what is pending, batch by batch.
#[derive(Clone, Debug)]
pub struct Sender {
    policy: SenderPolicy,
    /// Entries that were in no request yet.
    fresh: Batch,
    /// Parts of batches that are to be tried again, before fresh ones.
    again: VecDeque<Group>,
    under_way: Option<Group>,
    /// Entries refused alone, with nothing accepted since.
    held: Vec<Held>,
    /// The next try after a failure.
    retry: Option<(Timestamp, Answer)>,
    /// Failures since something was accepted.
    failures: u32,
    /// Requests that were accepted.
    accepted: u64,
    /// Entries that broke the endpoint alone.
    left: u64,
    actions: VecDeque<SenderAction>,
    stopped: Option<SenderStop>,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    batch: Batch,
    tries: u32,
    /// How many requests had been accepted when a batch around this was first refused.
    refused_after: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    entry: u64,
    code: u16,
}

impl Default for SenderPolicy {
    fn default() -> Self {
        Self {
            batch: MAX_BATCH,
            first_wait_us: US_PER_SECOND,
            longest_wait_us: 60 * US_PER_SECOND,
            give_up_at: None,
        }
    }
}

impl Batch {
    /// How many entries these are.
    pub fn len(self) -> u64 {
        self.end.saturating_sub(self.first)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl Sender {
    /// A machine that has nothing to send yet.
    pub fn new(policy: SenderPolicy) -> Self {
        Self {
            policy,
            fresh: Batch { first: 0, end: 0 },
            again: VecDeque::new(),
            under_way: None,
            held: Vec::new(),
            retry: None,
            failures: 0,
            accepted: 0,
            left: 0,
            actions: VecDeque::new(),
            stopped: None,
        }
    }

    /// `count` more entries stand at the end of the host's list.
    pub fn handle_pending(&mut self, count: u64) {
        self.fresh.end = self.fresh.end.saturating_add(count);
    }

    /// What came of the request that [`Self::poll_request`] gave last. `random` is
    /// any number; it spreads the tries of many senders.
    pub fn handle_answer(&mut self, now: Timestamp, answer: Answer, random: u64) {
        let Some(group) = self.under_way.take() else {
            return;
        };
        match answer.verdict() {
            Verdict::Accepted => {
                self.accepted = self.accepted.saturating_add(1);
                self.failures = 0;
                self.actions.push_back(SenderAction::Delivered(group.batch));
                for held in core::mem::take(&mut self.held) {
                    self.quarantine(held);
                }
            }
            Verdict::Nothing => {}
            Verdict::Content(code) => self.refuse(group, code),
            Verdict::Broken(_) => {
                self.break_up(group);
                self.wait(now, answer, random);
            }
            Verdict::Down => {
                self.again.push_front(group);
                self.wait(now, answer, random);
            }
            Verdict::Denied(code) => self.stopped = Some(SenderStop::Denied(code)),
            Verdict::Moved(code) => self.stopped = Some(SenderStop::Moved(code)),
            Verdict::NotIngest(code) => self.stopped = Some(SenderStop::NotIngest(code)),
        }
    }

    /// The time has come that [`Self::poll_timeout`] gave.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.retry.is_some_and(|(at, _)| at <= now) {
            self.retry = None;
        }
    }

    /// The entries to send next; `None` while a request is under way, while there
    /// is something to wait for, and at the end.
    pub fn poll_request(&mut self) -> Option<Batch> {
        if self.stopped.is_some() || self.under_way.is_some() || self.retry.is_some() {
            return None;
        }
        let group = self.again.pop_front().or_else(|| self.take_fresh())?;
        self.under_way = Some(group);
        Some(group.batch)
    }

    /// The next thing that the host is to do.
    pub fn poll_action(&mut self) -> Option<SenderAction> {
        self.actions.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, SenderTimer)> {
        let (at, answer) = self.retry.filter(|_| self.stopped.is_none())?;
        Some((at, SenderTimer::Retry(answer)))
    }

    /// Why nothing more is sent, if that is so before everything was tried.
    pub fn stopped(&self) -> Option<SenderStop> {
        self.stopped
    }

    /// Whether everything was tried.
    pub fn is_done(&self) -> bool {
        self.fresh.is_empty() && self.again.is_empty() && self.under_way.is_none()
    }

    /// Entries that were refused or broke the endpoint, and stay as they are
    /// because nothing was accepted since or because that may be an outage.
    pub fn left_unsent(&self) -> u64 {
        self.left.saturating_add(self.held.len() as u64)
    }

    fn take_fresh(&mut self) -> Option<Group> {
        let size = self.policy.batch.clamp(1, MAX_BATCH) as u64;
        let fresh = self.fresh;
        if fresh.is_empty() {
            return None;
        }
        // When the oldest are refused, the newest tell whether all are.
        let batch = if self.held.is_empty() {
            let end = fresh.first.saturating_add(size).min(fresh.end);
            self.fresh.first = end;
            Batch { end, ..fresh }
        } else {
            let first = fresh.end.saturating_sub(size).max(fresh.first);
            self.fresh.end = first;
            Batch { first, ..fresh }
        };
        Some(Group {
            batch,
            tries: 0,
            refused_after: None,
        })
    }

    /// Something in the group is not wanted: find out what.
    fn refuse(&mut self, group: Group, code: u16) {
        let refused_after = group.refused_after.unwrap_or(self.accepted);
        if group.batch.len() > 1 {
            self.split(Group {
                refused_after: Some(refused_after),
                ..group
            });
            return;
        }
        let held = Held {
            entry: group.batch.first,
            code,
        };
        if self.accepted > refused_after {
            // What was with it was taken, so it is this one.
            self.quarantine(held);
            return;
        }
        self.held.push(held);
        if self.held.len() > MAX_HELD {
            self.stopped = Some(SenderStop::RefusesAll(code));
        }
    }

    /// The endpoint broke: try again, in the end without the rest of the batch.
    /// Whether one entry or an outage is to blame cannot be known, so nothing is
    /// set aside.
    fn break_up(&mut self, group: Group) {
        let group = Group {
            tries: group.tries.saturating_add(1),
            ..group
        };
        if group.tries < TRIES {
            self.again.push_front(group);
        } else if group.batch.len() > 1 {
            self.split(group);
        } else {
            self.left = self.left.saturating_add(1);
        }
    }

    fn split(&mut self, group: Group) {
        let Batch { first, end } = group.batch;
        let middle = first + (end - first).div_ceil(2);
        // Halves of a batch that was tried often are tried once.
        let tries = group.tries.min(TRIES - 1);
        for batch in [Batch { first: middle, end }, Batch { first, end: middle }] {
            self.again.push_front(Group {
                batch,
                tries,
                ..group
            });
        }
    }

    fn quarantine(&mut self, held: Held) {
        let reason = match held.code {
            413 => QuarantineReason::TooLarge,
            code => QuarantineReason::Refused(code),
        };
        self.actions.push_back(SenderAction::Quarantine {
            entry: held.entry,
            reason,
        });
    }

    fn wait(&mut self, now: Timestamp, answer: Answer, random: u64) {
        let doubled = 1_i64 << self.failures.min(32);
        let full = self
            .policy
            .first_wait_us
            .saturating_mul(doubled)
            .clamp(0, self.policy.longest_wait_us.max(0));
        self.failures = self.failures.saturating_add(1);
        // Between a half and the whole, and never before the endpoint wants it.
        let backed_off = full / 2 + spread(random, full - full / 2);
        let asked = answer.retry_after_us().unwrap_or(0).max(0);
        let asked = asked.saturating_add(spread(random, asked / 10));
        let wait = backed_off.max(asked).min(MAX_WAIT_US);
        let at = now.saturating_add_us(wait);
        if self.is_done() {
            return;
        }
        if self.policy.give_up_at.is_some_and(|limit| at > limit) {
            self.stopped = Some(SenderStop::GaveUp(answer));
        } else {
            self.retry = Some((at, answer));
        }
    }
}

/// A part of `us` that `random` picks, from 0 to all of it.
fn spread(random: u64, us: i64) -> i64 {
    let choices = u64::try_from(us).unwrap_or(0).saturating_add(1);
    i64::try_from(random % choices).unwrap_or(0)
}
