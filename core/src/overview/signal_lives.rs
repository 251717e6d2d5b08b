//! What became of signals, as seen by who lists them again and again.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use crate::coordination::{GRACE_S, PendingSignal};
use crate::time::{Timestamp, US_PER_SECOND};

/// So many signals that went are kept.
const MAX_GONE: usize = 2000;

/// What became of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignalLife {
    /// It can be received.
    Waiting,
    /// It was taken or cleared before its time was up; a broadcast by somebody.
    Gone,
    /// It expired, and nobody had received it.
    Expired,
}

/// A signal that can no longer be received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSignal {
    /// The signal.
    pub signal: PendingSignal,
    /// [`SignalLife::Gone`] or [`SignalLife::Expired`].
    pub life: SignalLife,
    /// When it was noticed that it had gone, or when it expired.
    pub at: Timestamp,
}

/// Remembers which signals could be received, and so which ones went.
///
/// A store keeps those that wait and those that expired unread; it keeps nothing of
/// those that were taken. The memory is bounded by the signals that wait and two
/// thousand that went.
#[derive(Clone, Debug, Default)]
pub struct SignalLives {
    waiting: BTreeMap<Place, PendingSignal>,
    expired: Vec<PendingSignal>,
    /// Oldest first.
    gone: VecDeque<EndedSignal>,
    since: Option<Timestamp>,
}

/// A signal in the list of one agent, or of all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    signal_id: String,
    target: Option<String>,
}

impl SignalLife {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Gone => "gone",
            Self::Expired => "expired",
        }
    }

    /// The life of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Gone, Self::Expired]
            .into_iter()
            .find(|life| life.name() == name)
    }
}

impl Serialize for SignalLife {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl SignalLives {
    /// What the store lists at `now`: all that wait, and all that expired unread.
    pub fn handle_listing(
        &mut self,
        now: Timestamp,
        waiting: Vec<PendingSignal>,
        expired: Vec<PendingSignal>,
    ) {
        self.since.get_or_insert(now);
        let mut before = core::mem::take(&mut self.waiting);
        for signal in waiting {
            let place = Place::of(&signal);
            before.remove(&place);
            self.waiting.insert(place, signal);
        }
        // What expired in the meantime is listed as such, but for a broadcast that
        // somebody received.
        let went = before
            .into_values()
            .filter(|signal| signal.expires_at > now || !signal.received_by.is_empty());
        for signal in went {
            self.gone.push_back(EndedSignal {
                signal,
                life: SignalLife::Gone,
                at: now,
            });
        }
        self.expired = expired;
        self.forget(now);
    }

    /// Whether the last listing was this one, in whatever order.
    pub(crate) fn is_listing(&self, waiting: &[PendingSignal], expired: &[PendingSignal]) -> bool {
        waiting.len() == self.waiting.len()
            && waiting.iter().all(|signal| {
                let known = self.waiting.get(&Place::of(signal));
                known.is_some_and(|known| known.received_by == signal.received_by)
            })
            && expired.len() == self.expired.len()
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.forget(now);
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let oldest = self.gone.front()?;
        Some(oldest.at.saturating_add_us(grace_us().saturating_add(1)))
    }

    /// Those that can be received.
    pub fn waiting(&self) -> impl Iterator<Item = &PendingSignal> {
        self.waiting.values()
    }

    /// Those that can no longer be received.
    pub fn ended(&self) -> impl Iterator<Item = EndedSignal> {
        let expired = self.expired.iter().map(|signal| EndedSignal {
            signal: signal.clone(),
            life: SignalLife::Expired,
            at: signal.expires_at,
        });
        self.gone.iter().cloned().chain(expired)
    }

    /// All that are known, whatever became of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = &PendingSignal> {
        let gone = self.gone.iter().map(|ended| &ended.signal);
        self.waiting.values().chain(&self.expired).chain(gone)
    }

    /// From when on signals were seen going; `None`: nothing was listed yet.
    pub const fn since(&self) -> Option<Timestamp> {
        self.since
    }

    fn forget(&mut self, now: Timestamp) {
        let limit = now.saturating_add_us(-grace_us());
        while let Some(oldest) = self.gone.front()
            && (oldest.at < limit || self.gone.len() > MAX_GONE)
        {
            let forgotten = oldest.at.saturating_add_us(1);
            self.since = self.since.map(|since| since.max(forgotten));
            self.gone.pop_front();
        }
    }
}

impl Place {
    fn of(pending: &PendingSignal) -> Self {
        Self {
            signal_id: pending.signal.signal_id.clone(),
            target: pending.signal.target_agent.clone(),
        }
    }
}

fn grace_us() -> i64 {
    i64::try_from(GRACE_S)
        .unwrap_or(i64::MAX)
        .saturating_mul(US_PER_SECOND)
}
