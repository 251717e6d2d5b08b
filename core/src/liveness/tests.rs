//! The table of states, and what must hold for any beats.

use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::coordination::{BeatRun, FleetRow};
use crate::decimal::Decimal;
use crate::json_object::JsonObject;
use crate::record::heartbeat::Heartbeat;
use crate::time::Timestamp;

/// Tenths of seconds after the start.
fn at(tenths: i64) -> Timestamp {
    let start = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
    start.saturating_add_us(tenths * 100_000)
}

/// An agent that beat at these tenths of seconds, with a TTL of 30 s.
fn row(beats: &[i64], metadata: &str, status: &str) -> FleetRow {
    let last = at(*beats.last().unwrap());
    FleetRow {
        beat: Heartbeat {
            agent_id: "a".into(),
            status: status.into(),
            progress: Decimal::ZERO,
            current_task: "link".into(),
            last_beat: Some(last),
            metadata: JsonObject::parse(metadata).unwrap(),
            display_name: None,
        },
        arrivals: beats.iter().map(|beat| at(*beat)).collect(),
        expires_at: last.saturating_add_us(30_000_000),
        run: None,
        age_by_store_us: None,
    }
}

fn assess(row: &FleetRow, now: Timestamp) -> Liveness {
    Liveness::of(row, now, now, &LivenessOptions::default())
}

/// The table of states, which the other hosts are held to as well. Times are tenths
/// of seconds.
fn vectors() -> Vec<Value> {
    let text = include_str!("../../../tests/fixtures/liveness/states.json");
    serde_json::from_str(text).unwrap()
}

#[test]
fn states_follow_the_table() {
    let vectors = vectors();
    assert!(vectors.len() > 20);
    for vector in vectors {
        let tenths = |name: &str| vector[name].as_i64().unwrap();
        let beats = vector["beats"].as_array().unwrap();
        let beats: Vec<i64> = beats.iter().map(|beat| beat.as_i64().unwrap()).collect();
        let row = row(&beats, &vector["metadata"].to_string(), "running");
        let liveness = assess(&row, at(tenths("now")));
        let got = (
            liveness.state.name(),
            liveness.since.map(|since| since.as_micros() / 100_000),
            liveness.reason.to_string(),
        );
        let expected = (
            vector["state"].as_str().unwrap(),
            Some(at(tenths("since")).as_micros() / 100_000),
            vector["reason"].as_str().unwrap().to_string(),
        );
        assert_eq!(got, expected, "{vector}");
    }
}

#[test]
fn who_says_it_is_done_is_finished_however_long_ago() {
    for status in crate::record::heartbeat::FINAL_STATUSES {
        let liveness = assess(&row(&[0, 100], "{}", status), at(500_000));
        assert_eq!(liveness.state, AgentState::Finished);
        assert_eq!(liveness.since, Some(at(100)));
        assert_eq!(liveness.changes_at, None);
        assert!(liveness.reason.to_string().ends_with(status));
    }
    // Another status of another system ends nothing.
    let liveness = assess(&row(&[0], "{}", "idle"), at(0));
    assert_eq!(liveness.state, AgentState::Alive);
}

#[test]
fn a_key_alone_makes_nobody_alive() {
    let mut row = row(&[0], "{}", "running");
    row.expires_at = at(36_000);
    let liveness = assess(&row, at(601));
    assert_eq!(liveness.state, AgentState::Stale);
    assert!(attune_is_alive(&row, at(601)));
    assert!(attune_is_stale(&row, at(601), 60_000_000));
    assert!(!attune_is_stale(&row, at(600), 60_000_000));
    row.expires_at = at(300);
    // As attune has it by default: stale agents cannot be found.
    assert!(!attune_is_alive(&row, at(601)));
    assert!(!attune_is_stale(&row, at(601), 60_000_000));
    row.arrivals.clear();
    row.beat.last_beat = None;
    let liveness = assess(&row, at(0));
    assert_eq!(
        (liveness.state, liveness.reason),
        (AgentState::Unknown, Reason::NoTime)
    );
    assert_eq!(Liveness::never_seen().state, AgentState::Unknown);
}

#[test]
fn clocks_that_differ_are_told_and_do_no_harm() {
    // An hour ahead, and the store says that the beat is 5 s old.
    let mut ahead = row(&[36_000], "{}", "running");
    ahead.age_by_store_us = Some(5_000_000);
    let liveness = assess(&ahead, at(100));
    assert_eq!(liveness.state, AgentState::Alive);
    assert_eq!(liveness.age_us, Some(5_000_000));
    assert_eq!(liveness.skew_us, Some(3_595_000_000));
    // An hour behind.
    let mut behind = row(&[0], "{}", "running");
    behind.age_by_store_us = Some(5_000_000);
    let liveness = assess(&behind, at(36_000));
    assert_eq!(liveness.state, AgentState::Alive);
    assert_eq!(liveness.skew_us, Some(-3_595_000_000));
    // Ahead, and nobody saw it come: nothing can be said.
    let mut unseen = row(&[36_000], "{}", "running");
    unseen.arrivals.clear();
    let liveness = assess(&unseen, at(0));
    assert_eq!(liveness.state, AgentState::Unknown);
    assert_eq!(liveness.skew_us, Some(3_600_000_000));
    // Seen late by somebody whose clock is right: no difference of clocks.
    let mut late = row(&[0], "{}", "running");
    late.arrivals = [at(200)].into();
    assert_eq!(assess(&late, at(210)).skew_us, None);
    // Small ones are not spoken of.
    let mut small = row(&[0], "{}", "running");
    small.age_by_store_us = Some(0);
    assert_eq!(assess(&small, at(20)).skew_us, None);
    // Our own clock was set back.
    let liveness = assess(&row(&[36_000], "{}", "running"), at(0));
    assert_eq!(liveness.state, AgentState::Alive);
    assert_eq!(liveness.skew_us, Some(3_600_000_000));
}

