//! The fallback controller: which of two models answers, and the way back.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::fmt;

use super::clock::{Clock, after, earliest, ms_between};
use super::failure_kind::FailureKind;
use crate::time::Timestamp;

mod policy;

pub use policy::{FailureCount, FallbackPolicy, Probe};

/// A model as its provider names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Model {
    /// Such as `anthropic`.
    pub provider: Box<str>,
    /// Such as `claude-opus-4-6`.
    pub name: Box<str>,
}

impl Model {
    /// A model of a provider.
    pub fn new(provider: &str, name: &str) -> Self {
        Self {
            provider: provider.into(),
            name: name.into(),
        }
    }

    /// Whether both name one model: spaces around and the case of letters aside.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
        same(&self.provider, &other.provider) && same(&self.name, &other.name)
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.name)
    }
}

/// Which prompt an input is about: a number that the host raises with each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prompt(pub u64);

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Move the session to this model, then [`Fallback::handle_model_set`].
    SetModel(Model),
    /// Ask this model for a few tokens, then [`Fallback::handle_probe_answer`].
    Probe(Model),
}

/// What is worth recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Both models are the same one: there is nothing to fall back on.
    DisabledSameModel,
    /// The session answers with the fallback now.
    Swapped(FailureKind),
    /// The same, as a decision with its reason.
    FallbackActivated(FailureKind),
    /// The catalogue does not know the fallback model.
    FallbackModelNotFound,
    /// The session could not be moved to the fallback model.
    SetModelFailed(FailureKind),
    /// No probe: the session moved too short a time ago.
    ProbeSkippedDwell,
    /// No probe: the last one failed too short a time ago.
    ProbeSkippedBackOff,
    /// A probe was begun.
    ProbeStarted,
    /// The primary does not answer yet.
    ProbeFailed {
        /// Why.
        kind: FailureKind,
        /// No probe for this long.
        back_off_ms: u64,
    },
    /// The same, as a decision with its reason.
    ProbeFailedDecision {
        /// Why.
        kind: FailureKind,
        /// No probe for this long.
        back_off_ms: u64,
    },
    /// The session answers with the primary again.
    PrimaryRestored {
        /// Time on the fallback.
        downtime_ms: u64,
        /// Probes that it took.
        probes: u32,
    },
    /// The same, as a decision.
    RestoredPrimary,
    /// A turn ended.
    Latency {
        /// From the dispatch to the end.
        total_ms: u64,
        /// It took more than three quarters of the time limit.
        near_miss: bool,
    },
    /// A turn nearly ran into the time limit.
    NearMiss,
}

impl Event {
    /// The action under which telemetry records it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::DisabledSameModel => "fallback.disabled.same_model",
            Self::Swapped(_) => "model_fallback.swapped",
            Self::FallbackActivated(_)
            | Self::ProbeSkippedDwell
            | Self::ProbeSkippedBackOff
            | Self::ProbeStarted
            | Self::ProbeFailedDecision { .. }
            | Self::RestoredPrimary => "model_fallback.decision",
            Self::FallbackModelNotFound => "fallback.model_not_found",
            Self::SetModelFailed(_) => "fallback.setModel.failed",
            Self::ProbeFailed { .. } => "model_fallback.probe_failed",
            Self::PrimaryRestored { .. } => "model_fallback.primary_restored",
            Self::Latency { .. } => "prompt.latency",
            Self::NearMiss => "prompt.near_miss",
        }
    }

    /// What was decided, for the events that are decisions.
    pub const fn decision(&self) -> Option<&'static str> {
        match self {
            Self::FallbackActivated(_) => Some("fallback_activated"),
            Self::ProbeSkippedDwell => Some("recovery_probe.skipped_dwell"),
            Self::ProbeSkippedBackOff => Some("recovery_probe.skipped_backoff"),
            Self::ProbeStarted => Some("recovery_probe.started"),
            Self::ProbeFailedDecision { .. } => Some("recovery_probe.failed"),
            Self::RestoredPrimary => Some("recovery_probe.restored_primary"),
            _ => None,
        }
    }
}

