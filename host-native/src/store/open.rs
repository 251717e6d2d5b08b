//! From an address to a store.

use std::sync::Arc;

use muster_core::Timestamp;

use super::redis::{RedisOptions, RedisStore};
use super::{SqliteStore, Store, StoreResult, StoreUrl, Tell};

/// How a store is opened.
#[derive(Clone, Default)]
pub struct OpenOptions {
    /// Whether what other systems wrote into it is looked for.
    pub foreign: bool,
    /// Whether settings of a server may be changed so that it tells of writes.
    pub configure: bool,
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
        StoreUrl::Sqlite(path) => Arc::new(SqliteStore::open(path, now)?),
        StoreUrl::Redis(_) | StoreUrl::Sentinel(_) | StoreUrl::Cluster(_) => {
            let options = RedisOptions {
                foreign: options.foreign,
                may_configure: options.configure,
                verbose: options.verbose,
                tell: options.tell,
                ..RedisOptions::default()
            };
            Arc::new(RedisStore::open(url, now, options).await?)
        }
    })
}
