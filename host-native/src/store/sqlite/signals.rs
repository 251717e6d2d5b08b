//! Signals: one row each, received in the order of their rows.

use muster_core::Timestamp;
use muster_core::coordination::{
    Broadcasted, ENROLMENT_S, Listing, Malformed, NewSignal, PendingSignal, Sent, SignalCheck,
    SignalFilter,
};
use muster_core::record::signal::Signal;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Rows, params};

use super::bell::Topic;
use super::failure::Fault;
use super::row::{added_seconds, forgotten_before, json, time};
use super::writer::Written;

/// A row of a signal: its place and what it holds.
struct Held {
    seq: i64,
    pending: PendingSignal,
}

pub(super) fn send(
    connection: &Connection,
    now: Timestamp,
    signal: &NewSignal,
) -> Result<Written<Sent>, Fault> {
    let sent = insert(connection, now, signal, Some(&signal.target_agent))?;
    Ok(Written {
        topics: topics(&sent, || Topic::Agent(signal.target_agent.clone())),
        answer: sent,
    })
}

pub(super) fn broadcast(
    connection: &Connection,
    now: Timestamp,
    signal: &NewSignal,
) -> Result<Written<Broadcasted>, Fault> {
    let enrolled: i64 = connection
        .prepare_cached("SELECT count(*) FROM enrolment WHERE until > ?1 AND agent_id <> ?2")?
        .query_row(params![now.as_micros(), signal.source_agent], |row| {
            row.get(0)
        })?;
    let sent = insert(connection, now, signal, None)?;
    Ok(Written {
        topics: topics(&sent, || Topic::Everyone),
        answer: Broadcasted {
            sent,
            enrolled: u64::try_from(enrolled).unwrap_or(0),
        },
    })
}

fn topics(sent: &Sent, topic: impl FnOnce() -> Topic) -> Vec<Topic> {
    if sent.repeated {
        Vec::new()
    } else {
        vec![topic()]
    }
}

