//! Test runs and coverage, as tables.

use std::fmt::Write as _;

use muster_core::view::{CoverageTrend, CoverageView, TestRunsView, TestStatusReport};

use super::number::rate;
use super::provenance::counted;
use super::usage::{left_out, span};
use super::{Align, Style, Table, count, duration, percent, provenance};

/// Suites that are shown.
const ROWS: usize = 10;

/// Test runs and coverage, as tables.
pub fn test_status(report: &TestStatusReport, style: &Style) -> String {
    let mut out = String::new();
    let title = format!(
        "{}, {}",
        counted(report.test_runs.totals.runs, "test run"),
        span(report.window, style)
    );
    let _ = writeln!(out, "{}", style.title(&title));
    runs(&mut out, &report.test_runs, style);
    coverage(&mut out, &report.coverage, style);
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

/// The part of a report that is about test runs.
pub(super) fn runs(out: &mut String, of: &TestRunsView, style: &Style) {
    let totals = &of.totals;
    if totals.runs == 0 {
        return;
    }
    let text = format!(
        "{} of them passed ({}). {}: {} passed, {} failed, {} skipped, {} errors.",
        count(totals.succeeded),
        rate(totals.success_rate),
        counted(totals.tests, "test"),
        count(totals.passed),
        count(totals.failed),
        count(totals.skipped),
        count(totals.errors)
    );
    let _ = writeln!(out, "{}", style.sentence(&text));
    let mut table = Table::new([
        ("SUITE", Align::Name),
        ("RUNS", Align::Number),
        ("PASSED", Align::Number),
        ("TESTS", Align::Number),
        ("FAILED", Align::Number),
        ("TOOK", Align::Number),
    ]);
    for (suite, sums) in of.by_suite.iter().take(ROWS) {
        table.row([
            suite.clone(),
            count(sums.runs),
            rate(sums.success_rate),
            count(sums.tests),
            count(sums.failed + sums.errors),
            sums.mean_duration_ms.map_or_else(|| "-".into(), duration),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    left_out(out, of.by_suite.len(), ROWS, style);
    if of.most_failing.is_empty() {
        return;
    }
    let mut table = Table::new([
        ("FAILING TEST", Align::Name),
        ("FILE", Align::Name),
        ("RUNS", Align::Number),
    ]);
    for test in &of.most_failing {
        table.row([
            test.name.clone(),
            test.file.clone().unwrap_or_else(|| "-".into()),
            count(test.failures),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    if of.failing_left_out > 0 {
        let text = format!("and {} more (--top shows more)", count(of.failing_left_out));
        let _ = writeln!(out, "{}", style.faint(&text));
    }
}

/// The part of a report that is about coverage.
pub(super) fn coverage(out: &mut String, of: &CoverageView, style: &Style) {
    let Some(current) = of.current_share else {
        return;
    };
    let trend = match of.trend {
        CoverageTrend::Improving => "improving",
        CoverageTrend::Declining => "declining",
        CoverageTrend::Stable => "stable",
        CoverageTrend::OneRecord => "a single measurement, no trend",
        CoverageTrend::NoData => "no measurement",
        _ => "unknown",
    };
    let change = of.change_share.map_or_else(String::new, |change| {
        format!(" ({:+.1} points)", change * 100.0)
    });
    let at = of.measured_at.map_or_else(String::new, |at| {
        format!(", measured {} {}", style.zone.minute(at), style.zone.name())
    });
    let gaps = of.critical_gaps.map_or_else(String::new, |gaps| {
        format!("; {} to test first", counted(gaps, "file"))
    });
    let text = format!("Coverage {}{at}: {trend}{change}{gaps}", percent(current));
    let _ = writeln!(out, "\n{}", style.sentence(&text));
}
