//! A Cluster.

use super::*;

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
