//! The command queue: prompts go to the session one at a time and in order, and
//! leave the durable store only when they are answered.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use super::MessageId;
use super::clock::{Clock, after, doubled, earliest};
use crate::time::Timestamp;

mod policy;

pub use policy::{OnAbort, OnFailure, OnReconnect, OnRelease, QueuePolicy};

/// A message of the durable store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The id of its entry.
    pub id: MessageId,
    /// Who sent it, such as `telegram:42`.
    pub source: Box<str>,
    /// The prompt.
    pub body: Box<str>,
}

/// One giving of a prompt to the session. What carries an older number is late and
/// is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt(pub u64);

/// What became of a message that was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It waits for its turn.
    Queued,
    /// It is already here.
    Known,
    /// There is no room; it stays in the store and [`Action::Fetch`] asks for it later.
    Full,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnOutcome<'a> {
    /// With an answer.
    Answered,
    /// By an abort.
    Aborted,
    /// With an error of the provider.
    Failed(&'a str),
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Give the prompt to the session.
    Dispatch {
        /// To be named in what is reported of it.
        attempt: Attempt,
        /// The prompt.
        message: Message,
    },
    /// Abort that run.
    Abort(Attempt),
    /// Delete the message from the store, then [`CommandQueue::handle_acked`].
    Acknowledge(MessageId),
    /// Read the unserved messages of the store and hand them in.
    Fetch,
    /// Tell the source that its message is not answered for now.
    TellUnanswered {
        /// The message.
        id: MessageId,
        /// Whom to tell.
        source: Box<str>,
    },
}

/// What is worth recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// As many messages wait as the policy's `pressure_at` says.
    BackPressure(usize),
    /// The session was busy; the prompt is given again.
    Retrying {
        /// The message.
        id: MessageId,
        /// Which retry this is, from 1.
        retry: u32,
    },
    /// The prompt was answered.
    Sent(MessageId),
    /// The prompt failed.
    Failed {
        /// The message.
        id: MessageId,
        /// Failures of prompts in a row.
        consecutive: u32,
        /// What the session or the provider said.
        error: Box<str>,
    },
    /// The message was set aside until there is another session.
    Parked(MessageId),
    /// The message was dropped as a duplicate of itself.
    DroppedAsDuplicate(MessageId),
    /// The message gave way to a newer one of its source.
    DroppedAsSuperseded(MessageId),
    /// Messages were put back in their places for another session.
    Replayed(usize),
}

impl Event {
    /// The action under which telemetry records it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BackPressure(_) => "queue.backpressure",
            Self::Retrying { .. } => "queue.prompt.retrying",
            Self::Sent(_) => "queue.prompt.sent",
            Self::Failed { .. } => "queue.prompt.failed",
            Self::Parked(_) => "queue.prompt.parked",
            Self::DroppedAsDuplicate(_) => "queue.consecutive_dedup_dropped",
            Self::DroppedAsSuperseded(_) => "queue.superseded_dropped",
            Self::Replayed(_) => "queue.replay.completed",
        }
    }
}

/// Why the queue wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The first prompt is given again.
    Retry,
    /// Acknowledgements are sent again.
    Acknowledge,
}

/// The command queue. It remembers what is not acknowledged, up to its capacity.
#[derive(Clone, Debug)]
pub struct CommandQueue {
    policy: QueuePolicy,
    clock: Clock,
    /// By order of arrival, which a message keeps.
    waiting: BTreeMap<u64, Entry>,
    parked: BTreeMap<u64, Entry>,
    active: Option<Active>,
    order: BTreeMap<MessageId, u64>,
    /// Answered, but still in the store as far as is known.
    closing: BTreeSet<MessageId>,
    next_order: u64,
    next_attempt: u64,
    hold_until: Option<Timestamp>,
    acknowledge_at: Option<Timestamp>,
    consecutive_failures: u32,
    store: Store,
    left_in_store: bool,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

#[derive(Clone, Debug)]
struct Entry {
    message: Message,
    busy: u32,
    failures: u32,
}

#[derive(Clone, Debug)]
struct Active {
    attempt: Attempt,
    order: u64,
    entry: Entry,
    superseded: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Connected,
    Lost,
    /// Waits for a connection that never comes back.
    Hanging,
}

impl CommandQueue {
    /// An empty queue on a store that is connected. It asks for what is unserved.
    pub fn new(policy: QueuePolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            waiting: BTreeMap::new(),
            parked: BTreeMap::new(),
            active: None,
            order: BTreeMap::new(),
            closing: BTreeSet::new(),
            next_order: 0,
            next_attempt: 1,
            hold_until: None,
            acknowledge_at: None,
            consecutive_failures: 0,
            store: Store::Connected,
            left_in_store: false,
            actions: VecDeque::from([Action::Fetch]),
            events: VecDeque::new(),
        }
    }

