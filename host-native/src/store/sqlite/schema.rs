//! The tables, and how older files become newer ones.
//!
//! `user_version` numbers the format, `application_id` says whose file it is.
//! Migrations only go forward; a file of a newer Muster is refused. Times are
//! microseconds since 1970, names are compared by their bytes.

use muster_core::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use super::failure::Fault;

/// `Must` in ASCII.
const APPLICATION_ID: i64 = 0x4D75_7374;

/// The format that this Muster writes.
pub(super) const VERSION: i64 = 2;

/// Each brings the file from the format of its place to the next; there are
/// [`VERSION`] of them.
const MIGRATIONS: [&str; 2] = [FORMAT_1, FORMAT_2];

const FORMAT_1: &str = "
CREATE TABLE store (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    created_at INTEGER NOT NULL
) STRICT;

-- Signals in the order of `seq`. `target` is null in a broadcast.
-- `state`: 0 can be received until `expires_at`, 1 was received or cleared and its
-- id is remembered, 2 expired a while ago.
CREATE TABLE signal (
    seq INTEGER PRIMARY KEY,
    state INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    ttl_s INTEGER NOT NULL,
    signal_id TEXT NOT NULL,
    signal_type TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT,
    payload TEXT NOT NULL
) STRICT;
CREATE INDEX signal_by_id ON signal (signal_id);
CREATE INDEX signal_by_expiry ON signal (state, expires_at);
CREATE INDEX signal_waiting ON signal (target, seq) WHERE state = 0;
CREATE INDEX signal_waiting_by_type ON signal (target, signal_type, seq) WHERE state = 0;
CREATE INDEX signal_expired ON signal (target, expires_at) WHERE state = 2;

-- Who has received, or cleared, which broadcast.
CREATE TABLE receipt (
    seq INTEGER NOT NULL,
    agent_id TEXT NOT NULL,
    PRIMARY KEY (seq, agent_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment (
    agent_id TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is known of the deliveries of a type to an agent.
CREATE TABLE route (
    agent_id TEXT NOT NULL,
    signal_type TEXT NOT NULL,
    last_at INTEGER NOT NULL,
    slowest_us INTEGER NOT NULL,
    PRIMARY KEY (agent_id, signal_type)
) STRICT, WITHOUT ROWID;

-- The last beat of each agent. `arrivals`: big-endian 64-bit times, oldest first.
CREATE TABLE agent (
    agent_id TEXT PRIMARY KEY,
    last_beat INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    progress_nanos INTEGER NOT NULL,
    current_task TEXT NOT NULL,
    display_name TEXT,
    metadata TEXT NOT NULL,
    arrivals BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX agent_by_expiry ON agent (expires_at);

-- `over_at`: when it was answered, else its deadline.
CREATE TABLE approval (
    request_id TEXT PRIMARY KEY,
    over_at INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    timeout_us INTEGER NOT NULL,
    status TEXT NOT NULL,
    approval_type TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    context TEXT NOT NULL,
    answered_at INTEGER,
    approved INTEGER,
    responder TEXT,
    reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_by_end ON approval (over_at);
CREATE INDEX approval_open ON approval (deadline) WHERE status = 'pending';

-- Ids of events are `ms-seq`, both of 64 bits without a sign; positions beyond
-- 63 bits are held as negative numbers.
CREATE TABLE stream (
    stream INTEGER PRIMARY KEY,
    event_type TEXT NOT NULL UNIQUE,
    length INTEGER NOT NULL DEFAULT 0,
    last_ms INTEGER NOT NULL DEFAULT 0,
    last_seq INTEGER NOT NULL DEFAULT 0,
    removed_ms INTEGER NOT NULL DEFAULT 0,
    removed_seq INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE event (
    stream INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    published_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (stream, ms, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE consumer_group (
    consumer_group INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    name TEXT NOT NULL,
    delivered_ms INTEGER NOT NULL,
    delivered_seq INTEGER NOT NULL,
    UNIQUE (stream, name)
) STRICT;
-- What a group was given and has not acknowledged.
CREATE TABLE given (
    consumer_group INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    given_at INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    PRIMARY KEY (consumer_group, ms, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE score (
    workflow TEXT NOT NULL,
    stage TEXT NOT NULL,
    tier TEXT NOT NULL,
    feedback_id TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    score_nanos INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (workflow, stage, tier, feedback_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX score_by_expiry ON score (expires_at);
";

/// What is left of an agent's beats that `arrivals` has no room for.
const FORMAT_2: &str = "
ALTER TABLE agent ADD COLUMN run_since INTEGER;
ALTER TABLE agent ADD COLUMN run_longest_us INTEGER;
";

/// Makes the tables, or brings them to this Muster's format. `now` is kept as the
/// beginning of a new store.
pub(super) fn prepare(connection: &mut Connection, now: Timestamp) -> Result<(), Fault> {
    if version(connection)? == VERSION && is_ours(connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let from = version(&transaction)?;
    if from > VERSION {
        return Err(Fault::Newer(from));
    }
    let is_empty = from == 0 && has_no_table(&transaction)?;
    if !is_empty && !is_ours(&transaction)? {
        return Err(Fault::Foreign);
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    if is_empty {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute(
            "INSERT INTO store (id, created_at) VALUES (1, ?1)",
            params![now.as_micros()],
        )?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// What is in a file, for who only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Nobody has written to it.
    Nothing,
    /// A store in this Muster's format.
    Store,
    /// A store of an older Muster: whoever writes to it brings it to this format.
    Older,
}

pub(super) fn content(connection: &Connection) -> Result<Content, Fault> {
    match version(connection)? {
        newer if newer > VERSION => Err(Fault::Newer(newer)),
        0 if has_no_table(connection)? => Ok(Content::Nothing),
        _ if !is_ours(connection)? => Err(Fault::Foreign),
        VERSION => Ok(Content::Store),
        _ => Ok(Content::Older),
    }
}

/// Whether the file has this Muster's format still: a newer one may have changed
/// it while this process had it open.
pub(super) fn check_unchanged(connection: &Connection) -> Result<(), Fault> {
    match version(connection)? {
        VERSION => Ok(()),
        other => Err(Fault::Newer(other)),
    }
}

fn version(connection: &Connection) -> Result<i64, Fault> {
    let mut statement = connection.prepare_cached("PRAGMA user_version")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

fn has_no_table(connection: &Connection) -> Result<bool, Fault> {
    let count = "SELECT count(*) = 0 FROM sqlite_schema";
    Ok(connection.query_row(count, [], |row| row.get(0))?)
}

fn is_ours(connection: &Connection) -> Result<bool, Fault> {
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    Ok(id == APPLICATION_ID)
}
