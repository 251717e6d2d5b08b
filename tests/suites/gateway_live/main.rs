//! `muster gateway` on a gateway that is broken while it looks.
#![allow(missing_docs, reason = "a test suite")]

mod fake;
mod journal;

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fake::{Fake, ago, fixture, silent, text_of};
use redis::Commands as _;
use serde_json::{Value, json};

/// Whatever hangs, a diagnosis is there by then.
const PATIENCE: Duration = Duration::from_secs(40);

fn layer<'v>(view: &'v Value, name: &str) -> &'v Value {
    let layers = view["layers"].as_array().into_iter().flatten();
    layers
        .into_iter()
        .find(|layer| layer["layer"] == name)
        .unwrap_or(&Value::Null)
}

/// One way to break it: its name, what to do, and the answer.
type Break = (
    &'static str,
    fn(&mut Fake) -> Result<()>,
    &'static str,
    &'static str,
);

/// The status document of a fixture.
fn status_of(fake: &Fake, name: &str) -> Result<()> {
    let status = fixture(name)?["evidence"]["status"].clone();
    fake.endpoint().health = Some(status.to_string());
    Ok(())
}

const BREAKS: [Break; 20] = [
    ("nothing", |_| Ok(()), "ok", "none"),
    (
        "the process ends",
        |fake| {
            fake.end_process();
            Ok(())
        },
        "failed",
        "process.not_running",
    ),
    (
        "the pid file names another",
        |fake| fake.write("gateway.pid", "999999\n"),
        "degraded",
        "process.pid_file_stale",
    ),
    (
        "Redis ends",
        |fake| {
            fake.redis.kill();
            status_of(fake, "m-redis-degraded")
        },
        "degraded",
        "redis.degraded_mode",
    ),
    (
        "the endpoint says nothing",
        |fake| {
            fake.endpoint().health = None;
            Ok(())
        },
        "unknown",
        "none",
    ),
    (
        "the status is half written",
        |fake| {
            fake.endpoint().health = Some("{\"available\": tr".to_owned());
            Ok(())
        },
        "unknown",
        "none",
    ),
    (
        "the machine stops",
        |fake| fake.write("vm.json", "{\"name\":\"default\",\"status\":\"Stopped\"}\n"),
        "failed",
        "substrate.vm_down",
    ),
    (
        "a pod crashes",
        |fake| fake.cluster("True", "CrashLoopBackOff"),
        "failed",
        "substrate.pod_not_running",
    ),
    (
        "the node is not ready",
        |fake| fake.cluster("False", "Running"),
        "failed",
        "substrate.node_not_ready",
    ),
    (
        "events pile up",
        |fake| {
            let mut redis = fake.connection()?;
            for id in 0..5 {
                redis.lpush::<_, _, ()>(
                    "joelclaw:events:gateway",
                    json!({"id": id, "type": "x"}).to_string(),
                )?;
            }
            Ok(())
        },
        "failed",
        "queue.backlog",
    ),
    (
        "the context is full",
        |fake| status_of(fake, "m-pressure-critical"),
        "degraded",
        "pressure.critical",
    ),
    (
        "pressure rises",
        |fake| status_of(fake, "x-pressure-elevated"),
        "degraded",
        "pressure.elevated",
    ),
    (
        "a channel is muted",
        |fake| status_of(fake, "c-muted-imessage"),
        "degraded",
        "channel.muted_known_issue",
    ),
    (
        "the provider is odd",
        |fake| {
            fake.endpoint().provider = Some((502, "<html>".to_owned()));
            Ok(())
        },
        "degraded",
        "model.api_unexpected",
    ),
    (
        "the provider is silent",
        |fake| {
            fake.endpoint().provider = None;
            Ok(())
        },
        "degraded",
        "model.api_unreachable",
    ),
    (
        "an exception is thrown",
        |fake| {
            fake.append(
                "gateway.err",
                "[gateway] uncaught exception {\n  error: \"boom\",\n}\n",
            )
        },
        "degraded",
        "process.uncaught_exception",
    ),
    (
        "the transport is slim and its agent away",
        |fake| Ok(std::fs::remove_file(fake.path("gateway.ws.port"))?),
        "degraded",
        "agent.heartbeat_missing",
    ),
    (
        "telemetry cannot be read",
        |fake| Ok(std::fs::remove_file(fake.path("otel.jsonl"))?),
        "unknown",
        "none",
    ),
    (
        "the login expires",
        |fake| {
            let bundle = fixture("s2a-auth-expired")?;
            let text = bundle["evidence"]["err_log"]
                .as_str()
                .unwrap_or("")
                .to_owned();
            status_of(fake, "s2a-auth-expired")?;
            fake.append("gateway.err", &text)
        },
        "failed",
        "model.auth_expired",
    ),
    (
        "the configured model is not the live one",
        |fake| {
            fake.status(|status| status["model"] = json!("openai-codex/gpt-5.4"))?;
            Ok(())
        },
        "degraded",
        "model.resume_drift",
    ),
];