/// Adds a row, if the id is not remembered.
fn insert(
    connection: &Connection,
    now: Timestamp,
    signal: &NewSignal,
    target: Option<&str>,
) -> Result<Sent, Fault> {
    let known: Option<(i64, bool)> = connection
        .prepare_cached(
            "SELECT expires_at, signal_type = ?2 AND source = ?3 AND target IS ?4 AND payload = ?5
             FROM signal WHERE signal_id = ?1 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row(
            params![
                signal.signal_id,
                signal.signal_type,
                signal.source_agent,
                target,
                signal.payload.as_str(),
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    if let Some((until, same)) = known.filter(|(until, _)| *until > now.as_micros()) {
        return Ok(Sent {
            expires_at: time(until),
            repeated: true,
            differs: !same,
        });
    }
    let expires_at = signal.expires_at(now);
    connection
        .prepare_cached(
            "INSERT INTO signal
                 (expires_at, sent_at, ttl_s, signal_id, signal_type, source, target, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            expires_at.as_micros(),
            now.as_micros(),
            signal.ttl_s,
            signal.signal_id,
            signal.signal_type,
            signal.source_agent,
            target,
            signal.payload.as_str(),
        ])?;
    Ok(Sent {
        expires_at,
        repeated: false,
        differs: false,
    })
}

pub(super) fn take(
    connection: &Connection,
    now: Timestamp,
    filter: &SignalFilter,
) -> Result<Written<SignalCheck>, Fault> {
    let Some(held) = oldest(connection, now, filter)? else {
        return Ok(Written::unchanged(nothing(connection, now, filter)?));
    };
    let mail = match held.pending.signal.target_agent {
        Some(_) => Mail::Own,
        None => Mail::Everyones,
    };
    mail.remove(connection, held.seq, &filter.agent_id)?;
    let signal = &held.pending.signal;
    let sent_at = signal.timestamp.unwrap_or(now);
    let took_us = now.as_micros().saturating_sub(sent_at.as_micros()).max(0);
    connection
        .prepare_cached(
            "INSERT INTO route (agent_id, signal_type, last_at, slowest_us)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET
                 slowest_us = iif(last_at > ?5, max(slowest_us, excluded.slowest_us),
                                  excluded.slowest_us),
                 last_at = iif(last_at > ?5, max(last_at, excluded.last_at), excluded.last_at)",
        )?
        .execute(params![
            filter.agent_id,
            signal.signal_type,
            now.as_micros(),
            took_us,
            forgotten_before(now),
        ])?;
    Ok(Written::quiet(SignalCheck::Delivered(held.pending)))
}

pub(super) fn check(
    connection: &Connection,
    now: Timestamp,
    filter: &SignalFilter,
) -> Result<SignalCheck, Fault> {
    match oldest(connection, now, filter)? {
        Some(held) => Ok(SignalCheck::Pending(held.pending)),
        None => nothing(connection, now, filter),
    }
}

pub(super) fn pending(
    connection: &Connection,
    now: Timestamp,
    filter: &SignalFilter,
) -> Result<Listing<PendingSignal>, Fault> {
    let mut places = Vec::new();
    let mut listing = Listing::default();
    for mail in Mail::BOTH {
        let mut search = mail.search(connection, filter, State::Open, "seq")?;
        let mut found = search.query(filter, unexpired(now))?;
        while let Some(row) = found.next()? {
            match held(row) {
                Err(Fault::Row { key, error }) => listing.malformed.push(Malformed { key, error }),
                row => places.push(row?),
            }
        }
    }
    places.sort_by_key(|held| held.seq);
    listing.items = places.into_iter().map(|held| held.pending).collect();
    Ok(listing)
}

pub(super) fn clear(
    connection: &Connection,
    now: Timestamp,
    filter: &SignalFilter,
) -> Result<Written<u64>, Fault> {
    let mut cleared = 0;
    for mail in Mail::BOTH {
        let mut places = Vec::new();
        let mut search = mail.search(connection, filter, State::Open, "seq")?;
        let mut found = search.query(filter, unexpired(now))?;
        while let Some(row) = found.next()? {
            places.push(row.get(0)?);
        }
        for seq in places {
            mail.remove(connection, seq, &filter.agent_id)?;
            cleared += 1;
        }
    }
    Ok(Written::quiet(cleared))
}

pub(super) fn all(
    connection: &Connection,
    now: Timestamp,
    expired: bool,
) -> Result<Listing<PendingSignal>, Fault> {
    let condition = if expired {
        "(target IS NOT NULL OR NOT EXISTS (SELECT 1 FROM receipt WHERE receipt.seq = signal.seq))"
    } else {
        "TRUE"
    };
    let (from, to) = if expired {
        tombstones(now)
    } else {
        unexpired(now)
    };
    let mut listing = Listing::default();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM signal
         WHERE state IN (0, 2) AND expires_at > ?1 AND expires_at <= ?2 AND {condition}
         ORDER BY seq"
    ))?;
    let mut found = statement.query(params![from, to])?;
    while let Some(row) = found.next()? {
        match held(row) {
            Err(Fault::Row { key, error }) => listing.malformed.push(Malformed { key, error }),
            row => {
                let mut held = row?;
                if held.pending.signal.target_agent.is_none() {
                    held.pending.received_by = receivers(connection, held.seq)?;
                }
                listing.items.push(held.pending);
            }
        }
    }
    Ok(listing)
}

/// Who has received, or cleared, a broadcast, by name.
fn receivers(connection: &Connection, seq: i64) -> Result<Vec<String>, Fault> {
    let mut search = connection
        .prepare_cached("SELECT agent_id FROM receipt WHERE seq = ?1 ORDER BY agent_id")?;
    let found = search.query_map([seq], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn enrol(
    connection: &Connection,
    now: Timestamp,
    agent_id: &str,
) -> Result<Written<()>, Fault> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO enrolment (agent_id, until) VALUES (?1, ?2)")?
        .execute(params![agent_id, added_seconds(now, ENROLMENT_S)])?;
    Ok(Written::quiet(()))
}

pub(super) fn slowest(
    connection: &Connection,
    now: Timestamp,
    signal_type: Option<&str>,
) -> Result<Option<u64>, Fault> {
    let slowest: Option<i64> = connection
        .prepare_cached(
            "SELECT max(slowest_us) FROM route
             WHERE last_at > ?1 AND (?2 IS NULL OR signal_type = ?2)",
        )?
        .query_row(params![forgotten_before(now), signal_type], |row| {
            row.get(0)
        })?;
    Ok(slowest.and_then(|us| u64::try_from(us).ok()))
}

/// Removes what is over, at most `most` rows at a time, and gives how many were
/// touched. `settled_before`: what expired by then is no longer looked for among
/// what can be received, so that an agent that never reads costs others nothing.
pub(super) fn forget(
    connection: &Connection,
    now: Timestamp,
    settled_before: i64,
    most: i64,
) -> Result<usize, Fault> {
    let mut touched = 0;
    for (sql, before) in [
        (
            "UPDATE signal SET state = 2 WHERE seq IN
                 (SELECT seq FROM signal WHERE state = 0 AND expires_at <= ?1 LIMIT ?2)",
            settled_before,
        ),
        (
            "DELETE FROM receipt WHERE seq IN
                 (SELECT seq FROM signal WHERE state = 2 AND expires_at <= ?1
                  ORDER BY expires_at, seq LIMIT ?2)",
            forgotten_before(now),
        ),
        (
            "DELETE FROM signal WHERE seq IN
                 (SELECT seq FROM signal WHERE state = 2 AND expires_at <= ?1
                  ORDER BY expires_at, seq LIMIT ?2)",
            forgotten_before(now),
        ),
        (
            "DELETE FROM signal WHERE seq IN
                 (SELECT seq FROM signal WHERE state = 1 AND expires_at <= ?1 LIMIT ?2)",
            now.as_micros(),
        ),
        (
            "DELETE FROM enrolment WHERE agent_id IN
                 (SELECT agent_id FROM enrolment WHERE until <= ?1 LIMIT ?2)",
            now.as_micros(),
        ),
        (
            "DELETE FROM route WHERE (agent_id, signal_type) IN
                 (SELECT agent_id, signal_type FROM route WHERE last_at <= ?1 LIMIT ?2)",
            forgotten_before(now),
        ),
    ] {
        touched += connection
            .prepare_cached(sql)?
            .execute(params![before, most])?;
    }
    Ok(touched)
}

const COLUMNS: &str =
    "seq, expires_at, sent_at, ttl_s, signal_id, signal_type, source, target, payload";

/// The two places where an agent's signals lie.
#[derive(Clone, Copy, Debug)]
enum Mail {
    /// Sent to it alone.
    Own,
    /// Broadcasts.
    Everyones,
}

/// Of which rows.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Those that can be received, or expired a moment ago.
    Open,
    /// Those that expired a while ago.
    Settled,
}

/// A statement that finds what an agent has not received and the filter lets through.
struct Search<'c>(CachedStatement<'c>);

