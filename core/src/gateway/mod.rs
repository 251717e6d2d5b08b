//! What a gateway between people, channels and a model session has to decide,
//! each decision a machine on virtual time.
//!
//! Every machine is driven by the same verbs: `handle_*(now, ..)` for what
//! happened, `handle_timeout(now)` when a wake-up is due, `poll_action()` for what
//! the host must do, `poll_event()` for what is worth recording, and
//! `poll_timeout()` for when to call again and why. After each call the host
//! drains both polls; what waits in them is never dropped. A call that is early,
//! doubled or late does no harm, and a clock that goes back stands still.
//!
//! The machines follow the joelclaw gateway. Where that gateway is known to be
//! wrong, the default here is right, and its behaviour has a name: a variant that
//! says so, gathered in the `peer()` of the machine's policy.

pub mod batching;
pub mod channel_heal;
pub mod channel_health;
pub mod channel_probe;
mod clock;
pub mod command_queue;
pub mod console_forward;
pub mod dedup;
pub mod error_budget;
pub mod failure_kind;
pub mod fallback;
pub mod fuzz;
pub mod health_monitor;
pub mod heartbeat_gate;
pub mod maintenance;
pub mod model_alerts;
pub mod operator_trace;
pub mod poll_lease;
pub mod pressure;
pub mod priority;
pub mod redis_mode;
pub mod watchdog;

#[cfg(test)]
mod vectors;

use alloc::boxed::Box;
use core::fmt;

/// What names one durable message, such as the id of its stream entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub Box<str>);

impl From<&str> for MessageId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of a restart that the host was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartOutcome {
    /// It was carried out, which does not mean that it helped.
    Done,
    /// It could not be carried out.
    Failed,
}
