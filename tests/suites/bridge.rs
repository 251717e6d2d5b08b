//! The workflow telemetry bridge as users and scripts meet it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test suite")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use muster_tests::artefacts;
use muster_tests::binary::in_home;
use serde_json::Value;

fn fixture(name: &str) -> std::path::PathBuf {
    artefacts::tests("fixtures/swamp").join(name)
}

fn replay(user: &Path) -> Command {
    let mut command = in_home(user);
    command.args(["bridge", "replay"]);
    command
}

/// Runs with a text on the standard input.
fn piped(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A command that ends early closes the pipe.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn entries(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

const START: &str = r#"{"kind":"started","runId":"r","workflowName":"w"}
{"kind":"method_executing","jobId":"j","stepId":"s","modelName":"m","methodName":"run"}
"#;
const END: &str = r#"{"kind":"step_completed","jobId":"j","stepId":"s"}
"#;

#[test]
fn a_recorded_stream_gives_the_same_entries_each_time() {
    let user = tempfile::tempdir().unwrap();
    let run = || {
        let output = replay(user.path())
            .arg(fixture("run_mixed-wf.events.jsonl"))
            .args(["--parent-id", "p-1", "--start", "2026-01-01T00:00:00Z"])
            .args(["--step-ms", "10"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
        output
    };
    let output = run();
    assert_eq!(output.stdout, run().stdout);
    let entries = entries(&output);
    assert_eq!(entries.len(), 7);
    for entry in &entries {
        assert_eq!(entry["parentInvocationId"], "p-1");
        assert_eq!(entry["workflowContext"]["jobName"], "deploy:us-east-1");
    }
    // `fails` begins with event 12 and ends with event 21.
    let fails = entries
        .iter()
        .find(|entry| entry["workflowContext"]["stepName"] == "fails")
        .unwrap();
    assert_eq!(fails["startedAt"], "2026-01-01T00:00:00.120Z");
    assert_eq!(fails["durationMs"], 90);
}

#[test]
fn an_entry_comes_out_while_the_stream_goes_on() {
    let user = tempfile::tempdir().unwrap();
    let mut child = replay(user.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdin.write_all(START.as_bytes()).unwrap();
    stdin.write_all(END.as_bytes()).unwrap();
    stdin.flush().unwrap();
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let entry: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(entry["result"]["status"], "success");
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn what_is_open_in_the_end_is_drained_unless_it_is_to_be_left() {
    let user = tempfile::tempdir().unwrap();
    let drained = entries(&piped(&mut replay(user.path()), START));
    let message = &drained[0]["result"]["errorMessage"];
    assert_eq!(message, "workflow run terminated before completion");
    let left = piped(replay(user.path()).arg("--no-finalize"), START);
    assert_eq!(left.status.code(), Some(0));
    assert_eq!(entries(&left), Vec::<Value>::new());
}

#[test]
fn garbage_costs_its_line_and_is_told() {
    let user = tempfile::tempdir().unwrap();
    let stream =
        format!("{START}garbage\n\n[]\n{{\"kind\":\"x\"}}\n{{\"kind\":\"job_started\"}}\n{END}");
    let output = piped(&mut replay(user.path()), &stream);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(entries(&output).len(), 1);
    assert_eq!(
        stderr(&output),
        "muster: 3 of 8 lines skipped: 1 missing_field, 1 not_an_object, 1 not_json; \
         the first is line 3: not_json\n\
         muster: 1 events of unknown kinds were passed over\n"
    );
    let strict = piped(replay(user.path()).arg("--strict"), &stream);
    assert_eq!(strict.status.code(), Some(4));
    assert!(
        stderr(&strict).contains("lines skipped"),
        "{}",
        stderr(&strict)
    );
    // Nothing but garbage is no stream.
    let garbage = piped(&mut replay(user.path()), "garbage\n\u{0}\u{1}\n");
    assert_eq!(garbage.status.code(), Some(4));
    assert!(
        stderr(&garbage).contains("2 of 2 lines skipped"),
        "{garbage:?}"
    );
}

#[test]
fn files_that_are_named_must_be_there_and_make_sense() {
    let user = tempfile::tempdir().unwrap();
    let bad = user.path().join("bad.json");
    fs::write(&bad, "{\"version\":2,\"platform\":3}").unwrap();
    let bad = bad.to_str().unwrap();
    for (args, status, part) in [
        (vec!["nowhere.jsonl"], 3, "no such file"),
        (vec!["."], 3, "folder"),
        (vec!["--producer", "nowhere.json"], 3, "nowhere.json"),
        (vec!["--producer", bad], 4, "platform"),
        (vec!["--classify", bad], 4, "version"),
        (vec!["--step-ms", "3"], 2, "--start"),
        (vec!["--start", "today"], 2, "today"),
    ] {
        let output = piped(replay(user.path()).args(&args), "");
        assert_eq!(output.status.code(), Some(status), "{args:?}");
        assert!(
            stderr(&output).contains(part),
            "{args:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn options_decide_what_an_entry_says() {
    let user = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = user.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let producer = file(
        "producer.json",
        r#"{"swampVersion":"9","platform":"linux"}"#,
    );
    let classify = file(
        "errors.json",
        r#"{"version":1,"user_errors":["no model: *"]}"#,
    );
    let stream = r#"{"kind":"step_failed","jobId":"j","stepId":"s","error":"no model: acme","modelName":"acme","methodName":"run"}"#;
    let output = piped(
        replay(user.path())
            .arg("--producer")
            .arg(producer)
            .arg("--classify")
            .arg(classify)
            .arg("--redact-names"),
        stream,
    );
    let entries = entries(&output);
    assert_eq!(entries[0]["swampVersion"], "9");
    assert_eq!(entries[0]["result"]["status"], "user_error");
    assert_eq!(entries[0]["result"]["errorMessage"], "no model: <REDACTED>");
}

#[test]
fn spans_of_another_engine_become_entries() {
    let user = tempfile::tempdir().unwrap();
    let output = replay(user.path())
        .arg(fixture("otel_spans.jsonl"))
        .arg("--mapping")
        .arg(artefacts::tests("../docs/examples/otel-mapping.json"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let entries = entries(&output);
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["startedAt"], "2026-01-01T00:00:00.100Z");
    assert_eq!(entries[0]["durationMs"], 1500);
    assert_eq!(entries[1]["result"]["errorMessage"], "no route");
}
