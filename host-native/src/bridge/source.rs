//! Where events come from. Each source is a thread that hands on what it reads;
//! it never waits for a sink, so what becomes of entries does not reach the workflow.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use crate::error::{Failure, describe};
use crate::files::{Follower, check_regular};

/// Bytes read at once from the standard input.
const CHUNK: usize = 64 << 10;
/// How long to wait between two looks at a file.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Where events come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The standard input, to its end.
    Stdin,
    /// A file that grows and need not exist yet.
    File(PathBuf),
    /// A WebSocket of `swamp serve`.
    WebSocket {
        /// Its address, `ws://` or `wss://`.
        url: String,
        /// What to send first: requests, as the server wants them.
        hello: Vec<String>,
    },
    /// A Redis stream.
    Redis {
        /// The server's address, `redis://` or `rediss://`.
        url: String,
        /// The stream's key.
        key: String,
        /// The field of an item that holds the event.
        field: String,
        /// The id after which to begin; `$` for what comes from now on.
        after: String,
    },
}

/// What a source hands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// More of the stream.
    Chunk(Vec<u8>),
    /// All there is at the moment has been handed on.
    CaughtUp,
    /// Nothing more will come.
    End(SourceEnd),
}

/// Why nothing more comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceEnd {
    /// The stream is over.
    Finished,
    /// The user stopped it.
    Interrupted,
    /// It broke off, for this reason.
    Lost(String),
}

impl SourceEnd {
    /// The stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Interrupted => "interrupted",
            Self::Lost(_) => "lost",
        }
    }
}

impl Source {
    /// Begins to read. An error says that the source cannot be read at all.
    pub(super) fn start(&self, out: SyncSender<Input>) -> Result<(), Failure> {
        match self {
            Self::Stdin => {
                thread::spawn(move || hand_on(&out, read_stdin(&out)));
            }
            Self::File(path) => {
                // A name that was mistyped would be waited for without end.
                std::fs::metadata(path)
                    .and_then(|metadata| check_regular(&metadata))
                    .map_err(|error| unreadable(path, &error))?;
                let mut follower =
                    Follower::new(path, usize::MAX).map_err(|error| unreadable(path, &error))?;
                let path = path.clone();
                thread::spawn(move || {
                    let end = follow(&path, &mut follower, &out);
                    hand_on(&out, end);
                });
            }
            Self::WebSocket { url, hello } => {
                super::websocket::start(url, hello.clone(), out)?;
            }
            Self::Redis {
                url,
                key,
                field,
                after,
            } => super::redis_stream::start(url, key, field, after, out)?,
        }
        Ok(())
    }

    /// Whether the source goes on after the runs in it have ended, so that their
    /// end is the time to stop.
    pub(super) fn outlives_runs(&self) -> bool {
        matches!(self, Self::File(_) | Self::Redis { .. })
    }
}

/// Hands on the end; nobody listens any more when that fails.
pub(super) fn hand_on(out: &SyncSender<Input>, end: SourceEnd) {
    let _ = out.send(Input::End(end));
}

fn read_stdin(out: &SyncSender<Input>) -> SourceEnd {
    let mut stdin = io::stdin().lock();
    let mut chunk = vec![0; CHUNK];
    loop {
        match stdin.read(&mut chunk) {
            Ok(0) => return SourceEnd::Finished,
            Ok(read) => {
                let bytes = chunk.get(..read).unwrap_or_default().to_vec();
                if out.send(Input::Chunk(bytes)).is_err() {
                    return SourceEnd::Finished;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return SourceEnd::Lost(describe(&error)),
        }
    }
}

fn follow(path: &Path, follower: &mut Follower, out: &SyncSender<Input>) -> SourceEnd {
    loop {
        let mut bytes = Vec::new();
        let polled = follower.poll(&mut |line| {
            if let Ok(text) = line.text {
                bytes.extend_from_slice(text.as_bytes());
            }
            bytes.push(b'\n');
        });
        if let Err(error) = polled {
            return SourceEnd::Lost(format!("{}: {}", path.display(), describe(&error)));
        }
        let sent = if bytes.is_empty() {
            out.send(Input::CaughtUp)
        } else {
            out.send(Input::Chunk(bytes))
        };
        if sent.is_err() {
            return SourceEnd::Finished;
        }
        thread::sleep(LOOK_AGAIN);
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::unreachable(format!(
        "cannot read {}: {}",
        path.display(),
        describe(error)
    ))
    .hint("name a stream that can be read, or pipe one in")
}

/// Sends the end when the user interrupts: by Ctrl-C, or by asking the process to
/// stop. A second time ends the process at once.
pub(super) fn watch_interrupts(out: SyncSender<Input>) -> Result<(), Failure> {
    let runtime = single_threaded()?;
    thread::spawn(move || {
        runtime.block_on(async move {
            let Ok(mut stop) =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            else {
                return;
            };
            let mut has_interrupted = false;
            loop {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = stop.recv() => {}
                }
                // A full channel means that the stream is read slower than it
                // comes; what is in it is from before the interrupt.
                let is_over = out.send(Input::End(SourceEnd::Interrupted)).is_err();
                // Where the stream had ended by itself, the first comes too late to
                // change anything; what was made is still being written.
                if is_over && has_interrupted {
                    std::process::exit(130);
                }
                has_interrupted = true;
            }
        });
    });
    Ok(())
}

/// A runtime for one thread.
pub(super) fn single_threaded() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unreachable(format!("cannot start: {}", describe(&error))))
}
