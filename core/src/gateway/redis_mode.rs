//! Whether the gateway works with its Redis or without it, and when it tries to
//! connect again.

use alloc::collections::VecDeque;

use super::clock::{Clock, after, doubled};
use crate::time::Timestamp;

/// How the gateway works, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisMode {
    /// Without Redis: it was never connected yet.
    StartupPending,
    /// With Redis.
    Connected,
    /// Without Redis: the connection was lost and is tried again.
    ReconnectScheduled,
    /// Without Redis: the first connection failed and is tried again.
    InitialConnectFailed,
    /// The gateway shuts down.
    Shutdown,
}

impl RedisMode {
    /// `normal` or `redis_degraded`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connected => "normal",
            _ => "redis_degraded",
        }
    }

    /// Why, as the status document names it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::StartupPending => "startup_pending",
            Self::Connected => "redis_connected",
            Self::ReconnectScheduled => "reconnect_scheduled",
            Self::InitialConnectFailed => "initial_connect_failed",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Settings of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconnectPolicy {
    /// The first wait; doubled each time.
    pub first_ms: u64,
    /// The longest wait.
    pub most_ms: u64,
    /// How long a connection may take before it has failed.
    pub connect_ms: u64,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            first_ms: 5_000,
            most_ms: 60_000,
            connect_ms: 10_000,
        }
    }
}

/// What the host must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Connect, then [`RedisRuntime::handle_connected`] or
    /// [`RedisRuntime::handle_connect_failed`].
    Connect,
    /// Tell whoever waits for an answer on the old connection to ask again on the new.
    ResumeOnNewConnection,
    /// Close the connection.
    Disconnect,
}

/// The mode changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeChanged {
    /// Before.
    pub from: RedisMode,
    /// Now.
    pub to: RedisMode,
}

impl ModeChanged {
    /// The action under which telemetry records it.
    pub const NAME: &'static str = "runtime.mode.changed";
}

/// Why the machine wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// It is time to connect again.
    Reconnect,
    /// A connection takes too long.
    ConnectTimeout,
}

/// The connection to Redis. Its memory is of a fixed size.
#[derive(Clone, Debug)]
pub struct RedisRuntime {
    policy: ReconnectPolicy,
    clock: Clock,
    mode: RedisMode,
    since: Option<Timestamp>,
    attempts: u32,
    was_connected: bool,
    reconnect_at: Option<Timestamp>,
    connecting_until: Option<Timestamp>,
    actions: VecDeque<Action>,
    events: VecDeque<ModeChanged>,
}

impl RedisRuntime {
    /// A gateway that begins.
    pub fn new(policy: ReconnectPolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            mode: RedisMode::StartupPending,
            since: None,
            attempts: 0,
            was_connected: false,
            reconnect_at: None,
            connecting_until: None,
            actions: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The gateway starts.
    pub fn handle_start(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.mode == RedisMode::StartupPending && self.since.is_none() {
            self.since = Some(now);
            self.connect(now);
        }
    }

    /// The connection stands.
    pub fn handle_connected(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.mode == RedisMode::Shutdown {
            // It came too late.
            self.actions.push_back(Action::Disconnect);
            return;
        }
        if self.mode == RedisMode::Connected {
            return;
        }
        let again = self.was_connected;
        self.was_connected = true;
        self.attempts = 0;
        self.reconnect_at = None;
        self.connecting_until = None;
        self.change(now, RedisMode::Connected);
        if again {
            self.actions.push_back(Action::ResumeOnNewConnection);
        }
    }

    /// The connection could not be made.
    pub fn handle_connect_failed(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.connecting_until.is_some() {
            self.failed(now);
        }
    }

    /// The connection broke.
    pub fn handle_disconnected(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.mode == RedisMode::Connected {
            self.failed(now);
        }
    }

    /// The gateway shuts down.
    pub fn handle_shutdown(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.mode == RedisMode::Shutdown {
            return;
        }
        if self.mode == RedisMode::Connected {
            self.actions.push_back(Action::Disconnect);
        }
        self.reconnect_at = None;
        self.connecting_until = None;
        self.change(now, RedisMode::Shutdown);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.connecting_until.is_some_and(|at| at <= now) {
            self.failed(now);
        } else if self.reconnect_at.is_some_and(|at| at <= now) {
            self.connect(now);
        }
    }

    /// The next thing the host must do.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing worth recording.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<ModeChanged> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        let connecting = self.connecting_until.map(|at| (at, Wake::ConnectTimeout));
        connecting.or(self.reconnect_at.map(|at| (at, Wake::Reconnect)))
    }

