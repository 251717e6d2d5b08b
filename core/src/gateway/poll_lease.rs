//! The lease that makes one gateway the owner of polling a bot account.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use super::clock::{Clock, after, doubled, earliest};
use super::failure_kind::contains_folded;
use crate::time::Timestamp;

/// What a poller without a lease does about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithoutLease {
    /// It polls, and tries for the lease again and again.
    #[default]
    TryAgain,
    /// It polls for ever, though another may own the lease by now. The peer's way.
    StayForEver,
}

/// Settings of the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeasePolicy {
    /// How long the lease is good without a renewal.
    pub ttl_ms: u64,
    /// Time between two renewals.
    pub renew_ms: u64,
    /// The first wait before a retry; doubled each time.
    pub retry_ms: u64,
    /// The longest wait before a retry.
    pub retry_most_ms: u64,
    /// After the lease could not be asked for.
    pub without_lease: WithoutLease,
}

impl Default for LeasePolicy {
    fn default() -> Self {
        Self {
            ttl_ms: 30_000,
            renew_ms: 10_000,
            retry_ms: 5_000,
            retry_most_ms: 60_000,
            without_lease: WithoutLease::default(),
        }
    }
}

impl LeasePolicy {
    /// The peer's lease.
    pub fn peer() -> Self {
        Self {
            without_lease: WithoutLease::StayForEver,
            ..Self::default()
        }
    }
}

/// Whether leases are used at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseUse {
    /// One poller by lease.
    Enabled,
    /// One poller by configuration.
    Disabled,
}

/// What the store answered to a try for the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// The lease is ours, newly or still.
    Owned,
    /// Another has it.
    Other {
        /// Its id.
        owner: Box<str>,
    },
    /// The store could not be asked.
    Unavailable,
}

/// What the store answered to a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// The lease is good for another term.
    Kept,
    /// It is no longer ours.
    Lost,
    /// The store could not be asked; the lease holds out until its end.
    Unavailable,
}

/// Who polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Nobody here: not started, or shut down.
    Stopped,
    /// The answer to the first try is awaited.
    Acquiring,
    /// We do, by lease.
    Owner,
    /// Another does.
    Passive,
    /// We do, without a lease.
    Fallback,
}

impl Ownership {
    /// The name in the status document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped | Self::Acquiring => "stopped",
            Self::Owner => "owner",
            Self::Passive => "passive",
            Self::Fallback => "fallback",
        }
    }
}

/// How the polling itself is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polling {
    /// It is not wanted.
    Stopped,
    /// Updates come in.
    Active,
    /// It was asked to start.
    Starting,
    /// Another polls the same account; it is tried again.
    RetryingConflict,
    /// It failed and is tried again.
    Retrying,
    /// It is wanted, but not begun.
    Idle,
}

impl Polling {
    /// The name in the status document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Active => "active",
            Self::Starting => "starting",
            Self::RetryingConflict => "retrying_conflict",
            Self::Retrying => "retrying",
            Self::Idle => "idle",
        }
    }
}

/// What the host must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Set the key if it is free or ours, for this long; then
    /// [`PollLease::handle_acquired`].
    Acquire {
        /// The term.
        ttl_ms: u64,
    },
    /// Extend the key if it is ours; then [`PollLease::handle_renewed`].
    Renew {
        /// The term.
        ttl_ms: u64,
    },
    /// Delete the key if it is ours.
    Release,
    /// Begin to poll; then [`PollLease::handle_poll_started`] or
    /// [`PollLease::handle_poll_error`].
    StartPolling,
    /// Stop polling.
    StopPolling,
}

/// Why there is no lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLease {
    /// Leases are not used.
    Disabled,
    /// The store could not be asked.
    Unavailable,
}

/// What is worth recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The lease is ours.
    Acquired {
        /// We waited for it.
        from_passive: bool,
    },
    /// Another polls.
    Passive {
        /// Who.
        owner: Box<str>,
    },
    /// The lease is no longer ours.
    Lost,
    /// We poll without a lease.
    Fallback(NoLease),
    /// Polling began.
    Started {
        /// After failures.
        recovered: bool,
    },
    /// Polling failed.
    StartFailed {
        /// Another polls the same account.
        conflict: bool,
    },
    /// Polling is tried again.
    RetryScheduled {
        /// After this long.
        delay_ms: u64,
    },
    /// Polling began after failures.
    PollingRecovered,
}

