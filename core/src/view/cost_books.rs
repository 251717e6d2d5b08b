//! Books of costs beside the usage log, and logs that are only counted.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use serde::Serialize;

use super::map::IntoMap as _;
use crate::aggregate::Book;
use crate::log_kind::LogKind;
use crate::money::{Usd, UsdChange};
use crate::telemetry::Telemetry;

/// What one book of costs adds up to. Books record the same calls in part, so
/// they are never added to the usage log or to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CostBook {
    /// Records in the window.
    pub records: u64,
    /// What they cost, in US dollars.
    pub cost_usd: Usd,
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens given back.
    pub tokens_out: u64,
    /// The baseline as the book itself records it, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline_usd: Option<Usd>,
    /// The savings as the book itself records them, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub savings_usd: Option<UsdChange>,
    /// Records outside the window.
    pub outside_window: u64,
}

/// A log that no report of its own is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OtherLog {
    /// Records: in the window, or all of a log that is only listed.
    pub records: u64,
    /// Records by what happened, in the log of memory events.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_event: BTreeMap<String, u64>,
    /// Records by how far they are, in the log of diagnoses.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_status: BTreeMap<String, u64>,
    /// Records outside the window.
    pub outside_window: u64,
}

impl Telemetry {
    /// The books of costs that were seen, by the log's name.
    pub(super) fn cost_books(&self) -> BTreeMap<&'static str, CostBook> {
        let logs = &self.logs;
        let runs = (
            LogKind::WorkflowRuns,
            logs.workflow_runs.sums.0,
            &logs.workflow_runs.gate,
        );
        let calls = (
            LogKind::LlmCalls,
            logs.llm_calls.sums.book(),
            &logs.llm_calls.gate,
        );
        let costs = (LogKind::Costs, logs.costs.sums.0, &logs.costs.gate);
        [runs, calls, costs]
            .into_iter()
            .filter(|(kind, _, _)| self.has_seen(*kind))
            .map(|(kind, book, gate)| {
                let states_baseline = kind != LogKind::LlmCalls;
                (
                    kind.name(),
                    CostBook::of(&book, states_baseline, gate.outside),
                )
            })
            .into_map()
    }

    /// Whether a sum of a book reached its type's end.
    pub(super) fn has_saturated_book(&self) -> bool {
        let logs = &self.logs;
        logs.workflow_runs.sums.0.is_saturated()
            || logs.costs.sums.0.is_saturated()
            || logs.llm_calls.sums.totals().is_saturated()
    }

    /// The logs that are only counted and that were seen, by name.
    pub(super) fn other_logs(&self) -> BTreeMap<&'static str, OtherLog> {
        let mut logs = BTreeMap::new();
        for source in &self.sources {
            if source.kind.is_listed_only() {
                let log: &mut OtherLog = logs.entry(source.kind.name()).or_default();
                log.records += source.log.records;
            }
        }
        let (events, diagnoses) = (&self.logs.memory_events, &self.logs.diagnoses);
        if self.has_seen(LogKind::MemoryEvents) {
            let log = OtherLog {
                records: events.sums.by_event.values().sum(),
                by_event: named(&events.sums.by_event),
                outside_window: events.gate.outside,
                ..OtherLog::default()
            };
            logs.insert(LogKind::MemoryEvents.name(), log);
        }
        if self.has_seen(LogKind::DiagnosisRecords) {
            let log = OtherLog {
                records: diagnoses.sums.by_status.values().sum(),
                by_status: named(&diagnoses.sums.by_status),
                outside_window: diagnoses.gate.outside,
                ..OtherLog::default()
            };
            logs.insert(LogKind::DiagnosisRecords.name(), log);
        }
        logs
    }

    fn has_seen(&self, kind: LogKind) -> bool {
        self.sources.iter().any(|source| source.kind == kind)
    }
}

impl CostBook {
    fn of(book: &Book, states_baseline: bool, outside_window: u64) -> Self {
        Self {
            records: book.records,
            cost_usd: book.cost,
            tokens_in: book.tokens_in,
            tokens_out: book.tokens_out,
            baseline_usd: states_baseline.then_some(book.baseline),
            savings_usd: states_baseline.then(|| book.savings()),
            outside_window,
        }
    }
}

fn named(counts: &BTreeMap<Box<str>, u64>) -> BTreeMap<String, u64> {
    counts
        .iter()
        .map(|(name, records)| (name.to_string(), *records))
        .into_map()
}
