//! Which agent got which task: the lines of `task_routing.jsonl`, which state no version.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};
use crate::money::Usd;
use crate::time::Timestamp;

/// The state of one task when the line was written; a task has a line per state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRouting<'a> {
    /// `routing_id`: the task's id, the same on all of its lines.
    pub routing_id: Cow<'a, str>,
    /// `timestamp`: when it was routed.
    pub at: Timestamp,
    /// `task_description`: the task in words.
    pub description: Cow<'a, str>,
    /// `task_type`: what kind of task.
    pub task_type: Cow<'a, str>,
    /// `task_complexity`: `simple`, `moderate` or `complex`.
    pub complexity: Cow<'a, str>,
    /// `assigned_agent`: who got it.
    pub agent: Cow<'a, str>,
    /// `assigned_tier`: the price class; its writer puts the provider here.
    pub tier: Cow<'a, str>,
    /// `routing_strategy`: `rule_based`, `ml_predicted` or `manual_override`.
    pub strategy: Cow<'a, str>,
    /// `task_dependencies`: ids of tasks that come first.
    pub dependencies: Vec<Cow<'a, str>>,
    /// `confidence_score`: how sure the router was, times 1e9, else 1.
    pub confidence: u64,
    /// `status`: `pending`, `running`, `completed` or `failed`, else `pending`.
    pub status: Cow<'a, str>,
    /// `started_at`: when work began.
    pub started_at: Option<Timestamp>,
    /// `completed_at`: when it ended.
    pub completed_at: Option<Timestamp>,
    /// `success`: whether the task was done.
    pub success: bool,
    /// `quality_score`: how well, times 1e9.
    pub quality: Option<u64>,
    /// `retry_count`: how often it was tried again.
    pub retries: u64,
    /// `error_type`: the kind of error.
    pub error_type: Option<Cow<'a, str>>,
    /// `error_message`: its text.
    pub error_message: Option<Cow<'a, str>>,
    /// `estimated_cost`: what it should cost.
    pub estimated_cost: Usd,
    /// `actual_cost`: what it did cost, where that is known.
    pub actual_cost: Option<Usd>,
    /// `user_id`: for whom.
    pub user_id: Option<Cow<'a, str>>,
    /// `session_id`: in which session.
    pub session_id: Option<Cow<'a, str>>,
    /// `metadata`: further facts, as JSON text.
    pub metadata: &'a str,
}

impl<'a> TaskRouting<'a> {
    /// Reads one line. `routing_id`, `timestamp`, `task_description`, `task_type`, `task_complexity`, `assigned_agent`, `assigned_tier` and `routing_strategy` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            routing_id: fields.require("routing_id")?.text()?,
            at: fields.require("timestamp")?.time()?,
            description: fields.require("task_description")?.text()?,
            task_type: fields.require("task_type")?.text()?,
            complexity: fields.require("task_complexity")?.text()?,
            agent: fields.require("assigned_agent")?.text()?,
            tier: fields.require("assigned_tier")?.text()?,
            strategy: fields.require("routing_strategy")?.text()?,
            dependencies: fields.get_or("task_dependencies", Vec::new(), Value::texts)?,
            confidence: fields.get_or("confidence_score", 1_000_000_000, |v| v.scaled(9))?,
            status: fields.get_or("status", Cow::Borrowed("pending"), Value::text)?,
            started_at: fields.get_or_null("started_at", Value::time)?,
            completed_at: fields.get_or_null("completed_at", Value::time)?,
            success: fields.get_or("success", false, Value::flag)?,
            quality: fields.get_or_null("quality_score", |v| v.scaled(9))?,
            retries: fields.get_or("retry_count", 0, Value::count)?,
            error_type: fields.get_or_null("error_type", Value::text)?,
            error_message: fields.get_or_null("error_message", Value::text)?,
            estimated_cost: fields.get_or("estimated_cost", Usd::ZERO, Value::usd)?,
            actual_cost: fields.get_or_null("actual_cost", Value::usd)?,
            user_id: fields.get_or_null("user_id", Value::text)?,
            session_id: fields.get_or_null("session_id", Value::text)?,
            metadata: fields.get_or("metadata", "{}", Value::object_text)?,
        })
    }
}
