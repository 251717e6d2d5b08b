//! Use of the agents' memory: the lines of `memory_events.jsonl`, log version 1.0.

use alloc::borrow::Cow;

use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// One use of an agent's memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryEvent<'a> {
    /// `v`: the version of the log's format; known is `1.0`.
    pub version: Option<Cow<'a, str>>,
    /// `ts`: when it was.
    pub at: Timestamp,
    /// `event`: `memory_feedback`, `session_recall`, `curated_recall` and others.
    pub event: Cow<'a, str>,
    /// `session_id`: in which session.
    pub session_id: Option<Cow<'a, str>>,
    /// The whole line: its further fields are free in name and type.
    pub line: &'a str,
}

impl<'a> MemoryEvent<'a> {
    /// Reads one line. `ts` and `event` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            version: fields.get_or_null("v", Value::text)?,
            at: fields.require("ts")?.time()?,
            event: fields.require("event")?.text()?,
            session_id: fields.get_or_null("session_id", Value::text)?,
            line,
        })
    }
}
