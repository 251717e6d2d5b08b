//! A diagnosis: verdict, cause, what to do, and the layers.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use super::ProblemView;
use crate::diagnose::{Delivery, Layer, LayerStatus, Verdict};
use crate::time::{Timestamp, Window};

/// The last diagnosis that a server made.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LastDiagnosisView {
    /// The diagnosis; `null` where none was made.
    pub diagnosis: Option<DiagnosisView>,
    /// When it was made.
    pub made_at: Option<Timestamp>,
    /// Where its evidence is from: `live` or `bundle`.
    pub source: Option<&'static str>,
    /// Why there is none, or no new one.
    pub error: Option<ProblemView>,
    /// When it is made without being asked for.
    pub schedule: DiagnosisScheduleView,
}

/// How often a server looks at the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DiagnosisScheduleView {
    /// So many minutes lie between two diagnoses; `null`: only when asked for.
    pub every_minutes: Option<u64>,
    /// The set-up that is looked at.
    pub profile: String,
    /// The set-ups that are known.
    pub profiles: Vec<String>,
    /// Whether that was chosen on the page, and not by the settings.
    pub is_chosen: bool,
    /// When the next one is made.
    pub next_at: Option<Timestamp>,
}

/// What is wrong with a gateway, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiagnosisView {
    /// `ok`, `degraded`, `failed` or `unknown`.
    pub verdict: Verdict,
    /// Whether messages are answered: `ok`, `impaired`, `down` or `unknown`.
    pub delivery: Delivery,
    /// The layer that the primary cause's evidence lies in.
    pub first_failing_layer: Option<Layer>,
    /// Id of the primary cause, `none` where there is none.
    pub cause: String,
    /// The cause in a sentence.
    pub summary: String,
    /// Ids of all other causes that hold.
    pub secondary: Vec<String>,
    /// Ids of what to do, in order.
    pub remedy: Vec<String>,
    /// The same with text and command.
    pub remedies: Vec<RemedyView>,
    /// Every layer, first to last.
    pub layers: Vec<LayerView>,
    /// Old, repaired or expected things.
    pub information: Vec<InformationView>,
    /// When to look again, where something cannot be told yet.
    pub recheck: Option<RecheckView>,
    /// The time that ages are counted to.
    pub now: Timestamp,
    /// What counts as current.
    pub window: Window,
    /// What was looked at, by name.
    pub evidence: BTreeMap<&'static str, EvidenceView>,
    /// The rule packs, `name version`.
    pub packs: Vec<String>,
    /// What the answer leaves out or takes for granted, in sentences.
    pub notes: Vec<String>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemedyView {
    /// The stable id.
    pub id: String,
    /// What to do, in a sentence.
    pub text: String,
    /// The command that does it, where one does.
    pub command: Option<String>,
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerView {
    /// Its name.
    pub layer: Layer,
    /// `ok`, `degraded`, `failed`, `skipped`, `unknown` or `not_applicable`.
    pub status: LayerStatus,
    /// What it shows, or why it could not be read.
    pub detail: String,
    /// What was found in it.
    pub findings: Vec<FindingView>,
}

/// A cause that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// Its id.
    pub cause: String,
    /// `primary`, `secondary` or `notice`.
    pub role: &'static str,
    /// `ok`, `degraded` or `failed`: what it alone would lead to.
    pub severity: &'static str,
    /// What it is, in a sentence.
    pub title: String,
    /// Ids of the causes that make it secondary.
    pub explained_by: Vec<String>,
    /// What shows it, at most five pieces, the newest.
    pub evidence: Vec<ExhibitView>,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExhibitView {
    /// Which evidence it is from, as in the bundle.
    pub source: String,
    /// Its line there, from 1.
    pub line: Option<u64>,
    /// Its time; `null` where only bounds are known.
    pub at: Option<Timestamp>,
    /// It is a record without a time of its own, since the start of the process.
    pub bounded: bool,
    /// What it says, shortened.
    pub text: String,
}

/// Something old, repaired or expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InformationView {
    /// Id of the cause that it would be if it were current, where it has one.
    pub about: Option<String>,
    /// What it is, in a sentence.
    pub text: String,
}

/// When to look again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecheckView {
    /// The earliest useful time.
    pub at: Timestamp,
    /// What cannot be told before.
    pub why: String,
}

/// How one piece of evidence was come by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EvidenceView {
    /// `present`, `absent` or `unreadable`.
    pub state: &'static str,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Lines, where it has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// Lines that could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped: Option<u64>,
    /// Records that were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
}

impl DiagnosisView {
    /// Whether all is well, which the exit status tells.
    pub fn is_ok(&self) -> bool {
        self.verdict == Verdict::Ok
    }

    /// The primary finding.
    pub fn primary(&self) -> Option<&FindingView> {
        self.findings().find(|finding| finding.role == "primary")
    }

    /// All findings, in the order of layers.
    pub fn findings(&self) -> impl Iterator<Item = &FindingView> {
        self.layers.iter().flat_map(|layer| &layer.findings)
    }
}

macro_rules! by_name {
    ($($kind:ty),*) => {$(
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    )*};
}

by_name!(Verdict, Delivery, Layer, LayerStatus);
