//! What Redis holds: read only, each key by its type.

use std::collections::BTreeSet;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::streams::StreamRangeReply;
use redis::{AsyncConnectionConfig, Client, RedisError, RedisResult};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::{Gathered, Piece};
use crate::gateway::Profile;

/// The keys of a gateway.
const KEYS: [&str; 12] = [
    "joelclaw:gateway:sessions",
    "joelclaw:events:gateway",
    "joelclaw:events:main",
    "joelclaw:events:batch",
    "joelclaw:gateway:messages",
    "joelclaw:gateway:priority",
    "joelclaw:mode",
    "gateway:agent:heartbeat",
    "gateway:health:muted-channels",
    "gateway:health:mute-reasons",
    "alerts:suppress:check-gateway-health",
    // The gateway knows no such key; who looks at it looks at the wrong one.
    "gateway:messages",
];
/// Messages that nobody has served.
const MESSAGES: &str = "joelclaw:gateway:messages";
/// What the gateway was asked to run with.
const CONFIG: &str = "joelclaw:gateway:config";
/// Of a text, so many bytes are read.
const MAX_TEXT_BYTES: isize = 64 << 10;
/// Larger sets are counted, not listed.
const MAX_MEMBERS: u64 = 64;
/// Events of one list that are looked at.
const MAX_EVENTS: isize = 50;

pub(crate) async fn collect(profile: &Profile, keys: &BTreeSet<String>) -> Option<Gathered> {
    let url = profile.redis.as_deref()?;
    if !profile.wants("redis") {
        return None;
    }
    let limit = profile.limit.min(Duration::from_secs(5));
    let read = async {
        let mut connection = connect(url, limit).await?;
        contents(&mut connection, profile.is_gateway, keys).await
    };
    let (redis, config) = match timeout(limit, read).await {
        Ok(Ok((redis, config))) => (Ok(redis), config),
        Ok(Err(error)) => refused(&error),
        Err(_) => away(&format!("no answer within {} s", limit.as_secs_f32())),
    };
    let pieces = [("redis", redis), ("config", config)]
        .map(|(name, piece)| -> Piece { (name.to_owned(), piece) });
    Some(Gathered {
        pieces: pieces.into(),
        notes: Vec::new(),
    })
}

/// A connection whose every answer has a limit.
pub(crate) async fn connect(url: &str, limit: Duration) -> RedisResult<MultiplexedConnection> {
    // An error says that the process has chosen one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limit))
        .set_response_timeout(Some(limit));
    Client::open(url)?
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

type Outcome = (Result<Value, String>, Result<Value, String>);

/// A server that is away is evidence; one that refuses cannot be read.
fn refused(error: &RedisError) -> Outcome {
    let why = in_words(error);
    if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() {
        return away(&why);
    }
    (Err(why.clone()), Err(why))
}

fn away(why: &str) -> Outcome {
    let redis = json!({"reachable": false, "error": why, "values": {}});
    (Ok(redis), Err("Redis cannot be reached".to_owned()))
}

/// An error without the address, which may hold a password.
pub(crate) fn in_words(error: &RedisError) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    if error.is_connection_refusal() {
        return "connection refused".to_owned();
    }
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => error.category().to_owned(),
    }
}

async fn contents(
    connection: &mut MultiplexedConnection,
    is_gateway: bool,
    keys: &BTreeSet<String>,
) -> RedisResult<(Value, Result<Value, String>)> {
    let mut values = Map::new();
    let mut names: BTreeSet<String> = keys.clone();
    if is_gateway {
        names.extend(KEYS.map(str::to_owned));
    }
    let mut sessions = Vec::new();
    for name in names {
        let value = key(connection, &name).await?;
        if name == "joelclaw:gateway:sessions" {
            sessions.clone_from(&value.as_array().cloned().unwrap_or_default());
        }
        values.insert(name, value);
    }
    if !is_gateway {
        return Ok((json!({"reachable": true, "values": values}), Ok(json!({}))));
    }
    for session in sessions.iter().filter_map(Value::as_str) {
        let name = format!("joelclaw:events:{session}");
        if !values.contains_key(&name) {
            let value = key(connection, &name).await?;
            values.insert(name, value);
        }
    }
    let oldest = match values.get(MESSAGES).and_then(Value::as_u64) {
        Some(1..) => oldest_messages(connection).await?,
        _ => Vec::new(),
    };
    if let Some(at) = oldest.first().and_then(|message| message.get("at_ms")) {
        values.insert(format!("{MESSAGES}.oldest_ms"), at.clone());
    }
    let config = match key(connection, CONFIG).await? {
        Value::String(text) => {
            let read: Result<Value, _> = serde_json::from_str(&text);
            read.map_err(|_| format!("{CONFIG} holds no JSON"))
        }
        Value::Null => Ok(json!({})),
        _ => Err(format!("{CONFIG} is no text")),
    };
    let redis = json!({"reachable": true, "values": values, "oldest": oldest});
    Ok((redis, config))
}

