use alloc::vec::Vec;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap()
}

/// Runs the timers up to a time and gives the actions with their times.
fn run(machine: &mut Watchdog, until: i64) -> Vec<(i64, Action)> {
    let mut done = Vec::new();
    loop {
        while let Some(action) = machine.poll_action() {
            let now = machine.clock.latest_ms();
            done.push((now, action));
        }
        match machine.poll_timeout() {
            Some((due, _)) if due <= at(until) => machine.handle_timeout(due),
            _ => return done,
        }
    }
}

#[test]
fn a_channel_turn_that_hangs_is_aborted_and_then_the_gateway_restarts() {
    let mut machine = Watchdog::new(WatchdogPolicy::default());
    machine.handle_prompt(at(0), "telegram:1");
    assert_eq!(
        run(&mut machine, 10_000_000),
        [
            (210_000, Action::Abort),
            (
                300_000,
                Action::Restart(RestartReason::StuckRecoveryTimeout)
            )
        ]
    );
}

#[test]
fn an_internal_turn_reaches_its_own_limit_where_the_peer_lets_go_unheard() {
    let mut machine = Watchdog::new(WatchdogPolicy::default());
    machine.handle_prompt(at(0), "heartbeat");
    assert_eq!(
        run(&mut machine, 10_000_000).first(),
        Some(&(630_000, Action::Abort))
    );
    let mut machine = Watchdog::new(WatchdogPolicy::peer());
    machine.handle_prompt(at(0), "heartbeat");
    assert_eq!(run(&mut machine, 10_000_000), [(300_000, Action::Release)]);
}

#[test]
fn internal_turns_do_not_inherit_the_limit_of_channels() {
    let abort_at = |policy| {
        let mut machine = Watchdog::new(policy);
        machine.handle_prompt(at(0), "slack:C1");
        machine.handle_turn_end(at(1), TurnEnd::Run);
        machine.handle_prompt(at(2), "cron");
        run(&mut machine, 10_000_000).first().copied()
    };
    assert_eq!(
        abort_at(WatchdogPolicy::default()),
        Some((630_000, Action::Abort))
    );
    assert_eq!(
        abort_at(WatchdogPolicy::peer()),
        Some((210_000, Action::Abort))
    );
}

#[test]
fn the_first_step_of_a_run_does_not_end_its_watch() {
    let open = |policy| {
        let mut machine = Watchdog::new(policy);
        machine.handle_prompt(at(0), "telegram:1");
        machine.handle_turn_end(at(1), TurnEnd::Step);
        machine.poll_timeout().is_some()
    };
    assert!(open(WatchdogPolicy::default()));
    assert!(!open(WatchdogPolicy::peer()));
}

#[test]
fn a_turn_that_moves_again_is_no_longer_recovering() {
    let mut machine = Watchdog::new(WatchdogPolicy::default());
    machine.handle_prompt(at(0), "telegram:1");
    assert_eq!(run(&mut machine, 210_000), [(210_000, Action::Abort)]);
    assert_eq!(
        machine.session_health(at(220_000)),
        SessionHealth::Recovering { left_ms: 80_000 }
    );
    machine.handle_turn_end(at(220_000), TurnEnd::Run);
    assert_eq!(run(&mut machine, 10_000_000), []);
    let last = core::iter::from_fn(|| machine.poll_event()).last();
    assert_eq!(last, Some(Event::Recovered(Recovery::TurnEnd)));
    assert_eq!(machine.session_health(at(220_000)), SessionHealth::Ok);
}

#[test]
fn maintenance_extends_the_waiter_up_to_its_bound() {
    let mut machine = Watchdog::new(WatchdogPolicy::default());
    machine.handle_prompt(at(0), "telegram:1");
    machine.handle_maintenance(at(1), Maintenance::Active);
    let done = run(&mut machine, 10_000_000);
    assert_eq!(done.len(), 1);
    assert!(matches!(done[0], (900_000..960_000, Action::Release)));
}

#[test]
fn a_dead_session_is_restarted_once() {
    let mut machine = Watchdog::new(WatchdogPolicy::default());
    machine.handle_failures(at(0), 3);
    assert_eq!(
        run(&mut machine, 10_000_000),
        [(30_000, Action::Restart(RestartReason::DeadSession))]
    );
    machine.handle_failures(at(40_000), 9);
    assert_eq!(run(&mut machine, 10_000_000), []);
}

#[test]
fn a_fallback_of_unknown_age_protects_for_its_grace_and_not_for_ever() {
    let restart = |policy| {
        let mut machine = Watchdog::new(policy);
        machine.handle_fallback(at(0), FallbackUse::Active { since: None });
        machine.handle_failures(at(0), 3);
        machine.handle_fallback(at(60_000), FallbackUse::Active { since: None });
        run(&mut machine, 1_000_000)
    };
    let dead = Action::Restart(RestartReason::DeadSession);
    assert_eq!(restart(WatchdogPolicy::default()), [(120_000, dead)]);
    assert_eq!(restart(WatchdogPolicy::peer()), []);
}
