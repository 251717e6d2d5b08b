//! How full and how old the model session is, and when to tell somebody.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::clock::{Clock, after, ms_between};
use crate::time::Timestamp;

/// The limits of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PressureLimits {
    /// Compact from this share of the context window on, in percent.
    pub compact_percent: u64,
    /// Rotate from this share on, in percent.
    pub rotate_percent: u64,
    /// Compact when the last compaction is longer ago.
    pub compaction_gap_ms: u64,
    /// Rotate when the session is older.
    pub session_age_ms: u64,
}

impl Default for PressureLimits {
    fn default() -> Self {
        Self {
            compact_percent: 65,
            rotate_percent: 75,
            compaction_gap_ms: 4 * 3_600_000,
            session_age_ms: 8 * 3_600_000,
        }
    }
}

/// What is known of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSize {
    /// Tokens in the context: the usage of the last answer that neither failed nor
    /// was aborted.
    pub tokens: u64,
    /// The model's context window, zero if unknown.
    pub window_tokens: u64,
    /// The last compaction, or the start.
    pub compacted_at: Timestamp,
    /// The start.
    pub started_at: Timestamp,
}

/// How pressing it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PressureHealth {
    /// Nothing to do.
    #[default]
    Ok,
    /// The session is to be compacted.
    Elevated,
    /// The session is to be rotated.
    Critical,
}

impl PressureHealth {
    /// The name in the status document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Elevated => "elevated",
            Self::Critical => "critical",
        }
    }
}

/// What is to be done with the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PressureAction {
    /// Nothing.
    Observe,
    /// Compact it.
    Compact,
    /// Replace it.
    Rotate,
}

impl PressureAction {
    /// The name in the status document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Compact => "compact",
            Self::Rotate => "rotate",
        }
    }
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PressureReason {
    /// The context is above the limit for compaction.
    ContextUsage,
    /// The context is above the limit for rotation.
    ContextCeiling,
    /// The last compaction is too long ago.
    CompactionGap,
    /// The session is too old.
    SessionAge,
}

impl PressureReason {
    /// The name in the status document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContextUsage => "context_usage",
            Self::ContextCeiling => "context_ceiling",
            Self::CompactionGap => "compaction_gap",
            Self::SessionAge => "session_age",
        }
    }
}

/// The pressure of a session at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressure {
    /// Share of the window, rounded to the nearest percent, a half upwards.
    pub usage_percent: u64,
    /// How pressing it is.
    pub health: PressureHealth,
    /// What is to be done now.
    pub next_action: PressureAction,
    /// What the next limit asks for.
    pub next_threshold: PressureAction,
    /// The next limit in words.
    pub next_threshold_summary: String,
    /// Why it is not ok, context first.
    pub reasons: Vec<PressureReason>,
    /// Percent left before compaction.
    pub to_compact_percent: u64,
    /// Percent left before rotation.
    pub to_rotate_percent: u64,
    /// Time left before compaction.
    pub compaction_gap_left_ms: u64,
    /// Time left before rotation.
    pub session_age_left_ms: u64,
}

impl Pressure {
    /// Judges a session at `now`.
    pub fn of(limits: &PressureLimits, session: &SessionSize, now: Timestamp) -> Self {
        let usage_percent = percent(session.tokens, session.window_tokens);
        let gap_ms = ms_between(session.compacted_at, now);
        let age_ms = ms_between(session.started_at, now);
        let mut reasons = Vec::new();
        if usage_percent >= limits.rotate_percent {
            reasons.push(PressureReason::ContextCeiling);
        } else if usage_percent >= limits.compact_percent {
            reasons.push(PressureReason::ContextUsage);
        }
        if gap_ms > limits.compaction_gap_ms {
            reasons.push(PressureReason::CompactionGap);
        }
        if age_ms > limits.session_age_ms {
            reasons.push(PressureReason::SessionAge);
        }
        let rotate = reasons.iter().any(|reason| {
            matches!(
                reason,
                PressureReason::ContextCeiling | PressureReason::SessionAge
            )
        });
        let (health, next_action, next_threshold, next_threshold_summary) = if rotate {
            (
                PressureHealth::Critical,
                PressureAction::Rotate,
                PressureAction::Rotate,
                "rotate immediately".into(),
            )
        } else if reasons.is_empty() {
            let summary = format!(
                "compact at {}% context or {} since last compaction",
                limits.compact_percent,
                duration(limits.compaction_gap_ms)
            );
            (
                PressureHealth::Ok,
                PressureAction::Observe,
                PressureAction::Compact,
                summary,
            )
        } else {
            let summary = format!(
                "rotate at {}% context or {} session age",
                limits.rotate_percent,
                duration(limits.session_age_ms)
            );
            (
                PressureHealth::Elevated,
                PressureAction::Compact,
                PressureAction::Rotate,
                summary,
            )
        };
        Self {
            usage_percent,
            health,
            next_action,
            next_threshold,
            next_threshold_summary,
            reasons,
            to_compact_percent: limits.compact_percent.saturating_sub(usage_percent),
            to_rotate_percent: limits.rotate_percent.saturating_sub(usage_percent),
            compaction_gap_left_ms: limits.compaction_gap_ms.saturating_sub(gap_ms),
            session_age_left_ms: limits.session_age_ms.saturating_sub(age_ms),
        }
    }
}

