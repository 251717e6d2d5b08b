//! Events of a WebSocket of `swamp serve`: one text frame per event.
//!
//! A lost connection is not taken up again: the requests that were sent first may
//! start workflows, and sending them twice could run a workflow twice.

use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use muster_core::MAX_LINE_BYTES;
use muster_core::bridge::{Message as Frame, StreamLine};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use super::source::{Input, SourceEnd, hand_on, single_threaded};
use crate::error::Failure;

/// The longest that connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects, sends the requests and hands on what comes.
pub(super) fn start(url: &str, hello: Vec<String>, out: SyncSender<Input>) -> Result<(), Failure> {
    let runtime = single_threaded()?;
    let config = WebSocketConfig::default().max_message_size(Some(MAX_LINE_BYTES));
    let unreachable = |why: String| {
        Failure::unreachable(format!("cannot connect to {url}: {why}"))
            .hint("check the address and that `swamp serve` runs there")
    };
    let connected = runtime.block_on(async {
        let connecting = connect_async_with_config(url, Some(config), false);
        tokio::time::timeout(CONNECT_LIMIT, connecting).await
    });
    let socket = match connected {
        Ok(Ok((socket, _))) => socket,
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        Err(_) => return Err(unreachable("no answer in time".into())),
    };
    thread::spawn(move || {
        let end = runtime.block_on(read(socket, hello, &out));
        hand_on(&out, end);
    });
    Ok(())
}

async fn read(mut socket: Socket, hello: Vec<String>, out: &SyncSender<Input>) -> SourceEnd {
    let mut requests = hello.len();
    for request in hello {
        if let Err(error) = write(&mut socket, Message::text(request)).await {
            return SourceEnd::Lost(error);
        }
    }
    loop {
        let text = match next(&mut socket).await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(_))) | None => {
                return if requests == 0 {
                    SourceEnd::Finished
                } else {
                    SourceEnd::Lost("the server closed the connection".into())
                };
            }
            Some(Ok(_)) => continue,
            Some(Err(error)) => return SourceEnd::Lost(error),
        };
        let is_last = matches!(
            StreamLine::parse(&text).map(|line| line.message),
            Ok(Frame::Done | Frame::Broken { .. })
        );
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(b'\n');
        if out.send(Input::Chunk(bytes)).is_err() {
            return SourceEnd::Finished;
        }
        if is_last {
            requests = requests.saturating_sub(1);
            if requests == 0 {
                // Nobody has to hear of it.
                let _ = socket.close(None).await;
                return SourceEnd::Finished;
            }
        }
    }
}

async fn write(socket: &mut Socket, message: Message) -> Result<(), String> {
    use futures_util::SinkExt as _;

    let sent = socket.send(message).await;
    sent.map_err(|error| error.to_string())
}

async fn next(socket: &mut Socket) -> Option<Result<Message, String>> {
    use futures_util::StreamExt as _;

    let message = socket.next().await?;
    Some(message.map_err(|error| error.to_string()))
}
