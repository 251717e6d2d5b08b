//! The store against the model, on a real server.

use std::sync::Arc;
use std::time::Duration;

use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use super::*;
use crate::store::conformance::{
    a_long_queue_is_listed_in_order, a_request_is_decided_once, agrees,
    each_signal_is_received_once, long_runs_are_told, start, steps, who_waits_is_woken,
};

#[path = "../../../../tests/src/redis_server.rs"]
#[expect(unreachable_pub, dead_code, reason = "shared with the suites")]
mod redis_server;

use redis_server::RedisServer;

/// A server of one test.
fn server() -> Option<RedisServer> {
    let server = RedisServer::start(&[]).unwrap();
    if server.is_none() {
        skip("there is no redis-server");
    }
    server
}

#[expect(clippy::print_stdout, reason = "a skipped test must be seen")]
fn skip(why: &str) {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
    println!("SKIPPED: {why}");
}

/// An empty store, on a clock that is not the server's.
async fn empty(server: &RedisServer) -> RedisStore {
    let url = StoreUrl::parse(&server.url()).unwrap();
    let options = RedisOptions {
        foreign: false,
        shortest_key: Duration::from_hours(1),
        ..RedisOptions::default()
    };
    let store = RedisStore::open(&url, start(), options).await.unwrap();
    let flush = redis::cmd("FLUSHDB");
    let flushed = store.shared.link.command("empty the database", &flush);
    flushed.await.unwrap();
    store
}

#[test]
fn the_store_on_a_server_agrees_with_the_model() {
    let Some(server) = server() else { return };
    let mut runner = TestRunner::new(Config {
        max_shrink_iters: 200,
        ..Config::with_source_file(file!())
    });
    let result = runner.run(&steps(), |steps| {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async { agrees(&empty(&server).await, start(), &steps).await })
    });
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_are_received_once() {
    let Some(server) = server() else { return };
    each_signal_is_received_once(Arc::new(empty(&server).await), start()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_runs_of_beats_are_told() {
    let Some(server) = server() else { return };
    long_runs_are_told(&empty(&server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_queues_are_listed_in_order() {
    let Some(server) = server() else { return };
    a_long_queue_is_listed_in_order(Arc::new(empty(&server).await), start()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_decided_once() {
    let Some(server) = server() else { return };
    a_request_is_decided_once(Arc::new(empty(&server).await), start()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiters_are_woken() {
    let Some(server) = server() else { return };
    who_waits_is_woken(Arc::new(empty(&server).await), start()).await;
}
