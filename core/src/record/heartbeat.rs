//! A sign of life of one agent.

use alloc::string::String;

use super::stored_time;
use crate::decimal::Decimal;
use crate::json::{Fields, RecordError, Value};
use crate::json_object::JsonObject;
use crate::time::Timestamp;

/// The statuses after which no more beats come.
pub const FINAL_STATUSES: [&str; 3] = ["completed", "failed", "cancelled"];

/// The last beat of one agent, as stores hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// `agent_id`: who.
    pub agent_id: String,
    /// `status`: `starting`, `running`, or one of [`FINAL_STATUSES`]; any other
    /// text is taken too.
    pub status: String,
    /// `progress`: from 0 to 1 by convention, not checked.
    pub progress: Decimal,
    /// `current_task`: what it does, in words.
    pub current_task: String,
    /// `last_beat`: when, by the agent's clock; a time without an offset is UTC.
    pub last_beat: Option<Timestamp>,
    /// `metadata`: further facts; `interval_s` announces the time between beats,
    /// `workflow` names what it works for.
    pub metadata: JsonObject,
    /// `display_name`: what people call it.
    pub display_name: Option<String>,
}

impl Heartbeat {
    /// Reads one value. `agent_id`, `status`, `progress` and `current_task` must be there.
    pub fn parse(value: &str) -> Result<Self, RecordError> {
        let fields = Fields::parse(value)?;
        Ok(Self {
            agent_id: fields.require("agent_id")?.text()?.into(),
            status: fields.require("status")?.text()?.into(),
            progress: Decimal::from_nanos(fields.require("progress")?.signed(9)?),
            current_task: fields.require("current_task")?.text()?.into(),
            last_beat: stored_time(&fields, "last_beat")?,
            metadata: fields.get_or("metadata", JsonObject::default(), Value::json_object)?,
            display_name: fields
                .get_or_null("display_name", Value::text)?
                .map(Into::into),
        })
    }

    /// Whether this was the last beat.
    pub fn is_final(&self) -> bool {
        FINAL_STATUSES.contains(&&*self.status)
    }

    /// `metadata.interval_s`: the announced time between beats in microseconds,
    /// if it is a number above zero.
    pub fn announced_interval_us(&self) -> Option<u64> {
        let fields = Fields::parse(self.metadata.as_str()).ok()?;
        let us = fields.get("interval_s").ok()??.scaled(6).ok()?;
        (us > 0).then_some(us)
    }

    /// `metadata.workflow`: what it works for, if that is a text.
    pub fn workflow(&self) -> Option<String> {
        let fields = Fields::parse(self.metadata.as_str()).ok()?;
        let workflow = fields.get("workflow").ok()??.text().ok()?;
        Some(workflow.into())
    }
}
