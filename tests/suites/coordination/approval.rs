//! `muster approval`.

use anyhow::{Context as _, Result};
use muster_tests::fleet::{Fleet, Running};
use serde_json::{Value, json};

use crate::at;

crate::on_each_store![
    an_answer_ends_the_wait,
    timed_out_is_told_from_rejected,
    a_command_runs_after_approval_only,
    an_interrupted_request_is_withdrawn,
    an_answer_counts_for_its_request_only,
    an_answer_is_taken_once,
    the_queue_shows_the_time_left,
    a_list_of_all_says_who_decided_and_why,
    old_requests_raise_an_alert,
    a_watched_queue_shows_what_comes,
    wrong_usage_is_told,
];

const REQUEST: [&str; 6] = ["approval", "request", "--agent", "wf", "--type", "deploy"];

/// A request that waits, and its id.
fn ask(fleet: &Fleet, more: &[&str]) -> Result<(Running, String)> {
    let running = fleet.start(&[&["--json"], &REQUEST[..], more].concat())?;
    let line = running.says("waits for")?;
    let id = line.split(' ').nth(1).context("no id")?.to_owned();
    Ok((running, id))
}

fn respond(fleet: &Fleet, exit: i32, id: &str, more: &[&str]) -> Result<Value> {
    fleet.json(exit, &[&["approval", "respond", id], more].concat())
}

