//! Usage records that state no cost.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};

use crate::json::{DecodeFault, Fields, RecordError, RecordErrorKind, Value};
use crate::money::{Usd, div_half_even, usd_from_i128};
use crate::prices::{CACHE_READ_DISCOUNT, CACHE_WRITE_SURCHARGE, Price, PriceTable};
use crate::record::usage::UsageRecord;
use crate::time::Day;

/// How many models without a price are named.
const MAX_NAMED: usize = 20;

/// Prices for records that state no cost, and which models had none.
#[derive(Clone, Debug, Default)]
pub struct Pricing {
    prices: PriceTable,
    unpriced: BTreeMap<String, u64>,
}

impl Pricing {
    /// By these prices.
    pub fn new(prices: PriceTable) -> Self {
        Self {
            prices,
            unpriced: BTreeMap::new(),
        }
    }

    /// The models that had no price, with their records: the first 20 models.
    pub fn unpriced(&self) -> impl Iterator<Item = (&str, u64)> {
        self.unpriced
            .iter()
            .map(|(model, count)| (&**model, *count))
    }

    fn price(&mut self, model: &str, day: Day) -> Option<Price> {
        let price = self.prices.price(model, day);
        if price.is_none() {
            if let Some(count) = self.unpriced.get_mut(model) {
                *count += 1;
            } else if self.unpriced.len() < MAX_NAMED {
                self.unpriced.insert(model.to_string(), 1);
            }
        }
        price
    }
}

/// The record with a cost: its own, else what its tokens cost by the price of its
/// model on its day, rounded once. Written into the prompt cache for five minutes
/// a token costs a quarter more, for an hour twice as much; read from it a tenth.
pub(crate) fn with_cost<'a>(
    text: &'a str,
    pricing: &mut Pricing,
) -> Result<Cow<'a, str>, RecordError> {
    let fields = Fields::parse(text)?;
    if fields.present("cost")?.is_some() {
        return Ok(Cow::Borrowed(text));
    }
    let record = UsageRecord::of_fields_at_cost(&fields, Usd::ZERO)?;
    let price = pricing
        .price(&record.model, record.at.day())
        .ok_or(RecordError {
            at: 0,
            kind: RecordErrorKind::Decoder(DecodeFault::NoPrice),
        })?;
    let hour = match fields.present("prompt_cache")? {
        Some(cache) => {
            let cache = cache.object()?;
            cache
                .present("creation_1h_tokens")?
                .map_or(Ok(0), Value::count)?
        }
        None => 0,
    };
    let hour = hour.min(record.prompt_cache.creation_tokens);
    let brief = record.prompt_cache.creation_tokens - hour;
    let (surcharge, written) = CACHE_WRITE_SURCHARGE;
    let (discount, read) = CACHE_READ_DISCOUNT;
    let plain = price.input.of(record.tokens_in)
        + price.output.of(record.tokens_out)
        + price.input.of(hour) * 2;
    let brief = price.input.of(brief) * (written + surcharge);
    let cached = price.input.of(record.prompt_cache.read_tokens) * (read - discount);
    let pico = plain * written * read + brief * read + cached * written;
    let cost = div_half_even(pico, 1000 * written * read).unwrap_or(0);
    // An object has a brace, and one with a time has a field behind it.
    let rest = text.trim_start().strip_prefix('{').unwrap_or(text);
    Ok(Cow::Owned(format!(
        "{{\"cost\":{},{rest}",
        usd_from_i128(cost)
    )))
}
