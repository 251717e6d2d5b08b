//! Liveness and trust in votes in three hosts: the same answers.

use std::fs;

use muster_core::confidence::{Confidence, TimedVote, rank};
use muster_core::coordination::FleetRow;
use muster_core::liveness::{FleetWatch, Liveness, LivenessOptions};
use muster_core::record::heartbeat::Heartbeat;
use muster_core::record::template_ratings::Votes;
use muster_core::view::{AgentView, ConfidenceView, TransitionView, WakeView};
use muster_core::{Decimal, JsonObject, Timestamp, to_json};
use muster_sandbox::{GuestError, SandboxError, confidence, liveness};
use muster_tests::{artefacts, hosts, tool};
use serde_json::{Value, json};

use super::{Random, SANDBOX};

/// Tenths of seconds after the start.
fn at(tenths: i64) -> Timestamp {
    let start = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
    start.saturating_add_us(tenths * 100_000)
}

/// A document as it is in JavaScript, where every number is a double.
fn document(json: &str) -> Value {
    fn doubles(value: Value) -> Value {
        match value {
            Value::Number(number) => json!(number.as_f64()),
            Value::Array(items) => items.into_iter().map(doubles).collect(),
            Value::Object(fields) => fields.into_iter().map(|(k, v)| (k, doubles(v))).collect(),
            other => other,
        }
    }
    doubles(serde_json::from_str(json).unwrap())
}

/// What the browser module answers to calls, where there is a Node.
fn browser(calls: &[(&str, Value)]) -> Option<Vec<Value>> {
    let node = tool::node()?;
    let jobs: Vec<Value> = calls
        .iter()
        .map(|(call, arguments)| json!({"call": call, "arguments": arguments}))
        .collect();
    let module = artefacts::browser().unwrap();
    let answers = hosts::script_answers("fleet.mjs", &jobs, &node, &module).unwrap();
    assert_eq!(answers.len(), jobs.len());
    let answers = answers.iter();
    Some(
        answers
            .map(|answer| document(&answer.to_string()))
            .collect(),
    )
}

fn row(beats: &[i64], metadata: &str, status: &str) -> FleetRow {
    let last = at(*beats.last().unwrap());
    FleetRow {
        beat: Heartbeat {
            agent_id: "a".into(),
            status: status.into(),
            progress: Decimal::from_nanos(250_000_000),
            current_task: "link".into(),
            last_beat: Some(last),
            metadata: JsonObject::parse(metadata).unwrap(),
            display_name: Some("Ann".into()),
        },
        arrivals: beats.iter().map(|beat| at(*beat)).collect(),
        expires_at: last.saturating_add_us(30_000_000),
        age_by_store_us: None,
        run: None,
    }
}

