//! What agents find when they send signals and look for them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::Seconds;
use crate::coordination::{Broadcasted, NewSignal, PendingSignal, Sent, SignalCheck};
use crate::json_object::JsonObject;
use crate::time::{Timestamp, US_PER_SECOND};

/// What there was for an agent that looked for a signal, or waited for one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalCheckView {
    /// What there was.
    pub outcome: SignalOutcome,
    /// The signal that waits, that was taken, or that expired; `null` where there is none.
    pub signal: Option<SignalView>,
    /// When the signal expired; `null` if it did not.
    pub expired_at: Option<Timestamp>,
    /// The signal's lifetime; `null` without one.
    pub ttl_seconds: Option<u64>,
    /// Since when the store has been watched without a gap: before, a signal could
    /// have come and gone unseen. `null`: that cannot be said.
    pub observed_since: Option<Timestamp>,
    /// When this agent last received such a signal; `null` where none is remembered.
    pub last_delivered_at: Option<Timestamp>,
}

/// What there was for an agent that looked for a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalOutcome {
    /// A signal waits; it was left for its receiver.
    Pending,
    /// A signal was taken: nobody else gets it.
    Delivered,
    /// There was one, and it expired before it was received.
    Expired,
    /// None waits, and none is known to have expired.
    NeverSeen,
    /// None came while it was waited for, and none is known to have expired.
    TimedOut,
}

/// One signal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalView {
    /// Its id.
    pub signal_id: String,
    /// What it says.
    pub signal_type: String,
    /// Who sent it.
    pub source_agent: String,
    /// For whom it is; `null`: for all.
    pub target_agent: Option<String>,
    /// What else it says.
    pub payload: JsonObject,
    /// When it was sent, by the sender's clock.
    pub timestamp: Option<Timestamp>,
    /// For how long it can be received.
    pub ttl_seconds: u64,
    /// From when on it is gone.
    pub expires_at: Timestamp,
    /// How long it can still be received; zero once it is gone.
    pub ttl_left_s: Seconds,
}

/// A signal that was sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SentView {
    /// Its id.
    pub signal_id: String,
    /// What it says.
    pub signal_type: String,
    /// Who sent it.
    pub source_agent: String,
    /// For whom it is; `null`: for all.
    pub target_agent: Option<String>,
    /// For how long it can be received.
    pub ttl_seconds: u64,
    /// From when on it is gone.
    pub expires_at: Timestamp,
    /// Whether the same id was sent before: then nothing was sent again.
    pub repeated: bool,
    /// How many other agents are enrolled, of a broadcast; else `null`.
    pub enrolled: Option<u64>,
    /// The slowest delivery of this type that is remembered; `null` without any.
    pub slowest_delivery_s: Option<Seconds>,
    /// What may go wrong, in words.
    pub warnings: Vec<String>,
}

/// How many were removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClearedView {
    /// How many.
    pub cleared: u64,
}

impl SignalCheckView {
    /// The answer to one look at `now`.
    pub fn of(check: SignalCheck, now: Timestamp) -> Self {
        let (outcome, signal) = match check {
            SignalCheck::Pending(signal) => (SignalOutcome::Pending, signal),
            SignalCheck::Delivered(signal) => (SignalOutcome::Delivered, signal),
            SignalCheck::Expired(signal) => (SignalOutcome::Expired, signal),
            SignalCheck::NeverSeen {
                observed_since,
                last_delivered_at,
            } => {
                return Self {
                    outcome: SignalOutcome::NeverSeen,
                    signal: None,
                    expired_at: None,
                    ttl_seconds: None,
                    observed_since,
                    last_delivered_at,
                };
            }
        };
        let signal = SignalView::of(signal, now);
        Self {
            outcome,
            expired_at: (outcome == SignalOutcome::Expired).then_some(signal.expires_at),
            ttl_seconds: Some(signal.ttl_seconds),
            signal: Some(signal),
            observed_since: None,
            last_delivered_at: None,
        }
    }

    /// The answer to a wait that has come to its end, from the last look.
    pub fn of_wait(check: SignalCheck, now: Timestamp) -> Self {
        let mut view = Self::of(check, now);
        if view.outcome == SignalOutcome::NeverSeen {
            view.outcome = SignalOutcome::TimedOut;
        }
        view
    }

    /// Whether there was a signal to receive.
    pub fn is_there(&self) -> bool {
        matches!(
            self.outcome,
            SignalOutcome::Pending | SignalOutcome::Delivered
        )
    }
}

impl SignalView {
    /// The signal as it is at `now`.
    pub fn of(pending: PendingSignal, now: Timestamp) -> Self {
        let PendingSignal {
            signal, expires_at, ..
        } = pending;
        Self {
            signal_id: signal.signal_id,
            signal_type: signal.signal_type,
            source_agent: signal.source_agent,
            target_agent: signal.target_agent,
            payload: signal.payload,
            timestamp: signal.timestamp,
            ttl_seconds: signal.ttl_seconds,
            expires_at,
            ttl_left_s: Seconds::between(now, expires_at),
        }
    }
}

