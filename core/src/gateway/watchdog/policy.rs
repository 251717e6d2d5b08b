//! Settings of the watchdog.

use super::FallbackUse;
use crate::gateway::clock::ms_between;
use crate::time::Timestamp;

/// Whose limit decides how long a turn may stand still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StuckLimit {
    /// That of the turn's own source.
    #[default]
    OwnSource,
    /// That of the last channel ever seen, so that internal turns inherit the short
    /// one. The peer's way.
    LastChannel,
}

/// When the waiter lets go of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WaiterLimit {
    /// Not before abort and restart had their chance.
    #[default]
    AfterRecovery,
    /// After the fixed time, even if that is before the turn counts as stuck. The
    /// peer's way.
    Fixed,
}

/// What counts as the end of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurnBoundary {
    /// The end of the whole run.
    #[default]
    Run,
    /// The end of any model call, also of the first of many steps. The peer's way.
    AnyStep,
}

/// How long a fallback of unknown age protects a failing session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownFallbackAge {
    /// From when the watchdog first saw it.
    #[default]
    FromFirstSight,
    /// For ever. The peer's way.
    ForEver,
}

/// Settings of the watchdog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchdogPolicy {
    /// Time between two looks.
    pub tick_ms: u64,
    /// How long an internal turn may stand still.
    pub stuck_ms: u64,
    /// How long a turn from a channel may stand still.
    pub channel_stuck_ms: u64,
    /// How long an abort may take to help.
    pub recovery_ms: u64,
    /// How long the waiter waits for the end of a turn.
    pub waiter_ms: u64,
    /// By how much maintenance makes the waiter wait longer, each time.
    pub extension_ms: u64,
    /// The longest that maintenance can make it wait.
    pub waiter_most_ms: u64,
    /// This many failures in a row mean a dead session.
    pub dead_failures: u32,
    /// How long a fresh fallback protects a failing session.
    pub fallback_grace_ms: u64,
    /// Whose limit decides.
    pub stuck_limit: StuckLimit,
    /// When the waiter lets go.
    pub waiter_limit: WaiterLimit,
    /// What ends a turn.
    pub turn_boundary: TurnBoundary,
    /// How a fallback of unknown age is taken.
    pub unknown_fallback_age: UnknownFallbackAge,
}

impl Default for WatchdogPolicy {
    fn default() -> Self {
        Self {
            tick_ms: 30_000,
            stuck_ms: 600_000,
            channel_stuck_ms: 180_000,
            recovery_ms: 90_000,
            waiter_ms: 300_000,
            extension_ms: 60_000,
            waiter_most_ms: 900_000,
            dead_failures: 3,
            fallback_grace_ms: 120_000,
            stuck_limit: StuckLimit::default(),
            waiter_limit: WaiterLimit::default(),
            turn_boundary: TurnBoundary::default(),
            unknown_fallback_age: UnknownFallbackAge::default(),
        }
    }
}

impl WatchdogPolicy {
    /// The peer's watchdog.
    pub fn peer() -> Self {
        Self {
            stuck_limit: StuckLimit::LastChannel,
            waiter_limit: WaiterLimit::Fixed,
            turn_boundary: TurnBoundary::AnyStep,
            unknown_fallback_age: UnknownFallbackAge::ForEver,
            ..Self::default()
        }
    }

    /// What is left of the protection that a fallback gives.
    pub fn grace_left_ms(&self, fallback: FallbackUse, now: Timestamp) -> u64 {
        match fallback {
            FallbackUse::Inactive => 0,
            FallbackUse::Active { since: None } => self.fallback_grace_ms,
            FallbackUse::Active { since: Some(since) } => self
                .fallback_grace_ms
                .saturating_sub(ms_between(since, now)),
        }
    }

    /// Whether a session with so many failures in a row is dead.
    pub fn is_dead(&self, failures: u32, fallback: FallbackUse, now: Timestamp) -> bool {
        failures >= self.dead_failures && self.grace_left_ms(fallback, now) == 0
    }

    pub(super) fn waiter_limit_ms(&self, stuck_ms: u64) -> u64 {
        match self.waiter_limit {
            WaiterLimit::Fixed => self.waiter_ms,
            WaiterLimit::AfterRecovery => stuck_ms
                .saturating_add(self.recovery_ms)
                .saturating_add(self.tick_ms.saturating_mul(2))
                .max(self.waiter_ms),
        }
    }
}
