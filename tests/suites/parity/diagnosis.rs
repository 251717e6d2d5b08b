//! Diagnoses in three hosts: the same document, byte for byte.

use std::fs;
use std::path::PathBuf;

use muster_core::Timestamp;
use muster_core::diagnose::{DiagnoseOptions, diagnose_bundle};
use muster_sandbox::{GuestError, SandboxError};
use muster_tests::{artefacts, hosts, tool};
use serde_json::{Value, json};

use super::SANDBOX;

/// A bundle, the packs, and the time where it is not the bundle's.
struct Job {
    path: PathBuf,
    packs: Vec<String>,
    now: Option<&'static str>,
}

/// Every bundle of the fixtures at its time and later, and one with packs.
fn jobs() -> Vec<Job> {
    let folder = artefacts::tests("fixtures/gateway");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder.join("bundles"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 80, "the bundles are not there");
    let packs = ["nginx.toml", "postgresql.toml"].map(|name| {
        let text = fs::read_to_string(folder.join("rules").join(name)).unwrap();
        muster::gateway::pack_json(&text).unwrap()
    });
    let mut jobs: Vec<Job> = paths
        .into_iter()
        .flat_map(|path| {
            [None, Some("2027-01-15T20:30:00Z")].map(|now| Job {
                path: path.clone(),
                packs: Vec::new(),
                now,
            })
        })
        .collect();
    jobs.push(Job {
        path: folder.join("rules/bundle.json"),
        packs: packs.to_vec(),
        now: None,
    });
    jobs
}

impl Job {
    fn native(&self) -> String {
        let packs: Vec<&str> = self.packs.iter().map(String::as_str).collect();
        let options = DiagnoseOptions {
            hours: 2,
            now: self.now.map(|now| Timestamp::parse(now).unwrap()),
            ..DiagnoseOptions::default()
        };
        let bundle = fs::read_to_string(&self.path).unwrap();
        muster_core::to_json(&diagnose_bundle(&bundle, &packs, &options).unwrap())
    }

    fn component(&self) -> String {
        let now = self.now.map(|now| Timestamp::parse(now).unwrap());
        let bundle = fs::read_to_string(&self.path).unwrap();
        let options = muster_sandbox::DiagnoseOptions {
            hours: Some(2),
            now: now.map(Timestamp::as_micros),
            ..usual(&self.packs)
        };
        SANDBOX.diagnose(&bundle, &options).unwrap()
    }

    fn for_node(&self) -> Value {
        json!({"path": self.path, "options": {"hours": 2, "now": self.now, "packs": self.packs}})
    }
}

fn usual(packs: &[String]) -> muster_sandbox::DiagnoseOptions {
    muster_sandbox::DiagnoseOptions {
        hours: None,
        records: None,
        now: None,
        profile: None,
        packs: packs.to_vec(),
    }
}

#[test]
fn diagnoses_are_the_same_bytes_in_every_host() {
    let jobs = jobs();
    let native: Vec<String> = jobs.iter().map(Job::native).collect();
    for (job, native) in jobs.iter().zip(&native) {
        assert_eq!(
            *native,
            job.component(),
            "{}: component",
            job.path.display()
        );
    }
    let Some(node) = tool::node() else { return };
    let asked: Vec<Value> = jobs.iter().map(Job::for_node).collect();
    let module = artefacts::browser().unwrap();
    let answers = hosts::script_answers("diagnose.mjs", &asked, &node, &module).unwrap();
    assert_eq!(answers.len(), jobs.len());
    for ((job, native), answer) in jobs.iter().zip(&native).zip(&answers) {
        assert_eq!(answer["text"], **native, "{}: browser", job.path.display());
    }
}

#[test]
fn what_cannot_be_diagnosed_is_told_by_every_host() {
    let bundle = r#"{"muster_bundle":1,"now_ms":1,"evidence":{}}"#;
    for (text, pack, name) in [("{", None, "bundle"), (bundle, Some("{}"), "packs")] {
        let packs: Vec<String> = pack.into_iter().map(str::to_owned).collect();
        match SANDBOX.diagnose(text, &usual(&packs)).unwrap_err() {
            SandboxError::Guest(GuestError::BadDocument((bad, why))) => {
                assert_eq!(bad, name);
                assert!(!why.is_empty());
            }
            other => panic!("{other}"),
        }
    }
    let Some(node) = tool::node() else { return };
    let path = artefacts::tests("fixtures/gateway/bundles/healthy-idle.json");
    let cases = [
        (
            json!({"path": "/dev/null", "options": {}}),
            "not an evidence bundle",
        ),
        (
            json!({"path": path, "options": {"packs": ["{}"]}}),
            "rule pack: `muster_pack` is missing",
        ),
        (
            json!({"path": path, "options": {"packs": "x"}}),
            "packs: not an array of strings",
        ),
        (
            json!({"path": path, "options": {"hours": -1}}),
            "hours: below zero",
        ),
        (
            json!({"path": path, "options": {"hour": 1}}),
            "hour: not an option",
        ),
    ];
    let asked: Vec<Value> = cases.iter().map(|(job, _)| job.clone()).collect();
    let module = artefacts::browser().unwrap();
    let answers = hosts::script_answers("diagnose.mjs", &asked, &node, &module).unwrap();
    for ((_, says), answer) in cases.iter().zip(answers) {
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.starts_with(says), "{says}: {answer}");
    }
}