    /// A message was written to the store or read from it, again perhaps.
    pub fn handle_message(&mut self, now: Timestamp, message: Message) -> Admission {
        let now = self.clock.advance(now);
        if self.order.contains_key(&message.id) || self.closing.contains(&message.id) {
            return Admission::Known;
        }
        if self.order.len().saturating_add(self.closing.len()) >= self.policy.capacity {
            self.left_in_store = true;
            return Admission::Full;
        }
        let order = self.next_order;
        self.next_order = order.saturating_add(1);
        self.order.insert(message.id.clone(), order);
        let entry = Entry {
            message,
            busy: 0,
            failures: 0,
        };
        self.waiting.insert(order, entry);
        if self.waiting.len() == self.policy.pressure_at {
            self.events
                .push_back(Event::BackPressure(self.waiting.len()));
        }
        self.dispatch(now);
        Admission::Queued
    }

    /// The session refused the prompt because it still streams an answer.
    pub fn handle_busy(&mut self, now: Timestamp, attempt: Attempt) {
        let now = self.clock.advance(now);
        let Some(mut active) = self.end_attempt(attempt) else {
            return;
        };
        if active.superseded {
            self.close(now, active.entry.message.id);
        } else if active.entry.busy < self.policy.busy_retries {
            active.entry.busy += 1;
            self.events.push_back(Event::Retrying {
                id: active.entry.message.id.clone(),
                retry: active.entry.busy,
            });
            self.waiting.insert(active.order, active.entry);
            self.hold_until = Some(after(now, self.policy.retry_ms));
        } else {
            self.fail(now, active, "the session is still busy");
        }
        self.dispatch(now);
    }

    /// The turn of an attempt ended.
    pub fn handle_turn_end(&mut self, now: Timestamp, attempt: Attempt, outcome: TurnOutcome<'_>) {
        let now = self.clock.advance(now);
        let Some(active) = self.end_attempt(attempt) else {
            return;
        };
        match outcome {
            TurnOutcome::Answered => {
                self.consecutive_failures = 0;
                self.sent(now, active);
            }
            TurnOutcome::Aborted if active.superseded => {
                self.close(now, active.entry.message.id);
            }
            TurnOutcome::Aborted if self.policy.on_abort == OnAbort::RecordAsSent => {
                self.sent(now, active);
            }
            TurnOutcome::Aborted => self.fail(now, active, "the run was aborted"),
            TurnOutcome::Failed(error) => self.fail(now, active, error),
        }
        self.dispatch(now);
    }

    /// The waiter let go of the turn, whose end was never seen.
    pub fn handle_release(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.policy.on_release == OnRelease::WaitForCall {
            return;
        }
        if let Some(active) = self.active.take() {
            self.actions.push_back(Action::Abort(active.attempt));
            if active.superseded {
                self.close(now, active.entry.message.id);
            } else {
                self.fail(now, active, "no end of the turn was seen");
            }
        }
        self.dispatch(now);
    }

    /// There is another session: what was given to the old one, and what was set
    /// aside, takes its place again.
    pub fn handle_session_replaced(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        let given = self
            .active
            .take()
            .map(|active| (active.order, active.entry));
        let parked = core::mem::take(&mut self.parked);
        let before = self.waiting.len();
        for (order, mut entry) in parked.into_iter().chain(given) {
            entry.busy = 0;
            entry.failures = 0;
            self.waiting.insert(order, entry);
        }
        let replayed = self.waiting.len() - before;
        if replayed > 0 {
            self.events.push_back(Event::Replayed(replayed));
        }
        self.consecutive_failures = 0;
        self.hold_until = None;
        self.dispatch(now);
    }

    /// A newer message of the same source takes the place of its older ones.
    pub fn handle_superseded(&mut self, now: Timestamp, newer: &MessageId) {
        let now = self.clock.advance(now);
        let Some(&newer) = self.order.get(newer) else {
            return;
        };
        let Some(source) = self.waiting.get(&newer).map(|e| e.message.source.clone()) else {
            return;
        };
        let older: alloc::vec::Vec<u64> = self
            .waiting
            .range(..newer)
            .filter(|(_, entry)| entry.message.source == source)
            .map(|(order, _)| *order)
            .collect();
        for order in older {
            if let Some(entry) = self.waiting.remove(&order) {
                self.events
                    .push_back(Event::DroppedAsSuperseded(entry.message.id.clone()));
                self.close(now, entry.message.id);
            }
        }
        if let Some(active) = &mut self.active
            && active.entry.message.source == source
            && !active.superseded
        {
            active.superseded = true;
            self.actions.push_back(Action::Abort(active.attempt));
        }
        self.dispatch(now);
    }

    /// The store deleted the message.
    pub fn handle_acked(&mut self, now: Timestamp, id: &MessageId) {
        self.clock.advance(now);
        self.closing.remove(id);
        if self.closing.is_empty() {
            self.acknowledge_at = None;
        }
        self.fetch_if_room();
    }

