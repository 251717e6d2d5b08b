//! Pauses between attempts to connect.

use std::time::Duration;

use muster_core::coordination::Backoff;

use crate::random;

/// Pauses from a fortieth of a second to two seconds.
pub(super) const fn backoff() -> Backoff {
    Backoff::new(25_000, 2_000_000)
}

/// The pause after another failure.
pub(super) fn pause(backoff: &mut Backoff) -> Duration {
    Duration::from_micros(backoff.after_failure(random::jitter()))
}
