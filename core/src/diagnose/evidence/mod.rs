//! Everything that a diagnosis may look at, each piece with how it came to be
//! there: present, absent, or there and not to be read.

mod bundle;
mod document;
mod journal;
mod log;
mod otel;
pub(crate) mod printed;
mod transcript;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

pub use bundle::BundleError;
pub use document::Document;
pub(crate) use document::{scalar, time_of};
pub use journal::JournalReader;
pub(crate) use log::Record;
pub use log::{LogEvidence, LogReader};
pub(crate) use otel::Event;
pub use otel::{OtelEvidence, OtelReader};
pub(crate) use transcript::EntryKind;
pub use transcript::{TranscriptEvidence, TranscriptReader};
pub(crate) use transcript::{time, without_preamble};

use crate::time::Timestamp;

/// Why evidence is missing that nobody looked for.
pub(crate) const NOT_COLLECTED: &str = "not collected";

/// One piece of evidence and how it was come by.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Collected<T> {
    /// Nobody collected it.
    #[default]
    Absent,
    /// It was looked for and cannot be read, for this reason.
    Unreadable(String),
    /// It is there.
    Present(T),
}

impl<T> Collected<T> {
    /// The evidence, where it is there.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// Whether it is there.
    pub fn is_present(&self) -> bool {
        self.get().is_some()
    }

    /// Why it is not there, in a few words; `None` where it is.
    pub(crate) fn why_missing(&self) -> Option<&str> {
        match self {
            Self::Present(_) => None,
            Self::Absent => Some(NOT_COLLECTED),
            Self::Unreadable(reason) => Some(reason),
        }
    }
}

/// All evidence of one gateway at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Virtual machine, node and pods.
    pub substrate: Collected<Document>,
    /// The service as launchd has it.
    pub launchd: Collected<Document>,
    /// The service as systemd has it.
    pub systemd: Collected<Document>,
    /// The process, its pid file and its start.
    pub process: Collected<Document>,
    /// The status that the gateway gives of itself.
    pub status: Collected<Document>,
    /// The standard error.
    pub err_log: Collected<LogEvidence>,
    /// The standard output.
    pub out_log: Collected<LogEvidence>,
    /// Other logs, by the name that rules give them.
    pub logs: BTreeMap<String, LogEvidence>,
    /// Why other logs are missing that were looked for.
    pub missing_logs: BTreeMap<String, String>,
    /// The newest transcript of the session.
    pub session: Collected<TranscriptEvidence>,
    /// Telemetry events.
    pub otel: Collected<OtelEvidence>,
    /// What the model's provider answered to a request without credentials.
    pub model_api: Collected<Document>,
    /// What Redis holds.
    pub redis: Collected<Document>,
    /// What became of a test event.
    pub e2e: Collected<Document>,
    /// When the heartbeat was last written.
    pub tripwire: Collected<Document>,
    /// The settings that the gateway was asked to run with.
    pub config: Collected<Document>,
    /// Versions of the parts.
    pub versions: Collected<Document>,
    /// Who listens on which port.
    pub listeners: Collected<Document>,
    /// Other documents, by the name that rules give them.
    pub documents: BTreeMap<String, Document>,
    /// Files by path: age and size.
    pub files: Collected<Document>,
    /// Other processes by name.
    pub processes: Collected<Document>,
    /// What the collector calls this machine's set-up.
    pub profile: Option<String>,
    /// Names of the pieces that this set-up does not have, as in a bundle.
    pub not_part: BTreeSet<String>,
    /// What the collector left out, in sentences.
    pub notes: Vec<String>,
    /// When it was collected.
    pub now: Option<Timestamp>,
}
