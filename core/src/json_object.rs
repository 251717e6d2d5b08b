//! A JSON object that is carried and not looked into.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::entry::ascii_spaced;
use crate::json::{Fields, RecordError};

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
    use crate::view::to_json;

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
}
