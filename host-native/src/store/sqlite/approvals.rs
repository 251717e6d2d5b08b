//! Approvals: one row for each request, with its answer once there is one.

use muster_core::Timestamp;
use muster_core::coordination::{
    Answer, ApprovalFilter, ApprovalRow, ApprovalState, Decision, Listing, Malformed, NewApproval,
    Refusal, Requested,
};
use muster_core::record::approval_request::{ApprovalRequest, ApprovalStatus};
use muster_core::record::approval_response::ApprovalResponse;
use rusqlite::{Connection, Row, params};

use super::bell::Topic;
use super::failure::Fault;
use super::row::{forgotten_before, json, time};
use super::writer::Written;

const COLUMNS: &str = "request_id, requested_at, deadline, timeout_us, status, approval_type, \
                       agent_id, context, answered_at, approved, responder, reason";

pub(super) fn request(
    connection: &Connection,
    now: Timestamp,
    request: &NewApproval,
) -> Result<Written<Requested>, Fault> {
    if let Some(known) = get(connection, now, &request.request_id)? {
        return Ok(Written::unchanged(Requested {
            deadline: known.deadline,
            repeated: true,
        }));
    }
    let timeout_us = i64::try_from(request.timeout_us).unwrap_or(i64::MAX);
    let deadline = now.saturating_add_us(timeout_us);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO approval
                 (request_id, over_at, requested_at, deadline, timeout_us, status,
                  approval_type, agent_id, context)
             VALUES (?1, ?2, ?3, ?2, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            request.request_id,
            deadline.as_micros(),
            now.as_micros(),
            request.timeout_us.cast_signed(),
            ApprovalStatus::Pending.name(),
            request.approval_type,
            request.agent_id,
            request.context.as_str(),
        ])?;
    Ok(Written {
        answer: Requested {
            deadline,
            repeated: false,
        },
        topics: vec![Topic::Approvals],
    })
}

pub(super) fn decide(
    connection: &Connection,
    now: Timestamp,
    answer: &Answer,
) -> Result<Written<Decision>, Fault> {
    let Some(mut row) = get(connection, now, &answer.request_id)? else {
        return Ok(Written::unchanged(Decision::Refused(Refusal::Unknown)));
    };
    if let ApprovalState::Answered(first) = &row.state {
        return Ok(Written::unchanged(if first.approved == answer.approved {
            Decision::Repeated(row)
        } else {
            Decision::Refused(Refusal::AlreadyDecided(row))
        }));
    }
    let left = row.deadline.as_micros().saturating_sub(now.as_micros());
    let left_us = u64::try_from(left).unwrap_or(0);
    if left_us == 0 {
        let refusal = Refusal::DeadlinePassed(row);
        return Ok(Written::unchanged(Decision::Refused(refusal)));
    }
    if left_us < answer.min_left_us {
        let refusal = Refusal::TooLate { row, left_us };
        return Ok(Written::unchanged(Decision::Refused(refusal)));
    }
    row.request.status = if answer.approved {
        ApprovalStatus::Approved
    } else {
        ApprovalStatus::Rejected
    };
    connection
        .prepare_cached(
            "UPDATE approval
             SET status = ?2, over_at = ?3, answered_at = ?3, approved = ?4, responder = ?5,
                 reason = ?6
             WHERE request_id = ?1",
        )?
        .execute(params![
            answer.request_id,
            row.request.status.name(),
            now.as_micros(),
            answer.approved,
            answer.responder,
            answer.reason,
        ])?;
    row.state = ApprovalState::Answered(ApprovalResponse {
        request_id: answer.request_id.clone(),
        approved: answer.approved,
        responder: answer.responder.clone(),
        reason: answer.reason.clone(),
        timestamp: Some(now),
    });
    Ok(Written {
        answer: Decision::Taken(row),
        topics: changed(&answer.request_id),
    })
}

/// Whoever waits for one request, and whoever watches all.
fn changed(request_id: &str) -> Vec<Topic> {
    vec![Topic::Approval(request_id.into()), Topic::Approvals]
}

