//! Pages of a report: days with rows.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{CostRow, TokenRow};
use crate::json::{Fields, RecordError, Value};
use crate::time::Day;

/// The reports that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountReport {
    /// `cost_report`: what is billed, by day, model and kind of cost.
    Cost,
    /// `usage_report/messages`: tokens by day and model.
    Usage,
}

/// One row of a report with the day that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow<R> {
    /// The UTC day.
    pub day: Day,
    /// What the row says.
    pub row: R,
}

/// All rows that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRows {
    /// Of [`AccountReport::Cost`].
    Cost(Vec<AccountRow<CostRow>>),
    /// Of [`AccountReport::Usage`].
    Usage(Vec<AccountRow<TokenRow>>),
}

impl AccountReport {
    /// The path of the report at the service.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Cost => "/v1/organizations/cost_report",
            Self::Usage => "/v1/organizations/usage_report/messages",
        }
    }

    /// A short name: of the cache file, and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Usage => "usage",
        }
    }

    /// What rows are told apart by, as the service is asked for it.
    pub(super) const fn group_by(self) -> &'static str {
        match self {
            Self::Cost => "description",
            Self::Usage => "model",
        }
    }
}

impl AccountRows {
    /// No rows yet.
    pub const fn new(report: AccountReport) -> Self {
        match report {
            AccountReport::Cost => Self::Cost(Vec::new()),
            AccountReport::Usage => Self::Usage(Vec::new()),
        }
    }

    /// The report that the rows are of.
    pub const fn report(&self) -> AccountReport {
        match self {
            Self::Cost(_) => AccountReport::Cost,
            Self::Usage(_) => AccountReport::Usage,
        }
    }

    /// Takes in one page and gives the token of the next one, if there is one. Nothing is
    /// taken from a page that is not the report.
    pub(super) fn add_page(&mut self, body: &str) -> Result<Option<String>, String> {
        match self {
            Self::Cost(rows) => add(rows, body, CostRow::read),
            Self::Usage(rows) => add(rows, body, TokenRow::read),
        }
    }
}

/// A row as its fields say it. The message names what cannot be used.
type ReadRow<R> = fn(&Fields<'_>) -> Result<R, String>;

fn add<R>(
    rows: &mut Vec<AccountRow<R>>,
    body: &str,
    read: ReadRow<R>,
) -> Result<Option<String>, String> {
    let before = rows.len();
    read_page(rows, body, read).inspect_err(|_| rows.truncate(before))
}

fn read_page<R>(
    rows: &mut Vec<AccountRow<R>>,
    body: &str,
    read: ReadRow<R>,
) -> Result<Option<String>, String> {
    let page = Fields::parse(body).map_err(in_words)?;
    let buckets = page.require("data").and_then(Value::array);
    for bucket in buckets.map_err(in_words)? {
        let bucket = bucket.object().map_err(in_words)?;
        let start = bucket
            .require("starting_at")
            .and_then(Value::time)
            .map_err(in_words)?;
        let results = bucket.require("results").and_then(Value::array);
        for row in results.map_err(in_words)? {
            let row = read(&row.object().map_err(in_words)?)?;
            rows.push(AccountRow {
                day: start.day(),
                row,
            });
        }
    }
    next_page(&page)
}

fn next_page(page: &Fields<'_>) -> Result<Option<String>, String> {
    let has_more = page.get_or("has_more", false, Value::flag);
    let next = page.get_or_null("next_page", Value::text);
    match (has_more.map_err(in_words)?, next.map_err(in_words)?) {
        (false, _) => Ok(None),
        (true, Some(next)) => Ok(Some(next.into_owned())),
        (true, None) => Err("there is more, and next_page is missing".to_owned()),
    }
}

pub(super) fn in_words(error: RecordError) -> String {
    format!("{error}")
}

/// The error that a field holds a value that cannot be used.
pub(super) fn unusable(field: &str, value: &str, why: &str) -> String {
    // Values are the service's: long ones are cut.
    let mut shown: String = value.chars().take(40).collect();
    if shown.len() < value.len() {
        shown.push_str("...");
    }
    format!("{field} {}: {why}", serde_json::Value::from(shown))
}
