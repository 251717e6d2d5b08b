//! The server ends, is cut off, is silent or slow.

use super::*;

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
