//! `muster store`, and stores that cannot be used.

use std::fs;

use anyhow::{Context as _, Result};
use muster_tests::fleet::Fleet;
use muster_tests::redis_server::RedisServer;

crate::on_each_store![
    the_store_tells_what_it_is,
    a_check_counts_what_there_is,
    text_fits_its_lines,
];

fn text_fits_its_lines(fleet: &Fleet) -> Result<()> {
    fleet.expect(0, &["heartbeat", "beat", "--agent", "a"])?;
    for args in [
        &["info"][..],
        &["check"],
        &["watch", "--for", "0s"],
        &["info", "--help"],
        &["check", "--help"],
        &["watch", "--help"],
    ] {
        let text = fleet.expect(0, &[&["store"], args].concat())?.stdout;
        assert!(!text.is_empty(), "{args:?}");
        let long = text.lines().find(|line| line.chars().count() > 80);
        // A path cannot be broken.
        let is_path = long.is_some_and(|line| line.contains("fleet.db"));
        assert!(long.is_none() || is_path, "{args:?}: {text}");
    }
    Ok(())
}

fn the_store_tells_what_it_is(fleet: &Fleet) -> Result<()> {
    fleet.expect(0, &["heartbeat", "beat", "--agent", "a"])?;
    let info = fleet.json(0, &["store", "info"])?;
    let memory = info["backend"] == "redis";
    assert_eq!(info["durability"], if memory { "memory" } else { "disk" });
    assert!(
        info["version"]
            .as_str()
            .is_some_and(|version| !version.is_empty())
    );
    // What a user should do about it is said.
    let notes = info["notes"].to_string();
    assert_eq!(notes.contains("appendonly"), memory, "{notes}");
    Ok(())
}

fn a_check_counts_what_there_is(fleet: &Fleet) -> Result<()> {
    fleet.expect(
        0,
        &["signal", "send", "--from", "a", "--to", "b", "--type", "t"],
    )?;
    fleet.expect(0, &["heartbeat", "beat", "--agent", "a"])?;
    for data in ["{\"n\":1}", "{\"n\":2}"] {
        fleet.expect(0, &["stream", "publish", "build", "--data", data])?;
    }
    let check = fleet.json(0, &["store", "check"])?;
    assert_eq!(check["sound"], true, "{check}");
    for (what, count) in [
        ("signals", 1),
        ("agents", 1),
        ("approvals", 0),
        ("streams", 1),
        ("events", 2),
    ] {
        assert_eq!(check[what], count, "{what}: {check}");
    }
    Ok(())
}

#[test]
fn a_check_names_what_is_no_record() -> Result<()> {
    let Some(server) = RedisServer::start(&[])? else {
        return Ok(());
    };
    let fleet = Fleet::on(server.url())?;
    let mut raw = muster_tests::fleet_store::raw(&server.url())?;
    let bad = "{\"agent_id\": \"bad\", \"status\": 5}";
    ::redis::cmd("SET")
        .arg("empathy:heartbeat:bad")
        .arg(bad)
        .exec(&mut raw)?;
    let check = fleet.json(1, &["store", "check"])?;
    assert_eq!(check["malformed"][0]["key"], "empathy:heartbeat:bad");
    assert_eq!(check["malformed"][0]["reason"], "wrong_type");
    let text = fleet.expect(1, &["store", "check"])?;
    assert!(text.stdout.contains("empathy:heartbeat:bad"), "{text:?}");
    Ok(())
}

#[test]
fn a_watch_notices_foreign_agents_for_all() -> Result<()> {
    let Some(server) = RedisServer::start(&[])? else {
        return Ok(());
    };
    let fleet = Fleet::on(server.url())?;
    let watching = fleet.start(&["--json", "store", "watch", "--configure", "--for", "60s"])?;
    while watching.json()?["mode"] != "notified" {}
    let info = fleet.json(0, &["store", "info"])?;
    assert!(info["observed_since"].is_string(), "{info}");
    let never = fleet.json(1, &["signal", "check", "--agent", "b"])?;
    assert!(never["observed_since"].is_string(), "{never}");
    let mut raw = muster_tests::fleet_store::raw(&server.url())?;
    let foreign = "{\"agent_id\": \"theirs\", \"status\": \"running\", \"progress\": 0.5, \"current_task\": \"t\"}";
    ::redis::cmd("SETEX")
        .arg("empathy:heartbeat:theirs")
        .arg(30)
        .arg(foreign)
        .exec(&mut raw)?;
    while watching.json()?["adopted"] != 1 {}
    let agents = fleet.json(0, &["heartbeat", "list"])?;
    assert_eq!(agents[0]["agent_id"], "theirs");
    Ok(())
}

