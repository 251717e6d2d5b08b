//! `muster stream`.

use anyhow::{Context as _, Result};
use muster_tests::fleet::Fleet;
use serde_json::{Value, json};

crate::on_each_store![
    events_are_read_from_the_start_an_id_or_live,
    a_name_resumes_where_it_left_off,
    a_group_shares_its_events,
    a_trimmed_stream_shows_its_gap,
    types_that_come_up_later_are_read,
    no_data_is_an_empty_answer,
    streams_are_shown_trimmed_and_deleted,
    wrong_usage_is_told,
];

fn publish(fleet: &Fleet, event_type: &str, n: u64) -> Result<String> {
    let data = json!({ "n": n }).to_string();
    let view = fleet.json(
        0,
        &[
            "stream", "publish", event_type, "--data", &data, "--source", "ci",
        ],
    )?;
    Ok(view["event_id"].as_str().context("no id")?.to_owned())
}

/// The numbers of the events that a consumer prints.
fn consume(fleet: &Fleet, more: &[&str]) -> Result<Vec<u64>> {
    let answered = fleet.expect(0, &[&["--json", "stream", "consume"], more].concat())?;
    let numbers = answered
        .documents()?
        .into_iter()
        .map(|event| event["data"]["n"].as_u64());
    numbers
        .collect::<Option<_>>()
        .context("an event without a number")
}

fn events_are_read_from_the_start_an_id_or_live(fleet: &Fleet) -> Result<()> {
    let mut ids = Vec::new();
    for n in 1..=3 {
        ids.push(publish(fleet, "build", n)?);
    }
    assert_eq!(consume(fleet, &["build", "--no-block"])?, [1, 2, 3]);
    assert_eq!(consume(fleet, &["build", "--count", "2"])?, [1, 2]);
    assert_eq!(
        consume(fleet, &["build", "--from", &ids[1], "--block-ms", "0"])?,
        [3]
    );
    assert_eq!(
        consume(fleet, &["build", "--from", "live", "--block-ms", "1"])?,
        [0_u64; 0]
    );
    let args = [
        "-v", "--json", "stream", "consume", "build", "--from", "live",
    ];
    let live = fleet.start(&args)?;
    live.says("read events build")?;
    publish(fleet, "build", 4)?;
    let event = live.json()?;
    assert_eq!(event["data"], json!({"n": 4}));
    assert_eq!(
        (&event["event_type"], &event["source"]),
        (&json!("build"), &json!("ci"))
    );
    assert_eq!(event["deliveries"], 1);
    let human = fleet
        .expect(0, &["stream", "consume", "--no-block"])?
        .stdout;
    assert_eq!(human.lines().count(), 4);
    assert!(
        human
            .lines()
            .all(|line| line.len() <= 80 && line.contains("build")),
        "{human}"
    );
    Ok(())
}

fn a_name_resumes_where_it_left_off(fleet: &Fleet) -> Result<()> {
    for n in 1..=3 {
        publish(fleet, "build", n)?;
    }
    assert_eq!(
        consume(fleet, &["build", "--name", "page", "--count", "2"])?,
        [1, 2]
    );
    publish(fleet, "build", 4)?;
    assert_eq!(
        consume(fleet, &["build", "--name", "page", "--no-block"])?,
        [3, 4]
    );
    assert_eq!(
        consume(fleet, &["build", "--name", "page", "--no-block"])?,
        [0_u64; 0]
    );
    assert_eq!(
        consume(fleet, &["build", "--name", "other", "--no-block"])?,
        [1, 2, 3, 4]
    );
    let info = fleet.json(0, &["stream", "info", "build"])?;
    assert_eq!(info[0]["groups"][1]["group"], "page");
    assert_eq!(info[0]["groups"][1]["unacknowledged"], 0);
    Ok(())
}

fn a_group_shares_its_events(fleet: &Fleet) -> Result<()> {
    for n in 1..=4 {
        publish(fleet, "build", n)?;
    }
    let group = ["build", "--group", "workers"];
    let member = |name: &'static str, more: &[&'static str]| {
        consume(fleet, &[&group[..], &["--consumer", name], more].concat())
    };
    assert_eq!(member("w1", &["--count", "1"])?, [1]);
    assert_eq!(member("w2", &["--count", "2"])?, [2, 3]);
    assert_eq!(member("w1", &["--no-block"])?, [4]);
    assert_eq!(
        consume(fleet, &[&group[..], &["--no-block"]].concat())?,
        [0_u64; 0]
    );
    Ok(())
}

