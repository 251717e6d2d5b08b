//! Writing into the logs through the binary, from many processes at once.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use muster_core::record::usage::UsageRecord;
use muster_tests::binary::in_home;
use serde_json::Value;

const PROCESSES: usize = 8;
const RECORDS: usize = 2000;

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// A `record` command that waits for records.
fn recorder(user: &Path, args: &[&str]) -> Child {
    in_home(user)
        .args(["telemetry", "record"])
        .args(args)
        .arg("--json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn usage_record(process: usize, n: usize) -> String {
    format!(
        "{{\"workflow\":\"w{process}\",\"tier\":\"cheap\",\"model\":\"m\",\"provider\":\"p\",\"cost\":0.000001,\
         \"tokens\":{{\"input\":{n},\"output\":1}},\"stage\":\"{}\",\"seq\":{n}}}\n",
        "s".repeat(n % 60)
    )
}

#[test]
fn many_processes_lose_and_tear_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let children: Vec<Child> = (0..PROCESSES)
        .map(|_| recorder(user, &["usage", "--rotate-bytes", "100000"]))
        .collect();
    // All are running before the first gets a record.
    let outputs: Vec<Output> = std::thread::scope(|scope| {
        let threads: Vec<_> = children
            .into_iter()
            .enumerate()
            .map(|(process, mut child)| {
                scope.spawn(move || {
                    let mut input = child.stdin.take().unwrap();
                    for n in 1..=RECORDS {
                        // One write per record: batches of all sizes.
                        input
                            .write_all(usage_record(process, n).as_bytes())
                            .unwrap();
                    }
                    drop(input);
                    child.wait_with_output().unwrap()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(json(output)["recorded"], RECORDS);
    }

    let telemetry = user.join(".attune/telemetry");
    let mut seen = BTreeSet::new();
    let mut logs = 0;
    for entry in fs::read_dir(&telemetry).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        logs += 1;
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            let record = UsageRecord::parse(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let n = usize::try_from(record.tokens_in).unwrap();
            assert_eq!(record.stage.as_deref().unwrap_or("").len(), n % 60);
            assert!(seen.insert((record.workflow.to_string(), n)), "{line}");
        }
    }
    assert_eq!(seen.len(), PROCESSES * RECORDS);
    assert!(logs > 10, "{logs} logs");

    let mut show = in_home(user);
    let report = json(&run(show.args(["telemetry", "show", "--all", "--json"])));
    assert_eq!(report["totals"]["calls"], PROCESSES * RECORDS);
    assert_eq!(report["totals"]["cost_usd"].to_string(), "0.016");
    assert_eq!(report["skipped"]["lines"], 0);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&telemetry), 0o700);
    assert_eq!(mode(&telemetry.join(".secret")), 0o600);
}

#[test]
fn a_killed_writer_costs_no_line_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let mut doomed = recorder(user, &["usage"]);
    let mut input = doomed.stdin.take().unwrap();
    input.write_all(usage_record(0, 1).as_bytes()).unwrap();
    // The record is in the log while the input is still open.
    let log = user.join(".attune/telemetry/usage.jsonl");
    wait_until(|| fs::read(&log).is_ok_and(|bytes| bytes.ends_with(b"\n")));
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    drop(input);
    // What a process that takes no lock leaves when it dies in the middle of a line.
    let mut torn = fs::OpenOptions::new().append(true).open(&log).unwrap();
    torn.write_all(b"{\"v\":\"1.0\",\"ts\":\"20").unwrap();
    let mut child = recorder(user, &["usage", "--fsync"]);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(usage_record(1, 2).as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(json(&output)["ended_torn_lines"], 1);
    let mut show = in_home(user);
    let report = json(&run(show.args(["telemetry", "show", "--all", "--json"])));
    assert_eq!(report["totals"]["calls"], 2);
    assert_eq!(report["skipped"]["lines"], 1);
}

#[test]
fn votes_of_many_processes_are_all_counted() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let document = user.join("feedback.json");
    fs::write(
        &document,
        "{\n  \"tip\": {\n    \"good\": 1,\n    \"bad\": 1\n  }\n}\n",
    )
    .unwrap();
    let vote = "{\"template_id\":\"tip\",\"rating\":\"good\"}\n";
    let children: Vec<Child> = (0..PROCESSES)
        .map(|_| {
            let mut child = recorder(user, &["feedback", "--file", "feedback.json"]);
            let mut input = child.stdin.take().unwrap();
            for _ in 0..100 {
                input.write_all(vote.as_bytes()).unwrap();
            }
            child
        })
        .collect();
    for child in children {
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    }
    assert_eq!(
        fs::read_to_string(&document).unwrap(),
        "{\n  \"tip\": {\n    \"good\": 801,\n    \"bad\": 1\n  }\n}\n"
    );
}

#[test]
fn a_record_is_given_by_options() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let usage = "telemetry record --workflow review --tier cheap --model m --provider p --cost 0.0561 \
                 --tokens-in 9 --user-id ann --ts 2026-11-20T10:00:00+01:00";
    let output = run(in_home(user).args(usage.split_whitespace()));
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("1 record written to "), "{said}");
    let line = fs::read_to_string(user.join(".attune/telemetry/usage.jsonl")).unwrap();
    let record = UsageRecord::parse(line.trim_end()).unwrap();
    assert_eq!(record.at.to_string(), "2026-11-20T09:00:00Z");
    assert_eq!(
        (&*record.tier, record.tokens_in, record.seq),
        ("CHEAP", 9, Some(1))
    );
    assert_eq!(record.user_id.unwrap().len(), 16);
    assert!(!line.contains("ann"));

    let query = [
        "telemetry",
        "record",
        "help-query",
        "--mode",
        "m",
        "--topic",
        "caf\u{e9}",
        "--success",
        "true",
        "--found",
        "false",
    ];
    assert_eq!(run(in_home(user).args(query)).status.code(), Some(0));
    let line = fs::read_to_string(user.join(".attune/telemetry/help_queries.jsonl")).unwrap();
    assert!(
        line.contains("\"topic\": \"caf\u{e9}\", \"success\": true, \"found\": false}"),
        "{line}"
    );
    let off = run(in_home(user).args(query).env("ATTUNE_HELP_TELEMETRY", "0"));
    assert_eq!(off.status.code(), Some(1));
    assert_eq!(
        fs::read_to_string(user.join(".attune/telemetry/help_queries.jsonl")).unwrap(),
        line
    );
}