impl Event {
    /// The action under which telemetry records it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Acquired { .. } => "telegram.channel.poll_owner.acquired",
            Self::Passive { .. } => "telegram.channel.poll_owner.passive",
            Self::Lost => "telegram.channel.poll_owner.lost",
            Self::Fallback(_) => "telegram.channel.poll_owner.fallback",
            Self::Started { .. } => "telegram.channel.started",
            Self::StartFailed { .. } => "telegram.channel.start_failed",
            Self::RetryScheduled { .. } => "telegram.channel.retry_scheduled",
            Self::PollingRecovered => "telegram.channel.polling_recovered",
        }
    }
}

/// Why the machine wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The lease is to be renewed.
    Renew,
    /// The lease runs out unrenewed.
    LeaseEnd,
    /// The lease is tried for again.
    Acquire,
    /// Polling is tried again.
    Poll,
}

/// The lease and the polling under it. Its memory is of a fixed size.
#[derive(Clone, Debug)]
pub struct PollLease {
    policy: LeasePolicy,
    clock: Clock,
    ownership: Ownership,
    lease: LeaseUse,
    renew_at: Option<Timestamp>,
    lease_until: Option<Timestamp>,
    acquire_at: Option<Timestamp>,
    acquire_tries: u32,
    poll_at: Option<Timestamp>,
    polling: PollPhase,
    poll_retries: u32,
    conflicts: u32,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PollPhase {
    Off,
    Starting,
    Active,
    Waiting,
}

impl PollLease {
    /// A poller that is not started.
    pub fn new(policy: LeasePolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            ownership: Ownership::Stopped,
            lease: LeaseUse::Enabled,
            renew_at: None,
            lease_until: None,
            acquire_at: None,
            acquire_tries: 0,
            poll_at: None,
            polling: PollPhase::Off,
            poll_retries: 0,
            conflicts: 0,
            actions: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// The channel starts.
    pub fn handle_start(&mut self, now: Timestamp, lease: LeaseUse) {
        let now = self.clock.advance(now);
        if self.ownership != Ownership::Stopped {
            return;
        }
        self.lease = lease;
        match lease {
            LeaseUse::Disabled => self.fall_back(NoLease::Disabled),
            LeaseUse::Enabled => {
                self.ownership = Ownership::Acquiring;
                self.try_acquire(now);
            }
        }
    }

    /// The store answered [`Action::Acquire`].
    pub fn handle_acquired(&mut self, now: Timestamp, answer: Acquired) {
        let now = self.clock.advance(now);
        if matches!(self.ownership, Ownership::Stopped | Ownership::Owner)
            || self.lease == LeaseUse::Disabled
        {
            return;
        }
        match answer {
            Acquired::Owned => {
                let from_passive = self.ownership == Ownership::Passive;
                self.ownership = Ownership::Owner;
                self.acquire_at = None;
                self.acquire_tries = 0;
                self.confirm_lease(now);
                self.events.push_back(Event::Acquired { from_passive });
                self.start_polling();
            }
            Acquired::Other { owner } => {
                self.ownership = Ownership::Passive;
                self.stop_polling();
                self.events.push_back(Event::Passive { owner });
                self.schedule_acquire(now);
            }
            Acquired::Unavailable if self.ownership == Ownership::Acquiring => {
                self.fall_back(NoLease::Unavailable);
                match self.policy.without_lease {
                    WithoutLease::TryAgain => self.schedule_acquire(now),
                    WithoutLease::StayForEver => self.acquire_at = None,
                }
            }
            Acquired::Unavailable => self.schedule_acquire(now),
        }
    }

    /// The store answered [`Action::Renew`].
    pub fn handle_renewed(&mut self, now: Timestamp, answer: Renewed) {
        let now = self.clock.advance(now);
        if self.ownership != Ownership::Owner {
            return;
        }
        match answer {
            Renewed::Kept => self.confirm_lease(now),
            Renewed::Lost => self.lose(now),
            Renewed::Unavailable => {}
        }
    }

    /// Polling began.
    pub fn handle_poll_started(&mut self, now: Timestamp) {
        self.clock.advance(now);
        if self.polling == PollPhase::Off {
            return;
        }
        let recovered = self.poll_retries > 0;
        self.polling = PollPhase::Active;
        self.poll_at = None;
        self.poll_retries = 0;
        self.conflicts = 0;
        self.events.push_back(Event::Started { recovered });
        if recovered {
            self.events.push_back(Event::PollingRecovered);
        }
    }

    /// Polling failed with this text.
    pub fn handle_poll_error(&mut self, now: Timestamp, text: &str) {
        let now = self.clock.advance(now);
        if matches!(self.polling, PollPhase::Off | PollPhase::Waiting) {
            return;
        }
        let conflict = contains_folded(text, "getupdates") && contains_folded(text, "409");
        self.conflicts = if conflict {
            self.conflicts.saturating_add(1)
        } else {
            0
        };
        let delay_ms = doubled(
            self.policy.retry_ms,
            self.poll_retries,
            self.policy.retry_most_ms,
        );
        self.poll_retries = self.poll_retries.saturating_add(1);
        self.polling = PollPhase::Waiting;
        self.poll_at = Some(after(now, delay_ms));
        self.events.push_back(Event::StartFailed { conflict });
        self.events.push_back(Event::RetryScheduled { delay_ms });
    }

    /// The gateway shuts down.
    pub fn handle_shutdown(&mut self, now: Timestamp) {
        self.clock.advance(now);
        if self.ownership == Ownership::Stopped {
            return;
        }
        self.stop_polling();
        if self.lease == LeaseUse::Enabled {
            self.actions.push_back(Action::Release);
        }
        self.ownership = Ownership::Stopped;
        self.forget_lease();
        self.acquire_at = None;
        self.acquire_tries = 0;
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.lease_until.is_some_and(|at| at <= now) {
            self.lose(now);
        } else if self.renew_at.is_some_and(|at| at <= now) {
            self.renew_at = Some(after(now, self.policy.renew_ms.max(1)));
            self.actions.push_back(Action::Renew {
                ttl_ms: self.policy.ttl_ms,
            });
        }
        if self.acquire_at.is_some_and(|at| at <= now) {
            self.try_acquire(now);
        }
        if self.poll_at.is_some_and(|at| at <= now) {
            self.poll_at = None;
            self.polling = PollPhase::Starting;
            self.actions.push_back(Action::StartPolling);
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

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        earliest([
            self.lease_until.map(|at| (at, Wake::LeaseEnd)),
            self.renew_at.map(|at| (at, Wake::Renew)),
            self.acquire_at.map(|at| (at, Wake::Acquire)),
            self.poll_at.map(|at| (at, Wake::Poll)),
        ])
    }

    /// Who polls.
    pub const fn ownership(&self) -> Ownership {
        self.ownership
    }

    /// How the polling is.
    pub const fn polling(&self) -> Polling {
        match self.polling {
            PollPhase::Off => match self.ownership {
                Ownership::Owner | Ownership::Fallback => Polling::Idle,
                _ => Polling::Stopped,
            },
            PollPhase::Active => Polling::Active,
            PollPhase::Waiting if self.conflicts > 0 => Polling::RetryingConflict,
            PollPhase::Waiting => Polling::Retrying,
            PollPhase::Starting => Polling::Starting,
        }
    }

    /// Whether updates come in as they should. Polling without a lease is right only
    /// where leases are not used.
    pub fn is_ingress_healthy(&self) -> bool {
        let rightful = match self.ownership {
            Ownership::Owner => true,
            Ownership::Fallback => self.lease == LeaseUse::Disabled,
            Ownership::Stopped | Ownership::Acquiring | Ownership::Passive => false,
        };
        rightful && matches!(self.polling(), Polling::Active | Polling::Starting)
    }

    fn try_acquire(&mut self, now: Timestamp) {
        self.actions.push_back(Action::Acquire {
            ttl_ms: self.policy.ttl_ms,
        });
        // An answer that never comes is one of a store that cannot be asked.
        self.schedule_acquire(now);
    }

    fn schedule_acquire(&mut self, now: Timestamp) {
        let wait = doubled(
            self.policy.retry_ms.max(1),
            self.acquire_tries,
            self.policy.retry_most_ms.max(1),
        );
        self.acquire_tries = self.acquire_tries.saturating_add(1);
        self.acquire_at = Some(after(now, wait));
    }

    fn confirm_lease(&mut self, now: Timestamp) {
        self.renew_at = Some(after(now, self.policy.renew_ms.max(1)));
        self.lease_until = Some(after(now, self.policy.ttl_ms));
    }

    fn forget_lease(&mut self) {
        self.renew_at = None;
        self.lease_until = None;
    }

    fn lose(&mut self, now: Timestamp) {
        self.ownership = Ownership::Passive;
        self.forget_lease();
        self.stop_polling();
        self.events.push_back(Event::Lost);
        self.schedule_acquire(now);
    }

    fn fall_back(&mut self, why: NoLease) {
        self.ownership = Ownership::Fallback;
        self.events.push_back(Event::Fallback(why));
        self.start_polling();
    }

    fn start_polling(&mut self) {
        if self.polling == PollPhase::Off {
            self.polling = PollPhase::Starting;
            self.actions.push_back(Action::StartPolling);
        }
    }

    fn stop_polling(&mut self) {
        if self.polling != PollPhase::Off {
            self.polling = PollPhase::Off;
            self.actions.push_back(Action::StopPolling);
        }
        self.poll_at = None;
        self.poll_retries = 0;
        self.conflicts = 0;
    }
}

#[cfg(test)]
mod tests;
