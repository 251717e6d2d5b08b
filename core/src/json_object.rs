//! A JSON object that is carried and not looked into.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::entry::ascii_spaced;
use crate::json::{Fields, RecordError};
use crate::view::to_json;

/// A JSON object as its text: the payload of a signal, the data of an event.
///
/// The text has the white space of Python's `json.dumps` (a space after each
/// comma and colon) and no character but ASCII; keys, their order and numbers
/// stay as they were given. Two of the same text are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JsonObject(Box<str>);

impl JsonObject {
    /// Reads a text that must hold one object and nothing else.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        Fields::parse(text)?;
        Ok(Self::of_valid(text))
    }

    /// From a text that is known to be an object.
    pub(crate) fn of_valid(text: &str) -> Self {
        Self(ascii_spaced(text).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The object with this field in place of one of the name, else at its end.
    #[must_use]
    pub fn with<T: Serialize>(&self, name: &str, value: &T) -> Self {
        let mut object = self.without(&[name]).0.into_string();
        object.truncate(object.len().saturating_sub(1));
        if object.len() > 1 {
            object.push(',');
        }
        object.push_str(&to_json(&name));
        object.push(':');
        object.push_str(&to_json(value));
        object.push('}');
        Self::of_valid(&object)
    }

    /// The object without the fields of these names.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let Ok(fields) = Fields::parse(&self.0) else {
            return self.clone();
        };
        let mut object = String::from("{");
        for (name, value) in fields.entries().filter(|(name, _)| !names.contains(name)) {
            if object.len() > 1 {
                object.push(',');
            }
            object.push_str(&to_json(&name));
            object.push(':');
            object.push_str(value);
        }
        object.push('}');
        Self::of_valid(&object)
    }

    /// Whether it is `{}`.
    pub fn is_empty(&self) -> bool {
        &*self.0 == "{}"
    }
}

impl Default for JsonObject {
    /// `{}`
    fn default() -> Self {
        Self("{}".into())
    }
}

impl fmt::Display for JsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for JsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<JsonObject> for String {
    fn from(object: JsonObject) -> Self {
        object.0.into()
    }
}

impl Serialize for JsonObject {
    /// The object itself, not a string.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_the_first_writer() {
        let object = JsonObject::parse("{\"b\":[1,2.50],\n \"a\":\"na\u{ef}ve\"}").unwrap();
        assert_eq!(object.as_str(), r#"{"b": [1, 2.50], "a": "na\u00efve"}"#);
        assert_eq!(to_json(&object), object.as_str());
        assert_eq!(JsonObject::parse("{ }"), Ok(JsonObject::default()));
        for text in ["", "[]", "null", "{", "{} {}"] {
            assert!(JsonObject::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn fields_are_put_in_and_taken_out() {
        let object = JsonObject::parse(r#"{"a": 1, "b": {"a": 2}, "\u00e9": null}"#).unwrap();
        assert_eq!(
            object.with("a", &true).as_str(),
            r#"{"b": {"a": 2}, "\u00e9": null, "a": true}"#
        );
        assert_eq!(object.without(&["b", "\u{e9}"]).as_str(), r#"{"a": 1}"#);
        assert_eq!(
            JsonObject::default().with("a\"", &"x").as_str(),
            r#"{"a\"": "x"}"#
        );
        assert!(object.without(&["a", "b", "\u{e9}"]).is_empty());
    }
}
