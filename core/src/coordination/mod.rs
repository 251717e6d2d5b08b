//! What agents do with each other through a store, in one vocabulary for every
//! store: operations go in, outcomes come out, each at a time that the caller gives.
//!
//! [`Model`] is the reference: it answers every [`Operation`] from memory, and the
//! stores have to answer the same. Its [`Mailbox`] and [`Approvals`] stand alone too. Nothing here waits: [`Waiter`] and
//! [`StreamCursor`] are machines that say when to ask, and hosts do.

mod backoff;
mod beat_run;
mod cadence;
mod cursor;
mod defaults;
#[doc(hidden)]
pub mod fuzz;
mod model;
mod name;
mod operation;
mod outcome;
mod waiter;

pub use backoff::Backoff;
pub use beat_run::BeatRun;
pub use cadence::cadence_warnings;
pub use cursor::{
    Begin, CursorEnd, CursorItem, CursorOptions, CursorQuestion, CursorTimeout, Member,
    StreamCursor,
};
pub use defaults::{
    BEAT_HISTORY, DEFAULT_BLOCK_MS, DEFAULT_FEEDBACK_TTL_S, DEFAULT_HEARTBEAT_INTERVAL_S,
    DEFAULT_HEARTBEAT_TTL_S, DEFAULT_RECENT_EVENTS, DEFAULT_SIGNAL_WAIT_S, DEFAULT_STALE_S,
    DEFAULT_STREAM_LENGTH, DEFAULT_TRIM_LENGTH, ENROLMENT_S, GRACE_S, MIN_ANSWER_LEFT_US,
};
pub use model::{Approvals, Mailbox, Model, ModelTimeout};
pub use name::{MAX_NAME_BYTES, NameError, check_name};
pub use operation::{
    AckEvents, Answer, ApprovalFilter, BeatInput, FeedbackQuery, GroupRead, NewApproval, NewEvent,
    NewSignal, Operation, Position, RecentQuery, SignalFilter, StreamRead,
};
pub use outcome::{
    ApprovalRow, ApprovalState, Broadcasted, Cleared, Decision, FleetRow, Gap, GroupEvent,
    GroupInfo, Listing, Malformed, Outcome, PendingSignal, Refusal, Requested, Sent, SignalCheck,
    StreamBatch, StreamInfo,
};
pub use waiter::{WaitEnd, Waiter, WaiterTimeout};

#[cfg(test)]
mod tests;