fn percent(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 0;
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    u64::try_from((part * 200 + whole) / (whole * 2)).unwrap_or(u64::MAX)
}

/// Minutes below two hours, else hours with at most one decimal.
fn duration(ms: u64) -> String {
    let minutes = (ms.saturating_add(30_000)) / 60_000;
    if minutes < 120 {
        return format!("{}m", minutes.max(1));
    }
    let tenths = ms.saturating_add(180_000) / 360_000;
    match tenths % 10 {
        0 => format!("{}h", tenths / 10),
        tenth => format!("{}.{tenth}h", tenths / 10),
    }
}

/// What somebody is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PressureAlert {
    /// The pressure is this high.
    Raised(PressureHealth),
    /// It is over.
    Recovered,
}

/// What the alerts remember.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PressureAlertMemory {
    /// The health told last.
    pub notified_health: PressureHealth,
    /// When somebody was last told of pressure.
    pub notified_at: Option<Timestamp>,
    /// When somebody was last told that it is over.
    pub recovered_at: Option<Timestamp>,
}

/// The alerts about pressure: at once when it begins or rises, then at most once
/// in a while, and once when it is over.
#[derive(Clone, Debug)]
pub struct PressureAlerts {
    cooldown_ms: u64,
    clock: Clock,
    health: PressureHealth,
    memory: PressureAlertMemory,
    actions: VecDeque<PressureAlert>,
}

impl PressureAlerts {
    /// How long the same pressure is not told again.
    pub const COOLDOWN_MS: u64 = 30 * 60_000;

    /// Alerts that go on from what was remembered.
    pub fn new(cooldown_ms: u64, memory: PressureAlertMemory) -> Self {
        Self {
            cooldown_ms,
            clock: Clock::default(),
            health: memory.notified_health,
            memory,
            actions: VecDeque::new(),
        }
    }

    /// The pressure was judged.
    pub fn handle_health(&mut self, now: Timestamp, health: PressureHealth) {
        let now = self.clock.advance(now);
        self.health = health;
        self.tell(now);
    }

    /// Tells again what lasts.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        self.tell(now);
    }

    /// The next thing to tell.
    #[must_use]
    pub fn poll_action(&mut self) -> Option<PressureAlert> {
        self.actions.pop_front()
    }

    /// When pressure that lasts is told again.
    pub fn poll_timeout(&self) -> Option<(Timestamp, PressureHealth)> {
        let told = self.memory.notified_at?;
        (self.health != PressureHealth::Ok).then(|| (after(told, self.cooldown_ms), self.health))
    }

    /// What is to be remembered.
    pub const fn memory(&self) -> PressureAlertMemory {
        self.memory
    }

    fn tell(&mut self, now: Timestamp) {
        let memory = &mut self.memory;
        if self.health == PressureHealth::Ok {
            if memory.notified_health != PressureHealth::Ok {
                memory.notified_health = PressureHealth::Ok;
                memory.recovered_at = Some(now);
                self.actions.push_back(PressureAlert::Recovered);
            }
            return;
        }
        let rises = self.health > memory.notified_health;
        let again = memory
            .notified_at
            .is_none_or(|told| ms_between(told, now) >= self.cooldown_ms);
        if rises || again {
            memory.notified_health = self.health;
            memory.notified_at = Some(now);
            self.actions.push_back(PressureAlert::Raised(self.health));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        assert_eq!(
            [0, 60_000, 119 * 60_000, 7_200_000, 9_000_000, 28_800_000].map(duration),
            ["1m", "1m", "119m", "2h", "2.5h", "8h"].map(String::from)
        );
    }

    #[test]
    fn an_unknown_window_is_no_pressure_and_a_full_one_has_no_bound() {
        assert_eq!(percent(5, 0), 0);
        assert_eq!(percent(u64::MAX, 1), u64::MAX);
        assert_eq!(percent(149, 200), 75);
    }

    #[test]
    fn pressure_that_lasts_is_told_again_after_the_cooldown() {
        let at = |ms| Timestamp::from_millis(ms).unwrap();
        let mut alerts = PressureAlerts::new(1_000, PressureAlertMemory::default());
        alerts.handle_health(at(5), PressureHealth::Critical);
        alerts.handle_health(at(6), PressureHealth::Elevated);
        assert_eq!(
            alerts.poll_action(),
            Some(PressureAlert::Raised(PressureHealth::Critical))
        );
        assert_eq!(alerts.poll_action(), None);
        let due = alerts.poll_timeout();
        assert_eq!(due, Some((at(1_005), PressureHealth::Elevated)));
        alerts.handle_timeout(at(1_005));
        assert_eq!(
            alerts.poll_action(),
            Some(PressureAlert::Raised(PressureHealth::Elevated))
        );
    }
}
