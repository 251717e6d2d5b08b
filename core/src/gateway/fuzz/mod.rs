//! Bodies of fuzz tests of the machines: any bytes are read as a script of inputs
//! at any times, and what must hold is checked after each.

/// Lets a machine do what is due, as [`settles`] asks of it.
macro_rules! settle {
    ($machine:ident, $now:expr, $latest:expr) => {
        $crate::gateway::fuzz::settles($latest, || {
            $machine.handle_timeout($now);
            $machine.poll_timeout()
        })?
    };
}

mod channels;
mod host;
mod messages;
mod session;

use alloc::format;
use alloc::string::String;

pub use channels::{
    fuzz_channels, fuzz_console_forward, fuzz_heartbeat_gate, fuzz_operator_traces, fuzz_poll_lease,
};
pub use host::{fuzz_error_budget, fuzz_health_monitor, fuzz_redis_mode};
pub use messages::{fuzz_batches, fuzz_command_queue, fuzz_dedup, fuzz_priority};
pub use session::{fuzz_fallback, fuzz_model_alerts, fuzz_pressure_alerts, fuzz_watchdog};

use crate::time::Timestamp;

/// What a machine did wrong.
pub type Fault = String;

/// One line of a script.
#[derive(Clone, Copy)]
struct Step {
    now: Timestamp,
    /// The latest time so far, which machines go by when the clock goes back.
    latest: Timestamp,
    input: u8,
    argument: u8,
}

/// Three bytes are a step: what to do, with what, and how far the clock moves, back
/// or forth. After 200 steps the script ends.
fn script(bytes: &[u8]) -> impl Iterator<Item = Step> + '_ {
    const MOVES_MS: [i64; 12] = [
        0, 1, 500, 2_000, 10_000, 30_000, 90_000, 300_000, 600_000, 86_400_000, -1_500, -700_000,
    ];
    let mut now = Timestamp::from_seconds(1_800_000_000).unwrap_or(Timestamp::MIN);
    let mut latest = Timestamp::MIN;
    bytes.chunks_exact(3).take(200).map(move |step| {
        let (input, argument, pace) = match step {
            [input, argument, pace] => (*input, *argument, *pace),
            _ => (0, 0, 0),
        };
        now = match pace {
            254 => Timestamp::MIN,
            255 => Timestamp::MAX,
            pace => {
                let ms = MOVES_MS.iter().cycle().nth(usize::from(pace) % 12);
                now.saturating_add_us(ms.map_or(0, |ms| ms * 1000))
            }
        };
        latest = latest.max(now);
        Step {
            now,
            latest,
            input,
            argument,
        }
    })
}

/// The latest time of a script.
fn end_of(bytes: &[u8]) -> Timestamp {
    script(bytes)
        .last()
        .map_or(Timestamp::MIN, |step| step.latest)
}

/// Letters that the ids and sources of a script are made of.
fn letter(argument: u8) -> &'static str {
    match argument % 6 {
        0 => "a",
        1 => "telegram:1",
        2 => "slack:C1",
        3 => "heartbeat",
        4 => "console",
        _ => "",
    }
}

fn holds(truth: bool, what: &str) -> Result<(), Fault> {
    if truth { Ok(()) } else { Err(what.into()) }
}

/// A wake-up that is due and acted on must not be due again at once for ever.
fn settles<W: core::fmt::Debug>(
    now: Timestamp,
    mut timeout: impl FnMut() -> Option<(Timestamp, W)>,
) -> Result<(), Fault> {
    if now == Timestamp::MAX {
        // No time comes after it: every later wake-up is due.
        timeout();
        return Ok(());
    }
    for _ in 0..8 {
        match timeout() {
            Some((due, _)) if due <= now => {}
            _ => return Ok(()),
        }
    }
    Err(format!("still due: {:?}", timeout()))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::messages::serve_script;
    use super::*;
    use crate::gateway::command_queue::QueuePolicy;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..600)
    }

    /// One property test for each body.
    macro_rules! hold_for_any_script {
        ($($test:ident: $body:ident,)*) => {
            proptest! {
                $(
                    #[test]
                    fn $test(bytes in bytes()) {
                        prop_assert_eq!($body(&bytes), Ok(()));
                    }
                )*
            }
        };
    }

    hold_for_any_script! {
        command_queue: fuzz_command_queue,
        fallback: fuzz_fallback,
        watchdog: fuzz_watchdog,
        poll_lease: fuzz_poll_lease,
        pressure_alerts: fuzz_pressure_alerts,
        batches: fuzz_batches,
        priority: fuzz_priority,
        console_forward: fuzz_console_forward,
        channels: fuzz_channels,
        operator_traces: fuzz_operator_traces,
        redis_mode: fuzz_redis_mode,
        error_budget: fuzz_error_budget,
        health_monitor: fuzz_health_monitor,
        heartbeat_gate: fuzz_heartbeat_gate,
    }

    /// A message comes, and then one more thing happens to it.
    #[test]
    fn what_the_queue_of_the_peer_loses_is_noticed() {
        let (come, fail, lost) = ([0, 0, 0], [6, 1, 0], [9, 0, 0]);
        let first_attempt_fails = [come, fail].concat();
        for (script, fault) in [
            (
                first_attempt_fails,
                "an unanswered message was acknowledged",
            ),
            ([come, lost].concat(), "never answered: {MessageId(\"0\")}"),
        ] {
            assert_eq!(
                serve_script(&script, QueuePolicy::peer()),
                Err(fault.into())
            );
            assert_eq!(serve_script(&script, QueuePolicy::default()), Ok(()));
        }
    }

    proptest! {
        #[test]
        fn dedup(bytes in bytes(), text in "(---\nChannel:)?[ a-c\n-]{0,20}") {
            prop_assert_eq!(fuzz_dedup(&bytes, &text), Ok(()));
        }

        #[test]
        fn model_alerts(bytes in bytes(), error in ".{0,20}|429|timeout") {
            prop_assert_eq!(fuzz_model_alerts(&bytes, &error), Ok(()));
        }
    }
}
