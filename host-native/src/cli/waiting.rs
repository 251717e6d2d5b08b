//! Waiting for something in a store: the machines of the core say when to ask, and
//! this asks, listens and sleeps.

use std::time::Duration;

use muster_core::Timestamp;
use muster_core::coordination::{WaitEnd, Waiter};
use tokio::time::{Instant, sleep_until};

use super::session::Session;
use crate::random;
use crate::store::{StoreError, Wake, Watch};

/// Time since a wait began, which goes on evenly whatever is done to the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steady {
    began_at: Timestamp,
    since: Instant,
}

/// What the store answered to somebody who waits.
pub(crate) enum Asked<T> {
    /// It is there.
    There(T),
    /// Not yet, and this is what there is instead.
    NotYet(T),
}

impl Steady {
    /// Begins now.
    pub(crate) fn begin(session: &Session<'_>) -> Self {
        session.begin_to_wait();
        Self {
            began_at: session.now(),
            since: Instant::now(),
        }
    }

    /// Now.
    pub(crate) fn now(&self) -> Timestamp {
        let us = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.began_at.saturating_add_us(us)
    }

    /// The moment at which a time is reached.
    pub(crate) fn moment_of(&self, at: Timestamp) -> Instant {
        let us = at.as_micros().saturating_sub(self.began_at.as_micros());
        self.since + Duration::from_micros(u64::try_from(us).unwrap_or(0))
    }
}

/// Waits until what is asked for is there, or until a deadline, and gives what the
/// store answered last. Goes on while the store is away; where it still is at the
/// deadline, that is the error, because it may hold what was waited for.
///
/// `listen` begins to listen for changes, and is called again after a failure; `ask`
/// asks the store as of a time.
pub(crate) async fn wait_for<T>(
    session: &Session<'_>,
    deadline: Timestamp,
    mut listen: impl AsyncFnMut() -> Result<Box<dyn Watch>, StoreError>,
    mut ask: impl AsyncFnMut(Timestamp) -> Result<Asked<T>, StoreError>,
) -> Result<T, StoreError> {
    let clock = Steady::begin(session);
    let mut waiter = Waiter::new(clock.now(), deadline);
    // From before the first question on, so that no change falls between.
    let mut listening: Option<Box<dyn Watch>> = None;
    loop {
        if waiter.poll_ask() {
            let asked = async {
                let watch = match listening.take() {
                    Some(watch) => watch,
                    None => listen().await?,
                };
                Ok::<_, StoreError>((watch, ask(clock.now()).await?))
            };
            match asked.await {
                Ok((watch, asked)) => {
                    listening = Some(watch);
                    if waiter.failures() > 0 {
                        session.say_back();
                    }
                    let is_there = matches!(asked, Asked::There(_));
                    waiter.handle_answer(clock.now(), is_there);
                    if waiter.end().is_some() {
                        let (Asked::There(answer) | Asked::NotYet(answer)) = asked;
                        return Ok(answer);
                    }
                }
                Err(error) => {
                    if waiter.failures() == 0 && error.kind.is_passing() {
                        session.say_away(&error);
                    }
                    waiter.handle_failure(clock.now(), random::jitter());
                    if !error.kind.is_passing() || waiter.end() == Some(WaitEnd::Unanswered) {
                        return Err(error);
                    }
                }
            }
        }
        let Some((at, _)) = waiter.poll_timeout() else {
            continue;
        };
        match rest(&mut listening, clock.moment_of(at)).await {
            Wake::Changed => waiter.handle_wake(clock.now()),
            Wake::Deadline => waiter.handle_timeout(clock.now()),
        }
    }
}

/// Sleeps until something may have changed, or until a moment. Listening that fails
/// is begun anew with the next question.
pub(crate) async fn rest(listening: &mut Option<Box<dyn Watch>>, until: Instant) -> Wake {
    let Some(watch) = listening else {
        sleep_until(until).await;
        return Wake::Deadline;
    };
    if let Ok(wake) = watch.changed(Some(until)).await {
        return wake;
    }
    *listening = None;
    Wake::Changed
}
