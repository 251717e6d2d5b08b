use alloc::vec::Vec;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap()
}

fn policy() -> FallbackPolicy {
    FallbackPolicy::new(Model::new("a", "big"), Model::new("b", "small"))
}

fn controller(policy: FallbackPolicy) -> Fallback {
    Fallback::new(policy, Catalogue::Known)
}

fn actions(machine: &mut Fallback) -> Vec<Action> {
    core::iter::from_fn(|| machine.poll_action()).collect()
}

#[test]
fn errors_add_up_until_an_answer_whatever_the_queue_reports() {
    let run = |policy| {
        let mut machine = controller(policy);
        for n in 0..3 {
            machine.handle_dispatched(at(n), Prompt(n.unsigned_abs()));
            machine.handle_prompt_error(at(n), 1);
        }
        actions(&mut machine)
    };
    let switch = Action::SetModel(Model::new("b", "small"));
    assert_eq!(run(policy()), [switch]);
    assert_eq!(run(policy().peer()), []);
}

#[test]
fn the_primary_must_answer_before_the_session_moves_back() {
    let mut machine = controller(policy());
    machine.handle_prompt_error(at(0), 3);
    machine.handle_model_set(at(0), Ok(()));
    machine.handle_timeout(at(600_000));
    assert_eq!(
        actions(&mut machine),
        [
            Action::SetModel(Model::new("b", "small")),
            Action::Probe(Model::new("a", "big"))
        ]
    );
    assert!(machine.is_active());
    machine.handle_probe_answer(at(600_100), Ok(()));
    assert_eq!(
        actions(&mut machine),
        [Action::SetModel(Model::new("a", "big"))]
    );
    machine.handle_model_set(at(600_200), Ok(()));
    assert_eq!(machine.model(), &Model::new("a", "big"));
}

#[test]
fn a_probe_that_is_never_answered_has_failed() {
    let mut machine = controller(policy());
    machine.handle_prompt_error(at(0), 3);
    machine.handle_model_set(at(0), Ok(()));
    machine.handle_timeout(at(600_000));
    assert_eq!(machine.poll_timeout(), Some((at(660_000), Wake::Answer)));
    machine.handle_timeout(at(660_000));
    let last = core::iter::from_fn(|| machine.poll_event()).last();
    let failed = Event::ProbeFailedDecision {
        kind: FailureKind::Timeout,
        back_off_ms: 1_200_000,
    };
    assert_eq!(last, Some(failed));
}

#[test]
fn tokens_of_an_earlier_prompt_do_not_end_the_watch() {
    let mut machine = controller(policy());
    machine.handle_dispatched(at(0), Prompt(2));
    machine.handle_first_token(at(1), Prompt(1));
    assert_eq!(
        machine.poll_timeout(),
        Some((at(120_000), Wake::FirstToken))
    );
    machine.handle_first_token(at(2), Prompt(2));
    assert_eq!(machine.poll_timeout(), None);
}

#[test]
fn maintenance_stops_the_time_limit_and_gives_it_anew() {
    let mut machine = controller(policy());
    machine.handle_dispatched(at(0), Prompt(1));
    machine.handle_pause(at(100));
    assert_eq!(machine.poll_timeout(), None);
    machine.handle_resume(at(500));
    assert_eq!(
        machine.poll_timeout(),
        Some((at(120_500), Wake::FirstToken))
    );
}

#[test]
fn what_the_catalogue_does_not_know_is_never_switched_to() {
    let mut machine = Fallback::new(policy(), Catalogue::Unknown);
    machine.handle_prompt_error(at(0), 3);
    assert_eq!(machine.poll_action(), None);
    assert_eq!(machine.poll_event(), Some(Event::FallbackModelNotFound));
}