#[test]
fn what_is_no_record_is_refused_with_a_status() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let status = |args: &str| {
        let output = run(in_home(user).args(args.split_whitespace()).arg("--json"));
        let error = json(&output);
        assert_eq!(error["error"]["exit"], output.status.code().unwrap());
        (
            output.status.code().unwrap(),
            error["error"]["message"].to_string(),
        )
    };
    let (code, message) = status("telemetry record --workflow w");
    assert_eq!(code, 2);
    assert!(message.contains("missing_field: tier"), "{message}");
    assert_eq!(status("telemetry record --cost lots").0, 2);
    assert_eq!(status("telemetry record --workflow w --home absent").0, 3);
    assert!(!user.join(".attune").exists());
    let mut child = recorder(user, &["usage"]);
    let mut input = String::from("null\n");
    let _ = write!(input, "{}{{\"cost\":", usage_record(0, 1));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let message = json(&output)["error"]["message"].to_string();
    assert!(
        message.contains("2 records refused; first line 1: not_an_object: null; 1 written to"),
        "{message}"
    );
}

fn wait_until(condition: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "waited in vain");
        std::thread::yield_now();
    }
}

#[test]
fn what_attune_wrote_is_written_again_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/attune/home/telemetry");
    for (what, log) in [
        ("usage", "usage.jsonl"),
        ("help-query", "help_queries.jsonl"),
        ("help-unmatched", "help_unmatched.jsonl"),
    ] {
        // The variants of single callers are written in the usual form.
        let theirs: String = fs::read_to_string(fixtures.join(log))
            .unwrap()
            .split_inclusive('\n')
            .filter(|line| !line.contains("\"total"))
            .collect();
        assert!(theirs.lines().count() > 5, "{log}");
        let mut child = recorder(user, &[what, "--file", log]);
        child
            .stdin
            .take()
            .unwrap()
            .write_all(theirs.as_bytes())
            .unwrap();
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
        assert!(
            fs::read_to_string(user.join(log)).unwrap() == theirs,
            "{log}"
        );
    }
}
