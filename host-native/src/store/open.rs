//! From an address to a store.

use std::sync::Arc;

use muster_core::Timestamp;

use super::redis::{RedisOptions, RedisStore};
use super::{MemoryStore, SqliteStore, Store, StoreResult, StoreUrl, Tell};

/// What a store is opened for. A database that is not there is an empty store for
/// all but who adds to it; a server is what it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// To add to it: a database that is not there is made.
    #[default]
    Add,
    /// To change what is in it.
    Change,
    /// To look into it. One that can only be read will do, and nothing is written.
    Look,
    /// To look into it as it changes: a database that is not there is made, because
    /// others will come to it.
    Follow,
}

/// How a store is opened.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "none depends on another")]
pub struct OpenOptions {
    /// What for.
    pub access: Access,
    /// Whether what other systems wrote into it is looked for.
    pub foreign: bool,
    /// Whether settings of a server may be changed so that it tells of writes.
    pub configure: bool,
    /// Whether what others wrote is looked for by this process itself, and not left to
    /// one that watches.
    pub looks_itself: bool,
    /// Whether more is told than what takes long.
    pub verbose: bool,
    /// Told what a user may want to know of the calls.
    pub tell: Option<Tell>,
}

/// Opens the store at an address; `now` is the beginning of one that is made.
pub async fn open(
    url: &StoreUrl,
    now: Timestamp,
    options: OpenOptions,
) -> StoreResult<Arc<dyn Store>> {
    Ok(match url {
        StoreUrl::Sqlite(path) => match options.access {
            Access::Add => Arc::new(SqliteStore::open(path, now)?),
            Access::Change if SqliteStore::is_begun(path)? => {
                Arc::new(SqliteStore::open(path, now)?)
            }
            Access::Change => Arc::new(MemoryStore::new(now)),
            Access::Look => match SqliteStore::open_to_look(path)? {
                Some(store) => Arc::new(store),
                None => Arc::new(MemoryStore::new(now)),
            },
            Access::Follow => match SqliteStore::open_to_look(path)? {
                Some(store) => Arc::new(store),
                None => Arc::new(SqliteStore::open(path, now)?),
            },
        },
        StoreUrl::Redis(_) | StoreUrl::Sentinel(_) | StoreUrl::Cluster(_) => {
            let options = RedisOptions {
                foreign: options.foreign,
                may_configure: options.configure,
                looks_itself: options.looks_itself,
                verbose: options.verbose,
                tell: options.tell,
                ..RedisOptions::default()
            };
            Arc::new(RedisStore::open(url, now, options).await?)
        }
    })
}
