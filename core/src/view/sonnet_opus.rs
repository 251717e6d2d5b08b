//! How often Sonnet is enough, and what that saves.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use crate::aggregate::CallSums;
use crate::log_kind::LogKind;
use crate::money::{Usd, UsdChange};
use crate::prices::{BASELINE_MODEL, Price, PriceTable, usd_from_pico};
use crate::telemetry::Telemetry;
use crate::time::Window;

use super::Provenance;
use super::number::{rate_of, usd_rate};

/// Calls of Sonnet and of the premium models that step in for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SonnetOpusReport {
    /// The window that was asked for.
    pub window: Window,
    /// Calls of all families.
    pub calls: u64,
    /// Calls of the Sonnet family.
    pub sonnet_attempts: u64,
    /// Those that had an answer.
    pub sonnet_successes: u64,
    /// Those per Sonnet call, 0 to 1; `null` without Sonnet calls.
    pub sonnet_success_rate: Option<f64>,
    /// Calls of a premium family after another model had been tried.
    pub fallbacks: u64,
    /// Fallbacks per task that began on Sonnet: per Sonnet call and fallback
    /// together, 0 to 1; `null` without either. Calls that went to a premium
    /// model at once do not thin it out.
    pub fallback_rate: Option<f64>,
    /// What that rate means.
    pub verdict: FallbackVerdict,
    /// What the calls cost: the actual cost where it is recorded, else the estimate.
    pub cost_usd: Usd,
    /// Calls of which only an estimate is recorded.
    pub estimated_calls: u64,
    /// Against the same tokens on the best model.
    pub always_premium: AlwaysPremium,
    /// The models that were counted, by family.
    pub families: BTreeMap<&'static str, Vec<FamilyModel>>,
    /// The same by attune's formula.
    pub attune: AttuneSonnetOpus,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// What a rate of fallbacks means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FallbackVerdict {
    /// Less than 5 %.
    Excellent,
    /// Less than 15 %.
    Moderate,
    /// 15 % or more.
    High,
    /// No calls to judge by.
    NoData,
}

/// The calls against the same tokens on one premium model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlwaysPremium {
    /// The model whose price is the baseline.
    pub baseline_model: String,
    /// Calls that can be compared: those with tokens, on days with a baseline price.
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
}

/// One model of a family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FamilyModel {
    /// Who runs the model.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// How many calls.
    pub calls: u64,
    /// Those that had an answer.
    pub succeeded: u64,
    /// Those after another model had been tried.
    pub fallbacks: u64,
    /// What they cost: the actual cost where it is recorded, else the estimate.
    pub cost_usd: Usd,
    /// Whether attune counts this model in its own analysis.
    pub counted_by_attune: bool,
}

/// Attune's figures: five model ids of one provider, estimated costs, and the
/// fallbacks per call of any of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AttuneSonnetOpus {
    /// Calls of the five ids.
    pub total_calls: u64,
    /// Calls of the one Sonnet id.
    pub sonnet_attempts: u64,
    /// Those that had an answer, per Sonnet call, 0 to 1; `null` without any.
    pub success_rate_sonnet: Option<f64>,
    /// Calls of the four premium ids after another model had been tried.
    pub opus_fallbacks: u64,
    /// Those per call, 0 to 1; `null` without calls.
    pub fallback_rate: Option<f64>,
    /// The sum of the estimates.
    pub actual_usd: Usd,
    /// The same tokens at the premium price; `null` where the table has none on
    /// some day.
    pub always_opus_usd: Option<Usd>,
    /// The difference.
    pub savings_usd: Option<UsdChange>,
    /// The difference per premium cost.
    pub savings_share: Option<f64>,
}

/// A family of models, told by the id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Sonnet,
    Opus,
    Fable,
}

/// The ids that attune counts, the Sonnet one first.
const ATTUNE_SONNET: &str = "claude-sonnet-5";
const ATTUNE_PREMIUM: [&str; 4] = [
    "claude-opus-4-6",
    "claude-opus-4-8",
    "claude-fable-5",
    "claude-fable-5-1",
];

impl Family {
    fn of(model: &str) -> Option<Self> {
        let model = model.to_ascii_lowercase();
        [Self::Sonnet, Self::Opus, Self::Fable]
            .into_iter()
            .find(|family| model.contains(family.name()))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Sonnet => "sonnet",
            Self::Opus => "opus",
            Self::Fable => "fable",
        }
    }
}

impl FallbackVerdict {
    fn of(fallbacks: u64, tasks: u64) -> Self {
        // In whole numbers: the limits belong to the higher class.
        let (part, whole) = (u128::from(fallbacks) * 100, u128::from(tasks));
        if tasks == 0 {
            Self::NoData
        } else if part < 5 * whole {
            Self::Excellent
        } else if part < 15 * whole {
            Self::Moderate
        } else {
            Self::High
        }
    }
}

