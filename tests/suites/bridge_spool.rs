//! The spool and the sender through the binary, against a server with every fault.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use muster::bridge::{
    Endpoint, FlushOptions, FlushReport, FlushStep, FlushWatch, Spool, Written, flush,
};
use muster::clock::Clock;
use muster::error::Failure;
use muster_core::delivery::SenderPolicy;
use muster_core::record::telemetry_entry::TelemetryEntry;
use muster_tests::binary::in_home;
use muster_tests::ingest::{Ingest, Reply, ids};
use serde_json::{Value, json};

/// Longer than the entries are old.
const KEEP_DAYS: u32 = 100_000;
const ENTRY: &str = include_str!("../fixtures/swamp/run_mixed-wf.entries.jsonl");

/// A spool with so many entries, of several days; their ids in order of names.
fn filled(folder: &Path, count: usize) -> (Spool, Vec<String>) {
    let spool = Spool::new(folder.join("telemetry"));
    let line = ENTRY.lines().next().unwrap();
    let mut names = Vec::new();
    for n in 0..count {
        let mut entry: Value = serde_json::from_str(line).unwrap();
        let id = format!("00000000-0000-4000-8000-{n:012}");
        entry["id"] = json!(id);
        for field in ["startedAt", "completedAt"] {
            entry[field] = json!(format!("2026-11-{:02}T10:00:00.000Z", 1 + n * 20 / count));
        }
        let text = entry.to_string();
        let entry = TelemetryEntry::parse(&text).unwrap();
        assert_eq!(spool.write(&entry).unwrap(), Written::New);
        names.push(id);
    }
    spool.sync().unwrap();
    (spool, names)
}

/// Waits of milliseconds instead of seconds.
fn options() -> FlushOptions {
    FlushOptions {
        distinct_id: "user-1".into(),
        repo_id: None,
        policy: SenderPolicy {
            first_wait_us: 1000,
            longest_wait_us: 5000,
            ..SenderPolicy::default()
        },
        time_limit: Duration::from_secs(20),
        keep_days: KEEP_DAYS,
    }
}

struct Quiet;

impl FlushWatch for Quiet {
    fn step(&mut self, _: FlushStep) {}
}

fn send(spool: &Spool, server: &Ingest) -> (FlushReport, Result<(), Failure>) {
    let limit = Duration::from_millis(400);
    let mut endpoint = Endpoint::with_time_limit(&server.url, None, limit).unwrap();
    flush(
        spool,
        &mut endpoint,
        &options(),
        Clock::default(),
        &mut Quiet,
    )
}

/// Every entry is in exactly one state, and those that were taken are marked so.
#[track_caller]
fn nothing_is_lost(spool: &Spool, server: &Ingest, all: &[String]) {
    let listing = spool.list().unwrap();
    let ids = |names: &[muster_core::delivery::SpoolName]| -> BTreeSet<String> {
        names.iter().map(|name| name.id.clone()).collect()
    };
    let (pending, flushed) = (ids(&listing.pending), ids(&listing.flushed));
    let quarantined = ids(&listing.quarantined);
    assert_eq!(pending.len() + flushed.len() + quarantined.len(), all.len());
    let everything: BTreeSet<String> = all.iter().cloned().collect();
    assert_eq!(&(&pending | &flushed) | &quarantined, everything);
    let taken: BTreeSet<String> = server.taken().into_iter().collect();
    assert_eq!(flushed, taken);
}

