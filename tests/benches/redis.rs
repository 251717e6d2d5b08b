//! The Redis store beside attune's Python agents, on one server in the same minutes.

use std::sync::Arc;

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

/// Prints the rows of a server of its own: those of every store, and the ratios to attune.
pub(crate) fn table(signals: usize, runs: usize) -> Result<()> {
    let Some(server) = RedisServer::start(&["--notify-keyspace-events", "K$t"])? else {
        println!("redis: there is no redis-server");
        return Ok(());
    };
    rows(&server.url(), signals)?;
    Runtime::new()?.block_on(beside_attune(&server, runs))
}

async fn beside_attune(server: &RedisServer, runs: usize) -> Result<()> {
    let url = server.url();
    let mut raw = raw(&url)?;
    ::redis::cmd("FLUSHALL").exec(&mut raw)?;
    let watcher = watching(&url).await?;
    let Some(mut python) = PeerAgents::start(&url)? else {
        println!("redis: attune cannot be installed");
        return Ok(());
    };
    let store: Arc<dyn Store> = Arc::new(open(&url).await?);
    println!(
        "{:<46} {:>10} {:>9} {:>9}",
        "beside attune", "ours", "attune", "ratio"
    );
    let kinds = ["sends", "beats", "publishes"];
    let (mut ours, mut theirs) = ([const { Vec::new() }; 3], [const { Vec::new() }; 3]);
    for _ in 0..runs {
        let rates = python.call("rates", &json!({ "n": THEIRS }))?;
        for ((kind, (_, timed)), (ours, theirs)) in kinds
            .iter()
            .zip(writes(&store, 10 * THEIRS).await?)
            .zip(ours.iter_mut().zip(&mut theirs))
        {
            ours.push(timed.rate());
            theirs.push(rates[*kind].as_f64().context("a rate")?);
        }
        // The same ids are new again.
        ::redis::cmd("FLUSHALL").exec(&mut raw)?;
    }
    for (kind, (ours, theirs)) in kinds.iter().zip(ours.into_iter().zip(theirs)) {
        let (ours, theirs) = (median(ours), median(theirs));
        println!(
            "{:<46} {ours:>8.0}/s {theirs:>7.0}/s {:>8.1}x",
            format!("{kind}, acknowledged"),
            ours / theirs
        );
    }

    for first in (0..UNRELATED).step_by(AT_A_TIME) {
        let mut all = ::redis::cmd("MSET");
        for n in first..first + AT_A_TIME {
            all.arg(format!("unrelated:{n}")).arg(n);
        }
        all.exec(&mut raw)?;
    }
    // The watcher looks through them once.
    let filter = of("nobody", Some("ready"));
    eventually(async || {
        let check = store.check(now(), &filter).await?;
        let watched = matches!(
            check,
            SignalCheck::NeverSeen {
                observed_since: Some(_),
                ..
            }
        );
        Ok(watched.then_some(()))
    })
    .await?;
    row(
        &format!("check beside {UNRELATED} unrelated keys, 1 task"),
        &looks(&store).await?,
    );
    let times = python.call("check_ms", &json!({"agent": "nobody", "n": 3}))?;
    let times: Vec<f64> = times
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|ms| ms.as_f64())
        .collect();
    println!(
        "{:<46} {:>31.0} ms",
        "(attune's check beside them)",
        median(times)
    );
    drop(watcher);
    Ok(())
}

/// A process that watches for foreign writers.
async fn watching(url: &str) -> Result<RedisStore> {
    let store = open(url).await?;
    store.watch_foreign();
    eventually(async || Ok((store.watch_report().mode != WatchMode::StandingBy).then_some(())))
        .await?;
    Ok(store)
}
