//! `muster gateway` through the binary.
#![allow(missing_docs, reason = "a test suite")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use muster_tests::{artefacts, binary};
use serde_json::Value;

fn fixture(name: &str) -> String {
    artefacts::tests("fixtures/gateway")
        .join(name)
        .display()
        .to_string()
}

fn muster(args: &[&str]) -> Result<Output> {
    let mut command = Command::new(binary::muster());
    command.args(["gateway"]).args(args).env("NO_COLOR", "1");
    command.env("COLUMNS", "80").env_remove("MUSTER_NOW");
    command.output().context("muster does not start")
}

fn json(output: &Output) -> Result<Value> {
    serde_json::from_slice(&output.stdout).context("no JSON on the standard output")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn exit_statuses_tell_the_verdict() -> Result<()> {
    for (bundle, exit, verdict) in [
        ("bundles/healthy-idle.json", 0, "ok"),
        ("bundles/x-superseded.json", 0, "ok"),
        ("bundles/x-pressure-elevated.json", 1, "degraded"),
        ("bundles/s0-vm-down.json", 1, "failed"),
    ] {
        let output = muster(&["diagnose", "--bundle", &fixture(bundle), "--json"])?;
        ensure!(
            output.status.code() == Some(exit),
            "{bundle}: {}",
            output.status
        );
        assert_eq!(json(&output)?["verdict"], verdict, "{bundle}");
    }
    Ok(())
}

#[test]
fn the_json_answer_has_its_fields() -> Result<()> {
    let output = muster(&[
        "diagnose",
        "--bundle",
        &fixture("bundles/s2a-auth-expired.json"),
        "--json",
    ])?;
    let answer = json(&output)?;
    assert_eq!(answer["cause"], "model.auth_expired");
    assert_eq!(answer["first_failing_layer"], "error-log");
    assert_eq!(answer["delivery"], "down");
    assert_eq!(answer["remedy"][0], "reauth_provider");
    assert_eq!(answer["now"], "2027-01-15T20:00:00Z");
    assert_eq!(answer["window"]["from"], "2027-01-15T19:00:00Z");
    assert_eq!(answer["layers"].as_array().map(Vec::len), Some(15));
    let layer = answer["layers"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|layer| layer["layer"] == "error-log")
        .context("no error-log")?;
    assert_eq!(layer["status"], "failed");
    assert!(layer["findings"][0]["evidence"][0]["text"].is_string());
    assert!(answer["information"].is_array() && answer["secondary"].is_array());
    Ok(())
}

#[test]
fn people_see_verdict_cause_and_commands_first() -> Result<()> {
    let output = muster(&["diagnose", "--bundle", &fixture("bundles/s0-vm-down.json")])?;
    let text = text(&output);
    let places: Vec<usize> = [
        "FAILED",
        "substrate.vm_down",
        "colima start",
        "Layers",
        "Also true",
    ]
    .iter()
    .filter_map(|part| text.find(part))
    .collect();
    assert_eq!(places.len(), 5, "{text}");
    assert!(places.is_sorted(), "{text}");
    let explained = muster(&[
        "diagnose",
        "--bundle",
        &fixture("bundles/s0-vm-down.json"),
        "--explain",
    ])?;
    assert!(
        self::text(&explained)
            .contains("redis.degraded_mode (secondary), because of substrate.vm_down")
    );
    Ok(())
}

#[test]
fn one_layer_can_be_asked_for() -> Result<()> {
    let bundle = fixture("bundles/s0-vm-down.json");
    let output = muster(&[
        "diagnose",
        "--bundle",
        &bundle,
        "--layer",
        "redis-state",
        "--json",
    ])?;
    let answer = json(&output)?;
    assert_eq!(answer["layers"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["layers"][0]["layer"], "redis-state");
    let wrong = muster(&["diagnose", "--bundle", &bundle, "--layer", "moon"])?;
    assert_eq!(wrong.status.code(), Some(2));
    Ok(())
}

#[test]
fn what_cannot_be_used_is_told_in_json_as_well() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let half = folder.path().join("half.json");
    std::fs::write(&half, r#"{"muster_bundle":1,"now_ms":18000"#)?;
    let cases = [
        (half.display().to_string(), 4, "unusable_input"),
        (
            folder.path().join("none.json").display().to_string(),
            3,
            "unreachable",
        ),
    ];
    for (bundle, exit, kind) in cases {
        let output = muster(&["diagnose", "--bundle", &bundle, "--json"])?;
        ensure!(
            output.status.code() == Some(exit),
            "{bundle}: {}",
            output.status
        );
        assert_eq!(json(&output)?["error"]["kind"], kind);
    }
    Ok(())
}

#[test]
fn a_bundle_comes_by_the_standard_input() -> Result<()> {
    let mut child = Command::new(binary::muster())
        .args(["gateway", "diagnose", "--bundle", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let bundle = std::fs::read(fixture("bundles/healthy-idle.json"))?;
    child.stdin.take().context("no input")?.write_all(&bundle)?;
    let output = child.wait_with_output()?;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(json(&output)?["cause"], "none");
    Ok(())
}

#[test]
fn tickets_and_pages_are_written() -> Result<()> {
    let bundle = fixture("bundles/capture-api429.json");
    let ticket = muster(&["diagnose", "--bundle", &bundle, "--format", "markdown"])?;
    assert!(text(&ticket).starts_with("# FAILED: "), "{}", text(&ticket));
    let page = muster(&["diagnose", "--bundle", &bundle, "--format", "html"])?;
    assert!(text(&page).starts_with("<!doctype html>"));
    Ok(())
}

#[test]
fn rules_of_ones_own_are_checked_listed_and_used() -> Result<()> {
    let folder = fixture("rules");
    let check = muster(&[
        "rules",
        "check",
        &fixture("rules/nginx.toml"),
        &fixture("rules/postgresql.toml"),
    ])?;
    ensure!(
        check.status.code() == Some(0),
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );
    let list = muster(&["rules", "list", "--rules", &folder, "--json"])?;
    let causes = json(&list)?["causes"].clone();
    assert!(
        causes
            .as_array()
            .into_iter()
            .flatten()
            .any(|cause| cause["id"] == "nginx.upstream_refused")
    );
    let output = muster(&[
        "diagnose",
        "--bundle",
        &fixture("rules/bundle.json"),
        "--rules",
        &folder,
        "--json",
    ])?;
    let answer = json(&output)?;
    assert_eq!(answer["verdict"], "failed", "{answer}");
    assert_eq!(answer["cause"], "nginx.upstream_refused");
    assert_eq!(answer["remedy"][0], "start_upstream");
    let secondary: Vec<&str> = answer["secondary"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(
        secondary,
        [
            "pg.backup_old",
            "pg.too_many_connections",
            "nginx.upstream_slow",
            "pg.connections_refused"
        ]
    );
    // The layers that these packs do not look at weigh nothing.
    let unknown = answer["layers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|layer| layer["status"] == "not_applicable")
        .count();
    assert_eq!(unknown, 12);
    Ok(())
}

#[test]
fn a_bad_pack_is_told_with_its_line() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pack = folder.path().join("bad.toml");
    let text = "muster_pack = 1\nname = \"bad\"\n\n[[cause]]\nid = \"a\"\nlayer = \"sky\"\n";
    std::fs::write(&pack, text)?;
    let output = muster(&["rules", "check", &pack.display().to_string()])?;
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("bad.toml:4: cause[0]: `verdict` is missing"),
        "{said}"
    );
    Ok(())
}

#[test]
fn causes_are_explained() -> Result<()> {
    let output = muster(&["rules", "explain", "queue.drain_wedged"])?;
    assert!(
        text(&output).contains("joelclaw gateway restart"),
        "{}",
        text(&output)
    );
    let missing = muster(&["rules", "explain", "no.such", "--json"])?;
    assert_eq!(
        (missing.status.code(), json(&missing)?),
        (Some(1), Value::Null)
    );
    Ok(())
}
