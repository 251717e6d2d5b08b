//! Keeps what the store says, so that no request has to ask it.
//!
//! One task listens to the store and looks whenever something may have changed, but
//! never for more than a part of the time. Views are made of the last look.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use muster_core::Timestamp;
use muster_core::coordination::{ApprovalFilter, Listing, RecentQuery};
use muster_core::liveness::LivenessOptions;
use muster_core::overview::{Change, ChangeKind, Glance, GlanceParts, Overview};
use muster_core::record::stream_event::StreamId;
use muster_core::view::{ProblemView, StoreState, StoreView};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::answer::Refusal;
use super::clock::RunningClock;
use super::versions::Versions;
use crate::store::{
    self, Access, Interest, OpenOptions, SqliteStore, Store, StoreError, StoreErrorKind, StoreInfo,
    StoreResult, StoreUrl, Wake,
};

/// The shortest pause between two looks.
const PAUSE: Duration = Duration::from_millis(100);
/// A look that took a while is followed by a pause of so many times that.
const PAUSE_FACTOR: u32 = 4;
/// The longest pause between two looks at a database on this machine.
const IDLE: Duration = Duration::from_secs(30);
/// The longest pause between two looks at a server: one that is away tells nobody.
const IDLE_SERVER: Duration = Duration::from_secs(2);
/// How long a look may take before the store counts as away.
const LOOK_LIMIT: Duration = Duration::from_secs(5);
/// How soon a store that is away is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// So many streams are looked through for the work of agents, those with the newest events.
const STREAMS: usize = 20;
/// So many events of each.
const EVENTS: u64 = 100;

/// The views that a look at the store may change.
pub(super) const VIEWS: [&str; 6] = [
    "now",
    "agents",
    "approvals",
    "decisions",
    "signals",
    "streams",
];

/// How the store is kept.
#[derive(Clone, Debug)]
pub(super) struct KeeperSettings {
    pub(super) url: StoreUrl,
    pub(super) foreign: bool,
    pub(super) liveness: LivenessOptions,
    /// Whether nothing may be written.
    pub(super) read_only: bool,
    /// Whether requests whose time is up are marked.
    pub(super) sweep: bool,
}

/// What the store said last.
#[derive(Debug)]
pub(super) struct Keeper {
    settings: KeeperSettings,
    clock: RunningClock,
    state: RwLock<State>,
    notes: mpsc::Sender<Change>,
}

#[derive(Debug, Default)]
struct State {
    store: Option<Arc<dyn Store>>,
    glance: Option<Arc<Glance>>,
    info: Option<StoreInfo>,
    error: Option<StoreError>,
    is_absent: bool,
    looked_at: Option<Timestamp>,
}

impl Keeper {
    /// Begins to keep a store. It ends with the runtime.
    pub(super) fn start(
        settings: KeeperSettings,
        clock: RunningClock,
        versions: Arc<Versions>,
    ) -> Arc<Self> {
        let (notes, changes) = mpsc::channel(256);
        let keeper = Arc::new(Self {
            settings,
            clock,
            state: RwLock::default(),
            notes,
        });
        let work = Work {
            keeper: Arc::clone(&keeper),
            overview: Overview::new(clock.now(), keeper.settings.liveness),
            versions,
            noted: changes,
        };
        tokio::spawn(work.run());
        keeper
    }