    /// The connection to the store is gone.
    pub fn handle_store_lost(&mut self, now: Timestamp) {
        self.clock.advance(now);
        self.store = match self.policy.on_reconnect {
            OnReconnect::StartOver => Store::Lost,
            OnReconnect::WaitForOldConnection => Store::Hanging,
        };
        self.acknowledge_at = None;
    }

    /// There is a connection to the store again.
    pub fn handle_store_connected(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.store == Store::Hanging {
            return;
        }
        self.store = Store::Connected;
        self.acknowledge_all(now);
        self.actions.push_back(Action::Fetch);
        self.dispatch(now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.acknowledge_at.is_some_and(|at| at <= now) {
            self.acknowledge_all(now);
        }
        self.dispatch(now);
    }

    /// The next thing the host must do.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing worth recording.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        let idle = self.active.is_none() && !self.waiting.is_empty();
        let retry = self
            .hold_until
            .filter(|_| idle && self.store != Store::Hanging)
            .map(|at| (at, Wake::Retry));
        earliest([retry, self.acknowledge_at.map(|at| (at, Wake::Acknowledge))])
    }

    /// Messages that wait for their turn, without the one in work.
    pub fn depth(&self) -> usize {
        self.waiting.len()
    }

    /// Messages set aside until there is another session.
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    /// Messages that are not acknowledged, in whatever state.
    pub fn open(&self) -> usize {
        self.order.len().saturating_add(self.closing.len())
    }

    /// The attempt in work.
    pub fn attempt(&self) -> Option<Attempt> {
        self.active.as_ref().map(|active| active.attempt)
    }

    /// Whether what the model still says in that attempt is to be shown.
    pub fn is_answer_wanted(&self, attempt: Attempt) -> bool {
        self.active
            .as_ref()
            .is_some_and(|active| active.attempt == attempt && !active.superseded)
    }

    /// Prompts that failed one after the other, for the watchdog.
    pub const fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures
    }

    fn dispatch(&mut self, now: Timestamp) {
        if self.active.is_some()
            || self.store == Store::Hanging
            || self.hold_until.is_some_and(|until| now < until)
        {
            return;
        }
        self.hold_until = None;
        if let Some((order, entry)) = self.waiting.pop_first() {
            let attempt = Attempt(self.next_attempt);
            self.next_attempt = self.next_attempt.saturating_add(1);
            self.actions.push_back(Action::Dispatch {
                attempt,
                message: entry.message.clone(),
            });
            self.active = Some(Active {
                attempt,
                order,
                entry,
                superseded: false,
            });
        }
    }

    fn end_attempt(&mut self, attempt: Attempt) -> Option<Active> {
        self.active.take_if(|active| active.attempt == attempt)
    }

    fn sent(&mut self, now: Timestamp, active: Active) {
        self.events
            .push_back(Event::Sent(active.entry.message.id.clone()));
        self.close(now, active.entry.message.id);
    }

    fn fail(&mut self, now: Timestamp, active: Active, error: &str) {
        let Active {
            order, mut entry, ..
        } = active;
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        entry.busy = 0;
        entry.failures = entry.failures.saturating_add(1);
        let id = entry.message.id.clone();
        self.events.push_back(Event::Failed {
            id: id.clone(),
            consecutive: self.consecutive_failures,
            error: error.into(),
        });
        if self.policy.on_failure == OnFailure::DropAsOwnDuplicate {
            self.events.push_back(Event::DroppedAsDuplicate(id.clone()));
            self.close(now, id);
        } else if entry.failures >= self.policy.failures_before_parking {
            self.actions.push_back(Action::TellUnanswered {
                id: id.clone(),
                source: entry.message.source.clone(),
            });
            self.parked.insert(order, entry);
            self.events.push_back(Event::Parked(id));
        } else {
            let wait = doubled(
                self.policy.retry_ms,
                entry.failures - 1,
                self.policy.retry_most_ms,
            );
            self.hold_until = Some(after(now, wait));
            self.waiting.insert(order, entry);
        }
    }

    fn close(&mut self, now: Timestamp, id: MessageId) {
        self.order.remove(&id);
        if self.store == Store::Connected {
            self.actions.push_back(Action::Acknowledge(id.clone()));
            let again = after(now, self.policy.retry_ms.max(1));
            self.acknowledge_at = Some(self.acknowledge_at.unwrap_or(again));
        }
        self.closing.insert(id);
    }

    fn acknowledge_all(&mut self, now: Timestamp) {
        let again = after(now, self.policy.retry_ms.max(1));
        self.acknowledge_at = Some(again).filter(|_| !self.closing.is_empty());
        self.actions
            .extend(self.closing.iter().cloned().map(Action::Acknowledge));
    }

    fn fetch_if_room(&mut self) {
        if self.left_in_store && self.open() <= self.policy.capacity / 2 {
            self.left_in_store = false;
            self.actions.push_back(Action::Fetch);
        }
    }
}

#[cfg(test)]
mod tests;
