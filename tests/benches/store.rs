//! The stores: rates with many tasks, latencies beside a lot of other data, and
//! what it takes to wake another process.
//!
//! Every write counts once it was acknowledged. Other processes are this program
//! again, so that nothing is shared but the store.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use muster::clock::Clock;
use muster::store::redis::{RedisOptions, RedisStore};
use muster::store::{Interest, SqliteStore, Store, StoreUrl};
use muster_core::coordination::{
    BeatInput, NewEvent, NewSignal, PendingSignal, SignalCheck, SignalFilter,
};
use muster_core::{Decimal, JsonObject, Timestamp};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use wait4::Wait4;

/// The word that makes this program a process of the table.
pub(crate) const CHILD: &str = "store-child";

/// How many tasks call at the same time.
const TASKS: usize = 64;
/// Pages that are written to see what the disk gives.
const FSYNCS: usize = 500;
/// Signals that are sent to a process that waits.
const WAKE_UPS: usize = 300;
/// Looks for a signal that is not there.
const CHECKS: usize = 5000;
/// Agents that beat every ten seconds.
const AGENTS: usize = 10_000;
/// So many of them beat at the same time,
const BEATS_AT_ONCE: usize = 10;
/// and the next ones so much later.
const BEAT_PAUSE: Duration = Duration::from_millis(10);

/// Prints the rows of one store. `signals`: how many go through a queue.
pub(crate) fn table(address: &str, signals: usize) -> Result<()> {
    let runtime = Runtime::new()?;
    let store = runtime.block_on(open(address))?;
    println!(
        "{:<46} {:>10} {:>9} {:>9}",
        address, "per s", "median", "p99"
    );
    if let StoreUrl::Sqlite(path) = StoreUrl::parse(address)? {
        fsyncs(&path)?;
    }
    runtime.block_on(rates(&store, signals))?;
    let queue = runtime.block_on(store.signals(now(), &of("pool")))?.items;
    ensure!(queue.len() == signals, "{} were sent", queue.len());
    consumers(address, &queue)?;
    runtime.block_on(checks(&store, signals))?;
    runtime.block_on(wake_ups(&store, address))?;
    fleet(address)
}

/// What a process of the table does.
pub(crate) fn child(arguments: &[String]) -> Result<()> {
    let [task, address] = arguments else {
        bail!("{CHILD} takes a task and an address");
    };
    Runtime::new()?.block_on(async {
        let store = open(address).await?;
        match task.as_str() {
            "take" => take_all(&store).await,
            "wait" => wait(&store).await,
            "beat" => beat_all(store).await,
            other => bail!("{CHILD} knows no {other}"),
        }
    })
}

async fn open(address: &str) -> Result<Arc<dyn Store>> {
    let url = StoreUrl::parse(address)?;
    Ok(match &url {
        StoreUrl::Sqlite(path) => Arc::new(SqliteStore::open(path, now())?),
        _ => Arc::new(RedisStore::open(&url, now(), RedisOptions::default()).await?),
    })
}

fn start(task: &str, address: &str) -> Result<Child> {
    Command::new(std::env::current_exe()?)
        .args([CHILD, task, address])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting a process to {task}"))
}

fn now() -> Timestamp {
    Clock::default().now()
}

fn signal(n: usize, target: &str) -> NewSignal {
    NewSignal {
        signal_id: format!("signal_{n:012x}"),
        signal_type: ["ready", "done", "alert"][n % 3].into(),
        source_agent: "bench".into(),
        target_agent: target.into(),
        payload: JsonObject::default(),
        ttl_s: 3600,
    }
}

fn of(agent_id: &str) -> SignalFilter {
    SignalFilter {
        agent_id: agent_id.into(),
        signal_type: None,
        source_agent: None,
    }
}

fn beat(n: usize) -> BeatInput {
    BeatInput {
        agent_id: format!("agent-{n:05}"),
        status: "running".into(),
        progress: Decimal::from_nanos(500_000_000),
        current_task: "bench".into(),
        display_name: None,
        metadata: None,
        ttl_s: 30,
    }
}

/// What the disk gives: a page appended and made durable, as each commit does.
fn fsyncs(database: &Path) -> Result<()> {
    let folder = database.parent().context("the folder of the store")?;
    let mut file = tempfile::tempfile_in(folder)?;
    let start = Instant::now();
    let mut calls = Vec::with_capacity(FSYNCS);
    for _ in 0..FSYNCS {
        let start = Instant::now();
        file.write_all(&[0x5A; 4096])?;
        file.sync_data()?;
        calls.push(start.elapsed());
    }
    let wall = start.elapsed();
    row("(the disk: 4 KB and fdatasync)", &Timed { calls, wall });
    Ok(())
}

/// Writes of each kind, by many tasks at once.
async fn rates(store: &Arc<dyn Store>, signals: usize) -> Result<()> {
    for (what, timed) in writes(store, signals).await? {
        row(what, &timed);
    }
    Ok(())
}

