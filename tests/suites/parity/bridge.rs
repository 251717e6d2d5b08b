//! The bridge in three hosts: the same entries and the same summary, byte for byte.

use std::fs;

use muster_core::Timestamp;
use muster_core::bridge::{
    BridgeOptions, ErrorPatterns, MessageRedaction, Producer, Replay, ReplayClock, ReplayOptions,
};
use muster_sandbox::{GuestError, SandboxError};
use muster_tests::bridge_cases::{self, EPOCH_MS};
use muster_tests::{artefacts, hosts, tool};
use serde_json::{Value, json};

use super::SANDBOX;

/// A stream, how it is replayed, and how it is cut.
#[derive(Clone, Debug, Default)]
struct Job {
    name: String,
    stream: Vec<u8>,
    chunk: usize,
    parent_id: Option<String>,
    producer: Option<&'static str>,
    classify: Option<&'static str>,
    /// Milliseconds from event to event.
    step_ms: Option<i64>,
    /// All that differs from the usual.
    odd: bool,
}

/// What a host gives: the entries and the summary.
#[derive(Debug, PartialEq, Eq)]
struct Given {
    entries: String,
    summary: String,
}

fn now() -> Timestamp {
    Timestamp::from_millis(EPOCH_MS).unwrap()
}

impl Job {
    fn of(name: impl Into<String>, stream: impl Into<Vec<u8>>, chunk: usize) -> Self {
        Self {
            name: name.into(),
            stream: stream.into(),
            chunk,
            ..Self::default()
        }
    }

    fn native(&self) -> Given {
        let mut replay = Replay::new(ReplayOptions {
            bridge: BridgeOptions {
                redaction: if self.odd {
                    MessageRedaction::AllNames
                } else {
                    MessageRedaction::EngineNames
                },
                patterns: self
                    .classify
                    .map(|text| ErrorPatterns::parse(text).unwrap())
                    .unwrap_or_default(),
                outer_run: self.odd,
            },
            parent_id: self.parent_id.clone(),
            producer: self
                .producer
                .map(|text| Producer::parse(text).unwrap())
                .unwrap_or_default(),
            clock: self.step_ms.map(|step_ms| ReplayClock {
                start: now(),
                step_us: step_ms * 1000,
            }),
            leave_open: self.odd,
            mapping: None,
        });
        let mut entries = String::new();
        for chunk in self.stream.chunks(self.chunk) {
            replay.push(now(), chunk, &mut entries);
        }
        replay.finish(now(), &mut entries);
        let summary = muster_core::to_json(&replay.summary());
        Given { entries, summary }
    }

    fn component(&self) -> Given {
        let mut replay = SANDBOX.replay(&self.guest_options()).unwrap();
        let us = now().as_micros();
        let mut entries = String::new();
        for chunk in self.stream.chunks(self.chunk) {
            entries += &match std::str::from_utf8(chunk) {
                Ok(text) => replay.push(us, text).unwrap(),
                Err(_) => replay.push_bytes(us, chunk).unwrap(),
            };
        }
        entries += &replay.finish(us).unwrap();
        let summary = replay.summary_json().unwrap();
        Given { entries, summary }
    }

    fn guest_options(&self) -> muster_sandbox::ReplayOptions {
        muster_sandbox::ReplayOptions {
            parent_id: self.parent_id.clone(),
            producer: self.producer.map(str::to_owned),
            clock: self.step_ms.map(|step_ms| muster_sandbox::ReplayClock {
                start: now().as_micros(),
                step_us: step_ms * 1000,
            }),
            outer_run: self.odd,
            redact_names: self.odd,
            classify: self.classify.map(str::to_owned),
            leave_open: self.odd,
        }
    }

    /// The job as `tests/web/replay.mjs` takes it.
    fn for_node(&self, path: &str) -> Value {
        let document = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        json!({
            "options": {
                "parentId": self.parent_id,
                "producer": self.producer.map(document),
                "classify": self.classify.map(document),
                "start": self.step_ms.map(|_| now().to_string()),
                "stepMs": self.step_ms,
                "outerRun": self.odd,
                "redactNames": self.odd,
                "leaveOpen": self.odd,
            },
            "path": path,
            "now": EPOCH_MS,
            "chunk": self.chunk,
        })
    }
}

