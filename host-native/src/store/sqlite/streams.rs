//! Streams of events, and the groups that read them.

use muster_core::Timestamp;
use muster_core::coordination::{
    AckEvents, Gap, GroupEvent, GroupInfo, GroupRead, Listing, Malformed, NewEvent, Position,
    RecentQuery, StreamBatch, StreamInfo, StreamRead,
};
use muster_core::record::stream_event::{StreamEvent, StreamId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::bell::Topic;
use super::failure::Fault;
use super::row::{bound, json, stored, stream_id, time};
use super::writer::Written;

/// The row of a stream.
#[derive(Clone, Copy, Debug)]
struct Stream {
    number: i64,
    length: i64,
    /// The highest id that was given.
    last: StreamId,
    /// The highest id that was removed.
    removed_to: StreamId,
}

/// The row of a group.
#[derive(Clone, Copy, Debug)]
struct Group {
    number: i64,
    delivered_to: StreamId,
}

pub(super) fn publish(
    connection: &Connection,
    now: Timestamp,
    event: &NewEvent,
) -> Result<Written<StreamId>, Fault> {
    let mut stream = find_or_make(connection, &event.event_type)?;
    // No id is left only after the last millisecond of 64 bits.
    let id = stream.last.next(now).unwrap_or(StreamId::MAX);
    let (ms, seq) = stored(id);
    connection
        .prepare_cached(
            "INSERT INTO event (stream, ms, seq, published_at, source, data)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            stream.number,
            ms,
            seq,
            now.as_micros(),
            event.source,
            event.data.as_str()
        ])?;
    stream.last = id;
    stream.length += 1;
    cut(connection, &mut stream, event.max_len.max(1))?;
    save(connection, &stream)?;
    Ok(Written {
        answer: id,
        topics: vec![Topic::Stream(event.event_type.clone()), Topic::Streams],
    })
}

pub(super) fn read(connection: &Connection, read: &StreamRead) -> Result<Vec<StreamBatch>, Fault> {
    let mut batches = Vec::with_capacity(read.from.len());
    for (event_type, position) in &read.from {
        let after = id_of(*position);
        let mut batch = empty_batch(event_type, after);
        if let Some(stream) = find(connection, event_type)? {
            let fresh = Fresh::read(connection, &stream, event_type, after, read.count)?;
            batch.gap = fresh.gap;
            batch.next = fresh.next;
            batch.malformed = fresh.malformed;
            batch.events = fresh.events.into_iter().map(once).collect();
        }
        batches.push(batch);
    }
    Ok(batches)
}

