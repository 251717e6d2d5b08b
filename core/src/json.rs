//! The fields of one JSON object, read exactly.
//!
//! A line is scanned once by `serde_json` into names and raw values; each record
//! then takes the fields it knows by name and type. Unknown fields are passed
//! over. What is wrong is an error with the field's name and place.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json_object::JsonObject;
use crate::money::{MoneyError, Usd, UsdChange};
use crate::number::{NumberError, fixed};
use crate::time::{Timestamp, Zone};

/// The largest count: integers up to here are exact in every JSON reader.
pub const MAX_COUNT: u64 = (1 << 53) - 1;

/// Why a line is no record, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// What is wrong.
    pub kind: RecordErrorKind,
    /// Where, in bytes from the start of the line.
    pub at: u32,
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RecordErrorKind {
    /// The text is not JSON.
    NotJson,
    /// The text is JSON, but no object.
    NotAnObject {
        /// What it is instead.
        found: JsonType,
    },
    /// A field that the record knows stands there twice.
    DuplicateField(&'static str),
    /// A field that the record needs is not there.
    MissingField(&'static str),
    /// A field has a value of another type.
    WrongType {
        /// The field's name.
        field: &'static str,
        /// The type that it must have.
        expected: JsonType,
        /// The type that it has.
        found: JsonType,
    },
    /// A field has a value of the right type that is out of range or malformed.
    BadValue(&'static str),
    /// A decoder of another system's log gave no record that can be used.
    Decoder(DecodeFault),
}

/// Why a decoder's answer to a line is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DecodeFault {
    /// It says that the line is malformed.
    Refused,
    /// It broke at the line: it trapped, or hit a limit.
    Broke,
    /// The record states no cost, and there is no price for its model.
    NoPrice,
}

impl DecodeFault {
    /// The stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Refused => "decoder_refused",
            Self::Broke => "decoder_broke",
            Self::NoPrice => "no_price",
        }
    }
}

/// The types of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number
    Number,
    /// A string
    String,
    /// An array
    Array,
    /// An object
    Object,
}

impl RecordErrorKind {
    /// The stable name of this kind of error.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotJson => "not_json",
            Self::NotAnObject { .. } => "not_an_object",
            Self::DuplicateField(_) => "duplicate_field",
            Self::MissingField(_) => "missing_field",
            Self::WrongType { .. } => "wrong_type",
            Self::BadValue(_) => "bad_value",
            Self::Decoder(fault) => fault.code(),
        }
    }
}

impl fmt::Display for RecordErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        match self {
            Self::NotJson | Self::Decoder(_) => Ok(()),
            Self::NotAnObject { found } => write!(f, ": {found}"),
            Self::DuplicateField(field) | Self::MissingField(field) | Self::BadValue(field) => {
                write!(f, ": {field}")
            }
            Self::WrongType {
                field,
                expected,
                found,
            } => {
                write!(f, ": {field}: expected {expected}, found {found}")
            }
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.at)
    }
}

impl core::error::Error for RecordError {}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// The fields of one object, still as text.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    /// The line that offsets are counted from.
    line: &'a str,
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// One value with the name it was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    line: &'a str,
    field: &'static str,
    raw: &'a str,
}

impl<'a> Fields<'a> {
    /// Scans a line that must hold one object and nothing else.
    pub(crate) fn parse(line: &'a str) -> Result<Self, RecordError> {
        Self::scan(line, line)
    }

