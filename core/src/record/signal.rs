//! A message from one agent to another, or to all.

use alloc::string::String;

use super::stored_time;
use crate::json::{Fields, RecordError, Value};
use crate::json_object::JsonObject;
use crate::time::Timestamp;

/// The lifetime of a signal that states none, in seconds.
pub const DEFAULT_SIGNAL_TTL_S: u64 = 60;

/// One signal, as stores hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// `signal_id`: its id, `signal_` and hexadecimal digits.
    pub signal_id: String,
    /// `signal_type`: what it says, such as `ready`.
    pub signal_type: String,
    /// `source_agent`: who sent it.
    pub source_agent: String,
    /// `target_agent`: for whom it is; `None`, written as `null` or `*`, is for all.
    pub target_agent: Option<String>,
    /// `payload`: what else it says.
    pub payload: JsonObject,
    /// `timestamp`: when it was sent, by the sender's clock; a time without an
    /// offset is UTC.
    pub timestamp: Option<Timestamp>,
    /// `ttl_seconds`: for how long it can be received, else 60.
    pub ttl_seconds: u64,
}

impl Signal {
    /// Reads one value. `signal_id`, `signal_type` and `source_agent` must be there.
    pub fn parse(value: &str) -> Result<Self, RecordError> {
        let fields = Fields::parse(value)?;
        Ok(Self {
            signal_id: fields.require("signal_id")?.text()?.into(),
            signal_type: fields.require("signal_type")?.text()?.into(),
            source_agent: fields.require("source_agent")?.text()?.into(),
            target_agent: fields
                .get_or_null("target_agent", Value::text)?
                .filter(|target| target != "*")
                .map(Into::into),
            payload: fields.get_or("payload", JsonObject::default(), Value::json_object)?,
            timestamp: stored_time(&fields, "timestamp")?,
            ttl_seconds: fields.get_or("ttl_seconds", DEFAULT_SIGNAL_TTL_S, Value::count)?,
        })
    }
}