/// Whether a reading by a group would change anything.
pub(super) fn is_group_read_due(
    connection: &Connection,
    now: Timestamp,
    read: &GroupRead,
) -> Result<bool, Fault> {
    for event_type in &read.event_types {
        let Some(stream) = find(connection, event_type)? else {
            return Ok(true);
        };
        let Some(group) = find_group(connection, &stream, &read.group)? else {
            return Ok(true);
        };
        if stream.last > group.delivered_to || is_any_due(connection, now, &group, read)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The answer where a reading by a group changes nothing.
pub(super) fn nothing_for_group(
    connection: &Connection,
    read: &GroupRead,
) -> Result<Vec<StreamBatch>, Fault> {
    let mut batches = Vec::with_capacity(read.event_types.len());
    for event_type in &read.event_types {
        let group = match find(connection, event_type)? {
            Some(stream) => find_group(connection, &stream, &read.group)?,
            None => None,
        };
        let next = group.map_or_else(|| id_of(read.start), |group| group.delivered_to);
        batches.push(empty_batch(event_type, next));
    }
    Ok(batches)
}

pub(super) fn read_group(
    connection: &Connection,
    now: Timestamp,
    read: &GroupRead,
) -> Result<Written<Vec<StreamBatch>>, Fault> {
    let mut batches = Vec::with_capacity(read.event_types.len());
    for event_type in &read.event_types {
        let stream = find_or_make(connection, event_type)?;
        let group = match find_group(connection, &stream, &read.group)? {
            Some(group) => group,
            None => make_group(connection, &stream, read)?,
        };
        let mut batch = empty_batch(event_type, group.delivered_to);
        give_again(connection, now, &stream, &group, read, &mut batch)?;
        let left = read.count.saturating_sub(batch.events.len() as u64);
        if left > 0 {
            let after = group.delivered_to;
            let fresh = Fresh::read(connection, &stream, event_type, after, left)?;
            batch.gap = fresh.gap;
            batch.next = fresh.next;
            batch.malformed.extend(fresh.malformed);
            for event in fresh.events {
                let (ms, seq) = stored(event.event_id);
                connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO given
                             (consumer_group, ms, seq, given_at, deliveries)
                         VALUES (?1, ?2, ?3, ?4, 1)",
                    )?
                    .execute(params![group.number, ms, seq, now.as_micros()])?;
                batch.events.push(once(event));
            }
            if batch.next != after {
                let (ms, seq) = stored(batch.next);
                connection
                    .prepare_cached(
                        "UPDATE consumer_group SET delivered_ms = ?2, delivered_seq = ?3
                         WHERE consumer_group = ?1",
                    )?
                    .execute(params![group.number, ms, seq])?;
            }
        }
        batches.push(batch);
    }
    Ok(Written::quiet(batches))
}

pub(super) fn ack(connection: &Connection, events: &AckEvents) -> Result<Written<u64>, Fault> {
    let Some(stream) = find(connection, &events.event_type)? else {
        return Ok(Written::unchanged(0));
    };
    let Some(group) = find_group(connection, &stream, &events.group)? else {
        return Ok(Written::unchanged(0));
    };
    let mut known = 0;
    for id in &events.ids {
        let (ms, seq) = stored(*id);
        known += connection
            .prepare_cached("DELETE FROM given WHERE consumer_group = ?1 AND ms = ?2 AND seq = ?3")?
            .execute(params![group.number, ms, seq])? as u64;
    }
    Ok(Written::quiet(known))
}

pub(super) fn recent(
    connection: &Connection,
    query: &RecentQuery,
) -> Result<Listing<StreamEvent>, Fault> {
    let mut listing = Listing::default();
    let Some(stream) = find(connection, &query.event_type)? else {
        return Ok(listing);
    };
    let (from, to) = (bound(query.from), bound(query.to));
    let mut statement = connection.prepare_cached(
        "SELECT ms, seq, published_at, source, data FROM event
         WHERE stream = ?1 AND (ms, seq) >= (?2, ?3) AND (ms, seq) <= (?4, ?5)
         ORDER BY ms DESC, seq DESC LIMIT ?6",
    )?;
    let mut found = statement.query(params![
        stream.number,
        from.0,
        from.1,
        to.0,
        to.1,
        limit(query.count)
    ])?;
    while let Some(row) = found.next()? {
        match event(row, &query.event_type) {
            Err(Fault::Row { key, error }) => listing.malformed.push(Malformed { key, error }),
            event => listing.items.push(event?),
        }
    }
    Ok(listing)
}

pub(super) fn all(connection: &Connection) -> Result<Vec<StreamInfo>, Fault> {
    let mut streams = connection.prepare_cached(
        "SELECT stream, length, last_ms, last_seq, removed_ms, removed_seq, event_type
         FROM stream ORDER BY event_type",
    )?;
    let mut groups = connection.prepare_cached(
        "SELECT name, delivered_ms, delivered_seq,
                (SELECT count(*) FROM given
                 WHERE given.consumer_group = consumer_group.consumer_group)
         FROM consumer_group WHERE stream = ?1 ORDER BY name",
    )?;
    let mut found = streams.query([])?;
    let mut infos = Vec::new();
    while let Some(row) = found.next()? {
        let stream = stream_row(row)?;
        let groups = groups.query_map(params![stream.number], |row| {
            Ok(GroupInfo {
                group: row.get(0)?,
                delivered_to: stream_id(row, 1)?,
                unacknowledged: row.get::<_, i64>(3)?.unsigned_abs(),
            })
        })?;
        infos.push(StreamInfo {
            event_type: row.get(6)?,
            length: u64::try_from(stream.length).unwrap_or(0),
            first: first(connection, &stream)?,
            last: stream.last,
            groups: groups.collect::<Result<_, _>>()?,
        });
    }
    Ok(infos)
}

pub(super) fn trim(
    connection: &Connection,
    event_type: &str,
    max_len: u64,
) -> Result<Written<u64>, Fault> {
    let Some(mut stream) = find(connection, event_type)? else {
        return Ok(Written::unchanged(0));
    };
    let removed = cut(connection, &mut stream, max_len)?;
    save(connection, &stream)?;
    Ok(Written::quiet(removed))
}

pub(super) fn delete(connection: &Connection, event_type: &str) -> Result<Written<u64>, Fault> {
    let Some(stream) = find(connection, event_type)? else {
        return Ok(Written::unchanged(0));
    };
    for sql in [
        "DELETE FROM given WHERE consumer_group IN
             (SELECT consumer_group FROM consumer_group WHERE stream = ?1)",
        "DELETE FROM consumer_group WHERE stream = ?1",
        "DELETE FROM event WHERE stream = ?1",
        "DELETE FROM stream WHERE stream = ?1",
    ] {
        connection
            .prepare_cached(sql)?
            .execute(params![stream.number])?;
    }
    Ok(Written {
        answer: u64::try_from(stream.length).unwrap_or(0),
        topics: vec![Topic::Stream(event_type.into()), Topic::Streams],
    })
}

fn find(connection: &Connection, event_type: &str) -> Result<Option<Stream>, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT stream, length, last_ms, last_seq, removed_ms, removed_seq
             FROM stream WHERE event_type = ?1",
        )?
        .query_row(params![event_type], stream_row)
        .optional()?)
}

