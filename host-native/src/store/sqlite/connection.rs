//! Opening the file: folder and modes, settings of a connection, waiting for locks.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
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
        Ok(_) => return Err(no_file(path)),
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

/// Whether there is a file with something in it. An empty one is a database that
/// nobody has written to.
pub(super) fn is_begun(path: &Path) -> Result<bool, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(metadata.len() > 0),
        Ok(_) => Err(no_file(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(explain_io("open the store", path, &error)),
    }
}

fn no_file(path: &Path) -> StoreError {
    StoreError::new(
        StoreErrorKind::Usage,
        format!("open the store {}", path.display()),
        "it is no file",
    )
    .hint("name a file by --store, such as --store muster.db")
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
    let connection = settled(Connection::open_with_flags(path, flags)?)?;
    // On macOS `fsync` alone does not reach the disk.
    connection.execute_batch(
        "PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA journal_size_limit = 16777216;",
    )?;
    enter_wal(&connection)?;
    Ok(connection)
}

/// Opens the file, which must be there, to read it: also where neither it nor its
/// folder can be written.
pub(super) fn open_to_look(path: &Path) -> Result<Connection, Fault> {
    // A file that cannot be written is opened for reading by this, too.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags)
        .map_err(Fault::from)
        .and_then(settled)
        .and_then(|connection| {
            connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
            Ok(connection)
        });
    match opened {
        // Readers of a log share an index of it, which cannot be made there. Where
        // there is no log, none is needed.
        Err(fault) if fault.is_of_permission() && has_no_log(path) => open_as_it_is(path),
        opened => opened,
    }
}

/// Whether a connection notices what others write later on. One to a file that cannot
/// be written may have been opened as the file is.
pub(super) fn sees_changes(connection: &Connection) -> bool {
    matches!(connection.is_readonly(rusqlite::MAIN_DB), Ok(false))
}

/// Opens a file as it is now; what others write into it later is not noticed.
fn open_as_it_is(path: &Path) -> Result<Connection, Fault> {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            // Writing to a string cannot fail.
            byte => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    settled(Connection::open_with_flags(uri, flags)?)
}

/// Whether all that was committed is in the database itself.
fn has_no_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    match fs::metadata(Path::new(&log)) {
        Ok(metadata) => metadata.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// With the settings of every connection.
fn settled(mut connection: Connection) -> Result<Connection, Fault> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.busy_handler(Some(patience()))?;
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;",
    )?;
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