/// The value of a text, the members of a small set, the length of anything else.
async fn key(connection: &mut impl ConnectionLike, name: &str) -> RedisResult<Value> {
    let kind: String = redis::cmd("TYPE").arg(name).query_async(connection).await?;
    let length = match kind.as_str() {
        "string" => {
            let text: Vec<u8> = redis::cmd("GETRANGE")
                .arg(name)
                .arg(0)
                .arg(MAX_TEXT_BYTES)
                .query_async(connection)
                .await?;
            return Ok(json!(String::from_utf8_lossy(&text)));
        }
        "set" => {
            let count: u64 = redis::cmd("SCARD")
                .arg(name)
                .query_async(connection)
                .await?;
            if count <= MAX_MEMBERS {
                let mut members: Vec<String> = redis::cmd("SMEMBERS")
                    .arg(name)
                    .query_async(connection)
                    .await?;
                members.sort();
                return Ok(json!(members));
            }
            return Ok(json!(count));
        }
        "list" => "LLEN",
        "zset" => "ZCARD",
        "hash" => "HLEN",
        "stream" => "XLEN",
        // A list that is empty is not there.
        "none" if name.starts_with("joelclaw:events:") || name == MESSAGES => return Ok(json!(0)),
        _ => return Ok(Value::Null),
    };
    let count: u64 = redis::cmd(length).arg(name).query_async(connection).await?;
    Ok(json!(count))
}

/// The five oldest messages that nobody has served: when, of whom, how long.
async fn oldest_messages(connection: &mut impl ConnectionLike) -> RedisResult<Vec<Value>> {
    let range: StreamRangeReply = redis::cmd("XRANGE")
        .arg(MESSAGES)
        .arg("-")
        .arg("+")
        .arg("COUNT")
        .arg(5)
        .query_async(connection)
        .await?;
    let told = range.ids.iter().map(|entry| {
        let payload: Option<String> = entry.get("payload");
        let payload: Value = payload
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let at_ms = entry.id.split('-').next().and_then(|ms| ms.parse::<i64>().ok());
        json!({
            "id": entry.id,
            "at_ms": at_ms,
            "source": payload.get("source").and_then(Value::as_str),
            "prompt_chars": payload.get("prompt").and_then(Value::as_str).map(|text| text.chars().count()),
            "priority": entry.get::<String>("priority"),
        })
    });
    Ok(told.collect())
}

/// Events that wait in the lists of sessions: when, of what type, from whom. Nothing is
/// taken out.
pub(crate) async fn pending(url: &str, limit: Duration) -> Result<Value, String> {
    let read = async {
        let mut connection = connect(url, limit).await?;
        let sessions: BTreeSet<String> = match key(&mut connection, KEYS[0]).await? {
            Value::Array(names) => names
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => BTreeSet::new(),
        };
        let mut names: BTreeSet<String> = ["gateway", "main", "batch"].map(str::to_owned).into();
        names.extend(sessions);
        let mut queues = Vec::new();
        for name in names {
            let list = format!("joelclaw:events:{name}");
            let Value::Number(length) = key(&mut connection, &list).await? else {
                continue;
            };
            // The newest stand at the head, the oldest at the end.
            let texts: Vec<String> = redis::cmd("LRANGE")
                .arg(&list)
                .arg(-MAX_EVENTS)
                .arg(-1)
                .query_async(&mut connection)
                .await?;
            let events: Vec<Value> = texts.iter().rev().map(|text| event(text)).collect();
            queues.push(json!({"session": name, "pending": length, "events": events}));
        }
        let unserved = key(&mut connection, MESSAGES).await?;
        let oldest = oldest_messages(&mut connection).await.unwrap_or_default();
        RedisResult::Ok(json!({"queues": queues, "unserved": unserved, "oldest": oldest}))
    };
    match timeout(limit, read).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(in_words(&error)),
        Err(_) => Err(format!("no answer within {} s", limit.as_secs_f32())),
    }
}

fn event(text: &str) -> Value {
    let event: Value = serde_json::from_str(text).unwrap_or_default();
    json!({
        "id": event.get("id").and_then(Value::as_str),
        "type": event.get("type").and_then(Value::as_str),
        "source": event.get("source").and_then(Value::as_str),
        "at_ms": event.get("ts").and_then(Value::as_i64),
    })
}
