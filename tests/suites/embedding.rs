//! The component in programs that are not ours: the examples for Rust, Python and
//! Node print what the command line tool prints.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use muster_tests::artefacts;
use muster_tests::binary::{self, in_home};
use muster_tests::peer::wasmtime_python;
use muster_tests::{npm, tool};

const PARENT: &str = "7d1f8f3a-5f0e-4c59-9a1b-3a5b9f7f0001";

/// A program with its first arguments.
struct Host(Vec<PathBuf>);

impl Host {
    fn run(&self, arguments: &[&str]) -> Output {
        let [program, first @ ..] = &*self.0 else {
            panic!("a host has a program");
        };
        let mut command = Command::new(program);
        command.args(first).args(arguments).output().unwrap()
    }

    /// What it prints, which is what the command line tool prints.
    #[track_caller]
    fn agrees(&self, user: &Path, arguments: &[&str], native: &[&str]) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        let expected = in_home(user).args(native).output().unwrap();
        assert!(!expected.stdout.is_empty(), "{expected:?}");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(text(&output.stdout), text(&expected.stdout));
    }

    /// The same of all three things that the examples do.
    #[track_caller]
    fn agrees_in_all(&self, user: &Path) {
        let fixture = |name: &str| {
            artefacts::tests("fixtures")
                .join(name)
                .display()
                .to_string()
        };
        let log = fixture("attune/home/telemetry/usage.jsonl");
        let show = ["telemetry", "show", &log, "--all", "--json"];
        self.agrees(user, &["report", &log], &show);

        // Its events state their times, so two replays are the same.
        let text = fs::read_to_string(fixture("swamp/run_mixed-wf.events.jsonl")).unwrap();
        let timed: String = (0..)
            .zip(text.lines())
            .flat_map(|(ms, line)| [format!("{{\"at\":{ms},\"event\":{line}}}"), "\n".into()])
            .collect();
        let events = user.join("events.jsonl").display().to_string();
        fs::write(&events, timed).unwrap();
        let replay = ["bridge", "replay", &events, "--parent-id", PARENT];
        self.agrees(user, &["replay", &events, PARENT], &replay);

        let bundle = fixture("gateway/rules/bundle.json");
        let diagnose = ["gateway", "diagnose", "--bundle", &bundle, "--json"];
        self.agrees(user, &["diagnose", &bundle], &diagnose);

        let wrong = self.run(&["report", "notes.txt"]);
        assert!(!wrong.status.success());
        let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
        assert!(told.contains("unknown-log: notes.txt"), "{told}");
    }
}

/// The component as a file of the user.
fn component(user: &Path) -> PathBuf {
    let path = user.join("muster-core.component.wasm");
    fs::write(&path, artefacts::component().unwrap()).unwrap();
    path
}

/// It was made for the released interface, and runs with today's component.
#[test]
fn a_rust_program_gives_the_answers_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    Host(vec![binary::rust_host(), component(user)]).agrees_in_all(user);
}

#[test]
fn a_python_program_gives_the_answers_of_the_command_line() {
    let Some(python) = wasmtime_python() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let script = artefacts::tests("../examples/python-host/muster_core.py");
    Host(vec![python, script, component(user)]).agrees_in_all(user);
}

#[test]
fn a_node_program_gives_the_answers_of_the_command_line() {
    let Some(node) = tool::node() else {
        tool::skip("there is no Node");
        return;
    };
    let files = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let Some(example) = npm::installed("node-host", &node, files) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    Host(vec![node, example.join("host.mjs"), component(user)]).agrees_in_all(user);
}
