//! Values of columns.

use muster_core::JsonObject;
use muster_core::Timestamp;
use muster_core::US_PER_SECOND;
use muster_core::coordination::GRACE_S;
use muster_core::record::stream_event::StreamId;
use rusqlite::Row;

use super::failure::Fault;

/// A time from its microseconds. Muster writes none outside of the years 0 to
/// 9999; one of another hand is taken as the nearest end.
pub(super) fn time(us: i64) -> Timestamp {
    let end = if us < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::from_micros(us).unwrap_or(end)
}

/// A time some seconds later, in microseconds.
pub(super) fn added_seconds(at: Timestamp, seconds: u64) -> i64 {
    let us = i64::try_from(seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(US_PER_SECOND);
    at.saturating_add_us(us).as_micros()
}

/// What was over at this moment or before is forgotten now.
pub(super) fn forgotten_before(now: Timestamp) -> i64 {
    let grace = i64::try_from(GRACE_S)
        .unwrap_or(i64::MAX)
        .saturating_mul(US_PER_SECOND);
    now.as_micros().saturating_sub(grace)
}

/// A JSON object. `key` names the row where it is none.
pub(super) fn json(
    row: &Row<'_>,
    column: usize,
    key: impl FnOnce() -> String,
) -> Result<JsonObject, Fault> {
    let text = row.get_ref(column)?.as_str().unwrap_or_default();
    JsonObject::parse(text).map_err(|error| Fault::Row { key: key(), error })
}

/// An id of an event from its two columns.
pub(super) fn stream_id(row: &Row<'_>, column: usize) -> rusqlite::Result<StreamId> {
    Ok(StreamId {
        ms: row.get::<_, i64>(column)?.cast_unsigned(),
        seq: row.get::<_, i64>(column + 1)?.cast_unsigned(),
    })
}

/// An id as its two columns hold it.
pub(super) fn stored(id: StreamId) -> (i64, i64) {
    (id.ms.cast_signed(), id.seq.cast_signed())
}

/// An id to compare columns of events with: no event has one beyond 63 bits.
pub(super) fn bound(id: StreamId) -> (i64, i64) {
    let Ok(ms) = i64::try_from(id.ms) else {
        return (i64::MAX, i64::MAX);
    };
    (ms, i64::try_from(id.seq).unwrap_or(i64::MAX))
}
