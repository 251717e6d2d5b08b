//! Taking a script's answer apart.

use redis::Value;

use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// An answer, or a part of one.
#[derive(Debug)]
pub(super) struct Reply(Value);

impl Reply {
    pub(super) fn new(value: Value) -> Self {
        Self(value)
    }

    /// The parts of a list.
    pub(super) fn list(self) -> StoreResult<Vec<Self>> {
        match self.0 {
            Value::Array(items) | Value::Set(items) => Ok(items.into_iter().map(Self).collect()),
            Value::Map(pairs) => Ok(pairs
                .into_iter()
                .flat_map(|(k, v)| [Self(k), Self(v)])
                .collect()),
            other => Err(unexpected("a list", &other)),
        }
    }

    /// Exactly so many parts.
    pub(super) fn parts<const N: usize>(self) -> StoreResult<[Self; N]> {
        let list = self.list()?;
        let found = list.len();
        list.try_into().map_err(|_| {
            StoreError::new(
                StoreErrorKind::Malformed,
                "read the server's answer",
                format!("it has {found} parts instead of {N}"),
            )
        })
    }

    /// The parts of a list in pairs.
    pub(super) fn pairs(self) -> StoreResult<Vec<(Self, Self)>> {
        let mut items = self.list()?.into_iter();
        let mut pairs = Vec::with_capacity(items.len() / 2);
        while let (Some(first), Some(second)) = (items.next(), items.next()) {
            pairs.push((first, second));
        }
        Ok(pairs)
    }

    /// A text. Bytes that are no UTF-8 are shown by a replacement character, which
    /// makes of a value one that is no record.
    pub(super) fn text(self) -> StoreResult<String> {
        match self.0 {
            Value::BulkString(bytes) => Ok(match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            }),
            Value::SimpleString(text) | Value::VerbatimString { text, .. } => Ok(text),
            Value::Int(number) => Ok(number.to_string()),
            Value::Okay => Ok("OK".into()),
            Value::Nil => Ok(String::new()),
            other => Err(unexpected("a text", &other)),
        }
    }

    /// A text, or of the texts that the nodes of a Cluster gave the first.
    pub(super) fn text_of_a_node(self) -> StoreResult<String> {
        match self.0 {
            Value::Map(nodes) => match nodes.into_iter().next() {
                Some((_, answer)) => Self(answer).text(),
                None => Ok(String::new()),
            },
            answer => Self(answer).text(),
        }
    }

    /// A whole number, also one that is written as a text.
    pub(super) fn number(self) -> StoreResult<i64> {
        if let Value::Int(number) = self.0 {
            return Ok(number);
        }
        let text = self.text()?;
        text.parse().map_err(|_| {
            StoreError::new(
                StoreErrorKind::Malformed,
                "read the server's answer",
                format!("{text:?} is no whole number"),
            )
        })
    }

    /// A whole number that is not negative.
    pub(super) fn count(self) -> StoreResult<u64> {
        Ok(u64::try_from(self.number()?).unwrap_or(0))
    }

    /// A whole number, if the text is not empty.
    pub(super) fn number_if_any(self) -> StoreResult<Option<i64>> {
        let text = self.text()?;
        Ok(text.parse().ok())
    }
}

fn unexpected(expected: &str, found: &Value) -> StoreError {
    StoreError::new(
        StoreErrorKind::Malformed,
        "read the server's answer",
        format!("{expected} was expected and not {found:?}"),
    )
}
