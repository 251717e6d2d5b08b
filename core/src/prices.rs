//! What tokens cost.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::money::{MoneyError, Usd, div_half_even, usd_from_i128};
use crate::number::{NumberError, fixed};
use crate::time::Day;

/// The price of tokens in pico-USD (a millionth of a millionth of a dollar) per
/// token, which is dollars per million tokens with six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenPrice(u64);

/// What a model's tokens cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Tokens sent.
    pub input: TokenPrice,
    /// Tokens given back.
    pub output: TokenPrice,
}

/// Prices by model and day.
///
/// The built-in prices are those of attune's model registry. A model is found by
/// its exact id, or by its id without a release date such as `-20260115`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceTable {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    model: String,
    /// First day of the price; `None`: since ever.
    from: Option<Day>,
    price: Price,
}

/// The model that a call would have gone to if every task had the best: the
/// baseline of the savings report.
pub const BASELINE_MODEL: &str = "claude-fable-5-1";

/// The part of the input price that reading from the prompt cache saves: 9/10.
pub(crate) const CACHE_READ_DISCOUNT: (i128, i128) = (9, 10);
/// The part of the input price that writing into the prompt cache costs on top: 1/4.
pub(crate) const CACHE_WRITE_SURCHARGE: (i128, i128) = (1, 4);

impl TokenPrice {
    /// Reads dollars per million tokens from a decimal such as `3` or `0.25`, up
    /// to a million dollars.
    pub fn per_million(usd: &str) -> Result<Self, MoneyError> {
        let number = fixed(usd, 6).map_err(|error| match error {
            NumberError::Syntax => MoneyError::Syntax,
            NumberError::Overflow => MoneyError::Overflow,
        })?;
        if number.negative {
            Err(MoneyError::Negative)
        } else {
            Ok(Self(number.magnitude))
        }
    }

    /// What `tokens` cost, in pico-USD.
    pub(crate) fn of(self, tokens: u64) -> i128 {
        i128::from(self.0) * i128::from(tokens)
    }

    /// This price as an amount for a million tokens.
    pub fn usd_per_million(self) -> Usd {
        usd_from_i128(i128::from(self.0) * 1000)
    }
}

/// Pico-USD as an amount, rounded half to even.
pub(crate) fn usd_from_pico(pico: i128) -> Usd {
    usd_from_i128(div_half_even(pico, 1000).unwrap_or(0))
}

impl PriceTable {
    /// Attune's prices as of its release 16.4, and none else.
    pub fn builtin() -> Self {
        let mut table = Self {
            entries: Vec::new(),
        };
        for (model, input, output) in BUILTIN {
            let price = Price {
                input: TokenPrice(input * 1_000_000),
                output: TokenPrice(output * 1_000_000),
            };
            table.insert(model, None, price);
        }
        table
    }

    /// Adds a price that holds from a day on, or replaces the one that begins then.
    pub fn insert(&mut self, model: &str, from: Option<Day>, price: Price) {
        match self
            .entries
            .iter_mut()
            .find(|e| e.model == model && e.from == from)
        {
            Some(entry) => entry.price = price,
            None => self.entries.push(Entry {
                model: model.to_owned(),
                from,
                price,
            }),
        }
    }

    /// All prices: the model, the first day, the price.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Option<Day>, Price)> {
        let entries = self.entries.iter();
        entries.map(|entry| (&*entry.model, entry.from, entry.price))
    }

    /// What a model's tokens cost on a day; `None` for a model without a price then.
    pub fn price(&self, model: &str, day: Day) -> Option<Price> {
        self.exact(model, day)
            .or_else(|| self.exact(without_release_date(model)?, day))
    }

    fn exact(&self, model: &str, day: Day) -> Option<Price> {
        self.entries
            .iter()
            .filter(|entry| entry.model == model && entry.from.is_none_or(|from| from <= day))
            .max_by_key(|entry| entry.from)
            .map(|entry| entry.price)
    }
}

impl Default for PriceTable {
    fn default() -> Self {
        Self::builtin()
    }
}

/// `claude-haiku-4-5-20260115` without its last eight digits.
fn without_release_date(model: &str) -> Option<&str> {
    let (name, date) = model.rsplit_once('-')?;
    (date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit())).then_some(name)
}

/// Dollars per million tokens, in and out.
const BUILTIN: [(&str, u64, u64); 6] = [
    ("claude-haiku-4-5", 1, 5),
    ("claude-sonnet-5", 3, 15),
    ("claude-fable-5", 10, 50),
    ("claude-fable-5-1", 10, 50),
    ("claude-opus-4-8", 5, 25),
    ("claude-opus-5", 5, 25),
];

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn prices_are_exact() {
        let price = TokenPrice::per_million("0.0375").unwrap();
        assert_eq!(usd_from_pico(price.of(1_000_000)).to_string(), "0.0375");
        assert_eq!(usd_from_pico(price.of(1)).as_nanos(), 38);
        assert_eq!(price.usd_per_million().to_string(), "0.0375");
        assert_eq!(TokenPrice::per_million("-1"), Err(MoneyError::Negative));
        assert_eq!(TokenPrice::per_million("a"), Err(MoneyError::Syntax));
    }

    #[test]
    fn a_price_holds_from_its_day_on() {
        let mut table = PriceTable::builtin();
        let new = Price {
            input: TokenPrice::per_million("2").unwrap(),
            output: TokenPrice::per_million("10").unwrap(),
        };
        table.insert("claude-sonnet-5", Some(day("2026-10-01")), new);
        let input = |model, on| {
            table
                .price(model, day(on))
                .map(|p| p.input.usd_per_million().to_string())
        };
        assert_eq!(input("claude-sonnet-5", "2026-09-30").as_deref(), Some("3"));
        assert_eq!(input("claude-sonnet-5", "2026-10-01").as_deref(), Some("2"));
        assert_eq!(
            input("claude-sonnet-5-20260115", "2026-10-02").as_deref(),
            Some("2")
        );
        assert_eq!(input("agent-sdk", "2026-10-01"), None);
        assert_eq!(input("claude-sonnet-5-preview", "2026-10-01"), None);
    }
}
