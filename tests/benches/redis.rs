//! The Redis store beside attune's Python agents, on one server in the same minutes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use muster::store::redis::RedisStore;
use muster::store::{Store, WatchMode};
use muster_core::coordination::SignalCheck;
use muster_tests::fleet_store::{eventually, now, of, open, raw};
use muster_tests::peer_agents::PeerAgents;
use muster_tests::redis_server::RedisServer;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::measure::median;
use crate::store::{looks, row, table as rows, writes};

/// Keys that are none of Muster's or attune's.
const UNRELATED: usize = 1_000_000;
/// How many are written at a time.
const AT_A_TIME: usize = 1000;
/// Writes of attune's in one turn; it does one after the other.
const THEIRS: usize = 5000;

/// Prints the rows of a server of its own, while a process watches for foreign writers:
/// those of every store, those beside many unrelated keys, and the ratios to attune.
pub(crate) fn table(signals: usize, runs: usize) -> Result<()> {
    let Some(server) = RedisServer::start(&["--notify-keyspace-events", "K$t"])? else {
        println!("SKIPPED: redis, there is no redis-server");
        return Ok(());
    };
    let runtime = Runtime::new()?;
    let watcher = runtime.block_on(watching(&server.url()))?;
    rows(&server.url(), signals)?;
    let python = PeerAgents::start(&server.url())?;
    if python.is_none() {
        println!("SKIPPED: beside attune, it cannot be installed");
    }
    runtime.block_on(async {
        let mut python = python;
        if let Some(python) = &mut python {
            ratios(&server, python, runs).await?;
        }
        unrelated(&server, watcher, python).await
    })
}

/// A process that watches for foreign writers.
async fn watching(url: &str) -> Result<RedisStore> {
    let store = open(url).await?;
    store.watch_foreign();
    eventually(async || Ok((store.watch_report().mode != WatchMode::StandingBy).then_some(())))
        .await?;
    Ok(store)
}

/// Writes of many tasks beside those of one attune process, turn by turn.
async fn ratios(server: &RedisServer, python: &mut PeerAgents, runs: usize) -> Result<()> {
    let mut raw = raw(&server.url())?;
    let store: Arc<dyn Store> = Arc::new(open(&server.url()).await?);
    println!(
        "{:<46} {:>10} {:>9} {:>9}",
        "beside attune", "ours", "attune", "ratio"
    );
    let kinds = ["sends", "beats", "publishes"];
    let (mut ours, mut theirs) = ([const { Vec::new() }; 3], [const { Vec::new() }; 3]);
    for _ in 0..runs {
        // The same ids are new again.
        ::redis::cmd("FLUSHALL").exec(&mut raw)?;
        let rates = python.call("rates", &json!({ "n": THEIRS }))?;
        for ((kind, (_, timed)), (ours, theirs)) in kinds
            .iter()
            .zip(writes(&store, 10 * THEIRS).await?)
            .zip(ours.iter_mut().zip(&mut theirs))
        {
            ours.push(timed.rate());
            theirs.push(rates[*kind].as_f64().context("a rate")?);
        }
    }
    for (kind, (ours, theirs)) in kinds.iter().zip(ours.into_iter().zip(theirs)) {
        let (ours, theirs) = (median(ours), median(theirs));
        println!(
            "{:<46} {ours:>8.0}/s {theirs:>7.0}/s {:>8.1}x",
            format!("{kind}, acknowledged"),
            ours / theirs
        );
    }
    Ok(())
}

/// Looks for a signal beside many keys of others: while somebody watches, and the one
/// look through all keys that it takes when nobody does.
async fn unrelated(
    server: &RedisServer,
    watcher: RedisStore,
    python: Option<PeerAgents>,
) -> Result<()> {
    let mut raw = raw(&server.url())?;
    ::redis::cmd("FLUSHALL").exec(&mut raw)?;
    for first in (0..UNRELATED).step_by(AT_A_TIME) {
        let mut all = ::redis::cmd("MSET");
        for n in first..first + AT_A_TIME {
            all.arg(format!("unrelated:{n}")).arg(n);
        }
        all.exec(&mut raw)?;
    }
    let store: Arc<dyn Store> = Arc::new(open(&server.url()).await?);
    // The watcher looks through them once.
    is_watched(&store, true).await?;
    row(
        &format!("check beside {UNRELATED} unrelated keys, 1 task"),
        &looks(&store).await?,
    );
    drop(watcher);
    is_watched(&store, false).await?;
    let fresh = open(&server.url()).await?;
    let began = Instant::now();
    fresh.check(now(), &of("nobody", Some("ready"))).await?;
    one(
        "(the first one where nobody watches: a scan)",
        began.elapsed(),
    );
    let Some(mut python) = python else {
        return Ok(());
    };
    let times = python.call("check_ms", &json!({"agent": "nobody", "n": 3}))?;
    let times: Vec<f64> = times
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_f64)
        .collect();
    one(
        "(attune's check beside them)",
        Duration::from_secs_f64(median(times) / 1e3),
    );
    Ok(())
}

/// Waits until the store says that it is, or is not, watched.
async fn is_watched(store: &Arc<dyn Store>, wanted: bool) -> Result<()> {
    let filter = of("nobody", Some("ready"));
    eventually(async || {
        let watched = if wanted {
            let check = store.check(now(), &filter).await?;
            matches!(
                check,
                SignalCheck::NeverSeen {
                    observed_since: Some(_),
                    ..
                }
            )
        } else {
            store.info(now()).await?.observed_since.is_some()
        };
        Ok((watched == wanted).then_some(()))
    })
    .await
}

fn one(what: &str, took: Duration) {
    println!("{what:<46} {:>31.0} ms", took.as_secs_f64() * 1e3);
}
