//! The usage report.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use crate::log_kind::LogKind;
use crate::money::Usd;
use crate::record::usage::UsageRecord;
use crate::telemetry::Telemetry;
use crate::time::{Day, Timestamp, Window};
use crate::usage::{UsageCell, UsageCube, UsageKey, UsageTotals};

use super::map::IntoMap as _;
use super::number::{Millis, rate};
use super::{CostBook, LatencyReport, LatencyView, OtherLog, Provenance, Skipped, SourceView};

/// Calls of models in a window: how many, what they cost, by what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UsageReport {
    /// The window that was asked for.
    pub window: Window,
    /// Everything in the window.
    pub totals: TotalsView,
    /// By price class, in upper case.
    pub by_tier: BTreeMap<String, TotalsView>,
    /// By who made the calls.
    pub by_workflow: BTreeMap<String, TotalsView>,
    /// By the model's id.
    pub by_model: BTreeMap<String, TotalsView>,
    /// By who runs the model.
    pub by_provider: BTreeMap<String, TotalsView>,
    /// By the part of the workflow; `unknown` where none is stated.
    pub by_stage: BTreeMap<String, TotalsView>,
    /// By UTC day; only days with calls.
    pub by_day: BTreeMap<String, TotalsView>,
    /// How long the calls took.
    pub latency: LatencyReport,
    /// The newest calls, newest first.
    pub recent: Vec<RecentCall>,
    /// Other books of costs, by the log's name; only those that were seen. They
    /// record the same calls in part, so they are kept apart.
    pub cost_books: BTreeMap<&'static str, CostBook>,
    /// Logs that are only counted, by name; only those that were seen.
    pub other_logs: BTreeMap<&'static str, OtherLog>,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Sums over calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TotalsView {
    /// How many calls.
    pub calls: u64,
    /// What they cost, in US dollars.
    pub cost_usd: Usd,
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens given back.
    pub tokens_out: u64,
    /// Calls answered from the response cache.
    pub cache_hits: u64,
    /// Those per call, 0 to 1.
    pub cache_hit_rate: f64,
    /// Calls that used a cached prompt.
    pub prompt_cache_hits: u64,
    /// Tokens read from the prompt cache.
    pub prompt_cache_read_tokens: u64,
    /// Tokens written into the prompt cache.
    pub prompt_cache_creation_tokens: u64,
    /// How long the calls took together, in milliseconds.
    pub duration_ms: Millis,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecentCall {
    /// When it ended.
    pub ts: Timestamp,
    /// Who made it.
    pub workflow: String,
    /// The part of the workflow.
    pub stage: Option<String>,
    /// The price class, in upper case.
    pub tier: String,
    /// The model's id.
    pub model: String,
    /// Who runs the model.
    pub provider: String,
    /// What it cost, in US dollars.
    pub cost_usd: Usd,
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens given back.
    pub tokens_out: u64,
    /// Whether the answer came from the response cache.
    pub cache_hit: bool,
    /// Which cache that was.
    pub cache_type: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Millis,
}

impl Telemetry {
    /// The usage report over everything read so far.
    pub fn usage_report(&self) -> UsageReport {
        let usage = &self.usage;
        let cube = &usage.cube;
        let mut all = UsageCell::default();
        for (_, _, cell) in cube.cells() {
            all.add(cell);
        }
        let totals = all.totals;
        let by_tier = cells(cube, &|key, _| key.tier.to_uppercase());
        let by_workflow = cells(cube, &|key, _| key.workflow.to_string());
        let by_model = cells(cube, &|key, _| key.model.to_string());
        let by_provider = cells(cube, &|key, _| key.provider.to_string());
        let by_stage = cells(cube, &|key, _| key.stage.to_string());
        let by_day = cells(cube, &|_, day| day.to_string());
        let mut provenance = Provenance {
            sources: self.sources.iter().map(SourceView::of).collect(),
            skipped: Skipped::of(&self.sources),
            ..self.usage_provenance(&[&totals])
        };
        let books = [LogKind::LlmCalls, LogKind::Costs];
        provenance.notes.extend(self.local_time_notes(&books));
        provenance.note_lower_bound(self.has_saturated_book());
        UsageReport {
            window: self.options.window,
            totals: TotalsView::of(&totals),
            by_tier: totals_of(&by_tier),
            by_workflow: totals_of(&by_workflow),
            by_model: totals_of(&by_model),
            by_provider: totals_of(&by_provider),
            by_stage: totals_of(&by_stage),
            by_day: totals_of(&by_day),
            latency: LatencyReport {
                all: LatencyView::of(&all.latencies),
                by_tier: LatencyView::of_each(&by_tier),
                by_workflow: LatencyView::of_each(&by_workflow),
                by_model: LatencyView::of_each(&by_model),
                by_provider: LatencyView::of_each(&by_provider),
                by_stage: LatencyView::of_each(&by_stage),
                by_day: LatencyView::of_each(&by_day),
            },
            recent: usage
                .recent
                .newest()
                .filter_map(|line| UsageRecord::parse(line).ok())
                .map(|record| RecentCall::of(&record))
                .collect(),
            cost_books: self.cost_books(),
            other_logs: self.other_logs(),
            provenance,
        }
    }
}

