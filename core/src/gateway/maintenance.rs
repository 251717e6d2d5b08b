//! Whether the model session is to be compacted or rotated now.

use super::clock::ms_between;
use super::pressure::{Pressure, PressureAction, PressureLimits, PressureReason, SessionSize};
use crate::time::Timestamp;

/// What to do with the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// Compact it.
    Compact(PressureReason),
    /// Replace it.
    Rotate(PressureReason),
}

/// What the session is doing, which forbids maintenance while idle is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupation {
    /// A turn is open.
    pub turn: TurnState,
    /// Messages that wait.
    pub queued: usize,
    /// Maintenance or a budgeted turn that runs already.
    pub other: OtherWork,
}

/// Whether a turn is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurnState {
    /// None is.
    #[default]
    Idle,
    /// Its end is awaited.
    Waiting,
}

/// What else is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherWork {
    /// Nothing.
    #[default]
    None,
    /// The session is being compacted or rotated.
    Maintaining,
    /// A prompt is being fitted into the window.
    Budgeting,
}

impl Occupation {
    fn is_idle(self) -> bool {
        self.turn == TurnState::Idle && self.queued == 0 && self.other == OtherWork::None
    }
}

/// What to do with an idle session: only what time asks for, since the context does
/// not grow while nothing happens.
pub fn when_idle(
    occupation: Occupation,
    action: PressureAction,
    reasons: &[PressureReason],
) -> Option<Upkeep> {
    let has = |reason| reasons.contains(&reason);
    if !occupation.is_idle() {
        None
    } else if has(PressureReason::SessionAge) && action == PressureAction::Rotate {
        Some(Upkeep::Rotate(PressureReason::SessionAge))
    } else if has(PressureReason::CompactionGap) {
        Some(Upkeep::Compact(PressureReason::CompactionGap))
    } else {
        None
    }
}

/// Which figure decides after a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TurnFigure {
    /// The rounded percentage that the status shows, so that both say the same.
    #[default]
    AsShown,
    /// The unrounded share, which must exceed the limit: at 74.5 percent the status
    /// says "rotate immediately" and nothing happens. The peer's way.
    Unrounded,
}

/// A compaction for the size of the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastCompaction {
    /// When.
    pub at: Timestamp,
    /// The share of the window that was in use, in percent.
    pub usage_percent: u64,
}

/// How long the context is not compacted again for its size.
pub const COMPACTION_COOLDOWN_MS: u64 = 30 * 60_000;
/// Unless it grew by this many percent points.
pub const COMPACTION_GROWTH_PERCENT: u64 = 5;

/// What to do after a turn.
pub fn after_turn(
    limits: &PressureLimits,
    session: &SessionSize,
    last: Option<LastCompaction>,
    figure: TurnFigure,
    now: Timestamp,
) -> Option<Upkeep> {
    let pressure = Pressure::of(limits, session, now);
    let reaches = |percent: u64| match figure {
        TurnFigure::AsShown => pressure.usage_percent >= percent,
        TurnFigure::Unrounded => {
            u128::from(session.tokens) * 100
                > u128::from(percent) * u128::from(session.window_tokens)
                && session.window_tokens > 0
        }
    };
    let has = |reason| pressure.reasons.contains(&reason);
    let rested = last.is_none_or(|last| {
        ms_between(last.at, now) >= COMPACTION_COOLDOWN_MS
            || pressure.usage_percent
                >= last.usage_percent.saturating_add(COMPACTION_GROWTH_PERCENT)
    });
    if has(PressureReason::SessionAge) {
        Some(Upkeep::Rotate(PressureReason::SessionAge))
    } else if has(PressureReason::CompactionGap) {
        Some(Upkeep::Compact(PressureReason::CompactionGap))
    } else if reaches(limits.rotate_percent) {
        Some(Upkeep::Rotate(PressureReason::ContextCeiling))
    } else if reaches(limits.compact_percent) && rested {
        Some(Upkeep::Compact(PressureReason::ContextUsage))
    } else {
        None
    }
}

/// Compact before a prompt that would come this near to the window, in tokens.
pub const COMPACT_RESERVE_TOKENS: u64 = 32_000;
/// Rotate before a prompt that would come this near to the window, in tokens.
pub const ROTATE_RESERVE_TOKENS: u64 = 12_000;

/// What to do before a prompt of that many characters, at four characters a token.
pub fn before_dispatch(
    limits: &PressureLimits,
    session: &SessionSize,
    prompt_chars: u64,
    now: Timestamp,
) -> Option<Upkeep> {
    if ms_between(session.started_at, now) > limits.session_age_ms {
        return Some(Upkeep::Rotate(PressureReason::SessionAge));
    }
    if session.window_tokens == 0 {
        return None;
    }
    let wanted = session.tokens.saturating_add(prompt_chars.div_ceil(4));
    let left = session.window_tokens.saturating_sub(wanted);
    if left <= ROTATE_RESERVE_TOKENS {
        Some(Upkeep::Rotate(PressureReason::ContextCeiling))
    } else if left <= COMPACT_RESERVE_TOKENS {
        Some(Upkeep::Compact(PressureReason::ContextUsage))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    fn session(tokens: u64) -> SessionSize {
        SessionSize {
            tokens,
            window_tokens: 200_000,
            compacted_at: at(0),
            started_at: at(0),
        }
    }

    #[test]
    fn what_the_status_calls_for_is_done() {
        let limits = PressureLimits::default();
        let done = |figure| after_turn(&limits, &session(149_000), None, figure, at(1));
        assert_eq!(
            done(TurnFigure::AsShown),
            Some(Upkeep::Rotate(PressureReason::ContextCeiling))
        );
        assert_eq!(
            done(TurnFigure::Unrounded),
            Some(Upkeep::Compact(PressureReason::ContextUsage))
        );
    }

    #[test]
    fn a_context_is_not_compacted_again_at_once_unless_it_grows() {
        let limits = PressureLimits::default();
        let last = LastCompaction {
            at: at(0),
            usage_percent: 65,
        };
        let done = |tokens, now| {
            let session = SessionSize {
                compacted_at: at(now),
                ..session(tokens)
            };
            after_turn(&limits, &session, Some(last), TurnFigure::AsShown, at(now))
        };
        let compact = Some(Upkeep::Compact(PressureReason::ContextUsage));
        assert_eq!(done(132_000, 60_000), None);
        assert_eq!(done(140_000, 60_000), compact);
        assert_eq!(done(132_000, 1_800_000), compact);
    }

    #[test]
    fn a_prompt_must_fit_the_window() {
        let limits = PressureLimits::default();
        let done = |tokens, chars| before_dispatch(&limits, &session(tokens), chars, at(1));
        assert_eq!(done(100_000, 40_000), None);
        assert_eq!(
            done(160_000, 32_000),
            Some(Upkeep::Compact(PressureReason::ContextUsage))
        );
        assert_eq!(
            done(160_000, 112_000),
            Some(Upkeep::Rotate(PressureReason::ContextCeiling))
        );
        assert_eq!(
            done(0, u64::MAX),
            Some(Upkeep::Rotate(PressureReason::ContextCeiling))
        );
    }
}
