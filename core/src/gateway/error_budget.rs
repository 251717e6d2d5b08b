//! How many errors of one connection are reported, and how the rest is summed up.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::clock::{Clock, after};
use crate::time::Timestamp;

/// When a window of errors is summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SumUp {
    /// When it ends.
    #[default]
    AtEnd,
    /// With the next error, which may never come. The peer's way.
    WithNextError,
}

/// Settings of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetPolicy {
    /// The length of a window, which an error begins.
    pub window_ms: u64,
    /// Different errors that are reported in a window, each once.
    pub signatures: usize,
    /// Different suppressed errors that a summary names.
    pub named: usize,
    /// When a window is summed up.
    pub sum_up: SumUp,
}

impl Default for BudgetPolicy {
    fn default() -> Self {
        Self {
            window_ms: 60_000,
            signatures: 3,
            named: 100,
            sum_up: SumUp::AtEnd,
        }
    }
}

impl BudgetPolicy {
    /// The peer's budget.
    pub fn peer() -> Self {
        Self {
            sum_up: SumUp::WithNextError,
            ..Self::default()
        }
    }
}

/// What a window held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetSummary {
    /// Its first error.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// Errors that were reported.
    pub emitted: u64,
    /// Errors that were not.
    pub suppressed: u64,
    /// Which, in the order of the first time.
    pub suppressed_signatures: Vec<Box<str>>,
    /// Suppressed errors whose signature is not named above.
    pub unnamed: u64,
}

/// Whether an error is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetVerdict {
    /// It is.
    Emit,
    /// It is counted for the summary.
    Suppress,
}

/// Why the budget wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A window ends.
    SumUp,
}

/// The error budget of one connection. It remembers one window.
#[derive(Clone, Debug)]
pub struct ErrorBudget {
    policy: BudgetPolicy,
    clock: Clock,
    window: Option<Open>,
    summaries: VecDeque<BudgetSummary>,
}

#[derive(Clone, Debug)]
struct Open {
    began: Timestamp,
    emitted: Vec<Box<str>>,
    suppressed: u64,
    suppressed_signatures: Vec<Box<str>>,
    unnamed: u64,
}

impl ErrorBudget {
    /// No window is open.
    pub fn new(policy: BudgetPolicy) -> Self {
        Self {
            policy,
            clock: Clock::default(),
            window: None,
            summaries: VecDeque::new(),
        }
    }

    /// An error came. The signature tells errors apart.
    pub fn handle_error(&mut self, now: Timestamp, signature: &str) -> BudgetVerdict {
        let now = self.clock.advance(now);
        self.close(now);
        let window = self.window.get_or_insert_with(|| Open {
            began: now,
            emitted: Vec::new(),
            suppressed: 0,
            suppressed_signatures: Vec::new(),
            unnamed: 0,
        });
        let known = |list: &[Box<str>]| list.iter().any(|known| &**known == signature);
        if !known(&window.emitted) && window.emitted.len() < self.policy.signatures {
            window.emitted.push(signature.into());
            return BudgetVerdict::Emit;
        }
        window.suppressed = window.suppressed.saturating_add(1);
        if !known(&window.suppressed_signatures) {
            if window.suppressed_signatures.len() < self.policy.named {
                window.suppressed_signatures.push(signature.into());
            } else {
                window.unnamed = window.unnamed.saturating_add(1);
            }
        }
        BudgetVerdict::Suppress
    }

    /// Sums up a window that has ended.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let now = self.clock.advance(now);
        if self.policy.sum_up == SumUp::AtEnd {
            self.close(now);
        }
    }

    /// The next summary. A window in which nothing was suppressed has none.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<BudgetSummary> {
        self.summaries.pop_front()
    }

    /// When to call [`Self::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, Wake)> {
        let window = self.window.as_ref()?;
        (self.policy.sum_up == SumUp::AtEnd)
            .then(|| (after(window.began, self.policy.window_ms), Wake::SumUp))
    }

    fn close(&mut self, now: Timestamp) {
        let length = self.policy.window_ms;
        let Some(window) = self.window.take_if(|open| after(open.began, length) <= now) else {
            return;
        };
        if window.suppressed == 0 {
            return;
        }
        self.summaries.push_back(BudgetSummary {
            from: window.began,
            to: match self.policy.sum_up {
                SumUp::AtEnd => after(window.began, length),
                SumUp::WithNextError => now,
            },
            emitted: window.emitted.len() as u64,
            suppressed: window.suppressed,
            suppressed_signatures: window.suppressed_signatures,
            unnamed: window.unnamed,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    #[test]
    fn what_was_suppressed_is_said_at_the_end_of_the_window_even_if_all_is_quiet() {
        let summary = |policy| {
            let mut budget = ErrorBudget::new(policy);
            for _ in 0..5 {
                budget.handle_error(at(0), "a");
            }
            if let Some((due, Wake::SumUp)) = budget.poll_timeout() {
                budget.handle_timeout(due);
            }
            budget
                .poll_event()
                .map(|summary| (summary.to, summary.suppressed))
        };
        assert_eq!(summary(BudgetPolicy::default()), Some((at(60_000), 4)));
        assert_eq!(summary(BudgetPolicy::peer()), None);
    }

    #[test]
    fn names_of_suppressed_errors_are_bounded() {
        let mut budget = ErrorBudget::new(BudgetPolicy {
            signatures: 0,
            named: 2,
            ..BudgetPolicy::default()
        });
        for signature in ["a", "b", "c", "a", "d"] {
            assert_eq!(
                budget.handle_error(at(0), signature),
                BudgetVerdict::Suppress
            );
        }
        budget.handle_timeout(at(60_000));
        let summary = budget.poll_event().unwrap();
        assert_eq!(summary.suppressed_signatures, ["a".into(), "b".into()]);
        assert_eq!((summary.suppressed, summary.unnamed), (5, 2));
    }
}
