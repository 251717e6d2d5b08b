//! Two windows side by side.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_core::view::{CompareReport, CostChange};

use super::csv::Csv;
use super::usage::{left_out, span};
use super::{Align, Style, Table, count, percent, percent_change, provenance, usd, usd_change};

/// Rows of a group that are shown.
const ROWS: usize = 10;

/// The comparison as tables.
pub fn compare(report: &CompareReport, style: &Style) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "now     {}", span(report.window, style));
    let _ = writeln!(out, "before  {}", span(report.against, style));
    let (now, before, change) = (&report.current, &report.previous, &report.change);
    let mut table = Table::new([
        ("", Align::Text),
        ("NOW", Align::Number),
        ("BEFORE", Align::Number),
        ("CHANGE", Align::Number),
    ]);
    table.row([
        "Calls".into(),
        count(now.totals.calls),
        count(before.totals.calls),
        percent_change(change.calls),
    ]);
    table.row([
        "USD".into(),
        usd(now.totals.cost_usd, 4),
        usd(before.totals.cost_usd, 4),
        percent_change(change.cost),
    ]);
    table.row([
        "USD per call".into(),
        usd(now.cost_per_call_usd, 4),
        usd(before.cost_per_call_usd, 4),
        percent_change(change.cost_per_call),
    ]);
    table.row([
        "From the response cache".into(),
        percent(now.totals.cache_hit_rate),
        percent(before.totals.cache_hit_rate),
        format!("{:+.1} points", change.cache_hit_rate_difference * 100.0),
    ]);
    out.push('\n');
    out.push_str(&table.render(style));
    group(&mut out, "WORKFLOW", &report.by_workflow, style);
    group(&mut out, "MODEL", &report.by_model, style);
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

fn group(
    out: &mut String,
    title: &'static str,
    changes: &BTreeMap<String, CostChange>,
    style: &Style,
) {
    if changes.is_empty() {
        return;
    }
    let mut rows: Vec<(&String, &CostChange)> = changes.iter().collect();
    rows.sort_by_key(|(name, change)| {
        (
            std::cmp::Reverse(change.change_usd.as_nanos().unsigned_abs()),
            (*name).clone(),
        )
    });
    let mut table = Table::new([
        (title, Align::Name),
        ("CALLS", Align::Number),
        ("BEFORE", Align::Number),
        ("USD", Align::Number),
        ("BEFORE", Align::Number),
        ("CHANGE", Align::Number),
    ]);
    for (name, change) in rows.iter().take(ROWS) {
        let sign = if change.change_usd.as_nanos() > 0 {
            "+"
        } else {
            ""
        };
        table.row([
            (*name).clone(),
            count(change.calls),
            count(change.previous_calls),
            usd(change.cost_usd, 4),
            usd(change.previous_cost_usd, 4),
            format!("{sign}{}", usd_change(change.change_usd, 4)),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    left_out(out, rows.len(), ROWS, style);
}

/// Workflows and models as rows.
pub fn compare_csv(report: &CompareReport) -> String {
    let mut csv = Csv::new([
        "group",
        "name",
        "calls",
        "previous_calls",
        "cost_usd",
        "previous_cost_usd",
        "change_usd",
    ]);
    for (group, changes) in [
        ("workflow", &report.by_workflow),
        ("model", &report.by_model),
    ] {
        for (name, change) in changes {
            csv.line([
                group.to_owned(),
                name.clone(),
                change.calls.to_string(),
                change.previous_calls.to_string(),
                change.cost_usd.to_string(),
                change.previous_cost_usd.to_string(),
                change.change_usd.to_string(),
            ]);
        }
    }
    csv.finish()
}
