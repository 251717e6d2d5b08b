//! Runs of test suites, added up.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use super::{Aggregate, Gate};
use crate::json::RecordError;
use crate::line_log::Version;
use crate::record::test_execution::TestExecution;

/// `test_executions.jsonl`, added up.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestRuns {
    pub(crate) all: RunSums,
    pub(crate) by_suite: BTreeMap<Box<str>, RunSums>,
    /// How often each test failed.
    pub(crate) failing: BTreeMap<FailingTest, u64>,
}

/// A test that failed; two files may hold tests of one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FailingTest {
    pub(crate) name: Box<str>,
    pub(crate) file: Option<Box<str>>,
}

/// Sums over runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunSums {
    pub(crate) runs: u64,
    pub(crate) succeeded: u64,
    pub(crate) duration_us: u64,
    pub(crate) tests: u64,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    pub(crate) errors: u64,
}

impl RunSums {
    fn of(run: &TestExecution<'_>) -> Self {
        Self {
            runs: 1,
            succeeded: u64::from(run.success),
            duration_us: run.duration_us,
            tests: run.total_tests,
            passed: run.passed,
            failed: run.failed,
            skipped: run.skipped,
            errors: run.errors,
        }
    }

    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.succeeded += other.succeeded;
        self.duration_us = self.duration_us.saturating_add(other.duration_us);
        self.tests = self.tests.saturating_add(other.tests);
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.errors = self.errors.saturating_add(other.errors);
    }
}

impl RunSums {
    /// Whether a sum reached its type's end and is only a lower bound.
    pub(crate) fn is_saturated(&self) -> bool {
        [
            self.duration_us,
            self.tests,
            self.passed,
            self.failed,
            self.skipped,
            self.errors,
        ]
        .contains(&u64::MAX)
    }
}

impl Aggregate for TestRuns {
    fn read<'a>(&mut self, gate: &mut Gate, line: &'a str) -> Result<Version<'a>, RecordError> {
        let run = TestExecution::parse(line)?;
        if gate.admits(run.at) {
            let sums = RunSums::of(&run);
            self.all.add(&sums);
            let suite = self.by_suite.entry((*run.suite).into()).or_default();
            suite.add(&sums);
            for test in &run.failed_tests {
                let test = FailingTest {
                    name: (*test.name).into(),
                    file: test.file.as_deref().map(Into::into),
                };
                *self.failing.entry(test).or_default() += 1;
            }
        }
        Ok(Version::Unversioned)
    }

    fn merge(&mut self, later: Self) {
        self.all.add(&later.all);
        for (suite, sums) in later.by_suite {
            self.by_suite.entry(suite).or_default().add(&sums);
        }
        for (test, failures) in later.failing {
            *self.failing.entry(test).or_default() += failures;
        }
    }
}
