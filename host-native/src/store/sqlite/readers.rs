//! Connections that only read. They never wait for the writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::{FileId, sees_changes};
use super::failure::Fault;
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// How many calls read at the same time.
const AT_ONCE: usize = 4;

/// The connections.
#[derive(Debug)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    file: FileId,
    open: fn(&Path) -> Result<Connection, Fault>,
    idle: Mutex<Vec<Connection>>,
    permits: Semaphore,
}

impl Readers {
    /// The first connection was used to look at the file; `open` makes further ones.
    pub(super) fn new(
        path: Arc<PathBuf>,
        file: FileId,
        first: Connection,
        open: fn(&Path) -> Result<Connection, Fault>,
    ) -> Result<Self, Fault> {
        only_read(&first)?;
        let idle = if sees_changes(&first) {
            vec![first]
        } else {
            Vec::new()
        };
        Ok(Self {
            path,
            file,
            open,
            idle: Mutex::new(idle),
            permits: Semaphore::new(AT_ONCE),
        })
    }

    /// Makes a call that sees the database as it was at one moment.
    pub(super) async fn call<T: Send + 'static>(
        self: &Arc<Self>,
        tried: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> StoreResult<T> {
        let ended = || {
            StoreError::new(StoreErrorKind::Unreachable, tried, "the reader has ended")
                .hint("start this command again; if it stays, please report it")
        };
        let _permit = self.permits.acquire().await.map_err(|_| ended())?;
        let readers = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || {
            readers
                .read(work)
                .map_err(|fault| fault.explain(tried, &readers.path))
        });
        read.await.map_err(|_| ended())?
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        if FileId::of(&self.path).ok() != Some(self.file) {
            return Err(Fault::Replaced);
        }
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = if let Some(connection) = idle {
            connection
        } else {
            let connection = (self.open)(&self.path)?;
            only_read(&connection)?;
            connection
        };
        let transaction = connection.unchecked_transaction()?;
        let answer = work(&transaction)?;
        transaction.commit()?;
        // After a failure the connection is not used again.
        if sees_changes(&connection) {
            self.idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
        }
        Ok(answer)
    }
}

fn only_read(connection: &Connection) -> Result<(), Fault> {
    connection.pragma_update(None, "query_only", true)?;
    Ok(())
}
