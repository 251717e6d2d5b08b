use alloc::vec::Vec;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap()
}

fn actions(machine: &mut PollLease) -> Vec<Action> {
    core::iter::from_fn(|| machine.poll_action()).collect()
}

const ACQUIRE: Action = Action::Acquire { ttl_ms: 30_000 };
const RENEW: Action = Action::Renew { ttl_ms: 30_000 };

fn owner() -> PollLease {
    let mut machine = PollLease::new(LeasePolicy::default());
    machine.handle_start(at(0), LeaseUse::Enabled);
    machine.handle_acquired(at(0), Acquired::Owned);
    machine.handle_poll_started(at(0));
    assert_eq!(actions(&mut machine), [ACQUIRE, Action::StartPolling]);
    machine
}

#[test]
fn the_owner_renews_and_polls() {
    let mut machine = owner();
    assert_eq!(machine.poll_timeout(), Some((at(10_000), Wake::Renew)));
    machine.handle_timeout(at(10_000));
    machine.handle_renewed(at(10_001), Renewed::Kept);
    assert_eq!(actions(&mut machine), [RENEW]);
    assert!(machine.is_ingress_healthy());
    machine.handle_shutdown(at(11_000));
    assert_eq!(
        actions(&mut machine),
        [Action::StopPolling, Action::Release]
    );
    assert_eq!(machine.poll_timeout(), None);
}

#[test]
fn whoever_loses_the_lease_stops_polling_and_tries_again() {
    let mut machine = owner();
    machine.handle_renewed(at(10_000), Renewed::Lost);
    assert_eq!(actions(&mut machine), [Action::StopPolling]);
    assert_eq!(machine.ownership(), Ownership::Passive);
    assert_eq!(machine.polling(), Polling::Stopped);
    machine.handle_timeout(at(20_000));
    machine.handle_acquired(at(20_000), Acquired::Owned);
    assert_eq!(actions(&mut machine), [ACQUIRE, Action::StartPolling]);
    let last = core::iter::from_fn(|| machine.poll_event()).last();
    assert_eq!(last, Some(Event::Acquired { from_passive: true }));
}

#[test]
fn a_lease_that_cannot_be_renewed_ends_with_its_term() {
    let mut machine = owner();
    for now in [10_000, 20_000] {
        machine.handle_timeout(at(now));
        machine.handle_renewed(at(now), Renewed::Unavailable);
    }
    machine.handle_timeout(at(30_000));
    assert_eq!(actions(&mut machine), [RENEW, RENEW, Action::StopPolling]);
    assert_eq!(machine.ownership(), Ownership::Passive);
}

#[test]
fn conflicts_are_told_apart_and_back_off() {
    let mut machine = owner();
    let mut delays = Vec::new();
    for n in 0..6 {
        let now = n * 100_000;
        machine.handle_poll_error(at(now), "409: Conflict: terminated by other getUpdates");
        assert_eq!(machine.polling(), Polling::RetryingConflict);
        machine.handle_renewed(at(now), Renewed::Kept);
        machine.handle_timeout(at(now + 60_000));
        machine.handle_acquired(at(now + 60_000), Acquired::Owned);
    }
    while let Some(event) = machine.poll_event() {
        if let Event::RetryScheduled { delay_ms } = event {
            delays.push(delay_ms);
        }
    }
    assert_eq!(delays.first(), Some(&5_000));
    machine.handle_poll_error(at(700_000), "socket hang up");
    assert_eq!(machine.polling(), Polling::Retrying);
}

#[test]
fn recovered_polling_is_said_and_counters_begin_anew() {
    let mut machine = PollLease::new(LeasePolicy::default());
    machine.handle_start(at(0), LeaseUse::Disabled);
    let delays = [5_000, 10_000, 20_000, 40_000, 60_000, 60_000];
    let mut now = 0;
    for delay in delays {
        machine.handle_poll_error(at(now), "x");
        now += delay;
        assert_eq!(machine.poll_timeout(), Some((at(now), Wake::Poll)));
        machine.handle_timeout(at(now));
    }
    machine.handle_poll_started(at(now));
    let last = core::iter::from_fn(|| machine.poll_event()).last();
    assert_eq!(last, Some(Event::PollingRecovered));
    assert!(machine.is_ingress_healthy());
}

#[test]
fn without_a_store_it_polls_unleased_until_another_owns_the_lease() {
    let unleased = |policy| {
        let mut machine = PollLease::new(policy);
        machine.handle_start(at(0), LeaseUse::Enabled);
        machine.handle_acquired(at(0), Acquired::Unavailable);
        machine.handle_poll_started(at(1));
        assert!(!machine.is_ingress_healthy());
        machine
    };
    let mut machine = unleased(LeasePolicy::default());
    let (due, why) = machine.poll_timeout().unwrap();
    assert_eq!(why, Wake::Acquire);
    machine.handle_timeout(due);
    machine.handle_acquired(due, Acquired::Other { owner: "b".into() });
    assert_eq!(machine.ownership(), Ownership::Passive);
    assert_eq!(actions(&mut machine).last(), Some(&Action::StopPolling));
    assert_eq!(unleased(LeasePolicy::peer()).poll_timeout(), None);
}
