use alloc::vec::Vec;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap()
}

fn message(id: &str, source: &str) -> Message {
    Message {
        id: id.into(),
        source: source.into(),
        body: id.into(),
    }
}

/// A queue with messages a, b, c of one source.
fn queue(policy: QueuePolicy) -> CommandQueue {
    let mut queue = CommandQueue::new(policy);
    for id in ["a", "b", "c"] {
        queue.handle_message(at(0), message(id, "telegram:1"));
    }
    queue
}

fn actions(queue: &mut CommandQueue) -> Vec<Action> {
    core::iter::from_fn(|| queue.poll_action()).collect()
}

fn dispatched(queue: &mut CommandQueue) -> Vec<Box<str>> {
    let given = actions(queue)
        .into_iter()
        .filter_map(|action| match action {
            Action::Dispatch { message, .. } => Some(message.body),
            _ => None,
        });
    given.collect()
}

/// Ends every turn that is given with an answer, up to a time.
fn answer_all(queue: &mut CommandQueue, until: i64) -> Vec<Box<str>> {
    let mut all = Vec::new();
    loop {
        let given = dispatched(queue);
        let quiet = given.is_empty();
        all.extend(given);
        match queue.attempt() {
            Some(attempt) => {
                queue.handle_turn_end(at(0), attempt, TurnOutcome::Answered);
            }
            None => match queue.poll_timeout() {
                Some((due, Wake::Retry)) if due <= at(until) => queue.handle_timeout(due),
                _ if quiet => return all,
                _ => {}
            },
        }
    }
}

#[test]
fn prompts_go_one_at_a_time_in_order_and_are_acknowledged_when_answered() {
    let mut queue = queue(QueuePolicy::default());
    assert_eq!(dispatched(&mut queue), ["a".into()]);
    let attempt = queue.attempt().unwrap();
    queue.handle_turn_end(at(5), attempt, TurnOutcome::Answered);
    assert_eq!(
        actions(&mut queue),
        [
            Action::Acknowledge("a".into()),
            Action::Dispatch {
                attempt: Attempt(2),
                message: message("b", "telegram:1")
            }
        ]
    );
}

#[test]
fn a_busy_session_is_asked_three_more_times_two_seconds_apart() {
    let mut queue = queue(QueuePolicy::default());
    for retry in 1..=3 {
        let now = i64::from(retry - 1) * 2_000;
        queue.handle_busy(at(now), queue.attempt().unwrap());
        assert_eq!(
            queue.poll_timeout(),
            Some((at(now + 2_000), Wake::Retry)),
            "{retry}"
        );
        queue.handle_timeout(at(now + 2_000));
    }
    assert_eq!(queue.consecutive_failures(), 0);
    queue.handle_busy(at(6_000), queue.attempt().unwrap());
    assert_eq!(queue.consecutive_failures(), 1);
    assert_eq!(dispatched(&mut queue), ["a"; 4].map(Into::into));
}

#[test]
fn w15_a_failed_prompt_is_given_again_and_not_lost_as_its_own_duplicate() {
    let served = |policy| {
        let mut queue = queue(policy);
        queue.handle_turn_end(at(0), queue.attempt().unwrap(), TurnOutcome::Failed("x"));
        // The store hands it in again a second later.
        queue.handle_message(at(1_000), message("a", "telegram:1"));
        let mut served = answer_all(&mut queue, 60_000);
        served.remove(0);
        served
    };
    let all = ["a", "b", "c"].map(Into::into);
    assert_eq!(served(QueuePolicy::default()), all);
    assert_eq!(served(QueuePolicy::peer()), ["b".into(), "c".into()]);
}

#[test]
fn w13_a_release_frees_the_queue_and_the_late_answer_is_ignored() {
    let after_release = |policy| {
        let mut queue = queue(policy);
        let late = queue.attempt().unwrap();
        queue.handle_release(at(300_000));
        queue.handle_turn_end(at(300_001), late, TurnOutcome::Answered);
        let open = queue.open();
        (open, queue.attempt() == Some(late))
    };
    // Nothing was acknowledged: the message is given again.
    assert_eq!(after_release(QueuePolicy::default()), (3, false));

    let mut queue = queue(QueuePolicy::peer());
    queue.handle_release(at(300_000));
    assert_eq!(dispatched(&mut queue), ["a".into()]);
    assert_eq!(
        queue.poll_timeout(),
        None,
        "the peer's queue stands for ever"
    );
    assert_eq!(queue.depth(), 2);
}