pub(super) fn get(
    connection: &Connection,
    now: Timestamp,
    request_id: &str,
) -> Result<Option<ApprovalRow>, Fault> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM approval WHERE request_id = ?1 AND over_at > ?2"
    ))?;
    let mut found = statement.query(params![request_id, forgotten_before(now)])?;
    found.next()?.map(|row| approval_row(row, now)).transpose()
}

pub(super) fn list(
    connection: &Connection,
    now: Timestamp,
    filter: &ApprovalFilter,
) -> Result<Listing<ApprovalRow>, Fault> {
    let mut listing = Listing::default();
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM approval
         WHERE over_at > ?1 AND (?2 IS NULL OR approval_type = ?2)
           AND (?3 OR (answered_at IS NULL AND deadline > ?4))
         ORDER BY requested_at, request_id"
    ))?;
    let mut found = statement.query(params![
        forgotten_before(now),
        filter.approval_type,
        filter.closed,
        now.as_micros()
    ])?;
    while let Some(row) = found.next()? {
        match approval_row(row, now) {
            Err(Fault::Row { key, error }) => listing.malformed.push(Malformed { key, error }),
            row => listing.items.push(row?),
        }
    }
    Ok(listing)
}

/// Whether there is anything to sweep.
pub(super) fn is_sweep_due(connection: &Connection, now: Timestamp) -> Result<bool, Fault> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM approval
                            WHERE status = 'pending' AND deadline <= ?1 AND over_at > ?2)",
        )?
        .query_row(params![now.as_micros(), forgotten_before(now)], |row| {
            row.get(0)
        })?)
}

pub(super) fn sweep(
    connection: &Connection,
    now: Timestamp,
) -> Result<Written<Vec<String>>, Fault> {
    let mut statement = connection.prepare_cached(
        "UPDATE approval SET status = 'timeout'
         WHERE status = 'pending' AND deadline <= ?1 AND over_at > ?2
         RETURNING request_id",
    )?;
    let mut swept: Vec<String> = statement
        .query_map(params![now.as_micros(), forgotten_before(now)], |row| {
            row.get(0)
        })?
        .collect::<Result<_, _>>()?;
    swept.sort_unstable();
    Ok(Written {
        topics: swept.iter().flat_map(|id| changed(id)).collect(),
        answer: swept,
    })
}

/// Removes what is over, at most `most` rows, and gives how many there were.
pub(super) fn forget(connection: &Connection, now: Timestamp, most: i64) -> Result<usize, Fault> {
    Ok(connection
        .prepare_cached(
            "DELETE FROM approval WHERE request_id IN
                 (SELECT request_id FROM approval WHERE over_at <= ?1 LIMIT ?2)",
        )?
        .execute(params![forgotten_before(now), most])?)
}

fn approval_row(row: &Row<'_>, now: Timestamp) -> Result<ApprovalRow, Fault> {
    let request_id: String = row.get(0)?;
    let requested_at = time(row.get(1)?);
    let deadline = time(row.get(2)?);
    let state = match row.get::<_, Option<i64>>(8)? {
        Some(answered_at) => ApprovalState::Answered(ApprovalResponse {
            request_id: request_id.clone(),
            approved: row.get::<_, Option<bool>>(9)?.unwrap_or(false),
            responder: row.get::<_, Option<String>>(10)?.unwrap_or_default(),
            reason: row.get::<_, Option<String>>(11)?.unwrap_or_default(),
            timestamp: Some(time(answered_at)),
        }),
        None if deadline <= now => ApprovalState::TimedOut,
        None => ApprovalState::Pending,
    };
    let status = row.get_ref(4)?.as_str().unwrap_or_default();
    Ok(ApprovalRow {
        request: ApprovalRequest {
            approval_type: row.get(5)?,
            agent_id: row.get(6)?,
            context: json(row, 7, || format!("the request {request_id}"))?,
            timestamp: Some(requested_at),
            timeout_us: row.get::<_, i64>(3)?.cast_unsigned(),
            status: ApprovalStatus::of_name(status).unwrap_or_default(),
            request_id,
        },
        requested_at,
        deadline,
        state,
        foreign: false,
        contested_by: None,
    })
}
