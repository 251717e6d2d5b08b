//! Calls of models: the lines of `usage.jsonl`, log version 1.0.

mod fast;

use alloc::borrow::Cow;

use crate::json::{Fields, RecordError, Value};
use crate::money::Usd;
use crate::time::Timestamp;

/// What a text field holds when the line does not have it.
pub const UNKNOWN: &str = "unknown";

/// One call of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRecord<'a> {
    /// `v`: the version of the log's format; known is `1.0`.
    pub version: Option<Cow<'a, str>>,
    /// `ts`: when the call ended.
    pub at: Timestamp,
    /// `workflow`: who made the call, else [`UNKNOWN`].
    pub workflow: Cow<'a, str>,
    /// `tier`: the price class as written (`CHEAP`, `capable` ...), else [`UNKNOWN`].
    pub tier: Cow<'a, str>,
    /// `model`: the model's id, else [`UNKNOWN`].
    pub model: Cow<'a, str>,
    /// `provider`: who runs the model, else [`UNKNOWN`].
    pub provider: Cow<'a, str>,
    /// `cost`: what the call cost.
    pub cost: Usd,
    /// `tokens.input`, or `tokens.input_tokens` where there is no such field.
    pub tokens_in: u64,
    /// `tokens.output`, or `tokens.output_tokens` where there is no such field.
    pub tokens_out: u64,
    /// `cache.hit`: whether the answer came from the response cache.
    pub cache_hit: bool,
    /// `cache.type`: which cache that was.
    pub cache_type: Option<Cow<'a, str>>,
    /// `duration_ms`, in microseconds.
    pub duration_us: u64,
    /// `user_id`: a pseudonym of the user.
    pub user_id: Option<Cow<'a, str>>,
    /// `stage`: the part of the workflow.
    pub stage: Option<Cow<'a, str>>,
    /// `prompt_cache`: use of the provider's cache of prompts.
    pub prompt_cache: PromptCache,
    /// `seq`: a counter per writing process.
    pub seq: Option<u64>,
}

/// Use of the provider's cache of prompts by one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PromptCache {
    /// Whether a cached prompt was used.
    pub hit: bool,
    /// Tokens written into the cache.
    pub creation_tokens: u64,
    /// Tokens read from the cache.
    pub read_tokens: u64,
}

impl<'a> UsageRecord<'a> {
    /// Reads one line. `ts` and `cost` must be there; unknown fields are passed over.
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        match fast::parse(line) {
            Some(record) => Ok(record),
            None => Self::parse_any(line),
        }
    }

    /// Reads a line whatever the order and form of its fields.
    fn parse_any(line: &'a str) -> Result<Self, RecordError> {
        Self::of_fields(&Fields::parse(line)?, None)
    }

    /// Reads the fields of a line. A missing time is `now`, if that is given.
    pub(crate) fn of_fields(
        fields: &Fields<'a>,
        now: Option<Timestamp>,
    ) -> Result<Self, RecordError> {
        let at = match (fields.present("ts")?, now) {
            (None, Some(now)) => now,
            _ => fields.require("ts")?.time()?,
        };
        Self::of_rest(fields, at, fields.require("cost")?.usd()?)
    }

    /// Reads the fields of a line that states no cost.
    pub(crate) fn of_fields_at_cost(fields: &Fields<'a>, cost: Usd) -> Result<Self, RecordError> {
        Self::of_rest(fields, fields.require("ts")?.time()?, cost)
    }

    fn of_rest(fields: &Fields<'a>, at: Timestamp, cost: Usd) -> Result<Self, RecordError> {
        let text = |field| fields.present(field)?.map(Value::text).transpose();
        let text_or_unknown =
            |field| text(field).map(|found| found.unwrap_or(Cow::Borrowed(UNKNOWN)));
        let (tokens_in, tokens_out) = match fields.get("tokens")? {
            Some(tokens) => {
                let tokens = tokens.object()?;
                (
                    either_count(&tokens, "input", "input_tokens")?,
                    either_count(&tokens, "output", "output_tokens")?,
                )
            }
            None => (0, 0),
        };
        let (cache_hit, cache_type) = match fields.present("cache")? {
            Some(cache) => {
                let cache = cache.object()?;
                (
                    cache.present("hit")?.map_or(Ok(false), Value::flag)?,
                    cache.present("type")?.map(Value::text).transpose()?,
                )
            }
            None => (false, None),
        };
        let prompt_cache = match fields.present("prompt_cache")? {
            Some(cache) => {
                let cache = cache.object()?;
                let count = |field| cache.present(field)?.map_or(Ok(0), Value::count);
                PromptCache {
                    hit: cache.present("hit")?.map_or(Ok(false), Value::flag)?,
                    creation_tokens: count("creation_tokens")?,
                    read_tokens: count("read_tokens")?,
                }
            }
            None => PromptCache::default(),
        };
        Ok(Self {
            version: text("v")?,
            at,
            workflow: text_or_unknown("workflow")?,
            tier: text_or_unknown("tier")?,
            model: text_or_unknown("model")?,
            provider: text_or_unknown("provider")?,
            cost,
            tokens_in,
            tokens_out,
            cache_hit,
            cache_type,
            duration_us: fields
                .present("duration_ms")?
                .map_or(Ok(0), |v| v.scaled(3))?,
            user_id: text("user_id")?,
            stage: text("stage")?,
            prompt_cache,
            seq: fields.present("seq")?.map(Value::count).transpose()?,
        })
    }
}

/// One of two names for a count; zero when neither is there.
fn either_count(
    fields: &Fields<'_>,
    name: &'static str,
    variant: &'static str,
) -> Result<u64, RecordError> {
    let found = match fields.present(name)? {
        Some(value) => Some(value),
        None => fields.present(variant)?,
    };
    found.map_or(Ok(0), Value::count)
}

#[cfg(test)]
mod tests;
