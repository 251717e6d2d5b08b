//! Decisions over HTTP, and who may take them.

use serde_json::{Value, json};

use crate::support::Server;

fn server() -> Server {
    Server::start_in(tempfile::tempdir().unwrap(), &["ops"])
}

/// A request that waits, by its id.
fn ask(server: &Server, agent: &str) -> String {
    let path = "approvals";
    let before = server
        .view_when(path, Value::is_array)
        .as_array()
        .unwrap()
        .len();
    let waits = std::process::Command::new(muster_tests::binary::muster())
        .env_clear()
        .env("HOME", server.user.path())
        .args([
            "approval",
            "request",
            "--agent",
            agent,
            "--type",
            "deploy",
            "--timeout",
            "60s",
        ])
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
    let mut waits = waits.unwrap();
    let rows = server.view_when(path, |rows| rows.as_array().unwrap().len() > before);
    // Whoever asked waits on; the server ends it with its answer.
    std::thread::spawn(move || waits.wait());
    let rows = rows.as_array().unwrap();
    let row = rows.iter().find(|row| row["agent_id"] == agent).unwrap();
    row["request_id"].as_str().unwrap().to_owned()
}

#[test]
fn a_decision_is_taken_once_and_reaches_the_store() {
    let server = server();
    let id = ask(&server, "builder");
    let yes = json!({"request_id": id, "reason": "fine", "responder": "kim"});
    let taken = server.act("approve", &yes);
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_eq!(taken.json()["outcome"], "taken");
    let again = server.act("approve", &yes);
    assert_eq!(
        (again.status, &again.json()["outcome"]),
        (200, &json!("repeated"))
    );
    let no = server.act("reject", &json!({"request_id": id}));
    assert_eq!(no.status, 409);
    assert_eq!(no.json()["refusal"], "already_decided");
    assert_eq!(no.json()["responder"], "kim");
    let nobody = server.act("reject", &json!({"request_id": "approval_none"}));
    assert_eq!(
        (nobody.status, &nobody.json()["refusal"]),
        (404, &json!("unknown"))
    );

    let decided = server.view_when("decisions", |rows| rows[0]["outcome"] == "approved");
    assert_eq!(decided[0]["reason"], "fine");
    assert!(decided[0]["decided_at"].is_string());
    let all = server.muster(&["approval", "list", "--all"]);
    assert_eq!(all[0]["responder"], "kim");
    let now = server.view("now");
    let mut changes = now["changes"].as_array().unwrap().iter();
    assert!(changes.any(|change| change["subject"] == *id && change["to"] == "approved"));
}