#[test]
fn an_answer_written_over_a_decision_is_told() -> Result<()> {
    let Some(server) = RedisServer::start(&[])? else {
        return Ok(());
    };
    let fleet = Fleet::on(server.url())?;
    let ask = [
        "approval",
        "request",
        "--agent",
        "wf",
        "--type",
        "deploy",
        "--id",
        "x",
        "--no-wait",
    ];
    fleet.expect(0, &ask)?;
    fleet.expect(0, &["approval", "respond", "x", "--approve"])?;
    let over = "{\"request_id\": \"x\", \"approved\": false, \"responder\": \"py\", \"reason\": \"\", \"timestamp\": \"2026-11-20T12:00:00+00:00\"}";
    let mut raw = muster_tests::fleet_store::raw(&server.url())?;
    ::redis::cmd("SETEX")
        .arg("approval_response:x")
        .arg(300)
        .arg(over)
        .exec(&mut raw)?;
    let list = fleet.expect(0, &["--json", "approval", "list", "--all"])?;
    assert!(
        list.stderr
            .contains("x was approved by kim, which stands; py then wrote"),
        "{list:?}"
    );
    let queue = list.document()?;
    assert_eq!(queue[0]["outcome"], "approved");
    assert_eq!(queue[0]["contested_by"]["responder"], "py");
    assert_eq!(queue[0]["contested_by"]["approved"], false);
    // It is kept, and told once.
    ::redis::cmd("DEL")
        .arg("approval_response:x")
        .exec(&mut raw)?;
    let again = fleet.expect(0, &["approval", "list", "--all"])?;
    assert!(!again.stderr.contains("which stands"), "{again:?}");
    assert!(
        again.stdout.contains("that py wrote rejected over it"),
        "{again:?}"
    );
    let doctor = fleet.run(&["doctor"])?;
    assert!(doctor.stdout.contains("1 written over by"), "{doctor:?}");
    Ok(())
}

/// One command of each group.
const COMMANDS: [&[&str]; 4] = [
    &["signal", "check", "--agent", "a"],
    &["heartbeat", "beat", "--agent", "a"],
    &["approval", "list"],
    &["stream", "recent"],
];

#[test]
fn a_database_that_cannot_be_used_is_status_4_with_what_to_do() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    fleet.expect(0, &["heartbeat", "beat", "--agent", "a"])?;
    let database = fleet.user.path().join("fleet.db");
    let mut newer = fs::read(&database)?;
    // The format's number in the header of the file.
    newer
        .get_mut(60..64)
        .context("no header")?
        .copy_from_slice(&99_u32.to_be_bytes());
    // So much that the log is copied into the database.
    let large = format!("{{\"text\": \"{}\"}}", "x".repeat(5_000_000));
    fs::write(fleet.user.path().join("large.json"), large)?;
    for _ in 0..10 {
        fleet.expect(0, &["stream", "publish", "build", "--data", "@large.json"])?;
        if fs::metadata(&database)?.len() > 1_000_000 {
            break;
        }
    }
    let mut damaged = fs::read(database)?;
    // Beyond the first page, which says what sort of file it is.
    let rest = damaged.get_mut(4096..).filter(|rest| !rest.is_empty());
    rest.context("one page")?.fill(0x5A);
    let garbage = "this is no database, ".repeat(500).into_bytes();
    for (name, bytes, says) in [
        ("newer", newer, "the file has format 99"),
        ("damaged", damaged, "the file is damaged"),
        ("garbage", garbage, "the file is no SQLite database"),
    ] {
        let file = fleet.user.path().join(name);
        fs::write(&file, &bytes)?;
        let broken = Fleet::on(file.display().to_string())?;
        for command in [&["heartbeat", "list"][..], &["store", "check"]] {
            let error = broken.json(4, command)?;
            assert_eq!(error["error"]["kind"], "unusable_input", "{name}: {error}");
            let message = error["error"]["message"].as_str().unwrap_or_default();
            assert!(message.contains(says), "{name}: {error}");
            assert!(error["error"]["hint"].is_string(), "{name}: {error}");
        }
        // It was not touched.
        assert!(fs::read(&file)? == bytes, "{name} was changed");
    }
    Ok(())
}

