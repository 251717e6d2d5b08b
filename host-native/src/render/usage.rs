//! The usage report as tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_core::Window;
use muster_core::view::{LatencyView, RecentCall, TotalsView, UsageReport};

use super::csv::{Csv, TOTALS, totals_cells};
use super::provenance::counted;
use super::{Align, Style, Table, compact, count, duration, percent, plain, provenance, usd, wrap};

/// Rows of a group that are shown; the rest is counted.
const ROWS: usize = 10;
/// Days that are shown.
const DAYS: usize = 14;

/// The usage report as tables.
pub fn usage(report: &UsageReport, style: &Style) -> String {
    let mut out = String::new();
    let totals = &report.totals;
    let _ = writeln!(
        out,
        "{}",
        style.title(&format!(
            "{}, {} USD, {}",
            counted(totals.calls, "call"),
            usd(totals.cost_usd, 4),
            span(report.window, style)
        ))
    );
    if totals.calls > 0 {
        let latency = &report.latency;
        out.push_str(&wrap(&sums(totals, latency.all), style.columns, ""));
        out.push('\n');
        for (title, groups, took) in [
            ("TIER", &report.by_tier, &latency.by_tier),
            ("WORKFLOW", &report.by_workflow, &latency.by_workflow),
            ("MODEL", &report.by_model, &latency.by_model),
            ("PROVIDER", &report.by_provider, &latency.by_provider),
            ("STAGE", &report.by_stage, &latency.by_stage),
        ] {
            // One provider or one stage is no breakdown.
            if groups.len() > 1 || !matches!(title, "PROVIDER" | "STAGE") {
                group(&mut out, title, groups, took, totals, style);
            }
        }
        days(&mut out, &report.by_day, &latency.by_day, style);
        recent(&mut out, &report.recent, style);
    }
    books(&mut out, report, style);
    let end = provenance(&report.provenance, style);
    if !end.is_empty() {
        out.push('\n');
        out.push_str(&end);
    }
    out
}

/// The window in words.
pub(super) fn span(window: Window, style: &Style) -> String {
    let zone = &style.zone;
    match (window.from, window.to) {
        (None, None) => "of all time".into(),
        (Some(from), None) => format!("from {} {}", zone.minute(from), zone.name()),
        (None, Some(to)) => format!("before {} {}", zone.minute(to), zone.name()),
        (Some(from), Some(to)) => format!(
            "{} to {} {}",
            zone.minute(from),
            zone.minute(to),
            zone.name()
        ),
    }
}

fn sums(totals: &TotalsView, latency: Option<LatencyView>) -> String {
    let mut text = format!(
        "{} tokens in, {} out. {} from the response cache ({}).",
        count(totals.tokens_in),
        count(totals.tokens_out),
        counted(totals.cache_hits, "answer"),
        percent(totals.cache_hit_rate),
    );
    if totals.prompt_cache_hits + totals.prompt_cache_creation_tokens > 0 {
        let _ = write!(
            text,
            " Prompt cache: {}, {} tokens read, {} written.",
            counted(totals.prompt_cache_hits, "hit"),
            count(totals.prompt_cache_read_tokens),
            count(totals.prompt_cache_creation_tokens)
        );
    }
    if let Some(took) = latency {
        let _ = write!(
            text,
            " Half of the calls took up to {}, 95 of 100 up to {}, 99 of 100 up to {}.",
            duration(took.p50_ms),
            duration(took.p95_ms),
            duration(took.p99_ms)
        );
    }
    text
}

/// The median and the 95th percentile as cells.
fn took(latency: Option<&LatencyView>) -> [String; 2] {
    match latency {
        Some(took) => [duration(took.p50_ms), duration(took.p95_ms)],
        None => ["-".into(), "-".into()],
    }
}

