//! Heartbeats: one row for each agent.

use muster_core::Decimal;
use muster_core::Timestamp;
use muster_core::coordination::{BEAT_HISTORY, BeatInput, BeatRun, FleetRow, Listing, Malformed};
use muster_core::record::heartbeat::{FINAL_STATUSES, Heartbeat};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::bell::Topic;
use super::failure::Fault;
use super::row::{added_seconds, forgotten_before, json, time};
use super::writer::Written;

const COLUMNS: &str = "agent_id, last_beat, expires_at, status, progress_nanos, current_task, \
                       display_name, metadata, arrivals, run_since, run_longest_us";

pub(super) fn beat(
    connection: &Connection,
    now: Timestamp,
    beat: &BeatInput,
) -> Result<Written<()>, Fault> {
    let known: Option<(String, Vec<u8>, Option<BeatRun>)> = connection
        .prepare_cached(
            "SELECT status, arrivals, run_since, run_longest_us FROM agent
             WHERE agent_id = ?1 AND expires_at > ?2",
        )?
        .query_row(params![beat.agent_id, forgotten_before(now)], |row| {
            Ok((row.get(0)?, row.get(1)?, run(row, 2)?))
        })
        .optional()?;
    // What is forgotten must not lend its name to a new agent.
    let is_known = known.is_some();
    // An agent that starts anew keeps its name and not its rhythm.
    let (mut arrivals, mut run) = known
        .filter(|(status, ..)| {
            beat.status != "starting" && !FINAL_STATUSES.contains(&status.as_str())
        })
        .map(|(_, arrivals, run)| (arrivals, run))
        .unwrap_or_default();
    if arrivals.len() >= BEAT_HISTORY * 8 {
        run = BeatRun::forgetting(run, &times(&arrivals));
    }
    arrivals.extend_from_slice(&now.as_micros().to_be_bytes());
    let over = arrivals.len().saturating_sub(BEAT_HISTORY * 8);
    arrivals.drain(..over);
    let keep = if is_known {
        "display_name = coalesce(excluded.display_name, display_name),
         metadata = iif(?10, excluded.metadata, metadata)"
    } else {
        "display_name = excluded.display_name,
         metadata = iif(?10, excluded.metadata, '{}')"
    };
    connection
        .prepare_cached(&format!(
            "INSERT INTO agent ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?11, ?12)
             ON CONFLICT DO UPDATE SET
                 last_beat = excluded.last_beat, expires_at = excluded.expires_at,
                 status = excluded.status, progress_nanos = excluded.progress_nanos,
                 current_task = excluded.current_task, arrivals = excluded.arrivals,
                 run_since = excluded.run_since, run_longest_us = excluded.run_longest_us,
                 {keep}"
        ))?
        .execute(params![
            beat.agent_id,
            now.as_micros(),
            added_seconds(now, beat.ttl_s.into()),
            beat.status,
            beat.progress.as_nanos(),
            beat.current_task,
            beat.display_name,
            beat.metadata
                .as_ref()
                .map_or("{}", |metadata| metadata.as_str()),
            arrivals,
            beat.metadata.is_some(),
            run.map(|run| run.since.as_micros()),
            run.map(|run| i64::try_from(run.longest_us).unwrap_or(i64::MAX)),
        ])?;
    Ok(Written {
        answer: (),
        topics: vec![Topic::Fleet],
    })
}

pub(super) fn all(connection: &Connection, now: Timestamp) -> Result<Listing<FleetRow>, Fault> {
    let mut listing = Listing::default();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM agent WHERE expires_at > ?1 ORDER BY agent_id"
    ))?;
    let mut found = statement.query(params![forgotten_before(now)])?;
    while let Some(row) = found.next()? {
        match agent_row(row) {
            Err(Fault::Row { key, error }) => listing.malformed.push(Malformed { key, error }),
            row => listing.items.push(row?),
        }
    }
    Ok(listing)
}

pub(super) fn agent(
    connection: &Connection,
    now: Timestamp,
    agent_id: &str,
) -> Result<Option<FleetRow>, Fault> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM agent WHERE agent_id = ?1 AND expires_at > ?2"
    ))?;
    let mut found = statement.query(params![agent_id, forgotten_before(now)])?;
    found.next()?.map(agent_row).transpose()
}

/// Removes what is over, at most `most` rows, and gives how many there were.
pub(super) fn forget(connection: &Connection, now: Timestamp, most: i64) -> Result<usize, Fault> {
    Ok(connection
        .prepare_cached(
            "DELETE FROM agent WHERE agent_id IN
                 (SELECT agent_id FROM agent WHERE expires_at <= ?1 LIMIT ?2)",
        )?
        .execute(params![forgotten_before(now), most])?)
}

fn agent_row(row: &Row<'_>) -> Result<FleetRow, Fault> {
    let agent_id: String = row.get(0)?;
    let metadata = json(row, 7, || format!("the beat of {agent_id}"))?;
    Ok(FleetRow {
        beat: Heartbeat {
            agent_id,
            status: row.get(3)?,
            progress: Decimal::from_nanos(row.get(4)?),
            current_task: row.get(5)?,
            last_beat: Some(time(row.get(1)?)),
            metadata,
            display_name: row.get(6)?,
        },
        arrivals: times(row.get_ref(8)?.as_blob().unwrap_or_default()),
        run: run(row, 9)?,
        expires_at: time(row.get(2)?),
        age_by_store_us: None,
    })
}

/// Arrivals as they are packed.
fn times(packed: &[u8]) -> Vec<Timestamp> {
    let (times, _) = packed.as_chunks();
    let times = times.iter();
    times.map(|at| time(i64::from_be_bytes(*at))).collect()
}

/// What is left of earlier beats, in this column and the next.
fn run(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<BeatRun>> {
    let (since, longest): (Option<i64>, Option<i64>) = (row.get(column)?, row.get(column + 1)?);
    Ok(since.map(|since| BeatRun {
        since: time(since),
        longest_us: longest.and_then(|us| u64::try_from(us).ok()).unwrap_or(0),
    }))
}