    /// Like [`Self::parse`] for an object within a line that offsets are counted from.
    pub(crate) fn scan(line: &'a str, object: &'a str) -> Result<Self, RecordError> {
        match serde_json::from_str::<Entries<'a>>(object) {
            Ok(Entries(entries)) => Ok(Self { line, entries }),
            Err(error) => Err(Self::explain(line, object, &error)),
        }
    }

    /// Like [`Self::parse`], and the object that the field `inner` holds is scanned on
    /// the same way instead of a second time; `None` where it holds no object, or is
    /// there twice or not at all, and the fields then say so.
    pub(crate) fn parse_with(
        line: &'a str,
        inner: &'static str,
    ) -> Result<(Self, Option<Self>), RecordError> {
        let mut deserializer = serde_json::Deserializer::from_str(line);
        let read = WithInner(inner).deserialize(&mut deserializer);
        match read.and_then(|read| deserializer.end().map(|()| read)) {
            Ok((Entries(entries), Some(Entries(found)))) => {
                let found = Self {
                    line,
                    entries: found,
                };
                Ok((Self { line, entries }, Some(found)))
            }
            _ => Self::parse(line).map(|fields| (fields, None)),
        }
    }

    /// Why a text is no object.
    fn explain(line: &str, object: &str, error: &serde_json::Error) -> RecordError {
        let start = offset_in(line, object);
        let found = JsonType::of(object.trim_start_matches([' ', '\t', '\r', '\n']));
        match found {
            Some(found)
                if found != JsonType::Object
                    && serde_json::from_str::<&RawValue>(object).is_ok() =>
            {
                RecordError {
                    kind: RecordErrorKind::NotAnObject { found },
                    at: start,
                }
            }
            _ => {
                let column = if error.line() == 1 {
                    error.column().saturating_sub(1)
                } else {
                    0
                };
                RecordError {
                    kind: RecordErrorKind::NotJson,
                    at: start.saturating_add(to_u32(column)),
                }
            }
        }
    }

    /// The value of a field, `None` when the field is not there.
    pub(crate) fn get(&self, field: &'static str) -> Result<Option<Value<'a>>, RecordError> {
        let mut found = None;
        for (name, raw) in &self.entries {
            if name == field {
                if found.is_some() {
                    let at = offset_in(self.line, raw.get());
                    return Err(RecordError {
                        kind: RecordErrorKind::DuplicateField(field),
                        at,
                    });
                }
                found = Some(Value {
                    line: self.line,
                    field,
                    raw: raw.get(),
                });
            }
        }
        Ok(found)
    }

    /// The names of all fields, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries().map(|(name, _)| name)
    }

    /// All fields and their values as they stand in the line, in their order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.entries
            .iter()
            .map(|(name, value)| (&**name, value.get()))
    }

    /// Like [`Self::get`], and `null` is as good as not there.
    pub(crate) fn present(&self, field: &'static str) -> Result<Option<Value<'a>>, RecordError> {
        Ok(self.get(field)?.filter(|value| value.raw != "null"))
    }

    /// What `read` makes of a field, `default` when the field is not there.
    pub(crate) fn get_or<T>(
        &self,
        field: &'static str,
        default: T,
        read: impl FnOnce(Value<'a>) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        self.get(field)?.map_or(Ok(default), read)
    }

    /// What `read` makes of a field, `None` when it is `null` or not there.
    pub(crate) fn get_or_null<T>(
        &self,
        field: &'static str,
        read: impl FnOnce(Value<'a>) -> Result<T, RecordError>,
    ) -> Result<Option<T>, RecordError> {
        self.present(field)?.map(read).transpose()
    }

    /// All fields, for objects whose names are data; `field` names the object in errors.
    pub(crate) fn iter(&self, field: &'static str) -> impl Iterator<Item = (&str, Value<'a>)> {
        self.entries.iter().map(move |(name, raw)| {
            let value = Value {
                line: self.line,
                field,
                raw: raw.get(),
            };
            (&**name, value)
        })
    }

    /// The value of a field that must be there.
    pub(crate) fn require(&self, field: &'static str) -> Result<Value<'a>, RecordError> {
        self.get(field)?.ok_or(RecordError {
            kind: RecordErrorKind::MissingField(field),
            at: 0,
        })
    }
}

impl<'a> Value<'a> {
    /// A value that was found by other means: `raw` is one JSON value within `line`.
    pub(crate) fn new(line: &'a str, field: &'static str, raw: &'a str) -> Self {
        Self { line, field, raw }
    }

    /// The value as it stands in the line.
    pub(crate) fn raw(self) -> &'a str {
        self.raw
    }

    /// A string. Borrowed unless it holds escapes.
    pub(crate) fn text(self) -> Result<Cow<'a, str>, RecordError> {
        self.expect(JsonType::String)?;
        if self.raw.contains('\\') {
            serde_json::from_str::<String>(self.raw)
                .map(Cow::Owned)
                .map_err(|_| self.bad())
        } else {
            Ok(Cow::Borrowed(&self.raw[1..self.raw.len() - 1]))
        }
    }

    /// A string piece by piece, without a copy of the whole. What was taken counts only
    /// where the end is no error.
    pub(crate) fn text_in_pieces(self, mut take: impl FnMut(&[u8])) -> Result<(), RecordError> {
        self.expect(JsonType::String)?;
        let raw = self.raw.as_bytes();
        let mut rest = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
        let mut piece: Vec<u8> = Vec::with_capacity(PIECE_BYTES + 4);
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let (before, after) = rest.split_at(at);
            piece.extend_from_slice(before);
            let length = match after.get(1) {
                Some(b'u') => {
                    let (c, length) = escaped(after).ok_or_else(|| self.bad())?;
                    piece.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    length
                }
                Some(letter) => {
                    piece.push(match letter {
                        b'n' => b'\n',
                        b't' => b'\t',
                        b'r' => b'\r',
                        b'b' => 8,
                        b'f' => 12,
                        other => *other,
                    });
                    2
                }
                None => return Err(self.bad()),
            };
            rest = after.get(length..).unwrap_or_default();
            if piece.len() >= PIECE_BYTES {
                take(&piece);
                piece.clear();
            }
        }
        take(&piece);
        take(rest);
        Ok(())
    }

    /// `true` or `false`.
    pub(crate) fn flag(self) -> Result<bool, RecordError> {
        self.expect(JsonType::Bool)?;
        Ok(self.raw == "true")
    }

    /// An integer from zero to [`MAX_COUNT`]; `1.0` is one.
    pub(crate) fn count(self) -> Result<u64, RecordError> {
        let number = self.number(0)?;
        if number.exact && number.magnitude <= MAX_COUNT {
            Ok(number.magnitude)
        } else {
            Err(self.bad())
        }
    }

    /// An integer of either sign within 32 bits.
    pub(crate) fn integer(self) -> Result<i32, RecordError> {
        self.expect(JsonType::Number)?;
        let number = fixed(self.raw, 0).map_err(|_| self.bad())?;
        let magnitude = i64::try_from(number.magnitude).map_err(|_| self.bad())?;
        let value = if number.negative {
            -magnitude
        } else {
            magnitude
        };
        if number.exact {
            i32::try_from(value).map_err(|_| self.bad())
        } else {
            Err(self.bad())
        }
    }

    /// A number of either sign, scaled by ten to the `scale`, at most [`MAX_COUNT`] away from zero.
    pub(crate) fn signed(self, scale: u32) -> Result<i64, RecordError> {
        self.expect(JsonType::Number)?;
        let number = fixed(self.raw, scale).map_err(|_| self.bad())?;
        match i64::try_from(number.magnitude) {
            Ok(magnitude) if number.magnitude <= MAX_COUNT && number.negative => Ok(-magnitude),
            Ok(magnitude) if number.magnitude <= MAX_COUNT => Ok(magnitude),
            _ => Err(self.bad()),
        }
    }

    /// A number that is zero or more, scaled by ten to the `scale`, at most [`MAX_COUNT`].
    pub(crate) fn scaled(self, scale: u32) -> Result<u64, RecordError> {
        let number = self.number(scale)?;
        if number.magnitude <= MAX_COUNT {
            Ok(number.magnitude)
        } else {
            Err(self.bad())
        }
    }

    /// An amount of dollars.
    pub(crate) fn usd(self) -> Result<Usd, RecordError> {
        self.expect(JsonType::Number)?;
        Usd::parse(self.raw).map_err(|_: MoneyError| self.bad())
    }

    /// A difference of amounts of dollars.
    pub(crate) fn usd_change(self) -> Result<UsdChange, RecordError> {
        self.expect(JsonType::Number)?;
        UsdChange::parse(self.raw).map_err(|_: MoneyError| self.bad())
    }

    /// A time as text.
    pub(crate) fn time(self) -> Result<Timestamp, RecordError> {
        self.time_with_zone().map(|(at, _)| at)
    }

    /// A time as text, and whether its offset was stated.
    pub(crate) fn time_with_zone(self) -> Result<(Timestamp, Zone), RecordError> {
        Timestamp::parse_with_zone(&self.text()?).map_err(|_| self.bad())
    }

    /// The fields of an object.
    pub(crate) fn object(self) -> Result<Fields<'a>, RecordError> {
        self.expect(JsonType::Object)?;
        Fields::scan(self.line, self.raw)
    }

    /// The items of an array.
    pub(crate) fn array(self) -> Result<Vec<Value<'a>>, RecordError> {
        self.expect(JsonType::Array)?;
        let items: Vec<&'a RawValue> = serde_json::from_str(self.raw).map_err(|_| self.bad())?;
        let (line, field) = (self.line, self.field);
        Ok(items
            .into_iter()
            .map(|raw| Value {
                line,
                field,
                raw: raw.get(),
            })
            .collect())
    }

    /// An array of strings.
    pub(crate) fn texts(self) -> Result<Vec<Cow<'a, str>>, RecordError> {
        self.array()?.into_iter().map(Value::text).collect()
    }

    /// An object that is kept as its text.
    pub(crate) fn object_text(self) -> Result<&'a str, RecordError> {
        self.expect(JsonType::Object)?;
        Ok(self.raw)
    }

    /// An object that is carried and not looked into.
    pub(crate) fn json_object(self) -> Result<JsonObject, RecordError> {
        self.object_text().map(JsonObject::of_valid)
    }

    /// The error that this value is malformed or out of range.
    pub(crate) fn bad(self) -> RecordError {
        self.error(RecordErrorKind::BadValue(self.field))
    }

    /// The error that this field stands there twice.
    pub(crate) fn duplicate(self) -> RecordError {
        self.error(RecordErrorKind::DuplicateField(self.field))
    }

    fn number(self, scale: u32) -> Result<crate::number::Fixed, RecordError> {
        self.expect(JsonType::Number)?;
        match fixed(self.raw, scale) {
            Ok(number) if !number.negative => Ok(number),
            Ok(_) | Err(NumberError::Syntax | NumberError::Overflow) => Err(self.bad()),
        }
    }

    fn expect(self, expected: JsonType) -> Result<(), RecordError> {
        match JsonType::of(self.raw) {
            Some(found) if found == expected => Ok(()),
            Some(found) => Err(self.error(RecordErrorKind::WrongType {
                field: self.field,
                expected,
                found,
            })),
            None => Err(self.bad()),
        }
    }

    fn error(self, kind: RecordErrorKind) -> RecordError {
        RecordError {
            kind,
            at: offset_in(self.line, self.raw),
        }
    }
}

