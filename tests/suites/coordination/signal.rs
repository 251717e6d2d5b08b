//! `muster signal`.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use muster_tests::fleet::Fleet;
use serde_json::{Value, json};

use crate::at;

crate::on_each_store![
    a_signal_is_pending_then_delivered_once,
    expired_is_told_from_never_seen,
    a_waiting_process_is_woken,
    one_signal_goes_to_one_of_two_that_wait,
    a_broadcast_reaches_each_agent_once,
    a_broadcast_is_told_from_an_agent_called_all,
    signals_are_listed_and_cleared,
    a_lifetime_below_the_slowest_delivery_is_warned_of,
    wrong_usage_is_told,
    every_call_is_told_when_asked,
];

const SEND: [&str; 8] = [
    "signal", "send", "--from", "builder", "--to", "tester", "--type", "ready",
];
const CHECK: [&str; 6] = ["signal", "check", "--agent", "tester", "--type", "ready"];
const WAIT: [&str; 6] = ["signal", "wait", "--agent", "tester", "--type", "ready"];

fn a_signal_is_pending_then_delivered_once(fleet: &Fleet) -> Result<()> {
    let never = fleet.json(1, &CHECK)?;
    assert_eq!(never["outcome"], "never_seen");
    assert_eq!(never["signal"], Value::Null);

    let payload = ["--payload", r#"{"step": 2, "note": "caf\u00e9"}"#];
    let sent = fleet.json(0, &[&SEND[..], &payload].concat())?;
    assert_eq!(sent["target_agent"], "tester");
    assert_eq!(sent["ttl_seconds"], 60);
    let pending = fleet.json(0, &CHECK)?;
    assert_eq!(pending["outcome"], "pending");
    assert_eq!(pending["ttl_seconds"], 60);
    assert_eq!(pending["signal"]["signal_id"], sent["signal_id"]);
    assert_eq!(
        pending["signal"]["payload"],
        json!({"step": 2, "note": "caf\u{e9}"})
    );

    let delivered = fleet.json(0, &WAIT)?;
    assert_eq!(delivered["outcome"], "delivered");
    assert_eq!(delivered["signal"]["signal_id"], sent["signal_id"]);
    let gone = fleet.json(1, &[&CHECK[..], &["--take"]].concat())?;
    assert_eq!(gone["outcome"], "never_seen");
    assert!(gone["last_delivered_at"].is_string(), "{gone}");

    // The same id again is not sent again.
    let id = ["--id", "signal_twice"];
    assert_eq!(
        fleet.json(0, &[&SEND[..], &id].concat())?["repeated"],
        false
    );
    assert_eq!(fleet.json(0, &[&SEND[..], &id].concat())?["repeated"], true);
    let again = fleet.expect(0, &[&SEND[..], &id].concat())?.stdout;
    assert!(
        again.starts_with("Nothing was sent now: signal_twice was sent before"),
        "{again}"
    );
    // Also once it was received; and under its id nothing else is sent.
    fleet.expect(0, &[&CHECK[..], &["--take"]].concat())?;
    assert_eq!(fleet.json(0, &[&SEND[..], &id].concat())?["repeated"], true);
    for other in [
        &["--payload", "{\"step\": 3}"][..],
        &["--from", "planner"],
        &["--to", "builder"],
        &["--type", "done"],
    ] {
        let mut args = SEND.to_vec();
        if let Some(at) = args.iter().position(|arg| Some(arg) == other.first()) {
            args.drain(at..at + 2);
        }
        let error = fleet.json(2, &[&args[..], other, &id].concat())?;
        let message = error["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("the id of another signal"), "{error}");
    }
    let broadcast = [
        "signal",
        "broadcast",
        "--from",
        "builder",
        "--type",
        "ready",
    ];
    fleet.expect(2, &[&broadcast[..], &id].concat())?;
    fleet.expect(0, &SEND)?;
    let human = fleet.expect(0, &CHECK)?;
    assert!(human.stdout.starts_with("pending: ready from builder"));
    Ok(())
}

fn expired_is_told_from_never_seen(fleet: &Fleet) -> Result<()> {
    let (sent_at, later) = (at(0), at(9));
    fleet.expect(0, &[&SEND[..], &["--ttl", "5", "--now", &sent_at]].concat())?;
    let view = fleet.json(1, &[&CHECK[..], &["--now", &later]].concat())?;
    assert_eq!(view["outcome"], "expired");
    assert_eq!(view["expired_at"], at(5));
    assert_eq!(view["ttl_seconds"], 5);
    let view = fleet.json(
        1,
        &[&WAIT[..], &["--now", &later, "--timeout", "0"]].concat(),
    )?;
    assert_eq!(view["outcome"], "expired");
    // Another type was never seen, and a wait for it ends at its deadline.
    let other = ["signal", "wait", "--agent", "tester", "--type", "other"];
    let now = ["--now", &later];
    let view = fleet.json(1, &[&other[..], &now, &["--timeout", "0"]].concat())?;
    assert_eq!(view["outcome"], "never_seen");
    let view = fleet.json(1, &[&other[..], &now, &["--timeout", "50ms"]].concat())?;
    assert_eq!(view["outcome"], "timed_out");
    let listed = fleet.json(0, &["signal", "list", "--expired", "--now", &later])?;
    assert_eq!(listed[0]["signal_type"], "ready");
    Ok(())
}

fn a_waiting_process_is_woken(fleet: &Fleet) -> Result<()> {
    let args = [
        "-v",
        "signal",
        "wait",
        "--agent",
        "tester",
        "--timeout",
        "60",
    ];
    let waiting = fleet.start(&args)?;
    waiting.says("never seen")?;
    fleet.expect(0, &SEND)?;
    waiting.says("woken")?;
    let answered = waiting.end()?;
    assert_eq!(answered.exit, 0);
    assert!(
        answered.stdout.starts_with("delivered: ready"),
        "{answered:?}"
    );
    Ok(())
}

fn one_signal_goes_to_one_of_two_that_wait(fleet: &Fleet) -> Result<()> {
    let args = [&["--json"], &WAIT[..], &["--timeout", "60"]].concat();
    let (one, other) = (fleet.start(&args)?, fleet.start(&args)?);
    let mut sent = BTreeSet::new();
    for _ in 0..2 {
        let view = fleet.json(0, &SEND)?;
        sent.insert(view["signal_id"].as_str().context("no id")?.to_owned());
    }
    let mut received = BTreeSet::new();
    for waiting in [one, other] {
        let view = waiting.end()?.document()?;
        assert_eq!(view["outcome"], "delivered");
        received.insert(
            view["signal"]["signal_id"]
                .as_str()
                .context("no id")?
                .to_owned(),
        );
    }
    assert_eq!(received, sent);
    Ok(())
}

fn a_broadcast_reaches_each_agent_once(fleet: &Fleet) -> Result<()> {
    let broadcast = ["signal", "broadcast", "--from", "planner", "--type", "stop"];
    let alone = fleet.run(&broadcast)?;
    assert!(
        alone.stderr.contains("no other agent is enrolled"),
        "{alone:?}"
    );
    let take = |agent: &str| fleet.run(&["--json", "signal", "check", "--take", "--agent", agent]);
    for agent in ["a", "b"] {
        assert_eq!(take(agent)?.document()?["outcome"], "delivered");
        // Enrolled from now on.
        fleet.expect(1, &["signal", "wait", "--agent", agent, "--timeout", "0"])?;
    }
    let view = fleet.json(0, &broadcast)?;
    assert_eq!(view["enrolled"], 2);
    assert_eq!(view["target_agent"], Value::Null);
    for agent in ["a", "b"] {
        assert_eq!(take(agent)?.exit, 0);
        assert_eq!(take(agent)?.exit, 1);
    }
    // Never to its own sender.
    assert_eq!(take("planner")?.exit, 1);
    Ok(())
}

fn a_broadcast_is_told_from_an_agent_called_all(fleet: &Fleet) -> Result<()> {
    let send = [
        "signal", "send", "--from", "a", "--to", "all", "--type", "t",
    ];
    fleet.expect(0, &send)?;
    let list = || fleet.expect(0, &["signal", "list"]).map(|all| all.stdout);
    assert!(!list()?.contains('*'), "{}", list()?);
    fleet.expect(0, &["signal", "broadcast", "--from", "a", "--type", "t"])?;
    let table = list()?;
    let to: Vec<Option<&str>> = table
        .lines()
        .skip(1)
        .take(2)
        .map(|line| line.split_whitespace().nth(2))
        .collect();
    assert_eq!(to, [Some("all"), Some("*")], "{table}");
    Ok(())
}

fn signals_are_listed_and_cleared(fleet: &Fleet) -> Result<()> {
    for (kind, second) in [("one", 0), ("two", 1), ("one", 2)] {
        let now = at(second);
        let send = ["signal", "send", "--from", "a", "--to", "b", "--now", &now];
        fleet.expect(0, &[&send[..], &["--type", kind]].concat())?;
    }
    let now = at(3);
    let list = ["signal", "list", "--agent", "b", "--now", &now];
    let all = fleet.json(0, &list)?;
    let kinds: Vec<&Value> = all
        .as_array()
        .context("no list")?
        .iter()
        .map(|signal| &signal["signal_type"])
        .collect();
    assert_eq!(kinds, ["one", "two", "one"]);
    assert_eq!(all[0]["ttl_left_s"], 57);
    let table = fleet.expect(0, &list)?.stdout;
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    assert_eq!(table.lines().count(), 4);
    let clear = [
        "signal", "clear", "--agent", "b", "--type", "one", "--now", &now,
    ];
    assert_eq!(fleet.json(0, &clear)?, json!({"cleared": 2}));
    let left = fleet.json(0, &["signal", "list", "--now", &now])?;
    assert_eq!(left.as_array().map(Vec::len), Some(1));
    Ok(())
}

fn a_lifetime_below_the_slowest_delivery_is_warned_of(fleet: &Fleet) -> Result<()> {
    let (sent_at, taken_at) = (at(0), at(90));
    fleet.expect(
        0,
        &[&SEND[..], &["--ttl", "2m", "--now", &sent_at]].concat(),
    )?;
    fleet.expect(0, &[&CHECK[..], &["--take", "--now", &taken_at]].concat())?;
    let answered = fleet.expect(0, &[&SEND[..], &["--now", &taken_at]].concat())?;
    assert!(
        answered
            .stderr
            .contains("60 s is below the slowest delivery seen, 90 s"),
        "{answered:?}"
    );
    let view = fleet.json(
        0,
        &[&SEND[..], &["--ttl", "91", "--now", &taken_at]].concat(),
    )?;
    assert_eq!(view["slowest_delivery_s"], 90);
    assert_eq!(view["warnings"], json!([]));
    Ok(())
}

fn wrong_usage_is_told(fleet: &Fleet) -> Result<()> {
    for (args, says) in [
        (&["--payload", "[1]"][..], "no JSON object"),
        (&["--payload", "{"], "no JSON object"),
        (&["--ttl", "0"], "at least 1"),
        (&["--ttl", "1.5"], "whole number of seconds"),
        (&["--ttl", "soon"], "looks like"),
        (&["--id", "a\nb"], "control characters"),
        (&["--id", " "], "cannot be blank"),
    ] {
        let answered = fleet.expect(2, &[&SEND[..], args].concat())?;
        assert!(answered.stderr.contains(says), "{args:?}: {answered:?}");
        assert_eq!(answered.stdout, "");
    }
    fleet.expect(2, &["signal", "send", "--from", "a", "--type", "t"])?;
    fleet.expect(3, &[&SEND[..], &["--payload", "@absent.json"]].concat())?;
    for blank in ["--from", "--to", "--type"] {
        let mut args = SEND;
        let at = args.iter().position(|arg| *arg == blank);
        if let Some(value) = at.and_then(|at| args.get_mut(at + 1)) {
            *value = "  ";
        }
        let answered = fleet.expect(2, &args)?;
        assert!(answered.stderr.contains("cannot be blank"), "{answered:?}");
    }
    // What is no text cannot be used, wherever it comes from.
    let file = fleet.user.path().join("latin.json");
    std::fs::write(&file, b"{\n\"n\": \"caf\xe9\"}")?;
    let payload = format!("@{}", file.display());
    let error = fleet.json(4, &[&SEND[..], &["--payload", &payload]].concat())?;
    let message = error["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("not UTF-8 at byte 11 (line 2)"), "{error}");
    let mut piped = fleet.command(&[&SEND[..], &["--payload", "-"]].concat());
    let output = piped.stdin(std::fs::File::open(&file)?).output()?;
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    std::fs::write(&file, "[1]")?;
    fleet.expect(4, &[&SEND[..], &["--payload", &payload]].concat())?;
    let error = fleet.json(2, &["signal", "check"])?;
    assert_eq!(error["error"]["kind"], "usage");
    // Names are names, not patterns.
    fleet.expect(0, &SEND)?;
    for agent in ["test*", "t?ster", "*:ready"] {
        fleet.expect(1, &["signal", "check", "--agent", agent])?;
    }
    Ok(())
}

fn every_call_is_told_when_asked(fleet: &Fleet) -> Result<()> {
    let quiet = fleet.expect(0, &SEND)?;
    assert_eq!(quiet.stderr, "");
    for told in [
        fleet.command(&[&["-v"], &CHECK[..]].concat()).output()?,
        fleet.command(&CHECK).env("RUST_LOG", "debug").output()?,
    ] {
        let said = String::from_utf8(told.stderr)?;
        let line = said
            .lines()
            .find(|line| line.contains("check signal tester/ready: pending signal_"))
            .with_context(|| said.clone())?;
        assert!(line.contains("TTL ") && line.ends_with(" ms"), "{line}");
        assert!(String::from_utf8(told.stdout)?.starts_with("pending"));
    }
    Ok(())
}
