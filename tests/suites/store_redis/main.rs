//! The Redis store when its server or the way to it fails: what was accepted is not
//! lost, waits go on, and errors say what to do.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use muster::store::redis::{RedisOptions, RedisStore};
use muster::store::{Durability, Interest, Store, StoreError, StoreErrorKind, StoreUrl, Wake};
use muster_core::coordination::{ApprovalFilter, Decision, Position, SignalCheck, StreamRead};
use muster_core::record::signal::Signal;
use muster_tests::fleet::{Fleet, Running};
use muster_tests::fleet_store::{
    PATIENCE, answer, beat, event, eventually, now, of, open, raw, request, signal,
};
use muster_tests::redis_server::{RedisServer, free_port};
use muster_tests::tcp_proxy::TcpProxy;
use muster_tests::test_authority::TestAuthority;
use muster_tests::tool::skip;
use redis::Commands as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Tries until it is accepted, through ends and beginnings of the server.
macro_rules! accepted {
    ($call:expr) => {
        loop {
            match $call.await {
                Ok(answer) => break answer,
                Err(error) if error.kind.is_passing() => {}
                Err(error) => anyhow::bail!("{error}"),
            }
        }
    };
}

mod beats;
mod cluster;
mod failover;
mod outages;
mod refusals;
mod tls;

fn server(settings: &[&str]) -> Result<Option<RedisServer>> {
    let server = RedisServer::start(settings)?;
    if server.is_none() {
        skip("there is no redis-server");
    }
    Ok(server)
}

async fn open_error(url: &str) -> Result<StoreError> {
    match RedisStore::open(&StoreUrl::parse(url)?, now(), RedisOptions::default()).await {
        Ok(store) => anyhow::bail!("{store:?} was opened"),
        Err(error) => Ok(error),
    }
}
