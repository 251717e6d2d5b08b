//! `[prices.MODEL]`.

use muster_core::{Day, Price, TokenPrice};
use toml::de::DeValue;

use super::Config;
use super::reader::{Reader, Value, digits};
use crate::error::Failure;

/// What a model's tokens cost from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    /// The model's id.
    pub model: String,
    /// The first day; `None`: since ever.
    pub from: Option<Day>,
    /// The price.
    pub price: Price,
}

impl Reader<'_> {
    pub(super) fn prices(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        for (model, value) in self.table(value)? {
            let model = &**model.get_ref();
            match value.get_ref() {
                DeValue::Array(entries) => {
                    for entry in entries {
                        config.prices.push(self.price(model, entry)?);
                    }
                }
                _ => config.prices.push(self.price(model, value)?),
            }
        }
        Ok(())
    }

    pub(super) fn price(&self, model: &str, value: &Value<'_>) -> Result<ModelPrice, Failure> {
        let (mut input, mut output, mut from) = (None, None, None);
        for (key, field) in self.table(value)? {
            match &**key.get_ref() {
                "input" => input = Some(self.token_price(field)?),
                "output" => output = Some(self.token_price(field)?),
                "from" => {
                    let day = Day::parse(self.string(field)?).map_err(|_| {
                        self.error(&field.span(), "a day is written such as \"2026-11-20\"")
                    })?;
                    from = Some(day);
                }
                name => return Err(self.unknown(&key.span(), &format!("prices.{model}.{name}"))),
            }
        }
        let (Some(input), Some(output)) = (input, output) else {
            return Err(self.error(
                &value.span(),
                &format!(
                    "the price of {model} needs input and output, in US dollars per million tokens"
                ),
            ));
        };
        Ok(ModelPrice {
            model: model.to_owned(),
            from,
            price: Price { input, output },
        })
    }

    /// A price from the digits as they are written, not by way of a float.
    pub(super) fn token_price(&self, value: &Value<'_>) -> Result<TokenPrice, Failure> {
        TokenPrice::per_million(&digits(value)).map_err(|_| {
            self.error(
                &value.span(),
                "a price is a number of US dollars per million tokens, zero or more",
            )
        })
    }
}