impl JsonType {
    /// The type of a JSON text, from its first byte.
    fn of(json: &str) -> Option<Self> {
        match json.as_bytes().first()? {
            b'n' => Some(Self::Null),
            b't' | b'f' => Some(Self::Bool),
            b'-' | b'0'..=b'9' => Some(Self::Number),
            b'"' => Some(Self::String),
            b'[' => Some(Self::Array),
            b'{' => Some(Self::Object),
            _ => None,
        }
    }
}

/// Where `part`, a piece of `line`, begins within it.
fn offset_in(line: &str, part: &str) -> u32 {
    to_u32((part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize))
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Reads an object whose field of this name is an object as well.
struct WithInner(&'static str);

impl<'de> DeserializeSeed<'de> for WithInner {
    type Value = (Entries<'de>, Option<Entries<'de>>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for WithInner {
    type Value = (Entries<'de>, Option<Entries<'de>>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        let mut found = None;
        while let Some(Name(name)) = map.next_key()? {
            if name != self.0 {
                entries.push((name, map.next_value()?));
            } else if found.is_none() {
                found = Some(map.next_value()?);
            } else {
                return Err(serde::de::Error::duplicate_field(self.0));
            }
        }
        Ok((Entries(entries), found))
    }
}

struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(32);
                while let Some((Name(name), value)) = map.next_entry()? {
                    entries.push((name, value));
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}

/// Pieces of a long string are so long, and a little longer.
const PIECE_BYTES: usize = 64 << 10;

/// The character of `\u1234`, or of two that make a pair, and how long it is written.
fn escaped(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| -> Option<u32> {
        let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u32::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
    };
    let first = unit(0)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 6));
    }
    let low = unit(6)?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    let high = first.checked_sub(0xD800).filter(|high| *high < 0x400)?;
    Some((char::from_u32(0x1_0000 + (high << 10) + low)?, 12))
}

/// A string that is borrowed where it can be, which a bare `Cow` is not.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.into())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
#[expect(clippy::redundant_closure_for_method_calls)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    // A bare method path is not general over the line's lifetime.

    #[track_caller]
    fn check<T: fmt::Debug>(
        line: &str,
        read: impl for<'a> Fn(Value<'a>) -> Result<T, RecordError>,
        expect: &str,
    ) {
        let got = Fields::parse(line)
            .and_then(|f| f.require("x"))
            .and_then(read);
        let got = got.map_or_else(|error| error.to_string(), |value| format!("{value:?}"));
        assert_eq!(got, expect, "{line}");
    }

    #[test]
    fn values_are_read_by_type() {
        check(r#"{"x":"a"}"#, |v| v.text().map(String::from), "\"a\"");
        check(
            r#"{"\u0078":"\u00e9"}"#,
            |v| v.text().map(String::from),
            "\"\u{e9}\"",
        );
        check(r#"{"x":1.0}"#, |v| v.count(), "1");
        check(r#"{"x":true}"#, |v| v.flag(), "true");
        check(r#"{"x":-3}"#, |v| v.integer(), "-3");
        check(r#"{"x":62.88}"#, |v| v.scaled(3), "62880");
        check(r#"{"x":-27.7}"#, |v| v.signed(1), "-277");
        check(
            r#"{"x":["a","\u0062"]}"#,
            |v| v.texts().map(|texts| texts.concat()),
            "\"ab\"",
        );
        check(
            r#"{"x":{"y": null}}"#,
            |v| v.object_text().map(String::from),
            r#""{\"y\": null}""#,
        );
        check(
            r#"{"x":[1,2]}"#,
            |v| v.array().map(|items| items.len()),
            "2",
        );
        check(
            r#"{"x":{"y":1}}"#,
            |v| v.object()?.require("y")?.count(),
            "1",
        );
        check(r#" {"x" : 7 } "#, |v| v.count(), "7");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        check(r#"{"y":1}"#, |v| v.count(), "missing_field: x at byte 0");
        check(
            r#"{"x":null}"#,
            |v| v.count(),
            "wrong_type: x: expected a number, found null at byte 5",
        );
        check(
            r#"{"x":1,"x":2}"#,
            |v| v.count(),
            "duplicate_field: x at byte 11",
        );
        check(r#"{"x":-1}"#, |v| v.count(), "bad_value: x at byte 5");
        check(
            r#"{"x":-9007199254740992}"#,
            |v| v.signed(0),
            "bad_value: x at byte 5",
        );
        check(r#"{"x":1.5}"#, |v| v.count(), "bad_value: x at byte 5");
        check(
            r#"{"x":9007199254740992}"#,
            |v| v.count(),
            "bad_value: x at byte 5",
        );
        check(r#"{"x":1e400}"#, |v| v.usd(), "bad_value: x at byte 5");
        check(
            r#"{"x":"\ud800"}"#,
            |v| v.text().map(String::from),
            "bad_value: x at byte 5",
        );
        check(r#"{"x":NaN}"#, |v| v.usd(), "not_json at byte 5");
        check(r#"{"x":1"#, |v| v.count(), "not_json at byte 5");
        check("[]", |v| v.count(), "not_an_object: an array at byte 0");
        check("null", |v| v.count(), "not_an_object: null at byte 0");
        check("nul", |v| v.count(), "not_json at byte 2");
        check("{\"x\":1}\u{0}", |v| v.count(), "not_json at byte 7");
        check(
            r#"{"x":{"y":"z"}}"#,
            |v| v.object()?.require("y")?.count(),
            "wrong_type: y: expected a number, found a string at byte 10",
        );
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        check(&deep, |v| v.array().map(|items| items.len()), "1");
        check(&"[".repeat(10_000), |v| v.count(), "not_json at byte 0");
    }

    #[test]
    fn pieces_of_a_string_are_the_string() {
        let long = format!("{}\\n{}", "x".repeat(100_000), "\u{20ac}".repeat(40_000));
        for raw in [
            "\"\"",
            "\"plain\"",
            r#""a\nb\t\"\\\/\u00e9\ud83d\ude00\u0000 end""#,
            r#""\b\f\r""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\udc00\ud800""#,
            &format!("\"{long}\""),
            "7",
        ] {
            let value = Value::new(raw, "f", raw);
            let mut pieces = Vec::new();
            let outcome = value.text_in_pieces(|piece| pieces.extend_from_slice(piece));
            match value.text() {
                Ok(text) => assert_eq!((outcome, pieces), (Ok(()), text.as_bytes().to_vec())),
                Err(error) => assert_eq!(outcome, Err(error), "{raw}"),
            }
        }
    }

    #[test]
    fn an_inner_object_is_read_on_the_way() {
        let read = |line| Fields::parse_with(line, "in");
        let (outer, inner) = read(r#"{"a":1,"in":{"b":2},"c":3}"#).unwrap();
        assert_eq!(outer.names().collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(inner.unwrap().names().collect::<Vec<_>>(), ["b"]);
        for (line, is_twice) in [
            (r#"{"a":1}"#, false),
            (r#"{"in":[]}"#, false),
            (r#"{"in":{},"in":{}}"#, true),
        ] {
            let (outer, inner) = read(line).unwrap();
            assert!(inner.is_none(), "{line}");
            assert_eq!(outer.get("in").is_err(), is_twice, "{line}");
        }
        let torn = r#"{"in":{}} x"#;
        assert_eq!(read(torn).unwrap_err(), Fields::parse(torn).unwrap_err());
    }
}
