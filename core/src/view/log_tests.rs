//! Reports over a few lines of the logs beside the usage log, checked by hand.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::log_kind::LogKind;
use crate::prices::{BASELINE_MODEL, PriceTable};
use crate::telemetry::{ReadOptions, Telemetry, read};
use crate::time::{Timestamp, Window};

use super::*;

fn lines(kind: LogKind, lines: &[String]) -> Telemetry {
    read(ReadOptions::default(), &[(kind, &lines.join("\n"))])
}

fn until(to: &str) -> ReadOptions {
    ReadOptions {
        window: Window {
            from: None,
            to: Timestamp::parse(to).ok(),
        },
        ..ReadOptions::default()
    }
}

fn task(id: &str, at: &str, status: &str, success: bool) -> String {
    format!(
        r#"{{"routing_id":"{id}","timestamp":"2026-11-{at}Z","task_description":"d","task_type":"t","task_complexity":"simple","assigned_agent":"a","assigned_tier":"x","routing_strategy":"rule_based","confidence_score":0.5,"status":"{status}","success":{success},"estimated_cost":0.2}}"#
    )
}

#[test]
fn records_with_one_id_are_one_task_in_its_newest_state() {
    let log = [
        task("a", "01T10:00", "running", false),
        task("a", "01T10:00", "completed", true),
        task("b", "01T11:00", "failed", false),
        // A line that came late says what was before.
        task("b", "01T10:30", "running", false),
        task("c", "02T10:00", "running", false),
        task("c", "03T10:00", "completed", true),
        task("d", "02T10:00", "parked", true),
    ];
    let report = lines(LogKind::TaskRouting, &log).task_routing_report();
    let totals = report.tasks.totals;
    assert_eq!((totals.tasks, totals.completed, totals.failed), (4, 2, 1));
    assert_eq!((totals.running, totals.other), (0, 1));
    assert_eq!(
        (totals.succeeded, totals.accuracy_rate),
        (2, Some(2.0 / 3.0))
    );
    assert_eq!(totals.cost_usd.to_string(), "0.8");
    assert_eq!(report.tasks.mean_confidence, Some(0.5));
    assert_eq!(report.tasks.by_type["t"], totals);
    assert_eq!(report.tasks.attune.total_tasks, 7);
    assert_eq!(report.tasks.attune.accuracy_rate, Some(3.0 / 7.0));

    let log = log.join("\n");
    let report = read(until("2026-11-03"), &[(LogKind::TaskRouting, &log)]).task_routing_report();
    assert_eq!(
        (report.tasks.totals.running, report.tasks.totals.completed),
        (1, 1)
    );
    assert_eq!(report.provenance.outside_window, 1);
}

#[test]
fn no_data_is_no_rate() {
    let telemetry = read(ReadOptions::default(), &[]);
    assert_eq!(
        telemetry.task_routing_report().tasks.totals.accuracy_rate,
        None
    );
    assert_eq!(telemetry.help_report(10).totals.miss_rate, None);
    let tests = telemetry.test_status_report(10);
    assert_eq!(tests.test_runs.totals.mean_duration_ms, None);
    assert_eq!(tests.coverage.trend, CoverageTrend::NoData);
    let agents = telemetry.agent_performance_report();
    assert_eq!(agents.agents.totals.automation_rate, None);
    let fallbacks = telemetry.sonnet_opus_report(&PriceTable::builtin());
    assert_eq!(fallbacks.verdict, FallbackVerdict::NoData);
    assert!(telemetry.usage_report().cost_books.is_empty());
}

fn coverage(points: &[(&str, &str)]) -> CoverageView {
    let log: Vec<_> = points
        .iter()
        .map(|(day, percentage)| {
            format!(
                r#"{{"record_id":"c","timestamp":"2026-11-{day}","overall_percentage":{percentage},"lines_total":1,"lines_covered":1}}"#
            )
        })
        .collect();
    lines(LogKind::CoverageHistory, &log)
        .test_status_report(10)
        .coverage
}

#[test]
fn more_than_a_point_of_coverage_is_a_trend() {
    let trend = |points: &[(&str, &str)]| coverage(points).trend;
    assert_eq!(trend(&[("01", "70"), ("02", "71")]), CoverageTrend::Stable);
    assert_eq!(
        trend(&[("01", "70"), ("02", "71.000000001")]),
        CoverageTrend::Improving
    );
    assert_eq!(trend(&[("01", "70"), ("02", "69")]), CoverageTrend::Stable);
    assert_eq!(
        trend(&[("01", "70"), ("02", "68.9")]),
        CoverageTrend::Declining
    );
    // By time, not by the order of the log.
    assert_eq!(
        trend(&[("03", "70"), ("01", "50")]),
        CoverageTrend::Improving
    );
    let one = coverage(&[("01", "62.5")]);
    assert_eq!(
        (one.trend, one.change_share),
        (CoverageTrend::OneRecord, None)
    );
    assert_eq!((one.current_share, one.first_share), (Some(0.625), None));
}

