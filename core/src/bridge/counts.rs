//! What a bridge has seen, in numbers.

use super::event::EventKind;

/// Counts of a bridge. Nothing is dropped without being counted here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BridgeCounts {
    by_kind: [u64; EventKind::ALL.len()],
    /// Events of kinds that are not known.
    pub unknown_kinds: u64,
    /// Fields that are not known.
    pub unknown_fields: u64,
    /// Events that came after the end.
    pub after_finalize: u64,
    /// Events whose identity had been seen before.
    pub redelivered: u64,
    /// Starts of steps and methods that had begun already.
    pub duplicates: u64,
    /// Times at which the clock was behind the event before.
    pub clock_steps_back: u64,
    /// Runs that began, nested ones included.
    pub runs: u64,
    /// Runs that began within a step of another run.
    pub nested_runs: u64,
    /// Methods that began.
    pub methods: u64,
    /// Failures before a method began.
    pub failed_before_method: u64,
    /// Failures that are no method's: nesting, cycles, guards, approvals.
    pub structural_failures: u64,
    /// Steps that were left out.
    pub skipped_steps: u64,
    /// Entries with success.
    pub succeeded: u64,
    /// Entries with an error that is not the user's.
    pub failed: u64,
    /// Entries with an error of the user.
    pub user_errors: u64,
    /// Entries of methods that were stopped.
    pub cancelled: u64,
    /// Entries of methods that were open in the end.
    pub drained: u64,
    /// Methods that methods called; they make no entries.
    pub nested_invocations: u64,
    /// The most methods that were open at once.
    pub most_open: u64,
}

impl BridgeCounts {
    #[inline]
    pub(super) fn count(&mut self, kind: EventKind) {
        if let Some(events) = self.by_kind.get_mut(kind as usize) {
            *events += 1;
        }
    }

    /// Events of a kind.
    pub fn of_kind(&self, kind: EventKind) -> u64 {
        self.by_kind.get(kind as usize).copied().unwrap_or(0)
    }

    /// Events of known kinds.
    pub fn events(&self) -> u64 {
        self.by_kind.iter().sum()
    }

    /// Entries that were given.
    pub fn entries(&self) -> u64 {
        self.succeeded + self.failed + self.user_errors + self.cancelled
    }
}
