//! `muster heartbeat`.

use anyhow::{Context as _, Result};
use muster_tests::fleet::Fleet;
use serde_json::{Value, json};

use crate::at;

crate::on_each_store![
    the_status_of_a_command_is_passed_on,
    signals_go_to_the_command,
    a_killed_command_is_a_failed_agent,
    slow_beats_are_warned_of_with_the_numbers,
    a_command_that_cannot_start_is_125,
    facts_stay_from_beat_to_beat,
    a_command_says_how_far_it_is,
    a_slip_of_the_pen_is_no_status,
    who_never_was_cannot_be_stopped,
    a_filter_says_how_many_there_are,
    the_roll_tells_states_apart,
    the_limits_of_states_are_set_in_a_file,
    who_waits_for_a_human_is_not_stuck,
    a_watched_roll_shows_what_changes,
    a_watched_roll_says_what_changed,
    calls_of_models_are_work,
];

const RUN: [&str; 4] = ["heartbeat", "run", "--agent", "builder"];

fn run<'a>(options: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [&RUN[..], options, &["--", "sh", "-c", script]].concat()
}

fn the_status_of_a_command_is_passed_on(fleet: &Fleet) -> Result<()> {
    let answered = fleet.expect(0, &run(&[], "echo out; echo err >&2"))?;
    assert_eq!((&*answered.stdout, &*answered.stderr), ("out\n", "err\n"));
    fleet.expect(3, &run(&[], "exit 3"))?;
    fleet.expect(2, &run(&[], "exit 2"))?;
    // A document leaves the standard output to itself.
    let json = [&["--json"], &run(&[], "echo out; exit 3")[..]].concat();
    let answered = fleet.expect(3, &json)?;
    assert_eq!(answered.stderr, "out\n");
    let view = answered.document()?;
    assert_eq!(view["status"], "failed");
    assert_eq!((&view["exit"], &view["signal"]), (&json!(3), &Value::Null));
    assert!(view["beats"].as_u64() >= Some(2), "{view}");
    assert_eq!(view["beats_lost"], 0);
    let agent = fleet.json(1, &["heartbeat", "status", "builder"])?;
    assert_eq!(
        (&agent["state"], &agent["status"]),
        (&json!("finished"), &json!("failed"))
    );
    Ok(())
}

fn signals_go_to_the_command(fleet: &Fleet) -> Result<()> {
    let script = "trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
    let running = fleet.start(&run(&[], script))?;
    assert_eq!(running.line()?, "ready");
    running.signal("TERM")?;
    let answered = running.end()?;
    assert_eq!((answered.exit, &*answered.stdout), (7, "told\n"));
    let script = "trap 'echo again' USR1; echo ready; while :; do sleep 0.05; done";
    let running = fleet.start(&run(&[], script))?;
    assert_eq!(running.line()?, "ready");
    running.signal("USR1")?;
    assert_eq!(running.line()?, "again");
    running.signal("INT")?;
    assert_eq!(running.end()?.exit, 130);
    Ok(())
}

fn a_killed_command_is_a_failed_agent(fleet: &Fleet) -> Result<()> {
    let json = [&["--json"], &run(&[], "kill -9 $$")[..]].concat();
    let view = fleet.expect(137, &json)?.document()?;
    assert_eq!(view["status"], "failed");
    assert_eq!((&view["exit"], &view["signal"]), (&json!(137), &json!(9)));
    Ok(())
}

