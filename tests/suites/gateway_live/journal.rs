//! A daemon whose log is the journal of systemd, read by a program that is none.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use anyhow::{Context as _, Result, ensure};
use muster_core::Timestamp;
use muster_tests::binary;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fake::ago;

const PACK: &str = r#"
muster_pack = 1
name = "web"

[[remedy]]
id = "web.look"
text = "Look at the database"

[[cause]]
id = "web.database_away"
layer = "error-log"
verdict = "failed"
title = "The service cannot reach its database"
remedies = ["web.look"]

[[log]]
id = "web.refused"
log = "journal"
text = "connect to {peer} refused"
cause = "web.database_away"
at_least = 2
"#;

/// A service `web.service` with the programs that know of it.
struct Service(TempDir);

impl Service {
    fn new() -> Result<Self> {
        let service = Self(tempfile::tempdir()?);
        fs::create_dir(service.path("bin"))?;
        service.program(
            "systemctl",
            "echo LoadState=loaded; echo ActiveState=active; echo MainPID=$PPID",
        )?;
        fs::write(service.path("web.toml"), PACK)?;
        fs::write(
            service.path("muster.toml"),
            "[gateway.profile.web]\nbase = \"systemd\"\nservice = \"web.service\"\ntimeout_s = 2\n",
        )?;
        Ok(service)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A program of the service's own folder.
    fn program(&self, name: &str, script: &str) -> Result<()> {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    fn run(&self, path: &Path, command: &str) -> Result<Output> {
        let mut muster = binary::in_home(self.0.path());
        muster
            .env("PATH", path)
            .args(["gateway", command, "--json", "--profile", "web"])
            .arg("--config")
            .arg(self.path("muster.toml"));
        if command == "diagnose" {
            muster.arg("--rules").arg(self.path("web.toml"));
        }
        muster.output().context("muster does not start")
    }

    /// With the programs of the service, or without any.
    fn diagnosis(&self, with_programs: bool) -> Result<Value> {
        let path = self.path(if with_programs { "bin" } else { "nothing" });
        let output = self.run(&path, "diagnose")?;
        serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn entry(seconds_ago: i64, message: &Value) -> Result<String> {
    let us = Timestamp::parse(&ago(seconds_ago)?)?.as_micros();
    let entry = json!({
        "__CURSOR": "s=1",
        "_HOSTNAME": "this-machine",
        "__REALTIME_TIMESTAMP": us.to_string(),
        "PRIORITY": "3",
        "MESSAGE": message,
    });
    Ok(format!("{entry}\n"))
}

fn error_log(view: &Value) -> &Value {
    let layers = view["layers"].as_array().into_iter().flatten();
    let mut layers = layers.filter(|layer| layer["layer"] == "error-log");
    layers.next().unwrap_or(&Value::Null)
}

#[test]
fn the_journal_of_a_unit_is_a_log() -> Result<()> {
    let service = Service::new()?;
    // Newest first, as it is asked to be; one entry is older than the window.
    let refused = json!("connect to db refused");
    let entries = entry(30, &refused)?
        + &entry(40, &json!("connect to db refused".as_bytes()))?
        + &entry(50, &json!("serving"))?
        + &entry(3 * 3600, &refused)?;
    fs::write(service.path("entries"), entries)?;
    let (asked, entries) = (service.path("asked"), service.path("entries"));
    service.program(
        "journalctl",
        &format!(
            "echo \"$@\" > {}\nexec /bin/cat {}",
            asked.display(),
            entries.display()
        ),
    )?;
    let view = service.diagnosis(true)?;
    assert_eq!(
        (&view["verdict"], &view["cause"]),
        (&json!("failed"), &json!("web.database_away")),
        "{view:#}"
    );
    let evidence = &error_log(&view)["findings"][0]["evidence"];
    assert_eq!(evidence.as_array().map(Vec::len), Some(2), "{evidence:#}");
    assert_eq!(evidence[1]["source"], "journal");
    ensure!(evidence[1]["at"].is_string() && evidence[1]["bounded"] == false);
    // Only what reads, with a limit.
    let asked = fs::read_to_string(service.path("asked"))?;
    for word in [
        "--unit=web.service",
        "--since=@",
        "--lines=20000",
        "--output=json",
        "--no-pager",
    ] {
        ensure!(asked.contains(word), "{word}: {asked}");
    }
    // A bundle holds the messages and nothing of the machine.
    let output = service.run(&service.path("bin"), "collect")?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(
        text.contains("connect to db refused") && !text.contains("this-machine"),
        "{text}"
    );
    Ok(())
}

#[test]
fn a_journal_that_cannot_be_read_is_unknown_with_the_reason() -> Result<()> {
    let service = Service::new()?;
    let unknown = |view: &Value, why: &str| {
        let layer = error_log(view);
        let detail = layer["detail"].as_str().unwrap_or("");
        ensure!(
            layer["status"] == "unknown" && detail.contains(why),
            "{why}: {view:#}"
        );
        assert_eq!(view["verdict"], "unknown");
        Ok(())
    };
    unknown(
        &service.diagnosis(false)?,
        "the log journal: journalctl is not installed",
    )?;
    service.program(
        "journalctl",
        "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1",
    )?;
    unknown(&service.diagnosis(true)?, "insufficient permissions")?;
    service.program("journalctl", "exec /bin/sleep 600")?;
    unknown(&service.diagnosis(true)?, "no end within 2 s")?;
    service.program("journalctl", ":")?;
    assert_eq!(error_log(&service.diagnosis(true)?)["status"], "ok");
    Ok(())
}
