//! The figures of attune's own commands beside ours, over the same logs.
//!
//! Each row names a command by the file that holds its output, the figure it
//! printed, the place of ours in our report, ours in the same unit and to the
//! same digits, and, only where the two differ, why. Both are checked: that
//! attune printed that figure, and that our report gives ours.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use muster_core::{
    FileTestFilter, LogKind, ReadOptions, ReportKind, ReportParams, Telemetry, Timestamp, Window,
};
use serde_json::Value;

/// About the time at which the commands were run.
const NOW: &str = "2026-11-20T11:44:30Z";
const US_PER_HOUR: i64 = 3_600_000_000;

#[derive(Clone, Copy, Debug)]
enum Span {
    All,
    Hours(i64),
    Days(i64),
    /// Two windows of that many days that both end now.
    Both(i64, i64),
}

struct Row {
    /// The file in `cli/` without its ending.
    cli: &'static str,
    /// What stands on the line before the figure.
    label: &'static str,
    /// The figure as attune printed it.
    theirs: &'static str,
    report: ReportKind,
    span: Span,
    /// Where our figure stands; several are added up.
    place: &'static [&'static str],
    /// Our figure in their unit and digits.
    ours: &'static str,
    /// Why the two differ.
    why: Option<&'static str>,
}

#[expect(clippy::too_many_arguments, reason = "a row has that many cells")]
const fn row(
    cli: &'static str,
    label: &'static str,
    theirs: &'static str,
    report: ReportKind,
    span: Span,
    place: &'static [&'static str],
    ours: &'static str,
    why: Option<&'static str>,
) -> Row {
    Row {
        cli,
        label,
        theirs,
        report,
        span,
        place,
        ours,
        why,
    }
}

#[rustfmt::skip]
mod table {
    use super::{ReportKind::*, Row, Span::*, row};

    const WINDOW: Option<&str> = Some("attune prints --days and does not apply it");
    const WHOLE_DAYS: Option<&str> = Some("attune sums whole days, up to one more than asked for");
    const CASE: Option<&str> = Some("attune takes `cheap` and `CHEAP` for two tiers");
    const ONE_TASK: Option<&str> = Some("attune counts each of the two records of a task as a task, the running one as a failure");
    const FLAT_45: Option<&str> = Some("attune assumes a flat 45 dollars per million tokens; the runs record their own baseline");

