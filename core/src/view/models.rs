//! What the models cost and how long they take.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};

use serde::Serialize;

use crate::money::{Usd, div_half_even};
use crate::prices::{PriceTable, usd_from_pico};
use crate::telemetry::Telemetry;
use crate::time::Window;
use crate::usage::UsageTotals;

use super::number::Millis;
use super::savings::share_of;
use super::{Provenance, TotalsView};

/// The models by provider.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelsReport {
    /// The window that was asked for.
    pub window: Window,
    /// By provider, then by the model's id.
    pub providers: BTreeMap<String, BTreeMap<String, ModelView>>,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// One model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ModelView {
    /// Sums over its calls.
    #[serde(flatten)]
    pub totals: TotalsView,
    /// What a call cost on average.
    pub cost_per_call_usd: Usd,
    /// How long a call took on average.
    pub duration_per_call_ms: Millis,
    /// What the recorded tokens cost by the price table; `null` for a model that
    /// had no price on some day it was used.
    pub list_cost_usd: Option<Usd>,
}

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

/// What usage logs cannot tell.
const NO_OUTCOME: &str = "usage logs record no success or failure of a call: rates of success \
                          come from other logs";

impl Telemetry {
    /// The models, what they cost, and what their tokens cost by the price table.
    pub fn models_report(&self, prices: &PriceTable) -> ModelsReport {
        let mut sums: BTreeMap<(&str, &str), (UsageTotals, Option<i128>)> = BTreeMap::new();
        for (key, day, totals) in self.usage.cube.iter() {
            let (sum, list_cost) = sums
                .entry((&key.provider, &key.model))
                .or_insert((UsageTotals::default(), Some(0)));
            sum.add(totals);
            *list_cost = list_cost
                .zip(prices.price(&key.model, day))
                .map(|(cost, price)| {
                    cost + price.input.of(totals.tokens_in) + price.output.of(totals.tokens_out)
                });
        }
        let mut providers: BTreeMap<String, BTreeMap<String, ModelView>> = BTreeMap::new();
        for ((provider, model), (totals, list_cost)) in sums {
            let view = ModelView {
                totals: TotalsView::of(&totals),
                cost_per_call_usd: share_of(totals.cost, 1, totals.calls),
                duration_per_call_ms: mean_duration(&totals),
                list_cost_usd: list_cost.map(usd_from_pico),
            };
            providers
                .entry(provider.to_string())
                .or_default()
                .insert(model.to_string(), view);
        }
        let mut provenance = self.usage_provenance(&[&self.usage.cube.totals()]);
        provenance.notes.push(NO_OUTCOME.to_string());
        ModelsReport {
            window: self.options.window,
            providers,
            provenance,
        }
    }

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
                .collect();
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
                .collect(),
            by_workflow: by_workflow.collect(),
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

fn mean_duration(sums: &UsageTotals) -> Millis {
    let mean = div_half_even(i128::from(sums.duration_us), i128::from(sums.calls));
    Millis(mean.and_then(|us| u64::try_from(us).ok()).unwrap_or(0))
}
