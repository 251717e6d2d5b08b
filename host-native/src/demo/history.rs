//! What happened before the beginning.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use muster_core::coordination::{Answer, NewApproval, NewEvent, NewSignal};
use muster_core::entry::{Rating, UsageDefaults, Vote, usage_line};
use muster_core::record::quality_feedback::QualityFeedback;
use muster_core::{Decimal, JsonObject, Timestamp, US_PER_DAY, US_PER_SECOND};

use super::INTERVAL_S;
use super::cast::{CALLS, CAST, EVENTS, Part, REQUESTS, SIGNALS};
use super::fleet::{beat_of, object, work_of};
use crate::store::{Store, StoreResult};
use crate::write::write_votes;

/// Days with calls before today.
const DAYS: i64 = 34;
/// Beats before now that are remembered of each agent.
const BEATS: i64 = 24;

/// Writes the usage log of the days before.
pub(super) fn write_logs(home: &Path, now: Timestamp) -> io::Result<()> {
    let telemetry = home.join("telemetry");
    fs::create_dir_all(&telemetry)?;
    let mut dice = fastrand::Rng::with_seed(11);
    let mut log = String::new();
    for day in (0..=DAYS).rev() {
        // Fewer calls at the weekend, and none of today that are yet to come.
        let calls = if day % 7 < 2 { 40 } else { 110 };
        let start = now.day().start().saturating_add_us(-day * US_PER_DAY);
        let end = if day == 0 {
            now
        } else {
            start.saturating_add_us(US_PER_DAY)
        };
        let span = end.as_micros().saturating_sub(start.as_micros()).max(1);
        let mut times: Vec<i64> = (0..calls).map(|_| dice.i64(0..span)).collect();
        times.sort_unstable();
        for at in times {
            if let Some(call) = dice.choice(CALLS) {
                let at = start.saturating_add_us(at);
                log += &call_line(at, call, dice.u64(40..200)).unwrap_or_default();
            }
        }
    }
    fs::write(telemetry.join("usage.jsonl"), log)
}

/// Writes the votes on help templates.
pub(super) fn write_votes_on_templates(file: &Path, now: Timestamp) -> io::Result<()> {
    let mut votes = Vec::new();
    for (template, good, bad) in [
        ("ref-cli", 42, 3),
        ("how-to-deploy", 9, 1),
        ("faq-tokens", 2, 0),
        ("tutorial-first-run", 14, 11),
        ("troubleshoot-redis", 1, 6),
    ] {
        for (rating, count) in [(Rating::Good, good), (Rating::Bad, bad)] {
            for _ in 0..count {
                votes.push(Vote {
                    template: template.into(),
                    rating,
                });
            }
        }
    }
    write_votes(file, &votes, false, now).map(drop)
}

/// Appends one call to the usage log.
pub(super) fn append_call(
    home: &Path,
    at: Timestamp,
    call: (&str, &str, &str, &str, u64, u64, u64),
    factor_percent: u64,
) -> io::Result<()> {
    let line = call_line(at, call, factor_percent).unwrap_or_default();
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(home.join("telemetry/usage.jsonl"))?;
    file.write_all(line.as_bytes())
}

fn call_line(
    at: Timestamp,
    (workflow, stage, tier, model, micros, tokens_in, tokens_out): (
        &str,
        &str,
        &str,
        &str,
        u64,
        u64,
        u64,
    ),
    factor_percent: u64,
) -> Option<String> {
    let micros = micros * factor_percent / 100;
    let read = tokens_in * 3 / 4;
    let record = format!(
        r#"{{"ts":"{at}","workflow":"{workflow}","stage":"{stage}","tier":"{tier}","model":"{model}","provider":"anthropic","cost":{}.{:06},"tokens":{{"input":{},"output":{}}},"duration_ms":{},"prompt_cache":{{"hit":true,"creation_tokens":{},"read_tokens":{read}}}}}"#,
        micros / 1_000_000,
        micros % 1_000_000,
        tokens_in * factor_percent / 100,
        tokens_out * factor_percent / 100,
        400 + 12 * factor_percent,
        tokens_in / 10,
    );
    let defaults = UsageDefaults {
        now: at,
        seq: 1,
        pseudonym: &|_| "0123456789abcdef".into(),
    };
    usage_line(&record, &defaults).ok()
}

