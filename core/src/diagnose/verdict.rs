//! What a rule can say, and how what all rules say becomes one verdict.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::layer::Layer;
use super::pack::Rulebook;
use crate::time::Timestamp;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, and nothing to be done.
    Notice,
    /// Messages are answered, and something is lost or about to be.
    Degraded,
    /// Messages are not answered, are lost, or an inbound channel is dead.
    Failed,
}

/// Whether messages are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// They are.
    Ok,
    /// They are, with less than usual.
    Impaired,
    /// They are not.
    Down,
    /// Nothing says that they are not, and something could not be read.
    Unknown,
}

/// The outcome of a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Messages are answered and nothing that is true now needs a person.
    Ok,
    /// Messages are answered, and something needs a person.
    Degraded,
    /// Messages are not answered, are lost, or an inbound channel is dead.
    Failed,
    /// Nothing failed, and a layer that is expected could not be read.
    Unknown,
}

impl Severity {
    pub(crate) fn of_verdict(name: &str) -> Option<Self> {
        match name {
            "ok" => Some(Self::Notice),
            "degraded" => Some(Self::Degraded),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }

    /// What a cause of this severity does to the delivery, unless it says otherwise.
    pub const fn usual_delivery(self) -> Delivery {
        match self {
            Self::Notice => Delivery::Ok,
            Self::Degraded => Delivery::Impaired,
            Self::Failed => Delivery::Down,
        }
    }

    /// The verdict that a finding of this severity leads to.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Notice => Verdict::Ok,
            Self::Degraded => Verdict::Degraded,
            Self::Failed => Verdict::Failed,
        }
    }
}

impl Delivery {
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Ok, Self::Impaired, Self::Down]
            .into_iter()
            .find(|delivery| delivery.name() == name)
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Impaired => "impaired",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

impl Verdict {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// One piece of evidence as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exhibit {
    /// Which evidence it is from, such as `err_log`.
    pub(crate) source: String,
    /// Its line there.
    pub(crate) line: Option<u64>,
    /// Its time.
    pub(crate) at: Option<Timestamp>,
    /// The time is not its own: it lies between the process start and now.
    pub(crate) bounded: bool,
    /// What it says.
    pub(crate) text: String,
}

impl Exhibit {
    pub(crate) fn of(source: &str, text: impl Into<String>) -> Self {
        Self {
            source: source.to_string(),
            line: None,
            at: None,
            bounded: false,
            text: text.into(),
        }
    }
}

/// A cause that holds, with what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) cause: String,
    pub(crate) layer: Layer,
    pub(crate) severity: Severity,
    pub(crate) delivery: Delivery,
    pub(crate) title: String,
    pub(crate) exhibits: Vec<Exhibit>,
    /// Ids of what to do, where it is not what the cause says.
    pub(crate) remedies: Vec<String>,
}

/// What a rule says. A rule that says nothing gives none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// A cause holds.
    Finding(Finding),
    /// Old, repaired or expected; about a cause or about nothing that has an id.
    Information {
        about: Option<&'static str>,
        text: String,
    },
    /// Cannot be told yet: look again then.
    Recheck { at: Timestamp, why: String },
    /// Cannot be told at all from this evidence.
    CannotTell { layer: Layer, why: String },
}

/// Findings in their roles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    /// One per cause, in the order of layers; the primary one first.
    pub(crate) findings: Vec<Finding>,
    /// Whether the first of them is the primary cause.
    pub(crate) has_primary: bool,
    /// By cause: the causes that make it secondary.
    pub(crate) explained_by: BTreeMap<String, Vec<String>>,
}

