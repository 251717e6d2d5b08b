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

/// What usage logs cannot tell.
pub(super) const NO_OUTCOME: &str = "usage logs record no success or failure of a call: rates of success \
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
}

/// How long a call took on average.
pub(super) fn mean_duration(sums: &UsageTotals) -> Millis {
    let mean = div_half_even(i128::from(sums.duration_us), i128::from(sums.calls));
    Millis(mean.and_then(|us| u64::try_from(us).ok()).unwrap_or(0))
}