fn find_or_make(connection: &Connection, event_type: &str) -> Result<Stream, Fault> {
    if let Some(stream) = find(connection, event_type)? {
        return Ok(stream);
    }
    connection
        .prepare_cached("INSERT INTO stream (event_type) VALUES (?1)")?
        .execute(params![event_type])?;
    Ok(Stream {
        number: connection.last_insert_rowid(),
        length: 0,
        last: StreamId::ZERO,
        removed_to: StreamId::ZERO,
    })
}

fn save(connection: &Connection, stream: &Stream) -> Result<(), Fault> {
    let (last, removed) = (stored(stream.last), stored(stream.removed_to));
    connection
        .prepare_cached(
            "UPDATE stream
             SET length = ?2, last_ms = ?3, last_seq = ?4, removed_ms = ?5, removed_seq = ?6
             WHERE stream = ?1",
        )?
        .execute(params![
            stream.number,
            stream.length,
            last.0,
            last.1,
            removed.0,
            removed.1
        ])?;
    Ok(())
}

fn stream_row(row: &Row<'_>) -> rusqlite::Result<Stream> {
    Ok(Stream {
        number: row.get(0)?,
        length: row.get(1)?,
        last: stream_id(row, 2)?,
        removed_to: stream_id(row, 4)?,
    })
}

fn find_group(
    connection: &Connection,
    stream: &Stream,
    name: &str,
) -> Result<Option<Group>, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT consumer_group, delivered_ms, delivered_seq
             FROM consumer_group WHERE stream = ?1 AND name = ?2",
        )?
        .query_row(params![stream.number, name], |row| {
            Ok(Group {
                number: row.get(0)?,
                delivered_to: stream_id(row, 1)?,
            })
        })
        .optional()?)
}

fn make_group(connection: &Connection, stream: &Stream, read: &GroupRead) -> Result<Group, Fault> {
    let delivered_to = id_of(read.start);
    let (ms, seq) = stored(delivered_to);
    connection
        .prepare_cached(
            "INSERT INTO consumer_group (stream, name, delivered_ms, delivered_seq)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![stream.number, read.group, ms, seq])?;
    Ok(Group {
        number: connection.last_insert_rowid(),
        delivered_to,
    })
}

/// Up to when something must have been given to be given again.
fn due_before(now: Timestamp, read: &GroupRead) -> i64 {
    let wait = i64::try_from(read.redeliver_after_us).unwrap_or(i64::MAX);
    now.as_micros().saturating_sub(wait)
}

fn is_any_due(
    connection: &Connection,
    now: Timestamp,
    group: &Group,
    read: &GroupRead,
) -> Result<bool, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM given WHERE consumer_group = ?1 AND given_at <= ?2)",
        )?
        .query_row(params![group.number, due_before(now, read)], |row| {
            row.get(0)
        })?)
}

/// Gives out again what waits for its acknowledgement for too long.
fn give_again(
    connection: &Connection,
    now: Timestamp,
    stream: &Stream,
    group: &Group,
    read: &GroupRead,
    batch: &mut StreamBatch,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT event.ms, event.seq, published_at, source, data, deliveries
         FROM given JOIN event ON event.stream = ?1 AND event.ms = given.ms
                              AND event.seq = given.seq
         WHERE consumer_group = ?2 AND given_at <= ?3
         ORDER BY given.ms, given.seq LIMIT ?4",
    )?;
    let mut found = statement.query(params![
        stream.number,
        group.number,
        due_before(now, read),
        limit(read.count)
    ])?;
    while let Some(row) = found.next()? {
        let deliveries = row.get::<_, i64>(5)?.unsigned_abs().saturating_add(1);
        match event(row, &batch.event_type) {
            Err(Fault::Row { key, error }) => batch.malformed.push(Malformed { key, error }),
            event => batch.events.push(GroupEvent {
                event: event?,
                deliveries,
            }),
        }
    }
    for given in &batch.events {
        let (ms, seq) = stored(given.event.event_id);
        connection
            .prepare_cached(
                "UPDATE given SET given_at = ?4, deliveries = deliveries + 1
                 WHERE consumer_group = ?1 AND ms = ?2 AND seq = ?3",
            )?
            .execute(params![group.number, ms, seq, now.as_micros()])?;
    }
    Ok(())
}

