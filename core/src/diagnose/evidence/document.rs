//! A JSON document whose shape differs between generations of a gateway.

use alloc::string::{String, ToString};

use serde_json::Value;

use crate::time::Timestamp;

/// A document that is asked by dotted paths.
///
/// A repeated name has its last value, as for every reader of such documents;
/// a value of another type than asked for is as good as none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document(Value);

impl Document {
    pub(crate) fn new(value: Value) -> Self {
        Self(value)
    }

    /// The gateway's own status in any of its wrappings: as the command prints
    /// it, in its envelope, or as the health endpoint gives it.
    pub(crate) fn unwrapped(self) -> Self {
        match self.0 {
            Value::Object(mut map) if map.contains_key("command") && map.contains_key("result") => {
                Self(map.remove("result").unwrap_or_default())
            }
            value => Self(value),
        }
    }

    /// The whole.
    pub(crate) fn root(&self) -> &Value {
        &self.0
    }

    pub(crate) fn at(&self, path: &str) -> Option<&Value> {
        let mut value = &self.0;
        for part in path.split('.') {
            value = match value {
                Value::Object(map) => map.get(part)?,
                Value::Array(items) => items.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        (!value.is_null()).then_some(value)
    }

    /// Like [`Self::at`], and also looks into `status`, where the health
    /// endpoint keeps what the command shows at the top.
    pub(crate) fn find(&self, path: &str) -> Option<&Value> {
        self.at(path).or_else(|| {
            let inner = self.0.get("status")?;
            let mut value = inner;
            for part in path.split('.') {
                value = value.get(part)?;
            }
            (!value.is_null()).then_some(value)
        })
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.find(path)?.as_str()
    }

    pub(crate) fn flag(&self, path: &str) -> Option<bool> {
        self.find(path)?.as_bool()
    }

    pub(crate) fn number(&self, path: &str) -> Option<i64> {
        let value = self.find(path)?;
        value.as_i64().or_else(|| float_as_i64(value.as_f64()?))
    }

    pub(crate) fn time(&self, path: &str) -> Option<Timestamp> {
        time_of(self.find(path)?)
    }

    /// A direct member, whose name may hold dots.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The members of a list.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Value> {
        self.0.as_array().into_iter().flatten()
    }

    /// A value as the text that tests compare.
    pub(crate) fn scalar(&self, path: &str) -> Option<String> {
        scalar(self.find(path)?)
    }
}

/// A value as the text that tests compare; lists and objects count their members.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.len().to_string()),
        Value::Object(map) => Some(map.len().to_string()),
        other => Some(other.to_string()),
    }
}

/// A time as ISO text or as milliseconds.
pub(crate) fn time_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => Timestamp::parse(text).ok(),
        _ => Timestamp::from_millis(value.as_i64()?).ok(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "checked before")]
fn float_as_i64(number: f64) -> Option<i64> {
    (number.abs() < 9e15).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::new(serde_json::from_str(text).unwrap()).unwrapped()
    }

    #[test]
    fn paths_reach_every_wrapping() {
        for text in [
            r#"{"components":{"session":"ok"},"n":2.0,"list":[{"id":"a"}]}"#,
            r#"{"ok":true,"command":"x","result":{"components":{"session":"ok"},"n":2,"list":[{"id":"a"}]}}"#,
            r#"{"status":{"components":{"session":"ok"},"n":2,"list":[{"id":"a"}]}}"#,
        ] {
            let document = document(text);
            assert_eq!(document.text("components.session"), Some("ok"), "{text}");
            assert_eq!(document.number("n"), Some(2), "{text}");
        }
        let odd = document(r#"{"a":{"b":null},"list":[{"id":"a"}]}"#);
        assert_eq!(odd.at("list.0.id").and_then(Value::as_str), Some("a"));
        assert_eq!(odd.find("a.b"), None);
        assert_eq!(odd.find("a.b.c"), None);
        assert_eq!(odd.text("list"), None);
    }
}
