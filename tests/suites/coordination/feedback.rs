//! `muster feedback`.

use std::fs;

use anyhow::{Context as _, Result};
use muster_tests::fleet::Fleet;
use serde_json::{Value, json};

crate::on_each_store![scores_recommend_a_tier, the_newest_scores_count];

const SCORE: [&str; 6] = [
    "feedback",
    "record",
    "--workflow",
    "review",
    "--stage",
    "a:b",
];

fn record(fleet: &Fleet, tier: &str, score: &str, now: &str) -> Result<Value> {
    let more = ["--tier", tier, "--score", score, "--now", now];
    fleet.json(0, &[&SCORE[..], &more].concat())
}

fn minute(n: u32) -> String {
    format!("2026-11-20T12:{n:02}:00Z")
}

fn scores_recommend_a_tier(fleet: &Fleet) -> Result<()> {
    let now = minute(59);
    let ask = [
        "feedback",
        "recommend",
        "--workflow",
        "review",
        "--stage",
        "a:b",
        "--now",
        &now,
    ];
    let none = fleet.json(1, &ask)?;
    assert_eq!(
        (&none["reason"], &none["confidence"]),
        (&json!("no_data"), &json!(0.0))
    );
    for n in 0..10 {
        record(fleet, "cheap", "0.5", &minute(n))?;
    }
    let up = fleet.json(0, &ask)?;
    assert_eq!(up["current_tier"], "cheap");
    assert_eq!(up["recommended_tier"], "capable");
    assert_eq!(up["confidence"], 0.5);
    let text = fleet.expect(0, &ask)?.stdout;
    assert!(
        text.starts_with("review/a:b: go from cheap to capable"),
        "{text}"
    );
    // Names with colons are names: no other stage has these scores.
    let other = [
        "feedback",
        "recommend",
        "--workflow",
        "review",
        "--stage",
        "a",
        "--now",
        &now,
    ];
    fleet.expect(1, &other)?;
    let stats = fleet.json(
        0,
        &["feedback", "stats", "--workflow", "review", "--now", &now],
    )?;
    assert_eq!(stats["stages"][0]["samples"], 10);
    assert_eq!(stats["stages"][0]["underperforms"], true);
    fleet.expect(1, &["feedback", "stats", "--workflow", "other"])?;
    fleet.expect(
        2,
        &[&SCORE[..], &["--tier", "cheap", "--score", "1.1"]].concat(),
    )?;
    Ok(())
}

fn the_newest_scores_count(fleet: &Fleet) -> Result<()> {
    for n in 0..4 {
        record(fleet, "cheap", "1", &minute(n))?;
    }
    let kept = record(fleet, "cheap", "0.2", &minute(10))?;
    assert_eq!(kept["expires_at"], "2026-11-27T12:10:00Z");
    let now = minute(11);
    let stats = ["feedback", "stats", "--workflow", "review", "--now", &now];
    let view = fleet.json(0, &stats)?;
    assert_eq!(view["stages"][0]["mean"], 0.84);
    assert_eq!(view["stages"][0]["min"], 0.2);
    // After a week the old ones are gone. A server's keys live by the server's own
    // clock, so those are not looked for.
    let now = "2026-11-27T12:05:00Z";
    let stats = ["feedback", "stats", "--workflow", "review", "--now", now];
    let view = fleet.json(0, &[&stats[..], &["--no-foreign"]].concat())?;
    assert_eq!(view["stages"][0]["samples"], 1);
    Ok(())
}

#[test]
fn votes_are_counted_and_ranked() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    let file = fleet.user.path().join("generated/feedback.json");
    let file = file.display().to_string();
    let rate = |template: &str, rating: &str| {
        fleet.json(0, &["feedback", "rate", template, rating, "--file", &file])
    };
    rate("new", "bad")?;
    for _ in 0..3 {
        rate("old", "good")?;
    }
    let view = rate("old", "bad")?;
    assert_eq!(view["file"], file.as_str());
    assert_eq!(
        (&view["rating"]["good"], &view["rating"]["bad"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(view["set_aside"], Value::Null);
    let rank = fleet.json(0, &["feedback", "rank", "--file", &file])?;
    assert_eq!(rank["templates"][0]["template"], "old");
    // One bad vote is not the end of a template.
    let new = &rank["templates"][1];
    assert!((new["score"].as_f64().context("no score")? - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(new["attune_confidence"], 0.0);
    let shown = fleet.json(0, &["feedback", "show", "new", "--file", &file])?;
    assert_eq!(shown["templates"].as_array().map(Vec::len), Some(1));
    fleet.expect(1, &["feedback", "show", "absent", "--file", &file])?;
    fleet.expect(2, &["feedback", "rate", "old", "fine"])?;
    let text = fleet
        .expect(0, &["feedback", "rank", "--file", &file])?
        .stdout;
    assert!(text.contains("From ") && text.contains("0.67"), "{text}");
    Ok(())
}

#[test]
fn the_document_is_muster_s_own_unless_one_is_named() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    let home = fleet.user.path();
    assert_eq!(
        fleet.json(0, &["feedback", "show"])?["templates"],
        json!([])
    );
    fleet.expect(0, &["feedback", "rate", "tip", "good"])?;
    assert!(home.join(".local/share/muster/feedback.json").exists());
    let mut named = fleet.command(&["feedback", "rate", "tip", "good"]);
    assert!(
        named
            .env("MUSTER_FEEDBACK_FILE", "named.json")
            .status()?
            .success()
    );
    let text = fs::read_to_string(home.join("named.json"))?;
    assert_eq!(
        text,
        "{\n  \"tip\": {\n    \"good\": 1,\n    \"bad\": 0\n  }\n}\n"
    );
    fleet.expect(3, &["feedback", "show", "--file", "absent.json"])?;
    Ok(())
}

#[test]
fn a_damaged_document_is_kept_aside() -> Result<()> {
    let fleet = Fleet::on_sqlite()?;
    let file = fleet.user.path().join("feedback.json");
    fs::write(&file, "{\"tip\": {\"good\": 5,")?;
    fleet.expect(4, &["feedback", "show", "--file", "feedback.json"])?;
    let view = fleet.json(
        0,
        &["feedback", "rate", "tip", "good", "--file", "feedback.json"],
    )?;
    let aside = view["set_aside"].as_str().context("nothing set aside")?;
    assert_eq!(
        fs::read_to_string(fleet.user.path().join(aside))?,
        "{\"tip\": {\"good\": 5,"
    );
    fs::write(&file, "{\"tip\": 5}")?;
    fleet.expect(
        4,
        &["feedback", "rate", "tip", "good", "--file", "feedback.json"],
    )?;
    assert_eq!(fs::read_to_string(&file)?, "{\"tip\": 5}");
    Ok(())
}
