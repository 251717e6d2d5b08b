//! Questions to the help system: the lines of `help_queries.jsonl`, log version 1.0.

use alloc::borrow::Cow;

use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// One question to the help system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpQuery<'a> {
    /// `v`: the version of the log's format; known is `1.0`.
    pub version: Option<Cow<'a, str>>,
    /// `ts`: when it was asked.
    pub at: Timestamp,
    /// `source`: which tool asked.
    pub source: Cow<'a, str>,
    /// `mode`: how it was looked up: `progressive`, `search_tag`, `preamble` and others.
    pub mode: Cow<'a, str>,
    /// `topic`: what was asked, as the user wrote it.
    pub topic: Cow<'a, str>,
    /// `success`: whether the lookup ran without an error.
    pub success: bool,
    /// `found`: whether there was an answer.
    pub found: bool,
    /// `duration_ms`: in microseconds.
    pub duration_us: Option<u64>,
    /// `metadata`: further facts, as JSON text.
    pub metadata: &'a str,
}

impl<'a> HelpQuery<'a> {
    /// Reads one line. `ts`, `source`, `mode`, `topic`, `success` and `found` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            version: fields.get_or_null("v", Value::text)?,
            at: fields.require("ts")?.time()?,
            source: fields.require("source")?.text()?,
            mode: fields.require("mode")?.text()?,
            topic: fields.require("topic")?.text()?,
            success: fields.require("success")?.flag()?,
            found: fields.require("found")?.flag()?,
            duration_us: fields.get_or_null("duration_ms", |v| v.scaled(3))?,
            metadata: fields.get_or("metadata", "{}", Value::object_text)?,
        })
    }
}
