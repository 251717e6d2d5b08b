//! The store itself: what it is, whether what it holds is sound, who watches it.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use crate::coordination::Malformed;
use crate::time::Timestamp;

/// What sort of store it is and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreInfoView {
    /// `sqlite`, `redis` or `memory`.
    pub backend: String,
    /// Where it is, without a password.
    pub location: String,
    /// The version of the library or the server.
    pub version: String,
    /// What an accepted write survives: `memory` nothing, `seconds` the end of a
    /// process, `disk` a power cut; `unknown` where the server does not tell.
    pub durability: String,
    /// Since when it has been watched without a gap; `null`: it cannot be said.
    pub observed_since: Option<Timestamp>,
    /// What a user should know about it.
    pub notes: Vec<String>,
}

/// What a store holds, all of it looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StoreCheckView {
    /// Where it is, without a password.
    pub location: String,
    /// Whether everything could be read.
    pub sound: bool,
    /// Signals that can be received.
    pub signals: u64,
    /// Signals that expired within a day and that nobody has received.
    pub expired_signals: u64,
    /// Agents that are remembered.
    pub agents: u64,
    /// Approvals that are remembered, answered ones included.
    pub approvals: u64,
    /// Streams.
    pub streams: u64,
    /// Events in them.
    pub events: u64,
    /// Values that are no records.
    pub malformed: Vec<MalformedView>,
}

/// A value in a store that is no record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MalformedView {
    /// Where it lies: the key, or the stream and the entry's id.
    pub key: String,
    /// The sort of error, such as `missing_field`.
    pub reason: String,
    /// The error in words.
    pub error: String,
}

/// How a process notices what others write into the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoreWatchView {
    /// When this was so.
    pub at: Timestamp,
    /// `notified`: the server tells of each write; `scanning`: its keys are gone
    /// through again and again; `standing_by`: another process watches; `none`:
    /// nobody but Muster writes into a store of this sort.
    pub mode: String,
    /// How many foreign values were taken in so far.
    pub adopted: u64,
    /// How many foreign answers to approvals contradict a decision that stands.
    pub contested: u64,
    /// How many keys the last whole look went over.
    pub keys: u64,
    /// How long that took, in milliseconds.
    pub look_ms: u64,
}

impl From<&Malformed> for MalformedView {
    fn from(malformed: &Malformed) -> Self {
        use alloc::string::ToString as _;

        Self {
            key: malformed.key.clone(),
            reason: malformed.error.kind.code().into(),
            error: malformed.error.kind.to_string(),
        }
    }
}
