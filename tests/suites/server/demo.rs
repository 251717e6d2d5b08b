//! The demonstration: every view is alive within seconds.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Server;

#[test]
fn every_view_is_alive_within_five_seconds() {
    let begun = Instant::now();
    let server = Server::start_in(tempfile::tempdir().unwrap(), &["demo"]);
    let now = server.view_when("now", |now| {
        now["agents"]["total"] == 12 && now["spend"]["usual_usd"].is_number()
    });
    assert_eq!(now["verdict"], "trouble");
    assert_eq!(now["quiet"][0]["agent_id"], "translator");
    let is_filled = |list: &serde_json::Value| !list.as_array().unwrap().is_empty();
    for view in ["agents", "approvals", "decisions", "streams"] {
        server.view_when(view, is_filled);
    }
    for (view, field) in [
        ("signals", "signals"),
        ("stream?type=build_done", "events"),
        ("workflow-runs", "runs"),
        ("commands", "commands"),
        ("feedback", "templates"),
        ("quality?workflow=review", "stages"),
        ("specs", "specs"),
        ("specs", "candidates"),
        ("alerts", "rules"),
        ("agent?id=builder", "beats"),
        ("usage?days=7", "recent"),
    ] {
        server.view_when(view, |document| is_filled(&document[field]));
    }
    let run = &server.view("workflow-runs")["runs"][0]["run_id"];
    let run = server.view(&format!("workflow-run?id={}", run.as_str().unwrap()));
    assert_eq!(run["bars"].as_array().unwrap().len(), 9);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );

    let made = server.act("diagnose", &json!({}));
    assert_eq!(made.status, 200, "{}", made.text());
    assert!(
        made.text().contains("session.stuck_tool"),
        "{}",
        made.text()
    );

    let store = server.view("now")["store"]["location"].clone();
    let folder = PathBuf::from(store.as_str().unwrap());
    let folder = folder.parent().unwrap();
    assert!(folder.is_dir(), "{folder:?}");
    let waiting = server.view("approvals");
    let id = &waiting[0]["request_id"];
    let answer = server.act("approve", &json!({"request_id": id}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (status, took) = server.end("-INT");
    assert_eq!(status, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(!folder.exists(), "{folder:?}");
}
