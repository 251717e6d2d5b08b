//! The records that agent systems write, one file per record.
//!
//! Each is read by a `parse` that takes one line and gives the record, borrowed
//! from the line where it can be, or the first thing that is wrong with it.
//! A field that is not there has the default that its format states. `null` is
//! read as "not there" only where the format has `null` as the default; anywhere
//! else it is an error, so that nothing is made up in silence.

pub mod agent_assignment;
pub mod approval_request;
pub mod approval_response;
pub mod cost_entry;
pub mod coverage;
pub mod diagnosis;
pub mod file_test;
pub mod heartbeat;
pub mod help_query;
pub mod help_unmatched;
pub mod llm_call;
pub mod memory_event;
pub mod quality_feedback;
pub mod signal;
pub mod stream_event;
pub mod task_routing;
pub mod telemetry_entry;
pub mod template_ratings;
pub mod test_execution;
pub mod usage;
pub mod usage_summary;
pub mod workflow_run;

use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// The time that a value in a store states; its first writer takes "now" where
/// there is none, which would be made up.
fn stored_time(fields: &Fields<'_>, field: &'static str) -> Result<Option<Timestamp>, RecordError> {
    fields.get(field)?.map(Value::time).transpose()
}

#[cfg(test)]
mod tests;
