//! What the commands of the spool tell.

use std::path::PathBuf;

use muster_core::Day;
use muster_core::view::BridgeStatsReport;
use serde::Serialize;

use super::spool::Repairs;

/// What lies in a spool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpoolReport {
    /// The folder.
    pub spool: PathBuf,
    /// Why nothing is written or sent, if telemetry is turned off.
    pub opted_out: Option<String>,
    /// Entries that wait to be sent.
    pub pending: u64,
    /// Entries that were set aside.
    pub quarantined: u64,
    /// Entries that were sent and kept.
    pub flushed: u64,
    /// Temporary files of writers that are at work or died.
    pub temporary: u64,
    /// Files that are no entries.
    pub others: u64,
    /// The day of the oldest entry that waits.
    pub oldest_pending: Option<Day>,
    /// Entries that were set aside or wait, as many as were asked for.
    pub entries: Vec<SpooledEntry>,
    /// Further ones, not shown.
    pub entries_left_out: u64,
    /// What was put right, if that was asked for.
    pub repairs: Option<Repairs>,
    /// Entries that were set aside and wait again, if that was asked for.
    pub released: Option<u64>,
    /// Entries that were removed, if that was asked for.
    pub pruned: Option<u64>,
}

/// One entry of a spool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpooledEntry {
    /// The file's name.
    pub file: String,
    /// The entry's id.
    pub id: String,
    /// The day on which the command started.
    pub day: Day,
    /// Whether it waits.
    pub state: EntryState,
    /// The command, or the workflow's step; `null` if it cannot be read.
    pub what: Option<String>,
    /// How the command ended; `null` if it cannot be read.
    pub status: Option<String>,
    /// Why it cannot be read.
    pub unusable: Option<String>,
}

/// What the name of an entry's file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryState {
    /// It waits to be sent.
    Pending,
    /// It was sent and is kept.
    Flushed,
    /// It was set aside.
    Quarantined,
}

/// What entries say, and which they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpoolStats {
    /// Which entries were read.
    pub sources: EntrySources,
    /// What they say.
    #[serde(flatten)]
    pub stats: BridgeStatsReport,
}

/// Which entries were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EntrySources {
    /// The spool's folder, if it was read.
    pub spool: Option<PathBuf>,
    /// Entries that wait to be sent.
    pub pending: u64,
    /// Entries that were sent and kept.
    pub flushed: u64,
    /// Entries that were set aside.
    pub quarantined: u64,
    /// Files of lines.
    pub files: Vec<PathBuf>,
    /// Entries in those.
    pub in_files: u64,
    /// Files and lines that hold no entry.
    pub skipped: u64,
}
