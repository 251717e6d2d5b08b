//! Beats that were sent.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::Seconds;
use crate::decimal::Decimal;
use crate::time::Timestamp;

/// A beat that was accepted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BeatView {
    /// Who.
    pub agent_id: String,
    /// `starting`, `running`, or a final status.
    pub status: String,
    /// From 0 to 1.
    pub progress: Decimal,
    /// What it does.
    pub current_task: String,
    /// When.
    pub last_beat: Timestamp,
    /// When the agent is gone if no other beat comes.
    pub expires_at: Timestamp,
    /// What may go wrong, in words.
    pub warnings: Vec<String>,
}

/// A command that ran while its agent beat.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunView {
    /// Who.
    pub agent_id: String,
    /// The final status: `completed`, `failed` or `cancelled`.
    pub status: String,
    /// The exit status that is passed on: the command's own, or 128 and the signal.
    pub exit: u8,
    /// The signal that ended the command; `null` if none did.
    pub signal: Option<i32>,
    /// How many beats were accepted, the first and the last included.
    pub beats: u64,
    /// How many beats the store did not take.
    pub beats_lost: u64,
    /// When the command began.
    pub started_at: Timestamp,
    /// How long it ran.
    pub ran_s: Seconds,
    /// What may go wrong, or has, in words.
    pub warnings: Vec<String>,
}
