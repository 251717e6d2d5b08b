//! What became of the operator's button presses and commands.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use super::clock::{Clock, after, ms_between};
use crate::time::Timestamp;

/// What the operator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceKind {
    /// Pressed a button that the gateway handles itself.
    Callback,
    /// Pressed a button that another program handles.
    ExternalCallback,
    /// Gave a command that the gateway handles itself.
    Command,
    /// Gave a command to the model session.
    AgentCommand,
}

impl TraceKind {
    /// How long it may take.
    pub const fn timeout_ms(self) -> u64 {
        match self {
            Self::Callback | Self::Command => 15_000,
            Self::ExternalCallback | Self::AgentCommand => 120_000,
        }
    }
}

/// The id of a trace, such as `cb_1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub Box<str>);

impl From<&str> for TraceId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

/// How far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceStatus {
    /// It came in.
    Started,
    /// The platform was told so.
    Acknowledged,
    /// It was given to its handler.
    Dispatched,
    /// It was done.
    Completed,
    /// It failed.
    Failed(Box<str>),
    /// Nothing was heard of it in time.
    TimedOut,
}

impl TraceStatus {
    /// Whether nothing more comes.
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed(_) | Self::TimedOut)
    }

    /// The action under which telemetry records it.
    pub const fn event_name(&self) -> &'static str {
        match self {
            Self::Started => "operator.trace.started",
            Self::Acknowledged => "operator.trace.acknowledged",
            Self::Dispatched => "operator.trace.dispatched",
            Self::Completed => "operator.trace.completed",
            Self::Failed(_) => "operator.trace.failed",
            Self::TimedOut => "operator.trace.timed_out",
        }
    }
}

/// One press or command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// What the operator did.
    pub kind: TraceKind,
    /// Where it goes.
    pub route: Box<str>,
    /// How far it came.
    pub status: TraceStatus,
    /// When it came in.
    pub started_at: Timestamp,
    /// When it came as far as it is.
    pub changed_at: Timestamp,
    /// The platform could not be told.
    pub acknowledgement_error: Option<Box<str>>,
}

/// What is worth recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A trace came further.
    Changed(TraceId, TraceStatus),
    /// The platform could not be told; the trace goes on.
    AcknowledgementFailed(TraceId),
}

/// Why the traces want to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// One runs out of time.
    Timeout,
}

/// There are too many open traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// Whether old failures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindsight {
    /// Those of so long ago, and none before a later success.
    Milliseconds(u64),
    /// All, until the gateway restarts; and every trace that is under way. The peer's
    /// way.
    SinceStart,
}

impl Default for Hindsight {
    fn default() -> Self {
        Self::Milliseconds(3_600_000)
    }
}

/// The traces: those that are open, and the last twenty that are closed.
#[derive(Clone, Debug, Default)]
pub struct OperatorTraces {
    clock: Clock,
    open: BTreeMap<TraceId, Trace>,
    closed: VecDeque<Trace>,
    events: VecDeque<Event>,
}

impl OperatorTraces {
    /// Open traces at once.
    pub const MAX_OPEN: usize = 1_000;
    /// Closed traces that are kept.
    pub const KEPT: usize = 20;
    /// Closed traces that are shown.
    pub const SHOWN: usize = 5;

    /// A press or a command came in. One that is known already is not begun anew.
    pub fn handle_started(
        &mut self,
        now: Timestamp,
        id: TraceId,
        kind: TraceKind,
        route: &str,
    ) -> Result<(), TooMany> {
        let now = self.clock.advance(now);
        if self.open.contains_key(&id) || self.closed.iter().any(|trace| trace.id == id) {
            return Ok(());
        }
        if self.open.len() >= Self::MAX_OPEN {
            return Err(TooMany);
        }
        let trace = Trace {
            id: id.clone(),
            kind,
            route: route.into(),
            status: TraceStatus::Started,
            started_at: now,
            changed_at: now,
            acknowledgement_error: None,
        };
        self.open.insert(id.clone(), trace);
        self.events
            .push_back(Event::Changed(id, TraceStatus::Started));
        Ok(())
    }

    /// The platform was told, or could not be: that changes nothing for the trace.
    pub fn handle_acknowledged(&mut self, now: Timestamp, id: &TraceId, result: Result<(), &str>) {
        match result {
            Ok(()) => self.change(now, id, TraceStatus::Acknowledged),
            Err(error) => {
                self.clock.advance(now);
                if let Some(trace) = self.open.get_mut(id) {
                    trace.acknowledgement_error = Some(error.into());
                    self.events
                        .push_back(Event::AcknowledgementFailed(id.clone()));
                }
            }
        }
    }

    /// It was given to its handler.
    pub fn handle_dispatched(&mut self, now: Timestamp, id: &TraceId) {
        self.change(now, id, TraceStatus::Dispatched);
    }

    /// It was done.
    pub fn handle_completed(&mut self, now: Timestamp, id: &TraceId) {
        self.change(now, id, TraceStatus::Completed);
    }

    /// It failed.
    pub fn handle_failed(&mut self, now: Timestamp, id: &TraceId, error: &str) {
        self.change(now, id, TraceStatus::Failed(error.into()));
    }

