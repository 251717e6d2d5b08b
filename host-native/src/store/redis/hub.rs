//! Being told of changes: one connection per process on which the server pushes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, RedisResult, Value};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use super::RedisStore;
use super::backoff::{backoff, pause};
use super::failure::explain;
use super::keys::Subject;
use super::target::Target;
use crate::store::{Interest, StoreResult, Wake, Watch};

/// How often the connection is tried: one that is cut without a word is found out.
const PING_EVERY: Duration = Duration::from_secs(2);

/// The subscriptions of a process.
pub(super) struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    target: Target,
    location: String,
    /// Who listens, by channel or pattern.
    listeners: Mutex<HashMap<Topic, Vec<Weak<Ear>>>>,
    /// Makes and uses the connection, one after the other.
    connection: tokio::sync::Mutex<Option<MultiplexedConnection>>,
    /// The connection was lost.
    lost: Notify,
    keeper: Mutex<bool>,
}

/// What is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Topic {
    /// A channel of this name.
    Channel(String),
    /// All channels that match.
    Pattern(String),
}

/// One that listens.
pub(super) struct Ear {
    /// Something has changed.
    changed: Notify,
    /// Names of what has changed, where they are wanted; none beyond a bound.
    names: Option<Mutex<Names>>,
}

/// Names that came in, each once.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) names: std::collections::BTreeSet<String>,
    /// Whether there were more than are kept, or the connection was lost.
    pub(super) missed: bool,
}

/// How many names wait at most.
const MAX_NAMES: usize = 100_000;

impl Ear {
    fn hear(&self, channel: Option<&str>) {
        if let Some(names) = &self.names {
            let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
            match channel {
                Some(name) if names.names.len() < MAX_NAMES => {
                    names.names.insert(name.to_owned());
                }
                _ => names.missed = true,
            }
        }
        self.changed.notify_one();
    }

    /// Waits until something has changed.
    pub(super) async fn wait(&self) {
        self.changed.notified().await;
    }

