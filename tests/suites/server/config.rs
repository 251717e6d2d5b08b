//! What is wrong is named before anything is opened.

use std::fs;
use std::process::Output;

use muster_tests::binary::in_home;
use serde_json::Value;

fn ops(args: &[&str], variables: &[(&str, &str)]) -> Output {
    let user = tempfile::tempdir().unwrap();
    fs::write(user.path().join("file"), "").unwrap();
    let mut command = in_home(user.path());
    command.args(["ops", "--no-open", "--json"]).args(args);
    command.envs(variables.iter().copied());
    command.output().unwrap()
}

#[test]
fn each_problem_has_its_words_and_status() {
    for (args, variables, status, says) in [
        (&["--port", "99999"][..], &[][..], 2, "99999"),
        (&["--port", "abc"], &[], 2, "abc"),
        (&[], &[("PORT", "abc")], 2, "abc"),
        (&["--project", "absent"], &[], 2, "--project absent"),
        (&["--project-root", "file"], &[], 2, "--project file"),
        (
            &["--host", "no.such.host.invalid"],
            &[],
            3,
            "does not resolve",
        ),
        (&["--home", "absent"], &[], 3, "--home absent"),
        (
            &[],
            &[("XDG_DATA_HOME", "/dev/null/x")],
            3,
            "cannot write into",
        ),
        (
            &["--store", "postgres://x"],
            &[],
            2,
            "no store of this kind",
        ),
        (&["--specs-root", "absent"], &[], 2, "--specs-root absent"),
        (&["--specs-root", "file"], &[], 2, "--specs-root file"),
        (&["--store", "."], &[], 3, "it is a folder"),
        (&["--store", "file/muster.db"], &[], 3, "cannot write into"),
        // Nobody makes a file there, whoever they are.
        (&["--store", "/proc/muster.db"], &[], 3, "/proc"),
        (&["--frobnicate"], &[], 2, "--frobnicate"),
    ] {
        let output = ops(args, variables);
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let message = said["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{args:?} {variables:?}: {message}");
        assert_eq!(output.status.code(), Some(status), "{args:?} {variables:?}");
    }
}

#[test]
fn several_problems_are_named_at_once() {
    let output = ops(
        &["--project", "absent", "--host", "no.such.host.invalid"],
        &[],
    );
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let message = said["error"]["message"].as_str().unwrap();
    assert!(message.contains("--project absent"), "{message}");
    assert!(message.contains("does not resolve"), "{message}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn each_of_several_problems_stands_on_a_line_of_its_own() {
    let user = tempfile::tempdir().unwrap();
    let output = in_home(user.path())
        .args(["ops", "--no-open", "--project", "absent"])
        .args(["--specs-root", "nope", "--store", "."])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let problems: Vec<&str> = said.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(problems.len(), 3, "{said}");
    assert!(
        problems.iter().all(|line| line.starts_with("muster: ")),
        "{said}"
    );
    assert!(problems[1].contains("--specs-root nope"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn another_command_does_not_mind_the_variable_of_the_port() {
    let user = tempfile::tempdir().unwrap();
    let mut command = in_home(user.path());
    let output = command
        .env("PORT", "abc")
        .args(["heartbeat", "list"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
