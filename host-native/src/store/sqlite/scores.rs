//! Quality feedback: one row for each score, for a week.

use muster_core::Decimal;
use muster_core::Timestamp;
use muster_core::coordination::{DEFAULT_FEEDBACK_TTL_S, FeedbackQuery, Listing, Malformed};
use muster_core::record::quality_feedback::QualityFeedback;
use rusqlite::{Connection, Row, params};

use super::failure::Fault;
use super::row::{added_seconds, json, time};
use super::writer::Written;

pub(super) fn record(
    connection: &Connection,
    now: Timestamp,
    score: &QualityFeedback,
) -> Result<Written<()>, Fault> {
    connection
        .prepare_cached(
            "INSERT INTO score (workflow, stage, tier, feedback_id, given_at, expires_at,
                                score_nanos, metadata)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT DO UPDATE SET
                 given_at = excluded.given_at, expires_at = excluded.expires_at,
                 score_nanos = excluded.score_nanos, metadata = excluded.metadata
             WHERE expires_at <= ?9",
        )?
        .execute(params![
            score.workflow_name,
            score.stage_name,
            score.tier,
            score.feedback_id,
            score.timestamp.unwrap_or(now).as_micros(),
            added_seconds(now, DEFAULT_FEEDBACK_TTL_S),
            score.quality_score.as_nanos(),
            score.metadata.as_str(),
            now.as_micros(),
        ])?;
    Ok(Written::quiet(()))
}

pub(super) fn history(
    connection: &Connection,
    now: Timestamp,
    query: &FeedbackQuery,
) -> Result<Listing<QualityFeedback>, Fault> {
    let mut listing = Listing::default();
    let mut statement = connection.prepare_cached(
        "SELECT workflow, stage, tier, feedback_id, given_at, score_nanos, metadata FROM score
         WHERE workflow = ?1 AND expires_at > ?2
           AND (?3 IS NULL OR stage = ?3) AND (?4 IS NULL OR tier = ?4)
         ORDER BY given_at DESC, feedback_id DESC, stage, tier
         LIMIT ?5",
    )?;
    let mut found = statement.query(params![
        query.workflow,
        now.as_micros(),
        query.stage,
        query.tier,
        i64::try_from(query.limit).unwrap_or(i64::MAX),
    ])?;
    while let Some(row) = found.next()? {
        match score(row) {
            Err(Fault::Row { key, error }) => listing.malformed.push(Malformed { key, error }),
            row => listing.items.push(row?),
        }
    }
    Ok(listing)
}

pub(super) fn clear(
    connection: &Connection,
    now: Timestamp,
    workflow: &str,
    stage: Option<&str>,
) -> Result<Written<u64>, Fault> {
    let cleared: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM score
             WHERE workflow = ?1 AND (?2 IS NULL OR stage = ?2) AND expires_at > ?3",
        )?
        .query_row(params![workflow, stage, now.as_micros()], |row| row.get(0))?;
    connection
        .prepare_cached("DELETE FROM score WHERE workflow = ?1 AND (?2 IS NULL OR stage = ?2)")?
        .execute(params![workflow, stage])?;
    Ok(Written::quiet(u64::try_from(cleared).unwrap_or(0)))
}

/// Removes what is over, at most `most` rows, and gives how many there were.
pub(super) fn forget(connection: &Connection, now: Timestamp, most: i64) -> Result<usize, Fault> {
    Ok(connection
        .prepare_cached(
            "DELETE FROM score WHERE (workflow, stage, tier, feedback_id) IN
                 (SELECT workflow, stage, tier, feedback_id FROM score
                  WHERE expires_at <= ?1 LIMIT ?2)",
        )?
        .execute(params![now.as_micros(), most])?)
}

fn score(row: &Row<'_>) -> Result<QualityFeedback, Fault> {
    let feedback_id: String = row.get(3)?;
    let metadata = json(row, 6, || format!("the score {feedback_id}"))?;
    Ok(QualityFeedback {
        feedback_id,
        workflow_name: row.get(0)?,
        stage_name: row.get(1)?,
        tier: row.get(2)?,
        quality_score: Decimal::from_nanos(row.get(5)?),
        timestamp: Some(time(row.get(4)?)),
        metadata,
    })
}
