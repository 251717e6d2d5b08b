//! How long calls took: percentiles.

use alloc::collections::BTreeMap;
use alloc::string::String;

use serde::Serialize;

use super::Millis;
use super::map::IntoMap as _;
use crate::usage::{Latencies, UsageCell};

/// How long calls took, by what. A name none of whose calls states it is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LatencyReport {
    /// Of everything in the window; `null` where no call states it.
    pub all: Option<LatencyView>,
    /// By price class, in upper case.
    pub by_tier: BTreeMap<String, LatencyView>,
    /// By who made the calls.
    pub by_workflow: BTreeMap<String, LatencyView>,
    /// By the model's id.
    pub by_model: BTreeMap<String, LatencyView>,
    /// By who runs the model.
    pub by_provider: BTreeMap<String, LatencyView>,
    /// By the part of the workflow.
    pub by_stage: BTreeMap<String, LatencyView>,
    /// By UTC day.
    pub by_day: BTreeMap<String, LatencyView>,
}

/// How long calls took: nearest ranks, at most a 32nd too large. Calls that state no duration,
/// or zero, do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LatencyView {
    /// How many calls state it.
    pub calls: u64,
    /// Half of them took no longer.
    pub p50_ms: Millis,
    /// 95 of 100 took no longer.
    pub p95_ms: Millis,
    /// 99 of 100 took no longer.
    pub p99_ms: Millis,
}

impl LatencyView {
    /// The percentiles of these calls; `None` of none.
    pub(crate) fn of(latencies: &Latencies) -> Option<Self> {
        Some(Self {
            calls: latencies.calls(),
            p50_ms: Millis(latencies.percentile(50)?),
            p95_ms: Millis(latencies.percentile(95)?),
            p99_ms: Millis(latencies.percentile(99)?),
        })
    }

    pub(crate) fn of_each(cells: &BTreeMap<String, UsageCell>) -> BTreeMap<String, Self> {
        cells
            .iter()
            .filter_map(|(name, cell)| Some((name.clone(), Self::of(&cell.latencies)?)))
            .into_map()
    }
}