impl SentView {
    /// A signal to one agent; `slowest_us` is the slowest delivery that is known.
    pub fn of(signal: &NewSignal, sent: &Sent, slowest_us: Option<u64>) -> Self {
        let mut warnings = Vec::new();
        let ttl_us = u64::from(signal.ttl_s).saturating_mul(US_PER_SECOND.unsigned_abs());
        if let Some(slowest) = slowest_us.filter(|slowest| *slowest > ttl_us) {
            warnings.push(format!(
                "the lifetime of {} s is below the slowest delivery seen, {} s: \
                 the signal may expire before it is received",
                signal.ttl_s,
                Seconds(slowest)
            ));
        }
        Self {
            signal_id: signal.signal_id.clone(),
            signal_type: signal.signal_type.clone(),
            source_agent: signal.source_agent.clone(),
            target_agent: Some(signal.target_agent.clone()),
            ttl_seconds: signal.ttl_s.into(),
            expires_at: sent.expires_at,
            repeated: sent.repeated,
            enrolled: None,
            slowest_delivery_s: slowest_us.map(Seconds),
            warnings,
        }
    }

    /// A signal to all.
    pub fn of_broadcast(
        signal: &NewSignal,
        broadcast: &Broadcasted,
        slowest_us: Option<u64>,
    ) -> Self {
        let mut view = Self::of(signal, &broadcast.sent, slowest_us);
        view.target_agent = None;
        view.enrolled = Some(broadcast.enrolled);
        if broadcast.enrolled == 0 {
            view.warnings.push(
                "no other agent is enrolled: only one that looks before it expires receives it"
                    .into(),
            );
        }
        view
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::signal::Signal;
    use crate::view::to_json;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn pending() -> PendingSignal {
        PendingSignal {
            signal: Signal::parse(
                r#"{"signal_id": "signal_1", "signal_type": "ready", "source_agent": "a",
                    "target_agent": "b", "payload": {"n": 1}, "timestamp": "2026-11-20T10:00:00Z",
                    "ttl_seconds": 60}"#,
            )
            .unwrap(),
            expires_at: at("2026-11-20T10:01:00Z"),
            received_by: Vec::new(),
        }
    }

    #[test]
    fn a_signal_that_expired_says_when() {
        let now = at("2026-11-20T10:01:30Z");
        let view = SignalCheckView::of(SignalCheck::Expired(pending()), now);
        assert!(!view.is_there());
        assert_eq!(
            to_json(&view),
            r#"{"outcome":"expired","signal":{"signal_id":"signal_1","signal_type":"ready","source_agent":"a","target_agent":"b","payload":{"n": 1},"timestamp":"2026-11-20T10:00:00Z","ttl_seconds":60,"expires_at":"2026-11-20T10:01:00Z","ttl_left_s":0},"expired_at":"2026-11-20T10:01:00Z","ttl_seconds":60,"observed_since":null,"last_delivered_at":null}"#
        );
    }

    #[test]
    fn a_wait_without_a_signal_timed_out() {
        let now = at("2026-11-20T10:00:10.5Z");
        let nothing = || SignalCheck::NeverSeen {
            observed_since: None,
            last_delivered_at: Some(now),
        };
        let look = SignalCheckView::of(nothing(), now);
        assert_eq!(look.outcome, SignalOutcome::NeverSeen);
        let wait = SignalCheckView::of_wait(nothing(), now);
        assert_eq!(wait.outcome, SignalOutcome::TimedOut);
        let found = SignalCheckView::of_wait(SignalCheck::Delivered(pending()), now);
        assert!(found.is_there());
        let signal = found.signal.unwrap();
        assert_eq!(signal.ttl_left_s, Seconds(49_500_000));
    }

    #[test]
    fn a_short_life_is_warned_of() {
        let signal = NewSignal {
            signal_id: "signal_1".into(),
            signal_type: "ready".into(),
            source_agent: "a".into(),
            target_agent: "b".into(),
            payload: JsonObject::default(),
            ttl_s: 5,
        };
        let sent = Sent {
            expires_at: at("2026-11-20T10:01:00Z"),
            repeated: false,
            differs: false,
        };
        assert!(
            SentView::of(&signal, &sent, Some(5_000_000))
                .warnings
                .is_empty()
        );
        let view = SentView::of(&signal, &sent, Some(5_000_001));
        assert!(view.warnings[0].contains("5.000001 s"), "{view:?}");
        let broadcast = Broadcasted { sent, enrolled: 0 };
        let view = SentView::of_broadcast(&signal, &broadcast, None);
        assert_eq!((view.warnings.len(), view.target_agent), (1, None));
    }
}
