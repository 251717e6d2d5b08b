//! The savings report: what the calls would have cost without routing by tier.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

use serde::Serialize;

use crate::money::{Usd, UsdChange, div_half_even, usd_from_i128};
use crate::prices::{PriceTable, usd_from_pico};
use crate::telemetry::Telemetry;
use crate::time::Window;
use crate::usage::{UsageCube, UsageTotals};

use super::map::IntoMap as _;
use super::number::{rate, usd_rate};
use super::{PromptCacheSavings, Provenance};

/// What calls cost, against what they would have cost on one model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SavingsReport {
    /// The window that was asked for.
    pub window: Window,
    /// Calls in the window.
    pub calls: u64,
    /// What they cost.
    pub actual_usd: Usd,
    /// Against the same tokens on the baseline model.
    pub per_token: PerTokenSavings,
    /// Against the mean premium call, which is attune's own formula.
    pub per_call: PerCallSavings,
    /// What the prompt cache saved.
    pub prompt_cache: PromptCacheSavings,
    /// The share of each tier in the calls, 0 to 1.
    pub tier_share: BTreeMap<String, f64>,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Savings against the same tokens at the price of one model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PerTokenSavings {
    /// The model whose price is the baseline.
    pub baseline_model: String,
    /// Calls that can be compared: those with recorded tokens, on days with a baseline price.
    pub calls: u64,
    /// What those calls cost.
    pub actual_usd: Usd,
    /// What their tokens cost on the baseline model.
    pub baseline_usd: Usd,
    /// The difference; negative where routing cost more.
    pub savings_usd: UsdChange,
    /// The difference per baseline, `null` without one.
    pub savings_share: Option<f64>,
    /// Calls that cannot be compared.
    pub calls_left_out: u64,
    /// What those cost.
    pub cost_left_out_usd: Usd,
}

/// Savings by attune's formula: every call against the mean cost of a premium call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PerCallSavings {
    /// Calls whose tier is written exactly `PREMIUM`.
    pub premium_calls: u64,
    /// What a premium call costs on average; a flat 0.05 where there is none.
    pub premium_call_usd: Usd,
    /// Whether that is the flat amount, and so a guess.
    pub premium_call_is_flat: bool,
    /// All calls at that cost.
    pub baseline_usd: Usd,
    /// The difference to what they did cost.
    pub savings_usd: UsdChange,
    /// The difference per baseline, `null` without one.
    pub savings_share: Option<f64>,
    /// Hits of the response cache at the mean cost of a call.
    pub response_cache_savings_usd: Usd,
}

/// What attune takes for a premium call where it has seen none.
const FLAT_PREMIUM_CALL: Usd = Usd::from_nanos(50_000_000);

impl Telemetry {
    /// What routing and caches saved, against the price of `baseline_model`.
    pub fn savings_report(&self, prices: &PriceTable, baseline_model: &str) -> SavingsReport {
        let cube = &self.usage.cube;
        let totals = cube.totals();
        let per_token = per_token(cube, prices, baseline_model, &totals);
        let prompt_cache = PromptCacheSavings::of(cube, prices);
        let mut provenance = self.usage_provenance(&[&totals]);
        if per_token.calls_left_out > 0 {
            provenance.notes.push(format!(
                "{} calls are left out of the comparison per token: they recorded no tokens, or \
                 {baseline_model} has no price on their day",
                per_token.calls_left_out
            ));
        }
        prompt_cache.note(&mut provenance.notes);
        let mut tiers: BTreeMap<String, u64> = BTreeMap::new();
        for (key, _, sums) in cube.iter() {
            *tiers.entry(key.tier.to_uppercase()).or_default() += sums.calls;
        }
        SavingsReport {
            window: self.options.window,
            calls: totals.calls,
            actual_usd: totals.cost,
            per_token,
            per_call: per_call(cube, &totals),
            prompt_cache,
            tier_share: tiers
                .into_iter()
                .map(|(tier, calls)| (tier, rate(calls, totals.calls)))
                .into_map(),
            provenance,
        }
    }
}

fn per_token(
    cube: &UsageCube,
    prices: &PriceTable,
    baseline_model: &str,
    totals: &UsageTotals,
) -> PerTokenSavings {
    let mut compared = UsageTotals::default();
    let mut baseline = 0;
    for (_, day, sums) in cube.iter() {
        let Some(price) = prices.price(baseline_model, day) else {
            continue;
        };
        baseline += price.input.of(sums.tokens_in) + price.output.of(sums.tokens_out);
        compared.add(sums);
    }
    let calls = compared.calls.saturating_sub(compared.tokenless_calls);
    let actual_usd = usd_from_i128(
        i128::from(compared.cost.as_nanos()) - i128::from(compared.tokenless_cost.as_nanos()),
    );
    let baseline_usd = usd_from_pico(baseline);
    let savings_usd = UsdChange::between(actual_usd, baseline_usd);
    PerTokenSavings {
        baseline_model: baseline_model.to_string(),
        calls,
        actual_usd,
        baseline_usd,
        savings_usd,
        savings_share: usd_rate(savings_usd, baseline_usd),
        calls_left_out: totals.calls - calls.min(totals.calls),
        cost_left_out_usd: usd_from_i128(
            i128::from(totals.cost.as_nanos()) - i128::from(actual_usd.as_nanos()),
        ),
    }
}

fn per_call(cube: &UsageCube, totals: &UsageTotals) -> PerCallSavings {
    let mut premium = UsageTotals::default();
    for (key, _, sums) in cube.iter() {
        if &*key.tier == "PREMIUM" {
            premium.add(sums);
        }
    }
    let flat = premium.calls == 0;
    let (cost, calls) = if flat {
        (FLAT_PREMIUM_CALL, 1)
    } else {
        (premium.cost, premium.calls)
    };
    let baseline_usd = share_of(cost, totals.calls, calls);
    let savings_usd = UsdChange::between(totals.cost, baseline_usd);
    PerCallSavings {
        premium_calls: premium.calls,
        premium_call_usd: share_of(cost, 1, calls),
        premium_call_is_flat: flat,
        baseline_usd,
        savings_usd,
        savings_share: usd_rate(savings_usd, baseline_usd),
        response_cache_savings_usd: share_of(totals.cost, totals.cache_hits, totals.calls),
    }
}

/// `amount * part / whole`, rounded half to even; nothing where there is no whole.
pub(crate) fn share_of(amount: Usd, part: u64, whole: u64) -> Usd {
    let product = i128::from(amount.as_nanos()) * i128::from(part);
    usd_from_i128(div_half_even(product, i128::from(whole)).unwrap_or(0))
}