#[test]
fn batches_go_out_in_the_form_of_the_first_sender() {
    let folder = tempfile::tempdir().unwrap();
    let (_, all) = filled(folder.path(), 60);
    let server = Ingest::start(|_, _| Reply::status(202)).unwrap();
    let output = flush_command(folder.path(), &server.url, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["sent"], &report["requests"]),
        (&json!(60), &json!(3))
    );
    assert_eq!(report["pending"], 0);
    let requests = server.requests();
    let sizes: Vec<usize> = requests.iter().map(|request| request.ids().len()).collect();
    assert_eq!(sizes, [25, 25, 10]);
    // Oldest first.
    assert_eq!(server.taken(), all);
    let first = &requests[0];
    assert_eq!(first.line, "POST /ingest HTTP/1.1");
    assert_eq!(first.header("content-type"), Some("application/json"));
    assert_eq!(first.header("x-api-key"), Some("secret-key"));
    assert!(first.header("user-agent").unwrap().starts_with("muster/"));
    let body: Value = serde_json::from_str(&first.body).unwrap();
    let event = &body["events"][0];
    assert_eq!(event["event"], "cli_invocation");
    assert_eq!(event["distinct_id"], "user-1");
    assert_eq!(event["properties"]["id"], event["insert_id"]);
    // What was sent is kept, and not sent again.
    let again = flush_command(folder.path(), &server.url, &["--json"]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(server.requests().len(), 3);
    let spool = Spool::new(folder.path().join("telemetry"));
    nothing_is_lost(&spool, &server, &all);
}

/// `muster bridge flush` from the spool below `user`.
fn flush_command(user: &Path, url: &str, args: &[&str]) -> Output {
    bridge(user, "flush")
        .args([
            "--spool",
            "telemetry",
            "--endpoint",
            url,
            "--distinct-id",
            "user-1",
            "--keep-days",
            &KEEP_DAYS.to_string(),
        ])
        .args(args)
        .env("SWAMP_API_KEY", "secret-key")
        .output()
        .unwrap()
}

fn bridge(user: &Path, command: &str) -> Command {
    let mut muster = in_home(user);
    muster.args(["bridge", command]).stdin(Stdio::null());
    muster
}

#[test]
fn a_bad_entry_is_set_aside_and_the_rest_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, all) = filled(folder.path(), 60);
    let (refused, large) = (all[3].clone(), all[40].clone());
    let server = Ingest::start({
        let (refused, large) = (refused.clone(), large.clone());
        move |_, body| match ids(body) {
            ids if ids.contains(&refused) => Reply::status(400),
            ids if ids.contains(&large) => Reply::status(413),
            _ => Reply::status(202),
        }
    })
    .unwrap();
    // No entry at all, older than the rest, as many as a batch has.
    for n in 0..25 {
        let name = format!("telemetry-2026-10-01-bad{n}.json");
        fs::write(spool.folder().join(name), "{\"id\":\"x\"").unwrap();
    }
    let output = flush_command(folder.path(), &server.url, &["--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["sent"], &report["quarantined"]),
        (&json!(58), &json!(27))
    );
    let taken: BTreeSet<String> = server.taken().into_iter().collect();
    assert_eq!(taken.len(), 58);
    assert!(!taken.contains(&refused) && !taken.contains(&large));
    // They are shown, and can be sent after all.
    let show = |args: &[&str]| {
        let mut command = bridge(folder.path(), "spool");
        let output = command
            .args(["--spool", "telemetry", "--json"])
            .args(args)
            .output();
        serde_json::from_slice::<Value>(&output.unwrap().stdout).unwrap()
    };
    let shown = show(&["--limit", "100"]);
    assert_eq!(shown["quarantined"], 27);
    assert_eq!(shown["entries"].as_array().unwrap().len(), 27);
    let unusable = |entry: &&Value| !entry["unusable"].is_null();
    assert_eq!(
        shown["entries"]
            .as_array()
            .unwrap()
            .iter()
            .filter(unusable)
            .count(),
        25
    );
    let released = show(&["--release", &refused]);
    assert_eq!(
        (&released["released"], &released["pending"]),
        (&json!(1), &json!(1))
    );
    let kind = Ingest::start(|_, _| Reply::status(202)).unwrap();
    assert_eq!(
        flush_command(folder.path(), &kind.url, &[]).status.code(),
        Some(0)
    );
    assert_eq!(kind.taken(), [refused]);
}