/// Signals, beats and events, so many of each; every one acknowledged.
pub(crate) async fn writes(
    store: &Arc<dyn Store>,
    count: usize,
) -> Result<[(&'static str, Timed); 3]> {
    let send = |store: Arc<dyn Store>, n| async move {
        store.send(now(), &signal(n, "pool")).await.map(drop)
    };
    let beat = |store: Arc<dyn Store>, n| async move { store.beat(now(), &beat(n % AGENTS)).await };
    let publish = |store: Arc<dyn Store>, n: usize| async move {
        let event = NewEvent {
            event_type: format!("stream-{}", n % 4),
            data: JsonObject::default(),
            source: "bench".into(),
            max_len: 10_000,
        };
        store.publish(now(), &event).await.map(drop)
    };
    Ok([
        ("send", many(store, count, send).await?),
        ("beat", many(store, count, beat).await?),
        ("publish", many(store, count, publish).await?),
    ])
}

/// How long calls took, and all of them together.
pub(crate) struct Timed {
    calls: Vec<Duration>,
    wall: Duration,
}

impl Timed {
    /// Calls a second.
    pub(crate) fn rate(&self) -> f64 {
        self.calls.len() as f64 / self.wall.as_secs_f64()
    }
}

/// The same call many times by [`TASKS`] tasks.
async fn many<F>(
    store: &Arc<dyn Store>,
    count: usize,
    call: impl Fn(Arc<dyn Store>, usize) -> F + Clone + Send + 'static,
) -> Result<Timed>
where
    F: Future<Output = muster::store::StoreResult<()>> + Send,
{
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (store, call) = (Arc::clone(store), call.clone());
        tasks.spawn(async move {
            let mut times = Vec::with_capacity(count / TASKS + 1);
            for n in (task..count).step_by(TASKS) {
                let start = Instant::now();
                call(Arc::clone(&store), n).await?;
                times.push(start.elapsed());
            }
            anyhow::Ok(times)
        });
    }
    let mut calls = Vec::with_capacity(count);
    for times in tasks.join_all().await {
        calls.extend(times?);
    }
    Ok(Timed {
        calls,
        wall: start.elapsed(),
    })
}

/// Four processes take what was sent: each signal once, those of a type in the order
/// in which they were accepted.
fn consumers(address: &str, queue: &[PendingSignal]) -> Result<()> {
    let places: HashMap<&str, (usize, &str)> = queue
        .iter()
        .enumerate()
        .map(|(place, held)| {
            let signal = &held.signal;
            (&*signal.signal_id, (place, &*signal.signal_type))
        })
        .collect();
    let start_at = Instant::now();
    let processes: Vec<_> = (0..4)
        .map(|_| start("take", address))
        .collect::<Result<_>>()?;
    let mut taken = HashSet::with_capacity(queue.len());
    let mut calls = Vec::with_capacity(queue.len());
    for process in processes {
        let output = process.wait_with_output()?;
        ensure!(output.status.success(), "a consumer failed");
        let mut last = HashMap::new();
        for line in String::from_utf8(output.stdout)?.lines() {
            let (id, us) = line.split_once(' ').context("a line of a consumer")?;
            let (place, signal_type) = places.get(id).context("it was never sent")?;
            let before = last.insert(*signal_type, *place);
            ensure!(
                before.is_none_or(|before| before < *place),
                "{id} was received out of order"
            );
            ensure!(taken.insert(id.to_owned()), "{id} was received twice");
            calls.push(Duration::from_micros(us.parse()?));
        }
    }
    let wall = start_at.elapsed();
    ensure!(
        taken.len() == places.len(),
        "{} of {} were received",
        taken.len(),
        places.len()
    );
    row("take, 4 processes on one queue", &Timed { calls, wall });
    Ok(())
}

/// Takes until nothing is left, and says what and how long each took.
async fn take_all(store: &Arc<dyn Store>) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    loop {
        let start = Instant::now();
        let SignalCheck::Delivered(held) = store.take(now(), &of("pool")).await? else {
            break;
        };
        let us = start.elapsed().as_micros();
        writeln!(out, "{} {us}", held.signal.signal_id)?;
    }
    out.flush()?;
    Ok(())
}

/// Looks for a signal that is not there, beside many for others.
async fn checks(store: &Arc<dyn Store>, signals: usize) -> Result<()> {
    let send = |store: Arc<dyn Store>, n| async move {
        let other = signal(n, &format!("other-{}", n % 1000));
        store.send(now(), &other).await.map(drop)
    };
    // Ids of their own, beyond those of the queue.
    many(store, signals, move |store, n| send(store, n + signals)).await?;
    row(
        &format!("check beside {signals} others, 1 task"),
        &looks(store).await?,
    );
    Ok(())
}

