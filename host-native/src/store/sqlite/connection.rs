//! Opening the file: folder and modes, settings of a connection, waiting for locks.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::failure::{Fault, explain_io};
use crate::store::{StoreError, StoreErrorKind};

/// How long a call waits for other processes before it gives up.
pub(super) const BUSY_LIMIT: Duration = Duration::from_secs(10);
/// The longest pause between two tries to get a lock.
const LONGEST_PAUSE_US: u64 = 2000;

/// Makes the folder (0700) and the file (0600) where there are none. Modes of
/// what is there already stay as they are.
pub(super) fn make_file(path: &Path) -> Result<(), StoreError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(_) => {
            return Err(StoreError::new(
                StoreErrorKind::Usage,
                format!("open the store {}", path.display()),
                "it is no file",
            )
            .hint("name a file by --store, such as --store muster.db"));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(explain_io("open the store", path, &error)),
    }
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| explain_io("make the folder", folder, &error))?;
    }
    // SQLite gives the files beside it the mode of this one.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| explain_io("make the store", path, &error))
}

/// Which file a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }
}

/// Opens the file, which must be there, in WAL mode.
pub(super) fn open(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.busy_handler(Some(patience()))?;
    // On macOS `fsync` alone does not reach the disk.
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA journal_size_limit = 16777216;",
    )?;
    enter_wal(&connection)?;
    Ok(connection)
}

/// Several processes may open a new file at once. The change of mode does not ask
/// the busy handler, so this asks again itself.
fn enter_wal(connection: &Connection) -> Result<(), Fault> {
    let mut may_wait = patience();
    for tries in 0.. {
        let entered = connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
            row.get::<_, String>(0)
        });
        match entered {
            Err(rusqlite::Error::SqliteFailure(code, _))
                if matches!(
                    code.code,
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked
                ) && may_wait(tries) => {}
            // A file that cannot be written keeps the mode that it has.
            Err(rusqlite::Error::SqliteFailure(code, _)) if code.code == ErrorCode::ReadOnly => {
                break;
            }
            Err(error) => return Err(error.into()),
            Ok(_) => break,
        }
    }
    Ok(())
}

/// A busy handler: pauses that grow, with jitter, so that waiting processes do not
/// keep step, until [`BUSY_LIMIT`] has passed.
pub(super) fn patience() -> impl FnMut(i32) -> bool + Send + 'static {
    let mut since = Instant::now();
    move |tries| {
        if tries == 0 {
            since = Instant::now();
        }
        if since.elapsed() >= BUSY_LIMIT {
            return false;
        }
        let most = (50_u64 << tries.clamp(0, 6)).min(LONGEST_PAUSE_US);
        thread::sleep(Duration::from_micros(fastrand::u64(most / 2..most)));
        true
    }
}
