//! Whatever the cuts, the parts of a log merge to the whole.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;

use crate::log_kind::LogKind;
use crate::telemetry::{LogScan, ReadOptions, Telemetry};
use crate::time::{Timestamp, Window};
use crate::view::{ReportKind, ReportParams, to_json};

/// A line of each log. `DAY` is a day of November, `ID` one of a few names, `NUM`
/// a number, `YES` a boolean, `STATE` one of a few states, `ZONE` an offset or none.
const LINES: &[(LogKind, &str)] = &[
    (
        LogKind::HelpQueries,
        r#"{"v":"1.0","ts":"2026-11-DAYT10:00:00+00:00","source":"s-ID","mode":"m-STATE","topic":"t-ID","success":YES,"found":YES,"duration_ms":NUM.5}"#,
    ),
    (
        LogKind::HelpUnmatched,
        r#"{"ts":"2026-11-DAYT10:00:00+00:00","mode":"m-STATE","query":"q-ID"}"#,
    ),
    (
        LogKind::WorkflowRuns,
        r#"{"run_id":"r","workflow_name":"w","started_at":"2026-11-DAYT10:00:00Z","total_cost":0.NUM,"savings":-NUM.25,"baseline_cost":NUM,"total_input_tokens":NUM}"#,
    ),
    (
        LogKind::LlmCalls,
        r#"{"call_id":"c","timestamp":"2026-11-DAYT23:30:00ZONE","provider":"anthropic","model_id":"claude-sonnet-ID","input_tokens":NUM,"output_tokens":7,"estimated_cost":0.NUM,"fallback_used":YES,"success":YES}"#,
    ),
    (
        LogKind::LlmCalls,
        r#"{"call_id":"c","timestamp":"2026-11-DAYT23:30:00ZONE","provider":"p-ID","model_id":"Claude-Opus-4-8","input_tokens":NUM,"actual_cost":0.NUM,"fallback_used":YES}"#,
    ),
    (
        LogKind::TaskRouting,
        r#"{"routing_id":"r-ID","timestamp":"2026-11-DAYT10:00:00Z","task_description":"d","task_type":"t-ID","task_complexity":"simple","assigned_agent":"a","assigned_tier":"cheap","routing_strategy":"STATE","confidence_score":0.NUM,"status":"STATE","success":YES,"actual_cost":0.NUM}"#,
    ),
    (
        LogKind::TestExecutions,
        r#"{"execution_id":"e","timestamp":"2026-11-DAYT10:00:00Z","test_suite":"s-ID","duration_seconds":NUM.125,"total_tests":NUM,"failed":NUM,"failed_tests":[{"name":"t-ID","file":"f-STATE"},{"name":"t-ID"}],"success":YES}"#,
    ),
    (
        LogKind::CoverageHistory,
        r#"{"record_id":"c","timestamp":"2026-11-DAYT10:00:00Z","overall_percentage":NUM.5,"lines_total":10,"lines_covered":1}"#,
    ),
    (
        LogKind::AgentAssignments,
        r#"{"assignment_id":"a-ID","timestamp":"2026-11-DAYT10:00:00Z","task_id":"t","task_title":"t","task_description":"d","assigned_agent":"agent-STATE","status":"STATE","success":YES,"automated_eligible":YES,"actual_duration_hours":0.NUM}"#,
    ),
    (
        LogKind::FileTests,
        r#"{"file_path":"ID.py","timestamp":"2026-11-DAYT10:00:00Z","last_test_result":"STATE","test_count":NUM,"is_stale":YES}"#,
    ),
    (
        LogKind::DiagnosisRecords,
        r#"{"diagnosis_id":"d","source_run_id":"r","workflow_name":"w","created_at":"2026-11-DAYT10:00:00Z","schema_version":NUM,"status":"STATE"}"#,
    ),
    (
        LogKind::MemoryEvents,
        r#"{"v":"1.0","ts":"2026-11-DAYT10:00:00Z","event":"STATE","count":NUM}"#,
    ),
    (
        LogKind::Costs,
        r#"{"timestamp":"2026-11-DAYT23:30:00ZONE","model":"m","tier":"cheap","input_tokens":NUM,"actual_cost":0.NUM,"baseline_cost":NUM,"savings":-0.NUM}"#,
    ),
];

const STATES: [&str; 6] = [
    "pending",
    "running",
    "completed",
    "failed",
    "passed",
    "no_tests",
];