    /// Closes what has run out of time.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        let mut due: Vec<(Timestamp, TraceId)> = self
            .open
            .values()
            .map(|trace| (deadline(trace), trace.id.clone()))
            .filter(|(deadline, _)| *deadline <= now)
            .collect();
        due.sort();
        for (_, id) in due {
            self.change(now, &id, TraceStatus::TimedOut);
        }
    }

    /// The next thing worth recording.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        Some((self.open.values().map(deadline).min()?, Wake::Timeout))
    }

    /// The open traces.
    pub fn open(&self) -> impl ExactSizeIterator<Item = &Trace> {
        self.open.values()
    }

    /// The closed traces that are shown, the latest first.
    pub fn recent(&self) -> impl Iterator<Item = &Trace> {
        self.closed.iter().rev().take(Self::SHOWN)
    }

    /// The trace that a health check should speak of, if any is wrong.
    pub fn fault(&self, now: Timestamp, hindsight: Hindsight) -> Option<&Trace> {
        let latest = |wanted: fn(&TraceStatus) -> bool| {
            self.closed.iter().rev().find(|trace| wanted(&trace.status))
        };
        match hindsight {
            Hindsight::Milliseconds(window_ms) => self.closed.back().filter(|trace| {
                trace.status != TraceStatus::Completed
                    && ms_between(trace.changed_at, now) <= window_ms
            }),
            Hindsight::SinceStart => latest(|status| *status == TraceStatus::TimedOut)
                .or_else(|| latest(|status| matches!(status, TraceStatus::Failed(_))))
                .or_else(|| self.open.values().next()),
        }
    }

    fn change(&mut self, now: Timestamp, id: &TraceId, status: TraceStatus) {
        let now = self.clock.advance(now);
        let Some(trace) = self.open.get_mut(id) else {
            // Closed or never seen: what comes late changes nothing.
            return;
        };
        let forward = |status: &TraceStatus| match status {
            TraceStatus::Started => 0,
            TraceStatus::Acknowledged => 1,
            TraceStatus::Dispatched => 2,
            _ => 3,
        };
        if forward(&status) <= forward(&trace.status) {
            return;
        }
        trace.status = status.clone();
        trace.changed_at = now;
        let closed = status.is_closed();
        self.events.push_back(Event::Changed(id.clone(), status));
        if closed && let Some(trace) = self.open.remove(id) {
            while self.closed.len() >= Self::KEPT {
                self.closed.pop_front();
            }
            self.closed.push_back(trace);
        }
    }
}

fn deadline(trace: &Trace) -> Timestamp {
    after(trace.started_at, trace.kind.timeout_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    fn started(kind: TraceKind) -> (OperatorTraces, TraceId) {
        let mut traces = OperatorTraces::default();
        let id = TraceId::from("cb_1");
        traces
            .handle_started(at(0), id.clone(), kind, "deploy")
            .unwrap();
        (traces, id)
    }

    #[test]
    fn a_trace_goes_forward_only_and_ends_once() {
        let (mut traces, id) = started(TraceKind::Callback);
        traces.handle_acknowledged(at(1), &id, Err("gone"));
        traces.handle_dispatched(at(2), &id);
        traces.handle_acknowledged(at(3), &id, Ok(()));
        traces.handle_completed(at(4), &id);
        traces.handle_failed(at(5), &id, "late");
        let trace = traces.recent().next().unwrap();
        assert_eq!(trace.status, TraceStatus::Completed);
        assert_eq!(trace.acknowledgement_error.as_deref(), Some("gone"));
        assert_eq!((traces.open().len(), traces.recent().count()), (0, 1));
    }

    #[test]
    fn a_late_completion_does_not_undo_a_timeout() {
        for (kind, limit) in [
            (TraceKind::Command, 15_000),
            (TraceKind::AgentCommand, 120_000),
        ] {
            let (mut traces, id) = started(kind);
            assert_eq!(traces.poll_timeout(), Some((at(limit), Wake::Timeout)));
            traces.handle_timeout(at(limit - 1));
            assert_eq!(traces.open().len(), 1);
            traces.handle_timeout(at(limit));
            traces.handle_completed(at(limit + 1), &id);
            assert_eq!(
                traces.recent().next().unwrap().status,
                TraceStatus::TimedOut
            );
            assert_eq!(traces.poll_timeout(), None);
        }
    }

    #[test]
    fn w21_an_old_failure_or_one_before_a_success_is_history() {
        let (mut traces, id) = started(TraceKind::Callback);
        traces.handle_failed(at(1), &id, "x");
        let hour = Hindsight::default();
        assert!(traces.fault(at(3_600_001), hour).is_some());
        assert!(traces.fault(at(3_600_002), hour).is_none());
        assert!(traces.fault(at(9_999_999), Hindsight::SinceStart).is_some());
        let next = TraceId::from("cb_2");
        traces
            .handle_started(at(2), next.clone(), TraceKind::Callback, "r")
            .unwrap();
        traces.handle_completed(at(3), &next);
        assert!(traces.fault(at(4), hour).is_none());
        assert!(traces.fault(at(4), Hindsight::SinceStart).is_some());
    }

    #[test]
    fn twenty_closed_traces_are_kept_and_five_are_shown() {
        let mut traces = OperatorTraces::default();
        for n in 0..30 {
            let id = TraceId(alloc::format!("cb_{n}").into());
            traces
                .handle_started(at(n), id.clone(), TraceKind::Callback, "r")
                .unwrap();
            traces.handle_completed(at(n), &id);
        }
        assert_eq!((traces.closed.len(), traces.recent().count()), (20, 5));
        assert_eq!(traces.recent().next().unwrap().id, TraceId::from("cb_29"));
    }
}
