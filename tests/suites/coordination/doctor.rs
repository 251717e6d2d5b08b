//! `muster doctor`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use muster_tests::fleet::Fleet;
use serde_json::Value;

use crate::at;

/// The ids of the steps, in their order.
const STEPS: [&str; 6] = [
    "exit_codes",
    "log_format",
    "store",
    "ttls",
    "approvals",
    "debug_logging",
];

/// The status and the evidence of a step.
fn step<'a>(report: &'a Value, id: &str) -> Result<(&'a str, String)> {
    let checks = report["checks"].as_array().context("no checks")?;
    let check = checks
        .iter()
        .find(|check| check["id"] == id)
        .context("no such step")?;
    let evidence = check["evidence"].as_array().context("no evidence")?;
    let evidence: Vec<&str> = evidence.iter().filter_map(Value::as_str).collect();
    Ok((
        check["status"].as_str().context("no status")?,
        evidence.join("\n"),
    ))
}

#[test]
fn a_new_machine_is_healthy() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    let report = fleet.json(0, &["doctor"])?;
    let checks = report["checks"].as_array().context("no checks")?;
    let ids: Vec<&Value> = checks.iter().map(|check| &check["id"]).collect();
    assert_eq!(ids, STEPS);
    for check in checks {
        let command = check["command"].as_str().context("no command")?;
        assert!(command.starts_with("muster "), "{command}");
    }
    assert_eq!(step(&report, "exit_codes")?.0, "ok");
    assert_eq!(step(&report, "store")?.0, "not_applicable");
    assert_eq!(report["healthy"], true);
    // Looking makes nothing.
    assert!(!fleet.user.path().join("fleet.db").exists());
    fleet.expect(0, &["heartbeat", "beat", "--agent", "a"])?;
    let report = fleet.json(0, &["doctor"])?;
    assert_eq!(step(&report, "store")?.0, "ok");
    let text = fleet.expect(0, &["doctor"])?.stdout;
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(text.contains("6. debug output: ok"), "{text}");
    Ok(())
}

#[test]
fn its_commands_work_where_they_are_pasted() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    let muster = muster_tests::binary::muster();
    let folder = muster.parent().context("no folder")?.display().to_string();
    let path = format!("{folder}:{}", std::env::var("PATH")?);
    fs::create_dir(fleet.user.path().join("it's here"))?;
    fs::write(fleet.user.path().join("own.toml"), "")?;
    let store = ["--store", "it's here/fleet.db", "--config", "own.toml"];
    let now = at(100);
    let send = ["signal", "send", "--from", "a", "--to", "b", "--type", "t"];
    fleet.expect(0, &[&send[..], &["--now", &at(0)], &store].concat())?;
    let home = fleet.user.path().join("the home");
    fs::create_dir(&home)?;
    let home = home.display().to_string();
    let doctor = ["doctor", "--home", &home, "--now", &now];
    let report = fleet.json(1, &[&doctor[..], &store].concat())?;
    let checks = report["checks"].as_array().context("no checks")?;
    for check in checks {
        let command = check["command"].as_str().context("no command")?;
        let mut shell = fleet.command(&[]);
        let environment: Vec<_> = shell
            .get_envs()
            .map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))
            .collect();
        shell = std::process::Command::new("sh");
        shell.env_clear().current_dir(fleet.user.path());
        for (name, value) in environment {
            if let Some(value) = value.filter(|_| name != "MUSTER_STORE") {
                shell.env(name, value);
            }
        }
        let output = shell
            .env("PATH", &path)
            .env("MUSTER_NOW", &now)
            .args(["-c", &format!("{command} --json")])
            .output()?;
        let said = String::from_utf8(output.stdout)?;
        assert_eq!(output.status.code(), Some(0), "{command}: {said}");
        if check["id"] == "ttls" {
            assert!(said.contains("\"signal_type\":\"t\""), "{command}: {said}");
        }
    }
    // No other store was made.
    assert!(!fleet.user.path().join(".local").exists());
    Ok(())
}

