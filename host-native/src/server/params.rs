//! Parameters of a view: taken one by one, and none is left over.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use muster_core::Timestamp;

use super::answer::Refusal;

/// The parameters of one request.
#[derive(Debug)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads the query of an address.
    pub(super) fn of(uri: &Uri) -> Result<Self, Refusal> {
        let Query(pairs): Query<Vec<(String, String)>> =
            Query::try_from_uri(uri).map_err(|error| Refusal::usage(error.body_text()))?;
        let mut params = BTreeMap::new();
        for (name, value) in pairs {
            if params.insert(name.clone(), value).is_some() {
                return Err(Refusal::usage(format!("{name} stands twice")));
            }
        }
        Ok(Self(params))
    }

    /// A text, if it is there and not empty.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, Refusal> {
        self.text(name)
            .ok_or_else(|| Refusal::usage(format!("{name} is missing")))
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &mut self,
        name: &str,
        default: u64,
        bounds: std::ops::RangeInclusive<u64>,
    ) -> Result<u64, Refusal> {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        number.ok_or_else(|| {
            Refusal::usage(format!(
                "{name}={text}: a whole number from {} to {} is needed",
                bounds.start(),
                bounds.end()
            ))
        })
    }

    /// How many rows; more than `most` are not sent at once.
    pub(super) fn limit(&mut self, default: u64, most: u64) -> Result<usize, Refusal> {
        let limit = self.number("limit", default, 1..=most)?;
        Ok(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// A time.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let at = Timestamp::parse(&text);
        at.map(Some)
            .map_err(|error| Refusal::usage(format!("{name}={text}: {error}")))
    }

    /// Refuses what no view has taken.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(Refusal::usage(format!("there is no parameter {name} here"))),
        }
    }
}