#[test]
fn every_break_is_told() -> Result<()> {
    for (name, breaks, verdict, cause) in BREAKS {
        let Some(mut fake) = Fake::start()? else {
            return Ok(());
        };
        breaks(&mut fake).context(name)?;
        let before = fake.changes().unwrap_or_default();
        let began = Instant::now();
        let view = fake.diagnosis(&[]).context(name)?;
        ensure!(began.elapsed() < PATIENCE, "{name}: {:?}", began.elapsed());
        ensure!(
            (view["verdict"].as_str(), view["cause"].as_str()) == (Some(verdict), Some(cause)),
            "{name}: {view:#}"
        );
        // Looking changes nothing.
        assert_eq!(fake.changes().unwrap_or_default(), before, "{name}");
    }
    Ok(())
}

#[test]
fn what_hangs_or_is_hostile_is_told_in_time() -> Result<()> {
    let Some(mut fake) = Fake::start()? else {
        return Ok(());
    };
    // A log of 1 GB with a hole, one that is no text, one that is a pipe.
    let mut log = File::create(fake.path("gateway.err"))?;
    log.set_len(1 << 30)?;
    log.seek(SeekFrom::End(0))?;
    log.write_all(b"\n[gateway] uncaught exception {\n  error: \"boom\",\n}\n")?;
    let noise: Vec<u8> = (0..3_000_000_u32)
        .map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2])
        .collect();
    std::fs::write(fake.path("gateway.log"), noise)?;
    std::fs::remove_file(fake.path("otel.jsonl"))?;
    let made = std::process::Command::new("mkfifo")
        .arg(fake.path("otel.jsonl"))
        .status()?;
    ensure!(made.success(), "no pipe could be made");
    fake.append("sessions/x_s-1.jsonl", "{\"type\":\"message\",\"mess")?;
    // Redis takes the connection and says nothing, the command for the status never ends.
    let (_listener, port) = silent()?;
    fake.settings = "status_command = [\"sh\", \"-c\", \"sleep 600 & sleep 600\"]\n".into();
    let profile = format!("redis://127.0.0.1:{port}");
    let real = fake.redis.url();
    fake.settings += "versions.slow = [\"sleep\", \"600\"]\n";
    let began = Instant::now();
    let view = fake.diagnosis(&[])?;
    ensure!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    assert_eq!(layer(&view, "cli-status")["status"], "unknown", "{view:#}");
    let detail = layer(&view, "cli-status")["detail"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    ensure!(detail.contains("no end within"), "{detail}");
    assert_eq!(layer(&view, "otel")["status"], "unknown");
    let seen = [&view["cause"], &view["secondary"]]
        .map(ToString::to_string)
        .concat();
    ensure!(seen.contains("process.uncaught_exception"), "{seen}");
    ensure!(
        view["notes"].to_string().contains("were not read"),
        "{}",
        view["notes"]
    );

    // The same with a Redis that never answers.
    let text = text_of(&fake.path("fake.toml")).replace(&real, &profile);
    fake.write("silent.toml", &text)?;
    let began = Instant::now();
    let output = muster_tests::binary::in_home(&fake.path(""))
        .args([
            "gateway",
            "diagnose",
            "--json",
            "--profile",
            "fake",
            "--config",
        ])
        .arg(fake.path("silent.toml"))
        .output()?;
    ensure!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    let view: Value = serde_json::from_slice(&output.stdout)?;
    let seen = [&view["cause"], &view["secondary"]]
        .map(ToString::to_string)
        .concat();
    ensure!(seen.contains("redis.unreachable"), "{view:#}");
    Ok(())
}

