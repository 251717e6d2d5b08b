//! Settings of the monitor.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// What the monitor does about a gateway that keeps failing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remedy {
    /// It asks the operator. The newer policy.
    #[default]
    OperatorAction,
    /// It restarts the gateway, looks again, and alerts if that did not help. The
    /// older policy.
    AutoRestart,
}

/// Which findings are a failure of the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailureRule {
    /// A failed layer without which the gateway cannot answer.
    #[default]
    CriticalLayer,
    /// Any failed layer, so that the list of critical ones has no effect. The peer's
    /// way.
    AnyLayer,
}

/// After which findings a restart is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartRule {
    /// A failed critical layer: what a restart can mend.
    #[default]
    CriticalLayer,
    /// Also a failure that names no critical layer, such as an outage of the model's
    /// provider. The peer's way.
    AlsoWithout,
}

/// Settings of the monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorPolicy {
    /// What is done.
    pub remedy: Remedy,
    /// What is a failure.
    pub failure: FailureRule,
    /// What a restart is tried for.
    pub restart: RestartRule,
    /// Layers without which the gateway cannot answer.
    pub critical_layers: Vec<Box<str>>,
    /// So many checks in a row must fail.
    pub streak: u32,
    /// A row is forgotten when no check comes for this long.
    pub streak_ttl_ms: u64,
    /// Time between two alerts about the gateway.
    pub alert_cooldown_ms: u64,
    /// Time between two alerts about a channel.
    pub channel_cooldown_ms: u64,
    /// Time between two restarts.
    pub restart_cooldown_ms: u64,
    /// How long a restart may take.
    pub restart_ms: u64,
    /// How long to wait after a restart before looking again.
    pub settle_ms: u64,
    /// How long a diagnosis may take.
    pub diagnosis_ms: u64,
}

impl Default for MonitorPolicy {
    fn default() -> Self {
        Self {
            remedy: Remedy::OperatorAction,
            failure: FailureRule::CriticalLayer,
            restart: RestartRule::CriticalLayer,
            critical_layers: ["process", "cli-status", "redis-state"]
                .map(Into::into)
                .into(),
            streak: 2,
            streak_ttl_ms: 6 * 3_600_000,
            alert_cooldown_ms: 1_200_000,
            channel_cooldown_ms: 1_800_000,
            restart_cooldown_ms: 900_000,
            restart_ms: 90_000,
            settle_ms: 6_000,
            diagnosis_ms: 60_000,
        }
    }
}

impl MonitorPolicy {
    /// The peer's monitor as it is now.
    pub fn peer() -> Self {
        Self {
            failure: FailureRule::AnyLayer,
            ..Self::default()
        }
    }

    /// The peer's monitor as it was until it ceased to restart.
    pub fn older_peer() -> Self {
        Self {
            remedy: Remedy::AutoRestart,
            failure: FailureRule::AnyLayer,
            restart: RestartRule::AlsoWithout,
            ..Self::default()
        }
    }
}
