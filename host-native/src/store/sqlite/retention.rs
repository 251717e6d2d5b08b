//! What is over is removed, some at a time, while nobody waits.

use muster_core::Timestamp;
use muster_core::US_PER_SECOND;
use rusqlite::{Connection, params};

use super::failure::Fault;
use super::row::forgotten_before;
use super::{approvals, fleet, scores, signals};

/// How long an expired signal stays among those that can be received, for a clock
/// that is set back.
const SETTLE_US: i64 = 600 * US_PER_SECOND;
/// How many rows of a kind go in one transaction.
const MOST: i64 = 2000;

/// Whether there is anything to remove, without a lock.
pub(super) fn is_due(connection: &Connection, now: Timestamp) -> Result<bool, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM signal WHERE state = 0 AND expires_at <= ?3)
                 OR EXISTS (SELECT 1 FROM signal WHERE state = 1 AND expires_at <= ?1)
                 OR EXISTS (SELECT 1 FROM signal WHERE state = 2 AND expires_at <= ?2)
                 OR EXISTS (SELECT 1 FROM agent WHERE expires_at <= ?2)
                 OR EXISTS (SELECT 1 FROM approval WHERE over_at <= ?2)
                 OR EXISTS (SELECT 1 FROM score WHERE expires_at <= ?1)",
        )?
        .query_row(
            params![now.as_micros(), forgotten_before(now), settled_before(now)],
            |row| row.get(0),
        )?)
}

/// Removes what is over; what is left over goes the next time.
pub(super) fn clean(connection: &Connection, now: Timestamp) -> Result<(), Fault> {
    signals::forget(connection, now, settled_before(now), MOST)?;
    fleet::forget(connection, now, MOST)?;
    approvals::forget(connection, now, MOST)?;
    scores::forget(connection, now, MOST)?;
    Ok(())
}

fn settled_before(now: Timestamp) -> i64 {
    now.as_micros().saturating_sub(SETTLE_US)
}
