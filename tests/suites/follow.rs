//! Following logs through the binary: records as they come, reports again.
#![allow(clippy::unwrap_used)]

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use muster_tests::binary::in_home;
use serde_json::Value;

/// A command that goes on until it is killed, and the lines that it prints.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(user: &Path, args: &[&str]) -> Self {
        let mut child = in_home(user)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    fn line(&self) -> String {
        self.lines
            .recv_timeout(Duration::from_secs(30))
            .expect("a line within 30 seconds")
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn record(n: u32) -> String {
    format!(
        "{{\"v\":\"1.0\",\"ts\":\"2026-11-20T10:00:00.000000Z\",\"workflow\":\"w{n}\",\"tier\":\"CHEAP\",\"model\":\"m\",\"provider\":\"p\",\"cost\":0.5}}\n"
    )
}

fn append(log: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(log)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn tail_prints_each_record_once_across_rotation_and_truncation() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let telemetry = user.join(".attune/telemetry");
    fs::create_dir_all(&telemetry).unwrap();
    let log = telemetry.join("usage.jsonl");
    append(&log, &(record(1) + &record(2)));
    let tail = Running::start(user, &["telemetry", "tail", "--lines", "1", "--json"]);
    assert_eq!(tail.json()["workflow"], "w2");
    let third = record(3);
    let (torn, rest) = third.split_at(60);
    append(&log, torn);
    append(&log, &(rest.to_owned() + "null\n" + &record(4)));
    assert_eq!(tail.json()["workflow"], "w3");
    assert_eq!(tail.json()["workflow"], "w4");
    append(&log, &record(5));
    fs::rename(&log, telemetry.join("usage.2026-11-20.jsonl")).unwrap();
    append(&log, &record(6));
    fs::rename(&log, telemetry.join("usage.2026-11-20.1.jsonl")).unwrap();
    append(&log, &(record(7) + &record(8)));
    for workflow in ["w5", "w6", "w7", "w8"] {
        assert_eq!(tail.json()["workflow"], workflow);
    }
    fs::write(&log, record(9)).unwrap();
    let after = tail.json();
    assert_eq!(after["workflow"], "w9");
    assert_eq!(after["cost_usd"].to_string(), "0.5");
}

#[test]
fn tail_waits_for_a_log_and_fits_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let tail = Running::start(user, &["telemetry", "tail"]);
    let input = record(1).replace("w1", "a-workflow-with-a-long-name\\u001b[31m");
    let telemetry = user.join(".attune/telemetry");
    fs::create_dir_all(&telemetry).unwrap();
    append(&telemetry.join("usage.jsonl"), &input);
    let line = tail.line();
    assert!(line.starts_with("2026-11-20 10:00:00"), "{line}");
    assert!(
        line.chars().count() <= 80 && !line.contains('\u{1b}'),
        "{line}"
    );
}

#[test]
fn a_report_is_shown_again_when_the_logs_change() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let telemetry = user.join(".attune/telemetry");
    fs::create_dir_all(&telemetry).unwrap();
    let log = telemetry.join("usage.jsonl");
    append(&log, &record(1));
    let show = Running::start(user, &["telemetry", "show", "--follow", "--all", "--json"]);
    assert_eq!(show.json()["totals"]["calls"], 1);
    append(&log, &record(2));
    assert_eq!(show.json()["totals"]["calls"], 2);
    fs::rename(&log, telemetry.join("usage.2026-11-20.jsonl")).unwrap();
    append(&log, &record(3));
    // A look between the two gives a report without the new file.
    let calls: Vec<u64> = std::iter::repeat_with(|| show.json())
        .map(|report| report["totals"]["calls"].as_u64().unwrap())
        .take_while(|calls| *calls == 2)
        .collect();
    assert!(calls.len() <= 1, "{calls:?}");
}

#[test]
fn readers_and_writers_of_one_index_agree_with_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let telemetry = user.join(".attune/telemetry");
    fs::create_dir_all(&telemetry).unwrap();
    let log = telemetry.join("usage.jsonl");
    // Long enough for an index of several blocks.
    let text: String = (0..30_000).map(record).collect();
    append(&log, &text);
    for round in 0..3 {
        thread::scope(|scope| {
            let reports: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let show = ["telemetry", "show", "--all", "--json"];
                        in_home(user).args(show).output().unwrap().stdout
                    })
                })
                .collect();
            let expect = {
                let show = ["telemetry", "show", "--all", "--json", "--no-index"];
                in_home(user).args(show).output().unwrap().stdout
            };
            assert!(expect.starts_with(b"{\"window\""));
            for report in reports {
                assert!(report.join().unwrap() == expect, "round {round}");
            }
        });
        append(&log, &text[..200_000 + round]);
    }
    let kept = fs::read_dir(user.join(".cache/muster/index"))
        .unwrap()
        .count();
    assert_eq!(kept, 1);
    // Nothing of Muster's own lies beside the log.
    assert_eq!(fs::read_dir(&telemetry).unwrap().count(), 1);
}
