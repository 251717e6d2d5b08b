//! The component in a program that is not ours: the example for Python prints what
//! the command line tool prints.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use muster_tests::artefacts;
use muster_tests::binary::in_home;
use muster_tests::peer::wasmtime_python;

const PARENT: &str = "7d1f8f3a-5f0e-4c59-9a1b-3a5b9f7f0001";

struct Host {
    python: PathBuf,
    component: PathBuf,
}

impl Host {
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.python)
            .arg(artefacts::tests("../examples/python-host/muster_core.py"))
            .arg(&self.component)
            .args(arguments)
            .output()
            .unwrap()
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
}

#[test]
fn a_python_program_gives_the_answers_of_the_command_line() {
    let Some(python) = wasmtime_python() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let component = user.join("muster-core.component.wasm");
    std::fs::write(&component, artefacts::component().unwrap()).unwrap();
    let host = Host { python, component };
    let fixture = |name: &str| {
        artefacts::tests("fixtures")
            .join(name)
            .display()
            .to_string()
    };

    let log = fixture("attune/home/telemetry/usage.jsonl");
    let show = ["telemetry", "show", &log, "--all", "--json"];
    host.agrees(user, &["report", &log], &show);

    // Its events state their times, so two replays are the same.
    let text = std::fs::read_to_string(fixture("swamp/run_mixed-wf.events.jsonl")).unwrap();
    let timed: String = (0..)
        .zip(text.lines())
        .flat_map(|(ms, line)| [format!("{{\"at\":{ms},\"event\":{line}}}"), "\n".into()])
        .collect();
    let events = user.join("events.jsonl").display().to_string();
    std::fs::write(&events, timed).unwrap();
    let replay = ["bridge", "replay", &events, "--parent-id", PARENT];
    host.agrees(user, &["replay", &events, PARENT], &replay);

    let bundle = fixture("gateway/rules/bundle.json");
    let diagnose = ["gateway", "diagnose", "--bundle", &bundle, "--json"];
    host.agrees(user, &["diagnose", &bundle], &diagnose);

    let wrong = host.run(&["report", "notes.txt"]);
    assert!(!wrong.status.success());
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(told.contains("unknown-log: notes.txt"), "{told}");
}
