//! Questions to the help system, as tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use muster_core::view::{HelpGroup, HelpReport};

use super::number::rate;
use super::provenance::counted;
use super::usage::span;
use super::{Align, Style, Table, count, duration, provenance};

/// Questions to the help system, as tables.
pub fn help(report: &HelpReport, style: &Style) -> String {
    let mut out = String::new();
    let totals = &report.totals;
    let title = format!(
        "{} to the help system, {}",
        counted(totals.queries, "question"),
        span(report.window, style)
    );
    let _ = writeln!(out, "{}", style.title(&title));
    if totals.queries > 0 || report.unmatched > 0 {
        let _ = writeln!(
            out,
            "{} without an answer ({}), {} ended in an error. Log of unmatched ones: {}.",
            count(totals.not_found),
            rate(totals.miss_rate),
            count(totals.failed),
            count(report.unmatched)
        );
        group(&mut out, "SOURCE", &report.by_source, style);
        group(&mut out, "MODE", &report.by_mode, style);
        let mut table = Table::new([
            ("ASKED MOST", Align::Name),
            ("TIMES", Align::Number),
            ("NO ANSWER", Align::Number),
        ]);
        for topic in &report.top_topics {
            table.row([
                topic.topic.clone(),
                count(topic.queries),
                count(topic.not_found),
            ]);
        }
        top(&mut out, &table, report.topics_left_out, style);
        let mut table = Table::new([("MISSED MOST", Align::Name), ("TIMES", Align::Number)]);
        for miss in &report.top_misses {
            table.row([miss.query.clone(), count(miss.times)]);
        }
        top(&mut out, &table, report.misses_left_out, style);
    }
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

fn group(
    out: &mut String,
    title: &'static str,
    groups: &BTreeMap<String, HelpGroup>,
    style: &Style,
) {
    let mut table = Table::new([
        (title, Align::Name),
        ("ASKED", Align::Number),
        ("NO ANSWER", Align::Number),
        ("RATE", Align::Number),
        ("UNMATCHED", Align::Number),
        ("TOOK", Align::Number),
    ]);
    for (name, sums) in groups {
        table.row([
            name.clone(),
            count(sums.totals.queries),
            count(sums.totals.not_found),
            rate(sums.totals.miss_rate),
            count(sums.unmatched),
            sums.totals
                .mean_duration_ms
                .map_or_else(|| "-".into(), duration),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
}

fn top(out: &mut String, table: &Table, left_out: u64, style: &Style) {
    if table.is_empty() {
        return;
    }
    out.push('\n');
    out.push_str(&table.render(style));
    if left_out > 0 {
        let text = format!("and {} more (--top shows more)", count(left_out));
        let _ = writeln!(out, "{}", style.faint(&text));
    }
}
