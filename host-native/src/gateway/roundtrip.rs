//! Whether a prompt goes through a gateway and its answer comes back. This writes: one
//! event into the gateway's queue, and one prompt into its session.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use muster_core::Timestamp;
use muster_core::view::GatewayTestView;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::Profile;
use super::collect::{connect, in_words, small};
use crate::random;

/// The list that the gateway takes events out of.
const EVENTS: &str = "joelclaw:events:gateway";
/// Where it is told of new ones.
const NOTIFY: &str = "joelclaw:notify:gateway";
/// An event that nobody is told of.
const EVENT_TYPE: &str = "test.gateway-e2e";
/// How long an event may lie in the queue.
const DRAIN_LIMIT: Duration = Duration::from_secs(8);
/// How often the queue is looked at.
const DRAIN_TICK: Duration = Duration::from_millis(200);

/// Sends an event and a prompt, and waits for what becomes of them.
pub async fn roundtrip(profile: &Profile, now: Timestamp, answer: Duration) -> GatewayTestView {
    let mut view = GatewayTestView::default();
    let id =
        random::id("muster_test").unwrap_or_else(|_| format!("muster_test_{}", now.as_micros()));
    drain(profile, now, &id, &mut view).await;
    prompt(profile, &id, answer, &mut view).await;
    view.passed = view.drained == Some(true) && view.answered == Some(true);
    view.event_id = Some(id);
    view
}

/// Whether a test event is taken out of the queue. One that is not is taken back.
async fn drain(profile: &Profile, now: Timestamp, id: &str, view: &mut GatewayTestView) {
    let Some(url) = &profile.redis else {
        view.errors.push("the profile names no Redis".to_owned());
        return;
    };
    let event = json!({
        "id": id,
        "type": EVENT_TYPE,
        "source": "muster",
        "payload": {},
        "ts": now.as_micros().div_euclid(1000),
    })
    .to_string();
    let began = Instant::now();
    match pushed_and_drained(url, &event, id, profile.limit).await {
        Ok(true) => {
            view.drained = Some(true);
            view.drained_ms = Some(millis(began));
        }
        Ok(false) => {
            view.drained = Some(false);
            view.errors.push(format!(
                "the event was not taken out of {EVENTS} within {} s; it was taken back",
                DRAIN_LIMIT.as_secs()
            ));
        }
        Err(why) => view.errors.push(format!("Redis: {why}")),
    }
}

async fn pushed_and_drained(
    url: &str,
    event: &str,
    id: &str,
    limit: Duration,
) -> Result<bool, String> {
    let limit = limit.min(Duration::from_secs(5));
    let opened = timeout(limit, connect(url, limit)).await;
    let mut redis = match opened {
        Ok(opened) => opened.map_err(|error| in_words(&error))?,
        Err(_) => return Err(format!("no answer within {} s", limit.as_secs_f32())),
    };
    let note = json!({"eventId": id, "type": EVENT_TYPE}).to_string();
    redis::pipe()
        .cmd("LPUSH")
        .arg(EVENTS)
        .arg(event)
        .ignore()
        .cmd("PUBLISH")
        .arg(NOTIFY)
        .arg(note)
        .ignore()
        .query_async::<()>(&mut redis)
        .await
        .map_err(|error| in_words(&error))?;
    let deadline = Instant::now() + DRAIN_LIMIT;
    loop {
        let waiting = is_waiting(&mut redis, event)
            .await
            .map_err(|error| in_words(&error))?;
        if !waiting {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            let removed: u64 = redis::cmd("LREM")
                .arg(EVENTS)
                .arg(0)
                .arg(event)
                .query_async(&mut redis)
                .await
                .map_err(|error| in_words(&error))?;
            // Taken out between the two looks, it was drained after all.
            return Ok(removed == 0);
        }
        sleep(DRAIN_TICK).await;
    }
}

async fn is_waiting(redis: &mut MultiplexedConnection, event: &str) -> redis::RedisResult<bool> {
    let place: Option<u64> = redis::cmd("LPOS")
        .arg(EVENTS)
        .arg(event)
        .query_async(redis)
        .await?;
    Ok(place.is_some())
}

/// Whether the model's answer to a prompt comes back over the gateway's own port. The
/// answer must hold a word that only this prompt asks for.
async fn prompt(profile: &Profile, id: &str, limit: Duration, view: &mut GatewayTestView) {
    let port = match &profile.port_file {
        None => Err("the profile names no port file".to_owned()),
        Some(path) => small(path).map_err(|why| format!("{}: {why}", path.display())),
    };
    let url = match port.map(|port| port.trim().parse::<u16>()) {
        Ok(Ok(port)) => format!("ws://127.0.0.1:{port}"),
        Ok(Err(_)) => {
            view.errors.push("the port file holds no port".to_owned());
            return;
        }
        Err(why) => {
            view.errors.push(format!("no prompt could be sent: {why}"));
            return;
        }
    };
    let began = Instant::now();
    match timeout(limit, answered(&url, id)).await {
        Ok(Ok(())) => {
            view.answered = Some(true);
            view.answered_ms = Some(millis(began));
            view.left_behind
                .push("one short exchange in the session's transcript".to_owned());
        }
        Ok(Err(Lost::Before(why))) => view.errors.push(format!("{url}: {why}")),
        Ok(Err(Lost::After(why))) => {
            view.answered = Some(false);
            view.errors.push(why);
        }
        Err(_) => {
            view.answered = Some(false);
            view.errors.push(format!(
                "no answer came back within {} s",
                limit.as_secs_f32()
            ));
        }
    }
    if view.answered == Some(false) {
        view.left_behind
            .push("one prompt in the session, which may still be answered".to_owned());
    }
}

/// Where it ended: before the prompt was sent, or after.
enum Lost {
    Before(String),
    After(String),
}

async fn answered(url: &str, id: &str) -> Result<(), Lost> {
    let before = |error: tokio_tungstenite::tungstenite::Error| Lost::Before(error.to_string());
    let (mut socket, _) = connect_async(url).await.map_err(before)?;
    let text = format!(
        "This is a test of the way through the gateway. Answer with the one word {id} and nothing else."
    );
    let frame = json!({"type": "prompt", "text": text}).to_string();
    socket.send(Message::text(frame)).await.map_err(before)?;
    let mut said = String::new();
    while let Some(frame) = socket.next().await {
        let Ok(Message::Text(text)) = frame else {
            continue;
        };
        let Ok(frame) = serde_json::from_str::<Value>(&text) else {
            continue;
        };
        match frame.get("type").and_then(Value::as_str) {
            Some("text_delta") => {
                let part = ["delta", "text"]
                    .iter()
                    .find_map(|name| frame.get(name)?.as_str());
                // Other turns go by here as well; only the end can hold the word.
                if said.len() > 64 << 10 {
                    said = said.split_off(said.ceil_char_boundary(32 << 10));
                }
                said.push_str(part.unwrap_or_default());
                if said.contains(id) {
                    // It has been answered; that nobody hears the goodbye is no matter.
                    let _ = socket.close(None).await;
                    return Ok(());
                }
            }
            Some("error") => {
                let why = ["message", "error", "text"]
                    .iter()
                    .find_map(|name| frame.get(name)?.as_str());
                return Err(Lost::After(format!(
                    "the gateway answers with an error: {}",
                    why.unwrap_or("without a reason")
                )));
            }
            _ => {}
        }
    }
    Err(Lost::After(
        "the gateway closed the connection before an answer came".to_owned(),
    ))
}

fn millis(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
