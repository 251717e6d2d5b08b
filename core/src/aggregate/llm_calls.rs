//! Calls of models as workflows record them, added up by model and day.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use super::{Aggregate, Book, Gate};
use crate::json::RecordError;
use crate::line_log::Version;
use crate::money::Usd;
use crate::record::llm_call::LlmCall;
use crate::time::Day;

/// `llm_calls.jsonl`, added up.
#[derive(Clone, Debug, Default)]
pub(crate) struct LlmCalls {
    by_model: BTreeMap<ModelKey, BTreeMap<Day, CallSums>>,
}

/// Which model, run by whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ModelKey {
    provider: Box<str>,
    model: Box<str>,
}

/// Sums over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallSums {
    pub(crate) calls: u64,
    pub(crate) succeeded: u64,
    /// Calls that another model was tried before.
    pub(crate) fallbacks: u64,
    pub(crate) tokens_in: u64,
    pub(crate) tokens_out: u64,
    pub(crate) estimated: Usd,
    /// The actual cost where it is recorded, else the estimated one.
    pub(crate) cost: Usd,
    /// Calls without an actual cost.
    pub(crate) estimates: u64,
}

impl CallSums {
    fn of(call: &LlmCall<'_>) -> Self {
        Self {
            calls: 1,
            succeeded: u64::from(call.success),
            fallbacks: u64::from(call.fallback_used),
            tokens_in: call.tokens_in,
            tokens_out: call.tokens_out,
            estimated: call.estimated_cost,
            cost: call.actual_cost.unwrap_or(call.estimated_cost),
            estimates: u64::from(call.actual_cost.is_none()),
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.succeeded += other.succeeded;
        self.fallbacks += other.fallbacks;
        self.tokens_in = self.tokens_in.saturating_add(other.tokens_in);
        self.tokens_out = self.tokens_out.saturating_add(other.tokens_out);
        self.estimated = self.estimated.saturating_add(other.estimated);
        self.cost = self.cost.saturating_add(other.cost);
        self.estimates += other.estimates;
    }
}

impl CallSums {
    /// Whether a sum reached its type's end and is only a lower bound.
    pub(crate) fn is_saturated(&self) -> bool {
        [self.cost, self.estimated].contains(&Usd::MAX)
            || [self.tokens_in, self.tokens_out].contains(&u64::MAX)
    }
}

impl LlmCalls {
    /// Provider, model, day and sums, in this order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, Day, &CallSums)> {
        self.by_model.iter().flat_map(|(key, days)| {
            days.iter()
                .map(|(day, sums)| (&*key.provider, &*key.model, *day, sums))
        })
    }

    pub(crate) fn totals(&self) -> CallSums {
        let mut totals = CallSums::default();
        for (_, _, _, sums) in self.iter() {
            totals.add(sums);
        }
        totals
    }

    /// These calls as a book of costs.
    pub(crate) fn book(&self) -> Book {
        let totals = self.totals();
        Book {
            records: totals.calls,
            cost: totals.cost,
            tokens_in: totals.tokens_in,
            tokens_out: totals.tokens_out,
            ..Book::default()
        }
    }
}

impl Aggregate for LlmCalls {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let call = LlmCall::parse(line)?;
        if let Some(at) = gate.admits_local(call.at, call.zone) {
            let key = ModelKey {
                provider: (*call.provider).into(),
                model: (*call.model).into(),
            };
            let days = self.by_model.entry(key).or_default();
            days.entry(at.day()).or_default().add(&CallSums::of(&call));
        }
        Ok(Version::Unversioned)
    }

    fn merge(&mut self, later: Self) {
        for (key, days) in later.by_model {
            let ours = self.by_model.entry(key).or_default();
            for (day, sums) in days {
                ours.entry(day).or_default().add(&sums);
            }
        }
    }
}
