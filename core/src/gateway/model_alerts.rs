//! Which failures of models the operator is told of.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};

use super::clock::{Clock, after};
use super::failure_kind::FailureKind;
use crate::time::Timestamp;

/// Settings of the alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelAlertPolicy {
    /// How long the same failure of the same source is not told again.
    pub dedupe_ms: u64,
    /// From this many failures in a row on, an unknown failure is told as well.
    pub failures: u32,
    /// Time between two notices about a switch of models.
    pub swap_cooldown_ms: u64,
    /// Different failures that are remembered at most.
    pub capacity: usize,
}

impl Default for ModelAlertPolicy {
    fn default() -> Self {
        Self {
            dedupe_ms: 120_000,
            failures: 3,
            swap_cooldown_ms: 1_800_000,
            capacity: 1_000,
        }
    }
}

/// Whether it is night where the operator lives, from 23 to 7 o'clock: the host
/// knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HourOfOperator {
    /// It is day.
    Day,
    /// It is night.
    Night,
}

/// What the operator is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alert {
    /// A prompt failed.
    Failure {
        /// Why.
        kind: FailureKind,
        /// Whose prompt.
        source: Box<str>,
    },
    /// The fallback model answers.
    Swapped(FailureKind),
}

/// What is worth recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The operator is told.
    Sent,
    /// The operator is not told again, or not at night.
    Suppressed,
}

/// Why the alerts want to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A failure may be told again.
    Forget,
}

/// The alerts about models.
#[derive(Clone, Debug)]
pub struct ModelAlerts {
    policy: ModelAlertPolicy,
    clock: Clock,
    told: BTreeMap<(FailureKind, Box<str>), Timestamp>,
    swap_told: Option<Timestamp>,
    actions: VecDeque<Alert>,
    events: VecDeque<Event>,
}

impl ModelAlerts {
    /// Nothing was told yet.
    pub fn new(policy: ModelAlertPolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            told: BTreeMap::new(),
            swap_told: None,
            actions: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// A prompt failed, the last of so many in a row.
    pub fn handle_failure(&mut self, now: Timestamp, source: &str, error: &str, in_a_row: u32) {
        let now = self.clock.advance(now);
        self.forget(now);
        let kind = FailureKind::of_text(error);
        let named = !matches!(
            kind,
            FailureKind::Unknown | FailureKind::Timeout | FailureKind::ConsecutiveFailures
        );
        if !named && in_a_row < self.policy.failures {
            return;
        }
        let key = (kind, source.into());
        if self.told.contains_key(&key) || self.told.len() >= self.policy.capacity {
            self.events.push_back(Event::Suppressed);
            return;
        }
        self.told.insert(key, now);
        self.events.push_back(Event::Sent);
        let source = source.into();
        self.actions.push_back(Alert::Failure { kind, source });
    }

    /// The fallback model answers. That the primary answers again is not told.
    pub fn handle_swap(&mut self, now: Timestamp, kind: FailureKind, hour: HourOfOperator) {
        let now = self.clock.advance(now);
        let resting = self
            .swap_told
            .is_some_and(|told| now < after(told, self.policy.swap_cooldown_ms));
        if resting || hour == HourOfOperator::Night {
            self.events.push_back(Event::Suppressed);
            return;
        }
        self.swap_told = Some(now);
        self.events.push_back(Event::Sent);
        self.actions.push_back(Alert::Swapped(kind));
    }

    /// Forgets what may be told again.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        self.forget(now);
    }

    /// The next thing to tell.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<Alert> {
        self.actions.pop_front()
    }

    /// The next thing worth recording.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        let oldest = self.told.values().min()?;
        Some((after(*oldest, self.policy.dedupe_ms), Wake::Forget))
    }

    fn forget(&mut self, now: Timestamp) {
        let life = self.policy.dedupe_ms;
        self.told.retain(|_, told| now < after(*told, life));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_seconds(s).unwrap()
    }

    fn told(alerts: &mut ModelAlerts) -> usize {
        core::iter::from_fn(|| alerts.poll_action()).count()
    }

    #[test]
    fn a_known_failure_is_told_once_in_two_minutes_for_each_source() {
        let mut alerts = ModelAlerts::new(ModelAlertPolicy::default());
        for (s, source) in [(0, "a"), (1, "a"), (2, "b"), (119, "a"), (120, "a")] {
            alerts.handle_failure(at(s), source, "429", 1);
        }
        assert_eq!(told(&mut alerts), 3);
        assert_eq!(alerts.poll_timeout(), Some((at(122), Wake::Forget)));
    }

    #[test]
    fn an_unknown_failure_is_told_when_it_repeats() {
        let mut alerts = ModelAlerts::new(ModelAlertPolicy::default());
        alerts.handle_failure(at(0), "a", "weird", 2);
        assert_eq!(told(&mut alerts), 0);
        alerts.handle_failure(at(1), "a", "weird", 3);
        assert_eq!(told(&mut alerts), 1);
    }

    #[test]
    fn switches_are_told_by_day_and_not_too_often() {
        let mut alerts = ModelAlerts::new(ModelAlertPolicy::default());
        let table = [
            (0, HourOfOperator::Night),
            (1, HourOfOperator::Day),
            (1_800, HourOfOperator::Day),
            (1_801, HourOfOperator::Day),
        ];
        for (s, hour) in table {
            alerts.handle_swap(at(s), FailureKind::Timeout, hour);
        }
        assert_eq!(told(&mut alerts), 2);
    }
}
