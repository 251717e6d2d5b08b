//! The watchdog over the model session, with the waiter that lets go of a turn
//! whose end is never seen.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::clock::{Clock, after, earliest, ms_between};
use crate::time::Timestamp;

mod policy;

pub use policy::{StuckLimit, TurnBoundary, UnknownFallbackAge, WaiterLimit, WatchdogPolicy};

/// Whether the fallback model answers, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FallbackUse {
    /// The primary answers.
    #[default]
    Inactive,
    /// The fallback answers.
    Active {
        /// Since when, if known.
        since: Option<Timestamp>,
    },
}

/// Where a prompt came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A person on a channel.
    Channel,
    /// The gateway itself: heartbeats, cron, events.
    Internal,
}

impl Origin {
    /// The origin that a source such as `telegram:42` or `heartbeat` tells of.
    pub fn of_source(source: &str) -> Self {
        let platform = source.split(':').next().unwrap_or(source);
        match platform {
            "telegram" | "discord" | "imessage" | "slack" => Self::Channel,
            _ => Self::Internal,
        }
    }
}

/// What ended, when a turn is said to have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnEnd {
    /// One model call; tools run and the turn goes on.
    Step,
    /// The whole run.
    Run,
}

/// Whether the session is being maintained (compacted, rotated).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// It is.
    Active,
    /// It is not.
    Idle,
}

/// Why the gateway is to be restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartReason {
    /// Too many prompts failed one after the other.
    DeadSession,
    /// The abort of a stuck turn did not help.
    StuckRecoveryTimeout,
}

impl RestartReason {
    /// The signal name of the shutdown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DeadSession => "watchdog:dead-session",
            Self::StuckRecoveryTimeout => "watchdog:stuck-recovery-timeout",
        }
    }
}

/// What the host must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Abort the run of the session; a failure goes to
    /// [`Watchdog::handle_abort_failed`].
    Abort,
    /// The waiter let go: the queue must give the turn up.
    Release,
    /// Shut the gateway down, so that its supervisor starts it anew.
    Restart(RestartReason),
}

/// What showed that a stuck session moves again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The turn ended.
    TurnEnd,
    /// Another turn began.
    TurnStart,
    /// A message of the model began.
    MessageStart,
    /// The waiter let go of the turn.
    IdleWaiterTimeout,
}

/// What is worth recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A turn stands still; its source is told.
    Stuck {
        /// The source of the turn.
        source: Box<str>,
        /// For how long.
        stuck_ms: u64,
        /// The limit it passed.
        limit_ms: u64,
    },
    /// The abort itself failed.
    AbortFailed,
    /// The session moves again.
    Recovered(Recovery),
    /// It did not in time.
    RecoveryTimeout,
    /// Too many failures in a row.
    Dead(u32),
    /// The waiter let go of the turn after this long.
    WaiterTimeout {
        /// How long it waited.
        waited_ms: u64,
    },
    /// The waiter waits longer, because the session is being maintained.
    WaiterExtended,
}

impl Event {
    /// The action under which telemetry records it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Stuck { .. } => "watchdog.session_stuck",
            Self::AbortFailed => "watchdog.session_stuck.abort_failed",
            Self::Recovered(_) => "watchdog.session_stuck.recovered",
            Self::RecoveryTimeout => "watchdog.session_stuck.recovery_timeout",
            Self::Dead(_) => "watchdog.session_dead",
            Self::WaiterTimeout { .. } => "watchdog.idle_waiter.timeout",
            Self::WaiterExtended => "watchdog.idle_waiter.extended_for_maintenance",
        }
    }
}

/// Why the watchdog wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// It looks again.
    Tick,
    /// The waiter lets go or is extended.
    Waiter,
}

/// What a health endpoint says of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionHealth {
    /// Nothing is wrong.
    Ok,
    /// A turn stands still for this long.
    Stuck {
        /// For how long.
        stuck_ms: u64,
    },
    /// An abort was sent; a restart follows after this long.
    Recovering {
        /// Time left.
        left_ms: u64,
    },
    /// The session is dead.
    Dead {
        /// Failures in a row.
        failures: u32,
    },
}