/// What comes after a position.
struct Fresh {
    events: Vec<StreamEvent>,
    malformed: Vec<Malformed>,
    gap: Option<Gap>,
    next: StreamId,
}

impl Fresh {
    fn read(
        connection: &Connection,
        stream: &Stream,
        event_type: &str,
        after: StreamId,
        count: u64,
    ) -> Result<Self, Fault> {
        let (ms, seq) = bound(after);
        let mut statement = connection.prepare_cached(
            "SELECT ms, seq, published_at, source, data FROM event
             WHERE stream = ?1 AND (ms, seq) > (?2, ?3)
             ORDER BY ms, seq LIMIT ?4",
        )?;
        let mut found = statement.query(params![stream.number, ms, seq, limit(count)])?;
        let mut fresh = Self {
            events: Vec::new(),
            malformed: Vec::new(),
            gap: None,
            next: after,
        };
        while let Some(row) = found.next()? {
            fresh.next = stream_id(row, 0)?;
            match event(row, event_type) {
                Err(Fault::Row { key, error }) => {
                    fresh.malformed.push(Malformed { key, error });
                }
                event => fresh.events.push(event?),
            }
        }
        // One that begins with the oldest event there is, expects no other.
        if after != StreamId::ZERO && after < stream.removed_to {
            fresh.gap = Some(Gap {
                after,
                first_kept: first(connection, stream)?,
            });
            // What was removed is passed over once nothing is left.
            if stream.length == 0 {
                fresh.next = stream.last;
            }
        }
        Ok(fresh)
    }
}

fn first(connection: &Connection, stream: &Stream) -> Result<Option<StreamId>, Fault> {
    Ok(connection
        .prepare_cached("SELECT ms, seq FROM event WHERE stream = ?1 ORDER BY ms, seq LIMIT 1")?
        .query_row(params![stream.number], |row| stream_id(row, 0))
        .optional()?)
}

/// Removes the oldest events beyond a number. What is removed needs no
/// acknowledgement any more.
fn cut(connection: &Connection, stream: &mut Stream, max_len: u64) -> Result<u64, Fault> {
    let keep = i64::try_from(max_len).unwrap_or(i64::MAX);
    let beyond = stream.length.saturating_sub(keep);
    if beyond <= 0 {
        return Ok(0);
    }
    let last: StreamId = connection
        .prepare_cached(
            "SELECT ms, seq FROM event WHERE stream = ?1 ORDER BY ms, seq LIMIT 1 OFFSET ?2",
        )?
        .query_row(params![stream.number, beyond - 1], |row| stream_id(row, 0))?;
    let (ms, seq) = stored(last);
    connection
        .prepare_cached("DELETE FROM event WHERE stream = ?1 AND (ms, seq) <= (?2, ?3)")?
        .execute(params![stream.number, ms, seq])?;
    connection
        .prepare_cached(
            "DELETE FROM given
             WHERE consumer_group IN (SELECT consumer_group FROM consumer_group WHERE stream = ?1)
               AND (ms, seq) <= (?2, ?3)",
        )?
        .execute(params![stream.number, ms, seq])?;
    stream.length = stream.length.min(keep);
    stream.removed_to = last;
    Ok(beyond.unsigned_abs())
}

fn event(row: &Row<'_>, event_type: &str) -> Result<StreamEvent, Fault> {
    let event_id = stream_id(row, 0)?;
    Ok(StreamEvent {
        event_id,
        event_type: event_type.into(),
        timestamp: Some(time(row.get(2)?)),
        data: json(row, 4, || format!("the event {event_id} of {event_type}"))?,
        source: row.get(3)?,
    })
}

fn id_of(position: Position) -> StreamId {
    match position {
        Position::Start => StreamId::ZERO,
        Position::After(id) => id,
    }
}

fn once(event: StreamEvent) -> GroupEvent {
    GroupEvent {
        event,
        deliveries: 1,
    }
}

fn empty_batch(event_type: &str, next: StreamId) -> StreamBatch {
    StreamBatch {
        event_type: event_type.into(),
        gap: None,
        events: Vec::new(),
        malformed: Vec::new(),
        next,
    }
}

fn limit(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
