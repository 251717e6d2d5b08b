//! Events of a Redis stream, one per item. The item's id is the event's identity,
//! so an item that comes twice counts once.

use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use redis::streams::{StreamReadOptions, StreamReadReply};
use redis::{Client, Commands as _, Connection, RedisResult};

use super::source::{Input, SourceEnd, hand_on};
use crate::error::Failure;

/// How long one read waits for items.
const BLOCK_MS: usize = 500;
/// The most items of one read.
const ITEMS: usize = 1000;
/// The longest that connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Reads that fail in a row before the source is given up.
const TRIES: u32 = 10;

/// Connects and hands on what comes after the item `after`.
pub(super) fn start(
    url: &str,
    key: &str,
    field: &str,
    after: &str,
    out: SyncSender<Input>,
) -> Result<(), Failure> {
    let unreachable = |error: &redis::RedisError| {
        Failure::unreachable(format!("cannot read the Redis stream {key}: {error}"))
            .hint("check the address and that the server runs")
    };
    let client = Client::open(url).map_err(|error| unreachable(&error))?;
    let mut connection = client
        .get_connection_with_timeout(CONNECT_LIMIT)
        .map_err(|error| unreachable(&error))?;
    let mut after = resolve(&mut connection, key, after).map_err(|error| unreachable(&error))?;
    let (key, field) = (key.to_owned(), field.to_owned());
    thread::spawn(move || {
        let mut failures = 0;
        let end = loop {
            match read(&mut connection, &key, &field, &mut after) {
                Ok(bytes) => {
                    failures = 0;
                    let input = if bytes.is_empty() {
                        Input::CaughtUp
                    } else {
                        Input::Chunk(bytes)
                    };
                    if out.send(input).is_err() {
                        break SourceEnd::Finished;
                    }
                }
                Err(error) => {
                    failures += 1;
                    if failures == TRIES {
                        break SourceEnd::Lost(error.to_string());
                    }
                    thread::sleep(Duration::from_millis(100 << failures.min(6)));
                    if let Ok(new) = client.get_connection_with_timeout(CONNECT_LIMIT) {
                        connection = new;
                    }
                }
            }
        };
        hand_on(&out, end);
    });
    Ok(())
}

/// The id that `$` means now; any other as it is. `$` itself would mean another
/// one with each read.
fn resolve(connection: &mut Connection, key: &str, after: &str) -> RedisResult<String> {
    if after != "$" {
        return Ok(after.to_owned());
    }
    let last: redis::streams::StreamRangeReply = connection.xrevrange_count(key, "+", "-", 1)?;
    let last = last.ids.first().map(|item| item.id.clone());
    Ok(last.unwrap_or_else(|| "0-0".into()))
}

fn read(
    connection: &mut Connection,
    key: &str,
    field: &str,
    after: &mut String,
) -> RedisResult<Vec<u8>> {
    let options = StreamReadOptions::default().block(BLOCK_MS).count(ITEMS);
    let reply: Option<StreamReadReply> =
        connection.xread_options(&[key], &[after.as_str()], &options)?;
    let mut bytes = Vec::new();
    for item in reply
        .into_iter()
        .flat_map(|reply| reply.keys)
        .flat_map(|key| key.ids)
    {
        let event: Option<String> = item.get(field);
        // An item without the field is told of as a line that is none.
        let event = event.unwrap_or_default().replace(['\n', '\r'], " ");
        let line = format!("{{\"seq\":\"{}\",\"event\":{event}}}\n", item.id);
        bytes.extend_from_slice(line.as_bytes());
        *after = item.id;
    }
    Ok(bytes)
}
