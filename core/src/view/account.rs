//! What an organisation is billed and uses.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::Serialize;

use crate::account::{AccountError, AccountRow, CostRow, CostSpan, TokenRow};
use crate::money::UsdChange;
use crate::time::{Day, Timestamp};

/// What a row without a model or a kind of cost is listed under.
const NO_NAME: &str = "(none)";

/// An account report, or why there is none. Both stand there when an old report is given
/// because a new one could not be had.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountAnswer<T> {
    /// The report.
    pub summary: Option<T>,
    /// Why there is no new one.
    pub error: Option<AccountErrorView>,
    /// Where the report comes from.
    pub cache: CacheView,
}

/// Why an account report could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountErrorView {
    /// `no_key`, `auth_failed`, `rate_limited`, `network`, `bad_response` or `unknown`.
    pub kind: &'static str,
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
    /// When the service wants to be asked again, where it said so.
    pub retry_at: Option<Timestamp>,
}

/// Where an account report comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CacheView {
    /// How old the report is, in seconds; `null` without one.
    pub age_s: Option<u64>,
    /// How it was come by.
    pub state: CacheState,
    /// Where a damaged cache file was put aside, when one was found.
    pub damaged: Option<String>,
}

/// How an account report was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheState {
    /// Fetched for this answer.
    Live,
    /// Fetched before, and recent enough.
    Fresh,
    /// Fetched before and too old, given because a new one could not be had.
    Stale,
    /// There is none.
    None,
}

/// What an organisation is billed. Days are UTC days; the last one is not over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostSummary {
    /// The last day of all spans: the day that the report was fetched on.
    pub day: Day,
    /// Billed on that day so far, in US dollars. Sums may lie below zero by credits.
    pub today_usd: UsdChange,
    /// Billed on that day and the six before.
    pub seven_day_usd: UsdChange,
    /// Billed since the first of the month.
    pub month_to_date_usd: UsdChange,
    /// Billed on that day and the 29 before.
    pub thirty_day_usd: UsdChange,
    /// By UTC day, for every day of the report.
    pub by_day: BTreeMap<String, UsdChange>,
    /// By model over the days of the report, most first; `(none)` for what no model made.
    pub by_model: Vec<CostShare>,
    /// By kind of cost over the days of the report, most first.
    pub by_cost_type: Vec<CostShare>,
    /// When the report was fetched.
    pub fetched_at: Timestamp,
    /// What the report leaves out.
    pub notes: Vec<&'static str>,
}

/// What was billed under one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostShare {
    /// The model's id or the kind of cost.
    pub name: String,
    /// The amount in US dollars.
    pub cost_usd: UsdChange,
}

/// What an organisation uses. Days are UTC days; the last one is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountUsage {
    /// The last day: the day that the report was fetched on.
    pub day: Day,
    /// All models together, by UTC day, for every day of the report.
    pub by_day: BTreeMap<String, AccountModelUsage>,
    /// By model over the days of the report; `(none)` where none is named.
    pub by_model: BTreeMap<String, AccountModelUsage>,
    /// Everything.
    pub totals: AccountModelUsage,
    /// When the report was fetched.
    pub fetched_at: Timestamp,
}

/// Sums of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccountModelUsage {
    /// Tokens sent that no cache took part in.
    pub uncached_input_tokens: u64,
    /// Tokens read from the prompt cache.
    pub cache_read_input_tokens: u64,
    /// Tokens written into the prompt cache for five minutes.
    pub cache_creation_5m_tokens: u64,
    /// Tokens written into the prompt cache for an hour.
    pub cache_creation_1h_tokens: u64,
    /// Tokens that the models gave back.
    pub output_tokens: u64,
    /// Searches of the web that models made.
    pub web_search_requests: u64,
}

