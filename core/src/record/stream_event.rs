//! One entry of a stream of events.

use alloc::string::String;
use core::fmt;

use crate::json::{Fields, JsonType, RecordError, RecordErrorKind};
use crate::json_object::JsonObject;
use crate::time::Timestamp;

/// Who published an event that does not say so.
pub const DEFAULT_EVENT_SOURCE: &str = "attune";

/// The place of an entry in its stream: milliseconds since 1970 and a number
/// among those of one millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Milliseconds since 1970.
    pub ms: u64,
    /// The number within the millisecond.
    pub seq: u64,
}

impl StreamId {
    /// Before every entry.
    pub const ZERO: Self = Self { ms: 0, seq: 0 };
    /// After every entry.
    pub const MAX: Self = Self {
        ms: u64::MAX,
        seq: u64::MAX,
    };

    /// Reads `MS-SEQ`, or `MS` alone with sequence 0.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |digits: &str| -> Option<u64> {
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| digits.parse().ok())?
        };
        let (ms, seq) = text.split_once('-').unwrap_or((text, "0"));
        Some(Self {
            ms: number(ms)?,
            seq: number(seq)?,
        })
    }

    /// The id of an entry that is added at `now` to a stream whose last id is
    /// this: ids rise also when the clock does not. `None` when no id is left.
    pub fn next(self, now: Timestamp) -> Option<Self> {
        let ms = u64::try_from(now.as_micros().div_euclid(1000)).unwrap_or(0);
        if ms > self.ms {
            return Some(Self { ms, seq: 0 });
        }
        match self.seq.checked_add(1) {
            Some(seq) => Some(Self { ms: self.ms, seq }),
            None => Some(Self {
                ms: self.ms.checked_add(1)?,
                seq: 0,
            }),
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

impl serde::Serialize for StreamId {
    /// `"MS-SEQ"`
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its place in the stream.
    pub event_id: StreamId,
    /// `event_type`: what happened; the stream's name.
    pub event_type: String,
    /// `timestamp`: when, by the publisher's clock; a time without an offset is UTC.
    pub timestamp: Option<Timestamp>,
    /// `data`: what else is known.
    pub data: JsonObject,
    /// `source`: who published it, else `attune`.
    pub source: String,
}

impl StreamEvent {
    /// Reads an entry from its flat fields, of which the first of a name counts.
    /// `event_type` and `data` must be there.
    pub fn parse<'a>(
        event_id: StreamId,
        fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, RecordError> {
        let (mut event_type, mut timestamp, mut data, mut source) = (None, None, None, None);
        for (name, value) in fields {
            let field = match name {
                "event_type" => &mut event_type,
                "timestamp" => &mut timestamp,
                "data" => &mut data,
                "source" => &mut source,
                _ => continue,
            };
            field.get_or_insert(value);
        }
        let missing = |field| error(RecordErrorKind::MissingField(field));
        let timestamp = timestamp
            .map(|text| {
                Timestamp::parse(text).map_err(|_| error(RecordErrorKind::BadValue("timestamp")))
            })
            .transpose()?;
        let data = data.ok_or(missing("data"))?;
        Ok(Self {
            event_id,
            event_type: event_type.ok_or(missing("event_type"))?.into(),
            timestamp,
            data: match Fields::parse(data) {
                Ok(_) => JsonObject::of_valid(data),
                Err(RecordError {
                    kind: RecordErrorKind::NotAnObject { found },
                    ..
                }) => {
                    return Err(error(RecordErrorKind::WrongType {
                        field: "data",
                        expected: JsonType::Object,
                        found,
                    }));
                }
                Err(_) => return Err(error(RecordErrorKind::BadValue("data"))),
            },
            source: source.unwrap_or(DEFAULT_EVENT_SOURCE).into(),
        })
    }
}

fn error(kind: RecordErrorKind) -> RecordError {
    RecordError { kind, at: 0 }
}
