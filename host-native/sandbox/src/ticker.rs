//! The clock that ends calls which take too long.

use std::io;
use std::thread;
use std::time::Duration;

use wasmtime::Engine;

/// One step of an engine's epoch.
const STEP: Duration = Duration::from_millis(10);

/// Starts the thread that advances the epoch for as long as the engine lives.
pub(crate) fn start(engine: &Engine) -> io::Result<()> {
    let engine = engine.weak();
    thread::Builder::new()
        .name("muster-epoch".into())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(STEP);
            }
        })
        .map(drop)
}

/// How many steps a time is, rounded up, and one for the step that is running.
pub(crate) fn ticks(time: Duration) -> u64 {
    let steps = time.as_millis().div_ceil(STEP.as_millis()) + 1;
    // The engine adds this to its epoch; more than a thousand years make no difference.
    u64::try_from(steps).map_or(MAX_TICKS, |steps| steps.min(MAX_TICKS))
}

const MAX_TICKS: u64 = 1 << 42;
