//! Aggregates over the logs beside the usage log, one file per aggregate.
//!
//! Each is a monoid: the aggregates of neighbouring parts of a log merge, in the
//! order of the log, to the aggregate of the whole.

mod agents;
mod cost_book;
mod coverage;
mod file_tests;
mod help;
mod latest;
mod llm_calls;

mod tally;
mod tasks;
mod test_runs;

pub(crate) use agents::{AgentSums, Agents};
pub(crate) use cost_book::{Book, Costs, WorkflowRuns};
pub(crate) use coverage::{CoverageHistory, CoveragePoint};
pub(crate) use file_tests::FileTests;
pub(crate) use help::{HelpQueries, HelpUnmatched, QuerySums};
pub(crate) use latest::Latest;
pub(crate) use llm_calls::{CallSums, LlmCalls};

pub(crate) use tally::{Diagnoses, MemoryEvents};
pub(crate) use tasks::{TaskSums, Tasks};
pub(crate) use test_runs::{RunSums, TestRuns};

use crate::json::RecordError;
use crate::jsonl::Line;
use crate::line_log::{LineLog, Version};
use crate::log_kind::LogKind;
use crate::telemetry::ReadOptions;
use crate::time::{Timestamp, Window, Zone};

/// What one pass over the records of a log gathers.
pub(crate) trait Aggregate: Default {
    /// Reads one line and adds its record where the gate lets it in.
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError>;

    /// Appends the aggregate of the part that follows this one.
    fn merge(&mut self, later: Self);
}

/// Lets the records of a window in and counts the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate {
    window: Window,
    naive_shift_us: i64,
    /// Records that lie outside the window.
    pub(crate) outside: u64,
    /// Records whose time states no offset, in logs that hold local times.
    pub(crate) naive: u64,
}

/// The aggregate of a log over one window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Windowed<A> {
    pub(crate) gate: Gate,
    pub(crate) sums: A,
}

/// The aggregates of all logs but the usage log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aggregates {
    pub(crate) help_queries: Windowed<HelpQueries>,
    pub(crate) help_unmatched: Windowed<HelpUnmatched>,
    pub(crate) workflow_runs: Windowed<WorkflowRuns>,
    pub(crate) llm_calls: Windowed<LlmCalls>,
    pub(crate) tasks: Windowed<Tasks>,
    pub(crate) test_runs: Windowed<TestRuns>,
    pub(crate) coverage: Windowed<CoverageHistory>,
    pub(crate) agents: Windowed<Agents>,
    pub(crate) file_tests: Windowed<FileTests>,
    pub(crate) diagnoses: Windowed<Diagnoses>,
    pub(crate) memory_events: Windowed<MemoryEvents>,
    pub(crate) costs: Windowed<Costs>,
}

impl Gate {
    fn new(options: &ReadOptions) -> Self {
        Self {
            window: options.window,
            naive_shift_us: options.naive_shift_us,
            ..Self::default()
        }
    }

    /// Whether a record of that time counts.
    pub(crate) fn admits(&mut self, at: Timestamp) -> bool {
        let inside = self.window.contains(at);
        self.outside += u64::from(!inside);
        inside
    }

    /// The time in UTC of a record of a log that holds local times, if it counts.
    pub(crate) fn admits_local(&mut self, at: Timestamp, zone: Zone) -> Option<Timestamp> {
        let at = match zone {
            Zone::Stated => at,
            Zone::Naive => {
                self.naive += 1;
                at.saturating_add_us(self.naive_shift_us)
            }
        };
        self.admits(at).then_some(at)
    }

    fn merge(&mut self, later: &Self) {
        self.outside += later.outside;
        self.naive += later.naive;
    }
}

impl<A: Aggregate> Windowed<A> {
    fn new(options: &ReadOptions) -> Self {
        Self {
            gate: Gate::new(options),
            sums: A::default(),
        }
    }

    fn push(&mut self, line: Line<'_>, log: &mut LineLog) {
        log.note(line, |text| self.sums.read(&mut self.gate, text));
    }