    pub(super) const ROWS: &[Row] = &[
        row("02-attune-show", "Workflow runs:", "12", Usage, Days(30), &["/cost_books/workflow_runs/records"], "12", None),
        row("02-attune-show", "Total tokens:", "44,400", Usage, Days(30), &["/cost_books/workflow_runs/tokens_in", "/cost_books/workflow_runs/tokens_out"], "44,400", None),
        row("02-attune-show", "Total cost:", "$0.56", Usage, Days(30), &["/cost_books/workflow_runs/cost_usd"], "$0.56", None),
        row("03-attune-show-days1", "Workflow runs:", "12", Usage, Days(1), &["/cost_books/workflow_runs/records"], "3", WINDOW),
        row("03-attune-show-days1", "Total cost:", "$0.56", Usage, Days(1), &["/cost_books/workflow_runs/cost_usd"], "$0.14", WINDOW),
        row("04-attune-savings", "Actual cost:", "$0.56", Usage, Days(30), &["/cost_books/workflow_runs/cost_usd"], "$0.56", None),
        row("04-attune-savings", "Premium-only cost:", "$2.00", Usage, Days(30), &["/cost_books/workflow_runs/baseline_usd"], "$0.78", FLAT_45),
        row("04-attune-savings", "Savings:", "$1.43", Usage, Days(30), &["/cost_books/workflow_runs/savings_usd"], "$0.22", FLAT_45),
        row("08-attune-routing-stats", "Total calls:", "39", Routing, Days(7), &["/totals/calls"], "38", WHOLE_DAYS),
        row("08-attune-routing-stats", "Total cost:", "$1.96", Routing, Days(7), &["/totals/cost_usd"], "$1.92", WHOLE_DAYS),
        row("08-attune-routing-stats", "CAPABLE :", "0.69", Routing, Days(7), &["/by_tier/CAPABLE/cost_usd"], "0.69", None),
        row("08-attune-routing-stats", "PREMIUM :", "0.61", Routing, Days(7), &["/by_tier/PREMIUM/cost_usd"], "0.61", None),
        row("08-attune-routing-stats", "CHEAP   :", "0.44", Routing, Days(7), &["/by_tier/CHEAP/cost_usd"], "0.44", None),
        row("08-attune-routing-stats", "SDK     :", "0.21", Routing, Days(7), &["/by_tier/SDK/cost_usd"], "0.17", WHOLE_DAYS),
        row("08-attune-routing-stats", "bug-predict  ", "0.20", Routing, Days(7), &["/by_workflow/bug-predict/cost_usd"], "0.20", None),
        row("14-attune-models", "Calls:", "11", Models, Days(7), &["/providers/anthropic/claude-sonnet-5/calls"], "11", None),
        row("14-attune-models", "Total cost:", "$0.69", Models, Days(7), &["/providers/anthropic/claude-sonnet-5/cost_usd"], "$0.69", None),
        row("14-attune-models", "Avg cost:", "$0.0631", Models, Days(7), &["/providers/anthropic/claude-sonnet-5/cost_per_call_usd"], "$0.0631", None),
        row("14-attune-models", "Avg duration:", "12609ms", Models, Days(7), &["/providers/anthropic/claude-sonnet-5/duration_per_call_ms"], "12609ms", None),
        row("24-fn-show", "security-a\u{2026}", "$0.0235", Usage, All, &["/recent/0/cost_usd"], "$0.0235", None),
        row("24-fn-show", "security-a\u{2026}", "19040ms", Usage, All, &["/recent/0/duration_ms"], "19040ms", None),
        row("24-fn-show", "meta-workf\u{2026}", "reviewer", Usage, All, &["/recent/2/stage"], "reviewer", None),
        row("21-m-savings", "Total calls:", "113", Savings, Days(30), &["/calls"], "113", None),
        row("21-m-savings", "Baseline (all PREMIUM):", "$20.30", Savings, Days(30), &["/per_call/baseline_usd"], "$20.30", None),
        row("21-m-savings", "Actual (tier routing):", "$5.62", Savings, Days(30), &["/actual_usd"], "$5.62", None),
        row("21-m-savings", "YOUR SAVINGS:", "$14.67", Savings, Days(30), &["/per_call/savings_usd"], "$14.67", None),
        row("21-m-savings", "YOUR SAVINGS: $14.67 (", "72.3%", Savings, Days(30), &["/per_call/savings_share"], "72.3%", None),
        row("21-m-savings", "Cache savings:", "$1.04", Savings, Days(30), &["/per_call/response_cache_savings_usd"], "$1.04", None),
        row("21-m-savings", "CAPABLE :", "26.5%", Savings, Days(30), &["/tier_share/CAPABLE"], "26.5%", None),
        row("21-m-savings", "CHEAP   :", "53.1%", Savings, Days(30), &["/tier_share/CHEAP"], "54.0%", CASE),
        row("25-fn-savings-7", "Total calls:", "38", Savings, Days(7), &["/calls"], "38", None),
        row("25-fn-savings-7", "Baseline (all PREMIUM):", "$7.75", Savings, Days(7), &["/per_call/baseline_usd"], "$7.75", None),
        row("25-fn-savings-7", "YOUR SAVINGS:", "$5.83", Savings, Days(7), &["/per_call/savings_usd"], "$5.83", None),
        row("26-fn-cache-stats", "Cache Hit Rate", "21.1%", CacheStats, Days(7), &["/prompt_cache/hit_rate"], "21.1%", None),
        row("26-fn-cache-stats", "Cache Reads", "51,306", CacheStats, Days(7), &["/prompt_cache/read_tokens"], "51,306", None),
        row("26-fn-cache-stats", "Cache Writes", "20,718", CacheStats, Days(7), &["/prompt_cache/creation_tokens"], "20,718", None),
        row("26-fn-cache-stats", "Estimated Savings", "$0.16", CacheStats, Days(7), &["/savings/attune_savings_usd"], "$0.16", None),
        row("26-fn-cache-stats", "Requests with Cache Hits", "8", CacheStats, Days(7), &["/prompt_cache/hits"], "8", None),
        row("26-fn-cache-stats", "Total Requests", "38", CacheStats, Days(7), &["/prompt_cache/requests"], "38", None),
        row("26-fn-cache-stats", "test-gen", "22.2%", CacheStats, Days(7), &["/by_workflow/test-gen/hit_rate"], "22.2%", None),
        row("27-fn-compare", "Total Calls", "39", Compare, Both(7, 30), &["/current/calls"], "38", WHOLE_DAYS),
        row("27-fn-compare", "Total Calls", "116", Compare, Both(7, 30), &["/previous/calls"], "113", WHOLE_DAYS),
        row("27-fn-compare", "Total Calls", "-66.4%", Compare, Both(7, 30), &["/change/calls"], "-66.4%", None),
        row("27-fn-compare", "Total Cost", "$6.13", Compare, Both(7, 30), &["/previous/cost_usd"], "$5.62", WHOLE_DAYS),
        row("31-fn-sonnet-opus", "Total Anthropic Calls:", "28", SonnetOpusAnalysis, Days(30), &["/calls"], "28", None),
        row("31-fn-sonnet-opus", "Sonnet 4.5 Attempts:", "24", SonnetOpusAnalysis, Days(30), &["/sonnet_attempts"], "24", None),
        row("31-fn-sonnet-opus", "Sonnet Success Rate:", "87.5%", SonnetOpusAnalysis, Days(30), &["/sonnet_success_rate"], "87.5%", None),
        row("31-fn-sonnet-opus", "Opus Fallbacks:", "2", SonnetOpusAnalysis, Days(30), &["/fallbacks"], "2", None),
        row("31-fn-sonnet-opus", "Fallback Rate:", "7.1%", SonnetOpusAnalysis, Days(30), &["/attune/fallback_rate"], "7.1%", None),
        row("31-fn-sonnet-opus", "Fallback Rate:", "7.1%", SonnetOpusAnalysis, Days(30), &["/fallback_rate"], "7.7%", Some("attune divides by all calls, also those that went to a premium model at once")),
        row("31-fn-sonnet-opus", "Actual Cost:", "$0.84", SonnetOpusAnalysis, Days(30), &["/cost_usd"], "$0.84", None),
        row("31-fn-sonnet-opus", "Always-Premium Cost:", "$2.80", SonnetOpusAnalysis, Days(30), &["/always_premium/baseline_usd"], "$2.80", None),
        row("31-fn-sonnet-opus", "Savings:", "$1.96", SonnetOpusAnalysis, Days(30), &["/always_premium/savings_usd"], "$1.96", None),
        row("31-fn-sonnet-opus", "Savings: $1.96 (", "70.0%", SonnetOpusAnalysis, Days(30), &["/always_premium/savings_share"], "70.0%", None),
        row("32-fn-file-test-status", "Files:", "5", FileTestStatus, All, &["/matching_files"], "5", None),
        row("32-fn-file-test-status", "Passed:", "2", FileTestStatus, All, &["/passed_files"], "2", None),
        row("32-fn-file-test-status", "Failed:", "2", FileTestStatus, All, &["/failed_files", "/error_files"], "2", None),
        row("32-fn-file-test-status", "No Tests:", "1", FileTestStatus, All, &["/no_tests_files"], "1", None),
        row("32-fn-file-test-status", "Stale:", "1", FileTestStatus, All, &["/stale_files"], "1", None),
        row("32-fn-file-test-status", "src/m0.py", "no_tests", FileTestStatus, All, &["/files/0/result"], "no_tests", None),
        row("32-fn-file-test-status", "src/m2.py", "4", FileTestStatus, All, &["/files/2/passed"], "4", None),
        row("32-fn-file-test-status", "src/m4.py", "1.2s", FileTestStatus, All, &["/files/4/duration_ms"], "1.2s", None),
        row("32-fn-file-test-status", "src/m4.py \u{2502} test_x", "boom", FileTestStatus, All, &["/files/4/failed_tests/0/error"], "boom", None),
        row("36-fn-tier1", "Total Tasks:", "20", Tier1Status, Hours(48), &["/task_routing/attune/total_tasks"], "20", None),
        row("36-fn-tier1", "Total Tasks:", "20", Tier1Status, Hours(48), &["/task_routing/tasks"], "10", ONE_TASK),
        row("36-fn-tier1", "Avg Confidence:", "1.00", Tier1Status, Hours(48), &["/task_routing/mean_confidence"], "1.00", None),
        row("36-fn-tier1", "Total Runs:", "8", Tier1Status, Hours(48), &["/test_runs/runs"], "8", None),
        row("36-fn-tier1", "Current:", "77.0%", Tier1Status, Hours(48), &["/coverage/current_share"], "77.0%", None),
        row("36-fn-tier1", "Change:", "+7.0%", Tier1Status, Hours(48), &["/coverage/change_share"], "+7.0%", None),
        row("36-fn-tier1", "Trend:", "improving", Tier1Status, Hours(48), &["/coverage/trend"], "improving", None),
        row("36-fn-tier1", "Critical Gaps:", "1", Tier1Status, Hours(48), &["/coverage/critical_gaps"], "1", None),
        row("36-fn-tier1", "Automation Rate:", "75.0%", Tier1Status, Hours(48), &["/agent_performance/automation_rate"], "75.0%", None),
        row("36-fn-tier1", "Human Review Rate:", "25.0%", Tier1Status, Hours(48), &["/agent_performance/human_review_rate"], "25.0%", None),
        row("37-fn-task-routing", "Total Tasks", "20", TaskRouting, Hours(48), &["/tasks"], "10", ONE_TASK),
        row("37-fn-task-routing", "Successful", "10", TaskRouting, Hours(48), &["/succeeded"], "10", None),
        row("37-fn-task-routing", "Accuracy Rate", "50.0%", TaskRouting, Hours(48), &["/attune/accuracy_rate"], "50.0%", None),
        row("37-fn-task-routing", "Accuracy Rate", "50.0%", TaskRouting, Hours(48), &["/accuracy_rate"], "100.0%", ONE_TASK),
        row("37-fn-task-routing", "code-review", "4", TaskRouting, Hours(48), &["/by_type/code-review/tasks"], "2", ONE_TASK),
        row("37-fn-task-routing", "code-review", "50.0%", TaskRouting, Hours(48), &["/by_type/code-review/accuracy_rate"], "100.0%", ONE_TASK),
        row("38-fn-test-status", "Total Runs", "8", TestStatus, Hours(48), &["/test_runs/runs"], "8", None),
        row("38-fn-test-status", "Success Rate", "62.5%", TestStatus, Hours(48), &["/test_runs/success_rate"], "62.5%", None),
        row("38-fn-test-status", "Avg Duration", "16.0s", TestStatus, Hours(48), &["/test_runs/mean_duration_ms"], "16.0s", None),
        row("38-fn-test-status", "Total Tests Run", "800", TestStatus, Hours(48), &["/test_runs/tests"], "800", None),
        row("38-fn-test-status", "Total Failures", "6", TestStatus, Hours(48), &["/test_runs/failed"], "6", None),
        row("38-fn-test-status", "Current Coverage", "77.0%", TestStatus, Hours(48), &["/coverage/current_share"], "77.0%", None),
        row("38-fn-test-status", "test_a", "3", TestStatus, Hours(48), &["/test_runs/most_failing/0/failures"], "3", None),
        row("39-fn-agent-performance", "reviewer", "4", AgentPerformance, Hours(168), &["/by_agent/reviewer/assignments"], "4", None),
        row("39-fn-agent-performance", "reviewer", "2", AgentPerformance, Hours(168), &["/by_agent/reviewer/completed"], "2", None),
        row("39-fn-agent-performance", "reviewer", "50.0%", AgentPerformance, Hours(168), &["/attune/by_agent/reviewer/success_rate"], "50.0%", None),
        row("39-fn-agent-performance", "reviewer", "50.0%", AgentPerformance, Hours(168), &["/by_agent/reviewer/success_rate"], "100.0%", Some("attune counts assignments under way as failures")),
        row("39-fn-agent-performance", "reviewer", "0.90h", AgentPerformance, Hours(168), &["/by_agent/reviewer/mean_duration_ms"], "0.90h", None),
        row("39-fn-agent-performance", "tester", "100.0%", AgentPerformance, Hours(168), &["/by_agent/tester/success_rate"], "100.0%", None),
        row("39-fn-agent-performance", "Automation Rate:", "75.0%", AgentPerformance, Hours(168), &["/automation_rate"], "75.0%", None),
    ];
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/attune")
}

