//! Being told of changes: one connection per process on which the server pushes.

use std::collections::{BTreeMap, HashMap};
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
    /// What was written by whom, where that is wanted.
    written: Option<Mutex<Written>>,
}

/// Keys that others wrote, as far as Muster did not say that it was itself.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// How often each was written.
    times: BTreeMap<String, u32>,
    /// Whether there were more than are kept, or the connection was lost.
    pub(super) missed: bool,
}

/// How many keys wait at most.
const MAX_KEYS: usize = 100_000;
/// Between keys that Muster wrote.
const BETWEEN_KEYS: char = '\0';

impl Written {
    /// The keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.times.keys().map(String::as_str)
    }

    /// The server tells of a write.
    fn add(&mut self, key: &str) {
        if let Some(times) = self.times.get_mut(key) {
            *times = times.saturating_add(1);
        } else if self.times.len() < MAX_KEYS {
            self.times.insert(key.to_owned(), 1);
        } else {
            self.missed = true;
        }
    }

    /// Muster wrote this key. That is told in the same step as the write, after it, so
    /// a write of another's never stands between the two.
    fn take_back(&mut self, key: &str) {
        if let Some(times) = self.times.get_mut(key) {
            *times -= 1;
            if *times == 0 {
                self.times.remove(key);
            }
        }
    }
}

impl Ear {
    fn hear(&self, push: &Push) {
        if let Some(written) = &self.written {
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            match push {
                // The name of a key stands behind that of the database.
                Push::Matched { channel } => match channel.split_once("__:") {
                    Some((_database, key)) => written.add(key),
                    None => written.missed = true,
                },
                Push::Told { text } => {
                    for key in text.split(BETWEEN_KEYS) {
                        written.take_back(key);
                    }
                }
                Push::Lost => written.missed = true,
            }
        }
        self.changed.notify_one();
    }

    /// Waits until something has changed.
    pub(super) async fn wait(&self) {
        self.changed.notified().await;
    }

    /// What was written since the last call.
    pub(super) fn take_written(&self) -> Written {
        self.written
            .as_ref()
            .map_or_else(Written::default, |written| {
                std::mem::take(&mut *written.lock().unwrap_or_else(PoisonError::into_inner))
            })
    }
}

/// What an ear hears.
enum Push {
    /// On a channel that matches a pattern.
    Matched { channel: String },
    /// On a channel.
    Told { text: String },
    /// The connection was lost: what came meanwhile is not known.
    Lost,
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
    pub(super) async fn listen(&self, topics: &[Topic], to_keys: bool) -> StoreResult<Arc<Ear>> {
        let ear = Arc::new(Ear {
            changed: Notify::new(),
            written: to_keys.then(Mutex::default),
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
        let mut next = || texts.next().unwrap_or_default();
        let (topic, push) = match info.kind {
            PushKind::Message => (Topic::Channel(next()), Push::Told { text: next() }),
            PushKind::PMessage => {
                let (pattern, channel, event) = (next(), next(), next());
                // A key that is set with its end tells of both; one is enough.
                if event == "expire" && channel.starts_with("__keyspace@") {
                    return;
                }
                (Topic::Pattern(pattern), Push::Matched { channel })
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
                ear.hear(&push);
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
                ear.hear(&Push::Lost);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ear() -> Ear {
        Ear {
            changed: Notify::new(),
            written: Some(Mutex::default()),
        }
    }

    fn hear(ear: &Ear, keys: &[&str]) {
        for key in keys {
            let channel = format!("__keyspace@0__:{key}");
            ear.hear(&Push::Matched { channel });
        }
    }

    fn told(ear: &Ear, keys: &[&str]) {
        let text = keys.join(&BETWEEN_KEYS.to_string());
        ear.hear(&Push::Told { text });
    }

    fn keys(ear: &Ear) -> Vec<String> {
        ear.take_written().keys().map(str::to_owned).collect()
    }

    #[test]
    fn what_muster_wrote_is_not_looked_at() {
        let ear = ear();
        hear(&ear, &["beat:a", "beat:b", "beat:a"]);
        told(&ear, &["beat:a", "beat:b", "beat:a"]);
        assert!(keys(&ear).is_empty());
    }

    #[test]
    fn a_write_of_another_stays_whatever_muster_wrote_around_it() {
        let ear = ear();
        hear(&ear, &["beat:a"]);
        told(&ear, &["beat:a"]);
        hear(&ear, &["beat:a"]);
        hear(&ear, &["beat:a"]);
        told(&ear, &["beat:a"]);
        assert_eq!(keys(&ear), ["beat:a"]);
        // Taken between the write and the word on it: that word is nobody's.
        hear(&ear, &["beat:a"]);
        assert_eq!(keys(&ear), ["beat:a"]);
        told(&ear, &["beat:a"]);
        hear(&ear, &["beat:a"]);
        assert_eq!(keys(&ear), ["beat:a"]);
    }

    #[test]
    fn what_is_not_heard_is_missed() {
        let ear = ear();
        ear.hear(&Push::Lost);
        assert!(ear.take_written().missed);
        for n in 0..=MAX_KEYS {
            hear(&ear, &[&format!("beat:{n}")]);
        }
        let written = ear.take_written();
        assert!(written.missed && written.keys().count() == MAX_KEYS);
        assert!(!ear.take_written().missed);
    }
}