#[test]
fn failing_tests_are_told_apart_by_file_and_counted_when_left_out() {
    let run = |suite: &str, success: bool, failed: &str| {
        format!(
            r#"{{"execution_id":"e","timestamp":"2026-11-01","test_suite":"{suite}","duration_seconds":0.5,"total_tests":3,"failed":1,"errors":1,"success":{success},"failed_tests":[{failed}]}}"#
        )
    };
    let log = [
        run("unit", false, r#"{"name":"t","file":"b.py"},{"name":"u"}"#),
        run(
            "unit",
            false,
            r#"{"name":"t","file":"b.py"},{"name":"t","file":"a.py"}"#,
        ),
        run("e2e", true, ""),
    ];
    let runs = lines(LogKind::TestExecutions, &log)
        .test_status_report(1)
        .test_runs;
    assert_eq!((runs.totals.runs, runs.totals.succeeded), (3, 1));
    assert_eq!((runs.totals.failed, runs.totals.errors), (3, 3));
    assert_eq!(runs.totals.mean_duration_ms, Some(Millis(500_000)));
    assert_eq!(runs.by_suite["e2e"].success_rate, Some(1.0));
    let worst = &runs.most_failing[0];
    assert_eq!(
        (&*worst.name, worst.file.as_deref(), worst.failures),
        ("t", Some("b.py"), 2)
    );
    assert_eq!((runs.most_failing.len(), runs.failing_left_out), (1, 2));
}

#[test]
fn agents_are_judged_by_what_they_have_completed() {
    let assignment = |id: &str, status: &str, success: bool, hours: &str| {
        format!(
            r#"{{"assignment_id":"{id}","timestamp":"2026-11-01","task_id":"t","task_title":"t","task_description":"d","assigned_agent":"a","status":"{status}","success":{success},"actual_duration_hours":{hours},"human_review_required":true}}"#
        )
    };
    let log = [
        assignment("1", "assigned", false, "null"),
        assignment("1", "completed", true, "1.5"),
        assignment("2", "completed", true, "null"),
        assignment("3", "blocked", false, "null"),
    ];
    let view = lines(LogKind::AgentAssignments, &log)
        .agent_performance_report()
        .agents;
    let agent = view.by_agent["a"];
    assert_eq!(
        (agent.assignments, agent.completed, agent.blocked),
        (3, 2, 1)
    );
    assert_eq!(agent.success_rate, Some(1.0));
    assert_eq!(agent.mean_duration_ms, Some(Millis(5_400_000_000)));
    assert_eq!(agent.human_review_rate, Some(1.0));
    let attune = view.attune.by_agent["a"];
    assert_eq!((attune.assignments, attune.success_rate), (4, Some(0.5)));
    assert_eq!(attune.avg_duration_ms, Some(Millis(2_700_000_000)));
}

#[test]
fn the_newest_record_of_a_file_counts() {
    let test = |file: &str, day: &str, result: &str, stale: bool| {
        format!(
            r#"{{"file_path":"{file}","timestamp":"2026-11-{day}","last_test_result":"{result}","test_count":1,"is_stale":{stale}}}"#
        )
    };
    let log = [
        test("b.py", "02", "passed", false),
        test("b.py", "01", "failed", true),
        test("a.py", "01", "failed", false),
        test("a.py", "01", "error", true),
        test("c.py", "01", "flaky", false),
    ];
    let telemetry = lines(LogKind::FileTests, &log);
    let all = telemetry.file_test_report(&FileTestFilter::default());
    let seen: Vec<_> = all.files.iter().map(|f| (&*f.file, &*f.result)).collect();
    assert_eq!(
        seen,
        [("a.py", "error"), ("b.py", "passed"), ("c.py", "flaky")]
    );
    assert_eq!((all.totals.error_files, all.totals.other_files), (1, 1));
    let limited = telemetry.file_test_report(&FileTestFilter {
        limit: Some(2),
        ..FileTestFilter::default()
    });
    assert_eq!(
        (limited.totals.matching_files, limited.files_left_out),
        (3, 1)
    );
    let none = telemetry.file_test_report(&FileTestFilter {
        file: Some("b.py".to_string()),
        failed: true,
        ..FileTestFilter::default()
    });
    assert_eq!((none.known_files, none.totals.matching_files), (3, 0));
}

#[test]
fn questions_are_counted_as_they_were_written() {
    let query = |topic: &str, source: &str, found: bool, more: &str| {
        format!(
            r#"{{"v":"1.0","ts":"2026-11-01","source":"{source}","mode":"m","topic":"{topic}","success":true,"found":{found}{more}}}"#
        )
    };
    let queries = [
        query("ttl", "rag", true, ""),
        query("ttl", "rag", false, r#","duration_ms":1.5"#),
        query("TTL", "mcp", false, r#","duration_ms":2.5"#),
        query("keys", "mcp", true, ""),
    ];
    let unmatched = [r#"{"v":"1.0","ts":"2026-11-01","mode":"tag","query":"ttl"}"#; 2];
    let report = read(
        ReadOptions::default(),
        &[
            (LogKind::HelpQueries, &queries.join("\n")),
            (LogKind::HelpUnmatched, &unmatched.join("\n")),
        ],
    )
    .help_report(1);
    assert_eq!((report.totals.queries, report.totals.not_found), (4, 2));
    assert_eq!(report.totals.miss_rate, Some(0.5));
    assert_eq!(report.totals.mean_duration_ms, Some(Millis(2000)));
    assert_eq!(
        (&*report.top_topics[0].topic, report.top_topics[0].queries),
        ("ttl", 2)
    );
    assert_eq!((report.topics_left_out, report.misses_left_out), (2, 0));
    assert_eq!(
        (&*report.top_misses[0].query, report.top_misses[0].times),
        ("ttl", 2)
    );
    assert_eq!(report.by_source["help_lookup"].unmatched, 2);
    assert_eq!(report.by_mode["tag"].totals.queries, 0);
    assert_eq!(report.by_source["mcp"].totals.miss_rate, Some(0.5));
    assert_eq!(report.provenance.log_versions["1.0"], 6);
}

fn call(provider: &str, model: &str, more: &str) -> String {
    format!(
        r#"{{"call_id":"c","timestamp":"2026-11-01T10:00:00Z","provider":"{provider}","model_id":"{model}","input_tokens":1000000,"estimated_cost":1{more}}}"#
    )
}

#[test]
fn families_are_told_by_name_and_the_ids_are_listed() {
    let log = [
        call("anthropic", "claude-sonnet-5", ""),
        call(
            "anthropic",
            "claude-sonnet-4-5-20250929",
            r#","success":false"#,
        ),
        call(
            "bedrock",
            "anthropic.Claude-Opus-4-5",
            r#","fallback_used":true,"actual_cost":2"#,
        ),
        call("anthropic", "claude-fable-5", ""),
        call("anthropic", "claude-haiku-4-5", ""),
    ];
    let telemetry = lines(LogKind::LlmCalls, &log);
    let report = telemetry.sonnet_opus_report(&PriceTable::builtin());
    assert_eq!(
        (report.calls, report.sonnet_attempts, report.fallbacks),
        (4, 2, 1)
    );
    assert_eq!(report.sonnet_success_rate, Some(0.5));
    assert_eq!(report.fallback_rate, Some(1.0 / 3.0));
    assert_eq!(report.verdict, FallbackVerdict::High);
    assert_eq!(
        (report.cost_usd.to_string().as_str(), report.estimated_calls),
        ("5", 3)
    );
    assert_eq!(report.always_premium.baseline_usd.to_string(), "40");
    assert_eq!(report.always_premium.savings_usd.to_string(), "35");
    let listed: Vec<_> = report
        .families
        .iter()
        .map(|(family, models)| (*family, models.len(), models[0].counted_by_attune))
        .collect();
    assert_eq!(
        listed,
        [("fable", 1, true), ("opus", 1, false), ("sonnet", 2, false)]
    );
    let attune = report.attune;
    assert_eq!((attune.total_calls, attune.opus_fallbacks), (2, 0));
    assert_eq!(
        attune.always_opus_usd.map(|usd| usd.to_string()).as_deref(),
        Some("20")
    );
    assert_eq!(
        report.provenance.notes,
        ["calls of models of other families, which are not counted: 1"]
    );
}

#[test]
fn no_price_is_made_up_for_the_baseline() {
    let log = [
        call("anthropic", "claude-sonnet-5", ""),
        call("anthropic", "claude-sonnet-5", "").replace("1000000", "0"),
        call("anthropic", "claude-sonnet-5", "")
            .replace("11-01", "11-02")
            .replace("1000000", "0"),
    ];
    let telemetry = lines(LogKind::LlmCalls, &log);
    let report = telemetry.sonnet_opus_report(&PriceTable::builtin());
    assert_eq!(report.always_premium.baseline_model, BASELINE_MODEL);
    // A day without any tokens cannot be compared.
    assert_eq!(
        (
            report.always_premium.calls,
            report.always_premium.calls_left_out
        ),
        (2, 1)
    );
    assert_eq!(report.verdict, FallbackVerdict::Excellent);
}

#[test]
fn verdicts_change_at_their_limits() {
    let verdict = |fallbacks: usize| {
        let mut log = alloc::vec![call("anthropic", "claude-sonnet-5", ""); 100 - fallbacks];
        log.resize(
            100,
            call("anthropic", "claude-opus-5", r#","fallback_used":true"#),
        );
        lines(LogKind::LlmCalls, &log)
            .sonnet_opus_report(&PriceTable::builtin())
            .verdict
    };
    assert_eq!(verdict(4), FallbackVerdict::Excellent);
    assert_eq!(verdict(5), FallbackVerdict::Moderate);
    assert_eq!(verdict(14), FallbackVerdict::Moderate);
    assert_eq!(verdict(15), FallbackVerdict::High);
}

#[test]
fn books_of_costs_stand_apart_and_local_times_are_said() {
    let run = r#"{"run_id":"r","workflow_name":"w","started_at":"2026-11-01T10:00:00Z","total_cost":0.5,"baseline_cost":0.4,"savings":-0.1}"#;
    let entry = |at: &str| {
        format!(r#"{{"timestamp":"2026-11-{at}","model":"m","input_tokens":7,"actual_cost":0.25}}"#)
    };
    let costs = [
        entry("01T23:30:00"),
        entry("02T00:30:00"),
        entry("02T00:30:00Z"),
    ]
    .join("\n");
    let options = ReadOptions {
        naive_shift_us: -3_600_000_000,
        ..until("2026-11-02")
    };
    let logs = [
        (LogKind::WorkflowRuns, run),
        (LogKind::Costs, &*costs),
        (LogKind::FormEvents, "{}\n{}"),
        (
            LogKind::MemoryEvents,
            r#"{"v":"1.0","ts":"2026-11-01","event":"session_recall"}"#,
        ),
        (
            LogKind::DiagnosisRecords,
            r#"{"diagnosis_id":"d","source_run_id":"r","workflow_name":"w","created_at":"2026-11-05"}"#,
        ),
    ];
    let report = read(options, &logs).usage_report();
    assert_eq!(report.totals.cost_usd.to_string(), "0");
    assert_eq!(
        report.cost_books.keys().copied().collect::<Vec<_>>(),
        ["costs", "workflow_runs"]
    );
    let runs = report.cost_books["workflow_runs"];
    assert_eq!(runs.cost_usd.to_string(), "0.5");
    assert_eq!(
        runs.savings_usd.map(|change| change.to_string()).as_deref(),
        Some("-0.1")
    );
    // Half past midnight, local time one hour east, is the day before in UTC.
    let costs = report.cost_books["costs"];
    assert_eq!(
        (costs.records, costs.tokens_in, costs.outside_window),
        (2, 14, 1)
    );
    assert_eq!(report.other_logs["form_events"].records, 2);
    assert_eq!(
        report.other_logs["memory_events"].by_event["session_recall"],
        1
    );
    let diagnoses = &report.other_logs["diagnosis_records"];
    assert_eq!((diagnoses.records, diagnoses.outside_window), (0, 1));
    assert_eq!(
        report.provenance.notes,
        [
            "times in costs that state no offset from UTC: 2; they are their writer's local time and \
          were read with the offset +01:00"
        ]
    );
}

#[test]
fn a_report_rests_on_its_own_logs_only() {
    let telemetry = read(
        ReadOptions::default(),
        &[
            (LogKind::TaskRouting, "null\n"),
            (LogKind::FileTests, "{}\n[]\n"),
        ],
    );
    let report = telemetry.file_test_report(&FileTestFilter::default());
    let sources: Vec<_> = report.provenance.sources.iter().map(|s| s.kind).collect();
    assert_eq!(sources, [LogKind::FileTests]);
    assert_eq!(report.provenance.skipped.lines, 2);
    assert_eq!(telemetry.tier1_report(10).provenance.skipped.lines, 1);
    assert_eq!(telemetry.usage_report().provenance.skipped.lines, 3);
}

#[test]
fn a_sum_at_its_end_is_said_to_be_a_lower_bound() {
    let runs = r#"{"run_id":"r","workflow_name":"w","started_at":"2026-11-01","total_cost":9e9}"#;
    let runs = [runs; 2].join("\n");
    let report = read(ReadOptions::default(), &[(LogKind::WorkflowRuns, &runs)]).usage_report();
    assert_eq!(
        report.provenance.notes,
        ["a total is larger than can be counted: it is a lower bound"]
    );
    let log = alloc::vec![
        task("a", "01T10:00", "completed", true).replace("0.2", "9e9"),
        task("b", "01T10:00", "completed", true).replace("0.2", "9e9"),
    ];
    let telemetry = lines(LogKind::TaskRouting, &log);
    assert_eq!(telemetry.task_routing_report().provenance.notes.len(), 1);
    assert_eq!(telemetry.tier1_report(1).provenance.notes.len(), 1);
}