fn group(
    out: &mut String,
    title: &'static str,
    groups: &BTreeMap<String, TotalsView>,
    latency: &BTreeMap<String, LatencyView>,
    totals: &TotalsView,
    style: &Style,
) {
    let mut rows: Vec<(&String, &TotalsView)> = groups.iter().collect();
    rows.sort_by(|a, b| {
        (b.1.cost_usd, b.1.calls)
            .cmp(&(a.1.cost_usd, a.1.calls))
            .then(a.0.cmp(b.0))
    });
    let mut table = Table::new([
        (title, Align::Name),
        ("CALLS", Align::Number),
        ("USD", Align::Number),
        ("SHARE", Align::Number),
        ("TOKENS IN", Align::Number),
        ("OUT", Align::Number),
        ("CACHED", Align::Number),
        ("P50", Align::Number),
        ("P95", Align::Number),
    ]);
    for (name, sums) in rows.iter().take(ROWS) {
        let [half, most] = took(latency.get(*name));
        table.row([
            (*name).clone(),
            count(sums.calls),
            usd(sums.cost_usd, 4),
            percent(share(sums, totals)),
            compact(sums.tokens_in),
            compact(sums.tokens_out),
            percent(sums.cache_hit_rate),
            half,
            most,
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    left_out(out, rows.len(), ROWS, style);
}

/// The part of a group in the cost of everything, or in the calls where nothing was paid.
fn share(sums: &TotalsView, totals: &TotalsView) -> f64 {
    let whole = totals.cost_usd.to_f64();
    if whole > 0.0 {
        return sums.cost_usd.to_f64() / whole;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let share = sums.calls as f64 / totals.calls.max(1) as f64;
    share
}

fn days(
    out: &mut String,
    days: &BTreeMap<String, TotalsView>,
    latency: &BTreeMap<String, LatencyView>,
    style: &Style,
) {
    let mut table = Table::new([
        ("DAY (UTC)", Align::Text),
        ("CALLS", Align::Number),
        ("USD", Align::Number),
        ("TOKENS IN", Align::Number),
        ("OUT", Align::Number),
        ("P50", Align::Number),
        ("P95", Align::Number),
    ]);
    for (day, sums) in days.iter().rev().take(DAYS) {
        let [half, most] = took(latency.get(day));
        table.row([
            day.clone(),
            count(sums.calls),
            usd(sums.cost_usd, 4),
            compact(sums.tokens_in),
            compact(sums.tokens_out),
            half,
            most,
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    left_out(out, days.len(), DAYS, style);
}

fn recent(out: &mut String, calls: &[RecentCall], style: &Style) {
    if calls.is_empty() {
        return;
    }
    let mut table = Table::new([
        ("NEWEST", Align::Text),
        ("WORKFLOW", Align::Name),
        ("STAGE", Align::Name),
        ("TIER", Align::Text),
        ("USD", Align::Number),
        ("IN/OUT", Align::Number),
        ("HIT", Align::Text),
        ("TOOK", Align::Number),
    ]);
    for call in calls {
        table.row([
            style.zone.short(call.ts),
            call.workflow.clone(),
            call.stage.clone().unwrap_or_else(|| "-".into()),
            call.tier.clone(),
            usd(call.cost_usd, 4),
            format!("{}/{}", compact(call.tokens_in), compact(call.tokens_out)),
            if call.cache_hit { "yes" } else { "no" }.into(),
            duration(call.duration_ms),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
}

/// Other books of costs, which record the same calls in part.
fn books(out: &mut String, report: &UsageReport, style: &Style) {
    let mut table = Table::new([
        ("OTHER COST BOOK", Align::Name),
        ("RECORDS", Align::Number),
        ("USD", Align::Number),
        ("TOKENS IN", Align::Number),
        ("OUT", Align::Number),
    ]);
    for (name, book) in report
        .cost_books
        .iter()
        .filter(|(_, book)| book.records > 0)
    {
        table.row([
            (*name).to_owned(),
            count(book.records),
            usd(book.cost_usd, 4),
            compact(book.tokens_in),
            compact(book.tokens_out),
        ]);
    }
    if table.is_empty() {
        return;
    }
    out.push('\n');
    out.push_str(&table.render(style));
    let text = "They record the same calls in part, so they are not added up.";
    let _ = writeln!(out, "{}", style.faint(text));
}

/// Says how many rows a table leaves out.
pub(super) fn left_out(out: &mut String, rows: usize, shown: usize, style: &Style) {
    if rows > shown {
        let text = format!("and {} more (--json has all)", count((rows - shown) as u64));
        out.push_str(&style.faint(&plain(&text)));
        out.push('\n');
    }
}

/// The groups as rows.
pub fn usage_csv(report: &UsageReport) -> String {
    let percentiles = ["p50_ms", "p95_ms", "p99_ms"];
    let names = ["group", "name"].into_iter().chain(TOTALS);
    let mut csv = Csv::new(names.chain(percentiles));
    let latency = &report.latency;
    for (group, sums, latency) in [
        ("tier", &report.by_tier, &latency.by_tier),
        ("workflow", &report.by_workflow, &latency.by_workflow),
        ("model", &report.by_model, &latency.by_model),
        ("provider", &report.by_provider, &latency.by_provider),
        ("stage", &report.by_stage, &latency.by_stage),
        ("day", &report.by_day, &latency.by_day),
    ] {
        for (name, totals) in sums {
            let mut cells = vec![group.to_owned(), name.clone()];
            cells.extend(totals_cells(totals));
            let took = latency.get(name);
            let took = took.map(|took| [took.p50_ms, took.p95_ms, took.p99_ms]);
            cells.extend(took.map_or_else(Default::default, |took| took.map(|ms| ms.to_string())));
            csv.line(cells);
        }
    }
    csv.finish()
}