#[test]
fn who_only_looks_makes_no_database() -> Result<()> {
    let fleet = Fleet::on("absent.db")?;
    for command in ["info", "check"] {
        let error = fleet.json(3, &["store", command])?;
        assert!(error["error"]["hint"].is_string(), "{error}");
        let mut default = fleet.command(&["--json", "store", command]);
        let output = default.env_remove("MUSTER_STORE").output()?;
        assert!(output.status.success(), "{output:?}");
    }
    for (exit, command) in LOOKING {
        fleet.json(exit, command)?;
        let mut default = fleet.command(command);
        let output = default.env_remove("MUSTER_STORE").output()?;
        assert_eq!(output.status.code(), Some(exit), "{command:?}: {output:?}");
        let told = String::from_utf8(output.stderr)?;
        assert_eq!(told, "", "{command:?}");
    }
    let mut made = fs::read_dir(fleet.user.path())?;
    assert!(made.next().is_none(), "something was made");
    // Whoever named it may have meant another.
    let told = fleet.expect(0, &["signal", "list"])?.stderr;
    assert!(
        told.contains("absent.db: nothing was written there yet"),
        "{told}"
    );
    // An empty file is a database that nobody has written to.
    let file = fleet.user.path().join("absent.db");
    fs::write(&file, "")?;
    for (exit, command) in LOOKING {
        fleet.json(exit, command)?;
    }
    for command in ["info", "check"] {
        fleet.json(0, &["store", command])?;
    }
    assert_eq!(fs::metadata(&file)?.len(), 0);
    fleet.expect(0, &["heartbeat", "beat", "--agent", "a"])?;
    let agents = fleet.json(0, &["heartbeat", "list"])?;
    assert_eq!(agents[0]["agent_id"], "a");
    Ok(())
}

/// Commands that look, or change what is there, and how they end where nothing is.
const LOOKING: [(i32, &[&str]); 19] = [
    (0, &["signal", "list"]),
    (0, &["signal", "list", "--expired"]),
    (1, &["signal", "check", "--agent", "a"]),
    (1, &["signal", "check", "--agent", "a", "--take"]),
    (0, &["signal", "clear", "--agent", "a"]),
    (0, &["heartbeat", "list"]),
    (1, &["heartbeat", "status", "a"]),
    (0, &["heartbeat", "stale"]),
    (1, &["heartbeat", "stop", "--agent", "a"]),
    (0, &["approval", "list", "--all"]),
    (1, &["approval", "respond", "approval_1", "--approve"]),
    (0, &["approval", "sweep"]),
    (0, &["stream", "recent"]),
    (0, &["stream", "info"]),
    (1, &["stream", "trim", "build"]),
    (1, &["stream", "delete", "build"]),
    (1, &["feedback", "stats", "--workflow", "w"]),
    (0, &["feedback", "show"]),
    (0, &["doctor"]),
];

#[test]
fn reading_a_stream_to_its_end_makes_no_database() -> Result<()> {
    let fleet = Fleet::on("absent.db")?;
    let consume = ["--json", "stream", "consume", "--no-block"];
    assert_eq!(fleet.expect(0, &consume)?.stdout, "");
    assert!(!fleet.user.path().join("absent.db").exists());
    Ok(())
}

#[test]
fn an_empty_address_is_wrong_usage_and_an_empty_variable_none() -> Result<()> {
    let fleet = Fleet::on("")?;
    let beat = ["heartbeat", "beat", "--agent", "a"];
    fleet.expect(0, &beat)?;
    assert!(
        fleet
            .user
            .path()
            .join(".local/share/muster/muster.db")
            .exists()
    );
    for empty in ["", " "] {
        let error = fleet.json(2, &[&beat[..], &["--store", empty]].concat())?;
        let message = error["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("the address is empty"), "{error}");
    }
    Ok(())
}

#[test]
fn what_was_meant_by_an_address_is_said() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    for (address, meant) in [
        ("localhost:6379", "did you mean redis://localhost:6379?"),
        ("redis:/localhost", "did you mean redis://localhost?"),
        (
            "http://localhost:6379",
            "did you mean redis://localhost:6379?",
        ),
        ("redis://localhost:seven", "such as redis://"),
        ("redis://localhost:99999", "such as redis://"),
        ("redis://localhost/first", "such as redis://"),
        (
            "redis+sentinel://localhost:1",
            "redis+sentinel://host:26379",
        ),
    ] {
        let error = fleet.json(2, &["heartbeat", "list", "--store", address])?;
        let hint = error["error"]["hint"].as_str().unwrap_or_default();
        assert!(hint.contains(meant), "{address}: {error}");
    }
    let mut made = fs::read_dir(fleet.user.path())?;
    assert!(made.next().is_none(), "something was made");
    Ok(())
}

#[test]
fn a_store_that_is_not_there_is_status_3_with_what_to_do() -> Result<()> {
    for url in ["/dev/null/fleet.db", "redis://127.0.0.1:1"] {
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
        "-v",
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
    running.says("beat agent b: running")?;
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
