//! The question whether something may be done.

use alloc::string::String;

use super::stored_time;
use crate::json::{Fields, RecordError, Value};
use crate::json_object::JsonObject;
use crate::time::Timestamp;

/// How long an answer is waited for where nothing is stated, in microseconds.
pub const DEFAULT_APPROVAL_TIMEOUT_US: u64 = 300_000_000;

/// One request, as stores hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRequest {
    /// `request_id`: its id, `approval_` and hexadecimal digits.
    pub request_id: String,
    /// `approval_type`: what for, such as `deploy`.
    pub approval_type: String,
    /// `agent_id`: who asks.
    pub agent_id: String,
    /// `context`: what the decision rests on.
    pub context: JsonObject,
    /// `timestamp`: when it was asked, by the asker's clock; a time without an
    /// offset is UTC.
    pub timestamp: Option<Timestamp>,
    /// `timeout_seconds`, in microseconds: how long an answer is waited for, else 300 s.
    pub timeout_us: u64,
    /// `status`: what its writer knew last.
    pub status: ApprovalStatus,
}

/// What the stored request says of its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApprovalStatus {
    /// `pending`: none yet.
    #[default]
    Pending,
    /// `approved`: yes.
    Approved,
    /// `rejected`: no.
    Rejected,
    /// `timeout`: none in time.
    Timeout,
}

impl ApprovalStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Approved, Self::Rejected, Self::Timeout];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
        }
    }

    /// The status of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl ApprovalRequest {
    /// Reads one value. `request_id`, `approval_type` and `agent_id` must be there.
    pub fn parse(value: &str) -> Result<Self, RecordError> {
        let fields = Fields::parse(value)?;
        Ok(Self {
            request_id: fields.require("request_id")?.text()?.into(),
            approval_type: fields.require("approval_type")?.text()?.into(),
            agent_id: fields.require("agent_id")?.text()?.into(),
            context: fields.get_or("context", JsonObject::default(), Value::json_object)?,
            timestamp: stored_time(&fields, "timestamp")?,
            timeout_us: fields.get_or("timeout_seconds", DEFAULT_APPROVAL_TIMEOUT_US, |v| {
                v.scaled(6)
            })?,
            status: fields.get_or("status", ApprovalStatus::Pending, |v| {
                ApprovalStatus::of_name(&v.text()?).ok_or(v.bad())
            })?,
        })
    }

    /// When it stops waiting: its time and its timeout, if it states its time.
    pub fn deadline(&self) -> Option<Timestamp> {
        let timeout = i64::try_from(self.timeout_us).unwrap_or(i64::MAX);
        self.timestamp.map(|at| at.saturating_add_us(timeout))
    }
}
