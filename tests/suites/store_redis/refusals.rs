//! The server refuses: it is full, a replica, behind a password, or holds something else.

use super::*;

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