impl SessionHealth {
    /// Whether the gateway can answer.
    pub const fn is_available(self) -> bool {
        matches!(self, Self::Ok)
    }
}

/// The watchdog. It remembers one turn.
#[derive(Clone, Debug)]
pub struct Watchdog {
    policy: WatchdogPolicy,
    clock: Clock,
    turn: Option<Turn>,
    recovery_until: Option<Timestamp>,
    last_channel: bool,
    maintenance: Maintenance,
    failures: u32,
    fallback: FallbackUse,
    next_tick: Option<Timestamp>,
    restarting: bool,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

#[derive(Clone, Debug)]
struct Turn {
    source: Box<str>,
    origin: Origin,
    /// When it began or last moved.
    moved: Timestamp,
    waiter_began: Timestamp,
    waiter_until: Timestamp,
}

impl Watchdog {
    /// A watchdog over an idle session.
    pub fn new(policy: WatchdogPolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            turn: None,
            recovery_until: None,
            last_channel: false,
            maintenance: Maintenance::Idle,
            failures: 0,
            fallback: FallbackUse::Inactive,
            next_tick: None,
            restarting: false,
            actions: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The queue gave a prompt to the session.
    pub fn handle_prompt(&mut self, now: Timestamp, source: &str) {
        let now = self.advance(now);
        let origin = Origin::of_source(source);
        self.last_channel |= origin == Origin::Channel;
        let limit = self.limit_ms(origin);
        self.turn = Some(Turn {
            source: source.into(),
            origin,
            moved: now,
            waiter_began: now,
            waiter_until: after(now, self.policy.waiter_limit_ms(limit)),
        });
    }

    /// A turn began in the session.
    pub fn handle_turn_start(&mut self, now: Timestamp) {
        let now = self.advance(now);
        self.moves(now, Recovery::TurnStart);
    }

    /// The model began a message.
    pub fn handle_message_start(&mut self, now: Timestamp) {
        let now = self.advance(now);
        self.moves(now, Recovery::MessageStart);
    }

    /// A model call or a whole run ended.
    pub fn handle_turn_end(&mut self, now: Timestamp, end: TurnEnd) {
        let now = self.advance(now);
        self.moves(now, Recovery::TurnEnd);
        if end == TurnEnd::Run || self.policy.turn_boundary == TurnBoundary::AnyStep {
            self.turn = None;
        }
    }

    /// The abort could not be sent.
    pub fn handle_abort_failed(&mut self, now: Timestamp) {
        self.advance(now);
        if self.recovery_until.is_some() {
            self.events.push_back(Event::AbortFailed);
        }
    }

    /// The queue counts this many failures in a row.
    pub fn handle_failures(&mut self, now: Timestamp, failures: u32) {
        self.advance(now);
        self.failures = failures;
    }

    /// The fallback controller moved the session.
    pub fn handle_fallback(&mut self, now: Timestamp, fallback: FallbackUse) {
        let now = self.advance(now);
        self.fallback = match (fallback, self.fallback, self.policy.unknown_fallback_age) {
            (
                FallbackUse::Active { since: None },
                seen @ FallbackUse::Active { since: Some(_) },
                UnknownFallbackAge::FromFirstSight,
            ) => seen,
            (FallbackUse::Active { since: None }, _, UnknownFallbackAge::FromFirstSight) => {
                FallbackUse::Active { since: Some(now) }
            }
            (fallback, ..) => fallback,
        };
    }

    /// Maintenance of the session began or ended.
    pub fn handle_maintenance(&mut self, now: Timestamp, maintenance: Maintenance) {
        let now = self.advance(now);
        if self.maintenance == Maintenance::Active
            && maintenance == Maintenance::Idle
            && let Some(turn) = &mut self.turn
        {
            // A turn is not stuck for the time that the session was being maintained.
            turn.moved = now;
        }
        self.maintenance = maintenance;
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.advance(now);
        if self.restarting {
            return;
        }
        if let Some(tick) = self.next_tick
            && tick <= now
        {
            let step = self.policy.tick_ms.max(1);
            let missed = ms_between(tick, now) / step;
            self.next_tick = Some(after(tick, step.saturating_mul(missed.saturating_add(1))));
            self.look(now);
        }
        if !self.restarting {
            self.waiter(now);
        }
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

    /// When to call [`Self::handle_timeout`], and why: nothing while nothing is open.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        if self.restarting {
            return None;
        }
        let watched = self.turn.is_some()
            || self.recovery_until.is_some()
            || self.failures >= self.policy.dead_failures;
        let tick = self
            .next_tick
            .filter(|_| watched)
            .map(|at| (at, Wake::Tick));
        let waiter = self
            .turn
            .as_ref()
            .map(|turn| (turn.waiter_until, Wake::Waiter));
        earliest([tick, waiter])
    }

