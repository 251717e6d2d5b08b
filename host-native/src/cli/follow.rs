//! Answers that are given again when something has changed.

use std::thread;
use std::time::Duration;

use crate::error::{Answer, Failure};

/// How long to wait between two looks at what is followed.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Answers once, and again after each change of the state, until the process is
/// interrupted or nobody reads the answers any more. `answer` is told whether it
/// is the first.
pub(crate) fn on_change<S: PartialEq>(
    state: impl Fn() -> Result<S, Failure>,
    mut answer: impl FnMut(bool) -> Result<Answer, Failure>,
) -> Result<Answer, Failure> {
    // Taken before reading: what is written meanwhile is a change.
    let mut known = state()?;
    answer(true)?;
    loop {
        thread::sleep(LOOK_AGAIN);
        let now = state()?;
        if now != known {
            known = now;
            answer(false)?;
        }
    }
}