/// Looks of one task, one after the other, for a signal that is not there.
pub(crate) async fn looks(store: &Arc<dyn Store>) -> Result<Timed> {
    let filter = SignalFilter {
        signal_type: Some("ready".into()),
        ..of("nobody")
    };
    let start = Instant::now();
    let mut calls = Vec::with_capacity(CHECKS);
    for _ in 0..CHECKS {
        let start = Instant::now();
        let check = store.check(now(), &filter).await?;
        calls.push(start.elapsed());
        ensure!(matches!(check, SignalCheck::NeverSeen { .. }), "{check:?}");
    }
    let wall = start.elapsed();
    Ok(Timed { calls, wall })
}

/// From a signal to the process that waits for it: from before it is sent until it
/// was taken there.
async fn wake_ups(store: &Arc<dyn Store>, address: &str) -> Result<()> {
    let mut waiter = start("wait", address)?;
    let mut lines = BufReader::new(waiter.stdout.take().context("its output")?).lines();
    let mut line = || {
        lines
            .next()
            .context("the waiting process has ended")?
            .context("its output")
    };
    ensure!(line()? == "waiting", "the waiting process does not wait");
    let start = Instant::now();
    let mut calls = Vec::with_capacity(WAKE_UPS);
    for n in 0..WAKE_UPS {
        // It sleeps by then, at no particular moment.
        tokio::time::sleep(Duration::from_micros(10_000 + (n as u64 * 7919) % 10_000)).await;
        let payload = format!("{{\"sent_at\": {}}}", clock_us()?);
        let signal = NewSignal {
            signal_id: format!("signal_wake{n:08x}"),
            payload: JsonObject::parse(&payload).map_err(|error| anyhow::anyhow!("{error}"))?,
            ..signal(n, "waiter")
        };
        store.send(now(), &signal).await?;
        calls.push(Duration::from_micros(line()?.parse()?));
    }
    let wall = start.elapsed();
    ensure!(waiter.wait()?.success(), "the waiting process failed");
    row(
        "send, wake-up and take in another process",
        &Timed { calls, wall },
    );
    Ok(())
}

async fn wait(store: &Arc<dyn Store>) -> Result<()> {
    let agent_id = String::from("waiter");
    let mut watch = store.watch(Interest::Signals { agent_id }).await?;
    say("waiting")?;
    let mut received = 0;
    while received < WAKE_UPS {
        let SignalCheck::Delivered(held) = store.take(now(), &of("waiter")).await? else {
            watch.changed(None).await?;
            continue;
        };
        let payload: serde_json::Value = serde_json::from_str(held.signal.payload.as_str())?;
        let sent_at = payload["sent_at"].as_u64().context("when it was sent")?;
        say(&clock_us()?.saturating_sub(sent_at).to_string())?;
        received += 1;
    }
    Ok(())
}

/// Ten thousand agents that beat every ten seconds, from one process: how long a
/// beat takes, and which share of one core it costs.
fn fleet(address: &str) -> Result<()> {
    let start_at = Instant::now();
    let mut process = start("beat", address)?;
    let output = BufReader::new(process.stdout.take().context("its output")?);
    let mut calls = Vec::new();
    for line in output.lines() {
        calls.push(Duration::from_micros(line?.parse()?));
    }
    let ended = process.wait4()?;
    ensure!(ended.status.success(), "the beating process failed");
    let wall = start_at.elapsed();
    let cpu = ended.rusage.utime + ended.rusage.stime;
    row(
        &format!(
            "{AGENTS} agents beating, {:.0} % of a core",
            100.0 * cpu.as_secs_f64() / wall.as_secs_f64()
        ),
        &Timed { calls, wall },
    );
    Ok(())
}

async fn beat_all(store: Arc<dyn Store>) -> Result<()> {
    let mut tick = tokio::time::interval(BEAT_PAUSE);
    let mut tasks = JoinSet::new();
    for first in (0..AGENTS).step_by(BEATS_AT_ONCE) {
        tick.tick().await;
        for n in first..first + BEATS_AT_ONCE {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                let start = Instant::now();
                store.beat(now(), &beat(n)).await?;
                anyhow::Ok(start.elapsed().as_micros())
            });
        }
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for us in tasks.join_all().await {
        writeln!(out, "{}", us?)?;
    }
    out.flush()?;
    Ok(())
}

/// One clock for all processes.
fn clock_us() -> Result<u64> {
    Ok(SystemTime::now()
        .duration_since(UNIX_EPOCH)?
        .as_micros()
        .try_into()?)
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}

pub(crate) fn row(what: &str, timed: &Timed) {
    let mut calls = timed.calls.clone();
    calls.sort_unstable();
    let at = |percent: usize| {
        let place = calls.len() * percent / 100;
        calls
            .get(place)
            .map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "{what:<46} {:>10.0} {:>6.2} ms {:>6.2} ms",
        timed.rate(),
        at(50),
        at(99)
    );
}
