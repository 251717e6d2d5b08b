//! What changed within the last hour.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString};
use core::mem;

use serde::{Serialize, Serializer};

use crate::coordination::{ApprovalRow, FleetRow};
use crate::liveness::{FleetWatch, LivenessOptions};
use crate::time::{Timestamp, US_PER_SECOND};
use crate::view::{ApprovalOutcome, ApprovalView};

/// How long a change is kept, in microseconds.
const KEPT_US: i64 = 3600 * US_PER_SECOND;
/// So many changes are kept.
const MAX_CHANGES: usize = 1000;

/// Agents that changed their state, requests that came and were decided, and what a
/// host adds; the first look at a fleet is no change.
///
/// The memory is bounded by the fleet, the requests that are remembered, and
/// a thousand changes.
#[derive(Clone, Debug)]
pub struct ChangeLog {
    fleet: FleetWatch,
    fleet_is_known: bool,
    requests: Option<BTreeMap<String, ApprovalOutcome>>,
    /// Oldest first.
    changes: VecDeque<Change>,
    since: Timestamp,
    noted: u64,
}

/// Something is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was noticed, or when it came about where that is known.
    pub at: Timestamp,
    /// What sort of thing has changed.
    pub kind: ChangeKind,
    /// The agent, the request, the run, the alert.
    pub subject: String,
    /// What it was; `None`: it is new.
    pub from: Option<String>,
    /// What it is.
    pub to: String,
    /// The same in words.
    pub text: String,
}

/// What sort of thing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// An agent.
    Agent,
    /// A request for an approval.
    Approval,
    /// A run of a command.
    Run,
    /// An alert.
    Alert,
    /// The store itself.
    Store,
}

/// Why the log wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeTimeout {
    /// An agent changes its state then if it does not beat.
    Fleet,
    /// A change is an hour old then.
    Forget,
}

impl ChangeKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Approval => "approval",
            Self::Run => "run",
            Self::Alert => "alert",
            Self::Store => "store",
        }
    }
}

impl Serialize for ChangeKind {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl ChangeLog {
    /// Nothing has changed yet. Agents are judged by these limits.
    pub fn new(now: Timestamp, options: LivenessOptions) -> Self {
        Self {
            fleet: FleetWatch::new(options),
            fleet_is_known: false,
            requests: None,
            changes: VecDeque::new(),
            since: now,
            noted: 0,
        }
    }

    /// What the store says of the fleet at `now`.
    pub fn handle_fleet(&mut self, now: Timestamp, rows: &[FleetRow]) {
        self.fleet.handle_fleet(now, rows.to_vec());
        let first = !mem::replace(&mut self.fleet_is_known, true);
        self.take_transitions(now, first);
    }

    /// What the store says of the requests at `now`, closed ones included.
    pub fn handle_approvals(&mut self, now: Timestamp, rows: &[ApprovalRow]) {
        let mut outcomes = BTreeMap::new();
        let before = self.requests.take();
        for row in rows {
            let view = ApprovalView::of(row, now);
            let known = before.as_ref().map(|before| before.get(&view.request_id));
            if let Some(known) = known
                && known != Some(&view.outcome)
            {
                self.note(of_request(&view, known.copied(), now));
            }
            outcomes.insert(view.request_id, view.outcome);
        }
        self.requests = Some(outcomes);
    }

    /// Keeps a change that a host noticed.
    pub fn note(&mut self, change: Change) {
        self.noted = self.noted.saturating_add(1);
        // One that is told late still has its place by time.
        let at = self.changes.partition_point(|known| known.at <= change.at);
        self.changes.insert(at, change);
        while self.changes.len() > MAX_CHANGES {
            if let Some(oldest) = self.changes.pop_front() {
                self.since = self.since.max(oldest.at.saturating_add_us(1));
            }
        }
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.fleet.handle_timeout(now);
        self.take_transitions(now, false);
        let limit = now.saturating_add_us(-KEPT_US);
        self.since = self.since.max(limit);
        while self.changes.front().is_some_and(|change| change.at < limit) {
            self.changes.pop_front();
        }
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<(Timestamp, ChangeTimeout)> {
        let fleet = self.fleet.poll_timeout();
        let fleet = fleet.map(|(at, _)| (at, ChangeTimeout::Fleet));
        let oldest = self.changes.front();
        let forget = oldest.map(|change| {
            let at = change.at.saturating_add_us(KEPT_US.saturating_add(1));
            (at, ChangeTimeout::Forget)
        });
        fleet.into_iter().chain(forget).min_by_key(|(at, _)| *at)
    }

    /// The changes that are kept, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().rev()
    }

    /// How many changes were noted so far.
    pub const fn noted(&self) -> u64 {
        self.noted
    }

    /// From when on changes are kept.
    pub const fn since(&self) -> Timestamp {
        self.since
    }

    fn take_transitions(&mut self, now: Timestamp, first: bool) {
        while let Some(transition) = self.fleet.poll_transition() {
            if first && transition.from.is_none() {
                continue;
            }
            let came_about = transition.to.since.filter(|_| transition.from.is_some());
            let change = Change {
                at: came_about.map_or(now, |at| at.min(now)).max(self.since),
                kind: ChangeKind::Agent,
                from: transition.from.map(|state| state.name().into()),
                to: transition.to.state.name().into(),
                text: transition.to.reason.to_string(),
                subject: transition.agent_id,
            };
            self.note(change);
        }
    }
}

fn of_request(view: &ApprovalView, from: Option<ApprovalOutcome>, now: Timestamp) -> Change {
    let text = match (view.outcome, &view.responder) {
        (ApprovalOutcome::Pending, _) => {
            alloc::format!("{} asks for {}", view.agent_id, view.approval_type)
        }
        (ApprovalOutcome::TimedOut, _) => {
            alloc::format!(
                "nobody answered {} for {}",
                view.approval_type,
                view.agent_id
            )
        }
        (outcome, Some(responder)) => alloc::format!(
            "{responder} {} {} for {}",
            outcome.name(),
            view.approval_type,
            view.agent_id
        ),
        (outcome, None) => outcome.name().into(),
    };
    Change {
        at: match view.outcome {
            ApprovalOutcome::Pending => view.requested_at,
            ApprovalOutcome::TimedOut => view.deadline,
            ApprovalOutcome::Approved | ApprovalOutcome::Rejected => view.decided_at.unwrap_or(now),
        }
        .min(now),
        kind: ChangeKind::Approval,
        subject: view.request_id.clone(),
        from: from.map(|outcome| outcome.name().into()),
        to: view.outcome.name().into(),
        text,
    }
}
