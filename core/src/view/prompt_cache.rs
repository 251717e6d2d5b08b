//! The report on the provider's cache of prompts.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use crate::money::{Usd, UsdChange};
use crate::prices::{
    CACHE_READ_DISCOUNT, CACHE_WRITE_SURCHARGE, PriceTable, TokenPrice, usd_from_pico,
};
use crate::telemetry::Telemetry;
use crate::time::Window;
use crate::usage::{UsageCube, UsageTotals};

use super::Provenance;
use super::map::IntoMap as _;
use super::number::rate;

/// Use of the prompt cache, and of the response cache beside it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CacheReport {
    /// The window that was asked for.
    pub window: Window,
    /// Use of the prompt cache by all calls.
    pub prompt_cache: PromptCacheUse,
    /// What it saved.
    pub savings: PromptCacheSavings,
    /// Calls answered from the response cache.
    pub response_cache_hits: u64,
    /// Those per call, 0 to 1.
    pub response_cache_hit_rate: f64,
    /// Use of the prompt cache by who made the calls.
    pub by_workflow: BTreeMap<String, PromptCacheUse>,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Use of the prompt cache.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PromptCacheUse {
    /// All calls.
    pub requests: u64,
    /// Calls that used a cached prompt.
    pub hits: u64,
    /// Those per call, 0 to 1.
    pub hit_rate: f64,
    /// Tokens read from the cache.
    pub read_tokens: u64,
    /// Tokens written into the cache.
    pub creation_tokens: u64,
}

/// What the prompt cache saved, at the prices of the models that have one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptCacheSavings {
    /// Tokens read, at nine tenths of their input price.
    pub read_savings_usd: Usd,
    /// Tokens written, at a quarter of their input price: what caching costs on top.
    pub write_surcharge_usd: Usd,
    /// The first without the second; negative where caching cost more than it saved.
    pub net_savings_usd: UsdChange,
    /// Savings by attune's formula: no surcharge, and three dollars per million
    /// input tokens for a model without a price.
    pub attune_savings_usd: Usd,
    /// Cached tokens, read or written, of models without a price: not in the
    /// savings above, by model.
    pub unpriced_tokens: BTreeMap<String, u64>,
}

impl Telemetry {
    /// How the caches are used and what they save.
    pub fn cache_report(&self, prices: &PriceTable) -> CacheReport {
        let cube = &self.usage.cube;
        let totals = cube.totals();
        let mut by_workflow: BTreeMap<String, UsageTotals> = BTreeMap::new();
        for (key, _, sums) in cube.iter() {
            by_workflow
                .entry(key.workflow.to_string())
                .or_default()
                .add(sums);
        }
        let savings = PromptCacheSavings::of(cube, prices);
        let mut provenance = self.usage_provenance(&[&totals]);
        savings.note(&mut provenance.notes);
        CacheReport {
            window: self.options.window,
            prompt_cache: PromptCacheUse::of(&totals),
            savings,
            response_cache_hits: totals.cache_hits,
            response_cache_hit_rate: rate(totals.cache_hits, totals.calls),
            by_workflow: by_workflow
                .into_iter()
                .map(|(name, sums)| (name, PromptCacheUse::of(&sums)))
                .into_map(),
            provenance,
        }
    }
}

impl PromptCacheUse {
    fn of(totals: &UsageTotals) -> Self {
        Self {
            requests: totals.calls,
            hits: totals.prompt_cache_hits,
            hit_rate: rate(totals.prompt_cache_hits, totals.calls),
            read_tokens: totals.prompt_cache_read_tokens,
            creation_tokens: totals.prompt_cache_creation_tokens,
        }
    }
}

impl PromptCacheSavings {
    pub(crate) fn of(cube: &UsageCube, prices: &PriceTable) -> Self {
        let attune_default = TokenPrice::per_million("3").unwrap_or_default();
        let (mut reads, mut writes, mut attune) = (0, 0, 0);
        let mut unpriced_tokens: BTreeMap<String, u64> = BTreeMap::new();
        for (key, day, sums) in cube.iter() {
            let (read, created) = (
                sums.prompt_cache_read_tokens,
                sums.prompt_cache_creation_tokens,
            );
            let price = prices.price(&key.model, day).map(|price| price.input);
            attune += price.unwrap_or(attune_default).of(read);
            if let Some(price) = price {
                reads += price.of(read);
                writes += price.of(created);
            } else if read > 0 || created > 0 {
                let tokens = unpriced_tokens.entry(key.model.to_string()).or_default();
                *tokens = tokens.saturating_add(read).saturating_add(created);
            }
        }
        let part = |pico: i128, (part, whole): (i128, i128)| {
            usd_from_pico(crate::money::div_half_even(pico * part, whole).unwrap_or(0))
        };
        let read_savings_usd = part(reads, CACHE_READ_DISCOUNT);
        let write_surcharge_usd = part(writes, CACHE_WRITE_SURCHARGE);
        Self {
            read_savings_usd,
            write_surcharge_usd,
            net_savings_usd: UsdChange::between(write_surcharge_usd, read_savings_usd),
            attune_savings_usd: part(attune, CACHE_READ_DISCOUNT),
            unpriced_tokens,
        }
    }

    pub(crate) fn note(&self, notes: &mut Vec<String>) {
        if !self.unpriced_tokens.is_empty() {
            let models: Vec<&str> = self.unpriced_tokens.keys().map(String::as_str).collect();
            notes.push(format!(
                "no price is known for {}: their cached tokens are not in the savings",
                models.join(", ")
            ));
        }
    }
}