#[test]
fn suspicion_grows_with_the_silence() {
    let gaps = [10_000_000, 11_000_000, 9_000_000, 10_000_000, 10_000_000];
    assert_eq!(suspicion(&gaps[..4], 10_000_000), None);
    let phi = |seconds: u64| suspicion(&gaps, seconds * 1_000_000).unwrap();
    // At the mean a later beat is as likely as not: -log10(1/2).
    assert_eq!(phi(10).to_string(), "0.301");
    assert_eq!(phi(0).to_string(), "0");
    assert_eq!(phi(12).to_string(), "1.643");
    assert_eq!(phi(15).to_string(), "7.3");
    assert_eq!(phi(1_000_000).to_string(), "99");
    assert_eq!(suspicion(&[0; 9], 5), None);
}

#[test]
fn the_watch_tells_each_change_once() {
    let mut watch = FleetWatch::new(LivenessOptions::default());
    watch.handle_fleet(at(0), vec![row(&[0], "{}", "running")]);
    let mut told = Vec::new();
    let mut now = at(0);
    while let Some((next, reason)) = watch.poll_timeout() {
        while let Some(transition) = watch.poll_transition() {
            told.push((transition.from, transition.to.state, now));
        }
        assert!(next > now, "{reason:?}");
        now = next;
        watch.handle_timeout(now);
    }
    let just_after = |tenths| at(tenths).saturating_add_us(1);
    assert_eq!(
        told,
        [
            (None, AgentState::Alive, at(0)),
            (Some(AgentState::Alive), AgentState::Late, just_after(150)),
            (Some(AgentState::Late), AgentState::Stale, just_after(600)),
            (Some(AgentState::Stale), AgentState::Dead, just_after(900)),
        ]
    );
    // Then it was forgotten.
    assert_eq!(watch.agents().count(), 0);
}

#[test]
fn the_watch_forgets_whom_the_store_has_forgotten() {
    let mut watch = FleetWatch::new(LivenessOptions::default());
    watch.handle_fleet(at(0), vec![row(&[0], "{}", "running")]);
    let told = watch.poll_transition().map(|told| told.to.state);
    assert_eq!(told, Some(AgentState::Alive));
    // A beat that comes in time is no news.
    watch.handle_fleet(at(100), vec![row(&[0, 100], "{}", "running")]);
    assert_eq!(watch.poll_transition(), None);
    watch.handle_fleet(at(101), Vec::new());
    assert_eq!(watch.agents().count(), 0);
    assert_eq!(watch.poll_timeout(), None);
}

proptest! {
    /// Whatever the beats: a state, and from one change to the next the same one.
    #[test]
    fn states_hold_until_they_are_said_to_change(
        beats in prop::collection::vec(0..2000_i64, 1..20),
        interval in prop::option::of(1..200_u32),
        later in 0..5000_i64,
    ) {
        let metadata = interval.map_or("{}".into(), |s| alloc::format!("{{\"interval_s\":{s}}}"));
        let row = row(&beats, &metadata, "running");
        let mut now = at(*beats.last().unwrap());
        let mut liveness = assess(&row, now);
        let mut states = Vec::new();
        while let Some(next) = liveness.changes_at {
            states.push(liveness.state);
            prop_assert!(next > now);
            let before = assess(&row, next.saturating_add_us(-1).max(now));
            prop_assert_eq!(before.state, liveness.state);
            now = next;
            liveness = assess(&row, now);
            prop_assert_ne!(liveness.state, before.state);
        }
        prop_assert_eq!(liveness.state, AgentState::Dead);
        prop_assert!(states.is_sorted());
        let _ = assess(&row, at(later));
    }

    #[test]
    fn no_times_panic(
        arrivals in prop::collection::vec(any::<i64>(), 0..20),
        said in prop::option::of(any::<i64>()),
        expires in any::<i64>(),
        age in prop::option::of(any::<u64>()),
        (seen, now) in (any::<i64>(), any::<i64>()),
        late_percent in any::<u64>(),
    ) {
        let time = |us: i64| Timestamp::MIN.max(Timestamp::MAX.saturating_add_us(us.saturating_abs().saturating_neg()));
        let mut any = row(&[0], r#"{"interval_s": 9007199254}"#, "running");
        any.arrivals = arrivals.into_iter().map(time).collect();
        any.beat.last_beat = said.map(time);
        any.expires_at = time(expires);
        any.age_by_store_us = age;
        let options = LivenessOptions { late_percent, ..LivenessOptions::default() };
        let mut watch = FleetWatch::new(options);
        watch.handle_fleet(time(seen), vec![any.clone()]);
        watch.handle_timeout(time(now));
        let _ = watch.poll_timeout();
        if let Some(phi) = Liveness::of(&any, time(seen), time(now), &options).suspicion {
            prop_assert!((0.0..=99.0).contains(&phi));
        }
    }
}

#[test]
fn who_beats_for_longer_than_is_remembered_is_alive_since_the_beginning() {
    let beats: Vec<i64> = (100..116).map(|n| n * 100).collect();
    let mut row = row(&beats, "{}", "running");
    let now = at(11_500);
    assert_eq!(assess(&row, now).since, Some(at(10_000)));
    row.run = Some(BeatRun {
        since: at(0),
        longest_us: 15_000_000,
    });
    assert_eq!(assess(&row, now).since, Some(at(0)));
    // One of the gaps before was too long for the interval that is known now.
    row.run = Some(BeatRun {
        since: at(0),
        longest_us: 15_000_001,
    });
    assert_eq!(assess(&row, now).since, Some(at(10_000)));
}
