//! Live streams through the binary into sinks, with every way to be disturbed.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use muster::bridge::Spool;
use muster_tests::binary::in_home;
use muster_tests::redis_server::RedisServer;
use muster_tests::tool::skip;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message};

const MIXED: &str = include_str!("../fixtures/swamp/run_mixed-wf.events.jsonl");
const SLOW: &str = include_str!("../fixtures/swamp/run_slow-wf.events.jsonl");
const PARENT: &str = "7d1f8f3a-5f0e-4c59-9a1b-3a5b9f7f0001";

/// `muster bridge run` with a named parent.
fn run(user: &Path, args: &[&str]) -> Command {
    let mut command = in_home(user);
    command
        .args(["bridge", "run", "--parent-id", PARENT, "--json"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The same with this on the standard input, to its end.
fn piped(user: &Path, args: &[&str], input: &str) -> Output {
    let mut child = run(user, args).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A process that has ended does not read.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The entries of a file of lines.
fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// The entries of the default spool.
fn spooled(user: &Path) -> Vec<Value> {
    let spool = Spool::new(user.join(".config/swamp/telemetry"));
    let read = |name| {
        let text = fs::read_to_string(spool.path(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    spool.list().unwrap().pending.iter().map(read).collect()
}

/// The entries in the store.
fn published(user: &Path, args: &[&str]) -> Vec<Value> {
    let recent = [
        "stream",
        "recent",
        "telemetry_entry",
        "--count",
        "1000",
        "--json",
    ];
    let output = in_home(user).args(recent).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let events: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    events.iter().map(|event| event["data"].clone()).collect()
}

fn ids<'a>(entries: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    let id = |entry: &Value| entry["id"].as_str().unwrap().to_owned();
    entries.into_iter().map(id).collect()
}

/// A run of so many steps, with times, one entry per step.
fn steps(count: usize, last: &str) -> String {
    let mut lines = String::new();
    let mut ms = 1_764_000_000_000_u64;
    let mut event = |event: Value| {
        ms += 10;
        lines += &json!({"at": ms, "event": event}).to_string();
        lines.push('\n');
    };
    event(
        json!({"kind": "started", "runId": "r-1", "workflowName": "nightly",
        "jobs": [{"id": "mill", "stepCount": count, "dependsOn": []}]}),
    );
    for n in 0..count {
        let step = format!("grind:{n}");
        event(json!({"kind": "step_started", "jobId": "mill", "stepId": step}));
        event(
            json!({"kind": "method_executing", "jobId": "mill", "stepId": step,
            "modelName": "hopper", "methodName": "run"}),
        );
        event(json!({"kind": "step_completed", "jobId": "mill", "stepId": step}));
    }
    if !last.is_empty() {
        event(serde_json::from_str(last).unwrap());
    }
    lines
}

const SUCCEEDED: &str = r#"{"kind":"completed","run":{"id":"r-1","status":"succeeded"}}"#;

#[test]
fn a_stream_goes_into_several_sinks_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let output = piped(user, &["--jsonl", "out.jsonl", "--and-spool"], MIXED);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = report(&output);
    let (in_lines, in_spool) = (lines(&user.join("out.jsonl")), spooled(user));
    assert_eq!(ids(&in_lines), ids(&in_spool));
    assert_eq!(told["entries"], in_lines.len());
    assert_eq!(told["sinks"][0]["written"], in_lines.len());
    // The same entries as of a replay, and the run's own after them.
    let (parent, children) = in_lines.split_last().unwrap();
    fs::write(user.join("events.jsonl"), MIXED).unwrap();
    let replay = ["bridge", "replay", "events.jsonl", "--parent-id", PARENT];
    let replayed = in_home(user).args(replay).output().unwrap();
    let replayed: Vec<Value> = String::from_utf8(replayed.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(ids(&replayed), ids(children));
    assert_eq!(parent["id"], PARENT);
    assert!(
        children
            .iter()
            .all(|child| child["parentInvocationId"] == PARENT)
    );
    assert_eq!(parent["invocation"]["args"], json!(["<REDACTED>"]));
    // All its failures were allowed.
    assert_eq!(parent["result"]["status"], "success");
    assert_eq!(told["outcome"], "succeeded");
}

#[test]
fn the_parent_has_the_true_outcome() {
    let allowed = r#"{"kind":"step_failed","jobId":"mill","stepId":"x","error":"e","allowedFailure":true,"modelName":"m","methodName":"run"}"#;
    let with_allowed = format!("{}{allowed}\n{SUCCEEDED}\n", steps(1, ""));
    let end = |status: &str| {
        format!(r#"{{"kind":"completed","run":{{"id":"r-1","status":"{status}"}}}}"#)
    };
    for (stream, outcome, status, kind) in [
        (steps(1, SUCCEEDED), "succeeded", "success", Value::Null),
        (with_allowed, "succeeded", "success", Value::Null),
        (steps(1, &end("failed")), "failed", "error", json!("Error")),
        (
            steps(1, &end("cancelled")),
            "cancelled",
            "error",
            json!("Cancelled"),
        ),
        (SLOW.to_owned(), "cancelled", "error", json!("Cancelled")),
        (steps(1, ""), "unknown", "error", json!("Error")),
        (
            steps(
                1,
                r#"{"kind":"error","error":{"code":"workflow_execution_failed","message":"disk gone"}}"#,
            ),
            "failed",
            "error",
            json!("Error"),
        ),
        (
            steps(
                1,
                r#"{"kind":"suspended","run":{"id":"r-1","status":"suspended"},"jobId":"mill","stepId":"s","prompt":"ship?"}"#,
            ),
            "suspended",
            "error",
            json!("Suspended"),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let output = piped(folder.path(), &["--jsonl", "out.jsonl"], &stream);
        assert_eq!(report(&output)["outcome"], outcome, "{output:?}");
        let entries = lines(&folder.path().join("out.jsonl"));
        let parent = entries.last().unwrap();
        assert_eq!(parent["id"], PARENT);
        assert_eq!(parent["result"]["status"], status, "{outcome}");
        assert_eq!(parent["result"]["errorType"], kind, "{outcome}");
        // Only the named sink was written to.
        assert!(!folder.path().join(".config").exists());
    }
    let folder = tempfile::tempdir().unwrap();
    let nothing = piped(folder.path(), &["--jsonl", "out.jsonl"], "");
    assert_eq!(nothing.status.code(), Some(0));
    assert_eq!(report(&nothing)["parent_id"], Value::Null);
    assert!(!folder.path().join("out.jsonl").exists());
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        thread::yield_now();
    }
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_file_is_followed_until_its_run_ends() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let (events, out) = (user.join("events.jsonl"), user.join("out.jsonl"));
    let stream = steps(3, SUCCEEDED);
    let (head, tail) = stream.split_at(stream.len() / 2);
    fs::write(&events, head).unwrap();
    let child = run(user, &["events.jsonl", "--jsonl", "out.jsonl"])
        .spawn()
        .unwrap();
    wait_until("the first entry", || !lines(&out).is_empty());
    let mut file = fs::OpenOptions::new().append(true).open(&events).unwrap();
    file.write_all(tail.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(report(&output)["end"], "finished");
    assert_eq!(lines(&out).len(), 4);
}

#[test]
fn an_interrupt_drains_what_is_open() {
    for name in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let user = folder.path();
        let out = user.join("out.jsonl");
        let mut child = run(user, &["--jsonl", "out.jsonl"]).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stream = steps(1, "");
        for step in ["host:9000", "host:9001"] {
            let event = json!({"kind": "method_executing", "jobId": "mill", "stepId": step,
                "modelName": "m", "methodName": "run"});
            stream += &event.to_string();
            stream.push('\n');
        }
        stdin.write_all(stream.as_bytes()).unwrap();
        wait_until("the finished step", || lines(&out).len() == 1);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let told = report(&output);
        assert_eq!(
            (&told["end"], &told["drained"]),
            (&json!("interrupted"), &json!(2))
        );
        let entries = lines(&out);
        let steps: Vec<&Value> = entries[1..3]
            .iter()
            .map(|entry| &entry["workflowContext"]["stepName"])
            .collect();
        assert_eq!(steps, ["host:9000", "host:9001"]);
        assert!(
            entries[1..]
                .iter()
                .all(|entry| entry["result"]["errorType"] == "Cancelled")
        );
        assert_eq!(entries[3]["id"], PARENT);
    }
}

#[test]
fn the_last_words_of_an_interrupted_workflow_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let out = user.join("out.jsonl");
    let mut child = run(user, &["--jsonl", "out.jsonl"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(steps(1, "").as_bytes()).unwrap();
    wait_until("the finished step", || lines(&out).len() == 1);
    signal(&child, "-INT");
    // The workflow had finished before the interrupt could reach it.
    let last = format!(
        "{}\n",
        json!({"at": 1_764_000_001_000_u64, "event": serde_json::from_str::<Value>(SUCCEEDED).unwrap()})
    );
    stdin.write_all(last.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(report(&output)["outcome"], "succeeded");
}

#[test]
fn a_bridge_that_is_killed_at_any_write_loses_and_doubles_nothing() {
    const STEPS: usize = 12;
    let stream = steps(STEPS, SUCCEEDED);
    for written in 0..=STEPS {
        let folder = tempfile::tempdir().unwrap();
        let user = folder.path();
        let out = user.join("out.jsonl");
        let spool = user.join(".config/swamp/telemetry");
        let args = ["--jsonl", "out.jsonl", "--and-spool", "--to-store"];
        let mut child = run(user, &args).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // Some lines more than make the entries that are waited for.
        let head: Vec<&str> = stream.split_inclusive('\n').take(written * 3 + 3).collect();
        stdin.write_all(head.concat().as_bytes()).unwrap();
        wait_until("so many entries", || {
            let files = fs::read_dir(&spool).map_or(0, Iterator::count);
            files >= written && lines(&out).len() >= written
        });
        child.kill().unwrap();
        child.wait().unwrap();
        let output = piped(user, &args, &stream);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let (in_lines, in_spool) = (lines(&out), spooled(user));
        assert_eq!(in_lines.len(), STEPS + 1, "{written}");
        assert_eq!(ids(&in_lines).len(), STEPS + 1, "{written}");
        assert_eq!(ids(&in_lines), ids(&in_spool), "{written}");
        assert_eq!(in_spool.len(), STEPS + 1);
        let in_store = published(user, &[]);
        assert_eq!(in_store.len(), STEPS + 1, "{written}");
        assert_eq!(ids(&in_store), ids(&in_spool), "{written}");
    }
}

#[test]
fn a_store_that_dies_and_comes_back_has_every_entry_once() {
    const STEPS: usize = 6;
    let durable = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = RedisServer::start(&durable).unwrap() else {
        skip("there is no redis-server");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let stream = steps(STEPS, SUCCEEDED);
    let url = server.url();
    let mut child = run(user, &["--to-store", "--drain-time", "60", "--store", &url])
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (head, tail) = stream.split_at(stream.len() / 2);
    stdin.write_all(head.as_bytes()).unwrap();
    wait_until("the first entry", || {
        !published(user, &["--store", &url]).is_empty()
    });
    server.kill();
    stdin.write_all(tail.as_bytes()).unwrap();
    drop(stdin);
    server.run().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let entries = published(user, &["--store", &url]);
    assert_eq!(entries.len(), STEPS + 1);
    assert_eq!(ids(&entries).len(), STEPS + 1);
}

#[test]
fn a_sink_that_fails_is_tried_again_and_disturbs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let out = user.join("out.jsonl");
    let spool = user.join("spool");
    let args = ["--jsonl", "out.jsonl", "--spool", "spool"];
    let mut child = run(user, &args).spawn().unwrap();
    wait_until("the spool", || spool.is_dir());
    // The spool's folder becomes a file: nothing can be written into it.
    fs::remove_dir(&spool).unwrap();
    fs::write(&spool, "").unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(steps(50, SUCCEEDED).as_bytes()).unwrap();
    drop(stdin);
    // The other sink has everything meanwhile.
    wait_until("the other sink", || lines(&out).len() == 51);
    fs::remove_file(&spool).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = report(&output);
    assert_eq!(told["sinks"][1]["written"], 51);
    assert!(told["sinks"][1]["failed_writes"].as_u64().unwrap() > 0);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("trying again"), "{said}");
    assert_eq!(Spool::new(&spool).list().unwrap().pending.len(), 51);
}

#[test]
fn what_no_sink_takes_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    fs::create_dir(user.join("folder")).unwrap();
    fs::write(user.join("events.jsonl"), steps(5, SUCCEEDED)).unwrap();
    let mut command = in_home(user);
    command
        .args(["bridge", "run", "events.jsonl", "--json"])
        .args(["--jsonl", "folder", "--jsonl", "out.jsonl"])
        .args(["--drain-time", "1"])
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let error = report(&output)["error"]["message"].to_string();
    assert!(error.contains("folder did not take 6 entries"), "{error}");
    assert_eq!(lines(&user.join("out.jsonl")).len(), 6);
    // What can never work is refused before the stream begins.
    let output = piped(user, &["--jsonl", "folder"], "");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

/// Adds items with this text in the field `event` to the stream `events`.
fn add_items(server: &RedisServer, texts: &[&str]) {
    let mut connection = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    for text in texts {
        let parts = ["XADD", "events", "*", "event", text];
        let mut request = format!("*{}\r\n", parts.len());
        for part in parts {
            let _ = write!(request, "${}\r\n{part}\r\n", part.len());
        }
        connection.write_all(request.as_bytes()).unwrap();
        // `$<length>`, then the id.
        let mut reply = BufReader::new(&connection).lines();
        assert!(reply.next().unwrap().unwrap().starts_with('$'));
    }
}

#[test]
fn a_redis_stream_is_read_until_its_run_ends() {
    let Some(server) = RedisServer::start(&[]).unwrap() else {
        skip("there is no redis-server");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let out = user.join("out.jsonl");
    let events: Vec<&str> = MIXED.lines().collect();
    let (head, tail) = events.split_at(events.len() / 2);
    add_items(&server, head);
    add_items(&server, &["no event"]);
    let url = server.url();
    let args = [
        url.as_str(),
        "--redis-stream",
        "events",
        "--jsonl",
        "out.jsonl",
    ];
    let child = run(user, &args).stdin(Stdio::null()).spawn().unwrap();
    wait_until("the first entry", || !lines(&out).is_empty());
    add_items(&server, tail);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told = report(&output);
    assert_eq!(
        (&told["end"], &told["skipped_lines"]),
        (&json!("finished"), &json!(1))
    );
    let piped_output = piped(user, &["--jsonl", "piped.jsonl"], MIXED);
    assert_eq!(piped_output.status.code(), Some(0));
    assert_eq!(ids(&lines(&out)), ids(&lines(&user.join("piped.jsonl"))));
    // Read again from the start, it gives nothing that is not there.
    let output = run(user, &args).stdin(Stdio::null()).output().unwrap();
    assert_eq!(report(&output)["sinks"][0]["written"], 0);
    assert_eq!(lines(&out).len(), ids(&lines(&out)).len());
}

/// A server that sends these frames to one client after its request, and then
/// closes the connection.
fn socket_server(frames: Vec<String>) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut socket = tungstenite::accept(stream).unwrap();
        let hello = socket.read().unwrap().into_text().unwrap().to_string();
        for frame in frames {
            socket.send(Message::text(frame)).unwrap();
        }
        hello
    });
    (url, server)
}

#[test]
fn a_socket_is_read_until_its_request_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let mut frames: Vec<String> = MIXED
        .lines()
        .map(|line| {
            let event: Value = serde_json::from_str(line).unwrap();
            json!({"type": "event", "id": "q1", "event": event}).to_string()
        })
        .collect();
    frames.push(json!({"type": "done", "id": "q1"}).to_string());
    let (url, server) = socket_server(frames);
    let hello = r#"{"type":"workflow.run","id":"q1"}"#;
    let args = [url.as_str(), "--ws-hello", hello, "--jsonl", "out.jsonl"];
    let output = run(user, &args).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(server.join().unwrap(), hello);
    let told = report(&output);
    assert_eq!(
        (&told["end"], &told["outcome"]),
        (&json!("finished"), &json!("succeeded"))
    );
    let piped_output = piped(user, &["--jsonl", "piped.jsonl"], MIXED);
    assert_eq!(piped_output.status.code(), Some(0));
    assert_eq!(
        ids(&lines(&user.join("out.jsonl"))),
        ids(&lines(&user.join("piped.jsonl")))
    );
}

#[test]
fn a_lost_connection_is_told_and_drained() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let frames: Vec<String> = [
        json!({"kind": "started", "runId": "r", "workflowName": "w"}),
        json!({"kind": "method_executing", "jobId": "j", "stepId": "s", "modelName": "m", "methodName": "run"}),
    ]
    .iter()
    .map(|event| json!({"type": "event", "id": 1, "event": event}).to_string())
    .collect();
    let (url, server) = socket_server(frames);
    let args = [url.as_str(), "--ws-hello", "{}", "--jsonl", "out.jsonl"];
    let output = run(user, &args).stdin(Stdio::null()).output().unwrap();
    server.join().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let entries = lines(&user.join("out.jsonl"));
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["result"]["errorMessage"], "event stream lost");
    assert_eq!(entries[1]["result"]["status"], "error");
    // Nobody listens there.
    let output = run(user, &["ws://127.0.0.1:9/"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(
        report(&output)["error"]["message"]
            .to_string()
            .contains("cannot connect")
    );
}

#[test]
fn opting_out_leaves_what_the_user_named() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let output = piped(user, &["--no-telemetry"], &steps(1, SUCCEEDED));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!user.join(".config").exists());
    let args = ["--no-telemetry", "--jsonl", "out.jsonl", "--and-spool"];
    let output = piped(user, &args, &steps(1, SUCCEEDED));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!user.join(".config").exists());
    assert_eq!(lines(&user.join("out.jsonl")).len(), 2);
}

#[test]
fn wrong_usage_has_its_status() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    for (args, status) in [
        (&["ftp://x"][..], 2),
        (&["redis://localhost"], 2),
        (&["-", "--ws-hello", "{}"], 2),
        (&["ws://x", "--ws-hello", "{"], 2),
        (&["redis://127.0.0.1:9", "--redis-stream", "s"], 3),
        // Waiting for what was mistyped would never end.
        (&["absent.jsonl"], 3),
        (&["."], 3),
    ] {
        let output = run(user, args).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{args:?}: {output:?}");
    }
    let mut odd = in_home(user);
    odd.args(["bridge", "run", "--parent-id", "a/b"])
        .stdin(Stdio::null());
    assert_eq!(odd.output().unwrap().status.code(), Some(2));
}

#[test]
fn statistics_are_over_sent_and_unsent() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let output = piped(user, &[], &steps(10, SUCCEEDED));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let spool = Spool::new(user.join(".config/swamp/telemetry"));
    let names = spool.list().unwrap().pending;
    for name in &names[..4] {
        let state = muster_core::delivery::SpoolState::Flushed;
        assert!(spool.set_state(name, state).unwrap());
    }
    let stats = |args: &[&str]| {
        let mut command = in_home(user);
        let output = command
            .args(["bridge", "stats", "--all", "--json"])
            .args(args)
            .output();
        report(&output.unwrap())
    };
    let told = stats(&[]);
    assert_eq!(
        (&told["sources"]["pending"], &told["sources"]["flushed"]),
        (&json!(7), &json!(4))
    );
    assert_eq!(told["methods"]["total"], 10);
    assert_eq!(told["commands"]["total"], 1);
    assert_eq!(told["by_workflow"]["nightly"]["success_rate"], 1.0);
    assert_eq!(told["families"]["succeeded"], 1);
    let files: Vec<PathBuf> = names.iter().map(|name| spool.path(name)).collect();
    assert_eq!(files.len(), 11);
    let text = in_home(user)
        .args(["bridge", "stats", "--all"])
        .output()
        .unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("10 methods of steps"), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}
