//! One connection that calls share, made again when it breaks.
//!
//! A call whose answer was lost is made again with a flag that says so; every
//! script is written so that this changes nothing. What waits is bounded: a call
//! beyond the bound is refused at once, so that a server that is away does not
//! fill a process's memory.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};
use tokio::time::{Instant, sleep, timeout_at};

use super::backoff::{backoff, pause};
use super::failure::{breaks_the_connection, explain, is_passing};
use super::reply::Reply;
use super::script::Script;
use super::target::{Connection, Target};
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// How many calls may wait for their answers.
pub(super) const MAX_WAITING: usize = 8192;
/// For how long a call is made again and again after the connection was lost.
const PATIENCE: Duration = Duration::from_secs(6);

/// The way to the server.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) target: Target,
    /// The address without its password, for messages.
    pub(super) location: String,
    /// Serialises attempts to connect.
    connecting: tokio::sync::Mutex<()>,
    live: Mutex<Option<Live>>,
    /// Numbers of calls that are free; each call under way has one for itself.
    slots: Mutex<VecDeque<usize>>,
}

#[derive(Clone)]
struct Live {
    connection: Connection,
    generation: u64,
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "connection {}", self.generation)
    }
}

/// A script with its arguments.
pub(super) struct Call<'a> {
    script: &'a Script,
    /// The prefix of the keys that it owns.
    own: &'a str,
    /// What stands before attune's key names.
    records: &'a str,
    args: Vec<Vec<u8>>,
}

/// What is sent.
enum Work<'a> {
    Script(&'a Call<'a>),
    Command(&'a Cmd),
}

impl Work<'_> {
    async fn send(&self, connection: &mut Connection, again: bool) -> RedisResult<Value> {
        match self {
            Self::Script(call) => call.send(connection, again).await,
            Self::Command(cmd) => ask(connection, cmd).await,
        }
    }
}

async fn ask(connection: &mut Connection, cmd: &Cmd) -> RedisResult<Value> {
    connection.req_packed_command(cmd).await?.extract_error()
}

/// The number of a call under way; given back when dropped.
pub(super) struct Slot<'a> {
    link: &'a Link,
    pub(super) number: usize,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut slots = self
            .link
            .slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        slots.push_front(self.number);
    }
}

impl<'a> Call<'a> {
    pub(super) fn new(script: &'a Script, own: &'a str, records: &'a str) -> Self {
        Self {
            script,
            own,
            records,
            args: Vec::with_capacity(12),
        }
    }

    /// Adds an argument.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and borrowed texts alike"
    )]
    pub(super) fn arg(mut self, arg: impl ToString) -> Self {
        self.args.push(arg.to_string().into_bytes());
        self
    }

    fn command(&self, name: &str, script: &str, again: bool) -> Cmd {
        let mut cmd = redis::cmd(name);
        cmd.arg(script)
            .arg(1)
            .arg(self.own)
            .arg(if again { "1" } else { "0" })
            .arg(self.records);
        for arg in &self.args {
            cmd.arg(arg.as_slice());
        }
        cmd
    }

    async fn send(&self, connection: &mut Connection, again: bool) -> RedisResult<Value> {
        let by_hash = self.command("EVALSHA", self.script.hash(), again);
        match ask(connection, &by_hash).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let in_full = self.command("EVAL", self.script.code(), again);
                ask(connection, &in_full).await
            }
            answer => answer,
        }
    }
}

impl Link {
    /// Connects. The first connection is tried once: an address may be wrong.
    pub(super) async fn open(target: Target, location: String) -> StoreResult<Self> {
        let link = Self {
            target,
            location,
            connecting: tokio::sync::Mutex::default(),
            live: Mutex::default(),
            slots: Mutex::new((0..MAX_WAITING).collect()),
        };
        match link.connection(0).await {
            Ok(_) => Ok(link),
            Err(error) => Err(explain(format!("connect to {}", link.location), &error)),
        }
    }

    /// Runs a script. `tried` says what for, such as `send a signal`.
    pub(super) async fn run(&self, tried: &str, call: Call<'_>) -> StoreResult<Reply> {
        let _slot = self.slot(tried)?;
        self.attempt(tried, Work::Script(&call)).await
    }

    /// Runs a script for a call that holds a slot of its own.
    pub(super) async fn run_in(
        &self,
        _slot: &Slot<'_>,
        tried: &str,
        call: Call<'_>,
    ) -> StoreResult<Reply> {
        self.attempt(tried, Work::Script(&call)).await
    }

    /// Runs a script for calls that hold slots of their own.
    pub(super) async fn run_unbounded(&self, tried: &str, call: Call<'_>) -> StoreResult<Reply> {
        self.attempt(tried, Work::Script(&call)).await
    }

    /// Runs a plain command.
    pub(super) async fn command(&self, tried: &str, cmd: &Cmd) -> StoreResult<Reply> {
        let _slot = self.slot(tried)?;
        self.attempt(tried, Work::Command(cmd)).await
    }

    /// A number for one call; refused when too many are under way.
    pub(super) fn slot(&self, tried: &str) -> StoreResult<Slot<'_>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        match slots.pop_front() {
            Some(number) => Ok(Slot { link: self, number }),
            None => Err(StoreError::new(
                StoreErrorKind::Overloaded,
                self.tried(tried),
                format!("{MAX_WAITING} calls already wait for the server"),
            )
            .hint("the server is away or slow; try again later, or with fewer calls at once")),
        }
    }

    async fn attempt(&self, tried: &str, work: Work<'_>) -> StoreResult<Reply> {
        let deadline = Instant::now() + PATIENCE;
        let mut backoff = backoff();
        let mut again = false;
        let mut broken = 0;
        let mut was_replaced = false;
        loop {
            let error = match self.connection(broken).await {
                Ok(Live {
                    mut connection,
                    generation,
                }) => match work.send(&mut connection, again).await {
                    Ok(value) => return Ok(Reply::new(value)),
                    Err(error) => {
                        // A master that was replaced takes no writes any more.
                        was_replaced = self.target.has_sentinels()
                            && error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
                        if was_replaced || breaks_the_connection(&error) {
                            again = true;
                            broken = generation;
                        }
                        error
                    }
                },
                Err(error) => error,
            };
            let pause = pause(&mut backoff);
            let may_pass = was_replaced || is_passing(&error);
            if !may_pass || Instant::now() + pause >= deadline {
                return Err(explain(self.tried(tried), &error));
            }
            sleep(pause).await;
        }
    }

    fn tried(&self, tried: &str) -> String {
        format!("{tried} at {}", self.location)
    }

    /// The connection, made anew if there is none or it is of the broken generation.
    async fn connection(&self, broken: u64) -> Result<Live, RedisError> {
        let current = || {
            let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.clone()
        };
        let usable = |live: &Live| broken == 0 || live.generation > broken;
        if let Some(live) = current().filter(usable) {
            return Ok(live);
        }
        let waited = timeout_at(Instant::now() + PATIENCE, self.connecting.lock()).await;
        let Ok(_connecting) = waited else {
            return Err((ErrorKind::Io, "the server could not be reached again").into());
        };
        // Another call may have made it in the meantime.
        let last = current();
        if let Some(live) = last.clone().filter(usable) {
            return Ok(live);
        }
        let live = Live {
            connection: self.target.connect().await?,
            generation: last.map_or(1, |live| live.generation + 1),
        };
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
        Ok(live)
    }
}
