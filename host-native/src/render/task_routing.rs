//! Tasks and where they went, as tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_core::view::{TaskRoutingReport, TaskRoutingView, TaskTotals};

use super::csv::Csv;
use super::number::rate;
use super::provenance::counted;
use super::usage::{left_out, span};
use super::{Align, Style, Table, count, provenance, usd};

/// Rows of a group that are shown.
const ROWS: usize = 10;

/// Tasks and where they went, as tables.
pub fn task_routing(report: &TaskRoutingReport, style: &Style) -> String {
    let mut out = String::new();
    let title = format!(
        "{}, {}",
        counted(report.tasks.totals.tasks, "task"),
        span(report.window, style)
    );
    let _ = writeln!(out, "{}", style.title(&title));
    tasks(&mut out, &report.tasks, style);
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

/// The part of a report that is about tasks.
pub(super) fn tasks(out: &mut String, of: &TaskRoutingView, style: &Style) {
    let totals = &of.totals;
    if totals.tasks == 0 {
        return;
    }
    let ended = totals.completed + totals.failed;
    let text = format!(
        "{} of {} that ended were a success ({}). {} running, {} pending.",
        count(totals.succeeded),
        count(ended),
        rate(totals.accuracy_rate),
        count(totals.running),
        count(totals.pending)
    );
    let _ = writeln!(out, "{}", style.sentence(&text));
    let _ = writeln!(
        out,
        "{}",
        style.faint(&format!(
            "attune counts each record: {} of {} ({}).",
            count(of.attune.successful_routing),
            count(of.attune.total_tasks),
            rate(of.attune.accuracy_rate)
        ))
    );
    group(out, "TYPE", &of.by_type, style);
    group(out, "STRATEGY", &of.by_strategy, style);
}

fn group(
    out: &mut String,
    title: &'static str,
    groups: &BTreeMap<String, TaskTotals>,
    style: &Style,
) {
    let mut rows: Vec<(&String, &TaskTotals)> = groups.iter().collect();
    rows.sort_by_key(|(name, totals)| (std::cmp::Reverse(totals.tasks), (*name).clone()));
    let mut table = Table::new([
        (title, Align::Name),
        ("TASKS", Align::Number),
        ("RUNNING", Align::Number),
        ("DONE", Align::Number),
        ("FAILED", Align::Number),
        ("SUCCESS", Align::Number),
        ("USD", Align::Number),
    ]);
    for (name, totals) in rows.iter().take(ROWS) {
        table.row([
            (*name).clone(),
            count(totals.tasks),
            count(totals.running),
            count(totals.completed),
            count(totals.failed),
            rate(totals.accuracy_rate),
            usd(totals.cost_usd, 4),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    left_out(out, rows.len(), ROWS, style);
}

/// The groups as rows.
pub fn task_routing_csv(report: &TaskRoutingReport) -> String {
    let mut csv = Csv::new([
        "group",
        "name",
        "tasks",
        "pending",
        "running",
        "completed",
        "failed",
        "other",
        "succeeded",
        "accuracy_rate",
        "retries",
        "cost_usd",
    ]);
    for (group, sums) in [
        ("type", &report.tasks.by_type),
        ("strategy", &report.tasks.by_strategy),
    ] {
        for (name, totals) in sums {
            csv.line([
                group.to_owned(),
                name.clone(),
                totals.tasks.to_string(),
                totals.pending.to_string(),
                totals.running.to_string(),
                totals.completed.to_string(),
                totals.failed.to_string(),
                totals.other.to_string(),
                totals.succeeded.to_string(),
                totals
                    .accuracy_rate
                    .map(|rate| rate.to_string())
                    .unwrap_or_default(),
                totals.retries.to_string(),
                totals.cost_usd.to_string(),
            ]);
        }
    }
    csv.finish()
}
