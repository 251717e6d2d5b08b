//! Waiting for something that a store is asked for: a signal, an answer, an event.

use super::Backoff;
use crate::time::{Timestamp, US_PER_SECOND};

/// A wait is looked at anew at least so often, in microseconds: a wake-up can be
/// lost with a connection.
const RECHECK_US: i64 = 30 * US_PER_SECOND;

/// Somebody who waits, up to a deadline.
///
/// The host asks the store when [`Self::poll_ask`] says so and hands in what came
/// of it; between questions it sleeps until [`Self::poll_timeout`] or a wake-up.
/// After the deadline the store is asked once more, so that what came in time and
/// was told late is not missed; when that last question fails, the wait is over as
/// well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    deadline: Timestamp,
    state: State,
    /// Something has changed since the question that is open.
    is_woken: bool,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A question is due.
    Due {
        is_last: bool,
    },
    /// A question is open.
    Asked {
        is_last: bool,
    },
    /// There was nothing: until woken, or until then.
    Idle {
        until: Timestamp,
    },
    /// The store could not be asked: until then.
    Failed {
        until: Timestamp,
    },
    Over(WaitEnd),
}

/// How a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitEnd {
    /// It came.
    Found,
    /// It did not.
    TimedOut,
    /// The store could not be asked after the deadline, so nothing can be said.
    Unanswered,
}

/// Why a waiter wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaiterTimeout {
    /// The deadline comes.
    Deadline,
    /// It is time to look without a wake-up.
    Recheck,
    /// It is time to try again after a failure.
    Retry,
}

impl WaitEnd {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::TimedOut => "timed_out",
            Self::Unanswered => "unanswered",
        }
    }
}

impl WaiterTimeout {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Recheck => "recheck",
            Self::Retry => "retry",
        }
    }
}

impl Waiter {
    /// Waits until a deadline; one that has passed means one question.
    pub fn new(now: Timestamp, deadline: Timestamp) -> Self {
        Self {
            deadline,
            state: State::Due {
                is_last: deadline <= now,
            },
            is_woken: false,
            backoff: Backoff::default(),
        }
    }

    /// Something may have changed.
    pub fn handle_wake(&mut self, now: Timestamp) {
        match self.state {
            State::Idle { .. } => self.due(now),
            State::Asked { .. } => self.is_woken = true,
            // After a failure the wait goes on: whoever is woken still has no store.
            State::Due { .. } | State::Failed { .. } | State::Over(_) => {}
        }
    }

    /// The store has answered: whether it was there.
    pub fn handle_answer(&mut self, now: Timestamp, is_there: bool) {
        let State::Asked { is_last } = self.state else {
            return;
        };
        self.backoff.succeeded();
        let was_woken = core::mem::take(&mut self.is_woken);
        if is_there {
            self.state = State::Over(WaitEnd::Found);
        } else if is_last {
            self.state = State::Over(WaitEnd::TimedOut);
        } else if was_woken || self.deadline <= now {
            self.due(now);
        } else {
            let until = now.saturating_add_us(RECHECK_US).min(self.deadline);
            self.state = State::Idle { until };
        }
    }

    /// The store could not be asked. `jitter` should be random in all its bits.
    pub fn handle_failure(&mut self, now: Timestamp, jitter: u32) {
        let State::Asked { is_last } = self.state else {
            return;
        };
        self.is_woken = false;
        if is_last {
            self.state = State::Over(WaitEnd::Unanswered);
            return;
        }
        let wait_us = i64::try_from(self.backoff.after_failure(jitter)).unwrap_or(i64::MAX);
        let until = now.saturating_add_us(wait_us).min(self.deadline);
        self.state = State::Failed { until };
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if let State::Idle { until } | State::Failed { until } = self.state
            && until <= now
        {
            self.due(now);
        }
    }

    /// Whether the store has to be asked now; the question is open then.
    pub fn poll_ask(&mut self) -> bool {
        let State::Due { is_last } = self.state else {
            return false;
        };
        self.state = State::Asked { is_last };
        true
    }

