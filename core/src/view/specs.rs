//! Specs, and those that look finished.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use crate::specs::{Lifecycle, SpecDocument, SpecSettings, Stage, candidate};
use crate::time::Timestamp;

/// The specs of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SpecsView {
    /// The folders that were looked into.
    pub roots: Vec<SpecRootView>,
    /// The specs, the newest first.
    pub specs: Vec<SpecView>,
    /// Whether it is looked for specs that look finished.
    pub candidates_enabled: bool,
    /// Those that do.
    pub candidates: Vec<CandidateView>,
    /// Why there are none: `disabled`, `read_only`, `no_roots`, `root_missing` or
    /// `none_matched`; `null` where there are some.
    pub why_none: Option<WhyNone>,
    /// How many of them somebody has dismissed.
    pub dismissed: u64,
}

/// A folder of specs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpecRootView {
    /// Where it is.
    pub path: String,
    /// `ok`, `missing` or `unreadable`.
    pub state: SpecRootState,
    /// How many specs it holds.
    pub specs: u64,
}

/// Whether a folder can be looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecRootState {
    /// It can.
    Ok,
    /// There is none.
    Missing,
    /// It cannot be read.
    Unreadable,
}

/// One spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpecView {
    /// The folder's name.
    pub slug: String,
    /// The folder that it lies in.
    pub root: String,
    /// Its heading.
    pub title: String,
    /// What becomes of it.
    pub lifecycle: Lifecycle,
    /// How far it is.
    pub stage: Stage,
    /// The status that its files state.
    pub status: Option<String>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Tasks that are not done.
    pub open_tasks: u64,
    /// Tasks that are.
    pub done_tasks: u64,
    /// Its files.
    pub files: Vec<String>,
}

/// A spec that looks finished and is not marked so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CandidateView {
    /// The spec.
    pub slug: String,
    /// Why, in sentences.
    pub evidence: Vec<String>,
    /// What a dismissal has to name.
    pub mark: String,
}

/// Why no spec is shown as finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyNone {
    /// It is not looked for them.
    Disabled,
    /// The server only reads.
    ReadOnly,
    /// No folder is named.
    NoRoots,
    /// The folders are not there.
    RootMissing,
    /// None looks finished, or all that do are dismissed.
    NoneMatched,
}

impl SpecsView {
    /// The specs at `now`. `off` says why it is not looked for finished ones.
    pub fn of(
        now: Timestamp,
        roots: Vec<SpecRootView>,
        documents: &[SpecDocument],
        settings: &SpecSettings,
        off: Option<WhyNone>,
    ) -> Self {
        let mut specs: Vec<SpecView> = documents.iter().map(|it| SpecView::of(it, now)).collect();
        specs.sort_by(|a, b| (b.updated_at, &a.slug).cmp(&(a.updated_at, &b.slug)));
        let found = documents
            .iter()
            .filter(|_| off.is_none())
            .filter_map(|spec| candidate(spec, settings, now));
        let (dismissed, shown): (Vec<_>, Vec<_>) =
            found.partition(|candidate| settings.dismissed.contains(&candidate.mark));
        let candidates: Vec<CandidateView> = shown
            .into_iter()
            .map(|candidate| CandidateView {
                slug: candidate.slug,
                evidence: candidate.evidence,
                mark: candidate.mark,
            })
            .collect();
        let is_there = |root: &SpecRootView| root.state == SpecRootState::Ok;
        let why_none = match off {
            Some(off) => Some(off),
            None if !candidates.is_empty() => None,
            None if roots.is_empty() => Some(WhyNone::NoRoots),
            None if !roots.iter().any(is_there) => Some(WhyNone::RootMissing),
            None => Some(WhyNone::NoneMatched),
        };
        Self {
            roots,
            specs,
            candidates_enabled: off.is_none(),
            candidates,
            why_none,
            dismissed: dismissed.len() as u64,
        }
    }
}

impl SpecView {
    fn of(spec: &SpecDocument, now: Timestamp) -> Self {
        Self {
            slug: spec.slug.clone(),
            root: spec.root.clone(),
            title: spec.title.clone(),
            lifecycle: spec.lifecycle(now),
            stage: spec.stage(),
            status: spec.status.clone(),
            updated_at: spec.updated_at,
            open_tasks: spec.open_tasks,
            done_tasks: spec.done_tasks,
            files: spec.files.clone(),
        }
    }
}
