//! Commands that the server runs.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::events::Events;
use crate::support::Server;

const SETTINGS: &str = r#"
[[ops.command]]
name = "say"
argv = ["sh", "-c", "echo out; echo err >&2; echo $MUSTER_RUN_ID; pwd"]
[[ops.command]]
name = "list"
argv = ["ls", "{scope}"]
scope = "required"
[[ops.command]]
name = "many"
argv = ["seq", "1", "1000000"]
[[ops.command]]
name = "sleep"
argv = ["sh", "-c", "echo begun; sleep 600 & wait"]
[[ops.command]]
name = "slow"
argv = ["sleep", "600"]
time_limit_s = 0.2
[[ops.command]]
name = "dear"
argv = ["true"]
confirm = "It costs money."
[[ops.command]]
name = "absent"
argv = ["/there/is/no/such/program"]
[[ops.command]]
name = "tell"
argv = ["sh", "-c", '''echo "::muster $MUSTER_RUN_TOKEN {\"kind\":\"next-command\",\"target\":\"say\"}"; echo "::muster forged {\"kind\":\"next-command\",\"target\":\"say\"}"''']
"#;

fn home() -> TempDir {
    let user = tempfile::tempdir().unwrap();
    fs::write(user.path().join("named.toml"), SETTINGS).unwrap();
    user
}

fn server(user: TempDir) -> Server {
    let settings = user.path().join("named.toml");
    let settings = settings.to_str().unwrap().to_owned();
    Server::start_in(user, &["--config", &settings, "ops"])
}

