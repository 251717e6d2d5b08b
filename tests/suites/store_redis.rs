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

/// How many signals, events and requests are written while the server is killed.
const EACH: u64 = 600;

/// Writes until all is accepted.
fn write_all(store: &RedisStore) -> JoinSet<Result<()>> {
    let mut writers = JoinSet::new();
    let (signals, events, requests) = (store.clone(), store.clone(), store.clone());
    writers.spawn(async move {
        for id in 0..EACH {
            let signal_type = if id % 2 == 0 { "even" } else { "odd" };
            let mut new = signal(id, "sender", "reader", signal_type);
            new.ttl_s = 3600;
            accepted!(signals.send(now(), &new));
        }
        Ok(())
    });
    writers.spawn(async move {
        for n in 0..EACH {
            let new = event("progress", &format!("{{\"n\":{n}}}"))?;
            let at = now();
            accepted!(events.publish(at, &new));
        }
        Ok(())
    });
    writers.spawn(async move {
        for id in 0..EACH {
            accepted!(requests.request(now(), &request(id, "wf", 3600)));
        }
        Ok(())
    });
    writers
}

/// Takes signals, waiting for more, until nothing more is to come.
async fn read_until(store: RedisStore, done: Arc<AtomicBool>) -> Result<Vec<Signal>> {
    let interest = Interest::Signals {
        agent_id: "reader".into(),
    };
    let mut watch = store.watch(interest).await?;
    let mut received = Vec::new();
    loop {
        let last = done.load(Ordering::SeqCst);
        match accepted!(store.take(now(), &of("reader", None))) {
            SignalCheck::Delivered(held) => received.push(held.signal),
            _ if last => return Ok(received),
            _ => {
                let soon = Instant::now() + Duration::from_millis(500);
                watch.changed(Some(soon)).await?;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_accepted_is_lost_when_the_server_is_killed() -> Result<()> {
    let settings = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = server(&settings)? else {
        return Ok(());
    };
    let url = server.url();
    let store = open(&url).await?;
    assert_eq!(store.info(now()).await?.durability, Durability::Disk);
    let done = Arc::new(AtomicBool::new(false));

    let mut writers = write_all(&store);
    let mut readers = JoinSet::new();
    for _ in 0..2 {
        readers.spawn(read_until(open(&url).await?, Arc::clone(&done)));
    }
    // Killed five times in the middle of it.
    for part in 1..=5 {
        eventually(async || {
            let read = StreamRead {
                from: vec![("progress".into(), Position::Start)],
                count: EACH,
            };
            let answered = store.read(now(), &read);
            let count = answered
                .await
                .map_or(0, |batches| batches[0].events.len() as u64);
            Ok((count >= part * EACH / 7).then_some(()))
        })
        .await?;
        server.kill();
        server.run()?;
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    done.store(true, Ordering::SeqCst);
    let mut received = Vec::new();
    while let Some(read) = readers.join_next().await {
        let read = read??;
        for signal_type in ["even", "odd"] {
            let of_type = read
                .iter()
                .filter(|signal| signal.signal_type == signal_type);
            assert!(of_type.is_sorted_by_key(|signal| &signal.signal_id));
        }
        received.extend(read.into_iter().map(|signal| signal.signal_id));
    }
    let different: BTreeSet<&String> = received.iter().collect();
    assert_eq!(received.len(), different.len(), "received more than once");
    assert_eq!(different.len() as u64, EACH, "signals were lost");

    let read = StreamRead {
        from: vec![("progress".into(), Position::Start)],
        count: 10_000,
    };
    let batch = store.read(now(), &read).await?.remove(0);
    let all: Vec<&str> = batch
        .events
        .iter()
        .map(|given| given.event.data.as_str())
        .collect();
    let different: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(different.len() as u64, EACH, "events were lost");
    assert_eq!(all.len(), different.len(), "events were published twice");
    let asked = store.approvals(now(), &ApprovalFilter::default()).await?;
    assert_eq!(asked.items.len() as u64, EACH, "requests were lost");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_and_calls_outlive_a_cut_and_a_silent_connection() -> Result<()> {
    let Some(server) = server(&[])? else {
        return Ok(());
    };
    let proxy = TcpProxy::to(server.port())?;
    let far = open(&format!("redis://127.0.0.1:{}", proxy.port())).await?;
    let near = open(&server.url()).await?;
    let interest = Interest::Signals {
        agent_id: "far".into(),
    };
    let mut watch = far.watch(interest).await?;
    for (id, how) in [(1, TcpProxy::cut as fn(&TcpProxy)), (2, TcpProxy::silence)] {
        how(&proxy);
        near.send(now(), &signal(id, "near", "far", "ready"))
            .await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let SignalCheck::Delivered(_) = accepted!(far.take(now(), &of("far", None))) {
                break;
            }
            let woken = watch.changed(Some(deadline)).await?;
            ensure!(woken == Wake::Changed, "the wait did not go on");
        }
        accepted!(far.beat(now(), &beat("far", "running")));
    }
    // Push works again over the new connection.
    near.send(now(), &signal(3, "near", "far", "ready")).await?;
    let deadline = Instant::now() + PATIENCE;
    while !matches!(
        far.take(now(), &of("far", None)).await?,
        SignalCheck::Delivered(_)
    ) {
        let woken = watch.changed(Some(deadline)).await?;
        ensure!(woken == Wake::Changed, "the wait did not go on");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_bounded() -> Result<()> {
    let Some(server) = server(&[])? else {
        return Ok(());
    };
    let proxy = TcpProxy::to(server.port())?;
    let store = open(&format!("redis://127.0.0.1:{}", proxy.port())).await?;
    proxy.silence();
    proxy.close(true);
    let mut calls = JoinSet::new();
    for id in 0..9000 {
        let store = store.clone();
        calls.spawn(async move { store.send(now(), &signal(id, "a", "b", "t")).await });
    }
    let first = calls.join_next().await.context("no call")??;
    let error = first.err().context("it was accepted")?;
    assert_eq!(error.kind, StoreErrorKind::Overloaded, "{error}");
    assert!(error.hint.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn beats_that_come_at_once_are_all_kept() -> Result<()> {
    let Some(server) = server(&[])? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    let began = now();
    let mut beats = JoinSet::new();
    for agent in 0..300_u32 {
        for turn in 0..4_i64 {
            let store = store.clone();
            beats.spawn(async move {
                let mut beat = beat(&format!("agent-{agent:03}"), "running");
                // What one of them says holds for the others that come later.
                beat.display_name = (turn == 0).then(|| format!("Agent {agent}"));
                store.beat(began.saturating_add_us(turn), &beat).await
            });
        }
    }
    while let Some(written) = beats.join_next().await {
        written??;
    }
    let fleet = store.fleet(began).await?;
    assert_eq!((fleet.items.len(), fleet.malformed.len()), (300, 0));
    for row in &fleet.items {
        assert_eq!(row.arrivals.len(), 4, "{row:?}");
    }
    store
        .beat(began.saturating_add_us(9), &beat("agent-007", "running"))
        .await?;
    let last = store
        .agent(began, "agent-007")
        .await?
        .context("not there")?;
    assert_eq!(last.beat.display_name.as_deref(), Some("Agent 7"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_says_so() -> Result<()> {
    let settings = ["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"];
    let Some(server) = server(&settings)? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    store.send(now(), &signal(1, "a", "b", "t")).await?;
    store.send(now(), &signal(3, "a", "c", "t")).await?;
    store.request(now(), &request(3, "wf", 60)).await?;
    for _ in 0..20 {
        store.publish(now(), &event("old", "{}")?).await?;
    }
    let mut raw = raw(&server.url())?;
    // Ever smaller values, until not even a small one has room.
    for size in [128 * 1024, 4096, 128, 1] {
        for n in 0..10_000 {
            let filled: redis::RedisResult<()> =
                raw.set(format!("filler:{size}:{n}"), vec![0_u8; size]);
            if filled.is_err() {
                break;
            }
        }
    }
    let keys = |raw: &mut redis::Connection| redis::cmd("DBSIZE").query::<u64>(raw);
    let before = keys(&mut raw)?;
    let asked = request(2, "wf", 60);
    for refused in [
        store.send(now(), &signal(2, "a", "b", "t")).await.err(),
        store.request(now(), &asked).await.err(),
        store.beat(now(), &beat("a", "running")).await.err(),
        store.publish(now(), &event("new", "{}")?).await.err(),
    ] {
        let error = refused.context("accepted")?;
        assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
        assert!(error.hint.is_some_and(|hint| hint.contains("maxmemory")));
    }
    assert_eq!(keys(&mut raw)?, before);
    let known = store.approval(now(), &asked.request_id).await?;
    assert_eq!(known, None);
    // What frees room goes on, and what somebody waits for.
    assert_eq!(store.trim(now(), "old", 5).await?, 15);
    let taken = store.take(now(), &of("c", None)).await?;
    assert!(matches!(taken, SignalCheck::Delivered(_)), "{taken:?}");
    let waiting = request(3, "wf", 60).request_id;
    let decision = store.decide(now(), &answer(&waiting, true)).await?;
    assert!(matches!(decision, Decision::Taken(_)), "{decision:?}");
    redis::cmd("CONFIG")
        .arg("SET")
        .arg("maxmemory")
        .arg("0")
        .exec(&mut raw)?;
    // Nothing was written in part, and it goes on.
    let waiting = store.signals(now(), &of("b", None)).await?;
    assert_eq!(waiting.items.len(), 1);
    store.send(now(), &signal(2, "a", "b", "t")).await?;
    Ok(())
}

/// A script that was refused midway would leave a part behind.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_as_a_whole() -> Result<()> {
    let Some(server) = server(&[])? else {
        return Ok(());
    };
    let mut raw = raw(&server.url())?;
    let rights = "ACL SETUSER mute on >pw ~* resetchannels +@all";
    let mut words = rights.split(' ');
    let mut acl = redis::cmd(words.next().context("no command")?);
    for word in words {
        acl.arg(word);
    }
    acl.exec(&mut raw)?;
    let address = format!("redis://mute:pw@127.0.0.1:{}", server.port());
    let store = open(&address).await?;
    let keys =
        |raw: &mut redis::Connection| redis::cmd("KEYS").arg("*").query::<BTreeSet<String>>(raw);
    let before = keys(&mut raw)?;
    // Nobody can be woken.
    for refused in [
        store.send(now(), &signal(1, "a", "b", "t")).await.err(),
        store.request(now(), &request(1, "wf", 60)).await.err(),
        store.beat(now(), &beat("a", "running")).await.err(),
        store.publish(now(), &event("new", "{}")?).await.err(),
    ] {
        let error = refused.context("accepted")?;
        assert_eq!(error.kind, StoreErrorKind::Refused, "{error}");
    }
    assert_eq!(keys(&mut raw)?, before);
    // An index is something else.
    let store = open(&server.url()).await?;
    raw.set::<_, _, ()>("muster:approval:asked", "x")?;
    raw.set::<_, _, ()>("muster:beat:agents", "x")?;
    raw.set::<_, _, ()>("stream_registry", "x")?;
    let before = keys(&mut raw)?;
    for refused in [
        store.request(now(), &request(1, "wf", 60)).await.err(),
        store.beat(now(), &beat("a", "running")).await.err(),
        store.publish(now(), &event("new", "{}")?).await.err(),
    ] {
        let error = refused.context("accepted")?;
        assert_eq!(error.kind, StoreErrorKind::Malformed, "{error}");
    }
    assert_eq!(keys(&mut raw)?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_no_writes() -> Result<()> {
    let Some(master) = server(&[])? else {
        return Ok(());
    };
    let of_master = format!("127.0.0.1 {}", master.port());
    let Some(replica) = server(&["--replicaof", &of_master])? else {
        return Ok(());
    };
    let store = open(&replica.url()).await?;
    let error = eventually(async || {
        // Until it is one, it is still loading.
        Ok(match store.send(now(), &signal(1, "a", "b", "t")).await {
            Err(error) if !error.kind.is_passing() => Some(error),
            _ => None,
        })
    })
    .await?;
    assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error}");
    assert!(error.hint.is_some_and(|hint| hint.contains("master")));
    let info = store.info(now()).await?;
    assert!(
        info.notes.iter().any(|note| note.contains("replica")),
        "{info:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_asked_for_and_never_shown() -> Result<()> {
    let Some(server) = server(&["--requirepass", "s3cret"])? else {
        return Ok(());
    };
    let port = server.port();
    for url in [
        format!("redis://127.0.0.1:{port}"),
        format!("redis://:wr0ng@127.0.0.1:{port}"),
    ] {
        let error = open_error(&url).await?;
        assert_eq!(error.kind, StoreErrorKind::Refused, "{error}");
        assert!(
            error
                .hint
                .as_ref()
                .is_some_and(|hint| hint.contains("password")),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("wr0ng"), "{error:?}");
    }
    let store = open(&format!("redis://:s3cret@127.0.0.1:{port}")).await?;
    store.send(now(), &signal(1, "a", "b", "t")).await?;
    assert!(!format!("{store:?} {:?}", store.info(now()).await?).contains("s3cret"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_listens_there() -> Result<()> {
    let Some(mut server) = server(&[])? else {
        return Ok(());
    };
    server.kill();
    let began = Instant::now();
    let error = open_error(&server.url()).await?;
    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "it took {:?}",
        began.elapsed()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_type_hides_nothing() -> Result<()> {
    let Some(server) = server(&[])? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    let mut raw = raw(&server.url())?;
    raw.lpush::<_, _, ()>("empathy:heartbeat:odd", "x")?;
    raw.lpush::<_, _, ()>("empathy:signal:b:t:signal_odd", "x")?;
    raw.lpush::<_, _, ()>("approval_request:approval_odd", "x")?;
    raw.set::<_, _, ()>("stream:odd", "x")?;
    store.beat(now(), &beat("even", "running")).await?;
    let fleet = store.fleet(now()).await?;
    assert_eq!(
        (fleet.items.len(), fleet.malformed.len()),
        (1, 1),
        "{fleet:?}"
    );
    let signals = store.signals(now(), &of("b", None)).await?;
    assert_eq!(
        (signals.items.len(), signals.malformed.len()),
        (0, 1),
        "{signals:?}"
    );
    let approvals = store.approvals(now(), &ApprovalFilter::default()).await?;
    assert_eq!(
        (approvals.items.len(), approvals.malformed.len()),
        (0, 1),
        "{approvals:?}"
    );
    let error = store
        .publish(now(), &event("odd", "{}")?)
        .await
        .err()
        .context("accepted")?;
    assert_eq!(error.kind, StoreErrorKind::Malformed, "{error}");
    store.publish(now(), &event("even", "{}")?).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_is_waited_for_and_then_told() -> Result<()> {
    let Some(server) = server(&["--enable-debug-command", "yes"])? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    let mut raw = raw(&server.url())?;
    redis::cmd("CLIENT").arg("PAUSE").arg(1500).exec(&mut raw)?;
    store.send(now(), &signal(1, "a", "b", "t")).await?;

    let url = server.url();
    let sleeper = tokio::task::spawn_blocking(move || -> Result<()> {
        let mut raw = muster_tests::fleet_store::raw(&url)?;
        redis::cmd("DEBUG").arg("SLEEP").arg(10).exec(&mut raw)?;
        Ok(())
    });
    // The sleep has begun when an answer takes longer than it ever does.
    let error =
        eventually(async || Ok(store.send(now(), &signal(2, "a", "b", "t")).await.err())).await?;
    assert!(error.kind.is_passing(), "{error}");
    assert!(error.hint.is_some());
    sleeper.await??;
    accepted!(store.send(now(), &signal(2, "a", "b", "t")));
    let waiting = store.signals(now(), &of("b", None)).await?;
    assert_eq!(waiting.items.len(), 2, "what was sent twice is there once");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_holds_musters_own_layout() -> Result<()> {
    let Some(server) = server(&["--cluster-enabled", "yes"])? else {
        return Ok(());
    };
    let mut raw = raw(&server.url())?;
    redis::cmd("CLUSTER")
        .arg("ADDSLOTSRANGE")
        .arg(0)
        .arg(16383)
        .exec(&mut raw)?;
    eventually(async || {
        let info: String = redis::cmd("CLUSTER").arg("INFO").query(&mut raw)?;
        Ok(info.contains("cluster_state:ok").then_some(()))
    })
    .await?;
    // By its plain address it is refused: its keys would not share a slot.
    let error = open_error(&server.url()).await?;
    assert_eq!(error.kind, StoreErrorKind::Unsupported, "{error}");

    let store = open(&format!("redis+cluster://127.0.0.1:{}", server.port())).await?;
    let interest = Interest::Signals {
        agent_id: "b".into(),
    };
    let mut watch = store.watch(interest).await?;
    store.send(now(), &signal(1, "a", "b", "t")).await?;
    assert_eq!(
        watch.changed(Some(Instant::now() + PATIENCE)).await?,
        Wake::Changed
    );
    let taken = store.take(now(), &of("b", None)).await?;
    assert!(matches!(taken, SignalCheck::Delivered(_)), "{taken:?}");
    let never = store.check(now(), &of("c", None)).await?;
    assert!(
        matches!(
            never,
            SignalCheck::NeverSeen {
                observed_since: Some(_),
                ..
            }
        ),
        "{never:?}"
    );
    store.beat(now(), &beat("a", "running")).await?;
    assert_eq!(store.fleet(now()).await?.items.len(), 1);
    store.request(now(), &request(1, "a", 60)).await?;
    store.publish(now(), &event("progress", "{}")?).await?;
    assert_eq!(store.streams(now()).await?.len(), 1);
    let keys: Vec<String> = raw.keys("*")?;
    assert!(
        keys.iter().all(|key| key.starts_with("{muster:")),
        "{keys:?}"
    );
    let info = store.info(now()).await?;
    assert!(
        info.notes.iter().any(|note| note.contains("Cluster")),
        "{info:?}"
    );
    Ok(())
}

/// Three masters, each with a third of the slots.
async fn cluster() -> Result<Option<[RedisServer; 3]>> {
    let settings = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
    let (Some(a), Some(b), Some(c)) = (server(&settings)?, server(&settings)?, server(&settings)?)
    else {
        return Ok(None);
    };
    let nodes = [a, b, c];
    let slots = [(0, 5460), (5461, 10_922), (10_923, 16_383)];
    for (number, (node, (first, last))) in (1..).zip(nodes.iter().zip(slots)) {
        let mut raw = raw(&node.url())?;
        let mut cluster = |arguments: &[String]| -> Result<()> {
            Ok(redis::cmd("CLUSTER").arg(arguments).exec(&mut raw)?)
        };
        cluster(&["ADDSLOTSRANGE".into(), first.to_string(), last.to_string()])?;
        cluster(&["SET-CONFIG-EPOCH".into(), number.to_string()])?;
        let [known, ..] = &nodes;
        if node.port() != known.port() {
            cluster(&["MEET".into(), "127.0.0.1".into(), known.port().to_string()])?;
        }
    }
    for node in &nodes {
        let mut raw = raw(&node.url())?;
        eventually(async || {
            let info: String = redis::cmd("CLUSTER").arg("INFO").query(&mut raw)?;
            let is_whole = [
                "cluster_state:ok",
                "cluster_known_nodes:3",
                "cluster_slots_ok:16384",
            ]
            .iter()
            .all(|line| info.contains(line));
            Ok(is_whole.then_some(()))
        })
        .await?;
    }
    Ok(Some(nodes))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_of_three_masters_is_one_store() -> Result<()> {
    let Some(nodes) = cluster().await? else {
        return Ok(());
    };
    let [a, b, c] = nodes.each_ref().map(RedisServer::port);
    // Each comes in by another node.
    let store = open(&format!("redis+cluster://127.0.0.1:{a},127.0.0.1:{b}")).await?;
    let other = open(&format!("redis+cluster://127.0.0.1:{c}")).await?;
    let interest = Interest::Signals {
        agent_id: "b".into(),
    };
    let mut watch = other.watch(interest).await?;
    for id in 1..=20 {
        store.send(now(), &signal(id, "a", "b", "t")).await?;
    }
    let woken = watch.changed(Some(Instant::now() + PATIENCE)).await?;
    assert_eq!(woken, Wake::Changed);
    let mut ids = Vec::new();
    while let SignalCheck::Delivered(held) = other.take(now(), &of("b", None)).await? {
        ids.push(held.signal.signal_id);
    }
    assert_eq!(ids.len(), 20);
    assert!(ids.is_sorted(), "{ids:?}");

    store.beat(now(), &beat("a", "running")).await?;
    assert_eq!(other.fleet(now()).await?.items.len(), 1);
    store.request(now(), &request(1, "a", 60)).await?;
    let id = "approval_00000001";
    let first = other.decide(now(), &answer(id, true)).await?;
    assert!(matches!(first, Decision::Taken(_)), "{first:?}");
    let second = store.decide(now(), &answer(id, false)).await?;
    assert!(matches!(second, Decision::Refused(_)), "{second:?}");
    for event_type in ["build", "test"] {
        store.publish(now(), &event(event_type, "{}")?).await?;
    }
    assert_eq!(other.streams(now()).await?.len(), 2);

    // The subjects lie on several nodes, each whole on one.
    let mut holders = 0;
    for node in &nodes {
        let keys: Vec<String> = raw(&node.url())?.keys("*")?;
        assert!(
            keys.iter().all(|key| key.starts_with("{muster:")),
            "{keys:?}"
        );
        holders += usize::from(!keys.is_empty());
    }
    assert!(holders >= 2, "all lies on one node");
    // Agents of attune cannot be joined, and the reason is told.
    let refused = store.foreign_watch().err().context("it is watched")?;
    assert_eq!(refused.kind, StoreErrorKind::Unsupported);
    assert!(refused.happened.contains("different slots"), "{refused}");
    Ok(())
}

#[test]
fn a_cluster_refuses_to_watch_agents_of_attune() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let Some([node, ..]) = &runtime.block_on(cluster())? else {
        return Ok(());
    };
    let fleet = Fleet::on(format!("redis+cluster://127.0.0.1:{}", node.port()))?;
    let error = fleet.json(2, &["store", "watch"])?;
    assert!(
        error["error"]["message"]
            .as_str()
            .is_some_and(|message| message.contains("different slots")),
        "{error}"
    );
    let info = fleet.json(0, &["store", "info"])?;
    assert!(info["notes"].to_string().contains("Cluster"), "{info}");
    fleet.expect(0, &["heartbeat", "beat", "--agent", "a"])?;
    assert_eq!(fleet.json(0, &["store", "check"])?["agents"], 1);
    Ok(())
}

#[test]
fn tls_is_spoken_with_an_authority_of_ones_own() -> Result<()> {
    let Some(authority) = TestAuthority::make()? else {
        return Ok(());
    };
    let port = free_port()?.to_string();
    let file = |name| authority.path(name).display().to_string();
    let (certificate, key, ca) = (file("server.pem"), file("server.key"), file("ca.pem"));
    let settings = [
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca,
        "--tls-auth-clients",
        "no",
    ];
    let Ok(Some(_server)) = RedisServer::start(&settings) else {
        skip("redis-server speaks no TLS");
        return Ok(());
    };
    let fleet = Fleet::on(format!("rediss://127.0.0.1:{port}"))?;
    let trusting = |args: &[&str]| {
        let mut command = fleet.command(args);
        command.env("SSL_CERT_FILE", &ca);
        Running::start(&mut command)
    };
    // Over TLS go calls, and what the server pushes.
    let waiting = trusting(&["-v", "signal", "wait", "--agent", "b"])?;
    waiting.says("never seen")?;
    let send = ["signal", "send", "--from", "a", "--to", "b", "--type", "t"];
    assert_eq!(trusting(&send)?.end()?.exit, 0);
    assert_eq!(waiting.end()?.exit, 0);
    // Nobody is trusted without being named, and the certificate has to fit the address.
    let elsewhere = Fleet::on(format!("rediss://localhost:{port}"))?;
    let mut wrong_name = elsewhere.command(&["--json", "store", "info"]);
    wrong_name.env("SSL_CERT_FILE", &ca);
    for refused in [
        Running::start(&mut fleet.command(&["--json", "store", "info"]))?,
        Running::start(&mut wrong_name)?,
    ] {
        let refused = refused.end()?;
        assert_eq!(refused.exit, 3, "{refused:?}");
        let error = refused.document()?;
        assert!(
            error["error"]["message"]
                .as_str()
                .is_some_and(|message| message.contains("certificate")),
            "{error}"
        );
        assert!(
            error["error"]["hint"]
                .as_str()
                .is_some_and(|hint| hint.contains("SSL_CERT_FILE")),
            "{error}"
        );
    }
    Ok(())
}

/// A Sentinel that soon finds a master dead.
fn sentinel(folder: &Path, master: &RedisServer) -> Result<Option<RedisServer>> {
    let settings = folder.join("sentinel.conf");
    let port = master.port();
    fs::write(
        &settings,
        format!(
            "sentinel monitor main 127.0.0.1 {port} 1\n\
             sentinel down-after-milliseconds main 500\n\
             sentinel failover-timeout main 3000\n"
        ),
    )?;
    Ok(RedisServer::start_sentinel(&settings.to_string_lossy())?)
}

/// A master, its replica, and a Sentinel that knows both.
struct Watched {
    master: RedisServer,
    replica: RedisServer,
    sentinel: RedisServer,
    _folder: tempfile::TempDir,
}

impl Watched {
    async fn start() -> Result<Option<Self>> {
        let Some(master) = server(&[])? else {
            return Ok(None);
        };
        let of_master = format!("127.0.0.1 {}", master.port());
        let Some(replica) = server(&["--replicaof", &of_master])? else {
            return Ok(None);
        };
        let mut raw_master = raw(&master.url())?;
        eventually(async || {
            let info: String = redis::cmd("INFO")
                .arg("replication")
                .query(&mut raw_master)?;
            Ok(info.contains("state=online").then_some(()))
        })
        .await?;
        let folder = tempfile::tempdir()?;
        let Some(sentinel) = sentinel(folder.path(), &master)? else {
            return Ok(None);
        };
        let mut raw_sentinel = raw(&sentinel.url())?;
        eventually(async || {
            let mut ask = redis::cmd("SENTINEL");
            let ask = ask.arg("REPLICAS").arg("main");
            let replicas: Vec<redis::Value> = ask.query(&mut raw_sentinel)?;
            Ok((!replicas.is_empty()).then_some(()))
        })
        .await?;
        Ok(Some(Self {
            master,
            replica,
            sentinel,
            _folder: folder,
        }))
    }

    fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/main", self.sentinel.port())
    }
}

/// Over a connection of its own: a Sentinel ends those of a server that it gives another role.
fn has_role(server: &RedisServer, role: &str) -> bool {
    let ask =
        || -> Result<Vec<redis::Value>> { Ok(redis::cmd("ROLE").query(&mut raw(&server.url())?)?) };
    let wanted = redis::Value::BulkString(role.into());
    ask().is_ok_and(|told| told.first() == Some(&wanted))
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_when_the_master_is_replaced() -> Result<()> {
    let Some(servers) = Watched::start().await? else {
        return Ok(());
    };
    let store = open(&servers.url()).await?;
    store.send(now(), &signal(1, "a", "b", "t")).await?;
    let mut raw_sentinel = raw(&servers.sentinel.url())?;
    // Until it has heard enough of the replica, it refuses.
    eventually(async || {
        let mut fail_over = redis::cmd("SENTINEL");
        let begun = fail_over
            .arg("FAILOVER")
            .arg("main")
            .exec(&mut raw_sentinel);
        Ok(begun.is_ok().then_some(()))
    })
    .await?;
    // Both servers are up all the time: the old one takes no writes any more.
    let mut id = 2;
    eventually(async || {
        accepted!(store.send(now(), &signal(id, "a", "b", "t")));
        id += 1;
        Ok(has_role(&servers.replica, "master").then_some(()))
    })
    .await?;
    eventually(async || Ok(has_role(&servers.master, "slave").then_some(()))).await?;
    accepted!(store.send(now(), &signal(id, "a", "b", "last")));
    let taken = accepted!(store.take(now(), &of("b", Some("last"))));
    assert!(matches!(taken, SignalCheck::Delivered(_)), "{taken:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_waits_go_on_with_the_new_master() -> Result<()> {
    let Some(Watched {
        mut master,
        replica,
        sentinel,
        _folder,
    }) = Watched::start().await?
    else {
        return Ok(());
    };
    let mut raw_master = raw(&master.url())?;
    let url = format!("redis+sentinel://127.0.0.1:{}/main", sentinel.port());
    let (store, waiter) = (open(&url).await?, open(&url).await?);
    let interest = Interest::Signals {
        agent_id: "b".into(),
    };
    let mut watch = waiter.watch(interest).await?;
    store.send(now(), &signal(1, "a", "b", "t")).await?;
    let acknowledged: i64 = redis::cmd("WAIT").arg(1).arg(5000).query(&mut raw_master)?;
    assert_eq!(acknowledged, 1, "the replica does not have it");
    master.kill();
    accepted!(store.send(now(), &signal(2, "a", "b", "t")));
    assert!(has_role(&replica, "master"), "it went elsewhere");

    let mut received = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while received.len() < 2 {
        let taken = accepted!(waiter.take(now(), &of("b", None)));
        if let SignalCheck::Delivered(held) = taken {
            received.push(held.signal.signal_id);
        } else {
            let woken = watch.changed(Some(deadline)).await?;
            ensure!(woken == Wake::Changed, "the wait did not go on");
        }
    }
    assert_eq!(received, ["signal_00000001", "signal_00000002"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sentinels_name_the_master() -> Result<()> {
    let Some(master) = server(&[])? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("sentinel.conf");
    std::fs::write(
        &settings,
        format!("sentinel monitor main 127.0.0.1 {} 1\n", master.port()),
    )?;
    let path = settings.to_string_lossy().into_owned();
    let Some(sentinel) = RedisServer::start_sentinel(&path)? else {
        return Ok(());
    };
    let store = open(&format!(
        "redis+sentinel://127.0.0.1:{}/main",
        sentinel.port()
    ))
    .await?;
    store.send(now(), &signal(1, "a", "b", "t")).await?;
    let near = open(&master.url()).await?;
    let taken = near.take(now(), &of("b", None)).await?;
    assert!(matches!(taken, SignalCheck::Delivered(_)), "{taken:?}");
    let error = open_error(&format!(
        "redis+sentinel://127.0.0.1:{}/other",
        sentinel.port()
    ))
    .await?;
    assert_eq!(error.kind, StoreErrorKind::Unreachable, "{error}");
    Ok(())
}