fn slow_beats_are_warned_of_with_the_numbers(fleet: &Fleet) -> Result<()> {
    let said = |options: &[&'static str]| fleet.expect(0, &run(options, ":")).map(|a| a.stderr);
    assert_eq!(said(&["--interval", "15s"])?, "");
    let half = said(&["--interval", "20s"])?;
    assert!(half.contains("20 s exceeds half the TTL of 30 s"), "{half}");
    let stale = said(&["--interval", "90s", "--ttl", "10m"])?;
    assert!(
        stale.contains("90 s exceeds the stale threshold of 60 s"),
        "{stale}"
    );
    Ok(())
}

fn a_command_that_cannot_start_is_125(fleet: &Fleet) -> Result<()> {
    let absent = [&RUN[..], &["--", "./absent"]].concat();
    let answered = fleet.expect(125, &absent)?;
    assert!(
        answered.stderr.contains("cannot start ./absent"),
        "{answered:?}"
    );
    let error = fleet.json(125, &absent)?;
    assert_eq!(error["error"]["exit"], 125);
    // Nothing runs where the store is away.
    let away = [&["--store", "/dev/null/x.db"], &run(&[], "echo ran")[..]].concat();
    let answered = fleet.expect(125, &away)?;
    assert_eq!(answered.stdout, "");
    fleet.expect(2, &RUN)?;
    fleet.expect(2, &run(&["--interval", "0"], ":"))?;
    Ok(())
}

fn facts_stay_from_beat_to_beat(fleet: &Fleet) -> Result<()> {
    let beat = ["heartbeat", "beat", "--agent", "builder"];
    let facts = ["--name", "The builder", "--metadata", r#"{"run": 7}"#];
    let first = ["--progress", "0.25", "--task", "compile"];
    fleet.expect(0, &[&beat[..], &facts, &first].concat())?;
    let view = fleet.json(0, &[&beat[..], &["--task", "link"]].concat())?;
    assert_eq!(view["progress"], 0.25);
    assert_eq!(view["current_task"], "link");
    let stop = [
        "heartbeat",
        "stop",
        "--agent",
        "builder",
        "--status",
        "failed",
    ];
    let view = fleet.json(0, &stop)?;
    assert_eq!(
        (&view["status"], &view["progress"]),
        (&json!("failed"), &json!(0.25))
    );
    // After the end something new begins.
    let view = fleet.json(0, &beat)?;
    assert_eq!(
        (&view["progress"], &view["current_task"]),
        (&json!(0.0), &json!(""))
    );
    // A share is typed in several ways.
    for (typed, progress) in [(".5", 0.5), ("50%", 0.5), ("1", 1.0)] {
        let view = fleet.json(0, &[&beat[..], &["--progress", typed]].concat())?;
        assert_eq!(view["progress"], progress, "{typed}");
    }
    let wrong = fleet.expect(2, &[&beat[..], &["--progress", "1.1"]].concat())?;
    assert!(wrong.stderr.contains("such as 40%"), "{wrong:?}");
    fleet.expect(2, &[&beat[..], &["--metadata", "7"]].concat())?;
    Ok(())
}

fn a_command_says_how_far_it_is(fleet: &Fleet) -> Result<()> {
    let muster = muster_tests::binary::muster().display().to_string();
    // The agent and the store come from the environment that `run` sets.
    let script = format!("'{muster}' heartbeat beat --progress 0.5 --task half --json; cat");
    let fifo = fleet.user.path().join("go");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status()?;
    assert!(made.success());
    let script = format!("{script} '{}'", fifo.display());
    let running = fleet.start(&[&["-v"], &run(&["--interval", "100ms"], &script)[..]].concat())?;
    let beat = running.json()?;
    assert_eq!(
        (&beat["agent_id"], &beat["progress"]),
        (&json!("builder"), &json!(0.5))
    );
    // Two beats of `run` later it still stands there.
    running.says("beat agent builder: running")?;
    running.says("beat agent builder: running")?;
    let again = fleet.json(0, &["heartbeat", "beat", "--agent", "builder"])?;
    assert_eq!(
        (&again["progress"], &again["current_task"]),
        (&json!(0.5), &json!("half"))
    );
    std::fs::write(&fifo, "done")?;
    assert_eq!(running.end()?.exit, 0);
    Ok(())
}

fn a_slip_of_the_pen_is_no_status(fleet: &Fleet) -> Result<()> {
    let beat = ["heartbeat", "beat", "--agent", "builder", "--status"];
    fleet.expect(0, &[&beat[..], &["running"]].concat())?;
    let wrong = fleet.expect(2, &[&beat[..], &["complete"]].concat())?;
    assert!(wrong.stderr.contains("'completed'"), "{wrong:?}");
    let view = fleet.json(0, &["heartbeat", "status", "builder"])?;
    assert_eq!(view["status"], "running");
    fleet.expect(0, &[&beat[..], &["completed"]].concat())?;
    let view = fleet.json(1, &["heartbeat", "status", "builder"])?;
    assert_eq!(view["state"], "finished");
    // Names have something to read in them.
    for blank in [&["--agent", " "][..], &["--agent", "a", "--name", ""]] {
        let wrong = fleet.expect(2, &[&["heartbeat", "beat"], blank].concat())?;
        assert!(wrong.stderr.contains("a name cannot be"), "{wrong:?}");
    }
    Ok(())
}

fn who_never_was_cannot_be_stopped(fleet: &Fleet) -> Result<()> {
    let stop = ["heartbeat", "stop", "--agent", "bulider"];
    let view = fleet.json(1, &stop)?;
    assert_eq!(view["agent_id"], "bulider");
    assert_eq!(view["state"], "unknown");
    let text = fleet.expect(1, &stop)?.stdout;
    assert!(
        text.starts_with("Nothing to stop: no beat of bulider"),
        "{text}"
    );
    assert_eq!(fleet.json(0, &["heartbeat", "list"])?, json!([]));
    Ok(())
}

fn a_filter_says_how_many_there_are(fleet: &Fleet) -> Result<()> {
    let list = ["heartbeat", "list", "--state", "dead"];
    let text = |args: &[&str]| fleet.expect(0, args).map(|answered| answered.stdout);
    assert!(text(&list)?.starts_with("No agent"), "nothing is there");
    fleet.expect(0, &["heartbeat", "beat", "--agent", "a"])?;
    assert_eq!(text(&list)?, "Nothing matches, of 1 agent in all.\n");
    assert_eq!(fleet.json(0, &list)?, json!([]));
    let signals = ["signal", "list", "--agent", "b", "--type", "other"];
    assert_eq!(text(&signals)?, "No signal waits.\n");
    for kind in ["one", "two"] {
        fleet.expect(
            0,
            &["signal", "send", "--from", "a", "--to", "b", "--type", kind],
        )?;
    }
    assert_eq!(text(&signals)?, "Nothing matches, of 2 signals in all.\n");
    let ask = [
        "approval",
        "request",
        "--agent",
        "a",
        "--type",
        "deploy",
        "--no-wait",
    ];
    fleet.expect(0, &ask)?;
    let queue = text(&["approval", "list", "--type", "delete"])?;
    assert_eq!(queue, "Nothing matches, of 1 request in all.\n");
    fleet.expect(0, &["stream", "publish", "build"])?;
    let recent = text(&["stream", "recent", "biuld"])?;
    assert_eq!(recent, "Nothing matches, of 1 event in all.\n");
    let streams = fleet.expect(1, &["stream", "info", "biuld"])?;
    assert_eq!(streams.stdout, "Nothing matches, of 1 stream in all.\n");
    assert!(streams.stderr.contains("no stream biuld"), "{streams:?}");
    let record = ["feedback", "record", "--workflow", "w", "--stage", "s"];
    fleet.expect(
        0,
        &[&record[..], &["--tier", "cheap", "--score", "85%"]].concat(),
    )?;
    let stats = fleet.expect(1, &["feedback", "stats", "--workflow", "w", "--stage", "x"])?;
    assert_eq!(stats.stdout, "Nothing matches, of 1 score in all.\n");
    Ok(())
}

fn the_limits_of_states_are_set_in_a_file(fleet: &Fleet) -> Result<()> {
    let beat_at = at(0);
    let beat = ["heartbeat", "beat", "--agent", "builder", "--now", &beat_at];
    fleet.expect(0, &beat)?;
    let settings = fleet.user.path().join("limits.toml");
    std::fs::write(&settings, "[liveness]\ninterval_s = 1\nstale_s = 5\n")?;
    let settings = settings.to_str().context("an odd path")?;
    let now = at(6);
    let status = ["heartbeat", "status", "builder", "--now", &now];
    assert_eq!(fleet.json(0, &status)?["state"], "alive");
    let limited = [&status[..], &["--config", settings]].concat();
    assert_eq!(fleet.json(1, &limited)?["state"], "stale");
    let list = ["heartbeat", "list", "--now", &now, "--config", settings];
    assert_eq!(fleet.json(0, &list)?[0]["state"], "stale");
    Ok(())
}

fn the_roll_tells_states_apart(fleet: &Fleet) -> Result<()> {
    let beat_at = at(0);
    let beat = |agent: &str, more: &[&str]| {
        let beat = ["heartbeat", "beat", "--agent", agent, "--now", &beat_at];
        fleet.expect(0, &[&beat[..], more].concat())
    };
    beat(
        "builder",
        &[
            "--name",
            "The builder",
            "--progress",
            "0.42",
            "--task",
            "link",
        ],
    )?;
    beat("slow", &["--interval", "60s", "--ttl", "5m"])?;
    beat("done", &["--status", "completed"])?;
    let state = |second: u32| -> Result<Vec<String>> {
        let roll = fleet.json(0, &["heartbeat", "list", "--now", &at(second)])?;
        let agents = roll.as_array().context("no list")?.iter();
        let states = agents.map(|agent| {
            let id = agent["agent_id"].as_str().unwrap_or_default();
            format!("{id} {}", agent["state"].as_str().unwrap_or_default())
        });
        Ok(states.collect())
    };
    assert_eq!(state(5)?, ["builder alive", "done finished", "slow alive"]);
    assert_eq!(state(16)?, ["builder late", "done finished", "slow alive"]);
    assert_eq!(state(61)?, ["builder stale", "done finished", "slow alive"]);
    assert_eq!(state(100)?, ["builder dead", "done finished", "slow late"]);

    let roll = fleet.json(0, &["heartbeat", "list", "--now", &at(16)])?;
    let builder = &roll[0];
    for (field, value) in [
        ("display_name", json!("The builder")),
        ("since", json!(at(15))),
        ("last_beat", json!(beat_at)),
        ("age_s", json!(16)),
        ("ttl_left_s", json!(14)),
        ("status", json!("running")),
        ("progress", json!(0.42)),
        ("current_task", json!("link")),
    ] {
        assert_eq!(builder[field], value, "{field}");
    }
    assert!(
        builder["reason"]
            .as_str()
            .is_some_and(|why| why.contains("16 s")),
        "{builder}"
    );
    let table = fleet
        .expect(0, &["heartbeat", "list", "--now", &at(16)])?
        .stdout;
    assert!(
        table.contains("3 agents: 1 alive, 1 late, 1 finished"),
        "{table}"
    );
    assert!(table.contains("####......"), "{table}");
    // By its id, because that is what is typed; people's name for it beside it.
    assert!(table.contains("\nbuilder  The builder  late "), "{table}");
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );

    let status = |exit, agent: &str, second| {
        fleet.json(exit, &["heartbeat", "status", agent, "--now", &at(second)])
    };
    assert_eq!(status(0, "builder", 16)?["state"], "late");
    assert_eq!(status(1, "builder", 61)?["state"], "stale");
    assert_eq!(status(1, "done", 16)?["state"], "finished");
    assert_eq!(status(1, "nobody", 16)?["state"], "unknown");
    let quiet = |exit, second, more: &[&str]| {
        let now = at(second);
        fleet.json(
            exit,
            &[&["heartbeat", "stale", "--now", &now], more].concat(),
        )
    };
    assert_eq!(quiet(0, 16, &[])?, json!([]));
    assert_eq!(quiet(1, 61, &[])?[0]["agent_id"], "builder");
    // By attune's rule the key of 30 s is gone before 60 s have passed.
    let attune = quiet(1, 61, &["--threshold", "60s"])?;
    assert_eq!(attune.as_array().map(Vec::len), Some(1));
    assert_eq!(attune[0]["agent_id"], "slow");
    let some = fleet.json(
        0,
        &[
            "heartbeat",
            "list",
            "--state",
            "late,dead",
            "--now",
            &at(16),
        ],
    )?;
    assert_eq!(some.as_array().map(Vec::len), Some(1));
    fleet.expect(2, &["heartbeat", "list", "--state", "tired"])?;
    Ok(())
}

fn who_waits_for_a_human_is_not_stuck(fleet: &Fleet) -> Result<()> {
    let now = at(0);
    fleet.expect(0, &["heartbeat", "beat", "--agent", "wf", "--now", &now])?;
    let ask = [
        "approval",
        "request",
        "--agent",
        "wf",
        "--type",
        "deploy",
        "--no-wait",
    ];
    fleet.expect(
        0,
        &[&ask[..], &["--id", "approval_1", "--now", &now]].concat(),
    )?;
    let later = at(70);
    let view = fleet.json(1, &["heartbeat", "status", "wf", "--now", &later])?;
    assert_eq!(view["state"], "stale");
    assert_eq!(view["waiting_for_human"]["request_id"], "approval_1");
    assert_eq!(view["waiting_for_human"]["left_s"], 230);
    let text = fleet
        .expect(0, &["heartbeat", "list", "--now", &later])?
        .stdout;
    assert!(
        text.contains("wf waits for a human: approval_1 (deploy), 3m50s left"),
        "{text}"
    );
    Ok(())
}

fn a_watched_roll_shows_what_changes(fleet: &Fleet) -> Result<()> {
    let watching = fleet.start(&["--json", "heartbeat", "list", "--watch"])?;
    assert_eq!(watching.json()?, json!([]));
    let beat = ["heartbeat", "beat", "--agent", "builder"];
    fleet.expect(0, &[&beat[..], &["--interval", "100ms"]].concat())?;
    let until = |state: &str| -> Result<()> {
        while watching.json()?[0]["state"] != state {}
        Ok(())
    };
    until("alive")?;
    // Nothing happens, and that is a change.
    until("late")?;
    fleet.expect(0, &["heartbeat", "stop", "--agent", "builder"])?;
    until("finished")?;
    Ok(())
}

fn a_watched_roll_says_what_changed(fleet: &Fleet) -> Result<()> {
    let watching = fleet.start(&["heartbeat", "list", "--watch"])?;
    watching.line()?;
    fleet.expect(0, &["heartbeat", "beat", "--agent", "builder"])?;
    let ended = ["heartbeat", "stop", "--agent", "builder"];
    loop {
        let line = watching.line()?;
        if line.contains("builder: new, now alive") {
            break;
        }
    }
    fleet.expect(0, &ended)?;
    loop {
        let line = watching.line()?;
        if line.contains("builder: alive, now finished") {
            return Ok(());
        }
    }
}

fn calls_of_models_are_work(fleet: &Fleet) -> Result<()> {
    let folder = fleet.user.path().join(".attune/telemetry");
    std::fs::create_dir_all(&folder)?;
    let call = |workflow: &str, second| {
        let ts = at(second);
        format!("{{\"v\":\"1.0\",\"ts\":\"{ts}\",\"workflow\":\"{workflow}\",\"cost\":0.1}}\n")
    };
    // More than is looked through, and a line that is torn.
    let mut log = call("code-review", 1).repeat(5000);
    log += &(call("code-review", 40) + &call("wf-2", 50) + "{\"v\":\"1.0\",\"ts\"");
    std::fs::write(folder.join("usage.jsonl"), log)?;
    let now = at(30);
    let beat = ["heartbeat", "beat", "--now", &now, "--agent"];
    let facts = ["wf-1", "--metadata", "{\"workflow\": \"code-review\"}"];
    fleet.expect(0, &[&beat[..], &facts].concat())?;
    fleet.expect(0, &[&beat[..], &["wf-2"]].concat())?;
    fleet.expect(0, &[&beat[..], &["wf-3"]].concat())?;
    let later = at(60);
    let roll = fleet.json(0, &["heartbeat", "list", "--now", &later])?;
    assert_eq!(
        roll[0]["last_work"],
        json!({"at": at(40), "kind": "usage"}),
        "{roll}"
    );
    assert_eq!(roll[1]["last_work"], json!({"at": at(50), "kind": "usage"}));
    assert_eq!(roll[2]["last_work"], Value::Null);
    // Work makes nobody alive.
    assert_eq!(roll[0]["state"], "late");
    Ok(())
}
