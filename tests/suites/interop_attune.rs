//! Agents of attune 16.4.0 in Python and Muster on one Redis server: each sees what
//! the other writes. What goes wrong among agents of attune alone goes right here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use muster::store::redis::{RedisOptions, RedisStore};
use muster::store::{Interest, Store, StoreErrorKind, Wake, WatchMode};
use muster_core::coordination::{
    ApprovalFilter, ApprovalState, Decision, FeedbackQuery, MIN_ANSWER_LEFT_US, Position,
    RecentQuery, Refusal, SignalCheck, StreamRead,
};
use muster_core::record::approval_request::ApprovalStatus;
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::record::stream_event::StreamId;
use muster_core::{Decimal, JsonObject};
use muster_tests::fleet_store::{
    PATIENCE, answer, beat, event, eventually, now, object, of, open, open_with, raw, request,
    signal,
};
use muster_tests::peer_agents::PeerAgents;
use muster_tests::redis_server::RedisServer;
use muster_tests::tool::skip;
use redis::Commands as _;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A server of this test; it tells of writes.
fn server() -> Result<Option<RedisServer>> {
    let server = RedisServer::start(&["--notify-keyspace-events", "K$t"])?;
    if server.is_none() {
        skip("there is no redis-server");
    }
    Ok(server)
}

/// A server and agents of attune on it.
fn with_peers() -> Result<Option<(RedisServer, PeerAgents)>> {
    let Some(server) = server()? else {
        return Ok(None);
    };
    let agents = PeerAgents::start(&server.url())?;
    Ok(agents.map(|agents| (server, agents)))
}

/// A store whose process watches.
async fn watching(server: &RedisServer) -> Result<RedisStore> {
    let store = open(&server.url()).await?;
    store.watch_foreign();
    eventually(async || Ok((store.watch_report().mode != WatchMode::StandingBy).then_some(())))
        .await?;
    Ok(store)
}