#[test]
fn w14_after_an_outage_of_the_store_the_queue_moves_on() {
    let served = |policy| {
        let mut queue = queue(policy);
        queue.handle_store_lost(at(1));
        queue.handle_turn_end(at(2), Attempt(1), TurnOutcome::Answered);
        queue.handle_store_connected(at(3));
        let fetched = actions(&mut queue).into_iter().skip(2).collect::<Vec<_>>();
        queue.handle_message(at(4), message("d", "telegram:1"));
        let attempt = queue.attempt();
        (fetched, attempt)
    };
    let (done, attempt) = served(QueuePolicy::default());
    assert!(done.contains(&Action::Acknowledge("a".into())) && done.contains(&Action::Fetch));
    assert_eq!(attempt, Some(Attempt(2)));
    let (done, attempt) = served(QueuePolicy::peer());
    assert_eq!((done, attempt), (Vec::new(), None));
}

#[test]
fn w17_an_aborted_prompt_is_not_recorded_as_sent() {
    let events = |policy| {
        let mut queue = queue(policy);
        queue.handle_turn_end(at(0), Attempt(1), TurnOutcome::Aborted);
        queue.poll_event().map(|event| event.name())
    };
    assert_eq!(events(QueuePolicy::default()), Some("queue.prompt.failed"));
    assert_eq!(events(QueuePolicy::peer()), Some("queue.prompt.sent"));
}

#[test]
fn what_fails_again_and_again_is_set_aside_told_and_given_to_the_next_session() {
    let mut queue = CommandQueue::new(QueuePolicy::default());
    queue.handle_message(at(0), message("a", "telegram:1"));
    for now in [0, 2_000, 6_000] {
        queue.handle_timeout(at(now));
        queue.handle_turn_end(at(now), queue.attempt().unwrap(), TurnOutcome::Failed("x"));
    }
    assert_eq!((queue.parked(), queue.depth()), (1, 0));
    let told = Action::TellUnanswered {
        id: "a".into(),
        source: "telegram:1".into(),
    };
    assert!(actions(&mut queue).contains(&told));
    queue.handle_message(at(7_000), message("b", "telegram:1"));
    queue.handle_session_replaced(at(8_000));
    assert_eq!(
        answer_all(&mut queue, 60_000),
        ["b", "a", "b"].map(Into::into)
    );
}

#[test]
fn an_acknowledgement_is_repeated_until_the_store_confirms_it() {
    let mut queue = CommandQueue::new(QueuePolicy::default());
    queue.handle_message(at(0), message("a", "cron"));
    queue.handle_turn_end(at(0), Attempt(1), TurnOutcome::Answered);
    assert_eq!(queue.poll_timeout(), Some((at(2_000), Wake::Acknowledge)));
    queue.handle_timeout(at(2_000));
    let again = actions(&mut queue);
    let acks = again.iter().filter(|a| matches!(a, Action::Acknowledge(_)));
    assert_eq!(acks.count(), 2);
    assert_eq!(
        queue.handle_message(at(2_001), message("a", "cron")),
        Admission::Known
    );
    queue.handle_acked(at(2_002), &"a".into());
    assert_eq!((queue.open(), queue.poll_timeout()), (0, None));
}

#[test]
fn a_newer_message_takes_the_place_of_the_older_ones_of_its_source() {
    let mut queue = queue(QueuePolicy::default());
    queue.handle_message(at(1), message("x", "slack:C1"));
    queue.handle_superseded(at(2), &"c".into());
    assert!(!queue.is_answer_wanted(Attempt(1)));
    queue.handle_turn_end(at(3), Attempt(1), TurnOutcome::Aborted);
    assert_eq!(
        answer_all(&mut queue, 60_000),
        ["a", "c", "x"].map(Into::into)
    );
    assert_eq!(queue.consecutive_failures(), 0);
}

#[test]
fn what_does_not_fit_stays_in_the_store_and_is_asked_for_again() {
    let mut queue = CommandQueue::new(QueuePolicy {
        capacity: 2,
        ..QueuePolicy::default()
    });
    let admitted = ["a", "b", "c"].map(|id| queue.handle_message(at(0), message(id, "telegram:1")));
    assert_eq!(
        admitted,
        [Admission::Queued, Admission::Queued, Admission::Full]
    );
    queue.handle_turn_end(at(1), Attempt(1), TurnOutcome::Answered);
    queue.handle_acked(at(2), &"a".into());
    assert_eq!(actions(&mut queue).last(), Some(&Action::Fetch));
}