fn read(span: Span) -> Result<Telemetry> {
    let now = Timestamp::parse(NOW)?;
    let hours = |hours: i64| Window::before(now, hours * US_PER_HOUR);
    let (window, against) = match span {
        Span::All => (Window::ALL, None),
        Span::Hours(n) => (hours(n), None),
        Span::Days(n) => (hours(24 * n), None),
        Span::Both(n, m) => (hours(24 * n), Some(hours(24 * m))),
    };
    let mut telemetry = Telemetry::new(ReadOptions {
        window,
        against,
        ..ReadOptions::default()
    });
    for folder in ["home/telemetry", "project/.attune"] {
        let mut files: Vec<_> = fs::read_dir(fixtures().join(folder))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        files.sort();
        for file in files {
            let path = file.to_string_lossy();
            let Some(kind) = LogKind::of_path(&path) else {
                continue;
            };
            let bytes = fs::read(&file)?;
            let mut pass = telemetry.scan(kind, 0);
            pass.push(&bytes);
            pass.finish();
            telemetry.absorb(path, bytes.len() as u64, pass);
        }
    }
    Ok(telemetry)
}

fn report(telemetry: &Telemetry, kind: ReportKind, params: &ReportParams) -> Result<Value> {
    let json = telemetry
        .report_json(kind, params)
        .context("nothing to compare with")?;
    Ok(serde_json::from_str(&json)?)
}

