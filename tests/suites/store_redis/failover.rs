//! The master is replaced, with Sentinels and without.

use super::*;

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
