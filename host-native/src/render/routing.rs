//! Where calls go, as tables.

use std::fmt::Write as _;

use muster_core::view::{RouteView, RoutingReport};

use super::csv::Csv;
use super::provenance::counted;
use super::usage::{left_out, span};
use super::{Align, Style, Table, compact, count, duration, percent, provenance, usd};

/// Rows that are shown.
const ROWS: usize = 20;

/// Where calls go, as tables.
pub fn routing(report: &RoutingReport, style: &Style) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}",
        style.title(&format!(
            "{}, {} USD, {}",
            counted(report.totals.calls, "call"),
            usd(report.totals.cost_usd, 4),
            span(report.window, style)
        ))
    );
    let mut tiers = Table::new([
        ("TIER", Align::Name),
        ("CALLS", Align::Number),
        ("USD", Align::Number),
        ("SHARE", Align::Number),
        ("PER CALL", Align::Number),
        ("TOOK", Align::Number),
    ]);
    for (tier, route) in &report.by_tier {
        tiers.row([
            tier.clone(),
            count(route.calls),
            usd(route.cost_usd, 4),
            percent(route.cost_share),
            usd(route.cost_per_call_usd, 4),
            duration(route.duration_per_call_ms),
        ]);
    }
    let mut routes = Table::new([
        ("WORKFLOW", Align::Name),
        ("MODEL", Align::Name),
        ("CALLS", Align::Number),
        ("USD", Align::Number),
        ("SHARE", Align::Number),
        ("PER CALL", Align::Number),
        ("IN/OUT", Align::Number),
    ]);
    let rows = rows(report);
    for (workflow, model, route) in rows.iter().take(ROWS) {
        routes.row([
            (*workflow).to_owned(),
            (*model).to_owned(),
            count(route.calls),
            usd(route.cost_usd, 4),
            percent(route.cost_share),
            usd(route.cost_per_call_usd, 4),
            format!("{}/{}", compact(route.tokens_in), compact(route.tokens_out)),
        ]);
    }
    for table in [&tiers, &routes] {
        if !table.is_empty() {
            out.push('\n');
            out.push_str(&table.render(style));
        }
    }
    left_out(&mut out, rows.len(), ROWS, style);
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

/// Each workflow with each model that its calls went to, most costly first.
fn rows(report: &RoutingReport) -> Vec<(&str, &str, &RouteView)> {
    let mut rows: Vec<(&str, &str, &RouteView)> = report
        .by_workflow
        .iter()
        .flat_map(|(workflow, routes)| {
            let models = routes.by_model.iter();
            models.map(|(model, route)| (workflow.as_str(), model.as_str(), route))
        })
        .collect();
    rows.sort_by_key(|(workflow, model, route)| {
        (std::cmp::Reverse(route.cost_usd), *workflow, *model)
    });
    rows
}

/// The routes as rows.
pub fn routing_csv(report: &RoutingReport) -> String {
    let mut csv = Csv::new([
        "workflow",
        "model",
        "calls",
        "cost_usd",
        "cost_share",
        "cost_per_call_usd",
        "duration_per_call_ms",
        "tokens_in",
        "tokens_out",
    ]);
    for (workflow, model, route) in rows(report) {
        csv.line([
            workflow.to_owned(),
            model.to_owned(),
            route.calls.to_string(),
            route.cost_usd.to_string(),
            route.cost_share.to_string(),
            route.cost_per_call_usd.to_string(),
            route.duration_per_call_ms.to_string(),
            route.tokens_in.to_string(),
            route.tokens_out.to_string(),
        ]);
    }
    csv.finish()
}
