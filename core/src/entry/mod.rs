//! Records on their way into a log.
//!
//! What a caller hands over is judged as strictly as what is read, and more: a
//! field that the record does not have is an error here, because a misspelt name
//! would lose its value for good. The line that comes out is in the key order and
//! style of the log's first writer.

mod feedback;
mod help;
mod json_text;
mod stored;
mod telemetry;
mod usage;

use alloc::string::{String, ToString};
use core::fmt;

pub use feedback::{FeedbackBook, Rating, Vote};
pub use help::{help_query_line, help_unmatched_line};
pub(crate) use json_text::ascii_spaced;
pub use stored::stream_fields;
pub use telemetry::{push_telemetry_entry, telemetry_entry_file, telemetry_entry_json};
pub use usage::{UsageDefaults, usage_line};

use crate::json::{Fields, RecordError, RecordErrorKind, Value};
use crate::jsonl::MAX_LINE_BYTES;

/// The version of the formats that are written.
const VERSION: &str = "1.0";

/// Why something is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryError {
    /// It is no record of this kind.
    Record(RecordError),
    /// The record has no field of this name.
    UnknownField(String),
    /// The line would be longer than readers take.
    TooLong,
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(error) => error.fmt(f),
            Self::UnknownField(name) => {
                // Names come from outside: no control characters, and not long.
                let shown: String = name.escape_debug().take(40).collect();
                write!(f, "unknown_field: {shown}")
            }
            Self::TooLong => write!(f, "too_long: more than {MAX_LINE_BYTES} bytes"),
        }
    }
}

impl core::error::Error for EntryError {}

impl From<RecordError> for EntryError {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

/// Appends a text as a JSON string; only what JSON forbids is escaped.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    json_text::push_string(out, text, json_text::Charset::Utf8);
}

/// Appends an integer.
pub(crate) fn push_json_integer(out: &mut String, n: i64) {
    telemetry::push_integer(out, n);
}

/// An error if there is another field than these.
fn only(fields: &Fields<'_>, known: &[&str]) -> Result<(), EntryError> {
    match fields.names().find(|name| !known.contains(name)) {
        Some(name) => Err(EntryError::UnknownField(name.to_string())),
        None => Ok(()),
    }
}

/// An error if a version is stated that is not the one written.
fn known_version(fields: &Fields<'_>) -> Result<(), EntryError> {
    match fields.present("v")? {
        Some(version) if version.text()? != VERSION => Err(version.bad().into()),
        _ => Ok(()),
    }
}

/// A text that must be there and not be empty.
fn required_text<'a>(
    fields: &Fields<'a>,
    field: &'static str,
) -> Result<alloc::borrow::Cow<'a, str>, EntryError> {
    let value = fields.present(field)?.ok_or(RecordError {
        kind: RecordErrorKind::MissingField(field),
        at: 0,
    })?;
    let text = value.text()?;
    if text.is_empty() {
        Err(value.bad().into())
    } else {
        Ok(text)
    }
}

/// A count, or zero where there is none.
fn count(value: Option<Value<'_>>) -> Result<u64, RecordError> {
    value.map_or(Ok(0), Value::count)
}

/// The line with its newline, if readers take one of its length.
fn line(mut text: String) -> Result<String, EntryError> {
    if text.len() > MAX_LINE_BYTES {
        return Err(EntryError::TooLong);
    }
    text.push('\n');
    Ok(text)
}
