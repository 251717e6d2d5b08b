//! The rules that a diagnosis goes by.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::Serialize;

use crate::diagnose::{Cause, ForeignPack, Layer, Pack, Rulebook};

use super::diagnosis::RemedyView;

/// Every cause that a diagnosis can name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RulesView {
    /// The packs, `name version`.
    pub packs: Vec<String>,
    /// The causes, in the order of the packs.
    pub causes: Vec<CauseView>,
}

/// A cause: what points at it, what it explains, what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CauseView {
    /// Its id.
    pub id: String,
    /// The pack that names it.
    pub pack: String,
    /// The layer that its evidence usually lies in.
    pub layer: Layer,
    /// What it alone leads to: `ok`, `degraded` or `failed`.
    pub verdict: &'static str,
    /// What it does to the delivery of messages: `ok`, `impaired` or `down`.
    pub delivery: &'static str,
    /// What it is, in a sentence.
    pub title: String,
    /// What points at it, where a table says it; empty where the procedure does.
    pub evidence: Vec<String>,
    /// Ids of the causes that it makes secondary.
    pub explains: Vec<String>,
    /// Ids of the causes that make it secondary.
    pub explained_by: Vec<String>,
    /// It gives way to every other cause.
    pub minor: bool,
    /// What to do, in order.
    pub remedies: Vec<RemedyView>,
}

/// A rule pack that can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackCheckView {
    /// The file as it was named.
    pub file: String,
    /// The pack's name.
    pub name: String,
    /// How many causes it names.
    pub causes: usize,
    /// How many rules it has.
    pub rules: usize,
}

impl RulesView {
    /// All causes of the packs.
    pub fn of(rules: &Rulebook) -> Self {
        Self {
            packs: rules
                .packs()
                .map(|(name, version)| format!("{name} {version}"))
                .collect(),
            causes: rules
                .causes()
                .map(|cause| CauseView::of_cause(rules, cause))
                .collect(),
        }
    }
}

impl CauseView {
    /// The cause of an id, if any pack names it.
    pub fn of(rules: &Rulebook, id: &str) -> Option<Self> {
        rules.cause(id).map(|cause| Self::of_cause(rules, cause))
    }

    fn of_cause(rules: &Rulebook, cause: &Cause) -> Self {
        Self {
            id: cause.id.clone(),
            pack: cause.pack.clone(),
            layer: cause.layer,
            verdict: cause.severity.verdict().name(),
            delivery: cause.delivery.name(),
            title: cause.title.clone(),
            evidence: rules.evidence_of(&cause.id),
            explains: cause.explains.clone(),
            explained_by: rules
                .causes()
                .filter(|other| other.explains.contains(&cause.id))
                .map(|other| other.id.clone())
                .collect(),
            minor: cause.minor,
            remedies: cause
                .remedies
                .iter()
                .filter_map(|id| rules.remedy(id))
                .map(|remedy| RemedyView {
                    id: remedy.id.clone(),
                    text: remedy.text.clone(),
                    command: remedy.command.clone(),
                })
                .collect(),
        }
    }
}

impl PackCheckView {
    /// What a program with rules holds.
    pub fn of_foreign(file: &str, pack: &ForeignPack) -> Self {
        Self {
            file: file.to_string(),
            name: pack.name.clone(),
            causes: pack.causes.len(),
            rules: pack.rules.len(),
        }
    }

    /// What a pack holds.
    pub fn of(file: &str, pack: &Pack) -> Self {
        Self {
            file: file.to_string(),
            name: pack.name().to_string(),
            causes: pack.cause_count(),
            rules: pack.rule_count(),
        }
    }
}