/// The rows of the core's table and odd ones, each with the time of looking.
fn rows() -> Vec<(FleetRow, Timestamp)> {
    let path = artefacts::tests("fixtures/liveness/states.json");
    let vectors: Vec<Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let mut rows: Vec<_> = vectors
        .iter()
        .map(|vector| {
            let beats = vector["beats"].as_array().unwrap();
            let beats: Vec<i64> = beats.iter().map(|beat| beat.as_i64().unwrap()).collect();
            let row = row(&beats, &vector["metadata"].to_string(), "running");
            let now = at(vector["now"].as_i64().unwrap());
            let state = Liveness::of(&row, now, now, &LivenessOptions::default()).state;
            assert_eq!(state.name(), vector["state"], "{vector}");
            (row, now)
        })
        .collect();
    assert!(rows.len() > 20);
    let mut random = Random(0x1234_5678_9abc_def1);
    for number in 0..200 {
        let mut tenths = 0;
        let beats: Vec<i64> = (0..=random.below(20))
            .map(|_| {
                tenths += i64::try_from(random.below(200)).unwrap();
                tenths
            })
            .collect();
        let status = ["running", "completed", "idle"][random.below(3)];
        let metadata = ["{}", r#"{"interval_s": 0.333}"#, r#"{"x": "\u20ac"}"#][random.below(3)];
        let mut row = row(&beats, metadata, status);
        let away = i64::try_from(random.below(3_000_000_000)).unwrap() - 500_000_000;
        match number % 5 {
            0 => row.age_by_store_us = Some(away.unsigned_abs() / 1000 * 1000),
            1 => row.arrivals.clear(),
            2 => row.beat.last_beat = None,
            _ => {}
        }
        rows.push((row, at(tenths).saturating_add_us(away)));
    }
    rows
}

fn agent(row: &FleetRow) -> liveness::Agent {
    let beat = &row.beat;
    liveness::Agent {
        last: liveness::Beat {
            agent_id: beat.agent_id.clone(),
            status: beat.status.clone(),
            progress: beat.progress.as_nanos(),
            current_task: beat.current_task.clone(),
            last_beat: beat.last_beat.map(Timestamp::as_micros),
            metadata: beat.metadata.as_str().to_owned(),
            display_name: beat.display_name.clone(),
        },
        arrivals: row.arrivals.iter().map(|at| at.as_micros()).collect(),
        expires_at: row.expires_at.as_micros(),
        age_by_store_us: row.age_by_store_us,
        run: row.run.map(|run| liveness::BeatRun {
            since: run.since.as_micros(),
            longest_us: run.longest_us,
        }),
    }
}

fn assessment(liveness: &Liveness) -> liveness::Assessment {
    liveness::Assessment {
        state: liveness.state.name().to_owned(),
        since: liveness.since.map(Timestamp::as_micros),
        reason: liveness.reason.to_string(),
        interval: liveness.interval.map(|interval| liveness::Interval {
            us: interval.us,
            source: interval.source.name().to_owned(),
        }),
        age_us: liveness.age_us,
        skew_us: liveness.skew_us,
        suspicion: liveness.suspicion,
        changes_at: liveness.changes_at.map(Timestamp::as_micros),
    }
}

/// The row as the browser module takes it.
fn beats(row: &FleetRow) -> Value {
    let beat = &row.beat;
    let arrivals: Vec<String> = row.arrivals.iter().map(ToString::to_string).collect();
    let mut of_store = json!({
        "agent_id": beat.agent_id,
        "status": beat.status,
        "progress": 0.25,
        "current_task": beat.current_task,
        "metadata": serde_json::from_str::<Value>(beat.metadata.as_str()).unwrap(),
        "display_name": beat.display_name,
    });
    if let Some(at) = beat.last_beat {
        of_store["last_beat"] = json!(at.to_string());
    }
    json!({
        "beat": of_store,
        "arrivals": arrivals,
        "expiresAt": row.expires_at.to_string(),
        "ageByStoreMs": row.age_by_store_us.map(|us| us / 1000),
    })
}

const USUAL: liveness::LivenessOptions = liveness::LivenessOptions {
    default_interval_us: None,
    late_percent: None,
    stale_intervals: None,
    stale_floor_us: None,
    skew_us: None,
};
const STRICT: liveness::LivenessOptions = liveness::LivenessOptions {
    default_interval_us: Some(2_000_000),
    late_percent: Some(110),
    stale_intervals: Some(2),
    stale_floor_us: Some(5_000_000),
    skew_us: Some(1_000),
};

fn core_options(given: &liveness::LivenessOptions) -> LivenessOptions {
    if *given == USUAL {
        return LivenessOptions::default();
    }
    LivenessOptions {
        default_interval_us: 2_000_000,
        late_percent: 110,
        stale_intervals: 2,
        stale_floor_us: 5_000_000,
        skew_us: 1_000,
    }
}

fn browser_options(given: &liveness::LivenessOptions) -> Value {
    if *given == USUAL {
        return json!({});
    }
    json!({
        "defaultIntervalMs": 2000,
        "latePercent": 110,
        "staleIntervals": 2,
        "staleFloorMs": 5000,
        "skewMs": 1,
    })
}

#[test]
fn states_are_the_same_in_every_host() {
    let rows = rows();
    let mut calls = Vec::new();
    let mut views = Vec::new();
    for (options, (row, now)) in [USUAL, STRICT]
        .into_iter()
        .flat_map(|options| rows.iter().map(move |row| (options, row)))
    {
        let core = core_options(&options);
        let native = Liveness::of(row, *now, *now, &core);
        let us = now.as_micros();
        let component = SANDBOX.assess(&agent(row), us, us, options).unwrap();
        assert_eq!(component, assessment(&native), "{row:?} at {now}");
        calls.push((
            "assessAgent",
            json!([beats(row), now.to_string(), browser_options(&options)]),
        ));
        views.push(document(&to_json(&AgentView::of(
            row,
            *now,
            &core,
            &[],
            None,
        ))));
    }
    let Some(answers) = browser(&calls) else {
        return;
    };
    for ((answer, view), (_, call)) in answers.iter().zip(&views).zip(&calls) {
        assert_eq!(answer["answer"], *view, "{call}: {answer}");
    }
}

/// Two agents, one of which comes back, watched until both are forgotten.
#[test]
fn a_watched_fleet_moves_the_same_in_every_host() {
    let mut other = row(&[0, 50], r#"{"interval_s": 5}"#, "running");
    other.beat.agent_id = "b".into();
    let looks = [
        (at(0), vec![row(&[0], "{}", "running")]),
        (
            at(700),
            vec![row(&[0, 700], "{}", "running"), other.clone()],
        ),
    ];
    let mut native = FleetWatch::new(LivenessOptions::default());
    let mut component = SANDBOX.fleet_watch(USUAL).unwrap();
    let (mut steps, mut expected) = (Vec::new(), Vec::new());
    for (now, rows) in looks {
        let us = now.as_micros();
        let agents: Vec<_> = rows.iter().map(agent).collect();
        component.handle_fleet(us, &agents).unwrap();
        let for_browser: Vec<Value> = rows.iter().map(beats).collect();
        steps.push(json!(["handleFleet", now.to_string(), for_browser]));
        expected.push(Value::Null);
        native.handle_fleet(now, rows);
    }
    let mut told = 0;
    loop {
        loop {
            let transition = native.poll_transition();
            let typed = transition.as_ref().map(|told| liveness::Transition {
                agent_id: told.agent_id.clone(),
                from: told.from.map(|state| state.name().to_owned()),
                to: assessment(&told.to),
            });
            assert_eq!(component.poll_transition().unwrap(), typed);
            steps.push(json!(["pollTransition"]));
            let Some(transition) = transition else {
                expected.push(Value::Null);
                break;
            };
            expected.push(document(&to_json(&TransitionView::from(transition))));
            told += 1;
        }
        let agents: Vec<_> = native
            .agents()
            .map(|(row, liveness)| (row.beat.agent_id.clone(), assessment(liveness)))
            .collect();
        assert_eq!(component.agents().unwrap(), agents);
        let wake = native.poll_timeout();
        let typed = wake.map(|(at, reason)| liveness::Wake {
            at: at.as_micros(),
            reason: reason.name().to_owned(),
        });
        assert_eq!(component.poll_timeout().unwrap(), typed);
        steps.push(json!(["pollTimeout"]));
        let Some((now, reason)) = wake else {
            expected.push(Value::Null);
            break;
        };
        expected.push(document(&to_json(&WakeView::from((now, reason)))));
        native.handle_timeout(now);
        component.handle_timeout(now.as_micros()).unwrap();
        steps.push(json!(["handleTimeout", now.to_string()]));
        expected.push(Value::Null);
        let views: Vec<AgentView> = native
            .agents()
            .map(|(row, liveness)| AgentView::with(row, liveness, now, &[], None))
            .collect();
        steps.push(json!(["agentsJson"]));
        expected.push(json!(to_json(&views)));
    }
    assert!(told >= 6, "{told}");
    let Some(answers) = browser(&[("watch", json!([{}, steps]))]) else {
        return;
    };
    assert_eq!(answers[0]["answer"], json!(expected), "{}", answers[0]);
}

#[test]
fn votes_come_to_the_same_in_every_host() {
    let mut counts = vec![(0, 0), (0, 1), (1, 0), (12, 4), (50, 50), (900, 100)];
    let mut random = Random(0x0ddb_a110);
    counts.extend((0..100).map(|_| (random.next() % 10_000, random.next() % (1 << 52))));
    let mut calls = Vec::new();
    let mut views = Vec::new();
    for (good, bad) in &counts {
        let native = Confidence::of(Votes {
            good: *good,
            bad: *bad,
        });
        let votes = SANDBOX.count_votes(*good, *bad).unwrap();
        same_rating(&SANDBOX.rate_votes(votes).unwrap(), &native);
        calls.push(("rateVotes", json!([{"good": good, "bad": bad}])));
        views.push(document(&to_json(&ConfidenceView::from(native))));
    }
    for half_life_ms in [1, 86_400_000, 7_776_000_000_u64] {
        let given: Vec<TimedVote> = (0..50)
            .map(|_| TimedVote {
                at: at(i64::try_from(random.below(100_000_000)).unwrap()),
                good: random.below(3) > 0,
            })
            .collect();
        let now = at(90_000_000);
        let native = Confidence::decayed(&given, now, half_life_ms * 1000);
        let typed: Vec<_> = given
            .iter()
            .map(|vote| confidence::TimedVote {
                at: vote.at.as_micros(),
                good: vote.good,
            })
            .collect();
        let votes = SANDBOX
            .decay_votes(&typed, now.as_micros(), half_life_ms * 1000)
            .unwrap();
        same_rating(&SANDBOX.rate_votes(votes).unwrap(), &native);
        let given: Vec<Value> = given
            .iter()
            .map(|vote| json!({"at": vote.at.to_string(), "good": vote.good}))
            .collect();
        calls.push(("decayVotes", json!([given, now.to_string(), half_life_ms])));
        views.push(document(&to_json(&ConfidenceView::from(native))));
    }
    let mut ranked: Vec<(String, Confidence)> = counts
        .iter()
        .enumerate()
        .map(|(number, (good, bad))| {
            let votes = Votes {
                good: *good % 7,
                bad: *bad % 5,
            };
            (format!("t{}", number * 31 % 97), Confidence::of(votes))
        })
        .collect();
    let typed: Vec<_> = ranked
        .iter()
        .map(|(name, given)| (name.clone(), votes(given)))
        .collect();
    let for_browser: Vec<Value> = ranked
        .iter()
        .map(|(name, given)| json!([name, {"good": given.good, "bad": given.bad}]))
        .collect();
    rank(&mut ranked);
    let names: Vec<&String> = ranked.iter().map(|(name, _)| name).collect();
    let expected: Vec<_> = ranked
        .iter()
        .map(|(name, given)| (name.clone(), votes(given)))
        .collect();
    assert_eq!(SANDBOX.rank(&typed).unwrap(), expected);
    calls.push(("rankVotes", json!([for_browser])));
    views.push(json!(names));
    let Some(answers) = browser(&calls) else {
        return;
    };
    for ((answer, view), (_, call)) in answers.iter().zip(&views).zip(&calls) {
        assert_eq!(answer["answer"], *view, "{call}: {answer}");
    }
}

fn votes(confidence: &Confidence) -> confidence::Votes {
    confidence::Votes {
        count: confidence.votes,
        good: confidence.good,
        bad: confidence.bad,
    }
}

/// The same bits.
#[track_caller]
fn same_rating(component: &confidence::Rating, native: &Confidence) {
    let interval = native.interval();
    let expected = confidence::Rating {
        votes: votes(native),
        score: native.score(),
        rated: !native.is_unrated(),
        low: interval.low,
        high: interval.high,
        attune_confidence: native.attune_ratio(),
    };
    assert_eq!(*component, expected, "{native:?}");
}

#[test]
fn what_makes_no_sense_is_told_by_every_host() {
    let good = row(&[0], "{}", "running");
    let mut odd = agent(&good);
    odd.last.metadata = "[]".into();
    let us = at(0).as_micros();
    match SANDBOX.assess(&odd, us, us, USUAL).unwrap_err() {
        SandboxError::Guest(GuestError::BadDocument((name, why))) => {
            assert_eq!(name, "metadata");
            assert!(!why.is_empty());
        }
        other => panic!("{other}"),
    }
    let late = SANDBOX.assess(&agent(&good), us, i64::MAX, USUAL);
    let out = SandboxError::Guest(GuestError::TimeOutOfRange(i64::MAX));
    assert_eq!(late.unwrap_err(), out);
    let beat = json!({"agent_id": "a", "status": "s", "progress": 0, "current_task": ""});
    let cases = [
        (
            "assessAgent",
            json!([beats(&good), "noon", {}]),
            "now: noon is",
        ),
        (
            "assessAgent",
            json!([beats(&good), null, {}]),
            "now: neither",
        ),
        (
            "assessAgent",
            json!([{"beat": {}}, 0, {}]),
            "expiresAt: missing",
        ),
        (
            "assessAgent",
            json!([{"beat": {}, "expiresAt": 0}, 0, {}]),
            "beat: missing_field: agent_id",
        ),
        (
            "assessAgent",
            json!([{"beat": beat, "expiresAt": 0, "arrivals": 3}, 0, {}]),
            "arrivals: not an array",
        ),
        (
            "assessAgent",
            json!([beats(&good), 0, {"skewMs": -1}]),
            "skewMs: not a whole number",
        ),
        (
            "rateVotes",
            json!([{"good": 0.5}]),
            "good: not a whole number",
        ),
        ("rateVotes", json!([{"god": 1}]), "god: not an option"),
        ("rankVotes", json!([[[3, {}]]]), "candidates: a name"),
        ("decayVotes", json!([[{}], 0, 1]), "at: missing"),
        (
            "decayVotes",
            json!([[], 0, -1]),
            "halfLifeMs: not a whole number",
        ),
    ];
    let calls: Vec<_> = cases
        .iter()
        .map(|(call, arguments, _)| (*call, arguments.clone()))
        .collect();
    let Some(answers) = browser(&calls) else {
        return;
    };
    for (answer, (_, call, told)) in answers.iter().zip(&cases) {
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.starts_with(told), "{call}: {answer}");
    }
}
