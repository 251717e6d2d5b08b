//! Which specs look finished.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::SpecDocument;
use crate::time::{Timestamp, US_PER_DAY};

/// What is known beside the specs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecSettings {
    /// Pull requests that are in the history of the project.
    pub merged: BTreeSet<u64>,
    /// Marks of candidates that somebody has dismissed.
    pub dismissed: BTreeSet<String>,
}

/// A spec that looks finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The spec.
    pub slug: String,
    /// Why, in sentences.
    pub evidence: Vec<String>,
    /// What tells this state of the spec from any other: a dismissal is of a mark.
    pub mark: String,
}

/// Whether a spec looks finished: it is approved, has rested for a day, all of its
/// tasks are done and there are some, and each pull request that it names is in the
/// history of the project.
///
/// A plan without tasks is no candidate, however old: nothing shows that it was done.
pub fn candidate(
    spec: &SpecDocument,
    settings: &SpecSettings,
    now: Timestamp,
) -> Option<Candidate> {
    let rested = now.as_micros().saturating_sub(spec.updated_at.as_micros());
    let is_done = spec.open_tasks == 0 && spec.done_tasks > 0;
    let is_merged = spec.pull_requests.is_subset(&settings.merged);
    if spec.status.as_deref() != Some("approved") || rested < US_PER_DAY || !is_done || !is_merged {
        return None;
    }
    let mut evidence = Vec::from([
        String::from("it is approved and not marked as complete"),
        format!("all {} tasks are done", spec.done_tasks),
        format!("nothing was changed since {}", spec.updated_at),
    ]);
    if !spec.pull_requests.is_empty() {
        let count = spec.pull_requests.len();
        evidence.push(format!("all {count} pull requests are in the history"));
    }
    Some(Candidate {
        slug: spec.slug.clone(),
        evidence,
        mark: mark(spec),
    })
}

/// Differs when the spec has changed.
fn mark(spec: &SpecDocument) -> String {
    format!(
        "{}-{}-{}",
        spec.updated_at.as_micros(),
        spec.done_tasks,
        spec.pull_requests.len()
    )
}