fn an_answer_ends_the_wait(fleet: &Fleet) -> Result<()> {
    let (running, id) = ask(fleet, &["--context", r#"{"version": "1.2"}"#])?;
    let queue = fleet.json(0, &["approval", "list"])?;
    assert_eq!(queue[0]["request_id"], id.as_str());
    assert_eq!(queue[0]["context"], json!({"version": "1.2"}));
    let taken = respond(fleet, 0, &id, &["--approve", "--reason", "fine"])?;
    assert_eq!(taken["outcome"], "taken");
    assert_eq!(taken["responder"], "kim");
    let answered = running.end()?;
    assert_eq!(answered.exit, 0);
    let view = answered.document()?;
    assert_eq!(view["outcome"], "approved");
    assert_eq!(view["approved"], true);
    assert_eq!(
        (&view["responder"], &view["reason"]),
        (&json!("kim"), &json!("fine"))
    );
    assert_eq!(fleet.json(0, &["approval", "list"])?, json!([]));
    Ok(())
}

fn timed_out_is_told_from_rejected(fleet: &Fleet) -> Result<()> {
    let view = fleet.json(1, &[&REQUEST[..], &["--timeout", "100ms"]].concat())?;
    assert_eq!(view["outcome"], "timed_out");
    assert_eq!(
        (&view["approved"], &view["responder"]),
        (&json!(false), &json!("system"))
    );
    let (running, id) = ask(fleet, &[])?;
    respond(fleet, 0, &id, &["--reject", "--responder", "lee"])?;
    let answered = running.end()?;
    assert_eq!(answered.exit, 1);
    let view = answered.document()?;
    assert_eq!(view["outcome"], "rejected");
    assert_eq!(view["responder"], "lee");
    Ok(())
}

fn a_command_runs_after_approval_only(fleet: &Fleet) -> Result<()> {
    let (running, id) = ask(fleet, &["--", "sh", "-c", "echo $MUSTER_APPROVAL; exit 5"])?;
    let queue = fleet.json(0, &["approval", "list"])?;
    let shown = &queue[0]["context"]["command"];
    assert_eq!(shown, "sh -c 'echo $MUSTER_APPROVAL; exit 5'", "{queue}");
    respond(fleet, 0, &id, &["--approve"])?;
    let decision = running.json()?;
    assert_eq!(decision["outcome"], "approved");
    assert_eq!(running.says(&id)?, id);
    assert_eq!(running.end()?.exit, 5);

    let (running, id) = ask(fleet, &["--", "sh", "-c", "touch ran"])?;
    respond(fleet, 0, &id, &["--reject"])?;
    assert_eq!(running.end()?.exit, 1);
    assert!(!fleet.user.path().join("ran").exists());

    let (running, id) = ask(fleet, &["--", "./absent"])?;
    respond(fleet, 0, &id, &["--approve"])?;
    assert_eq!(running.end()?.exit, 125);
    Ok(())
}

fn an_interrupted_request_is_withdrawn(fleet: &Fleet) -> Result<()> {
    for (signal, exit, command) in [
        ("INT", 130, &[][..]),
        ("TERM", 143, &["--", "sh", "-c", "touch ran"]),
    ] {
        let (running, id) = ask(fleet, command)?;
        running.signal(signal)?;
        let answered = running.end()?;
        assert_eq!(answered.exit, exit);
        let view = answered.document()?;
        assert_eq!(view["outcome"], "rejected");
        assert_eq!(view["responder"], "wf");
        assert!(
            view["reason"]
                .as_str()
                .is_some_and(|reason| reason.starts_with("withdrawn"))
        );
        // It has left the queue, and an answer that comes now is refused.
        assert_eq!(fleet.json(0, &["approval", "list"])?, json!([]));
        let late = respond(fleet, 1, &id, &["--approve"])?;
        assert_eq!(late["refusal"], "already_decided");
    }
    assert!(!fleet.user.path().join("ran").exists());
    // Who only joined the wait of another leaves its request alone.
    let (first, id) = ask(fleet, &["--id", "shared"])?;
    let (second, _) = ask(fleet, &["--id", "shared"])?;
    second.signal("INT")?;
    second.says("stays")?;
    assert_eq!(second.end()?.exit, 130);
    respond(fleet, 0, &id, &["--approve"])?;
    assert_eq!(first.end()?.exit, 0);
    Ok(())
}

/// What was approved for one thing approves nothing else.
fn an_answer_counts_for_its_request_only(fleet: &Fleet) -> Result<()> {
    let context = "{\"to\": \"test\", \"n\": 1}";
    let id = ["--id", "fixed", "--context", context, "--no-wait"];
    fleet.json(0, &[&REQUEST[..], &id].concat())?;
    respond(fleet, 0, "fixed", &["--approve"])?;
    let again = ["--id", "fixed", "--context", "{\"n\":1,\"to\":\"test\"}"];
    let view = fleet.json(0, &[&REQUEST[..], &again].concat())?;
    assert_eq!(view["outcome"], "approved");
    for (agent, kind, context) in [
        ("intruder", "deploy", context),
        ("wf", "delete", context),
        ("wf", "deploy", "{\"to\": \"production\"}"),
    ] {
        let other = [
            "approval",
            "request",
            "--id",
            "fixed",
            "--agent",
            agent,
            "--type",
            kind,
            "--context",
            context,
        ];
        let error = fleet.json(2, &other)?;
        let message = error["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("another request: deploy of wf"), "{error}");
        let with_command = [&other[..], &["--", "touch", "ran"]].concat();
        fleet.expect(125, &with_command)?;
    }
    assert!(!fleet.user.path().join("ran").exists());
    // Nor a command that nobody saw.
    let command = ["--id", "fixed", "--context", context, "--", "touch", "ran"];
    fleet.expect(125, &[&REQUEST[..], &command].concat())?;
    assert!(!fleet.user.path().join("ran").exists());
    Ok(())
}

fn an_answer_is_taken_once(fleet: &Fleet) -> Result<()> {
    let (asked_at, later, late) = (at(0), at(60), at(400));
    let ask = ["--id", "approval_1", "--no-wait", "--now", &asked_at];
    let view = fleet.json(0, &[&REQUEST[..], &ask].concat())?;
    assert_eq!(view["outcome"], "pending");
    assert_eq!(view["deadline"], at(300));
    let now = ["--now", &later];
    respond(fleet, 0, "approval_1", &[&["--approve"], &now[..]].concat())?;
    let same = respond(fleet, 0, "approval_1", &[&["--approve"], &now[..]].concat())?;
    assert_eq!(same["outcome"], "repeated");
    let other = respond(fleet, 1, "approval_1", &[&["--reject"], &now[..]].concat())?;
    assert_eq!(
        (&other["outcome"], &other["refusal"]),
        (&json!("refused"), &json!("already_decided"))
    );
    assert_eq!(
        (&other["approved"], &other["responder"]),
        (&json!(true), &json!("kim"))
    );
    let unknown = respond(fleet, 1, "approval_0", &["--approve"])?;
    assert_eq!(unknown["refusal"], "unknown");

    let ask = ["--id", "approval_2", "--no-wait", "--now", &asked_at];
    fleet.expect(0, &[&REQUEST[..], &ask].concat())?;
    let passed = respond(fleet, 1, "approval_2", &["--approve", "--now", &late])?;
    assert_eq!(passed["refusal"], "deadline_passed");
    assert_eq!(passed["deadline"], at(300));
    Ok(())
}

fn the_queue_shows_the_time_left(fleet: &Fleet) -> Result<()> {
    let (asked_at, later, late) = (at(0), at(60), at(301));
    for id in ["approval_1", "approval_2"] {
        let ask = ["--id", id, "--no-wait", "--now", &asked_at];
        fleet.expect(0, &[&REQUEST[..], &ask].concat())?;
    }
    let queue = fleet.json(0, &["approval", "list", "--now", &later])?;
    assert_eq!(queue.as_array().map(Vec::len), Some(2));
    assert_eq!(
        (&queue[0]["left_s"], &queue[0]["age_s"]),
        (&json!(240), &json!(60))
    );
    assert_eq!(queue[0]["requested_at"], asked_at.as_str());
    let table = fleet
        .expect(0, &["approval", "list", "--now", &later])?
        .stdout;
    assert!(table.contains("4m00s"), "{table}");
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    // What is over leaves by itself.
    assert_eq!(
        fleet.json(0, &["approval", "list", "--now", &late])?,
        json!([])
    );
    let all = fleet.json(0, &["approval", "list", "--all", "--now", &late])?;
    assert_eq!(all[1]["outcome"], "timed_out");
    let empty = fleet
        .expect(0, &["approval", "list", "--now", &late])?
        .stdout;
    assert_eq!(empty, "Nothing waits for an answer.\n");
    let swept = fleet.json(0, &["approval", "sweep", "--now", &late])?;
    assert_eq!(swept["swept"], json!(["approval_1", "approval_2"]));
    let again = fleet.json(0, &["approval", "sweep", "--now", &late])?;
    assert_eq!(again["swept"], json!([]));
    Ok(())
}

fn a_list_of_all_says_who_decided_and_why(fleet: &Fleet) -> Result<()> {
    let context = r#"{"version": "1.2", "host": "eu-west"}"#;
    for id in ["approval_861df52f5d7cd935", "approval_5f3a9c55aa01bb02"] {
        let ask = ["--id", id, "--context", context, "--no-wait"];
        fleet.expect(0, &[&REQUEST[..], &ask].concat())?;
    }
    let reject = ["--reject", "--reason", "not on a Friday"];
    let by = ["--responder", "kim@example.org"];
    let id = "approval_5f3a9c55aa01bb02";
    respond(fleet, 0, id, &[&reject[..], &by].concat())?;
    let table = fleet.expect(0, &["approval", "list", "--all"])?.stdout;
    assert!(
        table.lines().all(|line| line.chars().count() <= 80),
        "{table}"
    );
    let decided = table.lines().find(|line| line.starts_with(id));
    let decided = decided.context("not listed")?;
    assert!(decided.ends_with("rejected"), "{table}");
    assert!(
        table.contains("\n    by kim@example.org: not on a Friday\n"),
        "{table}"
    );
    assert!(table.contains(" left"), "{table}");
    // What the decision rests on is readable.
    let queue = fleet.expect(0, &["approval", "list"])?.stdout;
    assert!(queue.contains(context), "{queue}");
    assert!(
        queue.contains("approval_861df52f5d7cd935  deploy  wf"),
        "{queue}"
    );
    Ok(())
}

fn old_requests_raise_an_alert(fleet: &Fleet) -> Result<()> {
    let (asked_at, young, old) = (at(0), at(60), at(61));
    let ask = ["--id", "approval_1", "--no-wait", "--now", &asked_at];
    fleet.expect(0, &[&REQUEST[..], &ask].concat())?;
    let list = ["approval", "list", "--alert-when-older", "1m", "--now"];
    let calm = fleet.expect(0, &[&list[..], &[&young]].concat())?;
    assert_eq!(calm.stderr, "");
    let alert = fleet.expect(1, &[&list[..], &[&old]].concat())?;
    assert!(
        alert
            .stderr
            .contains("alert: approval_1 (deploy for wf) has waited 1m01s"),
        "{alert:?}"
    );
    Ok(())
}

fn a_watched_queue_shows_what_comes(fleet: &Fleet) -> Result<()> {
    let watching = fleet.start(&["--json", "approval", "list", "--watch"])?;
    assert_eq!(watching.json()?, json!([]));
    let (_running, id) = ask(fleet, &[])?;
    loop {
        let queue = watching.json()?;
        if queue[0]["request_id"] == id.as_str() {
            return Ok(());
        }
    }
}

fn wrong_usage_is_told(fleet: &Fleet) -> Result<()> {
    fleet.expect(2, &["approval", "respond", "approval_1"])?;
    fleet.expect(
        2,
        &["approval", "respond", "approval_1", "--approve", "--reject"],
    )?;
    fleet.expect(2, &["approval", "request", "--agent", "wf"])?;
    fleet.expect(2, &[&REQUEST[..], &["--context", "no"]].concat())?;
    fleet.expect(2, &["approval", "sweep", "--every", "0"])?;
    fleet.expect(
        125,
        &[&REQUEST[..], &["--context", "no", "--", "true"]].concat(),
    )?;
    Ok(())
}
