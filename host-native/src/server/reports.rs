//! Reports over the logs: the same bytes as `--json` prints.

use std::sync::Arc;

use muster_core::{DEFAULT_RECENT, LogKind, ReportKind, ReportParams, US_PER_DAY, Window, to_json};
use tokio::task::spawn_blocking;

use super::Shared;
use super::answer::Refusal;
use super::params::Params;
use crate::error::Failure;
use crate::files::{LogQuery, empty_window_note, load};

/// More recent calls than this are not sent at once.
const MAX_RECENT: u64 = 10_000;
/// A comparison is of so many days with those before them where nobody says.
const COMPARED_DAYS: u64 = 7;

/// A report by its name.
pub(super) async fn report(
    shared: Arc<Shared>,
    kind: ReportKind,
    mut params: Params,
) -> Result<String, Refusal> {
    let mut query = shared.settings.query.clone();
    query.options.window = window(&shared, &mut params, kind)?;
    query.needed = logs_of(kind);
    query.also = if kind == ReportKind::Usage {
        let mut others = LogKind::ALL.to_vec();
        others.retain(|log| *log != LogKind::Usage);
        let recent = params.number("recent", DEFAULT_RECENT as u64, 0..=MAX_RECENT)?;
        query.options.recent = usize::try_from(recent).unwrap_or(usize::MAX);
        others
    } else {
        query.options.recent = 0;
        Vec::new()
    };
    if kind == ReportKind::Compare {
        query.options.against = Some(before(query.options.window)?);
    }
    let workflow = match kind {
        ReportKind::Routing => params.text("workflow"),
        _ => None,
    };
    params.finish()?;
    let params = ReportParams {
        prices: shared.settings.config.price_table(),
        workflow,
        ..ReportParams::default()
    };
    let permit = shared.readings.acquire().await;
    let read = spawn_blocking(move || make(&query, kind, &params)).await;
    drop(permit);
    let made = read.unwrap_or_else(|_| Err(Failure::defect("the reading broke off")));
    Ok(made?)
}

fn make(query: &LogQuery, kind: ReportKind, params: &ReportParams) -> Result<String, Failure> {
    let mut telemetry = load(query, &())?;
    empty_window_note(&mut telemetry);
    let document = if kind == ReportKind::Usage {
        Some(to_json(&telemetry.usage_report()))
    } else {
        telemetry.report_json(kind, params)
    };
    let document = document.ok_or_else(|| Failure::defect("the second window was not read"))?;
    Ok(document + "\n")
}

/// The logs that a report is made of.
fn logs_of(kind: ReportKind) -> Vec<LogKind> {
    match kind {
        ReportKind::SonnetOpusAnalysis => vec![LogKind::LlmCalls],
        ReportKind::TaskRouting => vec![LogKind::TaskRouting],
        ReportKind::TestStatus => vec![LogKind::TestExecutions, LogKind::CoverageHistory],
        ReportKind::Tier1Status => vec![
            LogKind::TaskRouting,
            LogKind::TestExecutions,
            LogKind::CoverageHistory,
            LogKind::AgentAssignments,
        ],
        ReportKind::AgentPerformance => vec![LogKind::AgentAssignments],
        ReportKind::FileTestStatus => vec![LogKind::FileTests],
        ReportKind::HelpQueries => vec![LogKind::HelpQueries, LogKind::HelpUnmatched],
        _ => vec![LogKind::Usage],
    }
}

fn window(shared: &Shared, params: &mut Params, kind: ReportKind) -> Result<Window, Refusal> {
    let window = Window {
        from: params.time("from")?,
        to: params.time("to")?,
    };
    if let (Some(from), Some(to)) = (window.from, window.to)
        && from >= to
    {
        let message = format!("from {from} does not lie before to {to}");
        return Err(
            Refusal::usage(message).hint("a window holds its start and ends before its end")
        );
    }
    let days = match params.number("days", 0, 1..=u64::from(u32::MAX))? {
        0 if kind == ReportKind::Compare && window == Window::ALL => COMPARED_DAYS,
        days => days,
    };
    if days == 0 {
        return Ok(window);
    }
    if window != Window::ALL {
        return Err(Refusal::usage("days stands without from and to"));
    }
    let days = i64::try_from(days).unwrap_or(i64::MAX);
    let us = days.saturating_mul(US_PER_DAY);
    Ok(Window::before(shared.settings.clock.now(), us))
}

/// The window of the same length before another.
fn before(window: Window) -> Result<Window, Refusal> {
    let (Some(from), Some(to)) = (window.from, window.to) else {
        return Err(Refusal::usage("a comparison needs days, or from and to"));
    };
    let us = to.as_micros().saturating_sub(from.as_micros());
    Ok(Window {
        from: Some(from.saturating_add_us(us.saturating_neg())),
        to: Some(from),
    })
}