#[test]
fn bad_lines_and_foreign_versions_are_named() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    let folder = fleet.user.path().join(".attune/telemetry");
    fs::create_dir_all(&folder)?;
    let line = |version: &str| {
        format!(
            r#"{{"v":"{version}","ts":"2026-11-19T08:15:02Z","workflow":"w","tier":"CHEAP","model":"m","provider":"p","cost":0.5}}"#
        )
    };
    let text = format!("{}\nnull\n{}\n", line("1.0"), line("2.0"));
    fs::write(folder.join("usage.jsonl"), text)?;
    let question = r#"{"v":"1.0","ts":"2026-11-19T08:15:02Z","source":"help_lookup","mode":"progressive","topic":"x","success":true,"found":true}"#;
    fs::write(
        folder.join("help_queries.jsonl"),
        format!("{{}}\n{question}\n"),
    )?;
    let report = fleet.json(1, &["doctor"])?;
    let (status, evidence) = step(&report, "log_format")?;
    assert_eq!(status, "problem");
    assert!(
        evidence.contains("usage.jsonl line 2: not_an_object"),
        "{evidence}"
    );
    assert!(
        evidence.contains("help_queries.jsonl line 1: "),
        "{evidence}"
    );
    assert!(
        evidence.contains("log version 2.0 on 1 lines"),
        "{evidence}"
    );
    assert_eq!(step(&report, "exit_codes")?.0, "ok");
    Ok(())
}

#[test]
fn a_store_that_is_away_is_evidence_and_no_failure() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    fs::write(
        fleet.user.path().join("fleet.db"),
        "no database".repeat(1000),
    )?;
    let report = fleet.json(1, &["doctor"])?;
    let (status, evidence) = step(&report, "store")?;
    assert_eq!(status, "problem");
    assert!(
        evidence.contains("without it signals, heartbeats"),
        "{evidence}"
    );
    assert_eq!(step(&report, "approvals")?.0, "not_applicable");
    assert_eq!(step(&report, "debug_logging")?.0, "ok");
    Ok(())
}

#[test]
fn what_expired_and_what_waits_is_told() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    let (sent_at, later) = (at(0), at(100));
    let send = [
        "signal", "send", "--from", "a", "--to", "b", "--type", "ready",
    ];
    fleet.expect(0, &[&send[..], &["--now", &sent_at]].concat())?;
    let ask = [
        "approval",
        "request",
        "--agent",
        "wf",
        "--type",
        "deploy",
        "--no-wait",
    ];
    for (id, timeout) in [("approval_1", "90"), ("approval_2", "300")] {
        let more = ["--id", id, "--timeout", timeout, "--now", &sent_at];
        fleet.expect(0, &[&ask[..], &more].concat())?;
    }
    let report = fleet.json(1, &["doctor", "--now", &later])?;
    let (status, evidence) = step(&report, "ttls")?;
    assert_eq!(status, "problem");
    assert!(
        evidence.contains("ready from a to b expired 2026-11-20T12:01:00Z after 60 s"),
        "{evidence}"
    );
    let (status, evidence) = step(&report, "approvals")?;
    assert_eq!(status, "problem");
    assert!(
        evidence.contains("approval_1 (deploy for wf) timed out"),
        "{evidence}"
    );
    assert!(
        evidence.contains("approval_2 (deploy for wf) waits, "),
        "{evidence}"
    );
    Ok(())
}

#[test]
fn a_home_that_is_not_there_fails_its_steps_only() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    let absent = Path::new("absent").display().to_string();
    let report = fleet.json(1, &["doctor", "--home", &absent])?;
    let (status, evidence) = step(&report, "exit_codes")?;
    assert_eq!(status, "problem");
    assert!(evidence.contains("exit status 3"), "{evidence}");
    assert_eq!(step(&report, "log_format")?.0, "problem");
    Ok(())
}
