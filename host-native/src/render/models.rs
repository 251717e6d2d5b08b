//! The models as a table.

use std::fmt::Write as _;

use muster_core::view::ModelsReport;

use super::csv::{Csv, TOTALS, totals_cells};
use super::usage::span;
use super::{Align, Style, Table, count, duration, provenance, usd};

/// The models as a table.
pub fn models(report: &ModelsReport, style: &Style) -> String {
    let mut out = String::new();
    let title = format!("Models, {}", span(report.window, style));
    let _ = writeln!(out, "{}", style.title(&title));
    let mut table = Table::new([
        ("PROVIDER", Align::Name),
        ("MODEL", Align::Name),
        ("CALLS", Align::Number),
        ("USD", Align::Number),
        ("PER CALL", Align::Number),
        ("BY LIST", Align::Number),
        ("TOOK", Align::Number),
    ]);
    let mut unpriced = false;
    for (provider, models) in &report.providers {
        for (model, view) in models {
            unpriced |= view.list_cost_usd.is_none();
            table.row([
                provider.clone(),
                model.clone(),
                count(view.totals.calls),
                usd(view.totals.cost_usd, 4),
                usd(view.cost_per_call_usd, 4),
                view.list_cost_usd
                    .map_or_else(|| "no price".into(), |cost| usd(cost, 4)),
                duration(view.duration_per_call_ms),
            ]);
        }
    }
    if !table.is_empty() {
        out.push('\n');
        out.push_str(&table.render(style));
        let _ = writeln!(
            out,
            "{}",
            style.faint("BY LIST is what the recorded tokens cost by the price table.")
        );
    }
    if unpriced {
        let _ = writeln!(
            out,
            "{}",
            style.faint("[prices.MODEL] in muster.toml adds the price of a model.")
        );
    }
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

/// The models as rows.
pub fn models_csv(report: &ModelsReport) -> String {
    let names = ["provider", "model"];
    let more = ["cost_per_call_usd", "duration_per_call_ms", "list_cost_usd"];
    let mut csv = Csv::new(names.into_iter().chain(TOTALS).chain(more));
    for (provider, models) in &report.providers {
        for (model, view) in models {
            let mut cells = vec![provider.clone(), model.clone()];
            cells.extend(totals_cells(&view.totals));
            cells.push(view.cost_per_call_usd.to_string());
            cells.push(view.duration_per_call_ms.to_string());
            cells.push(
                view.list_cost_usd
                    .map(|cost| cost.to_string())
                    .unwrap_or_default(),
            );
            csv.line(cells);
        }
    }
    csv.finish()
}