/// Fills the store with beats, decisions, signals, events and scores.
pub(super) async fn fill_store(store: &dyn Store, now: Timestamp) -> StoreResult<()> {
    beats(store, now).await?;
    decisions(store, now).await?;
    requests(store, now).await?;
    for (at, (from, to, signal_type)) in SIGNALS.into_iter().enumerate() {
        let ago = 40 + 5 * i64::try_from(at).unwrap_or(0);
        let signal = NewSignal {
            signal_id: format!("signal_before_{at}"),
            signal_type: signal_type.into(),
            source_agent: from.into(),
            target_agent: to.into(),
            payload: object(r#"{"step": 0}"#),
            ttl_s: if at % 2 == 0 { 20 } else { 600 },
        };
        store.send(seconds(now, -ago), &signal).await?;
    }
    for number in 0..60_i64 {
        let (event_type, source, field) =
            EVENTS[usize::try_from(number).unwrap_or(0) % EVENTS.len()];
        let event = NewEvent {
            event_type: event_type.into(),
            data: object(&format!(r#"{{"{field}": "{field}-{}"}}"#, number % 7)),
            source: source.into(),
            max_len: 2000,
        };
        store.publish(seconds(now, number - 61), &event).await?;
    }
    scores(store, now).await
}

async fn beats(store: &dyn Store, now: Timestamp) -> StoreResult<()> {
    let every = i64::try_from(INTERVAL_S).unwrap_or(1);
    for (index, player) in CAST.iter().enumerate() {
        let end = match player.part {
            Part::DiedBefore(ago) => ago,
            Part::Finished => 300,
            Part::Works | Part::Stutters | Part::DiesAfter(_) => every,
        };
        for beat in (0..BEATS).rev() {
            let is_last = beat == 0 && player.part == Part::Finished;
            let second = -end - beat * every;
            let (task, done) = work_of(player, index, second);
            let (status, done) = if is_last {
                ("completed", 1_000_000_000)
            } else {
                ("running", done)
            };
            let at = seconds(now, second);
            store.beat(at, &beat_of(player, status, task, done)).await?;
        }
    }
    Ok(())
}

/// Requests that were answered, or not.
async fn decisions(store: &dyn Store, now: Timestamp) -> StoreResult<()> {
    for (at, (approval_type, agent_id, context)) in REQUESTS.into_iter().enumerate() {
        let ago = 600 + 420 * i64::try_from(at).unwrap_or(0);
        let request_id = format!("approval_before_{at}");
        let request = NewApproval {
            request_id: request_id.clone(),
            approval_type: approval_type.into(),
            agent_id: agent_id.into(),
            context: object(context),
            timeout_us: 300_000_000,
        };
        store.request(seconds(now, -ago), &request).await?;
        if at % 3 == 2 {
            continue;
        }
        let approved = at % 2 == 0;
        let answer = Answer {
            request_id,
            approved,
            responder: if approved { "kim" } else { "sam" }.into(),
            reason: if approved {
                "looks right"
            } else {
                "not before the freeze is over"
            }
            .into(),
            min_left_us: 0,
        };
        store.decide(seconds(now, -ago + 75), &answer).await?;
    }
    Ok(())
}

/// Requests that wait when the curtain rises.
async fn requests(store: &dyn Store, now: Timestamp) -> StoreResult<()> {
    for (at, timeout_s) in [(0, 900_u64), (3, 240), (5, 95)] {
        let (approval_type, agent_id, context) = REQUESTS[at];
        let request = NewApproval {
            request_id: format!("approval_open_{at}"),
            approval_type: approval_type.into(),
            agent_id: agent_id.into(),
            context: object(context),
            timeout_us: timeout_s * 1_000_000,
        };
        let ago = 35 + i64::try_from(at).unwrap_or(0);
        store.request(seconds(now, -ago), &request).await?;
    }
    Ok(())
}

async fn scores(store: &dyn Store, now: Timestamp) -> StoreResult<()> {
    let mut dice = fastrand::Rng::with_seed(5);
    for (stage, tier, mean) in [
        ("analysis", "cheap", 610),
        ("analysis", "capable", 880),
        ("plan", "premium", 950),
        ("edit", "capable", 790),
    ] {
        for number in 0..14 {
            let thousandths = mean + dice.i64(-60..50);
            let feedback = QualityFeedback {
                feedback_id: format!("feedback_{stage}_{tier}_{number}"),
                workflow_name: "review".into(),
                stage_name: stage.into(),
                tier: tier.into(),
                quality_score: Decimal::from_nanos(thousandths * 1_000_000),
                timestamp: Some(seconds(now, -3600 * (number + 1))),
                metadata: JsonObject::default(),
            };
            store.feedback(now, &feedback).await?;
        }
    }
    Ok(())
}

/// So many seconds later.
pub(super) fn seconds(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add_us(seconds * US_PER_SECOND)
}
