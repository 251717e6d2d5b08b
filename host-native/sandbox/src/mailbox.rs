//! Signals between agents in a guest. Times are microseconds since 1970.

pub use crate::bindings::exports::muster::core::mailbox::{
    Broadcasted, NeverSeen, NewSignal, PendingSignal, Sent, SignalCheck, SignalFilter,
};
pub use crate::bindings::exports::muster::core::types::Wake;

use crate::resource::Held;
use crate::{Sandbox, SandboxError};

impl Sandbox {
    /// A guest without signals, there since a moment.
    pub fn mailbox(&self, since: i64) -> Result<Mailbox, SandboxError> {
        Held::new(self, |core, store| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_constructor(store, since)
        })
        .map(Mailbox)
    }

    /// A guest that waits until a deadline.
    pub fn waiter(&self, now: i64, deadline: i64) -> Result<Waiter, SandboxError> {
        Held::new(self, |core, store| {
            let waiter = core.muster_core_mailbox().waiter();
            waiter.call_constructor(store, now, deadline)
        })
        .map(Waiter)
    }
}

/// A guest that holds the signals of a fleet.
pub struct Mailbox(Held);

impl Mailbox {
    /// Sends a signal to one agent.
    pub fn send(&mut self, now: i64, signal: &NewSignal) -> Result<Sent, SandboxError> {
        self.0.call(|core, store, this| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_send(store, this, now, signal)
        })
    }

    /// Sends a signal to all agents.
    pub fn broadcast(&mut self, now: i64, signal: &NewSignal) -> Result<Broadcasted, SandboxError> {
        self.0.call(|core, store, this| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_broadcast(store, this, now, signal)
        })
    }

    /// Takes the oldest signal that matches.
    pub fn take(&mut self, now: i64, filter: &SignalFilter) -> Result<SignalCheck, SandboxError> {
        self.0.call(|core, store, this| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_take(store, this, now, filter)
        })
    }

    /// Looks at the oldest signal that matches.
    pub fn check(&mut self, now: i64, filter: &SignalFilter) -> Result<SignalCheck, SandboxError> {
        self.0.call(|core, store, this| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_check(store, this, now, filter)
        })
    }

    /// What can be received, oldest first.
    pub fn pending(
        &mut self,
        now: i64,
        filter: &SignalFilter,
    ) -> Result<Vec<PendingSignal>, SandboxError> {
        self.0.call(|core, store, this| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_pending(store, this, now, filter)
        })
    }

    /// Removes what could be received.
    pub fn clear(&mut self, now: i64, filter: &SignalFilter) -> Result<u64, SandboxError> {
        self.0.call(|core, store, this| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_clear(store, this, now, filter)
        })
    }

    /// Enrols an agent for a day.
    pub fn enrol(&mut self, now: i64, agent_id: &str) -> Result<(), SandboxError> {
        self.0.call(|core, store, this| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_enrol(store, this, now, agent_id)
        })
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: i64) -> Result<(), SandboxError> {
        self.0.call(|core, store, this| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_handle_timeout(store, this, now)
        })
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&mut self) -> Result<Option<Wake>, SandboxError> {
        self.0.ask(|core, store, this| {
            let mailbox = core.muster_core_mailbox().mailbox();
            mailbox.call_poll_timeout(store, this)
        })
    }
}

/// A guest that says when to look for something that is waited for.
pub struct Waiter(Held);

impl Waiter {
    /// Something may have changed.
    pub fn handle_wake(&mut self, now: i64) -> Result<(), SandboxError> {
        self.0.call(|core, store, this| {
            let waiter = core.muster_core_mailbox().waiter();
            waiter.call_handle_wake(store, this, now)
        })
    }

    /// The store has answered: whether it was there.
    pub fn handle_answer(&mut self, now: i64, is_there: bool) -> Result<(), SandboxError> {
        self.0.call(|core, store, this| {
            let waiter = core.muster_core_mailbox().waiter();
            waiter.call_handle_answer(store, this, now, is_there)
        })
    }

    /// The store could not be asked.
    pub fn handle_failure(&mut self, now: i64, jitter: u32) -> Result<(), SandboxError> {
        self.0.call(|core, store, this| {
            let waiter = core.muster_core_mailbox().waiter();
            waiter.call_handle_failure(store, this, now, jitter)
        })
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: i64) -> Result<(), SandboxError> {
        self.0.call(|core, store, this| {
            let waiter = core.muster_core_mailbox().waiter();
            waiter.call_handle_timeout(store, this, now)
        })
    }

    /// Whether the store has to be asked now.
    pub fn poll_ask(&mut self) -> Result<bool, SandboxError> {
        self.0.ask(|core, store, this| {
            let waiter = core.muster_core_mailbox().waiter();
            waiter.call_poll_ask(store, this)
        })
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub fn poll_timeout(&mut self) -> Result<Option<Wake>, SandboxError> {
        self.0.ask(|core, store, this| {
            let waiter = core.muster_core_mailbox().waiter();
            waiter.call_poll_timeout(store, this)
        })
    }

    /// How the wait has ended, once it has.
    pub fn end(&mut self) -> Result<Option<String>, SandboxError> {
        self.0.ask(|core, store, this| {
            let waiter = core.muster_core_mailbox().waiter();
            waiter.call_end(store, this)
        })
    }
}