#[test]
fn faults_are_outlasted_and_set_nothing_aside() {
    let faults: [(&str, Reply); 8] = [
        ("500", Reply::status(500)),
        ("502", Reply::status(502)),
        ("503", Reply::Status(503, "Retry-After: 0\r\n".into())),
        ("429", Reply::Status(429, "Retry-After: 0\r\n".into())),
        ("close", Reply::Close),
        ("torn", Reply::Torn),
        ("hang", Reply::Hang),
        ("408", Reply::status(408)),
    ];
    for (name, fault) in faults {
        let folder = tempfile::tempdir().unwrap();
        let (spool, all) = filled(folder.path(), 30);
        let server = Ingest::start(move |n, _| {
            if n % 3 == 2 {
                Reply::status(202)
            } else {
                fault.clone()
            }
        })
        .unwrap();
        let (report, outcome) = send(&spool, &server);
        outcome.unwrap_or_else(|failure| panic!("{name}: {failure}"));
        assert_eq!(
            (report.sent, report.quarantined, report.pending),
            (30, 0, 0),
            "{name}"
        );
        nothing_is_lost(&spool, &server, &all);
    }
}

#[test]
fn a_wait_that_the_endpoint_asks_for_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = filled(folder.path(), 1);
    let server = Ingest::start(|n, _| match n {
        0 => Reply::Status(429, "Retry-After: 1\r\n".into()),
        _ => Reply::status(202),
    })
    .unwrap();
    let began = Instant::now();
    let (report, outcome) = send(&spool, &server);
    outcome.unwrap();
    assert_eq!((report.sent, report.requests), (1, 2));
    assert!(began.elapsed() >= Duration::from_secs(1));
    // One that is too long is not begun.
    let (spool, _) = filled(&folder.path().join("b"), 1);
    let server = Ingest::start(|_, _| {
        Reply::Status(503, "Retry-After: Tue, 31 Dec 2999 23:59:59 GMT\r\n".into())
    })
    .unwrap();
    let (report, outcome) = send(&spool, &server);
    let failure = outcome.unwrap_err();
    assert!(failure.message.contains("HTTP 503; 0 sent"), "{failure}");
    assert_eq!((report.pending, report.requests), (1, 1));
}

#[test]
fn what_cannot_be_sent_now_waits_and_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, all) = filled(folder.path(), 30);
    for (code, headers, says) in [
        (401, "", "wants another key: HTTP 401"),
        (403, "", "wants another key: HTTP 403"),
        (200, "", "answers HTTP 200 instead of 202"),
        (404, "", "answers HTTP 404 instead of 202"),
        (400, "", "refuses every entry: HTTP 400"),
        (
            302,
            "Location: https://elsewhere.example/x\r\n",
            "redirects to https://elsewhere",
        ),
    ] {
        let server = Ingest::start(move |_, _| Reply::Status(code, headers.into())).unwrap();
        let output = flush_command(folder.path(), &server.url, &["--json"]);
        assert_eq!(output.status.code(), Some(3), "{code}");
        let error: Value = serde_json::from_slice(&output.stdout).unwrap();
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
        nothing_is_lost(&spool, &server, &all);
    }
    // Nobody listens there.
    let gone = "http://127.0.0.1:9";
    let output = flush_command(folder.path(), gone, &["--time-limit", "0"]);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(spool.list().unwrap().pending.len(), 30);
    let wrong = flush_command(folder.path(), "elsewhere", &[]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn the_key_stays_with_the_address() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 1);
    let other = Ingest::start(|_, _| Reply::status(202)).unwrap();
    let to_other = format!("Location: {}/ingest\r\n", other.url);
    let server = Ingest::start(move |_, _| Reply::Status(307, to_other.clone())).unwrap();
    let output = flush_command(folder.path(), &server.url, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(other.requests().is_empty());
    // Within the same address a redirect that keeps the method is followed.
    let server = Ingest::start(|n, _| match n {
        0 => Reply::Status(308, "Location: /v2/ingest\r\n".into()),
        _ => Reply::status(202),
    })
    .unwrap();
    let output = flush_command(folder.path(), &server.url, &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let requests = server.requests();
    assert_eq!(requests[1].line, "POST /v2/ingest HTTP/1.1");
    assert_eq!(requests[1].header("x-api-key"), Some("secret-key"));
    // A circle ends.
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 1);
    let server = Ingest::start(|_, _| Reply::Status(307, "Location: /ingest\r\n".into())).unwrap();
    let output = flush_command(folder.path(), &server.url, &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(server.requests().len() < 10);
}

#[test]
fn two_processes_send_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, all) = filled(folder.path(), 300);
    let server = Ingest::start(|n, _| match n % 5 {
        4 => Reply::status(503),
        _ => Reply::status(202),
    })
    .unwrap();
    std::thread::scope(|scope| {
        let flushes: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| flush_command(folder.path(), &server.url, &["--json"])))
            .collect();
        for flush in flushes {
            let output = flush.join().unwrap();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
    });
    let mut taken = server.taken();
    taken.sort_unstable();
    assert_eq!(taken, all);
    nothing_is_lost(&spool, &server, &all);
}

