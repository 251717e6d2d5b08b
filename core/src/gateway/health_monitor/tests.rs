use super::*;

fn at(s: i64) -> Timestamp {
    Timestamp::from_seconds(s).unwrap()
}

fn check<'a>(failed: &'a [&'a str]) -> Check<'a> {
    Check {
        diagnosis: Diagnosis::Done { failed },
        channels: &[],
        muted: &[],
        suppression: Suppression::Off,
    }
}

fn actions(monitor: &mut HealthMonitor) -> Vec<Action> {
    core::iter::from_fn(|| monitor.poll_action()).collect()
}

fn monitor(policy: MonitorPolicy) -> HealthMonitor {
    HealthMonitor::new(policy, MonitorMemory::default())
}

fn restarting() -> MonitorPolicy {
    MonitorPolicy {
        remedy: Remedy::AutoRestart,
        ..MonitorPolicy::default()
    }
}

#[test]
fn the_second_failure_in_a_row_asks_the_operator_and_not_again_for_a_while() {
    let mut monitor = monitor(MonitorPolicy::default());
    let mut told = Vec::new();
    for s in [0, 900, 1_800, 2_100, 2_700] {
        monitor.handle_check(at(s), check(&["redis-state", "error-log"]));
        if !actions(&mut monitor).is_empty() {
            told.push(s);
        }
    }
    assert_eq!(told, [900, 2_100]);
}

#[test]
fn w27_a_failed_side_layer_is_no_failure_of_the_gateway() {
    let streak = |policy| {
        let mut monitor = monitor(policy);
        monitor.handle_check(at(0), check(&["model-api"]));
        monitor.memory().streak.count
    };
    assert_eq!(streak(MonitorPolicy::default()), 0);
    assert_eq!(streak(MonitorPolicy::peer()), 1);
}

#[test]
fn an_outage_of_the_provider_is_no_reason_to_restart() {
    let done = |policy| {
        let mut monitor = monitor(policy);
        for s in [0, 900] {
            monitor.handle_check(at(s), check(&["model-api"]));
        }
        actions(&mut monitor)
    };
    assert_eq!(done(restarting()), []);
    assert_eq!(done(MonitorPolicy::older_peer()), [Action::Restart]);
}

#[test]
fn a_restart_is_looked_at_after_six_seconds_and_told_only_if_it_did_not_help() {
    for helped in [true, false] {
        let mut monitor = monitor(restarting());
        for s in [0, 900] {
            monitor.handle_check(at(s), check(&["process"]));
        }
        assert_eq!(actions(&mut monitor), [Action::Restart]);
        // A check while the gateway is down on purpose is not held against it.
        monitor.handle_check(at(905), check(&["process"]));
        monitor.handle_restarted(at(910), RestartOutcome::Done);
        assert_eq!(monitor.poll_timeout(), Some((at(916), Wake::Settled)));
        monitor.handle_timeout(at(916));
        assert_eq!(actions(&mut monitor), [Action::Diagnose]);
        let failed: &[&str] = if helped { &[] } else { &["process"] };
        monitor.handle_check(at(920), check(failed));
        let alert = Action::AlertGateway {
            streak: 3,
            layers: ["process".into()].into(),
        };
        let expected = if helped {
            Vec::new()
        } else {
            Vec::from([alert])
        };
        assert_eq!(actions(&mut monitor), expected);
        let healed = core::iter::from_fn(|| monitor.poll_event()).any(|e| e == Event::SelfHealed);
        assert_eq!(healed, helped);
    }
}

#[test]
fn restarts_have_a_cooldown_and_one_that_hangs_is_told() {
    let mut monitor = monitor(restarting());
    for s in [0, 900] {
        monitor.handle_check(at(s), check(&["process"]));
    }
    monitor.handle_timeout(at(990));
    monitor.handle_check(at(1_000), check(&["process"]));
    let done = actions(&mut monitor);
    assert!(matches!(
        done[..],
        [Action::Restart, Action::AlertGateway { .. }]
    ));
    monitor.handle_check(at(1_800), check(&["process"]));
    assert_eq!(actions(&mut monitor), [Action::Restart]);
}

#[test]
fn channels_have_a_row_a_cooldown_and_a_mute_of_their_own() {
    let telegram = Channel::from("telegram");
    let slack = Channel::from("slack");
    let bad = ChannelProbe::Counts {
        severe: 6,
        success: 0,
    };
    let channels = [(telegram.clone(), bad), (slack.clone(), bad)];
    let muted = [slack.clone()];
    let mut monitor = monitor(MonitorPolicy::default());
    let mut alerts = Vec::new();
    for s in [0, 900, 1_800, 2_700, 3_600] {
        let check = Check {
            channels: &channels,
            muted: &muted,
            ..check(&[])
        };
        monitor.handle_check(at(s), check);
        alerts.extend(actions(&mut monitor).into_iter().map(|action| (s, action)));
    }
    let alert = Action::AlertChannels([(telegram.clone(), ProbeStatus::Failed)].into());
    assert_eq!(alerts, [(900, alert.clone()), (2_700, alert)]);
    let last = core::iter::from_fn(|| monitor.poll_event()).last();
    let expected = Event::Checked {
        success: false,
        streak: 0,
        actionable: [telegram].into(),
        muted: [slack].into(),
    };
    assert_eq!(last, Some(expected));
}

#[test]
fn suppression_keeps_alerts_back_and_the_row_outlives_a_restart_of_the_monitor() {
    let mut first = monitor(MonitorPolicy::default());
    first.handle_check(at(0), check(&["process"]));
    let mut second = HealthMonitor::new(MonitorPolicy::default(), first.memory().clone());
    let quiet = Check {
        suppression: Suppression::On,
        ..check(&["process"])
    };
    second.handle_check(at(900), quiet);
    let layers = Vec::from(["process".into()]);
    assert_eq!(actions(&mut second), [Action::RequestOperator { layers }]);
    // After six hours without a check the row begins anew.
    let mut third = HealthMonitor::new(MonitorPolicy::default(), second.memory().clone());
    third.handle_check(at(900 + 6 * 3_600), check(&["process"]));
    assert_eq!(third.memory().streak.count, 1);
}

#[test]
fn an_alert_that_was_held_back_or_reached_nobody_is_sent_at_the_next_check() {
    let mut monitor = monitor(MonitorPolicy::default());
    let mut sent = Vec::new();
    for (s, suppression) in [
        (0, Suppression::On),
        (900, Suppression::On),
        (960, Suppression::On),
        (1_020, Suppression::Off),
        (1_080, Suppression::Off),
        (1_140, Suppression::Off),
    ] {
        monitor.handle_check(
            at(s),
            Check {
                suppression,
                ..check(&["process"])
            },
        );
        for action in actions(&mut monitor) {
            // The first one that is sent reaches nobody.
            if s == 1_020 {
                monitor.handle_undelivered(&action);
            }
            sent.push((s, matches!(action, Action::AlertGateway { .. })));
        }
    }
    // The operator is asked once all the same.
    assert_eq!(sent, [(900, false), (1_020, true), (1_080, true)]);
    let held = core::iter::from_fn(|| monitor.poll_event())
        .filter(|event| *event == Event::AlertSuppressed)
        .count();
    assert_eq!(held, 2);
}

#[test]
fn an_alert_of_a_channel_that_reached_nobody_is_sent_again() {
    let bad = ChannelProbe::Counts {
        severe: 6,
        success: 0,
    };
    let channels = [(Channel::from("slack"), bad)];
    let mut monitor = monitor(MonitorPolicy::default());
    let mut sent = Vec::new();
    for s in [0, 300, 600, 900] {
        monitor.handle_check(
            at(s),
            Check {
                channels: &channels,
                ..check(&[])
            },
        );
        for action in actions(&mut monitor) {
            if s == 300 {
                monitor.handle_undelivered(&action);
            }
            sent.push(s);
        }
    }
    assert_eq!(sent, [300, 600]);
}
