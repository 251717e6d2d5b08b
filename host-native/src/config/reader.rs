//! Values of a file, and errors that name their line.

use std::env;
use std::ops::Range;
use std::path::{Path, PathBuf};

use muster_core::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Failure;

/// Turns values of one file into settings, or into errors that name their line.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) path: &'a Path,
}

pub(super) type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    pub(super) fn strings(&self, value: &Value<'_>) -> Result<Vec<String>, Failure> {
        match value.get_ref() {
            DeValue::Array(items) => items
                .iter()
                .map(|item| self.string(item).map(str::to_owned))
                .collect(),
            _ => Err(self.error(&value.span(), "a list of texts is needed here")),
        }
    }

    pub(super) fn flag(&self, value: &Value<'_>) -> Result<bool, Failure> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.error(&value.span(), "true or false is needed")),
        }
    }

    /// A number above zero, in microseconds.
    pub(super) fn seconds(&self, value: &Value<'_>) -> Result<u64, Failure> {
        let seconds = Decimal::parse(&digits(value));
        let us = seconds.and_then(|seconds| u64::try_from(seconds.as_nanos() / 1000).ok());
        us.filter(|us| *us > 0)
            .ok_or_else(|| self.error(&value.span(), "a number of seconds above zero is needed"))
    }

    /// A whole number above zero.
    pub(super) fn whole(&self, value: &Value<'_>) -> Result<u64, Failure> {
        let number = digits(value).parse().ok();
        number
            .filter(|number| *number > 0)
            .ok_or_else(|| self.error(&value.span(), "a whole number above zero is needed"))
    }

    pub(super) fn table<'v, 'a>(&self, value: &'v Value<'a>) -> Result<&'v DeTable<'a>, Failure> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.error(&value.span(), "a table is needed here")),
        }
    }

    pub(super) fn string<'v>(&self, value: &'v Value<'_>) -> Result<&'v str, Failure> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.error(&value.span(), "a text in quotes is needed here")),
        }
    }

    pub(super) fn folder(&self, value: &Value<'_>) -> Result<PathBuf, Failure> {
        let text = self.string(value)?;
        let folder = match text.strip_prefix("~/") {
            Some(rest) => env::home_dir().map(|home| home.join(rest)),
            None => None,
        };
        Ok(folder.unwrap_or_else(|| self.path.parent().unwrap_or(Path::new("")).join(text)))
    }

    pub(super) fn unknown(&self, span: &Range<usize>, name: &str) -> Failure {
        self.error(span, &format!("{name} is no known setting"))
    }

    pub(super) fn error(&self, span: &Range<usize>, message: &str) -> Failure {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Failure::usage(format!("{}:{line}: {message}", self.path.display()))
            .hint("known are [telemetry] home, project, naive_offset, strict; [store] url; [liveness] interval_s, late_percent, stale_intervals, stale_s, clock_skew_s; [[alert]] name, when, above, cooldown_s, command, webhook; [ops] month_budget_usd, attune; [ops.diagnosis] every_minutes, profile; [[ops.command]] name, title, description, argv, scope, scopes, confirm, time_limit_s; [prices.MODEL] input, output, from; [gateway.profile.NAME] as in docs/gateway.md")
    }
}

/// The digits of a decimal number as they are written; nothing for any other value.
pub(super) fn digits(value: &Value<'_>) -> String {
    let digits = match value.get_ref() {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
        DeValue::Float(float) => float.as_str(),
        _ => "",
    };
    digits.replace('_', "").trim_start_matches('+').to_owned()
}