/// Our figure, written as attune writes `theirs`.
fn in_their_form(report: &Value, place: &[&str], theirs: &str) -> Result<String> {
    let mut sum = 0.0;
    for place in place {
        let value = report
            .pointer(place)
            .with_context(|| format!("nothing at {place}"))?;
        if let Some(text) = value.as_str() {
            return Ok(text.to_owned());
        }
        sum += value
            .as_f64()
            .with_context(|| format!("no number at {place}: {value}"))?;
    }
    let digits = theirs
        .trim_start_matches(['$', '+'])
        .trim_end_matches(|c: char| !c.is_ascii_digit());
    let suffix = &theirs[theirs.trim_end_matches(|c: char| !c.is_ascii_digit()).len()..];
    let scale = match suffix {
        "%" => 100.0,
        "s" => 1e-3,
        "h" => 1.0 / 3.6e6,
        _ => 1.0,
    };
    let decimals = digits
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let mut number = format!("{:.decimals$}", sum * scale);
    if theirs.contains(',') && number.len() > 3 {
        number.insert(number.len() - 3, ',');
    }
    let prefix = &theirs[..theirs.len() - theirs.trim_start_matches(['$', '+']).len()];
    Ok(format!("{prefix}{number}{suffix}"))
}

/// Whether a line of a command's output gives the figure after the label.
fn has_printed(output: &str, label: &str, figure: &str) -> bool {
    output.lines().any(|line| {
        line.split_once(label).is_some_and(|(_, rest)| {
            rest.split(|c: char| c.is_whitespace() || matches!(c, '\u{2502}' | '(' | ')'))
                .any(|token| token == figure)
        })
    })
}

