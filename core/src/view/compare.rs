//! Two windows side by side.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;

use serde::Serialize;

use crate::money::{Usd, UsdChange};
use crate::telemetry::Telemetry;
use crate::time::Window;
use crate::usage::UsageTotals;

use super::map::IntoMap as _;
use super::number::{rate, usd_rate};
use super::savings::share_of;
use super::usage::group;
use super::{Provenance, TotalsView};

/// Calls in a window against those in another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CompareReport {
    /// The window in question.
    pub window: Window,
    /// The window that it is compared with.
    pub against: Window,
    /// Sums of the window in question.
    pub current: ComparedTotals,
    /// Sums of the other.
    pub previous: ComparedTotals,
    /// From the other to the one in question.
    pub change: TotalsChange,
    /// The same by who made the calls, for all that occur in either.
    pub by_workflow: BTreeMap<String, CostChange>,
    /// The same by model.
    pub by_model: BTreeMap<String, CostChange>,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Sums of one of the windows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ComparedTotals {
    /// The sums.
    #[serde(flatten)]
    pub totals: TotalsView,
    /// What a call cost on average; zero without calls.
    pub cost_per_call_usd: Usd,
}

/// Relative changes: 0.5 is half as much again. `null` where there was nothing before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TotalsChange {
    /// Of the number of calls.
    pub calls: Option<f64>,
    /// Of their cost.
    pub cost: Option<f64>,
    /// Of the cost of a call.
    pub cost_per_call: Option<f64>,
    /// Of the rate of response cache hits, as a difference of the two rates.
    pub cache_hit_rate_difference: f64,
}

/// What one workflow or model cost in both windows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CostChange {
    /// Calls in the window in question.
    pub calls: u64,
    /// What those cost.
    pub cost_usd: Usd,
    /// Calls in the other window.
    pub previous_calls: u64,
    /// What those cost.
    pub previous_cost_usd: Usd,
    /// The difference of the costs.
    pub change_usd: UsdChange,
}

impl Telemetry {
    /// The window against [`ReadOptions::against`](crate::ReadOptions); `None`
    /// when nothing was read to compare with.
    pub fn compare_report(&self) -> Option<CompareReport> {
        let against = self.options.against?;
        let (current, previous) = (&self.usage.cube, &self.usage.against);
        let (now, before) = (current.totals(), previous.totals());
        let (current_totals, previous_totals) =
            (ComparedTotals::of(&now), ComparedTotals::of(&before));
        Some(CompareReport {
            window: self.options.window,
            against,
            change: TotalsChange {
                calls: count_change(before.calls, now.calls),
                cost: usd_change(before.cost, now.cost),
                cost_per_call: usd_change(
                    previous_totals.cost_per_call_usd,
                    current_totals.cost_per_call_usd,
                ),
                cache_hit_rate_difference: rate(now.cache_hits, now.calls)
                    - rate(before.cache_hits, before.calls),
            },
            current: current_totals,
            previous: previous_totals,
            by_workflow: changes(
                &group(previous, |key, _| key.workflow.as_ref().into()),
                &group(current, |key, _| key.workflow.as_ref().into()),
            ),
            by_model: changes(
                &group(previous, |key, _| key.model.as_ref().into()),
                &group(current, |key, _| key.model.as_ref().into()),
            ),
            provenance: self.usage_provenance(&[&now, &before]),
        })
    }
}

impl ComparedTotals {
    fn of(totals: &UsageTotals) -> Self {
        Self {
            totals: TotalsView::of(totals),
            cost_per_call_usd: share_of(totals.cost, 1, totals.calls),
        }
    }
}

fn changes(
    before: &BTreeMap<String, TotalsView>,
    now: &BTreeMap<String, TotalsView>,
) -> BTreeMap<String, CostChange> {
    let mut names: BTreeSet<&String> = BTreeSet::new();
    names.extend(before.keys().chain(now.keys()));
    names
        .into_iter()
        .map(|name| {
            let sums = |of: &BTreeMap<String, TotalsView>| {
                of.get(name)
                    .map_or((0, Usd::ZERO), |totals| (totals.calls, totals.cost_usd))
            };
            let ((previous_calls, previous_cost_usd), (calls, cost_usd)) =
                (sums(before), sums(now));
            let change_usd = UsdChange::between(previous_cost_usd, cost_usd);
            (
                name.clone(),
                CostChange {
                    calls,
                    cost_usd,
                    previous_calls,
                    previous_cost_usd,
                    change_usd,
                },
            )
        })
        .into_map()
}

#[expect(clippy::cast_precision_loss)]
fn count_change(before: u64, now: u64) -> Option<f64> {
    (before > 0).then(|| (now as f64 - before as f64) / before as f64)
}

fn usd_change(before: Usd, now: Usd) -> Option<f64> {
    usd_rate(UsdChange::between(before, now), before)
}