impl Telemetry {
    /// What a report over usage logs rests on. `sums` are looked at for their bounds.
    pub(crate) fn usage_provenance(&self, sums: &[&UsageTotals]) -> Provenance {
        let of_usage = self
            .sources
            .iter()
            .filter(|source| source.kind == LogKind::Usage);
        let mut provenance = Provenance::of(of_usage, self.usage.outside);
        provenance.notes.extend(self.notes.iter().cloned());
        provenance.note_lower_bound(sums.iter().any(|totals| totals.is_saturated()));
        provenance
    }
}

impl TotalsView {
    pub(crate) fn of(totals: &UsageTotals) -> Self {
        Self {
            calls: totals.calls,
            cost_usd: totals.cost,
            tokens_in: totals.tokens_in,
            tokens_out: totals.tokens_out,
            cache_hits: totals.cache_hits,
            cache_hit_rate: rate(totals.cache_hits, totals.calls),
            prompt_cache_hits: totals.prompt_cache_hits,
            prompt_cache_read_tokens: totals.prompt_cache_read_tokens,
            prompt_cache_creation_tokens: totals.prompt_cache_creation_tokens,
            duration_ms: Millis(totals.duration_us),
        }
    }
}

impl RecentCall {
    /// The call of a usage record.
    pub fn of(record: &UsageRecord<'_>) -> Self {
        Self {
            ts: record.at,
            workflow: record.workflow.to_string(),
            stage: record.stage.as_deref().map(ToString::to_string),
            tier: record.tier.to_uppercase(),
            model: record.model.to_string(),
            provider: record.provider.to_string(),
            cost_usd: record.cost,
            tokens_in: record.tokens_in,
            tokens_out: record.tokens_out,
            cache_hit: record.cache_hit,
            cache_type: record.cache_type.as_deref().map(ToString::to_string),
            duration_ms: Millis(record.duration_us),
        }
    }
}

/// What a cube keeps, by a name taken from the key or the day.
fn cells(cube: &UsageCube, name: &dyn Fn(&UsageKey, Day) -> String) -> BTreeMap<String, UsageCell> {
    let mut cells: BTreeMap<String, UsageCell> = BTreeMap::new();
    for (key, day, cell) in cube.cells() {
        cells.entry(name(key, day)).or_default().add(cell);
    }
    cells
}

fn totals_of(cells: &BTreeMap<String, UsageCell>) -> BTreeMap<String, TotalsView> {
    cells
        .iter()
        .map(|(name, cell)| (name.clone(), TotalsView::of(&cell.totals)))
        .into_map()
}

/// Sums of a cube by a name taken from the key or the day.
pub(crate) fn group(
    cube: &UsageCube,
    name: impl Fn(&UsageKey, Day) -> String,
) -> BTreeMap<String, TotalsView> {
    let mut sums: BTreeMap<String, UsageTotals> = BTreeMap::new();
    for (key, day, totals) in cube.iter() {
        sums.entry(name(key, day)).or_default().add(totals);
    }
    sums.into_iter()
        .map(|(name, totals)| (name, TotalsView::of(&totals)))
        .into_map()
}
