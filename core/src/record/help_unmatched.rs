//! Questions without an answer: the lines of `help_unmatched.jsonl`, log version 1.0.

use alloc::borrow::Cow;

use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// One question that the help system had no answer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpUnmatched<'a> {
    /// `v`: the version of the log's format; known is `1.0`.
    pub version: Option<Cow<'a, str>>,
    /// `ts`: when it was asked.
    pub at: Timestamp,
    /// `source`: which tool asked, else `help_lookup`.
    pub source: Cow<'a, str>,
    /// `mode`: how it was looked up.
    pub mode: Cow<'a, str>,
    /// `query`: what was asked, as the user wrote it.
    pub query: Cow<'a, str>,
    /// `metadata`: further facts, as JSON text.
    pub metadata: &'a str,
}

impl<'a> HelpUnmatched<'a> {
    /// Reads one line. `ts`, `mode` and `query` must be there;
    /// unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(line)?;
        Ok(Self {
            version: fields.get_or_null("v", Value::text)?,
            at: fields.require("ts")?.time()?,
            source: fields.get_or("source", Cow::Borrowed("help_lookup"), Value::text)?,
            mode: fields.require("mode")?.text()?,
            query: fields.require("query")?.text()?,
            metadata: fields.get_or("metadata", "{}", Value::object_text)?,
        })
    }
}