    /// The names that came in since the last call.
    pub(super) fn take_names(&self) -> Names {
        self.names.as_ref().map_or_else(Names::default, |names| {
            std::mem::take(&mut *names.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }
}

impl Hub {
    pub(super) fn new(target: Target, location: String) -> Self {
        Self {
            inner: Arc::new(Inner {
                target,
                location,
                listeners: Mutex::default(),
                connection: tokio::sync::Mutex::default(),
                lost: Notify::new(),
                keeper: Mutex::default(),
            }),
        }
    }

    /// Listens to topics from the return of this call on.
    pub(super) async fn listen(&self, topics: &[Topic], with_names: bool) -> StoreResult<Arc<Ear>> {
        let ear = Arc::new(Ear {
            changed: Notify::new(),
            names: with_names.then(Mutex::default),
        });
        let mut fresh = Vec::new();
        {
            let mut listeners = self.inner.listeners();
            for topic in topics {
                let ears = listeners.entry(topic.clone()).or_default();
                if ears.is_empty() {
                    fresh.push(topic.clone());
                }
                ears.push(Arc::downgrade(&ear));
            }
        }
        let mut connection = self.inner.connection.lock().await;
        let subscribed = match connection.as_mut() {
            // A topic that is not fresh may still be on its way: it is said again.
            Some(live) => subscribe(live, topics).await,
            None => match Inner::connect(&self.inner).await {
                Ok(live) => {
                    *connection = Some(live);
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        drop(connection);
        Inner::keep(&self.inner);
        match subscribed {
            Ok(()) => Ok(ear),
            Err(error) => {
                self.inner.lost.notify_one();
                Err(explain(
                    format!("listen for changes at {}", self.inner.location),
                    &error,
                ))
            }
        }
    }
}

impl Inner {
    fn listeners(&self) -> MutexGuard<'_, HashMap<Topic, Vec<Weak<Ear>>>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that listens to all topics.
    async fn connect(inner: &Arc<Self>) -> RedisResult<MultiplexedConnection> {
        let told = Arc::downgrade(inner);
        let on_push = Arc::new(move |info| {
            if let Some(inner) = told.upgrade() {
                inner.pushed(info);
            }
        });
        let mut connection = inner.target.connect_pushed(on_push).await?;
        let topics: Vec<Topic> = inner.listeners().keys().cloned().collect();
        subscribe(&mut connection, &topics).await?;
        Ok(connection)
    }

    fn pushed(&self, info: PushInfo) {
        let mut texts = info.data.into_iter().map(|value| match value {
            Value::BulkString(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Value::SimpleString(text) => text,
            _ => String::new(),
        });
        let (topic, channel) = match info.kind {
            PushKind::Message => {
                let channel = texts.next().unwrap_or_default();
                (Topic::Channel(channel.clone()), channel)
            }
            PushKind::PMessage => {
                let pattern = texts.next().unwrap_or_default();
                (Topic::Pattern(pattern), texts.next().unwrap_or_default())
            }
            PushKind::Disconnection => {
                self.lost.notify_one();
                return;
            }
            _ => return,
        };
        let listeners = self.listeners();
        for ear in listeners.get(&topic).into_iter().flatten() {
            if let Some(ear) = ear.upgrade() {
                ear.hear(Some(&channel));
            }
        }
    }

    /// Begins to look after the connection, once.
    fn keep(inner: &Arc<Self>) {
        let mut begun = inner.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if !*begun {
            *begun = true;
            tokio::spawn(look_after(Arc::downgrade(inner)));
        }
    }

    /// Forgets listeners that are gone; the topics that nobody listens to any more.
    fn abandoned(&self) -> Vec<Topic> {
        let mut abandoned = Vec::new();
        self.listeners().retain(|topic, ears| {
            ears.retain(|ear| ear.strong_count() > 0);
            if ears.is_empty() {
                abandoned.push(topic.clone());
            }
            !ears.is_empty()
        });
        abandoned
    }

    /// Tells everybody: what was pushed in the meantime is not known.
    fn wake_all(&self) {
        for ear in self.listeners().values().flatten() {
            if let Some(ear) = ear.upgrade() {
                ear.hear(None);
            }
        }
    }
}

/// Keeps the connection alive for as long as the hub is there.
async fn look_after(inner: Weak<Inner>) {
    let mut backoff = backoff();
    loop {
        let Some(hub) = inner.upgrade() else { return };
        let is_lost = tokio::select! {
            () = hub.lost.notified() => true,
            () = sleep(PING_EVERY) => false,
        };
        let mut connection = hub.connection.lock().await;
        if !is_lost && let Some(live) = connection.as_mut() {
            let abandoned = hub.abandoned();
            if unsubscribe(live, &abandoned).await.is_ok()
                && redis::cmd("PING").query_async::<()>(live).await.is_ok()
            {
                continue;
            }
        }
        *connection = None;
        hub.abandoned();
        if let Ok(live) = Inner::connect(&hub).await {
            *connection = Some(live);
            backoff.succeeded();
            hub.wake_all();
        } else {
            drop(connection);
            hub.lost.notify_one();
            sleep(pause(&mut backoff)).await;
        }
    }
}

async fn subscribe(connection: &mut MultiplexedConnection, topics: &[Topic]) -> RedisResult<()> {
    for topic in topics {
        match topic {
            Topic::Channel(name) => connection.subscribe(name).await?,
            Topic::Pattern(pattern) => connection.psubscribe(pattern).await?,
        }
    }
    Ok(())
}

async fn unsubscribe(connection: &mut MultiplexedConnection, topics: &[Topic]) -> RedisResult<()> {
    for topic in topics {
        match topic {
            Topic::Channel(name) => connection.unsubscribe(name).await?,
            Topic::Pattern(pattern) => connection.punsubscribe(pattern).await?,
        }
    }
    Ok(())
}

/// One waiter.
struct Waiter {
    ear: Arc<Ear>,
    /// The store lives for as long as somebody waits.
    _store: RedisStore,
}

#[async_trait]
impl Watch for Waiter {
    async fn changed(&mut self, until: Option<Instant>) -> StoreResult<Wake> {
        let Some(until) = until else {
            self.ear.wait().await;
            return Ok(Wake::Changed);
        };
        Ok(match timeout_at(until, self.ear.wait()).await {
            Ok(()) => Wake::Changed,
            Err(_) => Wake::Deadline,
        })
    }
}

impl RedisStore {
    pub(super) async fn listen(&self, interest: Interest) -> StoreResult<Box<dyn Watch>> {
        let channel =
            |subject, name: &str| Topic::Channel(self.shared.layout.channel(subject, name));
        let pattern = |subject| Topic::Pattern(self.shared.layout.channel(subject, "wake:*"));
        let topics = match interest {
            Interest::Signals { agent_id } => vec![
                channel(Subject::Signal, &format!("wake:{agent_id}")),
                channel(Subject::Signal, "wake:*"),
            ],
            Interest::Approval { request_id } => {
                vec![channel(Subject::Approval, &format!("wake:{request_id}"))]
            }
            Interest::Approvals => vec![channel(Subject::Approval, "wake")],
            Interest::Fleet => vec![channel(Subject::Beat, "wake")],
            Interest::Streams(Some(types)) => types
                .iter()
                .map(|event_type| channel(Subject::Stream, &format!("wake:{event_type}")))
                .collect(),
            Interest::Streams(None) => vec![pattern(Subject::Stream)],
            Interest::All => vec![
                channel(Subject::Beat, "wake"),
                channel(Subject::Approval, "wake"),
                pattern(Subject::Signal),
                channel(Subject::Signal, "taken"),
                pattern(Subject::Stream),
            ],
        };
        let ear = self.shared.hub.listen(&topics, false).await?;
        Ok(Box::new(Waiter {
            ear,
            _store: self.clone(),
        }))
    }
}
