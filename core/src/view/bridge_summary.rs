//! What a bridge has seen of its streams.

use alloc::collections::BTreeMap;

use serde::Serialize;

use crate::bridge::{EventKind, Replay, RunOutcome};

/// What a bridge has seen of its streams and given in return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BridgeSummary {
    /// Lines, blank ones and skipped ones included.
    pub lines: u64,
    /// Lines that are no line of a stream.
    pub skipped_lines: u64,
    /// Those by reason.
    pub skipped_by_reason: BTreeMap<&'static str, u64>,
    /// Events of known kinds.
    pub events: u64,
    /// Those by kind; only kinds that came.
    pub by_kind: BTreeMap<&'static str, u64>,
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
    /// How the outermost runs ended: `unknown`, `succeeded`, `suspended`,
    /// `cancelled` or `failed`.
    pub outcome: &'static str,
    /// Methods that began.
    pub methods: u64,
    /// Methods that run.
    pub open_methods: u64,
    /// The most that ran at once.
    pub most_open_methods: u64,
    /// Methods that methods called; they make no entries.
    pub nested_invocations: u64,
    /// Failures before a method began.
    pub failed_before_method: u64,
    /// Failures that are no method's.
    pub structural_failures: u64,
    /// Steps that were left out.
    pub skipped_steps: u64,
    /// Entries that were given.
    pub entries: u64,
    /// Those with success.
    pub succeeded: u64,
    /// Those with an error that is not the user's.
    pub failed: u64,
    /// Those with an error of the user.
    pub user_errors: u64,
    /// Those of methods that were stopped.
    pub cancelled: u64,
    /// Those of methods that were open in the end.
    pub drained: u64,
}

impl Replay {
    /// What has been seen so far.
    pub fn summary(&self) -> BridgeSummary {
        let (log, counts) = (self.log(), self.counts());
        BridgeSummary {
            lines: log.lines,
            skipped_lines: log.skipped_lines(),
            skipped_by_reason: log.skipped.clone(),
            events: counts.events(),
            by_kind: EventKind::ALL
                .into_iter()
                .map(|kind| (kind.name(), counts.of_kind(kind)))
                .filter(|(_, events)| *events > 0)
                .collect(),
            unknown_kinds: counts.unknown_kinds,
            unknown_fields: counts.unknown_fields,
            after_finalize: counts.after_finalize,
            redelivered: counts.redelivered,
            duplicates: counts.duplicates,
            clock_steps_back: counts.clock_steps_back,
            runs: counts.runs,
            nested_runs: counts.nested_runs,
            outcome: self.bridge().outcome().name(),
            methods: counts.methods,
            open_methods: self.bridge().open_methods(),
            most_open_methods: counts.most_open,
            nested_invocations: counts.nested_invocations,
            failed_before_method: counts.failed_before_method,
            structural_failures: counts.structural_failures,
            skipped_steps: counts.skipped_steps,
            entries: counts.entries(),
            succeeded: counts.succeeded,
            failed: counts.failed,
            user_errors: counts.user_errors,
            cancelled: counts.cancelled,
            drained: counts.drained,
        }
    }
}

impl RunOutcome {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Succeeded => "succeeded",
            Self::Suspended => "suspended",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}
