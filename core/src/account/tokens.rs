//! Rows of the usage report.

use alloc::boxed::Box;
use alloc::string::String;

use super::page::in_words;
use crate::json::{Fields, RecordError, Value};

/// Tokens of one model on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRow {
    /// The model's id.
    pub model: Option<Box<str>>,
    /// Tokens sent that no cache took part in.
    pub uncached_input_tokens: u64,
    /// Tokens that the model gave back.
    pub output_tokens: u64,
    /// Tokens read from the prompt cache.
    pub cache_read_input_tokens: u64,
    /// Tokens written into the prompt cache for five minutes.
    pub cache_creation_5m_tokens: u64,
    /// Tokens written into the prompt cache for an hour.
    pub cache_creation_1h_tokens: u64,
    /// Searches of the web that models made.
    pub web_search_requests: u64,
}

impl TokenRow {
    /// Counts that are not there are none; a row without any known count is of another shape.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, String> {
        fields.require("output_tokens").map_err(in_words)?;
        Self::parse(fields).map_err(in_words)
    }

    fn parse(fields: &Fields<'_>) -> Result<Self, RecordError> {
        let count = |fields: &Fields<'_>, name| {
            fields
                .get_or_null(name, Value::count)
                .map(Option::unwrap_or_default)
        };
        let mut row = Self {
            model: fields.get_or_null("model", Value::text)?.map(Box::from),
            uncached_input_tokens: count(fields, "uncached_input_tokens")?,
            output_tokens: count(fields, "output_tokens")?,
            cache_read_input_tokens: count(fields, "cache_read_input_tokens")?,
            ..Self::default()
        };
        if let Some(written) = fields.get_or_null("cache_creation", Value::object)? {
            row.cache_creation_5m_tokens = count(&written, "ephemeral_5m_input_tokens")?;
            row.cache_creation_1h_tokens = count(&written, "ephemeral_1h_input_tokens")?;
        }
        if let Some(tools) = fields.get_or_null("server_tool_use", Value::object)? {
            row.web_search_requests = count(&tools, "web_search_requests")?;
        }
        Ok(row)
    }

    /// Adds another row; sums stop at their type's end.
    pub fn add(&mut self, other: &Self) {
        let sums = [
            (&mut self.uncached_input_tokens, other.uncached_input_tokens),
            (&mut self.output_tokens, other.output_tokens),
            (
                &mut self.cache_read_input_tokens,
                other.cache_read_input_tokens,
            ),
            (
                &mut self.cache_creation_5m_tokens,
                other.cache_creation_5m_tokens,
            ),
            (
                &mut self.cache_creation_1h_tokens,
                other.cache_creation_1h_tokens,
            ),
            (&mut self.web_search_requests, other.web_search_requests),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
    }
}