impl Search<'_> {
    /// `(from, to]` is when the signals expire.
    fn query(&mut self, filter: &SignalFilter, (from, to): (i64, i64)) -> Result<Rows<'_>, Fault> {
        Ok(self.0.query(params![
            filter.agent_id,
            filter.signal_type,
            filter.source_agent,
            from,
            to
        ])?)
    }
}

impl Mail {
    const BOTH: [Self; 2] = [Self::Own, Self::Everyones];

    fn search<'c>(
        self,
        connection: &'c Connection,
        filter: &SignalFilter,
        state: State,
        order: &str,
    ) -> Result<Search<'c>, Fault> {
        let whose = match self {
            Self::Own => "target = ?1",
            Self::Everyones => {
                "target IS NULL AND source <> ?1
                 AND NOT EXISTS (SELECT 1 FROM receipt
                                 WHERE receipt.seq = signal.seq AND agent_id = ?1)"
            }
        };
        // The index is named: a planner without statistics takes the one by expiry.
        let (index, of_state) = match (state, &filter.signal_type) {
            (State::Open, None) => ("signal_waiting", "state = 0"),
            (State::Open, Some(_)) => ("signal_waiting_by_type", "state = 0"),
            (State::Settled, _) => ("signal_expired", "state = 2"),
        };
        let of_type = match filter.signal_type {
            Some(_) => "signal_type = ?2",
            None => "?2 IS NULL",
        };
        Ok(Search(connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM signal INDEXED BY {index}
             WHERE {of_state} AND {whose} AND {of_type} AND (?3 IS NULL OR source = ?3)
               AND expires_at > ?4 AND expires_at <= ?5
             ORDER BY {order}"
        ))?))
    }

    /// Takes a signal out of what an agent can receive.
    fn remove(self, connection: &Connection, seq: i64, agent_id: &str) -> Result<(), Fault> {
        match self {
            Self::Own => connection
                .prepare_cached("UPDATE signal SET state = 1 WHERE seq = ?1")?
                .execute(params![seq])?,
            Self::Everyones => connection
                .prepare_cached("INSERT OR IGNORE INTO receipt (seq, agent_id) VALUES (?1, ?2)")?
                .execute(params![seq, agent_id])?,
        };
        Ok(())
    }
}

