//! Calls of models as workflows record them: the lines of `llm_calls.jsonl`, which
//! state no version.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};
use crate::money::Usd;
use crate::time::{Timestamp, Zone};

/// One call of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LlmCall<'a> {
    /// `call_id`: the call's id.
    pub call_id: Cow<'a, str>,
    /// `timestamp`: when it was made; a naive time is the writer's local time, taken as UTC here.
    pub at: Timestamp,
    /// Whether `timestamp` stated its offset.
    pub zone: Zone,
    /// `workflow_name`: who made the call.
    pub workflow: Option<Cow<'a, str>>,
    /// `step_name`: the part of the workflow.
    pub step: Option<Cow<'a, str>>,
    /// `user_id`: for whom.
    pub user_id: Option<Cow<'a, str>>,
    /// `session_id`: in which session.
    pub session_id: Option<Cow<'a, str>>,
    /// `task_type`: what kind of task, else `unknown`.
    pub task_type: Cow<'a, str>,
    /// `provider`: who runs the model, else `anthropic`.
    pub provider: Cow<'a, str>,
    /// `tier`: the price class, else `capable`.
    pub tier: Cow<'a, str>,
    /// `model_id`: the model's id, else empty.
    pub model: Cow<'a, str>,
    /// `input_tokens`: tokens sent.
    pub tokens_in: u64,
    /// `output_tokens`: tokens given back.
    pub tokens_out: u64,
    /// `estimated_cost`: what it should cost.
    pub estimated_cost: Usd,
    /// `actual_cost`: what it did cost, where that is known.
    pub actual_cost: Option<Usd>,
    /// `latency_ms`: in microseconds.
    pub latency_us: u64,
    /// `fallback_used`: whether another model was tried before.
    pub fallback_used: bool,
    /// `fallback_chain`: the models that were tried.
    pub fallback_chain: Vec<Cow<'a, str>>,
    /// `original_provider`: who ran the first of them.
    pub original_provider: Option<Cow<'a, str>>,
    /// `original_model`: the first of them.
    pub original_model: Option<Cow<'a, str>>,
    /// `retry_count`: how often it was tried again.
    pub retries: u64,
    /// `circuit_breaker_state`: `closed`, `open` or `half-open`.
    pub circuit_breaker: Option<Cow<'a, str>>,
    /// `success`: whether there was an answer.
    pub success: bool,
    /// `error_type`: the kind of error.
    pub error_type: Option<Cow<'a, str>>,
    /// `error_message`: its text.
    pub error_message: Option<Cow<'a, str>>,
    /// `metadata`: further facts, as JSON text.
    pub metadata: &'a str,
}

impl<'a> LlmCall<'a> {
    /// Reads one line. `call_id` and `timestamp` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        let (at, zone) = fields.require("timestamp")?.time_with_zone()?;
        Ok(Self {
            call_id: fields.require("call_id")?.text()?,
            at,
            zone,
            workflow: fields.get_or_null("workflow_name", Value::text)?,
            step: fields.get_or_null("step_name", Value::text)?,
            user_id: fields.get_or_null("user_id", Value::text)?,
            session_id: fields.get_or_null("session_id", Value::text)?,
            task_type: fields.get_or("task_type", Cow::Borrowed("unknown"), Value::text)?,
            provider: fields.get_or("provider", Cow::Borrowed("anthropic"), Value::text)?,
            tier: fields.get_or("tier", Cow::Borrowed("capable"), Value::text)?,
            model: fields.get_or("model_id", Cow::Borrowed(""), Value::text)?,
            tokens_in: fields.get_or("input_tokens", 0, Value::count)?,
            tokens_out: fields.get_or("output_tokens", 0, Value::count)?,
            estimated_cost: fields.get_or("estimated_cost", Usd::ZERO, Value::usd)?,
            actual_cost: fields.get_or_null("actual_cost", Value::usd)?,
            latency_us: fields.get_or("latency_ms", 0, |v| v.scaled(3))?,
            fallback_used: fields.get_or("fallback_used", false, Value::flag)?,
            fallback_chain: fields.get_or("fallback_chain", Vec::new(), Value::texts)?,
            original_provider: fields.get_or_null("original_provider", Value::text)?,
            original_model: fields.get_or_null("original_model", Value::text)?,
            retries: fields.get_or("retry_count", 0, Value::count)?,
            circuit_breaker: fields.get_or_null("circuit_breaker_state", Value::text)?,
            success: fields.get_or("success", true, Value::flag)?,
            error_type: fields.get_or_null("error_type", Value::text)?,
            error_message: fields.get_or_null("error_message", Value::text)?,
            metadata: fields.get_or("metadata", "{}", Value::object_text)?,
        })
    }
}