    /// What a health endpoint says at `now`.
    pub fn session_health(&self, now: Timestamp) -> SessionHealth {
        if self.policy.is_dead(self.failures, self.fallback, now) {
            return SessionHealth::Dead {
                failures: self.failures,
            };
        }
        if let Some(until) = self.recovery_until {
            return SessionHealth::Recovering {
                left_ms: ms_between(now, until),
            };
        }
        match self.stuck_ms(now) {
            Some((stuck_ms, limit_ms)) if stuck_ms >= limit_ms => SessionHealth::Stuck { stuck_ms },
            _ => SessionHealth::Ok,
        }
    }

    fn advance(&mut self, now: Timestamp) -> Timestamp {
        let now = self.clock.advance(now);
        if self.next_tick.is_none() {
            self.next_tick = Some(after(now, self.policy.tick_ms.max(1)));
        }
        now
    }

    fn limit_ms(&self, origin: Origin) -> u64 {
        let channel = match self.policy.stuck_limit {
            StuckLimit::OwnSource => origin == Origin::Channel,
            StuckLimit::LastChannel => self.last_channel,
        };
        if channel {
            self.policy.channel_stuck_ms
        } else {
            self.policy.stuck_ms
        }
    }

    /// How long the open turn stands still, and its limit.
    fn stuck_ms(&self, now: Timestamp) -> Option<(u64, u64)> {
        let turn = self.turn.as_ref()?;
        if self.maintenance == Maintenance::Active {
            return None;
        }
        Some((ms_between(turn.moved, now), self.limit_ms(turn.origin)))
    }

    fn moves(&mut self, now: Timestamp, by: Recovery) {
        if let Some(turn) = &mut self.turn {
            turn.moved = now;
        }
        if self.recovery_until.take().is_some() {
            self.events.push_back(Event::Recovered(by));
        }
    }

    fn look(&mut self, now: Timestamp) {
        if self.policy.is_dead(self.failures, self.fallback, now) {
            self.events.push_back(Event::Dead(self.failures));
            self.restart(RestartReason::DeadSession);
        } else if let Some(until) = self.recovery_until {
            if until <= now {
                self.events.push_back(Event::RecoveryTimeout);
                self.restart(RestartReason::StuckRecoveryTimeout);
            }
        } else if let Some((stuck_ms, limit_ms)) = self.stuck_ms(now)
            && stuck_ms > limit_ms
        {
            let source = self.turn.as_ref().map(|turn| turn.source.clone());
            self.events.push_back(Event::Stuck {
                source: source.unwrap_or_default(),
                stuck_ms,
                limit_ms,
            });
            self.recovery_until = Some(after(now, self.policy.recovery_ms));
            self.actions.push_back(Action::Abort);
        }
    }

    fn waiter(&mut self, now: Timestamp) {
        let Some(turn) = self.turn.as_mut().filter(|turn| turn.waiter_until <= now) else {
            return;
        };
        let waited_ms = ms_between(turn.waiter_began, now);
        if self.maintenance == Maintenance::Active && waited_ms < self.policy.waiter_most_ms {
            turn.waiter_until = after(now, self.policy.extension_ms.max(1));
            self.events.push_back(Event::WaiterExtended);
            return;
        }
        self.turn = None;
        self.events.push_back(Event::WaiterTimeout { waited_ms });
        self.actions.push_back(Action::Release);
        self.moves(now, Recovery::IdleWaiterTimeout);
    }

    fn restart(&mut self, reason: RestartReason) {
        self.restarting = true;
        self.turn = None;
        self.recovery_until = None;
        self.actions.push_back(Action::Restart(reason));
    }
}

#[cfg(test)]
mod tests;
