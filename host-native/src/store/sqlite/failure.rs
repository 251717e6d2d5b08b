//! What SQLite says, in the words of a store.

use std::io;
use std::path::Path;

use muster_core::RecordError;
use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::error::describe;
use crate::store::{StoreError, StoreErrorKind};

/// Why a call inside of a transaction did not work.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite refused or failed.
    Sql(rusqlite::Error),
    /// A row that Muster did not write so: where, and what is wrong.
    Row {
        /// The table and the name of the row.
        key: String,
        error: RecordError,
    },
    /// The file was taken away or replaced under the open connection.
    Replaced,
    /// The file has a format of a newer Muster.
    Newer(i64),
    /// The file is another program's.
    Foreign,
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Fault {
    /// The failure of `tried`, such as `send a signal`, on the file at `path`.
    pub(super) fn explain(&self, tried: &str, path: &Path) -> StoreError {
        let tried = format!("{tried} in {}", path.display());
        let error = |kind, happened: &str, hint: &str| {
            StoreError::new(kind, tried.as_str(), happened).hint(hint)
        };
        match self {
            Self::Sql(cause) => explain_sql(cause, error),
            Self::Row { key, error: cause } => error(
                StoreErrorKind::Malformed,
                &format!("{key} is damaged: {cause}"),
                DAMAGED,
            ),
            Self::Replaced => error(
                StoreErrorKind::Unreachable,
                "the file was moved, removed or replaced while it was open",
                "start this command again",
            ),
            Self::Newer(version) => error(
                StoreErrorKind::Version,
                &format!(
                    "the file has format {version}, and this Muster knows formats up to {}",
                    super::schema::VERSION
                ),
                "update Muster, or name another store by --store",
            ),
            Self::Foreign => error(
                StoreErrorKind::Malformed,
                "the file is the database of another program",
                "name another file by --store; this one was left as it is",
            ),
        }
    }

    /// Whether every call of a group would meet it.
    pub(super) fn concerns_all(&self) -> bool {
        match self {
            Self::Sql(rusqlite::Error::SqliteFailure(code, _)) => matches!(
                code.code,
                ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::ReadOnly
                    | ErrorCode::CannotOpen
                    | ErrorCode::PermissionDenied
                    | ErrorCode::NotADatabase
                    | ErrorCode::FileLockingProtocolFailed
            ),
            Self::Replaced | Self::Newer(_) | Self::Foreign => true,
            Self::Sql(_) | Self::Row { .. } => false,
        }
    }

    /// Whether more rights on the file and its folder would help.
    pub(super) fn is_of_permission(&self) -> bool {
        matches!(
            self,
            Self::Sql(rusqlite::Error::SqliteFailure(code, _)) if matches!(
                code.code,
                ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied
            )
        )
    }

    /// Whether the connection is of no more use.
    pub(super) fn needs_reopening(&self) -> bool {
        match self {
            Self::Sql(rusqlite::Error::SqliteFailure(code, _)) => matches!(
                code.code,
                ErrorCode::ReadOnly
                    | ErrorCode::CannotOpen
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
            ),
            Self::Newer(_) | Self::Foreign => true,
            // A process that goes on with another file than it began with would
            // hide from its user that the first one is gone.
            Self::Replaced | Self::Sql(_) | Self::Row { .. } => false,
        }
    }
}

const DAMAGED: &str = "keep a copy of the file and what lies beside it, then let sqlite3 FILE .recover save what it can, or name another store by --store";

fn explain_sql(
    cause: &rusqlite::Error,
    error: impl Fn(StoreErrorKind, &str, &str) -> StoreError,
) -> StoreError {
    let rusqlite::Error::SqliteFailure(code, text) = cause else {
        return error(
            StoreErrorKind::Malformed,
            &format!("the file holds something unexpected: {cause}"),
            DAMAGED,
        );
    };
    let said = text.clone().unwrap_or_else(|| code.to_string());
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => error(
            StoreErrorKind::TimedOut,
            &format!(
                "another process has kept it locked for {} s",
                super::connection::BUSY_LIMIT.as_secs()
            ),
            "look for a process that hangs with the file open (lsof FILE), then try again",
        ),
        ErrorCode::DiskFull => error(
            StoreErrorKind::Full,
            "no space left; nothing was written",
            "free some space, or name a store on another disk by --store",
        ),
        ErrorCode::ReadOnly => match code.extended_code {
            ffi::SQLITE_READONLY_DBMOVED => error(
                StoreErrorKind::Unreachable,
                "the file was moved, removed or replaced while it was open",
                "start this command again",
            ),
            _ => error(
                StoreErrorKind::ReadOnly,
                "the file or its folder can be read and not written",
                "give yourself write permission on the file and its folder, or name another store by --store",
            ),
        },
        ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => error(
            StoreErrorKind::Refused,
            "no permission",
            "give yourself permission on the file and its folder, or name another store by --store",
        ),
        ErrorCode::CannotOpen => error(
            StoreErrorKind::Unreachable,
            &format!("it cannot be opened: {said}"),
            "look at the permissions of the file and its folder, or name another store by --store",
        ),
        ErrorCode::NotADatabase => error(
            StoreErrorKind::Malformed,
            "the file is no SQLite database",
            "name another file by --store; this one was left as it is",
        ),
        ErrorCode::DatabaseCorrupt => {
            error(StoreErrorKind::Malformed, "the file is damaged", DAMAGED)
        }
        ErrorCode::SystemIoFailure => error(
            StoreErrorKind::Unreachable,
            &format!("reading or writing failed: {said}"),
            "look at the disk and its space, and at limits on file sizes (ulimit -f)",
        ),
        ErrorCode::FileLockingProtocolFailed => error(
            StoreErrorKind::Unreachable,
            "the file system does not lock files as SQLite needs it",
            "keep the store on a local disk, or use a Redis server for several machines",
        ),
        _ => error(
            StoreErrorKind::Unreachable,
            &said,
            "try again; if it stays, please report it with this text",
        ),
    }
}

/// A file or folder that could not be made or looked at.
pub(super) fn explain_io(tried: &str, path: &Path, error: &io::Error) -> StoreError {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied => StoreErrorKind::Refused,
        io::ErrorKind::ReadOnlyFilesystem => StoreErrorKind::ReadOnly,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
        _ => StoreErrorKind::Unreachable,
    };
    StoreError::new(kind, format!("{tried} {}", path.display()), describe(error))
        .hint("name a file by --store in a folder that you can write to")
}
