//! What telemetry entries say, as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_core::view::{CallStats, DurationStats, Millis};

use super::usage::span;
use super::{Align, Style, Table, count, duration, percent};
use crate::bridge::SpoolStats;

/// Statistics over entries.
pub fn bridge_stats(report: &SpoolStats, style: &Style) -> String {
    let mut out = String::new();
    let (sources, stats) = (&report.sources, &report.stats);
    let title = format!(
        "{} methods of steps and {} commands, {}",
        count(stats.methods.total),
        count(stats.commands.total),
        span(stats.window, style)
    );
    let _ = writeln!(out, "{}", style.title(&title));
    let mut all = table("WHAT");
    row(&mut all, "methods of steps".into(), &stats.methods);
    row(&mut all, "commands".into(), &stats.commands);
    out.push('\n');
    out.push_str(&all.render(style));
    for (heading, group) in [
        ("WORKFLOW", &stats.by_workflow),
        ("METHOD", &stats.by_method),
        ("MODEL TYPE", &stats.by_model_type),
        ("EXECUTOR", &stats.by_executor),
        ("DRIVER", &stats.by_driver),
    ] {
        named(&mut out, heading, group, style);
    }
    let mut steps = table("STEP");
    for step in &stats.by_step {
        let name = format!("{} / {} / {}", step.workflow, step.job, step.step);
        row(&mut steps, name, &step.calls);
    }
    if !steps.is_empty() {
        out.push('\n');
        out.push_str(&steps.render(style));
    }
    if stats.steps_left_out > 0 {
        let _ = writeln!(
            out,
            "{} more steps; --top shows them.",
            count(stats.steps_left_out)
        );
    }
    let families = &stats.families;
    out.push('\n');
    for (number, what) in [
        (families.succeeded, "runs succeeded with all their methods"),
        (
            families.succeeded_with_failed_children,
            "runs succeeded although methods failed",
        ),
        (families.failed, "runs failed with failed methods"),
        (
            families.failed_without_failed_children,
            "runs failed although no method did",
        ),
        (families.missing_parents, "runs have no entry of their own"),
        (stats.outside_window, "entries began outside the window"),
        (sources.pending, "entries wait to be sent"),
        (sources.flushed, "entries were sent and kept"),
        (sources.quarantined, "entries were set aside"),
        (sources.in_files, "entries in files"),
        (sources.skipped, "files or lines hold no entry"),
    ] {
        if number > 0 {
            let _ = writeln!(out, "{:>8}  {what}", count(number));
        }
    }
    out
}

fn named(
    out: &mut String,
    heading: &'static str,
    group: &BTreeMap<String, CallStats>,
    style: &Style,
) {
    let mut table = table(heading);
    for (name, calls) in group {
        row(&mut table, name.clone(), calls);
    }
    if !table.is_empty() {
        out.push('\n');
        out.push_str(&table.render(style));
    }
}

fn table(heading: &'static str) -> Table {
    Table::new([
        (heading, Align::Name),
        ("RUNS", Align::Number),
        ("OK", Align::Number),
        ("FAILED", Align::Number),
        ("STOPPED", Align::Number),
        ("P50", Align::Number),
        ("P95", Align::Number),
        ("P99", Align::Number),
    ])
}

fn row(table: &mut Table, name: String, calls: &CallStats) {
    let DurationStats { p50, p95, p99, .. } = calls.duration_ms;
    let time = |ms: Option<u64>| {
        ms.map_or_else(
            || "-".into(),
            |ms| duration(Millis(ms.saturating_mul(1000))),
        )
    };
    table.row([
        name,
        count(calls.total),
        calls.success_rate.map_or_else(|| "-".into(), percent),
        count(calls.error + calls.user_error - calls.cancelled.min(calls.error)),
        count(calls.cancelled),
        time(p50),
        time(p95),
        time(p99),
    ]);
}