fn options() -> ReadOptions {
    ReadOptions {
        window: Window {
            from: Timestamp::parse("2026-11-02").ok(),
            to: Timestamp::parse("2026-11-06T12:00:00Z").ok(),
        },
        naive_shift_us: 3_600_000_000,
        ..ReadOptions::default()
    }
}

/// All reports of a finished scan, and its log of lines.
fn reports(kind: LogKind, scan: LogScan) -> String {
    let log = format!("{:?}", scan.log());
    let mut telemetry = Telemetry::new(options());
    telemetry.absorb(kind.to_string(), 0, scan);
    let params = ReportParams::default();
    ReportKind::ALL
        .into_iter()
        .filter_map(|report| telemetry.report_json(report, &params))
        .fold(log, |all, report| all + "\n" + &report)
}

/// A kind of log and some of its lines, a few of them broken.
fn log() -> impl Strategy<Value = (LogKind, Vec<String>)> {
    (0..LINES.len()).prop_flat_map(|which| {
        let (kind, template) = LINES[which];
        prop::collection::vec(line(template), 0..30).prop_map(move |lines| (kind, lines))
    })
}

fn line(template: &'static str) -> impl Strategy<Value = String> {
    let zone = prop_oneof![Just(""), Just("Z"), Just("+05:00")];
    let values = (
        1..9_u8,
        0..3_u8,
        0..500_u16,
        any::<bool>(),
        0..STATES.len(),
        zone,
    );
    let good = values.prop_map(|(day, id, number, yes, state, zone)| {
        template
            .replace("DAY", &format!("{day:02}"))
            .replace("ID", &id.to_string())
            .replace("NUM", &number.to_string())
            .replace("YES", if yes { "true" } else { "false" })
            .replace("STATE", STATES[state])
            .replace("ZONE", zone)
            + "\n"
    });
    let odd = prop_oneof![Just("{\"ts\":\n"), Just("null\n"), Just("\n")];
    prop_oneof![6 => good, 1 => odd.prop_map(String::from)]
}

#[test]
fn every_template_is_a_record() {
    let fill = |template: &str| {
        template
            .replace("DAY", "03")
            .replace("NUM", "12")
            .replace("YES", "true")
            .replace("ZONE", "")
    };
    for (kind, template) in LINES {
        let mut scan = LogScan::new(*kind, &options(), 0);
        scan.push(fill(template).as_bytes());
        scan.finish();
        assert_eq!(scan.log().records, 1, "{kind}: {:?}", scan.log().samples);
    }
}

proptest! {
    #[test]
    fn parts_merge_to_the_whole(
        (kind, lines) in log(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let mut whole = LogScan::new(kind, &options(), 0);
        whole.push(lines.concat().as_bytes());
        whole.finish();

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(lines.len() + 1)).collect();
        cuts.push(lines.len());
        cuts.sort_unstable();
        let mut merged = LogScan::new(kind, &options(), 0);
        let (mut first, mut offset) = (0, 0);
        for cut in cuts {
            let text = lines[first..cut].concat();
            let mut part = LogScan::new(kind, &options(), offset);
            part.push(text.as_bytes());
            part.finish();
            merged.merge(part);
            first = cut;
            offset += text.len() as u64;
        }
        prop_assert_eq!(reports(kind, merged), reports(kind, whole));
    }
}

#[test]
fn logs_of_different_kinds_do_not_merge() {
    let line = r#"{"v":"1.0","ts":"2026-11-03T10:00:00Z","event":"e"}"#;
    let mut events = LogScan::new(LogKind::MemoryEvents, &options(), 0);
    events.push(line.as_bytes());
    events.finish();
    let before = events.log().clone();
    let mut other = LogScan::new(LogKind::HelpQueries, &options(), 0);
    other.push(line.as_bytes());
    other.finish();
    events.merge(other);
    assert_eq!(events.log(), &before);
}

#[test]
fn a_report_is_of_json_with_the_names_of_its_views() {
    // What is flattened into a report must not write a name twice.
    let telemetry = Telemetry::new(options());
    for kind in ReportKind::ALL {
        let Some(json) = telemetry.report_json(kind, &ReportParams::default()) else {
            continue;
        };
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            to_json(&value).len(),
            json.len(),
            "{}: a name stands there twice",
            kind.name()
        );
    }
}
