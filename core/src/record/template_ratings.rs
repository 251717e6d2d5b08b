//! Ratings of help templates: the document `feedback.json`, which states no version.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};

/// The votes on all templates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateRatings {
    /// By the template's id.
    pub templates: BTreeMap<String, Votes>,
    /// Entries that could not be read, in the order of the document; one bad
    /// entry costs the others nothing.
    pub skipped: Vec<(String, RecordError)>,
}

/// The votes on one template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Votes {
    /// Those that it helped.
    pub good: u64,
    /// Those that it did not.
    pub bad: u64,
}

impl TemplateRatings {
    /// Reads the document. Of two entries with one id, the first counts and the
    /// second is skipped.
    pub fn parse(document: &str) -> Result<Self, RecordError> {
        let mut ratings = Self::default();
        for (id, value) in Fields::parse(document)?.iter("template") {
            let votes = if ratings.templates.contains_key(id) {
                Err(value.duplicate())
            } else {
                Votes::of(value)
            };
            match votes {
                Ok(votes) => {
                    ratings.templates.insert(id.into(), votes);
                }
                Err(error) => ratings.skipped.push((id.into(), error)),
            }
        }
        Ok(ratings)
    }
}

impl Votes {
    /// `good` and `bad` must be there.
    fn of(value: Value<'_>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        Ok(Self {
            good: fields.require("good")?.count()?,
            bad: fields.require("bad")?.count()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn one_bad_entry_costs_the_others_nothing() {
        let document = r#"{
          "ref-cli": {"good": 12, "bad": 4, "rater": "x"},
          "tip": 5,
          "war": {"good": 1},
          "err": {"good": -1, "bad": 0},
          "ref-cli": {"good": 0, "bad": 0}
        }"#;
        let ratings = TemplateRatings::parse(document).unwrap();
        assert_eq!(
            ratings.templates.into_iter().collect::<Vec<_>>(),
            [("ref-cli".to_string(), Votes { good: 12, bad: 4 })]
        );
        let skipped: Vec<_> = ratings
            .skipped
            .iter()
            .map(|(id, error)| (&**id, error.kind.to_string()))
            .collect();
        assert_eq!(
            skipped,
            [
                (
                    "tip",
                    "wrong_type: template: expected an object, found a number".to_string()
                ),
                ("war", "missing_field: bad".to_string()),
                ("err", "bad_value: good".to_string()),
                ("ref-cli", "duplicate_field: template".to_string()),
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_an_error() {
        let error = |document| TemplateRatings::parse(document).unwrap_err().kind.code();
        assert_eq!(error("[]"), "not_an_object");
        assert_eq!(error("{\"a\":{\"good\""), "not_json");
        assert_eq!(error(""), "not_json");
        assert_eq!(TemplateRatings::parse("{}"), Ok(TemplateRatings::default()));
    }
}
