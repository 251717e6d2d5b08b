//! The document `feedback.json`: votes on help templates.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use super::json_text::{Charset, Spacing, break_line, push_respaced, push_string};
use super::{EntryError, count, only, required_text};
use crate::json::{Fields, RecordError, RecordErrorKind};

/// What a reader thought of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rating {
    /// It helped.
    Good,
    /// It did not.
    Bad,
}

/// One vote on one template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// The template's id.
    pub template: String,
    /// What was thought of it.
    pub rating: Rating,
}

impl Vote {
    /// Reads `{"template_id": TEXT, "rating": "good"|"bad"}`.
    pub fn parse(record: &str) -> Result<Self, EntryError> {
        let fields = Fields::parse(record)?;
        only(&fields, &["template_id", "rating"])?;
        let template = required_text(&fields, "template_id")?.into_owned();
        let rating = fields.require("rating")?;
        let rating = match &*rating.text()? {
            "good" => Rating::Good,
            "bad" => Rating::Bad,
            _ => return Err(rating.bad().into()),
        };
        Ok(Self { template, rating })
    }
}

/// All votes, in the order in which the templates got their first one.
///
/// What the document holds besides is kept as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedbackBook {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    template: String,
    /// The entry's value as JSON text.
    value: String,
}

impl FeedbackBook {
    /// Reads the document: one JSON object. Its entries are judged when they are
    /// voted on.
    pub fn parse(document: &str) -> Result<Self, RecordError> {
        let fields = Fields::parse(document.trim_start_matches('\u{feff}'))?;
        let entries = fields
            .entries()
            .map(|(template, value)| Entry {
                template: template.to_string(),
                value: value.to_string(),
            })
            .collect();
        Ok(Self { entries })
    }

    /// Counts a vote. An error if the template's entry is no pair of counts, or
    /// stands there twice; the book is then unchanged.
    pub fn vote(&mut self, vote: &Vote) -> Result<(), RecordError> {
        let mut of_template = self
            .entries
            .iter_mut()
            .filter(|entry| entry.template == vote.template);
        let found = of_template.next();
        if of_template.next().is_some() {
            return Err(RecordError {
                kind: RecordErrorKind::DuplicateField("template_id"),
                at: 0,
            });
        }
        match found {
            Some(entry) => entry.value = voted(&entry.value, vote.rating)?,
            None => self.entries.push(Entry {
                template: vote.template.clone(),
                value: voted("{}", vote.rating)?,
            }),
        }
        Ok(())
    }

    /// The document: two spaces per level, a newline at the end.
    pub fn to_text(&self) -> String {
        let mut out = String::from("{");
        for (at, entry) in self.entries.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            break_line(&mut out, Spacing::Indented, 1);
            push_string(&mut out, &entry.template, Charset::Utf8);
            out.push_str(": ");
            push_respaced(&mut out, &entry.value, Spacing::Indented, 1);
        }
        if !self.entries.is_empty() {
            out.push('\n');
        }
        out.push_str("}\n");
        out
    }
}

/// The entry after one more vote; further fields stay behind the counts.
fn voted(entry: &str, rating: Rating) -> Result<String, RecordError> {
    let fields = Fields::parse(entry)?;
    let good = count(fields.present("good")?)? + u64::from(rating == Rating::Good);
    let bad = count(fields.present("bad")?)? + u64::from(rating == Rating::Bad);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(out, "{{\"good\":{good},\"bad\":{bad}");
    for (name, value) in fields.entries() {
        if !matches!(name, "good" | "bad") {
            out.push(',');
            push_string(&mut out, name, Charset::Utf8);
            out.push(':');
            out.push_str(value);
        }
    }
    out.push('}');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(template: &str, rating: Rating) -> Vote {
        Vote {
            template: template.to_string(),
            rating,
        }
    }

    #[test]
    fn votes_are_counted_in_the_style_of_the_first_writer() {
        let mut book = FeedbackBook::default();
        assert_eq!(book.to_text(), "{}\n");
        book.vote(&vote("tip", Rating::Good)).unwrap();
        book.vote(&vote("caf\u{e9}", Rating::Bad)).unwrap();
        book.vote(&vote("tip", Rating::Good)).unwrap();
        let text = "{\n  \"tip\": {\n    \"good\": 2,\n    \"bad\": 0\n  },\n  \"caf\u{e9}\": {\n    \"good\": 0,\n    \"bad\": 1\n  }\n}\n";
        assert_eq!(book.to_text(), text);
        assert_eq!(
            FeedbackBook::parse(text).unwrap(),
            FeedbackBook::parse(&book.to_text()).unwrap()
        );
        assert_eq!(FeedbackBook::parse(text).unwrap().to_text(), text);
    }

    #[test]
    fn what_is_not_voted_on_stays_as_it_is() {
        let document = r#"{"z":5,"a":{"good":1,"bad":2,"by":["x"]},"z2":{"good":-1},"t":{"good":0,"bad":0},"t":{}}"#;
        let mut book = FeedbackBook::parse(document).unwrap();
        book.vote(&vote("a", Rating::Bad)).unwrap();
        let before = book.clone();
        let mut error = |template| {
            book.vote(&vote(template, Rating::Good))
                .unwrap_err()
                .kind
                .code()
        };
        assert_eq!(error("z"), "not_an_object");
        assert_eq!(error("z2"), "bad_value");
        assert_eq!(error("t"), "duplicate_field");
        assert_eq!(book, before);
        let text: String = book.to_text().split_whitespace().collect();
        assert_eq!(
            text,
            r#"{"z":5,"a":{"good":1,"bad":3,"by":["x"]},"z2":{"good":-1},"t":{"good":0,"bad":0},"t":{}}"#
        );
    }

    #[test]
    fn what_is_no_document_or_no_vote_is_refused() {
        for document in ["", "[]", "{\"a\":", "null", "{} {}"] {
            assert!(FeedbackBook::parse(document).is_err(), "{document}");
        }
        assert_eq!(
            Vote::parse(r#"{"template_id":"tip","rating":"good"}"#),
            Ok(vote("tip", Rating::Good))
        );
        let error = |record| Vote::parse(record).unwrap_err().to_string();
        assert_eq!(
            error(r#"{"template_id":"","rating":"good"}"#),
            "bad_value: template_id at byte 15"
        );
        assert_eq!(
            error(r#"{"template_id":"t","rating":"ok"}"#),
            "bad_value: rating at byte 28"
        );
        assert_eq!(
            error(r#"{"template_id":"t"}"#),
            "missing_field: rating at byte 0"
        );
        assert_eq!(error(r#"{"template":"t"}"#), "unknown_field: template");
    }
}
