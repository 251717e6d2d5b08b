//! Runs of workflows: the lines of `workflow_runs.jsonl`, which state no version.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};
use crate::money::{Usd, UsdChange};
use crate::time::Timestamp;

/// One run of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowRun<'a> {
    /// `run_id`: the run's id.
    pub run_id: Cow<'a, str>,
    /// `workflow_name`: which workflow.
    pub workflow: Cow<'a, str>,
    /// `started_at`: when it began.
    pub started_at: Timestamp,
    /// `completed_at`: when it ended.
    pub completed_at: Option<Timestamp>,
    /// `user_id`: whose run it was.
    pub user_id: Option<Cow<'a, str>>,
    /// `session_id`: in which session.
    pub session_id: Option<Cow<'a, str>>,
    /// `trigger`: what set it off.
    pub trigger: Option<Cow<'a, str>>,
    /// `project`: in which project.
    pub project: Option<Cow<'a, str>>,
    /// `stages`: its parts, in order.
    pub stages: Vec<WorkflowStage<'a>>,
    /// `total_input_tokens`: tokens sent to models.
    pub tokens_in: u64,
    /// `total_output_tokens`: tokens that models gave back.
    pub tokens_out: u64,
    /// `total_cost`: what the run cost.
    pub cost: Usd,
    /// `baseline_cost`: what it would have cost on premium models.
    pub baseline_cost: Usd,
    /// `savings`: the difference, as recorded.
    pub savings: UsdChange,
    /// `savings_percent`: the same as a percentage of the baseline, times 1e9.
    pub savings_percent: i64,
    /// `total_duration_ms`: in microseconds.
    pub duration_us: u64,
    /// `success`: whether it reached its end.
    pub success: bool,
    /// `error`: why it did not.
    pub error: Option<Cow<'a, str>>,
    /// `providers_used`: who ran the models.
    pub providers_used: Vec<Cow<'a, str>>,
    /// `tiers_used`: the price classes.
    pub tiers_used: Vec<Cow<'a, str>>,
}

impl<'a> WorkflowRun<'a> {
    /// Reads one line. `run_id`, `workflow_name` and `started_at` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            run_id: fields.require("run_id")?.text()?,
            workflow: fields.require("workflow_name")?.text()?,
            started_at: fields.require("started_at")?.time()?,
            completed_at: fields.get_or_null("completed_at", Value::time)?,
            user_id: fields.get_or_null("user_id", Value::text)?,
            session_id: fields.get_or_null("session_id", Value::text)?,
            trigger: fields.get_or_null("trigger", Value::text)?,
            project: fields.get_or_null("project", Value::text)?,
            stages: fields.get_or("stages", Vec::new(), stages)?,
            tokens_in: fields.get_or("total_input_tokens", 0, Value::count)?,
            tokens_out: fields.get_or("total_output_tokens", 0, Value::count)?,
            cost: fields.get_or("total_cost", Usd::ZERO, Value::usd)?,
            baseline_cost: fields.get_or("baseline_cost", Usd::ZERO, Value::usd)?,
            savings: fields.get_or("savings", UsdChange::ZERO, Value::usd_change)?,
            savings_percent: fields.get_or("savings_percent", 0, |v| v.signed(9))?,
            duration_us: fields.get_or("total_duration_ms", 0, |v| v.scaled(3))?,
            success: fields.get_or("success", true, Value::flag)?,
            error: fields.get_or_null("error", Value::text)?,
            providers_used: fields.get_or("providers_used", Vec::new(), Value::texts)?,
            tiers_used: fields.get_or("tiers_used", Vec::new(), Value::texts)?,
        })
    }
}

/// One part of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkflowStage<'a> {
    /// `stage_name`: the part's name.
    pub name: Cow<'a, str>,
    /// `tier`: the price class.
    pub tier: Cow<'a, str>,
    /// `model_id`: the model's id.
    pub model: Cow<'a, str>,
    /// `input_tokens`: tokens sent.
    pub tokens_in: u64,
    /// `output_tokens`: tokens given back.
    pub tokens_out: u64,
    /// `cost`: what the part cost.
    pub cost: Usd,
    /// `latency_ms`: in microseconds.
    pub latency_us: u64,
    /// `success`: whether it reached its end.
    pub success: bool,
    /// `skipped`: whether it was left out.
    pub skipped: bool,
    /// `skip_reason`: why it was.
    pub skip_reason: Option<Cow<'a, str>>,
    /// `error`: why it did not reach its end.
    pub error: Option<Cow<'a, str>>,
}

impl<'a> WorkflowStage<'a> {
    fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        Ok(Self {
            name: fields.require("stage_name")?.text()?,
            tier: fields.require("tier")?.text()?,
            model: fields.require("model_id")?.text()?,
            tokens_in: fields.get_or("input_tokens", 0, Value::count)?,
            tokens_out: fields.get_or("output_tokens", 0, Value::count)?,
            cost: fields.get_or("cost", Usd::ZERO, Value::usd)?,
            latency_us: fields.get_or("latency_ms", 0, |v| v.scaled(3))?,
            success: fields.get_or("success", true, Value::flag)?,
            skipped: fields.get_or("skipped", false, Value::flag)?,
            skip_reason: fields.get_or_null("skip_reason", Value::text)?,
            error: fields.get_or_null("error", Value::text)?,
        })
    }
}

fn stages(value: Value<'_>) -> Result<Vec<WorkflowStage<'_>>, RecordError> {
    value.array()?.into_iter().map(WorkflowStage::of).collect()
}
