//! attune itself reads what Muster writes, beside its own lines, and counts the same.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use muster_tests::binary::in_home;
use muster_tests::peer::attune_python;
use serde_json::Value;

const SCRIPT: &str = r#"
import json, logging, pathlib, sys
from attune.telemetry.usage_tracker import UsageTracker
from attune.help.feedback import get_template_confidence, record_template_feedback
logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
telemetry = pathlib.Path(sys.argv[1])
generated = sys.argv[2]
tracker = UsageTracker(telemetry_dir=telemetry)
if len(sys.argv) > 3:
    for n in range(7):
        tracker.track_llm_call(workflow="theirs", stage=None, tier="CHEAP", model="m", provider="anthropic",
            cost=0.25, tokens={"input": 10, "output": 3}, cache_hit=n % 2 == 0, cache_type="hash",
            duration_ms=5, user_id="ann")
    tracker.flush()
    record_template_feedback("tip", "good", generated_dir=generated)
stats = tracker.get_stats(days=30)
entries = tracker.export_to_dict()
help_lines = [json.loads(line) for name in ("help_queries", "help_unmatched")
              for line in (telemetry / f"{name}.jsonl").read_text("utf-8").splitlines()]
print(json.dumps({"stats": stats, "entries": len(entries), "users": sorted({e["user_id"] for e in entries}),
    "help": len(help_lines), "topics": [h.get("topic") or h.get("query") for h in help_lines],
    "confidence": get_template_confidence("tip", generated_dir=generated)}))
"#;

fn attune(python: &Path, user: &Path, more: &[&str]) -> Value {
    let output = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(user.join(".attune/telemetry"))
        .arg(user)
        .args(more)
        .env("HOME", user)
        .env_remove("ATTUNE_HOME")
        .env_remove("ATTUNE_TELEMETRY_SECRET")
        .current_dir(user)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaint.is_empty(),
        "{complaint}"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn record(user: &Path, args: &[&str], input: &str) -> Output {
    let mut child = in_home(user)
        .args(["telemetry", "record"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn call(n: usize) -> String {
    let tier = ["cheap", "PREMIUM"][n % 2];
    let hit = n.is_multiple_of(3);
    format!(
        "{{\"workflow\":\"ours-caf\u{e9}\",\"tier\":\"{tier}\",\"model\":\"m\",\"provider\":\"anthropic\",\"cost\":0.{n:06},\
         \"tokens\":{{\"input\":{n},\"output\":2}},\"cache\":{{\"hit\":{hit},\"type\":\"hash\"}},\"user_id\":\"ann\",\"stage\":\"s\"}}\n"
    )
}

#[test]
fn attune_reads_our_files_and_counts_the_same() {
    let Some(python) = attune_python() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let user = folder.path();
    let calls: String = (0..60).map(call).collect();
    record(user, &["usage"], &calls);
    // The first log is set aside when the second batch comes.
    record(user, &["usage", "--rotate-bytes", "2000"], &calls);
    record(
        user,
        &["help-query"],
        "{\"mode\":\"preamble\",\"topic\":\"caf\u{e9}\",\"success\":true,\"found\":false,\"duration_ms\":3.14159,\"metadata\":{\"depth_level\":2}}\n",
    );
    record(
        user,
        &["help-unmatched"],
        "{\"mode\":\"preamble\",\"query\":\"race\"}\n",
    );
    let votes = "{\"template_id\":\"tip\",\"rating\":\"good\"}\n{\"template_id\":\"tip\",\"rating\":\"bad\"}\n";
    record(user, &["feedback", "--file", "feedback.json"], votes);

    let theirs = attune(&python, user, &["write"]);
    assert_eq!(theirs["confidence"].to_string(), "0.6666666666666666");
    assert_eq!(theirs["help"], 2);
    assert_eq!(theirs["topics"][0], "caf\u{e9}");
    // One pseudonym for one user, whoever writes it.
    assert_eq!(theirs["users"].as_array().unwrap().len(), 1);
    // What attune wrote beside us is there for a fresh process as well.
    assert_eq!(attune(&python, user, &[])["stats"], theirs["stats"]);

    // Once more ours, behind attune's own lines.
    record(user, &["usage"], &calls);
    let theirs = attune(&python, user, &[]);
    let stats = &theirs["stats"];
    let show = ["telemetry", "show", "--days", "30", "--json"];
    let output = in_home(user).args(show).output().unwrap();
    let ours: Value = serde_json::from_slice(&output.stdout).unwrap();
    let totals = &ours["totals"];
    assert_eq!(totals["calls"], 187);
    assert_eq!(theirs["entries"], 187);
    assert_eq!(totals["calls"], stats["total_calls"]);
    assert_eq!(totals["tokens_in"], stats["total_tokens_input"]);
    assert_eq!(totals["tokens_out"], stats["total_tokens_output"]);
    assert_eq!(totals["cache_hits"], stats["cache_hits"]);
    for (group, of) in [
        ("by_workflow", "by_workflow"),
        ("by_tier", "by_tier"),
        ("by_provider", "by_provider"),
    ] {
        let (ours, theirs) = (
            ours[group].as_object().unwrap(),
            stats[of].as_object().unwrap(),
        );
        assert_eq!(
            ours.keys().collect::<Vec<_>>(),
            theirs.keys().collect::<Vec<_>>()
        );
        for (name, sums) in ours {
            let (a, b) = (
                sums["cost_usd"].as_f64().unwrap(),
                theirs[name].as_f64().unwrap(),
            );
            assert!((a - b).abs() < 1e-9, "{group} {name}: {a} and {b}");
        }
    }
    assert_eq!(ours["skipped"]["lines"], 0);
    assert!(
        fs::read_dir(user.join(".attune/telemetry"))
            .unwrap()
            .count()
            > 4
    );
}