    fn merge(&mut self, later: Self) {
        self.gate.merge(&later.gate);
        self.sums.merge(later.sums);
    }
}

impl Aggregates {
    pub(crate) fn new(options: &ReadOptions) -> Self {
        Self {
            help_queries: Windowed::new(options),
            help_unmatched: Windowed::new(options),
            workflow_runs: Windowed::new(options),
            llm_calls: Windowed::new(options),
            tasks: Windowed::new(options),
            test_runs: Windowed::new(options),
            coverage: Windowed::new(options),
            agents: Windowed::new(options),
            file_tests: Windowed::new(options),
            diagnoses: Windowed::new(options),
            memory_events: Windowed::new(options),
            costs: Windowed::new(options),
        }
    }

    /// Whether logs of this kind are gathered here.
    pub(crate) const fn gathers(kind: LogKind) -> bool {
        !matches!(kind, LogKind::Usage) && !kind.is_listed_only()
    }

    /// Reads one line of a log of that kind and notes in `log` what became of it.
    pub(crate) fn push(&mut self, kind: LogKind, line: Line<'_>, log: &mut LineLog) {
        match kind {
            LogKind::HelpQueries => self.help_queries.push(line, log),
            LogKind::HelpUnmatched => self.help_unmatched.push(line, log),
            LogKind::WorkflowRuns => self.workflow_runs.push(line, log),
            LogKind::LlmCalls => self.llm_calls.push(line, log),
            LogKind::TaskRouting => self.tasks.push(line, log),
            LogKind::TestExecutions => self.test_runs.push(line, log),
            LogKind::CoverageHistory => self.coverage.push(line, log),
            LogKind::AgentAssignments => self.agents.push(line, log),
            LogKind::FileTests => self.file_tests.push(line, log),
            LogKind::DiagnosisRecords => self.diagnoses.push(line, log),
            LogKind::MemoryEvents => self.memory_events.push(line, log),
            LogKind::Costs => self.costs.push(line, log),
            // These are read elsewhere: see `gathers`.
            LogKind::Usage
            | LogKind::FormEvents
            | LogKind::ProgressiveEvents
            | LogKind::RoleTelemetry => {}
        }
    }

    /// Appends the aggregates of what follows.
    pub(crate) fn merge(&mut self, later: Self) {
        self.help_queries.merge(later.help_queries);
        self.help_unmatched.merge(later.help_unmatched);
        self.workflow_runs.merge(later.workflow_runs);
        self.llm_calls.merge(later.llm_calls);
        self.tasks.merge(later.tasks);
        self.test_runs.merge(later.test_runs);
        self.coverage.merge(later.coverage);
        self.agents.merge(later.agents);
        self.file_tests.merge(later.file_tests);
        self.diagnoses.merge(later.diagnoses);
        self.memory_events.merge(later.memory_events);
        self.costs.merge(later.costs);
    }

    /// The gate of a kind of log, `None` for those that are read elsewhere.
    pub(crate) fn gate(&self, kind: LogKind) -> Option<&Gate> {
        Some(match kind {
            LogKind::HelpQueries => &self.help_queries.gate,
            LogKind::HelpUnmatched => &self.help_unmatched.gate,
            LogKind::WorkflowRuns => &self.workflow_runs.gate,
            LogKind::LlmCalls => &self.llm_calls.gate,
            LogKind::TaskRouting => &self.tasks.gate,
            LogKind::TestExecutions => &self.test_runs.gate,
            LogKind::CoverageHistory => &self.coverage.gate,
            LogKind::AgentAssignments => &self.agents.gate,
            LogKind::FileTests => &self.file_tests.gate,
            LogKind::DiagnosisRecords => &self.diagnoses.gate,
            LogKind::MemoryEvents => &self.memory_events.gate,
            LogKind::Costs => &self.costs.gate,
            LogKind::Usage
            | LogKind::FormEvents
            | LogKind::ProgressiveEvents
            | LogKind::RoleTelemetry => return None,
        })
    }
}

#[cfg(test)]
mod tests;
