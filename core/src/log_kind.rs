//! Which log a file is, from its name.

use core::fmt;

use serde::{Serialize, Serializer};

/// The logs that Muster knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogKind {
    /// `usage.jsonl`: calls of models.
    Usage,
    /// `help_queries.jsonl`: questions to the help system.
    HelpQueries,
    /// `help_unmatched.jsonl`: questions that it had no answer to.
    HelpUnmatched,
    /// `workflow_runs.jsonl`: runs of workflows.
    WorkflowRuns,
    /// `llm_calls.jsonl`: calls of models as workflows record them.
    LlmCalls,
    /// `task_routing.jsonl`: which agent got which task.
    TaskRouting,
    /// `test_executions.jsonl`: runs of test suites.
    TestExecutions,
    /// `coverage_history.jsonl`: test coverage over time.
    CoverageHistory,
    /// `agent_assignments.jsonl`: tasks of agents.
    AgentAssignments,
    /// `file_tests.jsonl`: test results per source file.
    FileTests,
    /// `diagnosis_records.jsonl`: diagnoses of failed runs.
    DiagnosisRecords,
    /// `memory_events.jsonl`: use of the agents' memory.
    MemoryEvents,
    /// `costs.jsonl`: the third book of costs.
    Costs,
    /// `form_events.jsonl`: counted, not reported on.
    FormEvents,
    /// `progressive_events.jsonl`: counted, not reported on.
    ProgressiveEvents,
    /// `role_telemetry.jsonl`: counted, not reported on.
    RoleTelemetry,
}

impl LogKind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Usage,
        Self::HelpQueries,
        Self::HelpUnmatched,
        Self::WorkflowRuns,
        Self::LlmCalls,
        Self::TaskRouting,
        Self::TestExecutions,
        Self::CoverageHistory,
        Self::AgentAssignments,
        Self::FileTests,
        Self::DiagnosisRecords,
        Self::MemoryEvents,
        Self::Costs,
        Self::FormEvents,
        Self::ProgressiveEvents,
        Self::RoleTelemetry,
    ];

    /// The stable name, which is also the stem of its file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::HelpQueries => "help_queries",
            Self::HelpUnmatched => "help_unmatched",
            Self::WorkflowRuns => "workflow_runs",
            Self::LlmCalls => "llm_calls",
            Self::TaskRouting => "task_routing",
            Self::TestExecutions => "test_executions",
            Self::CoverageHistory => "coverage_history",
            Self::AgentAssignments => "agent_assignments",
            Self::FileTests => "file_tests",
            Self::DiagnosisRecords => "diagnosis_records",
            Self::MemoryEvents => "memory_events",
            Self::Costs => "costs",
            Self::FormEvents => "form_events",
            Self::ProgressiveEvents => "progressive_events",
            Self::RoleTelemetry => "role_telemetry",
        }
    }

    /// The kind of the log at `path`: `STEM.jsonl`, and rotated and archived
    /// files such as `usage.2026-11-20.1.jsonl` or
    /// `workflow_runs-20261120T101500Z-1.jsonl`. Both slashes separate folders.
    pub fn of_path(path: &str) -> Option<Self> {
        let file = path.rsplit(['/', '\\']).next()?;
        let stem = file.strip_suffix(".jsonl")?;
        Self::ALL.into_iter().find(|kind| {
            stem.strip_prefix(kind.name()).is_some_and(|suffix| {
                suffix.is_empty() || is_date_rotation(suffix) || is_archive_stamp(suffix)
            })
        })
    }

    /// Whether this log is only counted.
    pub const fn is_listed_only(self) -> bool {
        matches!(
            self,
            Self::FormEvents | Self::ProgressiveEvents | Self::RoleTelemetry
        )
    }
}

/// `.2026-11-20` or `.2026-11-20.1`
fn is_date_rotation(suffix: &str) -> bool {
    let mut parts = suffix.split('.').skip(1);
    suffix.starts_with('.')
        && parts
            .next()
            .is_some_and(|date| crate::time::Day::parse(date).is_ok())
        && parts.next().is_none_or(is_digits)
        && parts.next().is_none()
}

/// `-20261120T101500Z` or `-20261120T101500Z-1`
fn is_archive_stamp(suffix: &str) -> bool {
    let mut parts = suffix.split('-').skip(1);
    suffix.starts_with('-')
        && parts.next().is_some_and(|stamp| {
            stamp.len() == 16
                && stamp.is_char_boundary(8)
                && stamp.ends_with('Z')
                && stamp.get(8..9) == Some("T")
                && stamp.get(..8).is_some_and(is_digits)
                && stamp.get(9..15).is_some_and(is_digits)
        })
        && parts.next().is_none_or(is_digits)
        && parts.next().is_none()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

impl fmt::Display for LogKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for LogKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_rotated_and_archived_names_are_known() {
        let of = LogKind::of_path;
        assert_eq!(of("usage.jsonl"), Some(LogKind::Usage));
        assert_eq!(
            of("/home/a/.attune/telemetry/usage.2026-11-20.jsonl"),
            Some(LogKind::Usage)
        );
        assert_eq!(of("C:\\x\\usage.2026-11-20.12.jsonl"), Some(LogKind::Usage));
        assert_eq!(
            of("archive/workflow_runs-20261120T101500Z.jsonl"),
            Some(LogKind::WorkflowRuns)
        );
        assert_eq!(
            of("workflow_runs-20261120T101500Z-3.jsonl"),
            Some(LogKind::WorkflowRuns)
        );
        for name in [
            "usage.json",
            "usage.jsonl.bak",
            "my-usage.jsonl",
            "usage.x.jsonl",
            "usage.2026-11-20.x.jsonl",
            "usage.2026-11-20.1.2.jsonl",
            "usage-2026.jsonl",
            "usage_summary.json",
            "",
            "usage.2026-13-20.jsonl",
            "workflow_runs-2026112\u{e9}T101500Z.jsonl",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
        for kind in LogKind::ALL {
            assert_eq!(of(&alloc::format!("{kind}.jsonl")), Some(kind));
        }
    }
}
