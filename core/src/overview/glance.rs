//! What a store said last, ready to be shown at any later time.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Change, ChangeLog, ChangeTimeout, SignalLives};
use crate::coordination::{ApprovalRow, ApprovalState, FleetRow, PendingSignal, StreamInfo};
use crate::liveness::{LivenessOptions, WorkTraces};
use crate::record::stream_event::StreamEvent;
use crate::time::Timestamp;
use crate::view::WorkKind;

/// Everything that one look at a store gives.
#[derive(Clone, Debug, Default)]
pub struct GlanceParts {
    /// All agents.
    pub fleet: Vec<FleetRow>,
    /// All requests that are remembered, closed ones included, oldest first.
    pub approvals: Vec<ApprovalRow>,
    /// Signals that wait.
    pub waiting: Vec<PendingSignal>,
    /// Signals that expired unread.
    pub expired: Vec<PendingSignal>,
    /// The streams.
    pub streams: Vec<StreamInfo>,
    /// The newest events of the streams that were written to last.
    pub events: Vec<StreamEvent>,
    /// Values in the store that are no records.
    pub malformed: u64,
}

/// What is not as it was at the look before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each part differs or not, whatever the others do"
)]
pub struct Differs {
    /// Agents: their beats or their states.
    pub fleet: bool,
    /// Requests.
    pub approvals: bool,
    /// Signals.
    pub signals: bool,
    /// Streams.
    pub streams: bool,
    /// Anything has entered the log of changes.
    pub changes: bool,
}

impl Differs {
    /// Whether anything is.
    pub const fn any(self) -> bool {
        self.fleet || self.approvals || self.signals || self.streams || self.changes
    }
}

/// Keeps a view of a store up to date: looks go in, glances come out.
#[derive(Clone, Debug)]
pub struct Overview {
    options: LivenessOptions,
    changes: ChangeLog,
    signals: SignalLives,
    parts: Option<Arc<GlanceParts>>,
    looked_at: Timestamp,
}

/// A store at one moment, and what changed until then. It is a value: showing it
/// holds up nobody.
#[derive(Clone, Debug)]
pub struct Glance {
    pub(crate) options: LivenessOptions,
    pub(crate) looked_at: Timestamp,
    pub(crate) parts: Arc<GlanceParts>,
    pub(crate) signals: SignalLives,
    /// Newest first.
    pub(crate) changes: Vec<Change>,
    pub(crate) changes_since: Timestamp,
}

impl Overview {
    /// Nothing was looked at yet.
    pub fn new(now: Timestamp, options: LivenessOptions) -> Self {
        Self {
            options,
            changes: ChangeLog::new(now, options),
            signals: SignalLives::default(),
            parts: None,
            looked_at: now,
        }
    }

    /// What the store said at `now`; says what is not as it was.
    pub fn handle_parts(&mut self, now: Timestamp, mut parts: GlanceParts) -> Differs {
        let noted = self.changes.noted();
        let mut differs = self.differs(&parts);
        self.changes.handle_fleet(now, &parts.fleet);
        self.changes.handle_approvals(now, &parts.approvals);
        self.signals.handle_listing(
            now,
            core::mem::take(&mut parts.waiting),
            core::mem::take(&mut parts.expired),
        );
        self.changes.handle_timeout(now);
        self.parts = Some(Arc::new(parts));
        self.looked_at = now;
        differs.changes = self.changes.noted() != noted;
        // Agents fall silent without a word.
        differs.fleet |= differs.changes;
        differs
    }

    fn differs(&self, parts: &GlanceParts) -> Differs {
        let Some(before) = &self.parts else {
            return Differs {
                fleet: true,
                approvals: true,
                signals: true,
                streams: true,
                changes: true,
            };
        };
        let same_fleet = before.fleet.len() == parts.fleet.len()
            && before.fleet.iter().zip(&parts.fleet).all(|(a, b)| {
                // The age by the store's clock differs at each look.
                a.beat == b.beat && a.arrivals == b.arrivals && a.expires_at == b.expires_at
            });
        Differs {
            fleet: !same_fleet,
            approvals: before.approvals != parts.approvals,
            signals: !self.signals.is_listing(&parts.waiting, &parts.expired),
            streams: before.streams != parts.streams,
            changes: false,
        }
    }

    /// Keeps a change that a host noticed.
    pub fn note(&mut self, change: Change) {
        self.changes.note(change);
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.changes.handle_timeout(now);
        self.signals.handle_timeout(now);
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<(Timestamp, ChangeTimeout)> {
        let signals = self.signals.poll_timeout();
        let signals = signals.map(|at| (at, ChangeTimeout::Forget));
        let changes = self.changes.poll_timeout();
        changes.into_iter().chain(signals).min_by_key(|(at, _)| *at)
    }

    /// When the first open request runs out of time.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let open = self.parts.iter().flat_map(|parts| &parts.approvals);
        open.filter(|row| row.state == ApprovalState::Pending)
            .map(|row| row.deadline)
            .min()
    }

    /// What is known; `None` before the first look.
    pub fn glance(&self) -> Option<Glance> {
        Some(Glance {
            options: self.options,
            looked_at: self.looked_at,
            parts: Arc::clone(self.parts.as_ref()?),
            signals: self.signals.clone(),
            changes: self.changes.newest_first().cloned().collect(),
            changes_since: self.changes.since(),
        })
    }
}

impl Glance {
    /// When the store was looked at.
    pub const fn looked_at(&self) -> Timestamp {
        self.looked_at
    }

    /// Values in the store that are no records.
    pub fn malformed(&self) -> u64 {
        self.parts.malformed
    }

    /// The oldest open request of each agent at `now`.
    pub(crate) fn open_requests(&self, now: Timestamp) -> BTreeMap<&str, &ApprovalRow> {
        let mut open: BTreeMap<&str, &ApprovalRow> = BTreeMap::new();
        for row in &self.parts.approvals {
            if row.state != ApprovalState::Pending || row.deadline <= now {
                continue;
            }
            let oldest = open.entry(&row.request.agent_id).or_insert(row);
            if row.requested_at < oldest.requested_at {
                *oldest = row;
            }
        }
        open
    }

    /// The last traces of agents that are no beats.
    pub(crate) fn last_work(&self) -> WorkTraces {
        let mut work = WorkTraces::default();
        for event in &self.parts.events {
            if let Some(at) = event.timestamp {
                work.note(&event.source, at, WorkKind::Event);
            }
        }
        for pending in self.signals.all() {
            let signal = &pending.signal;
            if let Some(at) = signal.timestamp {
                work.note(&signal.source_agent, at, WorkKind::Signal);
            }
        }
        work
    }
}
