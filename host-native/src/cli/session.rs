//! A command's way to its store.

use std::cell::Cell;
use std::path::{self, Path};
use std::sync::Arc;
use std::time::Duration;

use muster_core::Timestamp;
use muster_core::coordination::{Backoff, Listing, Malformed};
use muster_core::liveness::LivenessOptions;
use tokio::time::{Instant, sleep_until};

use super::{Context, context};
use crate::config::Config;
use crate::error::{Answer, Failure};
use crate::random;
use crate::store::{
    self, Access, OpenOptions, SqliteStore, Store, StoreError, StoreUrl, Tell, TracedStore,
};

/// A command at work on a store.
pub(crate) struct Session<'a> {
    /// What holds for the command.
    pub(crate) context: &'a Context,
    /// The store.
    pub(crate) store: Arc<dyn Store>,
    /// The address of the store, with its password, for other processes.
    pub(crate) address: String,
    /// When an agent counts as late, stale or dead.
    pub(crate) liveness: LivenessOptions,
    /// Since when a clock that was set by an option goes on.
    waits_since: Cell<Option<Instant>>,
}

/// Does the work of a command on the store that is set, opened for what it does.
pub(crate) fn on_store(
    context: &Context,
    access: Access,
    work: impl AsyncFnOnce(&Session<'_>) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    runtime()?.block_on(async {
        let session = Session::open(context, access).await?;
        work(&session).await
    })
}

/// Where the futures of a command run: on its own thread.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unreachable(format!("cannot begin to work: {error}")))
}

/// The address of the store that is set: by the option, the environment, a settings
/// file, else the database in the user's data folder.
pub(crate) fn store_url(context: &Context, config: &Config) -> Result<StoreUrl, Failure> {
    let (given, configured) = (context.store.as_deref(), config.store.as_deref());
    Ok(StoreUrl::choose(given, configured)?)
}

/// Whether somebody has written to a database; a server is asked itself.
pub(crate) fn is_begun(url: &StoreUrl) -> Result<bool, Failure> {
    match url.path() {
        Some(path) => Ok(SqliteStore::is_begun(path)?),
        None => Ok(true),
    }
}

impl<'a> Session<'a> {
    /// Opens the store that is set.
    pub(crate) async fn open(context: &'a Context, access: Access) -> Result<Self, Failure> {
        Self::open_with(context, access, OpenOptions::default()).await
    }

    /// Opens the store that is set; `configure`: its server may be told to tell of writes.
    pub(crate) async fn open_to_watch(
        context: &'a Context,
        configure: bool,
    ) -> Result<Self, Failure> {
        let options = OpenOptions {
            configure,
            ..OpenOptions::default()
        };
        Self::open_with(context, Access::Look, options).await
    }

    /// Opens the store that is set to look through all of it, whoever else does.
    pub(crate) async fn open_to_look_through(context: &'a Context) -> Result<Self, Failure> {
        let options = OpenOptions {
            looks_itself: true,
            ..OpenOptions::default()
        };
        Self::open_with(context, Access::Look, options).await
    }

    async fn open_with(
        context: &'a Context,
        access: Access,
        options: OpenOptions,
    ) -> Result<Self, Failure> {
        let config = context.config(Path::new("."))?;
        let url = store_url(context, &config)?;
        let now = context.clock.now();
        context.say(1, || format!("store: {url}"));
        if matches!(access, Access::Change | Access::Look) && !is_begun(&url)? {
            // Whoever named it may have meant another.
            let is_named = context.store.is_some() || config.store.is_some();
            let level = u8::from(context.json || !is_named);
            context.say(level, || format!("{url}: nothing was written there yet"));
        }
        let tell: Tell = Arc::new(context::say);
        let options = OpenOptions {
            access,
            foreign: context.foreign,
            verbose: context.verbose > 0,
            tell: Some(Arc::clone(&tell)),
            ..options
        };
        let mut store = store::open(&url, now, options).await?;
        if context.verbose > 0 {
            store = Arc::new(TracedStore::new(store, tell));
        }
        Ok(Self {
            context,
            store,
            address: address(&url),
            liveness: config.liveness.options(),
            waits_since: Cell::new(None),
        })
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.context.clock.now();
        match (self.context.clock.fixed, self.waits_since.get()) {
            (Some(fixed), Some(since)) => {
                let us = i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX);
                fixed.saturating_add_us(us)
            }
            _ => now,
        }
    }

    /// From now on time passes, also on a clock that was set by an option: without
    /// that no wait would end.
    pub(crate) fn begin_to_wait(&self) {
        if self.waits_since.get().is_none() {
            self.waits_since.set(Some(Instant::now()));
        }
    }

    /// The moment at which a time is reached.
    pub(crate) fn moment_of(&self, at: Timestamp) -> Instant {
        let left = at.as_micros().saturating_sub(self.now().as_micros());
        Instant::now() + Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }

    /// Tells on the standard error what a listing could not read.
    pub(crate) fn items<T>(&self, listing: Listing<T>) -> Vec<T> {
        for bad in &listing.malformed {
            self.say_malformed(bad);
        }
        listing.items
    }

    /// Tells on the standard error of a value that is no record.
    pub(crate) fn say_malformed(&self, bad: &Malformed) {
        self.context.say(0, || {
            format!(
                "{} is left out, it is malformed: {}",
                bad.key, bad.error.kind
            )
        });
    }

    /// Tells that the store cannot be asked for now.
    pub(crate) fn say_away(&self, error: &StoreError) {
        self.context.say(0, || format!("{error}; trying again"));
    }

    /// Tells that the store can be asked again.
    pub(crate) fn say_back(&self) {
        self.context.say(0, || "the store is back".into());
    }

    /// Tells warnings on the standard error, where they are not part of a document.
    pub(crate) fn warn(&self, warnings: &[String]) {
        for warning in warnings {
            self.context.say(0, || format!("warning: {warning}"));
        }
    }
}

/// The address as a process in any folder understands it.
fn address(url: &StoreUrl) -> String {
    match (url.secret(), url.path()) {
        (Some(secret), _) => secret.to_owned(),
        (None, Some(path)) => {
            let absolute = path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
            format!("sqlite:{}", absolute.display())
        }
        (None, None) => url.to_string(),
    }
}

/// Bears with a store that is away for a while.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    backoff: Backoff,
}

impl Patience {
    /// Waits before a call is made again, longer each time and never past `until`.
    /// Gives the error back where trying again is of no use or the time is up.
    pub(crate) async fn after(
        &mut self,
        session: &Session<'_>,
        error: StoreError,
        until: Option<Instant>,
    ) -> Result<(), StoreError> {
        if !error.kind.is_passing() || until.is_some_and(|until| until <= Instant::now()) {
            return Err(error);
        }
        if self.backoff.failures() == 0 {
            session.say_away(&error);
        }
        let wait_us = self.backoff.after_failure(random::jitter());
        let again = Instant::now() + Duration::from_micros(wait_us);
        sleep_until(until.map_or(again, |until| until.min(again))).await;
        Ok(())
    }

    /// A call was answered.
    pub(crate) fn answered(&mut self, session: &Session<'_>) {
        if self.backoff.failures() > 0 {
            self.backoff.succeeded();
            session.say_back();
        }
    }
}
