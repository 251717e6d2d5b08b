//! Tasks, tests, coverage and agents on one page.

use std::fmt::Write as _;

use muster_core::view::Tier1Report;

use super::agents::assignments;
use super::provenance::counted;
use super::task_routing::tasks;
use super::test_status::{coverage, runs};
use super::usage::span;
use super::{Style, provenance};

/// Tasks, tests, coverage and agents on one page.
pub fn tier1(report: &Tier1Report, style: &Style) -> String {
    let mut out = String::new();
    let title = format!("Status, {}", span(report.window, style));
    let _ = writeln!(out, "{}", style.title(&title));
    heading(&mut out, report.task_routing.totals.tasks, "task", style);
    tasks(&mut out, &report.task_routing, style);
    heading(&mut out, report.test_runs.totals.runs, "test run", style);
    runs(&mut out, &report.test_runs, style);
    coverage(&mut out, &report.coverage, style);
    let number = report.agent_performance.totals.assignments;
    heading(&mut out, number, "assignment", style);
    assignments(&mut out, &report.agent_performance, style);
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

fn heading(out: &mut String, number: u64, what: &str, style: &Style) {
    let _ = writeln!(out, "\n{}", style.heading(&counted(number, what)));
}
