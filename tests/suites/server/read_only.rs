//! `--read-only` leaves the file system as it is.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use muster_tests::binary::in_home;
use serde_json::{Value, json};

use crate::support::{Server, fixtures};

/// What tells a file from what it was: its size, its time and its bytes.
type State = (u64, i64, i64, Vec<u8>);

fn state(folder: &Path, found: &mut BTreeMap<PathBuf, State>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // SQLite makes and removes them with its connections.
        if name.ends_with("-shm") || name.ends_with("-wal") {
            continue;
        }
        if metadata.is_dir() {
            found.insert(path.clone(), (0, 0, 0, Vec::new()));
            state(&path, found);
        } else {
            let bytes = fs::read(&path).unwrap();
            let times = (metadata.mtime(), metadata.mtime_nsec());
            found.insert(path, (metadata.size(), times.0, times.1, bytes));
        }
    }
}

fn all_of(server: &Server) {
    let said = server.view("capabilities");
    assert_eq!(said["token"], Value::Null);
    assert_eq!(said["acts"], json!([]));
    for view in said["views"].as_array().unwrap() {
        let view = view.as_str().unwrap();
        let id = "?id=x&workflow=w&stage=s&type=t";
        server.get(&format!("/api/v1/{view}"));
        server.get(&format!("/api/v1/{view}{id}"));
    }
    for path in ["/", "/metrics", "/healthz", "/api/v1/openapi.json"] {
        server.get(path);
    }
    for act in [
        "approve",
        "reject",
        "cost-refresh",
        "diagnose",
        "diagnosis-schedule",
        "run-start",
        "run-cancel",
        "alert-mute",
        "specs-candidates",
        "spec-dismiss",
    ] {
        let headers = [("X-Muster-Token", ""), ("Content-Type", "application/json")];
        let path = format!("/api/v1/act/{act}");
        let answer = server.send("POST", &path, &headers, "{}");
        assert_eq!(answer.status, 403, "{act}");
        assert_eq!(answer.json()["error"]["kind"], "read_only", "{act}");
    }
}

#[test]
fn a_user_without_anything_is_left_without_anything() {
    let user = tempfile::tempdir().unwrap();
    let server = Server::start_in(user, &["ops", "--read-only"]);
    let now = server.view_when("now", |now| now["store"]["state"] == "absent");
    assert_eq!(now["verdict"], "ok");
    assert_eq!(server.view("agents"), json!([]));
    all_of(&server);
    assert_eq!(fs::read_dir(server.user.path()).unwrap().count(), 0);
}

#[test]
fn a_store_and_logs_are_left_as_they_are() {
    let user = tempfile::tempdir().unwrap();
    let beat = ["heartbeat", "beat", "--agent", "builder", "--task", "t"];
    assert!(
        in_home(user.path())
            .args(beat)
            .output()
            .unwrap()
            .status
            .success()
    );
    let logs = user.path().join(".attune/telemetry");
    fs::create_dir_all(&logs).unwrap();
    fs::copy(
        fixtures().join("home/telemetry/usage.jsonl"),
        logs.join("usage.jsonl"),
    )
    .unwrap();
    // The first opening after a writer may tidy up behind it.
    let look = ["heartbeat", "list"];
    assert!(
        in_home(user.path())
            .args(look)
            .output()
            .unwrap()
            .status
            .success()
    );
    let mut before = BTreeMap::new();
    state(user.path(), &mut before);
    let server = Server::start_in(user, &["ops", "--read-only"]);
    let agents = server.view_when("agents", |agents| agents[0]["agent_id"] == "builder");
    assert_eq!(agents.as_array().unwrap().len(), 1);
    server.view_when("now", |now| now["spend"].is_object());
    all_of(&server);
    let mut after = BTreeMap::new();
    state(server.user.path(), &mut after);
    let names = |state: &BTreeMap<PathBuf, State>| state.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    assert!(before == after, "a file was written");
}