#[test]
fn a_sender_that_is_killed_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, all) = filled(folder.path(), 200);
    // Its last request is taken, and the process dies before it can note that.
    let server = Ingest::start(|n, _| match n {
        3 => Reply::Hang,
        _ => Reply::status(202),
    })
    .unwrap();
    let mut child = bridge(folder.path(), "flush")
        .args(["--spool", "telemetry", "--endpoint", &server.url])
        .args(["--distinct-id", "user-1"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until(|| server.requests().len() == 4);
    child.kill().unwrap();
    child.wait().unwrap();
    nothing_is_lost(&spool, &server, &all);
    // The lock died with it.
    let output = flush_command(folder.path(), &server.url, &["--json"]);
    assert_eq!(output.status.code(), Some(0));
    nothing_is_lost(&spool, &server, &all);
    assert_eq!(spool.list().unwrap().pending.len(), 0);
}

fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::yield_now();
    }
}

#[test]
fn opting_out_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 3);
    let server = Ingest::start(|_, _| Reply::status(202)).unwrap();
    let output = flush_command(folder.path(), &server.url, &["--no-telemetry", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["sent"], &report["pending"]),
        (&json!(0), &json!(3))
    );
    fs::write(
        folder.path().join(".swamp.yaml"),
        "telemetryDisabled: true\n",
    )
    .unwrap();
    let output = flush_command(folder.path(), &server.url, &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("telemetryDisabled: true"), "{said}");
    let shown = bridge(folder.path(), "spool").output().unwrap();
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("Nothing is written or sent"), "{text}");
    assert!(server.requests().is_empty());
}

#[test]
fn swamps_own_folder_is_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let config = user.join(".config/swamp");
    let (_, all) = filled(&config, 2);
    fs::write(config.join("identity.json"), "{\"userId\":\"u-9\"}").unwrap();
    fs::write(user.join(".swamp.yaml"), "repoId: r-9\n").unwrap();
    let server = Ingest::start(|_, _| Reply::status(202)).unwrap();
    let mut command = bridge(user, "flush");
    let output = command
        .args(["--keep-days", "0"])
        .env("SWAMP_TELEMETRY_ENDPOINT", &server.url)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let request = &server.requests()[0];
    assert_eq!(request.ids(), all);
    assert_eq!(request.header("x-api-key"), None);
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["events"][1]["distinct_id"], "u-9");
    assert_eq!(body["events"][1]["properties"]["$repo_id"], "r-9");
    let left: Vec<PathBuf> = fs::read_dir(config.join("telemetry"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // Nothing there is an answer, a named folder that is not there is not.
    let empty = tempfile::tempdir().unwrap();
    let shown = bridge(empty.path(), "spool").output().unwrap();
    assert_eq!(shown.status.code(), Some(0));
    let named = bridge(empty.path(), "spool")
        .args(["--spool", "x"])
        .output()
        .unwrap();
    assert_eq!(named.status.code(), Some(3));
    let nobody = bridge(empty.path(), "flush").output().unwrap();
    assert_eq!(nobody.status.code(), Some(2));
}