    /// When [`Self::handle_timeout`] has something to do, and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, WaiterTimeout)> {
        let (until, otherwise) = match self.state {
            State::Idle { until } => (until, WaiterTimeout::Recheck),
            State::Failed { until } => (until, WaiterTimeout::Retry),
            State::Due { .. } | State::Asked { .. } | State::Over(_) => return None,
        };
        if until == self.deadline {
            Some((until, WaiterTimeout::Deadline))
        } else {
            Some((until, otherwise))
        }
    }

    /// How the wait has ended, once it has.
    pub fn end(&self) -> Option<WaitEnd> {
        match self.state {
            State::Over(end) => Some(end),
            _ => None,
        }
    }

    /// How many questions in a row have failed.
    pub fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    fn due(&mut self, now: Timestamp) {
        let is_last = self.deadline <= now;
        self.state = State::Due { is_last };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000 + ms).unwrap()
    }

    #[test]
    fn it_is_found_when_it_comes() {
        let mut waiter = Waiter::new(at(0), at(1000));
        assert!(waiter.poll_ask());
        assert!(!waiter.poll_ask());
        waiter.handle_answer(at(1), false);
        assert_eq!(
            waiter.poll_timeout(),
            Some((at(1000), WaiterTimeout::Deadline))
        );
        waiter.handle_wake(at(500));
        assert!(waiter.poll_ask());
        waiter.handle_answer(at(501), true);
        assert_eq!(waiter.end(), Some(WaitEnd::Found));
        assert_eq!(waiter.poll_timeout(), None);
    }

    #[test]
    fn a_wake_up_during_a_question_is_not_lost() {
        let mut waiter = Waiter::new(at(0), at(1000));
        assert!(waiter.poll_ask());
        waiter.handle_wake(at(1));
        waiter.handle_answer(at(2), false);
        assert!(waiter.poll_ask());
        waiter.handle_answer(at(3), false);
        assert!(!waiter.poll_ask());
    }

    #[test]
    fn after_the_deadline_there_is_one_more_question() {
        let mut waiter = Waiter::new(at(0), at(1000));
        assert!(waiter.poll_ask());
        waiter.handle_answer(at(1), false);
        waiter.handle_timeout(at(999));
        assert!(!waiter.poll_ask());
        waiter.handle_timeout(at(1000));
        assert_eq!(waiter.end(), None);
        assert!(waiter.poll_ask());
        let mut unanswered = waiter.clone();
        waiter.handle_answer(at(1001), false);
        assert_eq!(waiter.end(), Some(WaitEnd::TimedOut));
        unanswered.handle_failure(at(1001), 0);
        assert_eq!(unanswered.end(), Some(WaitEnd::Unanswered));
        // No time at all: one question.
        let mut once = Waiter::new(at(0), at(0));
        assert!(once.poll_ask());
        once.handle_answer(at(0), false);
        assert_eq!(once.end(), Some(WaitEnd::TimedOut));
    }

    #[test]
    fn a_store_that_is_away_is_tried_again_until_the_deadline() {
        let mut waiter = Waiter::new(at(0), at(1000));
        for (now, next) in [(0, 50), (50, 150), (150, 350), (350, 750), (750, 1000)] {
            assert!(waiter.poll_ask());
            waiter.handle_failure(at(now), 0);
            waiter.handle_wake(at(now));
            assert!(!waiter.poll_ask());
            let (until, reason) = waiter.poll_timeout().unwrap();
            assert_eq!(until, at(next));
            assert_eq!(reason == WaiterTimeout::Deadline, next == 1000);
            waiter.handle_timeout(until);
        }
        assert_eq!(waiter.failures(), 5);
        assert!(waiter.poll_ask());
        waiter.handle_answer(at(1001), true);
        assert_eq!(waiter.end(), Some(WaitEnd::Found));
        assert_eq!(waiter.failures(), 0);
    }

    #[test]
    fn long_waits_look_by_themselves() {
        let mut waiter = Waiter::new(at(0), at(3_600_000));
        assert!(waiter.poll_ask());
        waiter.handle_answer(at(0), false);
        assert_eq!(
            waiter.poll_timeout(),
            Some((at(30_000), WaiterTimeout::Recheck))
        );
    }

    proptest! {
        /// Whatever comes in whatever order, also times that go back: the wait ends,
        /// or says when to wake it, or has a question open or due.
        #[test]
        fn a_wait_never_hangs(
            inputs in prop::collection::vec((0..5_u8, 0..4000_i64), 0..60),
            deadline in 0..3000_i64,
        ) {
            let mut waiter = Waiter::new(at(0), at(deadline));
            for (input, ms) in inputs {
                match input {
                    0 => waiter.handle_wake(at(ms)),
                    1 => waiter.handle_answer(at(ms), false),
                    2 => waiter.handle_failure(at(ms), u32::try_from(ms).unwrap()),
                    3 => waiter.handle_timeout(at(ms)),
                    _ => { waiter.poll_ask(); }
                }
                let is_open = matches!(waiter.state, State::Due { .. } | State::Asked { .. });
                prop_assert!(is_open || waiter.end().is_some() || waiter.poll_timeout().is_some());
                if let Some((until, _)) = waiter.poll_timeout() {
                    prop_assert!(until <= at(deadline));
                }
            }
            // The host keeps to its part: the wait is over soon after the deadline.
            for _ in 0..4 {
                if waiter.poll_ask() || matches!(waiter.state, State::Asked { .. }) {
                    waiter.handle_answer(at(5000), false);
                }
                if let Some((until, _)) = waiter.poll_timeout() {
                    waiter.handle_timeout(until.max(at(5000)));
                }
            }
            prop_assert!(waiter.end().is_some());
        }
    }
}
