//! Beats that wait at the same time go to the server in one script, as the commits of a
//! database share a sync: a fleet costs the server half as much.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::RedisStore;
use super::keys::Subject;
use super::script::BEAT;
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// What the script takes of each beat.
pub(super) type BeatArguments = [String; 11];

/// At most so many beats go in one script, so that it does not hold up the server.
const AT_ONCE: usize = 32;
/// So many scripts are under way while others wait: the server is not left idle
/// while one answer is on its way.
const FLIGHTS: usize = 3;
/// What is tried.
const TRIED: &str = "write a heartbeat";

/// The beats of a process that wait.
#[derive(Debug, Default)]
pub(super) struct BeatQueue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    beats: VecDeque<Beat>,
    flights: usize,
}

#[derive(Debug)]
struct Beat {
    arguments: BeatArguments,
    answer: oneshot::Sender<StoreResult<()>>,
}

impl BeatQueue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in a beat; whether a flight has to begin.
    fn add(&self, beat: Beat) -> bool {
        let mut waiting = self.lock();
        waiting.beats.push_back(beat);
        let begins = waiting.flights < FLIGHTS;
        if begins {
            waiting.flights += 1;
        }
        begins
    }

    /// What goes next; a flight that finds nothing is over.
    fn next(&self) -> Vec<Beat> {
        let mut waiting = self.lock();
        let count = waiting.beats.len().min(AT_ONCE);
        if count == 0 {
            waiting.flights = waiting.flights.saturating_sub(1);
        }
        waiting.beats.drain(..count).collect()
    }
}

impl RedisStore {
    /// Writes a beat, together with others that come at the same time.
    pub(super) async fn queue_beat(&self, arguments: BeatArguments) -> StoreResult<()> {
        let _slot = self.shared.link.slot(TRIED)?;
        let (answer, answered) = oneshot::channel();
        if self.shared.beats.add(Beat { arguments, answer }) {
            // A task of its own: whoever waits for an answer may give up.
            let store = self.clone();
            tokio::spawn(async move { store.fly().await });
        }
        answered.await.unwrap_or_else(|_| {
            Err(StoreError::new(
                StoreErrorKind::Unreachable,
                TRIED,
                "this process is about to end",
            ))
        })
    }

    /// Writes what waits until nothing does.
    async fn fly(&self) {
        let told_on = self.own_beats();
        loop {
            let beats = self.shared.beats.next();
            let Some(first) = beats.first() else { return };
            let [_, _, _, _, _, _, at, ..] = &first.arguments;
            let mut call = self.call(&BEAT, Subject::Beat).arg(at).arg(&told_on);
            for beat in &beats {
                for argument in &beat.arguments {
                    call = call.arg(argument);
                }
            }
            let written = self.shared.link.run_unbounded(TRIED, call).await.map(drop);
            for beat in beats {
                // Nobody may wait for it any more.
                let _ = beat.answer.send(written.clone());
            }
        }
    }
}
