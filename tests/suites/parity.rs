//! One logic in three hosts: the same bytes out of the core itself, the component
//! in wasmtime and the browser module in Node.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test suite")]

#[path = "parity/bridge.rs"]
mod bridge;
#[path = "parity/coordination.rs"]
mod coordination;
#[path = "parity/diagnosis.rs"]
mod diagnosis;
#[path = "parity/fleet.rs"]
mod fleet;

use std::sync::LazyLock;

use muster_core::{LogKind, ReportKind};
use muster_sandbox::{Limits, Sandbox};
use muster_tests::hosts::{self, Channel, Job};
use muster_tests::{artefacts, bad_input, tool};
use serde_json::{Value, json};

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| {
    let component = artefacts::component().unwrap();
    let limits = Limits {
        memory_bytes: 64 << 20,
        ..Limits::default()
    };
    Sandbox::new(&component, limits).unwrap()
});

/// Every log of the fixtures, in the order of their names.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in ["home/telemetry", "project/.attune"] {
        let folder = artefacts::tests("fixtures/attune").join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if LogKind::of_path(&name).is_some() {
                files.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    assert!(files.len() > 5, "the fixtures are not there");
    files
}

fn bad() -> impl Iterator<Item = (&'static str, Vec<(String, Vec<u8>)>)> {
    bad_input::usage_logs()
        .into_iter()
        .map(|(name, bytes)| (name, vec![("usage.jsonl".to_owned(), bytes)]))
}

/// Runs the jobs in all hosts and compares.
#[track_caller]
fn check(jobs: &[Job]) {
    let native: Vec<Vec<String>> = jobs.iter().map(|job| job.native().unwrap()).collect();
    for (job, native) in jobs.iter().zip(&native) {
        let usage: Value = serde_json::from_str(&native[0]).unwrap();
        let mut channels = vec![Channel::Bytes];
        channels.extend(job.is_text().then_some(Channel::Text));
        for channel in channels {
            let (documents, typed) = job.component(&SANDBOX, channel).unwrap();
            same(job, native, &documents, &format!("component, {channel:?}"));
            let typed = hosts::usage_document(&typed).unwrap();
            assert_eq!(typed, usage, "{}: the typed report", job.name);
        }
    }
    let Some(node) = tool::node() else { return };
    let answers = hosts::browser(jobs, &node, &artefacts::browser().unwrap()).unwrap();
    assert_eq!(answers.len(), jobs.len());
    for ((job, native), browser) in jobs.iter().zip(&native).zip(&answers) {
        same(job, native, browser, "browser module");
    }
}

#[track_caller]
fn same(job: &Job, native: &[String], other: &[String], host: &str) {
    assert_eq!(native.len(), other.len());
    for ((kind, native), other) in ReportKind::ALL.into_iter().zip(native).zip(other) {
        assert_eq!(native, other, "{}: {}: {host}", job.name, kind.name());
    }
}

#[test]
fn real_logs_give_the_same_bytes_in_every_host() {
    let files = fixtures();
    let whole = Job::of("whole files", files.clone(), 1 << 20);
    let usage: Value = serde_json::from_str(&whole.native().unwrap()[0]).unwrap();
    assert_eq!(usage["totals"]["calls"], 152);
    let jobs = [
        Job {
            from: Some("2026-10-20T00:00:00Z"),
            to: Some("2026-11-10T12:34:56.789Z"),
            recent: 3,
            offset_minutes: 330,
            ..Job::of("a window", files.clone(), 4093)
        },
        Job {
            from: Some("2100-01-01T00:00:00Z"),
            recent: 0,
            offset_minutes: -720,
            ..Job::of("an empty window", files.clone(), 65_536)
        },
        Job::of("byte by byte", files[..1].to_vec(), 1),
        Job::of("no files", Vec::new(), 1),
        whole,
    ];
    check(&jobs);
}

#[test]
fn bad_input_gives_the_same_bytes_in_every_host() {
    let jobs: Vec<Job> = bad()
        .flat_map(|(name, files)| {
            [977, 65_536].map(|chunk| Job::of(format!("{name} by {chunk}"), files.clone(), chunk))
        })
        .collect();
    check(&jobs);
}

/// Real logs with bytes exchanged, removed and repeated.
#[test]
fn damaged_logs_give_the_same_bytes_in_every_host() {
    let files = fixtures();
    let mut random = Random(0x5eed);
    let jobs: Vec<Job> = (0..96)
        .map(|number| {
            let (name, bytes) = &files[random.below(files.len())];
            let mut bytes = bytes[..bytes.len().min(20_000)].to_vec();
            for _ in 0..=random.below(40) {
                if bytes.is_empty() {
                    break;
                }
                let at = random.below(bytes.len());
                match random.below(4) {
                    0 => bytes[at] = random.byte(),
                    1 => bytes[at] = b"\"\\{}[],:\n\r0-e."[random.below(14)],
                    2 => drop(bytes.drain(at..(at + random.below(60)).min(bytes.len()))),
                    _ => {
                        let piece = bytes[at..(at + random.below(300)).min(bytes.len())].to_vec();
                        bytes.splice(at..at, piece);
                    }
                }
            }
            let chunk = 1 + random.below(5000);
            Job::of(
                format!("{name} number {number}"),
                vec![(name.clone(), bytes)],
                chunk,
            )
        })
        .collect();
    check(&jobs);
}

#[test]
fn wrong_use_is_an_error_in_the_browser_module() {
    let Some(node) = tool::node() else { return };
    let job = |options: Value, file: &str| json!({"options": options, "files": [{"name": file, "path": "/dev/null"}], "chunk": 1, "reports": []});
    let report =
        |name: &str| json!({"options": null, "files": [], "chunk": 1, "reports": [{"name": name}]});
    let cases = [
        (
            job(json!({"from": "yesterday"}), "usage.jsonl"),
            "from: yesterday is not a time",
        ),
        (job(json!({"to": 5}), "usage.jsonl"), "to: not a string"),
        (
            job(json!({"recent": -1}), "usage.jsonl"),
            "recent: below zero",
        ),
        (
            job(json!({"recent": 1.5}), "usage.jsonl"),
            "recent: not an integer",
        ),
        (
            job(json!({"naiveOffsetMinutes": 1e9}), "usage.jsonl"),
            "naiveOffsetMinutes: more than",
        ),
        (
            job(json!({"form": "2026-01-01"}), "usage.jsonl"),
            "form: not an option",
        ),
        (job(json!(7), "usage.jsonl"), "options: not an object"),
        (
            job(Value::Null, "notes.txt"),
            "notes.txt is not the name of a known log",
        ),
        (report("nothing"), "nothing is not the name of a report"),
        (report("compare"), "nothing to compare with"),
    ];
    let jobs: Vec<Value> = cases.iter().map(|(job, _)| job.clone()).collect();
    let answers = hosts::node_answers(&jobs, &node, &artefacts::browser().unwrap()).unwrap();
    for ((_, expected), answer) in cases.iter().zip(answers) {
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.starts_with(expected), "{expected}: {answer}");
    }
}

/// xorshift64
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