fn delivered(check: SignalCheck) -> Result<String> {
    match check {
        SignalCheck::Delivered(held) => Ok(held.signal.signal_id),
        other => anyhow::bail!("nothing was delivered: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_beats_and_muster_lists_and_the_reverse() -> Result<()> {
    let Some((server, mut python)) = with_peers()? else {
        return Ok(());
    };
    let started =
        json!({"agent": "reviewer-1", "name": "Caf\u{e9} Reviewer", "metadata": {"run_id": "r1"}});
    python.call("start", &started)?;
    // Without a watcher: the key space is looked through.
    let store = open(&server.url()).await?;
    let fleet = store.fleet(now()).await?;
    assert_eq!(fleet.malformed, []);
    let row = &fleet.items[0];
    assert_eq!(row.beat.agent_id, "reviewer-1");
    assert_eq!(row.beat.display_name.as_deref(), Some("Caf\u{e9} Reviewer"));
    assert_eq!(row.beat.metadata.as_str(), r#"{"run_id": "r1"}"#);
    assert!(row.expires_at > now());

    // A known agent is seen without any look at the key space.
    python.call(
        "beat",
        &json!({"agent": "reviewer-1", "progress": 0.5, "task": "step 2"}),
    )?;
    let row = store.agent(now(), "reviewer-1").await?;
    let row = row.ok_or_else(|| anyhow::anyhow!("not there"))?;
    assert_eq!(row.beat.current_task, "step 2");
    assert_eq!(row.arrivals.len(), 2);
    assert!(row.age_by_store_us.is_some_and(|us| us < 5_000_000));

    store.beat(now(), &beat("builder:[1]", "running")).await?;
    let active = python.call("active", &json!({}))?;
    let ids: BTreeSet<&str> = active
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["agent_id"].as_str())
        .collect();
    assert_eq!(ids, BTreeSet::from(["builder:[1]", "reviewer-1"]));
    assert_eq!(
        python.call("alive", &json!({"agent": "builder:[1]"}))?,
        true
    );

    python.call("stop", &json!({"agent": "reviewer-1", "status": "failed"}))?;
    let fleet = store.fleet(now()).await?;
    let stopped = fleet
        .items
        .iter()
        .find(|row| row.beat.agent_id == "reviewer-1");
    assert!(stopped.is_some_and(|row| row.beat.is_final()), "{fleet:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_go_both_ways() -> Result<()> {
    let Some((server, mut python)) = with_peers()? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    let mut sent = signal(1, "muster", "tester", "ready");
    sent.payload = object("{\"note\":\"na\u{ef}ve \u{2603}\",\"n\":[1,2.50]}")?;
    store.send(now(), &sent).await?;
    let received = python.call("wait", &json!({"agent": "tester", "type": "ready"}))?;
    assert_eq!(received["signal_id"], "signal_00000001");
    assert_eq!(received["payload"]["note"], "na\u{ef}ve \u{2603}");
    assert_eq!(received["target_agent"], "tester");
    // It is gone for Muster as well.
    let check = store.check(now(), &of("tester", None)).await?;
    assert!(
        matches!(
            check,
            SignalCheck::NeverSeen {
                last_delivered_at: Some(_),
                ..
            }
        ),
        "{check:?}"
    );

    let id = python.call(
        "signal",
        &json!({"source": "py", "target": "builder", "type": "done", "payload": {"k": 1}}),
    )?;
    // The other process waits by push.
    let watcher = watching(&server).await?;
    let interest = Interest::Signals {
        agent_id: "builder".into(),
    };
    let mut watch = watcher.watch(interest).await?;
    let check = watcher.take(now(), &of("builder", Some("done"))).await?;
    let taken = match check {
        SignalCheck::Delivered(held) => held,
        other => anyhow::bail!("{other:?}"),
    };
    assert_eq!(json!(taken.signal.signal_id), id);
    assert_eq!(taken.signal.payload.as_str(), r#"{"k": 1}"#);
    assert!(
        python
            .call("check", &json!({"agent": "builder", "type": "done"}))?
            .is_null()
    );

    // One that comes while Muster waits wakes it within a second.
    let began = Instant::now();
    let id = python.call(
        "signal",
        &json!({"source": "py", "target": "builder", "type": "more"}),
    )?;
    let received = loop {
        let woken = watch.changed(Some(began + PATIENCE)).await?;
        if let SignalCheck::Delivered(held) = watcher.take(now(), &of("builder", None)).await? {
            break held.signal.signal_id;
        }
        ensure!(woken == Wake::Changed, "nobody told of the signal");
    };
    assert_eq!(json!(received), id);
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );

    // A broadcast of each reaches the other.
    python.call("broadcast", &json!({"source": "py", "type": "abort"}))?;
    for agent in ["builder", "tester"] {
        delivered(
            eventually(async || {
                let check = watcher.take(now(), &of(agent, Some("abort"))).await?;
                Ok(matches!(check, SignalCheck::Delivered(_)).then_some(check))
            })
            .await?,
        )?;
    }
    store
        .broadcast(now(), &signal(9, "muster", "", "halt"))
        .await?;
    let received = python.call("wait", &json!({"agent": "anyone", "type": "halt"}))?;
    assert_eq!(received["signal_id"], "signal_00000009");
    assert!(received["target_agent"].is_null());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn approvals_go_both_ways() -> Result<()> {
    let Some((server, mut python)) = with_peers()? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    python.call(
        "ask",
        &json!({"agent": "wf-1", "type": "deploy", "timeout": 20, "context": {"risk": "high"}}),
    )?;
    let pending = eventually(async || {
        let listing = store.approvals(now(), &ApprovalFilter::default()).await?;
        Ok(listing.items.into_iter().next())
    })
    .await?;
    assert!(pending.foreign);
    assert_eq!(pending.request.context.as_str(), r#"{"risk": "high"}"#);
    assert_eq!(pending.request.timeout_us, 20_000_000);
    let id = pending.request.request_id;
    let decision = store.decide(now(), &answer(&id, true)).await?;
    assert!(matches!(decision, Decision::Taken(_)), "{decision:?}");
    let got = python.call("asked", &json!({"agent": "wf-1"}))?;
    assert_eq!(got["approved"], true);
    assert_eq!(got["responder"], "kim@example.org");
    assert_eq!(got["reason"], "fine");
    // What the requester stored does not say that it missed the answer.
    let row = store.approval(now(), &id).await?;
    assert!(row.is_some_and(|row| row.request.status == ApprovalStatus::Approved));

    // Muster asks, Python sees it and answers.
    store.request(now(), &request(7, "wf-2", 30)).await?;
    let interest = Interest::Approval {
        request_id: "approval_00000007".into(),
    };
    let mut watch = store.watch(interest).await?;
    let pending = python.call("pending", &json!({}))?;
    assert_eq!(pending[0]["request_id"], "approval_00000007");
    assert_eq!(pending[0]["timeout_seconds"], 30.0);
    let responded = json!({"id": "approval_00000007", "approved": false, "reason": "not today"});
    assert_eq!(python.call("respond", &responded)?, true);
    let answered = loop {
        let row = store.approval(now(), "approval_00000007").await?;
        if let Some(ApprovalState::Answered(response)) = row.map(|row| row.state) {
            break response;
        }
        let woken = watch.changed(Some(Instant::now() + PATIENCE)).await?;
        ensure!(woken == Wake::Changed, "nobody told of the answer");
    };
    assert!(!answered.approved);
    assert_eq!(answered.reason, "not today");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_both_ways() -> Result<()> {
    let Some((server, mut python)) = with_peers()? else {
        return Ok(());
    };
    let store = watching(&server).await?;
    let mut watch = store.watch(Interest::Streams(None)).await?;
    let id = python.call(
        "publish",
        &json!({"type": "progress", "data": {"percent": 5, "t": "\u{e9}"}, "source": "demo"}),
    )?;
    let read = StreamRead {
        from: vec![("progress".into(), Position::Start)],
        count: 10,
    };
    let batch = loop {
        let batch = store.read(now(), &read).await?.remove(0);
        if !batch.events.is_empty() {
            break batch;
        }
        let woken = watch.changed(Some(Instant::now() + PATIENCE)).await?;
        ensure!(woken == Wake::Changed, "nobody told of the event");
    };
    assert_eq!(json!(batch.events[0].event.event_id.to_string()), id);
    assert_eq!(
        batch.events[0].event.data.as_str(),
        "{\"percent\": 5, \"t\": \"\\u00e9\"}"
    );
    assert_eq!(batch.events[0].event.source, "demo");

    store
        .publish(now(), &event("progress", "{\"percent\":6}")?)
        .await?;
    let seen = python.call("consume", &json!({"types": ["progress"], "count": 2}))?;
    assert_eq!(seen[1]["data"]["percent"], 6);
    assert_eq!(seen[1]["source"], "muster");
    // The stream of a type that only Muster has published is known to Python.
    store.publish(now(), &event("ours", "{}")?).await?;
    let recent = python.call("recent", &json!({"type": "ours"}))?;
    assert_eq!(recent[0]["event_type"], "ours");
    Ok(())
}

/// Values as attune 2.6.3 and 3.6.0 left them: times without an offset.
const OLD: [(&str, &str); 4] = [
    (
        "empathy:heartbeat:old-1",
        r#"{"agent_id": "old-1", "status": "running", "progress": 0.25, "current_task": "step 1", "last_beat": "2026-11-20T11:41:16.566965", "metadata": {}, "display_name": null}"#,
    ),
    (
        "empathy:signal:tester:ready:signal_aaaa0001",
        r#"{"signal_id": "signal_aaaa0001", "signal_type": "ready", "source_agent": "orch", "target_agent": "tester", "payload": {}, "timestamp": "2026-11-20T11:41:16.555572", "ttl_seconds": 60}"#,
    ),
    (
        "approval_request:approval_aaaa0001",
        r#"{"request_id": "approval_aaaa0001", "approval_type": "deploy", "agent_id": "wf", "context": {}, "timestamp": "2099-11-20T11:41:16.569435", "timeout_seconds": 10, "status": "pending"}"#,
    ),
    (
        "feedback:code-review:analysis:cheap:feedback_aaaa0001",
        r#"{"feedback_id": "feedback_aaaa0001", "workflow_name": "code-review", "stage_name": "analysis", "tier": "cheap", "quality_score": 0.83, "timestamp": "2026-11-20T11:41:16.561375", "metadata": {"tokens": 101}}"#,
    ),
];

fn history(workflow: &str) -> FeedbackQuery {
    FeedbackQuery {
        workflow: workflow.into(),
        stage: None,
        tier: None,
        limit: 1000,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_old_versions_are_read() -> Result<()> {
    let Some(server) = server()? else {
        return Ok(());
    };
    let mut raw = raw(&server.url())?;
    for (key, value) in OLD {
        raw.set_ex::<_, _, ()>(key, value, 600)?;
    }
    let store = open(&server.url()).await?;
    let fleet = store.fleet(now()).await?;
    let beat = fleet.items[0].beat.last_beat.map(|at| at.to_string());
    assert_eq!(beat.as_deref(), Some("2026-11-20T11:41:16.566965Z"));
    let taken = store.take(now(), &of("tester", Some("ready"))).await?;
    assert_eq!(delivered(taken)?, "signal_aaaa0001");
    let approvals = store.approvals(now(), &ApprovalFilter::default()).await?;
    assert_eq!(approvals.items[0].request.timeout_us, 10_000_000);
    let scores = store
        .feedback_history(now(), &history("code-review"))
        .await?;
    assert_eq!(
        scores.items[0].quality_score,
        Decimal::from_nanos(830_000_000)
    );
    Ok(())
}

/// Row 3: attune's pattern for broadcasts takes signals to others.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_what_is_for_another() -> Result<()> {
    let Some(server) = server()? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    store.send(now(), &signal(1, "a", "b", "ready")).await?;
    for agent in ["c", "*b", "?", "[b]", "b:ready"] {
        let filter = of(agent, Some("ready"));
        let check = store.take(now(), &filter).await?;
        assert!(
            matches!(check, SignalCheck::NeverSeen { .. }),
            "{agent}: {check:?}"
        );
        assert_eq!(store.clear(now(), &filter).await?, 0);
        assert_eq!(store.signals(now(), &filter).await?.items, []);
    }
    assert_eq!(store.signals(now(), &of("b", None)).await?.items.len(), 1);
    assert_eq!(
        delivered(store.take(now(), &of("b", None)).await?)?,
        "signal_00000001"
    );
    Ok(())
}

/// Rows 4 to 6: a broadcast reaches all but its sender, each signal one reader, in order.
#[tokio::test(flavor = "multi_thread")]
async fn each_reader_gets_what_it_should() -> Result<()> {
    let Some(server) = server()? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    for agent in ["a", "b", "c"] {
        store.enrol(now(), agent).await?;
    }
    let sent = store.broadcast(now(), &signal(1, "a", "", "halt")).await?;
    assert_eq!(sent.enrolled, 2);
    for agent in ["b", "c", "d"] {
        delivered(store.take(now(), &of(agent, None)).await?)?;
    }
    let own = store.take(now(), &of("a", None)).await?;
    assert!(matches!(own, SignalCheck::NeverSeen { .. }), "{own:?}");

    for id in 100..200 {
        store.send(now(), &signal(id, "a", "pool", "work")).await?;
    }
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        let store = open(&server.url()).await?;
        readers.spawn(async move {
            let mut ids = Vec::new();
            while let Ok(SignalCheck::Delivered(held)) =
                store.take(now(), &of("pool", Some("work"))).await
            {
                ids.push(held.signal.signal_id);
            }
            ids
        });
    }
    let lists = readers.join_all().await;
    assert!(lists.iter().all(|ids| ids.is_sorted()), "{lists:?}");
    let all: Vec<&String> = lists.iter().flatten().collect();
    let different: BTreeSet<&String> = all.iter().copied().collect();
    assert_eq!((all.len(), different.len()), (100, 100));
    Ok(())
}

/// Row 7: an id is only given for what was stored; names are never patterns.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_stored_has_no_id() -> Result<()> {
    let Some(mut server) = server()? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    for name in ["[x]", "a*", "a?b", "ns:agent", "\\"] {
        store.send(now(), &signal(1, "s", name, "ready")).await?;
        let id = delivered(store.take(now(), &of(name, Some("ready"))).await?)?;
        assert_eq!(id, "signal_00000001");
        let mut raw = raw(&server.url())?;
        redis::cmd("FLUSHDB").exec(&mut raw)?;
    }
    server.kill();
    let failed = store.send(now(), &signal(2, "s", "t", "ready")).await;
    assert!(failed.is_err_and(|error| error.kind == StoreErrorKind::Unreachable));
    Ok(())
}

/// Rows 8 and 9: while somebody watches nothing looks through the key space, and
/// waiting is push.
#[tokio::test(flavor = "multi_thread")]
async fn checks_do_not_scan_and_waiters_are_woken() -> Result<()> {
    let Some(server) = server()? else {
        return Ok(());
    };
    let watcher = watching(&server).await?;
    let mut raw = raw(&server.url())?;
    let mut pipe = redis::pipe();
    for n in 0..20_000 {
        pipe.set(format!("other:{n}"), n).ignore();
    }
    pipe.exec(&mut raw)?;
    let scans = |raw: &mut redis::Connection| -> Result<bool> {
        let stats: String = redis::cmd("INFO").arg("commandstats").query(raw)?;
        Ok(stats.contains("cmdstat_scan:"))
    };
    redis::cmd("CONFIG").arg("RESETSTAT").exec(&mut raw)?;
    let store = open(&server.url()).await?;
    for _ in 0..50 {
        let check = store.check(now(), &of("nobody", Some("absent"))).await?;
        let SignalCheck::NeverSeen { observed_since, .. } = check else {
            anyhow::bail!("{check:?}");
        };
        assert!(observed_since.is_some());
        store.fleet(now()).await?;
        store.approvals(now(), &ApprovalFilter::default()).await?;
    }
    assert!(!scans(&mut raw)?, "the key space was looked through");

    let interest = Interest::Signals {
        agent_id: "waiter".into(),
    };
    let mut watch = store.watch(interest).await?;
    let mut lags = Vec::new();
    for id in 0..50 {
        let began = Instant::now();
        watcher
            .send(now(), &signal(id, "a", "waiter", "ready"))
            .await?;
        loop {
            watch.changed(Some(began + PATIENCE)).await?;
            if let SignalCheck::Delivered(_) = store.take(now(), &of("waiter", None)).await? {
                break;
            }
        }
        lags.push(began.elapsed());
    }
    lags.sort();
    // attune's median is 183 ms; the figure itself is the benchmark's.
    assert!(lags[25] < Duration::from_millis(90), "{lags:?}");
    Ok(())
}

/// Rows 10 to 12: the dead are remembered, metadata and names stay, one bad record
/// hides no other.
#[tokio::test(flavor = "multi_thread")]
async fn agents_leave_a_trace_and_hide_no_other() -> Result<()> {
    let Some(server) = server()? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    let mut first = beat("worker", "starting");
    first.display_name = Some("Worker".into());
    first.metadata = Some(object("{\"workflow\":\"w\"}")?);
    first.ttl_s = 1;
    store.beat(now(), &first).await?;
    let mut last = beat("worker", "completed");
    last.ttl_s = 1;
    store.beat(now(), &last).await?;
    let mut raw = raw(&server.url())?;
    let (_, naive) = OLD[0];
    raw.set_ex::<_, _, ()>("empathy:heartbeat:old-1", naive, 600)?;
    raw.set_ex::<_, _, ()>(
        "empathy:heartbeat:bad-1",
        r#"{"agent_id": "bad-1", "status": 5}"#,
        600,
    )?;
    raw.set_ex::<_, _, ()>("empathy:heartbeat:bad-2", "[]", 600)?;
    raw.lpush::<_, _, ()>("empathy:heartbeat:bad-3", "x")?;
    eventually(async || {
        let gone: bool = raw.exists("empathy:heartbeat:worker")?;
        Ok((!gone).then_some(()))
    })
    .await?;
    let fleet = store.fleet(now()).await?;
    let ids: Vec<&str> = fleet.items.iter().map(|row| &*row.beat.agent_id).collect();
    assert_eq!(ids, ["old-1", "worker"]);
    let worker = &fleet.items[1].beat;
    assert!(worker.is_final());
    assert_eq!(worker.display_name.as_deref(), Some("Worker"));
    assert_eq!(worker.metadata.as_str(), r#"{"workflow": "w"}"#);
    let bad: Vec<&str> = fleet.malformed.iter().map(|bad| &*bad.key).collect();
    assert_eq!(
        bad,
        [
            "empathy:heartbeat:bad-1",
            "empathy:heartbeat:bad-2",
            "empathy:heartbeat:bad-3"
        ]
    );
    let error = store.agent(now(), "bad-1").await;
    assert!(error.is_err_and(|error| error.kind == StoreErrorKind::Malformed));
    Ok(())
}

/// Rows 13 and 14: an answer that may be missed is not taken, one that was missed is
/// told; late, contradicting and unknown ones are refused.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_do_not_count_are_not_taken() -> Result<()> {
    let Some((server, mut python)) = with_peers()? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    let unknown = store
        .decide(now(), &answer("approval_ffffffff", true))
        .await?;
    assert_eq!(unknown, Decision::Refused(Refusal::Unknown));

    python.call(
        "ask",
        &json!({"agent": "wf-1", "type": "deploy", "timeout": 1.2}),
    )?;
    let pending = eventually(async || {
        let listing = store.approvals(now(), &ApprovalFilter::default()).await?;
        Ok(listing.items.into_iter().next())
    })
    .await?;
    let id = pending.request.request_id;
    let mut careful = answer(&id, true);
    careful.min_left_us = MIN_ANSWER_LEFT_US;
    let late = store.decide(now(), &careful).await?;
    assert!(
        matches!(late, Decision::Refused(Refusal::TooLate { .. })),
        "{late:?}"
    );
    // By force, after its last look: the requester misses the answer, and says so itself.
    eventually(async || {
        let left = pending.deadline.as_micros() - now().as_micros();
        Ok((left < 150_000).then_some(()))
    })
    .await?;
    let forced = store.decide(now(), &answer(&id, true)).await?;
    assert!(matches!(forced, Decision::Taken(_)), "{forced:?}");
    let got = python.call("asked", &json!({"agent": "wf-1"}))?;
    assert_eq!(got["approved"], false);
    let row = store.approval(now(), &id).await?;
    let row = row.ok_or_else(|| anyhow::anyhow!("not there"))?;
    assert_eq!(row.request.status, ApprovalStatus::Timeout, "{row:?}");
    assert!(matches!(row.state, ApprovalState::Answered(_)));

    store.request(now(), &request(1, "wf-2", 60)).await?;
    let id = "approval_00000001";
    store.decide(now(), &answer(id, false)).await?;
    let second = store.decide(now(), &answer(id, true)).await?;
    let Decision::Refused(Refusal::AlreadyDecided(row)) = second else {
        anyhow::bail!("{second:?}");
    };
    assert!(matches!(row.state, ApprovalState::Answered(first) if !first.approved));
    store.request(now(), &request(2, "wf-2", 0)).await?;
    let passed = store
        .decide(now(), &answer("approval_00000002", true))
        .await?;
    assert!(
        matches!(passed, Decision::Refused(Refusal::DeadlinePassed(_))),
        "{passed:?}"
    );
    Ok(())
}

/// Answers that attune writes over a decision change nothing, and are told.
#[tokio::test(flavor = "multi_thread")]
async fn answers_written_over_a_decision_are_told() -> Result<()> {
    let Some((server, mut python)) = with_peers()? else {
        return Ok(());
    };
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let store = open_with(
        &server.url(),
        RedisOptions {
            tell: Some(Arc::new(move |line: &str| {
                let mut told = tell.lock().unwrap_or_else(PoisonError::into_inner);
                told.push(line.to_owned());
            })),
            ..RedisOptions::default()
        },
    )
    .await?;
    store.watch_foreign();
    eventually(async || Ok((store.watch_report().mode == WatchMode::Notified).then_some(())))
        .await?;
    for (id, timeout) in [(1, 60), (2, 0)] {
        store.request(now(), &request(id, "wf", timeout)).await?;
    }
    let (decided, over) = ("approval_00000001", "approval_00000002");
    store.decide(now(), &answer(decided, true)).await?;
    // The same again contradicts nothing.
    for (id, approved) in [(decided, true), (decided, false), (over, true)] {
        let respond = json!({"id": id, "approved": approved, "responder": "py"});
        assert_eq!(python.call("respond", &respond)?, true);
    }
    let contested = eventually(async || {
        let report = store.watch_report();
        Ok((report.contested == 2).then_some(report.contested))
    });
    contested.await?;
    let row = |id| store.approval(now(), id);
    let first = row(decided).await?;
    let first = first.ok_or_else(|| anyhow::anyhow!("not there"))?;
    assert!(matches!(&first.state, ApprovalState::Answered(answer) if answer.approved));
    assert!(
        first
            .contested_by
            .is_some_and(|other| !other.approved && other.responder == "py")
    );
    let second = row(over).await?;
    let second = second.ok_or_else(|| anyhow::anyhow!("not there"))?;
    assert_eq!(second.state, ApprovalState::TimedOut);
    assert!(second.contested_by.is_some_and(|other| other.approved));
    let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let lines: Vec<&String> = told
        .iter()
        .filter(|line| line.contains("which stands"))
        .collect();
    assert_eq!(lines.len(), 2, "{told:?}");
    assert!(
        lines[0].contains("was approved by kim@example.org"),
        "{told:?}"
    );
    Ok(())
}

/// Row 16: a consumer that waits for longer than any timeout of a connection goes on.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_consumer_goes_on() -> Result<()> {
    // The server itself ends connections that say nothing for a second.
    let Some(server) = RedisServer::start(&["--timeout", "1"])? else {
        skip("there is no redis-server");
        return Ok(());
    };
    let options = RedisOptions {
        foreign: false,
        ..RedisOptions::default()
    };
    let store = open_with(&server.url(), options.clone()).await?;
    let mut watch = store.watch(Interest::Streams(None)).await?;
    // Longer than an answer may take, and than the server bears with silence.
    let idle_until = Instant::now() + Duration::from_secs(5);
    while watch.changed(Some(idle_until)).await? == Wake::Changed {}
    let publisher = open_with(&server.url(), options).await?;
    publisher.publish(now(), &event("progress", "{}")?).await?;
    let began = Instant::now();
    let woken = watch.changed(Some(began + PATIENCE)).await?;
    assert_eq!(woken, Wake::Changed);
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    let read = StreamRead {
        from: vec![("progress".into(), Position::Start)],
        count: 10,
    };
    assert_eq!(store.read(now(), &read).await?[0].events.len(), 1);
    Ok(())
}

/// Rows 15 and 17: a busy consumer of two streams loses nothing, and what is no event
/// is told as such.
#[tokio::test(flavor = "multi_thread")]
async fn consumers_lose_nothing() -> Result<()> {
    let Some((server, mut python)) = with_peers()? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    let mut from = vec![
        (String::from("one"), Position::After(StreamId::ZERO)),
        (String::from("two"), Position::After(StreamId::ZERO)),
    ];
    let mut seen = Vec::new();
    for n in 0..20 {
        for stream in ["one", "two"] {
            python.call("publish", &json!({"type": stream, "data": {"n": n}}))?;
        }
        let batches = store
            .read(
                now(),
                &StreamRead {
                    from: from.clone(),
                    count: 1,
                },
            )
            .await?;
        for (place, batch) in from.iter_mut().zip(batches) {
            place.1 = Position::After(batch.next);
            seen.extend(batch.events.into_iter().map(|given| given.event.event_id));
        }
    }
    assert_eq!(seen.len(), 40);
    let mut raw = raw(&server.url())?;
    raw.xadd::<_, _, _, _, ()>("stream:one", "*", &[("data", "no json")])?;
    raw.xadd::<_, _, _, _, ()>("stream:one", "*", &[("event_type", "one"), ("data", "{}")])?;
    let batch = store
        .read(now(), &StreamRead { from, count: 10 })
        .await?
        .remove(0);
    assert_eq!((batch.events.len(), batch.malformed.len()), (1, 1));
    let query = RecentQuery {
        event_type: "one".into(),
        count: 2,
        from: StreamId::ZERO,
        to: StreamId::MAX,
    };
    let recent = store.recent(now(), &query).await?;
    assert_eq!((recent.items.len(), recent.malformed.len()), (1, 1));
    assert_eq!(recent.items[0].timestamp, None);
    Ok(())
}

/// Rows 18 and 19: the newest scores are the newest; names with colons stay apart;
/// naive and other times mix.
#[tokio::test(flavor = "multi_thread")]
async fn scores_are_the_newest_and_of_their_own_names() -> Result<()> {
    let Some(server) = server()? else {
        return Ok(());
    };
    let store = open(&server.url()).await?;
    let rated = |n: u32, workflow: &str, stage: &str, nanos| QualityFeedback {
        feedback_id: format!("feedback_{n:08x}"),
        workflow_name: workflow.into(),
        stage_name: stage.into(),
        tier: "cheap".into(),
        quality_score: Decimal::from_nanos(nanos),
        timestamp: None,
        metadata: JsonObject::default(),
    };
    for n in 0..150 {
        let nanos = if n < 50 { 950_000_000 } else { 100_000_000 };
        store.feedback(now(), &rated(n, "w", "s", nanos)).await?;
    }
    let newest = FeedbackQuery {
        limit: 100,
        ..history("w")
    };
    let newest = store.feedback_history(now(), &newest).await?;
    assert_eq!(newest.items.len(), 100);
    assert!(
        newest
            .items
            .iter()
            .all(|score| score.quality_score == Decimal::from_nanos(100_000_000))
    );
    store.feedback(now(), &rated(1, "a:b", "c", 0)).await?;
    store.feedback(now(), &rated(1, "a", "b:c", 0)).await?;
    let of_a = store.feedback_history(now(), &history("a")).await?;
    assert_eq!(of_a.items.len(), 1);
    assert_eq!(of_a.items[0].stage_name, "b:c");
    let mut raw = raw(&server.url())?;
    let (key, naive) = OLD[3];
    raw.set_ex::<_, _, ()>(key, naive, 600)?;
    store
        .feedback(now(), &rated(2, "code-review", "analysis", 0))
        .await?;
    // A fresh process looks through the key space.
    let other = open_with(&server.url(), RedisOptions::default()).await?;
    let mixed = other
        .feedback_history(now(), &history("code-review"))
        .await?;
    assert_eq!(mixed.items.len(), 2);
    assert_eq!(mixed.items[1].feedback_id, "feedback_aaaa0001");
    Ok(())
}

/// A server that tells nothing: the key space is gone through again and again.
#[tokio::test(flavor = "multi_thread")]
async fn foreign_writes_are_noticed_without_the_servers_help() -> Result<()> {
    let Some(server) = RedisServer::start(&[])? else {
        skip("there is no redis-server");
        return Ok(());
    };
    let store = watching(&server).await?;
    assert_eq!(store.watch_report().mode, WatchMode::Scanning);
    let interest = Interest::Signals {
        agent_id: "tester".into(),
    };
    let mut watch = store.watch(interest).await?;
    let mut raw = raw(&server.url())?;
    let began = Instant::now();
    let (key, value) = OLD[1];
    raw.set_ex::<_, _, ()>(key, value, 60)?;
    let woken = watch.changed(Some(began + PATIENCE)).await?;
    assert_eq!(woken, Wake::Changed);
    assert!(
        began.elapsed() < Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
    delivered(store.take(now(), &of("tester", None)).await?)?;
    // One that expired while it was watched is told from one that never was.
    let short = r#"{"signal_id": "signal_aaaa0002", "signal_type": "ready", "source_agent": "orch", "target_agent": "tester", "payload": {}, "timestamp": "2026-11-20T11:41:16.555572", "ttl_seconds": 1}"#;
    raw.set_ex::<_, _, ()>("empathy:signal:tester:ready:signal_aaaa0002", short, 1)?;
    let expired = eventually(async || {
        let check = store.check(now(), &of("tester", Some("ready"))).await?;
        Ok(match check {
            SignalCheck::Expired(held) => Some(held.signal.signal_id),
            _ => None,
        })
    })
    .await?;
    assert_eq!(expired, "signal_aaaa0002");
    Ok(())
}