fn a_trimmed_stream_shows_its_gap(fleet: &Fleet) -> Result<()> {
    for n in 1..=5 {
        publish(fleet, "build", n)?;
    }
    assert_eq!(
        consume(fleet, &["build", "--name", "page", "--count", "1"])?,
        [1]
    );
    let trimmed = fleet.json(0, &["stream", "trim", "build", "--max-length", "2"])?;
    assert_eq!(trimmed["removed"], 3);
    let args = ["stream", "consume", "build", "--name", "page", "--no-block"];
    let seen = fleet
        .expect(0, &[&["--json"], &args[..]].concat())?
        .documents()?;
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(seen[0]["gap"]["event_type"], "build");
    assert_eq!(seen[0]["gap"]["first_kept"], seen[1]["event_id"]);
    assert_eq!(seen[1]["data"]["n"], 4);
    Ok(())
}

fn types_that_come_up_later_are_read(fleet: &Fleet) -> Result<()> {
    publish(fleet, "build", 1)?;
    let all = fleet.start(&["-v", "--json", "stream", "consume", "--from", "live"])?;
    let some = fleet.start(&["-v", "--json", "stream", "consume", "build", "test"])?;
    all.says("read events build")?;
    some.says("read events build test")?;
    publish(fleet, "test", 2)?;
    assert_eq!(all.json()?["event_type"], "test");
    assert_eq!(some.json()?["event_type"], "build");
    assert_eq!(some.json()?["event_type"], "test");
    publish(fleet, "build", 3)?;
    assert_eq!(all.json()?["data"]["n"], 3);
    assert_eq!(some.json()?["data"]["n"], 3);
    Ok(())
}

fn no_data_is_an_empty_answer(fleet: &Fleet) -> Result<()> {
    for wait in [
        &["--no-block"][..],
        &["--block-ms", "0"],
        &["--block-ms", "20"],
    ] {
        for what in [&[][..], &["build"], &["--name", "page"], &["--group", "g"]] {
            let args = [&["--json", "stream", "consume"], what, wait].concat();
            assert_eq!(fleet.expect(0, &args)?.stdout, "", "{args:?}");
        }
    }
    assert_eq!(fleet.json(0, &["stream", "recent"])?, json!([]));
    assert_eq!(fleet.json(0, &["stream", "info"])?, json!([]));
    Ok(())
}

fn streams_are_shown_trimmed_and_deleted(fleet: &Fleet) -> Result<()> {
    let mut last = String::new();
    for n in 1..=3 {
        publish(fleet, "test", n)?;
        last = publish(fleet, "build", n)?;
    }
    let recent = fleet.json(0, &["stream", "recent", "build", "--count", "2"])?;
    let numbers: Vec<&Value> = recent
        .as_array()
        .context("no list")?
        .iter()
        .map(|event| &event["data"]["n"])
        .collect();
    assert_eq!(numbers, [&json!(3), &json!(2)]);
    let one = fleet.json(0, &["stream", "recent", "--from", &last, "--to", &last])?;
    assert_eq!(one.as_array().map(Vec::len), Some(1));
    let all = fleet.json(0, &["stream", "recent"])?;
    assert_eq!(all.as_array().map(Vec::len), Some(6));
    let info = fleet.json(0, &["stream", "info"])?;
    assert_eq!(
        (&info[0]["event_type"], &info[0]["length"]),
        (&json!("build"), &json!(3))
    );
    assert_eq!(info[0]["last_id"], last.as_str());
    for table in [["stream", "info"], ["stream", "recent"]] {
        let table = fleet.expect(0, &table)?.stdout;
        assert!(table.lines().all(|line| line.len() <= 80), "{table}");
    }
    let view = fleet.json(0, &["stream", "delete", "build"])?;
    assert_eq!(view, json!({"event_type": "build", "removed": 3}));
    fleet.expect(1, &["stream", "delete", "build"])?;
    fleet.expect(1, &["stream", "trim", "build"])?;
    fleet.expect(1, &["stream", "info", "build", "test"])?;
    Ok(())
}

fn wrong_usage_is_told(fleet: &Fleet) -> Result<()> {
    for args in [
        &["publish", "build", "--data", "7"][..],
        &["publish", ""],
        &["publish", "build", "--max-length", "0"],
        &["consume", "--from", "yesterday"],
        &["consume", "--consumer", "a"],
        &["consume", "--name", "a", "--group", "b"],
        &["consume", "--no-block", "--block-ms", "1"],
        &["recent", "--from", "x"],
    ] {
        fleet.expect(2, &[&["stream"], args].concat())?;
    }
    Ok(())
}
