//! Rows of the cost report.

use alloc::boxed::Box;
use alloc::string::String;

use super::page::{in_words, unusable};
use crate::json::{Fields, Value};
use crate::money::UsdChange;
use crate::number::fixed;
use crate::time::Day;

/// What was billed for one thing on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostRow {
    /// The amount; below zero for a credit.
    pub amount: UsdChange,
    /// `tokens`, `web_search`, `code_execution`, `session_usage`.
    pub cost_type: Option<Box<str>>,
    /// The model's id, for tokens.
    pub model: Option<Box<str>>,
}

/// The days that sums are made over, ending with the day of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostSpan {
    /// The first day.
    pub first: Day,
    /// The last day.
    pub last: Day,
}

impl CostRow {
    /// Amounts are decimal texts in cents. A number in place of the text, another currency
    /// or no number at all is an error: a guess would be shown as money.
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, String> {
        let text = |name| {
            fields
                .get_or_null(name, Value::text)
                .map(|text| text.map(Box::from))
                .map_err(in_words)
        };
        if let Some(currency) = text("currency")?
            && &*currency != "USD"
        {
            return Err(unusable("currency", &currency, "only USD can be added up"));
        }
        let amount = fields
            .require("amount")
            .and_then(Value::text)
            .map_err(in_words)?;
        Ok(Self {
            amount: cents(&amount)
                .ok_or_else(|| unusable("amount", &amount, "it is no number of cents"))?,
            cost_type: text("cost_type")?,
            model: text("model")?,
        })
    }
}

impl CostSpan {
    /// Whether the day lies in it.
    pub fn contains(self, day: Day) -> bool {
        self.first <= day && day <= self.last
    }
}

/// Dollars from a decimal text in cents, rounded half to even at the ninth decimal.
fn cents(text: &str) -> Option<UsdChange> {
    // A cent is 1e7 nano-USD.
    let number = fixed(text, 7).ok()?;
    let nanos = i128::from(number.magnitude);
    let signed = if number.negative { -nanos } else { nanos };
    i64::try_from(signed)
        .ok()
        .map(|_| UsdChange::from_i128(signed))
}