/// When what can be received at a moment expires.
fn unexpired(now: Timestamp) -> (i64, i64) {
    (now.as_micros(), i64::MAX)
}

/// When what has expired and is remembered at a moment expired.
fn tombstones(now: Timestamp) -> (i64, i64) {
    (forgotten_before(now), now.as_micros())
}

fn oldest(
    connection: &Connection,
    now: Timestamp,
    filter: &SignalFilter,
) -> Result<Option<Held>, Fault> {
    let mut oldest: Option<Held> = None;
    for mail in Mail::BOTH {
        let mut search = mail.search(connection, filter, State::Open, "seq LIMIT 1")?;
        let mut found = search.query(filter, unexpired(now))?;
        if let Some(row) = found.next()? {
            let found = held(row)?;
            if oldest.as_ref().is_none_or(|oldest| found.seq < oldest.seq) {
                oldest = Some(found);
            }
        }
    }
    Ok(oldest)
}

/// The answer where nothing can be received.
fn nothing(
    connection: &Connection,
    now: Timestamp,
    filter: &SignalFilter,
) -> Result<SignalCheck, Fault> {
    let mut last: Option<Held> = None;
    let order = "expires_at DESC, seq DESC LIMIT 1";
    for mail in Mail::BOTH {
        for state in [State::Open, State::Settled] {
            let mut search = mail.search(connection, filter, state, order)?;
            let mut found = search.query(filter, tombstones(now))?;
            if let Some(row) = found.next()? {
                let found = held(row)?;
                let key = |held: &Held| (held.pending.expires_at, held.seq);
                if last.as_ref().is_none_or(|last| key(last) < key(&found)) {
                    last = Some(found);
                }
            }
        }
    }
    if let Some(held) = last {
        return Ok(SignalCheck::Expired(held.pending));
    }
    let last_at: Option<i64> = connection
        .prepare_cached(
            "SELECT max(last_at) FROM route
             WHERE agent_id = ?1 AND last_at > ?2 AND (?3 IS NULL OR signal_type = ?3)",
        )?
        .query_row(
            params![filter.agent_id, forgotten_before(now), filter.signal_type],
            |row| row.get(0),
        )?;
    let created_at: i64 = connection
        .prepare_cached("SELECT created_at FROM store")?
        .query_row([], |row| row.get(0))?;
    Ok(SignalCheck::NeverSeen {
        observed_since: Some(time(created_at.max(forgotten_before(now)))),
        last_delivered_at: last_at.map(time),
    })
}

fn held(row: &Row<'_>) -> Result<Held, Fault> {
    let seq = row.get(0)?;
    let signal_id: String = row.get(4)?;
    let payload = json(row, 8, || format!("the signal {signal_id}"))?;
    Ok(Held {
        seq,
        pending: PendingSignal {
            expires_at: time(row.get(1)?),
            received_by: Vec::new(),
            signal: Signal {
                timestamp: Some(time(row.get(2)?)),
                ttl_seconds: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                signal_id,
                signal_type: row.get(5)?,
                source_agent: row.get(6)?,
                target_agent: row.get(7)?,
                payload,
            },
        },
    })
}