/// Why the controller wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The first token, or the next sign of life, is due.
    FirstToken,
    /// The primary is to be probed.
    Probe,
    /// A switch or a probe was never answered.
    Answer,
}

/// Whether the catalogue of the host knows the fallback model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Catalogue {
    /// It does.
    Known,
    /// It does not, as with an embedded library that is too old.
    Unknown,
}

/// The fallback controller. Its memory is of a fixed size.
#[derive(Clone, Debug)]
pub struct Fallback {
    policy: FallbackPolicy,
    catalogue: Catalogue,
    clock: Clock,
    state: State,
    watch: Watch,
    dispatched: Option<(Prompt, Timestamp)>,
    failures: u32,
    activations: u32,
    pending: Option<Pending>,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Disabled,
    Primary,
    Fallback {
        since: Timestamp,
        next_probe: Timestamp,
        back_off_until: Option<Timestamp>,
        probes: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watch {
    Off,
    Until(Timestamp),
    Paused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    what: Step,
    until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Activate(FailureKind),
    Ask,
    Restore,
}

impl Fallback {
    /// A controller of a session that answers with the primary model.
    pub fn new(policy: FallbackPolicy, catalogue: Catalogue) -> Self {
        let same = policy.primary.is_same(&policy.fallback);
        let mut events = VecDeque::new();
        if same {
            events.push_back(Event::DisabledSameModel);
        }
        Self {
            policy,
            catalogue,
            clock: Clock::default(),
            state: if same {
                State::Disabled
            } else {
                State::Primary
            },
            watch: Watch::Off,
            dispatched: None,
            failures: 0,
            activations: 0,
            pending: None,
            actions: VecDeque::new(),
            events,
        }
    }

    /// A prompt is about to be given to the session. To be called before that, so
    /// that no token can come first.
    pub fn handle_dispatched(&mut self, now: Timestamp, prompt: Prompt) {
        let now = self.clock.advance(now);
        if self.state == State::Disabled {
            return;
        }
        self.dispatched = Some((prompt, now));
        if self.state == State::Primary {
            self.watch = Watch::Until(after(now, self.policy.timeout_ms));
        }
    }

    /// The model sent a first piece of its answer to that prompt. The end of the
    /// person's own message is none.
    pub fn handle_first_token(&mut self, now: Timestamp, prompt: Prompt) {
        self.clock.advance(now);
        if self.is_open(prompt) {
            self.watch = Watch::Off;
        }
    }

    /// A sign of life that is no token: the time limit begins anew.
    pub fn handle_activity(&mut self, now: Timestamp, prompt: Prompt) {
        let now = self.clock.advance(now);
        if self.is_open(prompt) && matches!(self.watch, Watch::Until(_)) {
            self.watch = Watch::Until(after(now, self.policy.timeout_ms));
        }
    }

    /// Maintenance of the session begins: no time limit until it is over.
    pub fn handle_pause(&mut self, now: Timestamp) {
        self.clock.advance(now);
        if matches!(self.watch, Watch::Until(_)) {
            self.watch = Watch::Paused;
        }
    }

    /// Maintenance is over: the whole time limit is given again.
    pub fn handle_resume(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.watch == Watch::Paused {
            self.watch = Watch::Until(after(now, self.policy.timeout_ms));
        }
    }

    /// The prompt was taken back.
    pub fn handle_cancel(&mut self, now: Timestamp) {
        self.clock.advance(now);
        self.watch = Watch::Off;
        self.dispatched = None;
    }

    /// The turn of that prompt ended with an answer.
    pub fn handle_turn_end(&mut self, now: Timestamp, prompt: Prompt) {
        let now = self.clock.advance(now);
        let Some((_, began)) = self.dispatched.filter(|(open, _)| *open == prompt) else {
            return;
        };
        self.watch = Watch::Off;
        self.dispatched = None;
        self.failures = 0;
        let total_ms = ms_between(began, now);
        let near_miss = u128::from(total_ms) * 4 > u128::from(self.policy.timeout_ms) * 3;
        self.events.push_back(Event::Latency {
            total_ms,
            near_miss,
        });
        if near_miss {
            self.events.push_back(Event::NearMiss);
        }
    }

    /// A prompt failed. `reported` is how many in a row the queue counts.
    pub fn handle_prompt_error(&mut self, now: Timestamp, reported: u32) {
        let now = self.clock.advance(now);
        if self.state != State::Primary {
            return;
        }
        self.watch = Watch::Off;
        self.failures = match self.policy.failure_count {
            FailureCount::UntilAnswer => self.failures.saturating_add(1).max(reported),
            FailureCount::AsReported => reported,
        };
        if self.failures >= self.policy.after_failures {
            self.activate(now, FailureKind::ConsecutiveFailures);
        }
    }

    /// The host moved the session as [`Action::SetModel`] said, or could not: the
    /// error is its text.
    pub fn handle_model_set(&mut self, now: Timestamp, result: Result<(), &str>) {
        let now = self.clock.advance(now);
        match (self.pending.map(|pending| pending.what), result) {
            (Some(Step::Activate(kind)), Ok(())) => {
                self.pending = None;
                self.watch = Watch::Off;
                self.activations = self.activations.saturating_add(1);
                self.state = State::Fallback {
                    since: now,
                    next_probe: after(now, self.policy.probe_interval_ms.max(1)),
                    back_off_until: None,
                    probes: 0,
                };
                self.events.push_back(Event::Swapped(kind));
                self.events.push_back(Event::FallbackActivated(kind));
            }
            (Some(Step::Activate(_)), Err(text)) => {
                self.pending = None;
                self.events
                    .push_back(Event::SetModelFailed(FailureKind::of_text(text)));
            }
            (Some(Step::Restore), Ok(())) => self.restored(now),
            (Some(Step::Restore), Err(text)) => {
                self.probe_failed(now, FailureKind::of_text(text));
            }
            (Some(Step::Ask) | None, _) => {}
        }
    }

    /// The primary answered the request of [`Action::Probe`], or did not: the error
    /// is its text.
    pub fn handle_probe_answer(&mut self, now: Timestamp, result: Result<(), &str>) {
        let now = self.clock.advance(now);
        if self.pending.map(|pending| pending.what) != Some(Step::Ask) {
            return;
        }
        match result {
            Ok(()) => self.step(now, Step::Restore),
            Err(text) => self.probe_failed(now, FailureKind::of_text(text)),
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if let Some(pending) = self.pending.filter(|pending| pending.until <= now) {
            match pending.what {
                Step::Activate(_) => {
                    self.pending = None;
                    self.events
                        .push_back(Event::SetModelFailed(FailureKind::Timeout));
                }
                Step::Ask | Step::Restore => self.probe_failed(now, FailureKind::Timeout),
            }
        }
        if let Watch::Until(limit) = self.watch
            && limit <= now
        {
            self.watch = Watch::Off;
            self.activate(now, FailureKind::Timeout);
        }
        self.probe_tick(now);
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
        let watch = match self.watch {
            Watch::Until(at) => Some((at, Wake::FirstToken)),
            Watch::Off | Watch::Paused => None,
        };
        let probe = match self.state {
            State::Fallback { next_probe, .. } => Some((next_probe, Wake::Probe)),
            State::Disabled | State::Primary => None,
        };
        let pending = self.pending.map(|pending| (pending.until, Wake::Answer));
        earliest([watch, probe, pending])
    }

    /// Whether the fallback model answers.
    pub const fn is_active(&self) -> bool {
        matches!(self.state, State::Fallback { .. })
    }

    /// Since when the fallback model answers.
    pub const fn active_since(&self) -> Option<Timestamp> {
        match self.state {
            State::Fallback { since, .. } => Some(since),
            State::Disabled | State::Primary => None,
        }
    }

    /// How often the session moved to the fallback.
    pub const fn activations(&self) -> u32 {
        self.activations
    }

    /// The model that answers.
    pub const fn model(&self) -> &Model {
        match self.state {
            State::Fallback { .. } => &self.policy.fallback,
            State::Disabled | State::Primary => &self.policy.primary,
        }
    }

    fn is_open(&self, prompt: Prompt) -> bool {
        self.dispatched.is_some_and(|(open, _)| open == prompt)
    }

    fn activate(&mut self, now: Timestamp, kind: FailureKind) {
        if self.state != State::Primary || self.pending.is_some() {
            return;
        }
        if self.catalogue == Catalogue::Unknown {
            self.events.push_back(Event::FallbackModelNotFound);
            return;
        }
        self.step(now, Step::Activate(kind));
    }

    fn step(&mut self, now: Timestamp, what: Step) {
        self.pending = Some(Pending {
            what,
            until: after(now, self.policy.answer_ms),
        });
        self.actions.push_back(match what {
            Step::Activate(_) => Action::SetModel(self.policy.fallback.clone()),
            Step::Ask => Action::Probe(self.policy.primary.clone()),
            Step::Restore => Action::SetModel(self.policy.primary.clone()),
        });
    }

    fn probe_tick(&mut self, now: Timestamp) {
        let State::Fallback {
            since,
            next_probe,
            back_off_until,
            ..
        } = self.state
        else {
            return;
        };
        if now < next_probe {
            return;
        }
        let interval = self.policy.probe_interval_ms.max(1);
        let missed = ms_between(next_probe, now) / interval;
        let next = after(
            next_probe,
            interval.saturating_mul(missed.saturating_add(1)),
        );
        let asks = self.pending.is_none();
        let skipped = if ms_between(since, now) < self.policy.dwell_ms {
            Some(Event::ProbeSkippedDwell)
        } else if back_off_until.is_some_and(|until| now < until) {
            Some(Event::ProbeSkippedBackOff)
        } else {
            None
        };
        if let State::Fallback {
            next_probe, probes, ..
        } = &mut self.state
        {
            *next_probe = next;
            if asks && skipped.is_none() {
                *probes = probes.saturating_add(1);
            }
        }
        match skipped {
            Some(event) => self.events.push_back(event),
            None if asks => {
                self.events.push_back(Event::ProbeStarted);
                self.step(
                    now,
                    match self.policy.probe {
                        Probe::Request => Step::Ask,
                        Probe::SwitchUnasked => Step::Restore,
                    },
                );
            }
            None => {}
        }
    }

    fn probe_failed(&mut self, now: Timestamp, kind: FailureKind) {
        self.pending = None;
        let intervals = kind.back_off_intervals();
        let back_off_ms = match intervals {
            0 => 0,
            n => self
                .policy
                .probe_interval_ms
                .saturating_mul(n)
                .max(self.policy.dwell_ms),
        };
        if let State::Fallback { back_off_until, .. } = &mut self.state {
            *back_off_until = Some(after(now, back_off_ms));
        }
        self.events
            .push_back(Event::ProbeFailed { kind, back_off_ms });
        self.events
            .push_back(Event::ProbeFailedDecision { kind, back_off_ms });
    }

    fn restored(&mut self, now: Timestamp) {
        self.pending = None;
        if let State::Fallback { since, probes, .. } = self.state {
            self.state = State::Primary;
            self.failures = 0;
            self.events.push_back(Event::PrimaryRestored {
                downtime_ms: ms_between(since, now),
                probes,
            });
            self.events.push_back(Event::RestoredPrimary);
        }
    }
}

#[cfg(test)]
mod tests;
