//! How agents fare, as a table.

use std::fmt::Write as _;

use muster_core::view::{AgentPerformanceReport, AgentPerformanceView, AgentTotals};

use super::csv::Csv;
use super::number::rate;
use super::provenance::counted;
use super::usage::{left_out, span};
use super::{Align, Style, Table, count, duration, provenance};

/// Agents that are shown.
const ROWS: usize = 20;

/// How agents fare, as a table.
pub fn agents(report: &AgentPerformanceReport, style: &Style) -> String {
    let mut out = String::new();
    let title = format!(
        "{}, {}",
        counted(report.agents.totals.assignments, "assignment"),
        span(report.window, style)
    );
    let _ = writeln!(out, "{}", style.title(&title));
    assignments(&mut out, &report.agents, style);
    out.push('\n');
    out.push_str(&provenance(&report.provenance, style));
    out
}

/// The part of a report that is about assignments.
pub(super) fn assignments(out: &mut String, of: &AgentPerformanceView, style: &Style) {
    let totals = &of.totals;
    if totals.assignments == 0 {
        return;
    }
    let text = format!(
        "{} of {} completed ones were a success ({}). Without a human: {}. Reviewed by one: {}.",
        count(totals.succeeded),
        count(totals.completed),
        rate(totals.success_rate),
        rate(totals.automation_rate),
        rate(totals.human_review_rate)
    );
    let _ = writeln!(out, "{}", style.sentence(&text));
    let mut table = Table::new([
        ("AGENT", Align::Name),
        ("TASKS", Align::Number),
        ("OPEN", Align::Number),
        ("DONE", Align::Number),
        ("BLOCKED", Align::Number),
        ("SUCCESS", Align::Number),
        ("(ATTUNE)", Align::Number),
        ("TOOK", Align::Number),
    ]);
    for (name, agent) in of.by_agent.iter().take(ROWS) {
        let attune = of
            .attune
            .by_agent
            .get(name)
            .and_then(|agent| agent.success_rate);
        table.row([
            name.clone(),
            count(agent.assignments),
            count(agent.assigned + agent.in_progress),
            count(agent.completed),
            count(agent.blocked),
            rate(agent.success_rate),
            rate(attune),
            agent.mean_duration_ms.map_or_else(|| "-".into(), duration),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    left_out(out, of.by_agent.len(), ROWS, style);
    let text = "SUCCESS is of the completed ones; attune's is of all, unfinished ones included.";
    let _ = writeln!(out, "{}", style.faint(text));
}

/// The agents as rows.
pub fn agents_csv(report: &AgentPerformanceReport) -> String {
    let mut csv = Csv::new([
        "agent",
        "assignments",
        "assigned",
        "in_progress",
        "completed",
        "blocked",
        "other",
        "succeeded",
        "success_rate",
        "mean_duration_ms",
        "automation_rate",
        "human_review_rate",
    ]);
    for (name, agent) in &report.agents.by_agent {
        csv.line(cells(name, agent));
    }
    csv.finish()
}

fn cells(name: &str, agent: &AgentTotals) -> [String; 12] {
    let optional = |rate: Option<f64>| rate.map(|rate| rate.to_string()).unwrap_or_default();
    [
        name.to_owned(),
        agent.assignments.to_string(),
        agent.assigned.to_string(),
        agent.in_progress.to_string(),
        agent.completed.to_string(),
        agent.blocked.to_string(),
        agent.other.to_string(),
        agent.succeeded.to_string(),
        optional(agent.success_rate),
        agent
            .mean_duration_ms
            .map(|ms| ms.to_string())
            .unwrap_or_default(),
        optional(agent.automation_rate),
        optional(agent.human_review_rate),
    ]
}