impl Telemetry {
    /// How often Sonnet is enough, against the premium model of `prices`.
    pub fn sonnet_opus_report(&self, prices: &PriceTable) -> SonnetOpusReport {
        let mut all = CallSums::default();
        let mut sonnet = CallSums::default();
        let mut premium = CallSums::default();
        let mut attune = AttuneSums::default();
        let mut baseline = Baseline::default();
        let mut families: BTreeMap<&'static str, Vec<FamilyModel>> = BTreeMap::new();
        let mut other_calls = 0;
        for (provider, model, day, sums) in self.logs.llm_calls.sums.iter() {
            let Some(family) = Family::of(model) else {
                other_calls += sums.calls;
                continue;
            };
            let price = prices.price(BASELINE_MODEL, day);
            all.add(sums);
            if family == Family::Sonnet {
                &mut sonnet
            } else {
                &mut premium
            }
            .add(sums);
            baseline.add(sums, price);
            if is_counted_by_attune(provider, model) {
                attune.add(model, sums, price);
            }
            // The days of one model come one after the other.
            let models = families.entry(family.name()).or_default();
            match models.last_mut() {
                Some(last) if last.provider == provider && last.model == model => last.add(sums),
                _ => models.push(FamilyModel::of(provider, model, sums)),
            }
        }
        let mut provenance = self.provenance_of(&[LogKind::LlmCalls]);
        if other_calls > 0 {
            provenance.notes.push(format!(
                "calls of models of other families, which are not counted: {other_calls}"
            ));
        }
        provenance.note_lower_bound(all.is_saturated());
        let started_on_sonnet = sonnet.calls + premium.fallbacks;
        SonnetOpusReport {
            window: self.options.window,
            calls: all.calls,
            sonnet_attempts: sonnet.calls,
            sonnet_successes: sonnet.succeeded,
            sonnet_success_rate: rate_of(sonnet.succeeded, sonnet.calls),
            fallbacks: premium.fallbacks,
            fallback_rate: rate_of(premium.fallbacks, started_on_sonnet),
            verdict: FallbackVerdict::of(premium.fallbacks, started_on_sonnet),
            cost_usd: all.cost,
            estimated_calls: all.estimates,
            always_premium: baseline.view(),
            families,
            attune: attune.view(),
            provenance,
        }
    }
}

fn is_counted_by_attune(provider: &str, model: &str) -> bool {
    provider == "anthropic" && (model == ATTUNE_SONNET || ATTUNE_PREMIUM.contains(&model))
}

fn cost_at(price: Price, sums: &CallSums) -> i128 {
    price.input.of(sums.tokens_in) + price.output.of(sums.tokens_out)
}

/// Calls beside the price of their tokens on the baseline model.
#[derive(Default)]
struct Baseline {
    calls: u64,
    actual: Usd,
    pico: i128,
    left_out: u64,
}

impl Baseline {
    fn add(&mut self, sums: &CallSums, price: Option<Price>) {
        match price {
            Some(price) if sums.tokens_in != 0 || sums.tokens_out != 0 => {
                self.calls += sums.calls;
                self.actual = self.actual.saturating_add(sums.cost);
                self.pico += cost_at(price, sums);
            }
            _ => self.left_out += sums.calls,
        }
    }

    fn view(&self) -> AlwaysPremium {
        let baseline = usd_from_pico(self.pico);
        let savings = UsdChange::between(self.actual, baseline);
        AlwaysPremium {
            baseline_model: BASELINE_MODEL.to_string(),
            calls: self.calls,
            actual_usd: self.actual,
            baseline_usd: baseline,
            savings_usd: savings,
            savings_share: usd_rate(savings, baseline),
            calls_left_out: self.left_out,
        }
    }
}

/// Sums over the ids that attune counts.
#[derive(Default)]
struct AttuneSums {
    all: CallSums,
    sonnet: CallSums,
    fallbacks: u64,
    pico: i128,
    unpriced: bool,
}

impl AttuneSums {
    fn add(&mut self, model: &str, sums: &CallSums, price: Option<Price>) {
        self.all.add(sums);
        if model == ATTUNE_SONNET {
            self.sonnet.add(sums);
        } else {
            self.fallbacks += sums.fallbacks;
        }
        match price {
            Some(price) => self.pico += cost_at(price, sums),
            None => self.unpriced = true,
        }
    }

    fn view(&self) -> AttuneSonnetOpus {
        let always = (!self.unpriced).then(|| usd_from_pico(self.pico));
        let savings = always.map(|always| UsdChange::between(self.all.estimated, always));
        AttuneSonnetOpus {
            total_calls: self.all.calls,
            sonnet_attempts: self.sonnet.calls,
            success_rate_sonnet: rate_of(self.sonnet.succeeded, self.sonnet.calls),
            opus_fallbacks: self.fallbacks,
            fallback_rate: rate_of(self.fallbacks, self.all.calls),
            actual_usd: self.all.estimated,
            always_opus_usd: always,
            savings_usd: savings,
            savings_share: savings
                .zip(always)
                .and_then(|(savings, always)| usd_rate(savings, always)),
        }
    }
}

impl FamilyModel {
    fn of(provider: &str, model: &str, sums: &CallSums) -> Self {
        let mut view = Self {
            provider: provider.to_string(),
            model: model.to_string(),
            calls: 0,
            succeeded: 0,
            fallbacks: 0,
            cost_usd: Usd::ZERO,
            counted_by_attune: is_counted_by_attune(provider, model),
        };
        view.add(sums);
        view
    }

    fn add(&mut self, sums: &CallSums) {
        self.calls += sums.calls;
        self.succeeded += sums.succeeded;
        self.fallbacks += sums.fallbacks;
        self.cost_usd = self.cost_usd.saturating_add(sums.cost);
    }
}