#[test]
fn our_figures_are_attunes_unless_a_reason_is_given() -> Result<()> {
    let mut wrong = Vec::new();
    for row in table::ROWS {
        let output = fs::read_to_string(fixtures().join(format!("cli/{}.txt", row.cli)))?;
        let name = format!("{} {} {:?}", row.cli, row.label, row.place);
        ensure!(
            has_printed(&output, row.label, row.theirs),
            "{name}: attune did not print {}",
            row.theirs
        );
        let report = report(&read(row.span)?, row.report, &ReportParams::default())?;
        let ours = in_their_form(&report, row.place, row.theirs).with_context(|| name.clone())?;
        if ours != row.ours {
            wrong.push(format!("{name}: ours is {ours}, not {}", row.ours));
        }
        if (ours == row.theirs) != row.why.is_none() {
            wrong.push(format!(
                "{name}: attune {}, ours {ours}, why {:?}",
                row.theirs, row.why
            ));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn files_are_found_by_the_filters() -> Result<()> {
    let telemetry = read(Span::All)?;
    let show = |filter: FileTestFilter| {
        let files = telemetry.file_test_report(&filter);
        let names: Vec<_> = files.files.iter().map(|file| file.file.clone()).collect();
        (names.join(" "), files.files_left_out)
    };
    let failed = FileTestFilter {
        failed: true,
        ..FileTestFilter::default()
    };
    assert_eq!(show(failed.clone()), ("src/m2.py src/m4.py".into(), 0));
    assert_eq!(
        show(FileTestFilter {
            limit: Some(1),
            ..failed.clone()
        }),
        ("src/m2.py".into(), 1)
    );
    assert_eq!(
        show(FileTestFilter {
            stale: true,
            ..failed
        }),
        ("src/m4.py".into(), 0)
    );
    let one = |file: &str| FileTestFilter {
        file: Some(file.into()),
        ..FileTestFilter::default()
    };
    assert_eq!(show(one("src/m1.py")), ("src/m1.py".into(), 0));
    assert_eq!(show(one("nope.py")), (String::new(), 0));
    Ok(())
}

#[test]
fn every_line_of_the_samples_is_read() -> Result<()> {
    let report = report(
        &read(Span::All)?,
        ReportKind::Usage,
        &ReportParams::default(),
    )?;
    assert_eq!(report["skipped"]["lines"], 0, "{}", report["skipped"]);
    assert_eq!(report["log_versions"]["1.0"], 152);
    let states: Vec<_> = report["sources"]
        .as_array()
        .context("no sources")?
        .iter()
        .map(|source| (source["state"].as_str(), source["kind"].as_str()))
        .collect();
    assert_eq!(states.len(), 12, "{states:?}");
    assert!(
        states.iter().all(|(state, _)| *state == Some("read")),
        "{states:?}"
    );
    Ok(())
}
