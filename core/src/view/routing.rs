//! Where the calls of each workflow go.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use serde::Serialize;

use crate::money::Usd;
use crate::telemetry::Telemetry;
use crate::time::Window;
use crate::usage::UsageTotals;

use super::map::IntoMap as _;
use super::models::{NO_OUTCOME, mean_duration};
use super::number::Millis;
use super::savings::share_of;
use super::{Provenance, TotalsView};

/// Where the calls of each workflow go.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoutingReport {
    /// The window that was asked for.
    pub window: Window,
    /// Everything in the window.
    pub totals: TotalsView,
    /// By tier, in upper case.
    pub by_tier: BTreeMap<String, RouteView>,
    /// By who made the calls.
    pub by_workflow: BTreeMap<String, WorkflowRoutes>,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Calls that went one way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RouteView {
    /// How many calls.
    pub calls: u64,
    /// What they cost.
    pub cost_usd: Usd,
    /// Their share in the cost of everything in the window, 0 to 1.
    pub cost_share: f64,
    /// What a call cost on average.
    pub cost_per_call_usd: Usd,
    /// How long a call took on average.
    pub duration_per_call_ms: Millis,
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens given back.
    pub tokens_out: u64,
}

/// The calls of one workflow, and the models that they went to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkflowRoutes {
    /// All its calls.
    #[serde(flatten)]
    pub all: RouteView,
    /// By the model's id.
    pub by_model: BTreeMap<String, RouteView>,
}

impl Telemetry {
    /// Where the calls of each workflow go, or of one workflow alone.
    pub fn routing_report(&self, workflow: Option<&str>) -> RoutingReport {
        let mut totals = UsageTotals::default();
        let mut tiers: BTreeMap<String, UsageTotals> = BTreeMap::new();
        let mut workflows: BTreeMap<&str, BTreeMap<&str, UsageTotals>> = BTreeMap::new();
        for (key, _, sums) in self.usage.cube.iter() {
            if workflow.is_some_and(|wanted| *wanted != *key.workflow) {
                continue;
            }
            totals.add(sums);
            tiers.entry(key.tier.to_uppercase()).or_default().add(sums);
            workflows
                .entry(&key.workflow)
                .or_default()
                .entry(&key.model)
                .or_default()
                .add(sums);
        }
        let route = |sums: &UsageTotals| RouteView::of(sums, totals.cost);
        let by_workflow = workflows.into_iter().map(|(name, models)| {
            let mut all = UsageTotals::default();
            for sums in models.values() {
                all.add(sums);
            }
            let by_model = models
                .iter()
                .map(|(model, sums)| (model.to_string(), route(sums)))
                .into_map();
            (
                name.to_string(),
                WorkflowRoutes {
                    all: route(&all),
                    by_model,
                },
            )
        });
        let mut provenance = self.usage_provenance(&[&totals]);
        provenance.notes.push(NO_OUTCOME.to_string());
        RoutingReport {
            window: self.options.window,
            totals: TotalsView::of(&totals),
            by_tier: tiers
                .iter()
                .map(|(tier, sums)| (tier.clone(), route(sums)))
                .into_map(),
            by_workflow: by_workflow.into_map(),
            provenance,
        }
    }
}

impl RouteView {
    fn of(sums: &UsageTotals, all: Usd) -> Self {
        Self {
            calls: sums.calls,
            cost_usd: sums.cost,
            cost_share: if all == Usd::ZERO {
                0.0
            } else {
                sums.cost.to_f64() / all.to_f64()
            },
            cost_per_call_usd: share_of(sums.cost, 1, sums.calls),
            duration_per_call_ms: mean_duration(sums),
            tokens_in: sums.tokens_in,
            tokens_out: sums.tokens_out,
        }
    }
}
