//! The test results of source files, as a table.

use std::fmt::Write as _;

use muster_core::view::FileTestReport;

use super::csv::Csv;
use super::provenance::counted;
use super::{Align, Style, Table, count, percent, provenance};

/// The test results of source files, as a table.
pub fn file_tests(report: &FileTestReport, style: &Style) -> String {
    let mut out = String::new();
    let totals = &report.totals;
    let title = format!(
        "{} of {}: {} passed, {} failed, {} errors, {} without tests, {} stale",
        count(totals.matching_files),
        counted(report.known_files, "file"),
        count(totals.passed_files),
        count(totals.failed_files),
        count(totals.error_files),
        count(totals.no_tests_files),
        count(totals.stale_files)
    );
    let _ = writeln!(out, "{}", style.title(&title));
    let mut table = Table::new([
        ("FILE", Align::Name),
        ("RESULT", Align::Text),
        ("TESTS", Align::Number),
        ("FAILED", Align::Number),
        ("COVERED", Align::Number),
        ("STALE", Align::Text),
        ("LAST RUN", Align::Text),
    ]);
    for file in &report.files {
        table.row([
            file.file.clone(),
            file.result.clone(),
            count(file.tests),
            count(file.failed + file.errors),
            file.coverage_share.map_or_else(|| "-".into(), percent),
            if file.stale { "yes" } else { "no" }.into(),
            style.zone.short(file.last_run),
        ]);
    }
    if !table.is_empty() {
        out.push('\n');
        out.push_str(&table.render(style));
    }
    if report.files_left_out > 0 {
        let text = format!(
            "and {} more (--limit shows more)",
            count(report.files_left_out)
        );
        let _ = writeln!(out, "{}", style.faint(&text));
    }
    for file in report
        .files
        .iter()
        .filter(|file| !file.failed_tests.is_empty())
    {
        let names: Vec<&str> = file
            .failed_tests
            .iter()
            .map(|test| test.name.as_str())
            .collect();
        let text = format!("{}: {}", file.file, names.join(", "));
        let _ = writeln!(
            out,
            "{}",
            super::wrap(&super::plain(&text), style.columns, "  ")
        );
    }
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

/// The files as rows.
pub fn file_tests_csv(report: &FileTestReport) -> String {
    let mut csv = Csv::new([
        "file",
        "last_run",
        "result",
        "tests",
        "passed",
        "failed",
        "skipped",
        "errors",
        "duration_ms",
        "coverage_share",
        "stale",
        "test_file",
    ]);
    for file in &report.files {
        csv.line([
            file.file.clone(),
            file.last_run.to_string(),
            file.result.clone(),
            file.tests.to_string(),
            file.passed.to_string(),
            file.failed.to_string(),
            file.skipped.to_string(),
            file.errors.to_string(),
            file.duration_ms.to_string(),
            file.coverage_share
                .map(|share| share.to_string())
                .unwrap_or_default(),
            file.stale.to_string(),
            file.test_file.clone().unwrap_or_default(),
        ]);
    }
    csv.finish()
}
