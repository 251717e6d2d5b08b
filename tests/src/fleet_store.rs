//! A Redis store in a test, and what tests say to it.

use std::time::Duration;

use anyhow::{Result, ensure};
use muster::clock::Clock;
use muster::store::StoreUrl;
use muster::store::redis::{RedisOptions, RedisStore};
use muster_core::coordination::{
    Answer, BeatInput, NewApproval, NewEvent, NewSignal, SignalFilter,
};
use muster_core::{Decimal, JsonObject, Timestamp};
use tokio::time::{Instant, sleep};

/// How long a condition may take to come about.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Now, by the system's clock.
pub fn now() -> Timestamp {
    Clock::default().now()
}

/// The store at an address.
///
/// # Errors
///
/// It cannot be opened.
pub async fn open(url: &str) -> Result<RedisStore> {
    open_with(url, RedisOptions::default()).await
}

/// The store at an address, with options.
///
/// # Errors
///
/// It cannot be opened.
pub async fn open_with(url: &str, options: RedisOptions) -> Result<RedisStore> {
    Ok(RedisStore::open(&StoreUrl::parse(url)?, now(), options).await?)
}

/// A plain connection to a server.
///
/// # Errors
///
/// There is none.
pub fn raw(url: &str) -> Result<redis::Connection> {
    Ok(redis::Client::open(url)?.get_connection()?)
}

/// Asks again and again until the answer is there.
///
/// # Errors
///
/// It did not come in time, or asking failed.
pub async fn eventually<T>(mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        ensure!(Instant::now() < deadline, "it did not come about");
        sleep(Duration::from_millis(2)).await;
    }
}

/// An object.
///
/// # Errors
///
/// The text is none.
pub fn object(text: &str) -> Result<JsonObject> {
    JsonObject::parse(text).map_err(|error| anyhow::anyhow!("{text}: {error:?}"))
}

/// A signal for a minute.
pub fn signal(id: u64, from: &str, to: &str, signal_type: &str) -> NewSignal {
    NewSignal {
        signal_id: format!("signal_{id:08x}"),
        signal_type: signal_type.into(),
        source_agent: from.into(),
        target_agent: to.into(),
        payload: JsonObject::default(),
        ttl_s: 60,
    }
}

/// The signals of an agent.
pub fn of(agent: &str, signal_type: Option<&str>) -> SignalFilter {
    SignalFilter {
        agent_id: agent.into(),
        signal_type: signal_type.map(Into::into),
        source_agent: None,
    }
}

/// A beat.
pub fn beat(agent: &str, status: &str) -> BeatInput {
    BeatInput {
        agent_id: agent.into(),
        status: status.into(),
        progress: Decimal::from_nanos(250_000_000),
        current_task: "link".into(),
        display_name: None,
        metadata: None,
        ttl_s: 30,
    }
}

/// A request that waits for so many seconds.
pub fn request(id: u64, agent: &str, seconds: u64) -> NewApproval {
    NewApproval {
        request_id: format!("approval_{id:08x}"),
        approval_type: "deploy".into(),
        agent_id: agent.into(),
        context: JsonObject::default(),
        timeout_us: seconds * 1_000_000,
    }
}

/// An answer.
pub fn answer(request_id: &str, approved: bool) -> Answer {
    Answer {
        request_id: request_id.into(),
        approved,
        responder: "kim@example.org".into(),
        reason: "fine".into(),
        min_left_us: 0,
    }
}

/// An event.
///
/// # Errors
///
/// The data is no object.
pub fn event(event_type: &str, data: &str) -> Result<NewEvent> {
    Ok(NewEvent {
        event_type: event_type.into(),
        data: object(data)?,
        source: "muster".into(),
        max_len: 10_000,
    })
}