    /// What is known of the fleet, or why nothing is.
    pub(super) fn glance(&self) -> Result<Arc<Glance>, Refusal> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match (&state.glance, &state.error) {
            (_, Some(error)) => Err(error.clone().into()),
            (Some(glance), None) => Ok(Arc::clone(glance)),
            (None, None) => {
                Err(Refusal::unreachable("the store is being opened").hint("ask again in a moment"))
            }
        }
    }

    /// The store itself, or why it cannot be used.
    pub(super) fn store(&self) -> Result<Arc<dyn Store>, Refusal> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match (&state.store, &state.error) {
            (Some(store), _) => Ok(Arc::clone(store)),
            (None, Some(error)) => Err(error.clone().into()),
            (None, None) if state.is_absent => Err(Refusal::not_found(format!(
                "there is no store at {} yet",
                self.settings.url
            ))),
            (None, None) => {
                Err(Refusal::unreachable("the store is being opened").hint("ask again in a moment"))
            }
        }
    }

    /// How the store is.
    pub(super) fn view(&self) -> StoreView {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let info = state.info.as_ref();
        StoreView {
            state: match (&state.error, &state.glance) {
                (Some(_), _) => StoreState::Unreachable,
                (None, _) if state.is_absent => StoreState::Absent,
                (None, Some(_)) => StoreState::Ok,
                (None, None) => StoreState::Opening,
            },
            backend: info.map(|info| info.backend),
            location: info.map_or_else(
                || self.settings.url.to_string(),
                |info| info.location.clone(),
            ),
            durability: info.map(|info| info.durability.name()),
            observed_since: info.and_then(|info| info.observed_since),
            looked_at: state.looked_at,
            error: state.error.as_ref().map(|error| ProblemView {
                message: error.to_string(),
                hint: error.hint.clone(),
            }),
            notes: info.map(|info| info.notes.clone()).unwrap_or_default(),
        }
    }

    /// Now, as the store's answers are judged.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Keeps a change that is none of the store's.
    pub(super) fn note(&self, change: Change) {
        // With so many at once the oldest would be gone from the log at once anyway.
        let _ = self.notes.try_send(change);
    }

    /// Whether the store did not answer last.
    fn is_away(&self) -> bool {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.error.is_some() || state.glance.is_none()
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The task.
struct Work {
    keeper: Arc<Keeper>,
    overview: Overview,
    versions: Arc<Versions>,
    noted: mpsc::Receiver<Change>,
}

impl Work {
    async fn run(mut self) {
        let mut was_away = false;
        loop {
            if self.is_absent() {
                self.show_absent();
                self.rest(Instant::now() + RETRY).await;
                continue;
            }
            let error = match self.open().await {
                Ok(store) => {
                    let kept = self.keep(&store, was_away).await;
                    was_away &= self.keeper.is_away();
                    kept
                }
                Err(error) => error,
            };
            if !was_away {
                self.note_store("ok", "unreachable", error.to_string());
                was_away = true;
            }
            self.keeper.set(|state| {
                state.error = Some(error);
                state.store = None;
            });
            self.versions.bump(&VIEWS);
            self.rest(Instant::now() + RETRY).await;
        }
    }

    /// Whether there is no database and none may be made.
    fn is_absent(&self) -> bool {
        let settings = &self.keeper.settings;
        let path = settings.url.path().filter(|_| settings.read_only);
        path.is_some_and(|path| matches!(SqliteStore::is_begun(path), Ok(false)))
    }

    fn show_absent(&mut self) {
        let now = self.keeper.now();
        let is_new = {
            let state = self.keeper.state.read();
            !state.unwrap_or_else(PoisonError::into_inner).is_absent
        };
        if !is_new {
            return;
        }
        self.overview.handle_parts(now, GlanceParts::default());
        let glance = self.overview.glance().map(Arc::new);
        self.keeper.set(|state| {
            *state = State {
                glance,
                is_absent: true,
                looked_at: Some(now),
                ..State::default()
            };
        });
        self.versions.bump(&VIEWS);
    }

    async fn open(&self) -> StoreResult<Arc<dyn Store>> {
        let settings = &self.keeper.settings;
        let options = OpenOptions {
            access: if settings.read_only {
                Access::Look
            } else {
                Access::Add
            },
            foreign: settings.foreign,
            ..OpenOptions::default()
        };
        store::open(&settings.url, self.keeper.now(), options).await
    }

    /// Looks again and again, until the store fails.
    async fn keep(&mut self, store: &Arc<dyn Store>, was_away: bool) -> StoreError {
        match self.try_to_keep(store, was_away).await {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    async fn try_to_keep(
        &mut self,
        store: &Arc<dyn Store>,
        was_away: bool,
    ) -> StoreResult<Infallible> {
        let mut watch = store.watch(Interest::All).await?;
        let info = store.info(self.keeper.now()).await?;
        self.keeper.set(|state| {
            state.info = Some(info);
            state.store = Some(Arc::clone(store));
        });
        if was_away {
            self.note_store("unreachable", "ok", "the store answers again".into());
        }
        loop {
            let begun = Instant::now();
            let look = async {
                self.sweep(&**store).await?;
                self.look(&**store).await
            };
            timeout(LOOK_LIMIT, look)
                .await
                .unwrap_or_else(|_| Err(no_answer()))?;
            let earliest = Instant::now() + PAUSE.max(begun.elapsed() * PAUSE_FACTOR);
            let until = self.next_look().max(earliest);
            let wake = loop {
                tokio::select! {
                    wake = watch.changed(Some(until)) => break wake?,
                    Some(change) = self.noted.recv() => self.keep_change(change),
                }
            };
            if wake == Wake::Changed {
                self.rest(earliest).await;
            }
        }
    }

    /// Marks the requests whose time is up.
    async fn sweep(&self, store: &dyn Store) -> StoreResult<()> {
        let settings = &self.keeper.settings;
        if settings.sweep && !settings.read_only {
            store.sweep(self.keeper.now()).await?;
        }
        Ok(())
    }

    async fn look(&mut self, store: &dyn Store) -> StoreResult<()> {
        let now = self.keeper.now();
        let parts = self.parts(store, now).await?;
        let differs = self.overview.handle_parts(now, parts);
        let is_back = self.keeper.is_away();
        self.publish();
        let changed = [
            ("now", differs.any() || is_back),
            ("agents", differs.fleet || differs.approvals || is_back),
            ("approvals", differs.approvals || is_back),
            ("decisions", differs.approvals || is_back),
            ("signals", differs.signals || is_back),
            ("streams", differs.streams || is_back),
        ];
        let changed: Vec<&'static str> = changed
            .into_iter()
            .filter_map(|(view, is_changed)| is_changed.then_some(view))
            .collect();
        self.versions.bump(&changed);
        Ok(())
    }

    async fn parts(&self, store: &dyn Store, now: Timestamp) -> StoreResult<GlanceParts> {
        let mut malformed = 0;
        let mut fleet = items(store.fleet(now).await?, &mut malformed);
        if self.keeper.clock.is_set() {
            for row in &mut fleet {
                row.age_by_store_us = None;
            }
        }
        let closed = ApprovalFilter {
            approval_type: None,
            closed: true,
        };
        let approvals = items(store.approvals(now, &closed).await?, &mut malformed);
        let waiting = items(store.all_signals(now, false).await?, &mut malformed);
        let expired = items(store.all_signals(now, true).await?, &mut malformed);
        let streams = store.streams(now).await?;
        let mut newest: Vec<_> = streams.iter().collect();
        newest.sort_by_key(|info| std::cmp::Reverse(info.last));
        let mut events = Vec::new();
        for info in newest.into_iter().take(STREAMS) {
            let query = RecentQuery {
                event_type: info.event_type.clone(),
                count: EVENTS,
                from: StreamId::ZERO,
                to: StreamId::MAX,
            };
            events.extend(items(store.recent(now, &query).await?, &mut malformed));
        }
        Ok(GlanceParts {
            fleet,
            approvals,
            waiting,
            expired,
            streams,
            events,
            malformed,
        })
    }

    /// Hands out what is known now.
    fn publish(&self) {
        let glance = self.overview.glance().map(Arc::new);
        let now = self.keeper.now();
        self.keeper.set(|state| {
            state.glance = glance;
            state.error = None;
            state.is_absent = false;
            state.looked_at = Some(now);
        });
    }

    fn keep_change(&mut self, change: Change) {
        self.overview.note(change);
        if !self.keeper.is_away() {
            self.publish();
        }
        self.versions.bump(&["now"]);
    }

    fn note_store(&mut self, from: &str, to: &str, text: String) {
        self.overview.note(Change {
            at: self.keeper.now(),
            kind: ChangeKind::Store,
            subject: self.keeper.settings.url.to_string(),
            from: Some(from.into()),
            to: to.into(),
            text,
        });
    }

    /// When something changes even if nobody does anything.
    fn next_look(&self) -> Instant {
        let is_file = self.keeper.settings.url.path().is_some();
        let idle = Instant::now() + if is_file { IDLE } else { IDLE_SERVER };
        let silent = self.overview.poll_timeout().map(|(at, _)| at);
        let due = silent.into_iter().chain(self.overview.next_deadline());
        due.min()
            .map_or(idle, |at| self.keeper.clock.moment_of(at).min(idle))
    }

    /// Does nothing but take changes in, until a moment.
    async fn rest(&mut self, until: Instant) {
        loop {
            tokio::select! {
                () = sleep_until(until) => return,
                Some(change) = self.noted.recv() => self.keep_change(change),
            }
        }
    }
}

fn items<T>(listing: Listing<T>, malformed: &mut u64) -> Vec<T> {
    *malformed += listing.malformed.len() as u64;
    listing.items
}

fn no_answer() -> StoreError {
    StoreError::new(
        StoreErrorKind::TimedOut,
        "look at the store",
        "it did not answer within 5 s",
    )
    .hint("see whether its server runs, and whether the network is up")
}