fn start(server: &Server, body: &Value) -> String {
    let answer = server.act("run-start", body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["run_id"].as_str().unwrap().to_owned()
}

fn ended(server: &Server, id: &str) -> Value {
    server.view_when(&format!("run?id={id}"), |run| {
        !["queued", "running"].contains(&run["state"].as_str().unwrap())
    })
}

#[test]
fn a_command_runs_in_the_project_and_its_output_is_kept() {
    let server = server(home());
    let id = start(&server, &json!({"command": "say"}));
    let run = ended(&server, &id);
    assert_eq!(
        (&run["state"], &run["exit"]),
        (&json!("succeeded"), &json!(0))
    );
    assert_eq!(run["lines"], 4);
    let output = server.view(&format!("output?id={id}"));
    assert_eq!(output["complete"], true);
    let lines = output["lines"].as_array().unwrap();
    let of = |stream: &str| -> Vec<&str> {
        let lines = lines.iter().filter(|line| line["stream"] == stream);
        lines.map(|line| line["text"].as_str().unwrap()).collect()
    };
    let here = server.user.path().canonicalize().unwrap();
    assert_eq!(of("out"), ["out", &id, here.to_str().unwrap()]);
    assert_eq!(of("err"), ["err"]);
    // Another process of the server still knows it.
    let again = self::server(server.kill());
    assert_eq!(again.view("runs")["runs"][0]["run_id"], *id);
    assert_eq!(again.view(&format!("output?id={id}"))["total"], 4);
}

#[test]
fn what_is_asked_for_is_checked() {
    let server = server(home());
    fs::create_dir(server.user.path().join("src")).unwrap();
    for (body, status) in [
        (json!({"command": "rm"}), 404),
        (json!({"command": "say", "scope": "src"}), 400),
        (json!({"command": "list"}), 400),
        (json!({"command": "list", "scope": "../.."}), 400),
        (json!({"command": "list", "scope": "/etc"}), 400),
        (json!({"command": "list", "scope": "--help"}), 400),
        (json!({"command": "dear"}), 409),
        (json!({"command": "list", "scope": "src"}), 200),
        (json!({"command": "dear", "confirmed": true}), 200),
    ] {
        let answer = server.act("run-start", &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    let absent = start(&server, &json!({"command": "absent"}));
    let run = ended(&server, &absent);
    assert_eq!(run["state"], "failed");
    assert!(
        run["error"].as_str().unwrap().contains("no such file"),
        "{run}"
    );
    assert_eq!(server.get("/api/v1/run?id=../../x").status, 404);
    assert_eq!(server.get("/api/v1/output?id=run_0").status, 404);
}

#[test]
fn a_run_is_ended_by_a_user_and_by_its_limit() {
    let server = server(home());
    let id = start(&server, &json!({"command": "sleep"}));
    server.view_when(&format!("run?id={id}"), |run| run["lines"] == 1);
    assert_eq!(server.act("run-cancel", &json!({"run_id": id})).status, 200);
    assert_eq!(ended(&server, &id)["state"], "cancelled");
    assert_eq!(server.act("run-cancel", &json!({"run_id": id})).status, 409);
    let slow = start(&server, &json!({"command": "slow"}));
    assert_eq!(ended(&server, &slow)["state"], "timed_out");
}

#[test]
fn only_the_token_of_a_run_recommends() {
    let server = server(home());
    let id = start(&server, &json!({"command": "tell"}));
    let run = ended(&server, &id);
    assert_eq!(run["recommendations"].as_array().unwrap().len(), 1);
    assert_eq!(run["recommendations"][0]["target"], "say");
    let output = server.view(&format!("output?id={id}"));
    assert!(
        output["lines"][0]["text"]
            .as_str()
            .unwrap()
            .contains("forged")
    );
}

#[test]
fn a_million_lines_reach_a_reader_with_a_gap_and_a_stalled_one_harms_nobody() {
    let server = server(home());
    let id = start(&server, &json!({"command": "many"}));
    let path = format!("/api/v1/output-events?id={id}");
    let stalled: TcpStream = server.open("GET", &path, &[], "");
    let mut lines = 0_u64;
    let mut missing = 0_u64;
    let mut last = 0;
    let mut end = None;
    for event in Events::open(&server, &path, &[]) {
        match &*event.name {
            "line" => {
                lines += 1;
                last = event.data["n"].as_u64().unwrap();
            }
            "gap" => {
                let of = |name: &str| event.data[name].as_u64().unwrap();
                missing += of("last") - of("first") + 1;
            }
            _ => end = Some(event),
        }
    }
    assert_eq!(end.unwrap().data["state"], "succeeded");
    assert_eq!(last, 1_000_000);
    assert_eq!(lines + missing, 1_000_000);
    let resumed = Events::open(&server, &path, &[("Last-Event-ID", "999998")]);
    let names: Vec<String> = resumed.map(|event| event.name).collect();
    assert_eq!(names, ["line", "line", "end"]);
    let (status, took) = server.end("-TERM");
    assert_eq!(status, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    drop(stalled);
}

#[test]
fn a_run_that_a_crash_cut_off_is_told_as_lost() {
    let server = server(home());
    let id = start(&server, &json!({"command": "sleep"}));
    server.view_when(&format!("run?id={id}"), |run| run["state"] == "running");
    let again = self::server(server.kill());
    let run = again.view(&format!("run?id={id}"));
    assert_eq!(run["state"], "lost");
    assert!(run["error"].is_string());
}

#[test]
fn commands_of_a_file_that_was_found_are_not_run() {
    let user = tempfile::tempdir().unwrap();
    fs::write(user.path().join("muster.toml"), SETTINGS).unwrap();
    // Whether attune is on this machine must make no difference.
    let own = user.path().join(".config/muster");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("muster.toml"), "[ops]\nattune = false\n").unwrap();
    let server = Server::start_in(user, &["ops"]);
    let commands = server.view("commands");
    assert_eq!(commands["commands"], json!([]));
    let why = commands["disabled"].as_str().unwrap();
    assert!(
        why.contains("--config") && why.contains("muster.toml"),
        "{why}"
    );
    assert_eq!(
        server.act("run-start", &json!({"command": "say"})).status,
        409
    );
    assert!(
        !Path::new(server.user.path())
            .join(".local/share/muster/ops/runs")
            .exists()
    );
}

#[test]
fn workflows_of_attune_are_offered_where_it_is_and_confirmed() {
    let user = home();
    let program = user.path().join("attune");
    fs::write(
        &program,
        "#!/bin/sh\necho \"$@\" $ATTUNE_SPEND_GATE_AUTHORIZED\n",
    )
    .unwrap();
    let named = user.path().join("named.toml");
    let settings = |attune: &str| format!("[ops]\nattune = {attune}\n{SETTINGS}");
    fs::write(&named, settings("\"attune\"")).unwrap();
    let absent = server(user);
    let of = |server: &Server, name: &str| {
        let commands = server.view("commands")["commands"].clone();
        let mut commands = commands.as_array().unwrap().clone().into_iter();
        commands.find(|command| command["name"] == name).unwrap()
    };
    assert!(of(&absent, "security-audit")["unavailable"].is_string());
    let body = json!({"command": "security-audit", "confirmed": true});
    assert_eq!(absent.act("run-start", &body).status, 409);
    assert_eq!(of(&absent, "say")["unavailable"], Value::Null);

    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&program, executable).unwrap();
    let there = server(absent.kill());
    assert_eq!(of(&there, "security-audit")["unavailable"], Value::Null);
    let unconfirmed = json!({"command": "security-audit"});
    assert_eq!(there.act("run-start", &unconfirmed).status, 409);
    let id = start(&there, &body);
    assert_eq!(ended(&there, &id)["state"], "succeeded");
    let output = there.view(&format!("output?id={id}"));
    assert_eq!(output["lines"][0]["text"], "workflow run security-audit 1");
}
