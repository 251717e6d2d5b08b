//! Stores that cannot be used.

use std::fs;

use anyhow::Result;
use muster_tests::fleet::Fleet;
use muster_tests::redis_server::RedisServer;

/// One command of each group.
const COMMANDS: [&[&str]; 4] = [
    &["signal", "check", "--agent", "a"],
    &["heartbeat", "beat", "--agent", "a"],
    &["approval", "list"],
    &["stream", "recent"],
];

#[test]
fn a_store_that_is_not_there_is_status_3_with_what_to_do() -> Result<()> {
    let user = tempfile::tempdir()?;
    let garbage = user.path().join("garbage.db");
    fs::write(&garbage, "this is no database, ".repeat(500))?;
    let garbage = garbage.display().to_string();
    for url in [&*garbage, "/dev/null/fleet.db", "redis://127.0.0.1:1"] {
        let fleet = Fleet::on(url)?;
        for command in COMMANDS {
            let error = fleet.json(3, command)?;
            assert_eq!(error["error"]["exit"], 3, "{url}: {error}");
            assert!(error["error"]["hint"].is_string(), "{url}: {error}");
        }
    }
    Ok(())
}

#[test]
fn an_address_that_makes_no_sense_is_wrong_usage() -> Result<()> {
    for url in ["http://localhost", "redis://", "sqlite:"] {
        let fleet = Fleet::on(url)?;
        let error = fleet.json(2, COMMANDS[0])?;
        assert_eq!(error["error"]["kind"], "usage", "{error}");
    }
    Ok(())
}

#[test]
fn the_option_the_environment_and_the_settings_choose_the_store() -> Result<()> {
    let fleet = Fleet::on("env.db")?;
    let home = fleet.user.path();
    fs::write(home.join("muster.toml"), "[store]\nurl = \"settings.db\"\n")?;
    let beat = ["heartbeat", "beat", "--agent", "a"];
    let exists = |name: &str| home.join(name).exists();
    fleet.expect(0, &[&beat[..], &["--store", "option.db"]].concat())?;
    assert!(exists("option.db") && !exists("env.db") && !exists("settings.db"));
    fleet.expect(0, &beat)?;
    assert!(exists("env.db") && !exists("settings.db"));
    let status = fleet.command(&beat).env_remove("MUSTER_STORE").status()?;
    assert!(status.success() && exists("settings.db"));
    fs::remove_file(home.join("muster.toml"))?;
    let status = fleet.command(&beat).env_remove("MUSTER_STORE").status()?;
    assert!(status.success() && exists(".local/share/muster/muster.db"));
    Ok(())
}

#[test]
fn a_wait_outlives_the_end_of_its_server() -> Result<()> {
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = RedisServer::start(&durable)? else {
        return Ok(());
    };
    let fleet = Fleet::on(server.url())?;
    let waiting = fleet.start(&["-v", "signal", "wait", "--agent", "b", "--timeout", "120"])?;
    let consuming = fleet.start(&["-v", "--json", "stream", "consume", "build"])?;
    let ask = [
        "-v", "--json", "approval", "request", "--agent", "b", "--type", "t", "--id", "x",
    ];
    let asking = fleet.start(&ask)?;
    let run = [
        "heartbeat",
        "run",
        "--agent",
        "b",
        "--interval",
        "50ms",
        "--",
        "cat",
    ];
    let mut run = fleet.command(&run);
    let running = muster_tests::fleet::Running::start(run.stdin(std::process::Stdio::piped()))?;
    waiting.says("never seen")?;
    consuming.says("read events build")?;
    asking.says("look at approval x: pending")?;
    server.kill();
    running.says("the command goes on")?;
    // What cannot be reached is told at once where nobody waits.
    fleet.expect(3, &["signal", "check", "--agent", "b"])?;
    server.run()?;
    running.says("the store is back")?;
    fleet.expect(
        0,
        &[
            "signal", "send", "--from", "a", "--to", "b", "--type", "ready",
        ],
    )?;
    fleet.expect(0, &["stream", "publish", "build"])?;
    fleet.expect(0, &["approval", "respond", "x", "--approve"])?;
    assert_eq!(waiting.end()?.exit, 0);
    assert_eq!(consuming.json()?["event_type"], "build");
    assert_eq!(asking.end()?.exit, 0);
    Ok(())
}
