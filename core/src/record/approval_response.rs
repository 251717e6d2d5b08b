//! The answer to the question whether something may be done.

use alloc::string::String;

use super::stored_time;
use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// One answer, as stores hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalResponse {
    /// `request_id`: the request that it answers.
    pub request_id: String,
    /// `approved`: whether it may be done, else not.
    pub approved: bool,
    /// `responder`: who answered, else `unknown`.
    pub responder: String,
    /// `reason`: why, else empty.
    pub reason: String,
    /// `timestamp`: when, by the responder's clock; a time without an offset is UTC.
    pub timestamp: Option<Timestamp>,
}

impl ApprovalResponse {
    /// Reads one value. `request_id` must be there.
    pub fn parse(value: &str) -> Result<Self, RecordError> {
        let fields = Fields::parse(value)?;
        Ok(Self {
            request_id: fields.require("request_id")?.text()?.into(),
            approved: fields.get_or("approved", false, Value::flag)?,
            responder: fields
                .get_or("responder", "unknown".into(), Value::text)?
                .into(),
            reason: fields.get_or("reason", "".into(), Value::text)?.into(),
            timestamp: stored_time(&fields, "timestamp")?,
        })
    }
}
