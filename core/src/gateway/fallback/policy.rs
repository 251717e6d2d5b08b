//! Settings of the fallback controller.

use super::Model;

/// How the controller finds out whether the primary model is back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Probe {
    /// A request is sent to the primary model; the session moves after an answer.
    #[default]
    Request,
    /// The session is moved without asking, so that the next prompt of a person
    /// is the probe. The peer's way.
    SwitchUnasked,
}

/// Who counts failures that come one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureCount {
    /// The controller: an answer ends the row, nothing else does.
    #[default]
    UntilAnswer,
    /// The queue, which begins anew when a prompt was merely accepted: errors that
    /// arrive as messages never add up. The peer's way.
    AsReported,
}

/// Settings of the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackPolicy {
    /// The model that should answer.
    pub primary: Model,
    /// The model that answers while the primary cannot.
    pub fallback: Model,
    /// How long the first token may take, and the pause between two signs of life.
    pub timeout_ms: u64,
    /// This many failures in a row switch to the fallback.
    pub after_failures: u32,
    /// Time between two probes of the primary.
    pub probe_interval_ms: u64,
    /// The least time on the fallback.
    pub dwell_ms: u64,
    /// How long a switch or a probe may take before it counts as failed.
    pub answer_ms: u64,
    /// How the primary is probed.
    pub probe: Probe,
    /// Who counts failures.
    pub failure_count: FailureCount,
}

impl FallbackPolicy {
    /// The defaults for two models.
    pub fn new(primary: Model, fallback: Model) -> Self {
        let slow_start = primary.is_same(&Model::new("anthropic", "claude-opus-4-6"));
        Self {
            primary,
            fallback,
            timeout_ms: if slow_start { 240_000 } else { 120_000 },
            after_failures: 3,
            probe_interval_ms: 600_000,
            dwell_ms: 120_000,
            answer_ms: 60_000,
            probe: Probe::Request,
            failure_count: FailureCount::UntilAnswer,
        }
    }

    /// The same models as the peer would treat them.
    #[must_use]
    pub fn peer(self) -> Self {
        Self {
            probe: Probe::SwitchUnasked,
            failure_count: FailureCount::AsReported,
            ..self
        }
    }
}