    /// How the gateway works.
    pub const fn mode(&self) -> RedisMode {
        self.mode
    }

    /// Since when.
    pub const fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Connections tried since the last that stood.
    pub const fn reconnect_attempts(&self) -> u32 {
        self.attempts
    }

    fn connect(&mut self, now: Timestamp) {
        self.reconnect_at = None;
        self.connecting_until = Some(after(now, self.policy.connect_ms.max(1)));
        self.actions.push_back(Action::Connect);
    }

    fn failed(&mut self, now: Timestamp) {
        let wait = doubled(
            self.policy.first_ms.max(1),
            self.attempts,
            self.policy.most_ms.max(1),
        );
        self.attempts = self.attempts.saturating_add(1);
        self.connecting_until = None;
        self.reconnect_at = Some(after(now, wait));
        self.change(
            now,
            if self.was_connected {
                RedisMode::ReconnectScheduled
            } else {
                RedisMode::InitialConnectFailed
            },
        );
    }

    fn change(&mut self, now: Timestamp, to: RedisMode) {
        if self.mode != to {
            self.events.push_back(ModeChanged {
                from: self.mode,
                to,
            });
            self.mode = to;
            self.since = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew_after_a_connection() {
        let mut redis = RedisRuntime::new(ReconnectPolicy::default());
        redis.handle_start(at(0));
        let mut now = 0;
        for wait in [5_000, 10_000, 20_000, 40_000, 60_000, 60_000] {
            assert_eq!(redis.poll_action(), Some(Action::Connect));
            redis.handle_connect_failed(at(now));
            assert_eq!(
                redis.poll_timeout(),
                Some((at(now + wait), Wake::Reconnect))
            );
            now += wait;
            redis.handle_timeout(at(now));
        }
        assert_eq!(redis.mode().reason(), "initial_connect_failed");
        assert_eq!(redis.poll_action(), Some(Action::Connect));
        redis.handle_connected(at(now));
        assert_eq!(redis.mode().name(), "normal");
        assert_eq!(redis.poll_action(), None);
        redis.handle_disconnected(at(now));
        assert_eq!(redis.mode().reason(), "reconnect_scheduled");
        assert_eq!(
            redis.poll_timeout(),
            Some((at(now + 5_000), Wake::Reconnect))
        );
        redis.handle_timeout(at(now + 5_000));
        redis.handle_connected(at(now + 5_001));
        assert_eq!(
            [redis.poll_action(), redis.poll_action()],
            [Some(Action::Connect), Some(Action::ResumeOnNewConnection)]
        );
    }

    #[test]
    fn a_connection_that_hangs_has_failed_and_one_after_the_end_is_closed() {
        let mut redis = RedisRuntime::new(ReconnectPolicy::default());
        redis.handle_start(at(0));
        assert_eq!(
            redis.poll_timeout(),
            Some((at(10_000), Wake::ConnectTimeout))
        );
        redis.handle_timeout(at(10_000));
        assert_eq!(redis.poll_timeout(), Some((at(15_000), Wake::Reconnect)));
        redis.handle_shutdown(at(11_000));
        assert_eq!(
            (redis.poll_timeout(), redis.poll_action()),
            (None, Some(Action::Connect))
        );
        redis.handle_connected(at(12_000));
        assert_eq!(redis.poll_action(), Some(Action::Disconnect));
        assert_eq!(redis.mode(), RedisMode::Shutdown);
    }
}