#[test]
fn a_bundle_leaves_without_secrets_and_is_diagnosed_alike() -> Result<()> {
    let Some(fake) = Fake::start()? else {
        return Ok(());
    };
    fake.append(
        "gateway.err",
        "[gateway] uncaught exception {\n  error: \"boom sk-ant-api03-abcdefghijklmnop\",\n}\n",
    )?;
    fake.append("gateway.log", "the answer names Ann\n")?;
    let file = fake.path("bundle.json").display().to_string();
    let output = fake.muster(&["collect", "--out", &file])?;
    ensure!(
        output.status.code() == Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = text_of(&fake.path("bundle.json"));
    for gone in ["abcdefghijklmnop", "Ann"] {
        ensure!(!text.contains(gone), "{gone} is in the bundle");
    }
    let live = fake.diagnosis(&[])?;
    let told = std::process::Command::new(muster_tests::binary::muster())
        .args(["gateway", "diagnose", "--bundle", &file, "--json"])
        .output()?;
    let view: Value = serde_json::from_slice(&told.stdout)?;
    for field in ["verdict", "cause", "secondary", "delivery"] {
        assert_eq!(view[field], live[field], "{field}");
    }
    assert_eq!(view["cause"], "process.uncaught_exception");
    let bundle: Value = serde_json::from_str(&text)?;
    let artifacts = bundle["evidence"]["artifacts"]
        .as_object()
        .context("no artifacts")?;
    ensure!(
        artifacts.len() >= 10 && artifacts["pid_file"]["bytes"].is_u64(),
        "{artifacts:?}"
    );
    let explained = fake.muster(&["diagnose", "--explain"])?;
    let text = String::from_utf8_lossy(&explained.stdout).into_owned();
    ensure!(
        text.contains("start_script") && text.contains("not there"),
        "{text}"
    );
    Ok(())
}

#[test]
fn the_monitor_counts_alerts_and_restarts() -> Result<()> {
    let Some(mut fake) = Fake::start()? else {
        return Ok(());
    };
    let told = fake.path("told").display().to_string();
    let command = format!("printf '%s\\n' \"$MUSTER_ALERT\" >> {told}");
    let hook = format!("http://127.0.0.1:{}/hook", fake.port);
    let metrics = fake.path("metrics.prom").display().to_string();
    let emitted = fake.path("emitted.jsonl").display().to_string();
    let once = [
        "monitor",
        "--once",
        "--json",
        "--alert-command",
        &command,
        "--alert-webhook",
        &hook,
        "--metrics",
        &metrics,
        "--emit",
        &emitted,
    ];
    let check = |fake: &Fake, more: &[&str]| -> Result<(Option<i32>, Value)> {
        let output = fake.muster(&[&once[..], more].concat())?;
        let view = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok((output.status.code(), view))
    };
    assert_eq!(check(&fake, &[])?.0, Some(0));
    fake.end_process();
    let (exit, first) = check(&fake, &[])?;
    assert_eq!((exit, &first["streak"]), (Some(1), &json!(1)), "{first:#}");
    assert_eq!(text_of(&fake.path("told")), "");
    // Switched off, nobody is told; the row goes on.
    let mut redis = fake.connection()?;
    redis.set::<_, _, ()>("alerts:suppress:check-gateway-health", "1")?;
    let (_, second) = check(&fake, &[])?;
    assert_eq!(
        (&second["streak"], text_of(&fake.path("told")).as_str()),
        (&json!(2), "")
    );
    redis.del::<_, ()>("alerts:suppress:check-gateway-health")?;
    // An alert that was held back is none: it comes as soon as it may.
    let (_, third) = check(&fake, &[])?;
    let alert = text_of(&fake.path("told"));
    ensure!(alert.contains("process.not_running"), "{third:#}");
    fake.write("told", "")?;
    // What is remembered lies in the data folder; without it counting begins anew.
    std::fs::remove_file(fake.path(".local/share/muster/gateway-monitor-fake.json"))?;
    check(&fake, &[])?;
    assert_eq!(text_of(&fake.path("told")), "");
    check(&fake, &[])?;
    let alert = text_of(&fake.path("told"));
    ensure!(alert.contains("process.not_running"), "{alert:?}");
    ensure!(
        fake.endpoint()
            .posted
            .iter()
            .any(|body| body.contains("process.not_running"))
    );
    // Not again so soon.
    check(&fake, &[])?;
    assert_eq!(text_of(&fake.path("told")), alert);
    ensure!(text_of(&fake.path("metrics.prom")).contains("muster_gateway_failed_checks 3"));
    let events = text_of(&fake.path("emitted.jsonl"));
    assert_eq!(events.lines().count(), 7);
    ensure!(
        events.contains("\"action\":\"gateway.health.checked\""),
        "{events}"
    );

    // A restart that helps: nobody is told, and the row is over.
    let pid = fake.path("gateway.pid").display().to_string();
    let restart = format!(
        "sleep 86399.{} > /dev/null 2>&1 & echo $! > {pid}",
        fake.port
    );
    let (exit, healed) = check(&fake, &["--restart-command", &restart])?;
    let restarted = text_of(&fake.path("gateway.pid"));
    let done = healed["done"].to_string();
    let ended = std::process::Command::new("kill")
        .arg(restarted.trim())
        .status()?;
    ensure!(ended.success(), "{restarted}");
    ensure!(
        exit == Some(0) && done.contains("self-healed"),
        "{healed:#}"
    );
    assert_eq!(
        (&healed["streak"], text_of(&fake.path("told"))),
        (&json!(0), alert)
    );
    Ok(())
}

#[test]
fn the_monitor_sees_channels_fail_by_their_telemetry() -> Result<()> {
    let Some(fake) = Fake::start()? else {
        return Ok(());
    };
    let event = |action: &str| -> Result<String> {
        let event = json!({"ts": ago(60)?, "component": "slack-channel", "action": action});
        Ok(format!("{event}\n"))
    };
    fake.write("otel.jsonl", &event("slack.send.failed")?.repeat(6))?;
    let told = fake.path("told").display().to_string();
    let command = format!("printf '%s\\n' \"$MUSTER_ALERT\" >> {told}");
    let check = |more: &[&str]| -> Result<(Option<i32>, Value)> {
        let args = ["monitor", "--once", "--json", "--alert-command"];
        let output = fake.muster(&[&args[..], &[&command], more].concat())?;
        let view = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok((output.status.code(), view))
    };
    // Who does not ask is told nothing of them.
    let (exit, unasked) = check(&[])?;
    assert_eq!((exit, &unasked["channels"]), (Some(0), &json!([])));
    let (exit, first) = check(&["--channel-probes"])?;
    assert_eq!(exit, Some(0), "{first:#}");
    let slack = json!({"channel": "slack", "status": "failed", "severe": 6, "success": 0});
    assert!(
        first["channels"]
            .as_array()
            .is_some_and(|all| all.len() == 4 && all.contains(&slack)),
        "{first:#}"
    );
    let (exit, second) = check(&["--channel-probes"])?;
    assert_eq!(
        (exit, &second["failing_channels"]),
        (Some(1), &json!(["slack"]))
    );
    let alert = text_of(&fake.path("told"));
    assert_eq!(
        alert.trim(),
        "gateway channels: slack failed (6 failures, 0 successes in 30 min)"
    );
    // Not again so soon; and of one that is muted not at all.
    check(&["--channel-probes"])?;
    fake.connection()?
        .set::<_, _, ()>("gateway:health:muted-channels", "[\"slack\"]")?;
    let (exit, muted) = check(&["--channel-probes"])?;
    assert_eq!((exit, &muted["muted"]), (Some(0), &json!(["slack"])));
    assert_eq!(text_of(&fake.path("told")), alert);
    // Something gets through again.
    let text = text_of(&fake.path("otel.jsonl")) + &event("slack.send.completed")?;
    fake.write("otel.jsonl", &text)?;
    let (_, better) = check(&["--channel-probes"])?;
    let status = better["channels"].as_array().into_iter().flatten();
    let status: Vec<&Value> = status.map(|channel| &channel["status"]).collect();
    assert!(status.contains(&&json!("degraded")), "{better:#}");
    // Telemetry that cannot be read says nothing of a channel.
    std::fs::remove_file(fake.path("otel.jsonl"))?;
    let (exit, gone) = check(&["--channel-probes"])?;
    assert_eq!(exit, Some(0), "{gone:#}");
    assert_eq!(gone["channels"][0]["status"], "unknown");
    Ok(())
}

/// A daemon that takes events out of its list.
fn drainer(fake: &Fake, stop: &Arc<AtomicBool>) -> Result<thread::JoinHandle<()>> {
    let (mut redis, stop) = (fake.connection()?, Arc::clone(stop));
    Ok(thread::spawn(move || {
        while !stop.load(Ordering::SeqCst) {
            // Waits for an event, and not for ever.
            let taken: redis::RedisResult<Option<(String, String)>> =
                redis.brpop("joelclaw:events:gateway", 0.2);
            if taken.is_err() {
                return;
            }
        }
    }))
}

#[test]
fn a_test_proves_that_an_answer_comes_back() -> Result<()> {
    let Some(fake) = Fake::start()? else {
        return Ok(());
    };
    let stop = Arc::new(AtomicBool::new(false));
    let daemon = drainer(&fake, &stop)?;
    let passed = fake.muster(&["test", "--json"])?;
    let view: Value = serde_json::from_slice(&passed.stdout)?;
    ensure!(passed.status.code() == Some(0), "{view:#}");
    let whole = fake.diagnosis(&["--with-test"])?;
    assert_eq!(layer(&whole, "e2e-test")["status"], "ok", "{whole:#}");
    // A drained list alone is no answer.
    fake.endpoint().answers = false;
    let mute = fake.muster(&["test", "--json", "--timeout", "1"])?;
    let view: Value = serde_json::from_slice(&mute.stdout)?;
    assert_eq!(
        (mute.status.code(), &view["drained"], &view["answered"]),
        (Some(1), &json!(true), &json!(false))
    );
    stop.store(true, Ordering::SeqCst);
    ensure!(daemon.join().is_ok(), "the drainer broke off");
    // Nobody takes it: it is taken back.
    let stuck = fake.muster(&["test", "--json", "--timeout", "1"])?;
    let view: Value = serde_json::from_slice(&stuck.stdout)?;
    assert_eq!(
        (stuck.status.code(), &view["drained"]),
        (Some(1), &json!(false)),
        "{view:#}"
    );
    let left: u64 = fake.connection()?.llen("joelclaw:events:gateway")?;
    assert_eq!(left, 0);
    Ok(())
}

#[test]
fn status_events_telemetry_and_session_are_shown() -> Result<()> {
    let Some(mut fake) = Fake::start()? else {
        return Ok(());
    };
    let text = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let status = fake.muster(&["status"])?;
    ensure!(
        status.status.code() == Some(0) && text(&status).starts_with("AVAILABLE"),
        "{}",
        text(&status)
    );
    fake.status(|status| {
        status["available"] = json!(false);
        status["components"]["session"] = json!("stuck (190s)");
    })?;
    fake.endpoint().code = 503;
    let status = fake.muster(&["status"])?;
    ensure!(
        status.status.code() == Some(1) && text(&status).contains("a turn does not end"),
        "{}",
        text(&status)
    );

    let mut redis = fake.connection()?;
    let at_ms = 1_800_043_080_000_i64;
    let event =
        json!({"id": "e1", "type": "cron.heartbeat", "source": "cron", "ts": at_ms, "payload": {}});
    redis.lpush::<_, _, ()>("joelclaw:events:gateway", event.to_string())?;
    let payload = json!({"source": "telegram:515001", "prompt": "hello you"}).to_string();
    redis::cmd("XADD")
        .arg("joelclaw:gateway:messages")
        .arg("*")
        .arg("payload")
        .arg(payload)
        .exec(&mut redis)?;
    let before = fake.changes()?;
    let events = fake.muster(&["events", "--json"])?;
    let view: Value = serde_json::from_slice(&events.stdout)?;
    assert_eq!(
        view["queues"][1]["events"][0]["event_type"], "cron.heartbeat",
        "{view:#}"
    );
    assert_eq!(
        (&view["unserved"], &view["oldest"][0]["prompt_chars"]),
        (&json!(1), &json!(9))
    );
    ensure!(!view.to_string().contains("hello you"), "{view}");
    assert_eq!(fake.changes()?, before);

    let line = |action: &str, metadata: Value| -> Result<String> {
        let event = json!({"ts": ago(30)?, "component": "daemon.outbound", "action": action, "metadata": metadata});
        Ok(format!("{event}\n"))
    };
    let lines = line(
        "response.generated.background_source",
        json!({"hasActiveSource": false}),
    )? + &line(
        "outbound.console_forward.suppressed_policy",
        json!({"hasCapturedSource": false}),
    )?;
    fake.write("otel.jsonl", &lines)?;
    let found = fake.muster(&["otel", "suppressed", "--attribution"])?;
    let told = text(&found);
    ensure!(
        found.status.code() == Some(0) && told.contains("hasActiveSource = false"),
        "{told}"
    );
    assert_eq!(fake.muster(&["otel", "nowhere"])?.status.code(), Some(1));

    let review = fake.muster(&["review"])?;
    let told = text(&review);
    ensure!(
        review.status.code() == Some(0) && told.contains("assistant  (stop)"),
        "{told}"
    );
    // Without its files and servers each says what is not there.
    std::fs::remove_dir_all(fake.path("sessions"))?;
    fake.redis.kill();
    fake.write("gateway.ws.port", "1\n")?;
    for command in ["review", "events", "status"] {
        let output = fake.muster(&[command])?;
        assert_eq!(
            output.status.code(),
            Some(3),
            "{command}: {}",
            text(&output)
        );
    }
    Ok(())
}