#[test]
fn an_act_needs_the_token_the_method_the_type_and_its_own_site() {
    let server = server();
    let token = server.token();
    let json_type = ("Content-Type", "application/json");
    let own = ("X-Muster-Token", &*token);
    let path = "/api/v1/act/approve";
    for (method, headers, status) in [
        ("POST", &[json_type][..], 403),
        ("POST", &[json_type, ("X-Muster-Token", "")], 403),
        ("POST", &[json_type, ("X-Muster-Token", "0")], 403),
        ("POST", &[json_type, ("X-Muster-Token", &token[1..])], 403),
        ("POST", &[own], 415),
        ("POST", &[own, ("Content-Type", "text/plain")], 415),
        (
            "POST",
            &[own, json_type, ("Sec-Fetch-Site", "cross-site")],
            403,
        ),
        (
            "POST",
            &[own, json_type, ("Sec-Fetch-Site", "same-site")],
            403,
        ),
        ("POST", &[own, json_type, ("Host", "evil.example")], 421),
        (
            "POST",
            &[own, json_type, ("Origin", "https://evil.example")],
            403,
        ),
        ("POST", &[own, json_type, ("Origin", "null")], 403),
        (
            "POST",
            &[own, json_type, ("Origin", "http://localhost:1")],
            400,
        ),
        ("GET", &[own, json_type], 405),
        ("PUT", &[own, json_type], 405),
        // Let through, and refused for what it says.
        (
            "POST",
            &[own, json_type, ("Sec-Fetch-Site", "same-origin")],
            400,
        ),
    ] {
        let answer = server.ask(method, path, headers);
        assert_eq!(
            answer.status,
            status,
            "{method} {headers:?}: {}",
            answer.text()
        );
        assert!(answer.json()["error"]["kind"].is_string());
    }
    for (name, body, status) in [
        ("approve", "{", 400),
        ("approve", "[]", 400),
        ("approve", r#"{"request_id": "a", "extra": 1}"#, 400),
        ("approve", r#"{"request_id": ""}"#, 400),
        ("reject", r#"{"request_id": "a\u0000b"}"#, 400),
        ("nothing", "{}", 404),
    ] {
        let path = format!("/api/v1/act/{name}");
        let answer = server.send("POST", &path, &[own, json_type], body);
        assert_eq!(answer.status, status, "{name} {body}: {}", answer.text());
    }
    let long = json!({"request_id": "a", "reason": "x".repeat(5000)});
    assert_eq!(server.act("approve", &long).status, 400);
    let longer = json!({"bundle": "x".repeat(9 << 20)});
    let large = json!({"request_id": "a", "reason": "x".repeat(65 << 10)});
    for (act, body) in [
        ("diagnose", &longer),
        ("approve", &longer),
        ("reject", &large),
    ] {
        let answer = server.act(act, body);
        assert_eq!(answer.status, 413, "{act}: {}", answer.text());
        assert_eq!(answer.json()["error"]["kind"], "usage");
    }
    let no_bundle = server.act("diagnose", &json!({"bundle": "{}"}));
    assert_eq!(no_bundle.status, 422, "{}", no_bundle.text());
}

#[test]
fn a_request_whose_time_is_up_is_swept() {
    let server = server();
    let asked = in_background(&server);
    let rows = server.view_when("decisions", |rows| rows[0]["outcome"] == "timed_out");
    assert_eq!(rows[0]["agent_id"], "tester");
    asked.join().unwrap();
    let swept = server.muster(&["approval", "sweep"]);
    assert_eq!(swept["swept"], json!([]), "the server has swept already");
}

fn in_background(server: &Server) -> std::thread::JoinHandle<()> {
    let mut command = muster_tests::binary::in_home(server.user.path());
    command.args([
        "approval",
        "request",
        "--agent",
        "tester",
        "--type",
        "t",
        "--timeout",
        "1s",
    ]);
    std::thread::spawn(move || {
        let status = command.output().unwrap().status;
        assert_eq!(status.code(), Some(1));
    })
}

#[test]
fn a_mute_and_a_schedule_hold_over_a_restart() {
    let user = tempfile::tempdir().unwrap();
    let settings = user.path().join("named.toml");
    let text = "[[alert]]\nname = \"quiet\"\nwhen = \"agents_quiet\"\n\
                [ops.diagnosis]\nprofile = \"process\"\n";
    std::fs::write(&settings, text).unwrap();
    let settings = settings.to_str().unwrap().to_owned();
    let args = ["--config", &*settings, "ops"];
    let server = Server::start_in(user, &args);
    let muted = server.act("alert-mute", &json!({"name": "quiet", "minutes": 60}));
    assert_eq!(muted.status, 200, "{}", muted.text());
    let until = muted.json()["rules"][0]["muted_until"].clone();
    assert!(until.is_string());
    let before = server.view("diagnosis")["schedule"].clone();
    assert_eq!(before["profile"], "process");
    assert_eq!(before["every_minutes"], Value::Null);
    for (body, status) in [
        (json!({"every_minutes": 99_999}), 400),
        (json!({"profile": "moon"}), 400),
        (json!({"every_minutes": 60, "profile": "systemd"}), 200),
    ] {
        let answer = server.act("diagnosis-schedule", &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    // The first one is made at once.
    server.view_when("diagnosis", |it| it["schedule"]["next_at"].is_string());

    let again = Server::start_in(server.kill(), &args);
    assert_eq!(again.view("alerts")["rules"][0]["muted_until"], until);
    let schedule = again.view("diagnosis")["schedule"].clone();
    assert_eq!(schedule["every_minutes"], 60);
    assert_eq!(schedule["profile"], "systemd");
    assert_eq!(schedule["is_chosen"], true);
    let ended = again.act("alert-mute", &json!({"name": "quiet", "minutes": 0}));
    assert_eq!(ended.status, 200);
    again.act("diagnosis-schedule", &json!({}));
    let third = Server::start_in(again.kill(), &args);
    assert_eq!(third.view("alerts")["rules"][0]["muted_until"], Value::Null);
    assert_eq!(third.view("diagnosis")["schedule"], before);
}
