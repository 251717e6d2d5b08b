//! Runs of test suites and the trend of coverage.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use crate::aggregate::{CoveragePoint, RunSums};
use crate::log_kind::LogKind;
use crate::telemetry::Telemetry;
use crate::time::{Timestamp, Window};

use super::map::IntoMap as _;
use super::number::{mean_us, percent_change, percent_share, rate_of};
use super::rank::ranked;
use super::{Millis, Provenance};

/// Runs of test suites and coverage in a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestStatusReport {
    /// The window that was asked for.
    pub window: Window,
    /// Runs of test suites.
    pub test_runs: TestRunsView,
    /// Coverage.
    pub coverage: CoverageView,
    /// What the answer rests on and what it leaves out.
    #[serde(flatten)]
    pub provenance: Provenance,
}

/// Runs of test suites.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestRunsView {
    /// All runs.
    #[serde(flatten)]
    pub totals: RunTotals,
    /// By test suite.
    pub by_suite: BTreeMap<String, RunTotals>,
    /// The tests that failed most often.
    pub most_failing: Vec<FailingTestView>,
    /// Further failing tests, not shown.
    pub failing_left_out: u64,
}

/// Sums over runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RunTotals {
    /// How many runs.
    pub runs: u64,
    /// Runs in which every test passed.
    pub succeeded: u64,
    /// Those per run, 0 to 1; `null` without runs.
    pub success_rate: Option<f64>,
    /// How long a run took on average; `null` without runs.
    pub mean_duration_ms: Option<Millis>,
    /// Tests in all runs.
    pub tests: u64,
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were left out.
    pub skipped: u64,
    /// Tests that could not be run.
    pub errors: u64,
}

/// One test that fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailingTestView {
    /// The test's name.
    pub name: String,
    /// The file that holds it, where that is recorded.
    pub file: Option<String>,
    /// In how many runs it failed.
    pub failures: u64,
}

/// Coverage over a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoverageView {
    /// How many measurements.
    pub records: u64,
    /// When the newest was made.
    pub measured_at: Option<Timestamp>,
    /// What it gave, 0 to 1; `null` without measurements.
    pub current_share: Option<f64>,
    /// What the oldest of the window gave; `null` with fewer than two measurements.
    pub first_share: Option<f64>,
    /// The newest less the oldest; `null` with fewer than two measurements.
    pub change_share: Option<f64>,
    /// Where it goes.
    pub trend: CoverageTrend,
    /// Files to test first, by the newest measurement; `null` without measurements.
    pub critical_gaps: Option<u64>,
    /// All measurements, oldest first.
    pub history: Vec<CoveragePointView>,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CoveragePointView {
    /// When it was made.
    pub at: Timestamp,
    /// What it gave, 0 to 1.
    pub share: f64,
}

/// Where coverage goes from the first to the last measurement of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CoverageTrend {
    /// Up by more than one percentage point.
    Improving,
    /// Down by more than one percentage point.
    Declining,
    /// Between the two.
    Stable,
    /// A single measurement has no trend.
    OneRecord,
    /// No measurement.
    NoData,
}

/// One percentage point, in percent times 1e9.
const POINT: i128 = 1_000_000_000;

impl Telemetry {
    /// Runs of test suites and coverage, with the `top` tests that fail most often.
    pub fn test_status_report(&self, top: usize) -> TestStatusReport {
        let mut provenance =
            self.provenance_of(&[LogKind::TestExecutions, LogKind::CoverageHistory]);
        provenance.note_lower_bound(self.logs.test_runs.sums.all.is_saturated());
        TestStatusReport {
            window: self.options.window,
            test_runs: self.test_runs_view(top),
            coverage: self.coverage_view(),
            provenance,
        }
    }

    pub(super) fn test_runs_view(&self, top: usize) -> TestRunsView {
        let runs = &self.logs.test_runs.sums;
        let failing = ranked(runs.failing.iter().map(|(test, times)| (*times, test)), top);
        TestRunsView {
            totals: RunTotals::of(&runs.all),
            by_suite: runs
                .by_suite
                .iter()
                .map(|(suite, sums)| (suite.to_string(), RunTotals::of(sums)))
                .into_map(),
            failing_left_out: failing.left_out,
            most_failing: failing
                .items
                .into_iter()
                .map(|(failures, test)| FailingTestView {
                    name: test.name.to_string(),
                    file: test.file.as_deref().map(ToString::to_string),
                    failures,
                })
                .collect(),
        }
    }

    pub(super) fn coverage_view(&self) -> CoverageView {
        CoverageView::of(&self.logs.coverage.sums.by_time())
    }
}

impl RunTotals {
    fn of(sums: &RunSums) -> Self {
        Self {
            runs: sums.runs,
            succeeded: sums.succeeded,
            success_rate: rate_of(sums.succeeded, sums.runs),
            mean_duration_ms: mean_us(sums.duration_us, sums.runs),
            tests: sums.tests,
            passed: sums.passed,
            failed: sums.failed,
            skipped: sums.skipped,
            errors: sums.errors,
        }
    }
}

impl CoverageView {
    fn of(points: &[CoveragePoint]) -> Self {
        let last = points.last();
        let first = points.first().filter(|_| points.len() > 1);
        let change = first
            .zip(last)
            .map(|(first, last)| i128::from(last.percentage) - i128::from(first.percentage));
        Self {
            records: points.len() as u64,
            measured_at: last.map(|point| point.at),
            current_share: last.map(|point| percent_share(point.percentage)),
            first_share: first.map(|point| percent_share(point.percentage)),
            change_share: change.map(percent_change),
            trend: match change {
                Some(change) if change > POINT => CoverageTrend::Improving,
                Some(change) if change < -POINT => CoverageTrend::Declining,
                Some(_) => CoverageTrend::Stable,
                None if last.is_some() => CoverageTrend::OneRecord,
                None => CoverageTrend::NoData,
            },
            critical_gaps: last.map(|point| point.critical_gaps),
            history: points
                .iter()
                .map(|point| CoveragePointView {
                    at: point.at,
                    share: percent_share(point.percentage),
                })
                .collect(),
        }
    }
}
