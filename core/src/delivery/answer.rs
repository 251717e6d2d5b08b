//! What came of a request, and what it means.

use crate::time::{Timestamp, US_PER_SECOND};

/// What came of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The endpoint answered.
    Status {
        /// The HTTP status.
        code: u16,
        /// How long it asks to be left alone, in microseconds.
        retry_after_us: Option<i64>,
    },
    /// There was no whole answer in time.
    TimedOut,
    /// There was no connection, or it broke before the answer.
    NoConnection,
    /// Nothing was sent: the batch has no entry left, because others sent them
    /// or they could not be read.
    NothingToSend,
}

/// The time that a `Retry-After` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Whole seconds from now.
    Seconds(u64),
    /// A point in time, as the endpoint's clock has it.
    At(Timestamp),
}

/// What an answer means for the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was taken.
    Accepted,
    /// Nothing is left of it.
    Nothing,
    /// Something in it is not wanted.
    Content(u16),
    /// The endpoint failed, maybe because of something in it.
    Broken(u16),
    /// The endpoint is away or busy.
    Down,
    /// The key is not good enough.
    Denied(u16),
    /// The endpoint is elsewhere.
    Moved(u16),
    /// This is no place that takes entries.
    NotIngest(u16),
}

impl Answer {
    pub(super) fn verdict(self) -> Verdict {
        let code = match self {
            Self::Status { code, .. } => code,
            Self::TimedOut | Self::NoConnection => return Verdict::Down,
            Self::NothingToSend => return Verdict::Nothing,
        };
        match code {
            202 => Verdict::Accepted,
            400 | 413 | 415 | 422 => Verdict::Content(code),
            401 | 403 | 407 => Verdict::Denied(code),
            408 | 425 | 429 | 502..=504 => Verdict::Down,
            500..=599 => Verdict::Broken(code),
            300..=399 => Verdict::Moved(code),
            // Also 200: something answers there that does not collect entries.
            _ => Verdict::NotIngest(code),
        }
    }

    pub(super) fn retry_after_us(self) -> Option<i64> {
        match self {
            Self::Status { retry_after_us, .. } => retry_after_us,
            _ => None,
        }
    }
}

impl RetryAfter {
    /// The wait from `now` on, in microseconds, zero or more.
    pub fn wait_us(self, now: Timestamp) -> i64 {
        match self {
            Self::Seconds(seconds) => i64::try_from(seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(US_PER_SECOND),
            Self::At(at) => at.as_micros().saturating_sub(now.as_micros()).max(0),
        }
    }
}