impl CostSummary {
    /// The sums over the rows of a report.
    pub fn new(rows: &[AccountRow<CostRow>], span: CostSpan, fetched_at: Timestamp) -> Self {
        let day = span.last;
        let sum = |first: Day| {
            let days = CostSpan { first, last: day };
            total(rows.iter().filter(|row| days.contains(row.day)))
        };
        let back = |days: i32| Day::from_number(day.number().saturating_sub(days)).unwrap_or(day);
        let day_of_month = i32::try_from(day.civil().2).unwrap_or(1);
        let mut by_day: BTreeMap<String, i128> =
            days(span).map(|day| (day.to_string(), 0)).collect();
        for row in rows {
            *by_day.entry(row.day.to_string()).or_default() +=
                i128::from(row.row.amount.as_nanos());
        }
        Self {
            day,
            today_usd: sum(day),
            seven_day_usd: sum(back(6)),
            month_to_date_usd: sum(back(day_of_month - 1)),
            thirty_day_usd: sum(back(29)),
            by_day: by_day
                .into_iter()
                .map(|(day, nanos)| (day, UsdChange::from_i128(nanos)))
                .collect(),
            by_model: shares(rows, |row| row.model.as_deref()),
            by_cost_type: shares(rows, |row| row.cost_type.as_deref()),
            fetched_at,
            notes: alloc::vec![
                "the service's report does not contain what is billed in the priority tier"
            ],
        }
    }
}

impl AccountUsage {
    /// The sums over the rows of a report.
    pub fn new(rows: &[AccountRow<TokenRow>], span: CostSpan, fetched_at: Timestamp) -> Self {
        let mut by_day: BTreeMap<String, TokenRow> = days(span)
            .map(|day| (day.to_string(), TokenRow::default()))
            .collect();
        let mut by_model: BTreeMap<String, TokenRow> = BTreeMap::new();
        let mut totals = TokenRow::default();
        for row in rows {
            let model = row.row.model.as_deref().unwrap_or(NO_NAME);
            by_day.entry(row.day.to_string()).or_default().add(&row.row);
            by_model.entry(model.to_owned()).or_default().add(&row.row);
            totals.add(&row.row);
        }
        let views = |sums: BTreeMap<String, TokenRow>| {
            sums.into_iter()
                .map(|(name, sum)| (name, AccountModelUsage::of(&sum)))
                .collect()
        };
        Self {
            day: span.last,
            by_day: views(by_day),
            by_model: views(by_model),
            totals: AccountModelUsage::of(&totals),
            fetched_at,
        }
    }
}

impl AccountModelUsage {
    fn of(row: &TokenRow) -> Self {
        Self {
            uncached_input_tokens: row.uncached_input_tokens,
            cache_read_input_tokens: row.cache_read_input_tokens,
            cache_creation_5m_tokens: row.cache_creation_5m_tokens,
            cache_creation_1h_tokens: row.cache_creation_1h_tokens,
            output_tokens: row.output_tokens,
            web_search_requests: row.web_search_requests,
        }
    }
}

impl From<&AccountError> for AccountErrorView {
    fn from(error: &AccountError) -> Self {
        Self {
            kind: error.kind.name(),
            message: error.message.clone(),
            hint: error.kind.hint(),
            retry_at: error.retry_at,
        }
    }
}

fn days(span: CostSpan) -> impl Iterator<Item = Day> {
    (span.first.number()..=span.last.number()).filter_map(|number| Day::from_number(number).ok())
}

fn total<'a>(rows: impl Iterator<Item = &'a AccountRow<CostRow>>) -> UsdChange {
    // Fewer than 2^63 rows of 64 bits each: the sum fits.
    UsdChange::from_i128(rows.map(|row| i128::from(row.row.amount.as_nanos())).sum())
}

/// Sums by name, most first, those that are equal by name.
fn shares(rows: &[AccountRow<CostRow>], name: impl Fn(&CostRow) -> Option<&str>) -> Vec<CostShare> {
    let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
    for row in rows {
        *sums.entry(name(&row.row).unwrap_or(NO_NAME)).or_default() +=
            i128::from(row.row.amount.as_nanos());
    }
    let mut shares: Vec<CostShare> = sums
        .into_iter()
        .map(|(name, nanos)| CostShare {
            name: name.to_owned(),
            cost_usd: UsdChange::from_i128(nanos),
        })
        .collect();
    shares.sort_by_key(|share| core::cmp::Reverse(share.cost_usd));
    shares
}