#[track_caller]
fn check(jobs: &[Job]) {
    let native: Vec<Given> = jobs.iter().map(Job::native).collect();
    for (job, native) in jobs.iter().zip(&native) {
        assert_eq!(job.component(), *native, "{}: component", job.name);
    }
    let Some(node) = tool::node() else { return };
    let folder = tempfile::tempdir().unwrap();
    let for_node: Vec<Value> = jobs
        .iter()
        .enumerate()
        .map(|(number, job)| {
            let path = folder.path().join(number.to_string());
            fs::write(&path, &job.stream).unwrap();
            job.for_node(path.to_str().unwrap())
        })
        .collect();
    let module = artefacts::browser().unwrap();
    let answers = hosts::script_answers("replay.mjs", &for_node, &node, &module).unwrap();
    assert_eq!(answers.len(), jobs.len());
    for ((job, native), answer) in jobs.iter().zip(&native).zip(&answers) {
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let browser = Given {
            entries: text("entries"),
            summary: text("summary"),
        };
        assert_eq!(browser, *native, "{}: browser: {answer}", job.name);
    }
}

fn cases() -> Vec<Value> {
    let path = artefacts::tests("fixtures/swamp/bridge_cases.json");
    let cases: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    cases.as_array().unwrap().clone()
}

/// The core passes the cases by its own tests; here the other hosts give its bytes.
#[test]
fn every_case_gives_the_same_bytes_in_every_host() {
    let jobs: Vec<Job> = cases()
        .iter()
        .flat_map(|case| {
            let parent = case["parent_invocation_id"].as_str().map(str::to_owned);
            let streams = bridge_cases::streams(case).into_iter();
            streams.map(move |stream| Job {
                parent_id: parent.clone(),
                ..Job::of(case["id"].to_string(), stream, 1 << 16)
            })
        })
        .collect();
    assert!(jobs.len() >= 47);
    check(&jobs);
}

#[test]
fn real_streams_and_odd_ones_give_the_same_bytes_in_every_host() {
    let mut jobs = Vec::new();
    for name in ["run_mixed-wf", "run_slow-wf", "event_examples"] {
        let suffix = if name == "event_examples" {
            ""
        } else {
            ".events"
        };
        let path = artefacts::tests("fixtures/swamp").join(format!("{name}{suffix}.jsonl"));
        let stream = fs::read(path).unwrap();
        jobs.push(Job {
            step_ms: Some(7),
            producer: Some(r#"{"platform":"linux","invocationContext":{"isInteractive":true},"initiatedBy":"user:\u00e9"}"#),
            classify: Some(r#"{"version":1,"user_errors":["Vary dimension *","Model not found: *"]}"#),
            parent_id: Some("p-1".to_owned()),
            ..Job::of(name, stream.clone(), 1000)
        });
        jobs.push(Job {
            odd: true,
            ..Job::of(format!("{name}, odd"), stream.clone(), 1)
        });
        let torn = &stream[..stream.len() - 40];
        jobs.push(Job::of(format!("{name}, torn"), torn, 333));
        let mut damaged = stream.clone();
        for at in (50..damaged.len()).step_by(211) {
            damaged[at] = b"\xff\"{}\n\\:"[at % 7];
        }
        jobs.push(Job::of(format!("{name}, damaged"), damaged, 4096));
    }
    check(&jobs);
}

#[test]
fn options_that_make_no_sense_are_told() {
    let job = Job {
        producer: Some("{"),
        ..Job::of("", "", 1)
    };
    let error = SANDBOX.replay(&job.guest_options()).err();
    let Some(SandboxError::Guest(GuestError::BadDocument((name, why)))) = error else {
        panic!("{error:?}");
    };
    assert_eq!((&*name, &*why), ("producer", "not_json at byte 0"));
    let Some(node) = tool::node() else { return };
    let module = artefacts::browser().unwrap();
    let jobs = [
        (
            json!({"producer": {"platform": 3}}),
            "producer: wrong_type: platform",
        ),
        (json!({"classify": {}}), "classify: missing_field: version"),
        (json!({"stepMs": 3}), "stepMs: nothing without start"),
        (json!({"parent": "p"}), "parent: not an option"),
        (json!({"leaveOpen": 1}), "leaveOpen: not a boolean"),
    ];
    let for_node: Vec<Value> = jobs
        .iter()
        .map(|(options, _)| json!({"options": options, "path": "", "now": 0, "chunk": 1}))
        .collect();
    let answers = hosts::script_answers("replay.mjs", &for_node, &node, &module).unwrap();
    for (answer, (options, expect)) in answers.iter().zip(&jobs) {
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.starts_with(expect), "{options}: {answer}");
    }
}
