//! The cache report as text.

use std::fmt::Write as _;

use muster_core::view::{CacheReport, PromptCacheSavings, PromptCacheUse};

use super::csv::Csv;
use super::provenance::counted;
use super::usage::{left_out, span};
use super::{Align, Style, Table, compact, count, percent, provenance, usd, usd_change};

/// Workflows that are shown.
const ROWS: usize = 10;

/// The cache report as text.
pub fn cache_stats(report: &CacheReport, style: &Style) -> String {
    let mut out = String::new();
    let prompt = &report.prompt_cache;
    let _ = writeln!(
        out,
        "{}",
        style.title(&format!(
            "{}, {}",
            counted(prompt.requests, "call"),
            span(report.window, style)
        ))
    );
    if prompt.requests > 0 {
        let _ = writeln!(
            out,
            "Prompt cache    {} ({} of the calls), {} tokens read, {} written",
            counted(prompt.hits, "hit"),
            percent(prompt.hit_rate),
            count(prompt.read_tokens),
            count(prompt.creation_tokens)
        );
        let _ = writeln!(
            out,
            "Response cache  {} ({} of the calls)",
            counted(report.response_cache_hits, "hit"),
            percent(report.response_cache_hit_rate)
        );
        out.push('\n');
        savings_lines(&mut out, &report.savings, style);
        workflows(&mut out, report, style);
    }
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

/// What the prompt cache saved.
pub(super) fn savings_lines(out: &mut String, of: &PromptCacheSavings, style: &Style) {
    let _ = writeln!(out, "{}", style.heading("Saved by the prompt cache"));
    let _ = writeln!(
        out,
        "  reading    {:>14} USD saved",
        usd(of.read_savings_usd, 4)
    );
    let _ = writeln!(
        out,
        "  writing    {:>14} USD paid on top",
        usd(of.write_surcharge_usd, 4)
    );
    let _ = writeln!(
        out,
        "  together   {:>14} USD (attune says {})",
        usd_change(of.net_savings_usd, 4),
        usd(of.attune_savings_usd, 4)
    );
}

fn workflows(out: &mut String, report: &CacheReport, style: &Style) {
    let mut rows: Vec<(&String, &PromptCacheUse)> = report.by_workflow.iter().collect();
    rows.sort_by(|a, b| {
        b.1.hit_rate
            .total_cmp(&a.1.hit_rate)
            .then(b.1.requests.cmp(&a.1.requests))
            .then(a.0.cmp(b.0))
    });
    let mut table = Table::new([
        ("WORKFLOW", Align::Name),
        ("CALLS", Align::Number),
        ("HITS", Align::Number),
        ("RATE", Align::Number),
        ("TOKENS READ", Align::Number),
        ("WRITTEN", Align::Number),
    ]);
    for (name, cache) in rows.iter().take(ROWS) {
        table.row([
            (*name).clone(),
            count(cache.requests),
            count(cache.hits),
            percent(cache.hit_rate),
            compact(cache.read_tokens),
            compact(cache.creation_tokens),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    left_out(out, rows.len(), ROWS, style);
}

/// The workflows as rows.
pub fn cache_stats_csv(report: &CacheReport) -> String {
    let mut csv = Csv::new([
        "workflow",
        "requests",
        "hits",
        "hit_rate",
        "read_tokens",
        "creation_tokens",
    ]);
    for (name, cache) in &report.by_workflow {
        csv.line([
            name.clone(),
            cache.requests.to_string(),
            cache.hits.to_string(),
            cache.hit_rate.to_string(),
            cache.read_tokens.to_string(),
            cache.creation_tokens.to_string(),
        ]);
    }
    csv.finish()
}
