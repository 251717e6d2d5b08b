//! A third book of costs: the lines of `costs.jsonl`, which state no version.

use alloc::borrow::Cow;

use crate::json::{Fields, RecordError, Value};
use crate::money::{Usd, UsdChange};
use crate::time::{Timestamp, Zone};

/// One request to a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostEntry<'a> {
    /// `timestamp`: when it was made; a naive time is the writer's local time, taken as UTC here.
    pub at: Timestamp,
    /// Whether `timestamp` stated its offset.
    pub zone: Zone,
    /// `model`: the model's id.
    pub model: Cow<'a, str>,
    /// `tier`: the price class, else `unknown`.
    pub tier: Cow<'a, str>,
    /// `task_type`: what kind of task, else `unknown`.
    pub task_type: Cow<'a, str>,
    /// `input_tokens`: tokens sent.
    pub tokens_in: u64,
    /// `output_tokens`: tokens given back.
    pub tokens_out: u64,
    /// `actual_cost`: what it cost.
    pub actual_cost: Usd,
    /// `baseline_cost`: what it would have cost on the best model.
    pub baseline_cost: Usd,
    /// `savings`: the difference, as recorded.
    pub savings: UsdChange,
}

impl<'a> CostEntry<'a> {
    /// Reads one line. `timestamp`, `model` and `actual_cost` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        let (at, zone) = fields.require("timestamp")?.time_with_zone()?;
        Ok(Self {
            at,
            zone,
            model: fields.require("model")?.text()?,
            tier: fields.get_or("tier", Cow::Borrowed("unknown"), Value::text)?,
            task_type: fields.get_or("task_type", Cow::Borrowed("unknown"), Value::text)?,
            tokens_in: fields.get_or("input_tokens", 0, Value::count)?,
            tokens_out: fields.get_or("output_tokens", 0, Value::count)?,
            actual_cost: fields.require("actual_cost")?.usd()?,
            baseline_cost: fields.get_or("baseline_cost", Usd::ZERO, Value::usd)?,
            savings: fields.get_or("savings", UsdChange::ZERO, Value::usd_change)?,
        })
    }
}
