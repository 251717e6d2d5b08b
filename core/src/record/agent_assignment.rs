//! Tasks of agents: the lines of `agent_assignments.jsonl`, which state no version.

use alloc::borrow::Cow;

use crate::json::{Fields, RecordError, Value};
use crate::money::div_half_even;
use crate::time::Timestamp;

/// The state of one assignment when the line was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the format has them")]
pub struct AgentAssignment<'a> {
    /// `assignment_id`: the assignment's id.
    pub assignment_id: Cow<'a, str>,
    /// `timestamp`: when it was made.
    pub at: Timestamp,
    /// `task_id`: the task's id.
    pub task_id: Cow<'a, str>,
    /// `task_title`: the task in short.
    pub task_title: Cow<'a, str>,
    /// `task_description`: the task in words.
    pub task_description: Cow<'a, str>,
    /// `assigned_agent`: who got it.
    pub agent: Cow<'a, str>,
    /// `task_spec_clarity`: how clear the task is, 0 to 1, times 1e9.
    pub spec_clarity: u64,
    /// `assignment_reason`: why this agent.
    pub reason: Cow<'a, str>,
    /// `estimated_duration_hours`: how long it should take, in microseconds.
    pub estimated_duration_us: u64,
    /// `has_clear_spec`: whether the task is clear.
    pub has_clear_spec: bool,
    /// `has_dependencies`: whether other tasks come first.
    pub has_dependencies: bool,
    /// `requires_human_review`: whether a human must look at the result.
    pub requires_human_review: bool,
    /// `automated_eligible`: whether it can go without a human.
    pub automated_eligible: bool,
    /// `status`: `assigned`, `in_progress`, `completed` or `blocked`, else `assigned`.
    pub status: Cow<'a, str>,
    /// `started_at`: when work began.
    pub started_at: Option<Timestamp>,
    /// `completed_at`: when it ended.
    pub completed_at: Option<Timestamp>,
    /// `actual_duration_hours`: how long it took, in microseconds.
    pub actual_duration_us: Option<u64>,
    /// `success`: whether the task was done.
    pub success: bool,
    /// `quality_check_passed`: whether the result was checked and good.
    pub quality_check_passed: bool,
    /// `human_review_required`: whether a human had to look at the result.
    pub human_review_required: bool,
    /// `workflow_id`: which workflow it was.
    pub workflow_id: Option<Cow<'a, str>>,
    /// `metadata`: further facts, as JSON text.
    pub metadata: &'a str,
}

impl<'a> AgentAssignment<'a> {
    /// Reads one line. `assignment_id`, `timestamp`, `task_id`, `task_title`, `task_description` and `assigned_agent` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            assignment_id: fields.require("assignment_id")?.text()?,
            at: fields.require("timestamp")?.time()?,
            task_id: fields.require("task_id")?.text()?,
            task_title: fields.require("task_title")?.text()?,
            task_description: fields.require("task_description")?.text()?,
            agent: fields.require("assigned_agent")?.text()?,
            spec_clarity: fields.get_or("task_spec_clarity", 0, |v| v.scaled(9))?,
            reason: fields.get_or("assignment_reason", Cow::Borrowed(""), Value::text)?,
            estimated_duration_us: fields.get_or("estimated_duration_hours", 0, hours_us)?,
            has_clear_spec: fields.get_or("has_clear_spec", false, Value::flag)?,
            has_dependencies: fields.get_or("has_dependencies", false, Value::flag)?,
            requires_human_review: fields.get_or("requires_human_review", false, Value::flag)?,
            automated_eligible: fields.get_or("automated_eligible", false, Value::flag)?,
            status: fields.get_or("status", Cow::Borrowed("assigned"), Value::text)?,
            started_at: fields.get_or_null("started_at", Value::time)?,
            completed_at: fields.get_or_null("completed_at", Value::time)?,
            actual_duration_us: fields.get_or_null("actual_duration_hours", hours_us)?,
            success: fields.get_or("success", false, Value::flag)?,
            quality_check_passed: fields.get_or("quality_check_passed", false, Value::flag)?,
            human_review_required: fields.get_or("human_review_required", false, Value::flag)?,
            workflow_id: fields.get_or_null("workflow_id", Value::text)?,
            metadata: fields.get_or("metadata", "{}", Value::object_text)?,
        })
    }
}

/// Hours as microseconds, rounded half to even.
fn hours_us(value: Value<'_>) -> Result<u64, RecordError> {
    // An hour is 3.6e9 microseconds, so a nano-hour is 18/5 of one.
    let us = div_half_even(i128::from(value.scaled(9)?) * 18, 5);
    us.and_then(|us| u64::try_from(us).ok())
        .ok_or_else(|| value.bad())
}