/// Finds the primary cause: the deepest one that explains the worst of what is broken.
pub(crate) fn resolve(found: Vec<Finding>, rules: &Rulebook) -> Resolved {
    let mut findings: Vec<Finding> = Vec::new();
    for mut finding in found {
        match findings
            .iter_mut()
            .find(|other| other.cause == finding.cause)
        {
            Some(other) => {
                other.severity = other.severity.max(finding.severity);
                other.delivery = other.delivery.max(finding.delivery);
                other.layer = other.layer.min(finding.layer);
                // None of its own stands for those of the cause.
                if other.remedies.is_empty() != finding.remedies.is_empty() {
                    let usual = rules
                        .cause(&other.cause)
                        .map(|cause| cause.remedies.clone());
                    let named_none = if other.remedies.is_empty() {
                        &mut other.remedies
                    } else {
                        &mut finding.remedies
                    };
                    *named_none = usual.unwrap_or_default();
                }
                for remedy in finding.remedies {
                    if !other.remedies.contains(&remedy) {
                        other.remedies.push(remedy);
                    }
                }
                for exhibit in finding.exhibits {
                    if !other.exhibits.contains(&exhibit) {
                        other.exhibits.push(exhibit);
                    }
                }
            }
            None => findings.push(finding),
        }
    }
    findings.sort_by_key(|finding| finding.layer);
    let graph = Graph::new(&findings, rules);
    let worst = findings.iter().map(|finding| finding.severity).max();
    let primary = (0..findings.len())
        .filter(|&at| graph.is_root(at))
        .filter(|&at| {
            graph
                .reach(at)
                .into_iter()
                .any(|reached| Some(findings[reached].severity) == worst)
        })
        .max_by_key(|&at| {
            let minor = rules
                .cause(&findings[at].cause)
                .is_some_and(|cause| cause.minor);
            (
                !minor,
                graph.depth(at),
                core::cmp::Reverse(findings[at].layer),
                core::cmp::Reverse(at),
            )
        });
    let explained_by = (0..findings.len())
        .filter_map(|at| {
            let by: Vec<String> = graph.parents[at]
                .iter()
                .map(|&parent| findings[parent].cause.clone())
                .collect();
            (!by.is_empty()).then(|| (findings[at].cause.clone(), by))
        })
        .collect();
    if let Some(primary) = primary {
        let first = findings.remove(primary);
        findings.insert(0, first);
    }
    Resolved {
        findings,
        has_primary: primary.is_some(),
        explained_by,
    }
}

/// What explains what, among the findings that are there.
struct Graph {
    children: Vec<Vec<usize>>,
    parents: Vec<Vec<usize>>,
}

impl Graph {
    fn new(findings: &[Finding], rules: &Rulebook) -> Self {
        let mut children = alloc::vec![Vec::new(); findings.len()];
        let mut parents = alloc::vec![Vec::new(); findings.len()];
        for (at, finding) in findings.iter().enumerate() {
            let Some(cause) = rules.cause(&finding.cause) else {
                continue;
            };
            for (other, explained) in findings.iter().enumerate() {
                if other != at && cause.explains.contains(&explained.cause) {
                    children[at].push(other);
                    parents[other].push(at);
                }
            }
        }
        Self { children, parents }
    }

    /// Whether nothing explains it, or only what it explains itself: packs may
    /// draw circles, and then the first of a circle stands for it.
    fn is_root(&self, at: usize) -> bool {
        let below = self.reach(at);
        self.parents[at]
            .iter()
            .all(|parent| below.contains(parent) && at < *parent)
    }

    /// The finding itself and everything that it explains, directly or not.
    fn reach(&self, at: usize) -> BTreeSet<usize> {
        let mut seen = BTreeSet::from([at]);
        let mut open = alloc::vec![at];
        while let Some(next) = open.pop() {
            for &child in &self.children[next] {
                if seen.insert(child) {
                    open.push(child);
                }
            }
        }
        seen
    }

    /// How many steps the longest shortest way down has; circles end it.
    fn depth(&self, at: usize) -> usize {
        let mut seen = BTreeSet::from([at]);
        let mut edge = alloc::vec![at];
        let mut depth = 0;
        loop {
            let mut next = Vec::new();
            for node in edge {
                for &child in &self.children[node] {
                    if seen.insert(child) {
                        next.push(child);
                    }
                }
            }
            if next.is_empty() {
                return depth;
            }
            depth += 1;
            edge = next;
        }
    }
}
