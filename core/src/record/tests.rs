//! The field table of each record: what is needed, what may be `null`, what type
//! each field has and what it is where it is not there.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Debug;

use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::json::RecordError;

/// What a parser makes of a line: the record's debug form, or the error.
type Parse = fn(&str) -> Result<String, String>;

fn shown<T: Debug>(parsed: Result<T, RecordError>) -> Result<String, String> {
    parsed
        .map(|record| format!("{record:?}"))
        .map_err(|error| error.kind.to_string())
}

/// A record's format: a line with every field set, and the fields' rules.
struct Table {
    name: &'static str,
    parse: Parse,
    line: &'static str,
    required: &'static [&'static str],
    nullable: &'static [&'static str],
    /// The record of a line with nothing but the required fields, in debug form
    /// from the first field that has a default.
    defaults: &'static [&'static str],
}

macro_rules! parser {
    ($record:path) => {
        |line| shown(<$record>::parse(line))
    };
}

const TABLES: &[Table] = &[
    Table {
        name: "help_queries",
        parse: parser!(super::help_query::HelpQuery),
        line: r#"{"v": "1.0", "ts": "2026-11-20T09:01:02.345678+00:00", "source": "help_lookup", "mode": "progressive", "topic": "signal ttl", "success": true, "found": false, "duration_ms": 3.1, "metadata": {"depth_level": 2}}"#,
        required: &["ts", "source", "mode", "topic", "success", "found"],
        nullable: &["v", "duration_ms"],
        defaults: &["version: None", "duration_us: None", "metadata: \"{}\""],
    },
    Table {
        name: "help_unmatched",
        parse: parser!(super::help_unmatched::HelpUnmatched),
        line: r#"{"v": "1.0", "ts": "2026-11-20T11:44:26.154316+00:00", "source": "rag", "mode": "preamble", "query": "race condition", "metadata": {"a": 1}}"#,
        required: &["ts", "mode", "query"],
        nullable: &["v"],
        defaults: &[
            "version: None",
            "source: \"help_lookup\"",
            "metadata: \"{}\"",
        ],
    },
    Table {
        name: "workflow_runs",
        parse: parser!(super::workflow_run::WorkflowRun),
        line: r#"{"run_id": "run-000", "workflow_name": "code-review", "started_at": "2026-11-20T10:44:25.855045+00:00", "completed_at": "2026-11-20T11:44:25.855045+00:00", "user_id": "u", "session_id": "s", "trigger": "manual", "project": "demo", "stages": [{"stage_name": "analysis", "tier": "cheap", "model_id": "claude-haiku-4-5", "input_tokens": 1000, "output_tokens": 200, "cost": 0.002, "latency_ms": 1500, "success": true, "skipped": false, "skip_reason": null, "error": null}], "total_input_tokens": 3000, "total_output_tokens": 700, "total_cost": 0.047, "baseline_cost": 0.065, "savings": 0.018, "savings_percent": 27.7, "total_duration_ms": 7500, "success": true, "error": "e", "providers_used": ["anthropic"], "tiers_used": ["cheap"]}"#,
        required: &["run_id", "workflow_name", "started_at"],
        nullable: &[
            "completed_at",
            "user_id",
            "session_id",
            "trigger",
            "project",
            "error",
        ],
        defaults: &[
            "stages: []",
            "cost: Usd(0)",
            "savings: UsdChange(0)",
            "success: true",
            "tiers_used: []",
        ],
    },
    Table {
        name: "llm_calls",
        parse: parser!(super::llm_call::LlmCall),
        line: r#"{"call_id": "c", "timestamp": "2026-11-20T11:44:25.855045", "workflow_name": "w", "step_name": "analysis", "user_id": "u", "session_id": "s", "task_type": "code_review", "provider": "bedrock", "tier": "premium", "model_id": "claude-sonnet-5", "input_tokens": 3235, "output_tokens": 346, "estimated_cost": 0.014895, "actual_cost": 0.015, "latency_ms": 1684, "fallback_used": true, "fallback_chain": ["a"], "original_provider": "p", "original_model": "m", "retry_count": 1, "circuit_breaker_state": "open", "success": false, "error_type": "t", "error_message": "m", "metadata": {"k": [1]}}"#,
        required: &["call_id", "timestamp"],
        nullable: &[
            "workflow_name",
            "step_name",
            "user_id",
            "session_id",
            "actual_cost",
            "original_provider",
            "original_model",
            "circuit_breaker_state",
            "error_type",
            "error_message",
        ],
        defaults: &[
            "zone: Naive",
            "task_type: \"unknown\"",
            "provider: \"anthropic\"",
            "tier: \"capable\"",
            "model: \"\"",
            "tokens_in: 0",
            "actual_cost: None",
            "fallback_used: false",
            "success: true",
        ],
    },
    Table {
        name: "task_routing",
        parse: parser!(super::task_routing::TaskRouting),
        line: r#"{"routing_id": "routing-000", "timestamp": "2026-11-20T11:14:25.855045+00:00", "task_description": "demo", "task_type": "code-review", "task_complexity": "simple", "assigned_agent": "code-review", "assigned_tier": "anthropic", "routing_strategy": "rule_based", "task_dependencies": ["t"], "confidence_score": 0.5, "status": "completed", "started_at": "2026-11-20T11:14:25.855045+00:00", "completed_at": "2026-11-20T11:20:25.855045+00:00", "success": true, "quality_score": 0.9, "retry_count": 1, "error_type": "t", "error_message": "m", "estimated_cost": 0.1, "actual_cost": 0.01, "user_id": "u", "session_id": "s", "metadata": {}}"#,
        required: &[
            "routing_id",
            "timestamp",
            "task_description",
            "task_type",
            "task_complexity",
            "assigned_agent",
            "assigned_tier",
            "routing_strategy",
        ],
        nullable: &[
            "started_at",
            "completed_at",
            "quality_score",
            "error_type",
            "error_message",
            "actual_cost",
            "user_id",
            "session_id",
        ],
        defaults: &[
            "confidence: 1000000000",
            "status: \"pending\"",
            "success: false",
            "quality: None",
            "estimated_cost: Usd(0)",
        ],
    },
    Table {
        name: "test_executions",
        parse: parser!(super::test_execution::TestExecution),
        line: r#"{"execution_id": "test-000", "timestamp": "2026-11-20T10:44:25.855045+00:00", "test_suite": "unit", "test_files": ["a.py"], "triggered_by": "ci", "command": "pytest -q", "working_directory": "/repo", "duration_seconds": 12.5, "total_tests": 100, "passed": 98, "failed": 2, "skipped": 0, "errors": 0, "coverage_percentage": 70.5, "coverage_report_path": "cov.xml", "failed_tests": [{"name": "test_a", "file": "t.py", "error": "assert 1 == 2"}], "success": false, "exit_code": -1, "workflow_id": "w", "metadata": {}}"#,
        required: &["execution_id", "timestamp", "test_suite"],
        nullable: &["coverage_percentage", "coverage_report_path", "workflow_id"],
        defaults: &[
            "triggered_by: \"manual\"",
            "command: \"\"",
            "duration_us: 0",
            "failed_tests: []",
            "success: false",
            "exit_code: 0",
        ],
    },
    Table {
        name: "coverage_history",
        parse: parser!(super::coverage::Coverage),
        line: r#"{"record_id": "cov-000", "timestamp": "2026-11-19T15:44:25.855045+00:00", "overall_percentage": 70, "lines_total": 1000, "lines_covered": 700, "branches_total": 1, "branches_covered": 1, "files_total": 1, "files_well_covered": 1, "files_critical": 1, "untested_files": ["x.py"], "critical_gaps": [{"file": "x.py", "coverage": 10.0, "priority": "high"}], "previous_percentage": 69.5, "trend": "stable", "coverage_format": "lcov", "coverage_file": "f", "workflow_id": "w", "metadata": {}}"#,
        required: &[
            "record_id",
            "timestamp",
            "overall_percentage",
            "lines_total",
            "lines_covered",
        ],
        nullable: &["previous_percentage", "trend", "workflow_id"],
        defaults: &[
            "overall_percentage: 70000000000",
            "branches_total: 0",
            "critical_gaps: []",
            "format: \"xml\"",
            "file: \"\"",
        ],
    },
    Table {
        name: "agent_assignments",
        parse: parser!(super::agent_assignment::AgentAssignment),
        line: r#"{"assignment_id": "asg-000", "timestamp": "2026-11-20T10:44:25.855045+00:00", "task_id": "t0", "task_title": "demo", "task_description": "demo", "assigned_agent": "reviewer", "task_spec_clarity": 0.5, "assignment_reason": "r", "estimated_duration_hours": 0.6, "has_clear_spec": true, "has_dependencies": true, "requires_human_review": true, "automated_eligible": true, "status": "in_progress", "started_at": "2026-11-20T10:44:25Z", "completed_at": "2026-11-20T10:44:26Z", "actual_duration_hours": 0.7, "success": true, "quality_check_passed": true, "human_review_required": true, "workflow_id": "w", "metadata": {}}"#,
        required: &[
            "assignment_id",
            "timestamp",
            "task_id",
            "task_title",
            "task_description",
            "assigned_agent",
        ],
        nullable: &[
            "started_at",
            "completed_at",
            "actual_duration_hours",
            "workflow_id",
        ],
        defaults: &[
            "spec_clarity: 0",
            "reason: \"\"",
            "estimated_duration_us: 0",
            "status: \"assigned\"",
            "success: false",
        ],
    },
    Table {
        name: "file_tests",
        parse: parser!(super::file_test::FileTest),
        line: r#"{"file_path": "src/m1.py", "timestamp": "2026-11-20T02:44:25.855045+00:00", "last_test_result": "failed", "test_count": 5, "passed": 4, "failed": 1, "skipped": 0, "errors": 0, "duration_seconds": 1.2, "coverage_percent": 50.0, "lines_total": 1, "lines_covered": 1, "test_file_path": "t.py", "failed_tests": [{"name": "test_x", "error": "boom"}], "source_modified_at": "2026-11-20T02:44:25Z", "tests_modified_at": "2026-11-20T02:44:25Z", "is_stale": true, "execution_id": "e", "workflow_id": "w", "metadata": {}}"#,
        required: &["file_path", "timestamp", "last_test_result", "test_count"],
        nullable: &[
            "coverage_percent",
            "test_file_path",
            "source_modified_at",
            "tests_modified_at",
            "execution_id",
            "workflow_id",
        ],
        defaults: &[
            "passed: 0",
            "duration_us: 0",
            "failed_tests: []",
            "is_stale: false",
        ],
    },
    Table {
        name: "diagnosis_records",
        parse: parser!(super::diagnosis::Diagnosis),
        line: r#"{"diagnosis_id": "diag-001", "source_run_id": "run-003", "workflow_name": "test-gen", "created_at": "2026-11-20T10:44:25.855045+00:00", "schema_version": 1, "status": "closed", "origin": "o", "symptom": "boom", "prior_lessons": ["l"], "priors_degraded": "d", "evidence": [{"kind": "observed", "source": "log-tail", "content": "c"}], "hypotheses": [{"statement": "s", "rank": 2, "confidence": "high", "supporting": ["a"], "contradicting": []}], "synthesis": "y", "dissent": ["n"], "panel": {}, "proposed_fix": {}, "config_used": {}}"#,
        required: &[
            "diagnosis_id",
            "source_run_id",
            "workflow_name",
            "created_at",
        ],
        nullable: &["schema_version", "priors_degraded", "synthesis"],
        defaults: &[
            "status: \"open\"",
            "origin: \"operational\"",
            "symptom: \"\"",
            "evidence: []",
            "panel: \"{}\"",
        ],
    },
    Table {
        name: "memory_events",
        parse: parser!(super::memory_event::MemoryEvent),
        line: r#"{"v":"1.0","ts":"2026-11-20T11:44:26.175097Z","event":"memory_feedback","session_id":"sess-0"}"#,
        required: &["ts", "event"],
        nullable: &["v", "session_id"],
        defaults: &["version: None", "session_id: None"],
    },
    Table {
        name: "costs",
        parse: parser!(super::cost_entry::CostEntry),
        line: r#"{"timestamp": "2026-11-20T11:44:26.175097", "model": "claude-haiku-4-5", "tier": "cheap", "task_type": "summarize", "input_tokens": 1000, "output_tokens": 500, "actual_cost": 0.0035, "baseline_cost": 0.035, "savings": 0.0315}"#,
        required: &["timestamp", "model", "actual_cost"],
        nullable: &[],
        defaults: &[
            "zone: Naive",
            "tier: \"unknown\"",
            "tokens_out: 0",
            "baseline_cost: Usd(0)",
            "savings: UsdChange(0)",
        ],
    },
    Table {
        name: "signals",
        parse: parser!(super::signal::Signal),
        line: r#"{"signal_id": "signal_0a1b2c3d", "signal_type": "ready", "source_agent": "builder", "target_agent": "tester", "payload": {"step": 2}, "timestamp": "2026-11-20T10:00:00.123456+00:00", "ttl_seconds": 600}"#,
        required: &["signal_id", "signal_type", "source_agent"],
        nullable: &["target_agent"],
        defaults: &[
            "target_agent: None",
            "payload: {}",
            "timestamp: None",
            "ttl_seconds: 60",
        ],
    },
    Table {
        name: "heartbeats",
        parse: parser!(super::heartbeat::Heartbeat),
        line: r#"{"agent_id": "builder-1", "status": "running", "progress": 0.4, "current_task": "link", "last_beat": "2026-11-20T10:00:00.123456+00:00", "metadata": {"interval_s": 5}, "display_name": "Builder"}"#,
        required: &["agent_id", "status", "progress", "current_task"],
        nullable: &["display_name"],
        defaults: &["last_beat: None", "metadata: {}", "display_name: None"],
    },
    Table {
        name: "approval_requests",
        parse: parser!(super::approval_request::ApprovalRequest),
        line: r#"{"request_id": "approval_11223344", "approval_type": "deploy", "agent_id": "wf-1", "context": {"v": "1.2"}, "timestamp": "2026-11-20T10:00:00.123456+00:00", "timeout_seconds": 10.5, "status": "approved"}"#,
        required: &["request_id", "approval_type", "agent_id"],
        nullable: &[],
        defaults: &[
            "context: {}",
            "timestamp: None",
            "timeout_us: 300000000",
            "status: Pending",
        ],
    },
    Table {
        name: "approval_responses",
        parse: parser!(super::approval_response::ApprovalResponse),
        line: r#"{"request_id": "approval_11223344", "approved": true, "responder": "kim@example.org", "reason": "fine", "timestamp": "2026-11-20T10:02:00.000001+00:00"}"#,
        required: &["request_id"],
        nullable: &[],
        defaults: &[
            "approved: false",
            "responder: \"unknown\"",
            "reason: \"\"",
            "timestamp: None",
        ],
    },
    Table {
        name: "quality_feedback",
        parse: parser!(super::quality_feedback::QualityFeedback),
        line: r#"{"feedback_id": "feedback_0f304f19", "workflow_name": "code-review", "stage_name": "analysis", "tier": "capable", "quality_score": 0.84, "timestamp": "2026-11-20T11:41:18.843472", "metadata": {"tokens": 111}}"#,
        required: &["workflow_name", "stage_name", "tier", "quality_score"],
        nullable: &[],
        defaults: &["feedback_id: \"\"", "timestamp: None", "metadata: {}"],
    },
];

fn fields(line: &str) -> Map<String, Value> {
    serde_json::from_str(line).unwrap()
}

fn without(line: &str, field: &str) -> String {
    let mut fields = fields(line);
    fields.remove(field);
    serde_json::to_string(&fields).unwrap()
}

fn with(line: &str, field: &str, value: Value) -> String {
    let mut fields = fields(line);
    fields.insert(field.to_string(), value);
    serde_json::to_string(&fields).unwrap()
}

/// A value of another type than `value`, but not `null`.
fn other_type(value: &Value) -> Value {
    match value {
        Value::String(_) => Value::Array(alloc::vec![]),
        _ => Value::from("x"),
    }
}

#[test]
fn a_field_that_is_needed_is_missed_and_any_other_is_not() {
    for table in TABLES {
        assert!((table.parse)(table.line).is_ok(), "{}", table.name);
        for field in fields(table.line).keys() {
            let parsed = (table.parse)(&without(table.line, field));
            let case = format!("{} without {field}: {parsed:?}", table.name);
            if table.required.contains(&&**field) {
                assert_eq!(parsed, Err(format!("missing_field: {field}")), "{case}");
            } else {
                assert!(parsed.is_ok(), "{case}");
            }
        }
    }
}

#[test]
fn a_field_of_another_type_is_named() {
    for table in TABLES {
        for (field, value) in fields(table.line) {
            let odd = with(table.line, &field, other_type(&value));
            let error = (table.parse)(&odd).unwrap_err();
            assert!(
                error.starts_with(&format!("wrong_type: {field}: ")),
                "{} {field}: {error}",
                table.name
            );
        }
    }
}

#[test]
fn null_stands_where_the_format_has_it_and_nowhere_else() {
    for table in TABLES {
        for field in fields(table.line).keys() {
            let parsed = (table.parse)(&with(table.line, field, Value::Null));
            assert_eq!(
                parsed.is_ok(),
                table.nullable.contains(&&**field),
                "{} {field}: {parsed:?}",
                table.name
            );
        }
    }
}

#[test]
fn a_field_that_stands_there_twice_is_named() {
    for table in TABLES {
        for (field, value) in fields(table.line) {
            let twice = format!(
                "{},\"{field}\":{value}}}",
                &table.line[..table.line.len() - 1]
            );
            assert_eq!(
                (table.parse)(&twice),
                Err(format!("duplicate_field: {field}")),
                "{}",
                table.name
            );
        }
    }
}

#[test]
fn what_is_not_there_has_the_default_of_its_format() {
    for table in TABLES {
        let mut least = fields(table.line);
        least.retain(|field, _| table.required.contains(&&**field));
        let record = (table.parse)(&serde_json::to_string(&least).unwrap()).unwrap();
        for default in table.defaults {
            assert!(
                record.contains(default),
                "{}: no {default} in {record}",
                table.name
            );
        }
        for field in table.nullable {
            assert_eq!(
                (table.parse)(&without(table.line, field)).map(|_| ()),
                (table.parse)(&with(table.line, field, Value::Null)).map(|_| ()),
                "{} {field}",
                table.name
            );
        }
    }
}

#[test]
fn unknown_fields_are_passed_over() {
    for table in TABLES {
        let more = table
            .line
            .replacen('{', "{\"a field of a later release\": [1], ", 1);
        let (with, without) = ((table.parse)(&more), (table.parse)(table.line));
        if table.name != "memory_events" {
            // That record keeps its whole line.
            assert_eq!(with, without, "{}", table.name);
        }
        assert!(with.is_ok(), "{}", table.name);
    }
}

#[test]
fn values_keep_their_digits() {
    use super::agent_assignment::AgentAssignment;
    use super::workflow_run::WorkflowRun;
    let line = |name: &str| TABLES.iter().find(|table| table.name == name).unwrap().line;
    let assignment = AgentAssignment::parse(line("agent_assignments")).unwrap();
    assert_eq!(assignment.estimated_duration_us, 2_160_000_000);
    assert_eq!(assignment.spec_clarity, 500_000_000);
    let run = WorkflowRun::parse(line("workflow_runs")).unwrap();
    assert_eq!(run.savings.to_string(), "0.018");
    assert_eq!(run.savings_percent, 27_700_000_000);
    assert_eq!(run.stages[0].latency_us, 1_500_000);
    let dear = line("workflow_runs")
        .replace("27.7", "-17900.5")
        .replace("0.018", "-8.95");
    let dear = WorkflowRun::parse(&dear).unwrap();
    assert_eq!(dear.savings_percent, -17_900_500_000_000);
    assert_eq!(dear.savings.to_string(), "-8.95");
}

#[test]
fn a_part_of_a_record_is_held_to_its_own_rules() {
    let parse = |name: &str, from: &str, to: &str| {
        let table = TABLES.iter().find(|table| table.name == name).unwrap();
        assert!(table.line.contains(from), "{name}: {from}");
        (table.parse)(&table.line.replacen(from, to, 1))
    };
    for (name, from, to, error) in [
        (
            "workflow_runs",
            "\"stage_name\"",
            "\"x\"",
            "missing_field: stage_name",
        ),
        (
            "workflow_runs",
            "\"cost\": 0.002",
            "\"cost\": -1",
            "bad_value: cost",
        ),
        (
            "workflow_runs",
            "[{\"stage_name\"",
            "[5, {\"stage_name\"",
            "wrong_type: stages: expected an object, found a number",
        ),
        (
            "test_executions",
            "\"t.py\"",
            "7",
            "wrong_type: file: expected a string, found a number",
        ),
        (
            "coverage_history",
            "10.0",
            "\"ten\"",
            "wrong_type: coverage: expected a number, found a string",
        ),
        (
            "diagnosis_records",
            "\"kind\"",
            "\"x\"",
            "missing_field: kind",
        ),
        (
            "diagnosis_records",
            "\"statement\"",
            "\"x\"",
            "missing_field: statement",
        ),
        (
            "llm_calls",
            "[\"a\"]",
            "[null]",
            "wrong_type: fallback_chain: expected a string, found null",
        ),
    ] {
        assert_eq!(parse(name, from, to), Err(error.to_string()));
    }
    let unnamed = parse("test_executions", "\"name\": \"test_a\", ", "").unwrap();
    assert!(unnamed.contains("name: \"unknown\""), "{unnamed}");
}

#[test]
fn values_of_stores_are_read_in_every_version() {
    use super::approval_request::ApprovalRequest;
    use super::signal::Signal;
    let line = |name: &str| TABLES.iter().find(|table| table.name == name).unwrap().line;
    let signal = Signal::parse(line("signals")).unwrap();
    for same in [
        "\"2026-11-20T10:00:00.123456\"",
        "\"2026-11-20T10:00:00.123456Z\"",
    ] {
        let stated = "\"2026-11-20T10:00:00.123456+00:00\"";
        let same = line("signals").replace(stated, same);
        assert_eq!(Signal::parse(&same).as_ref(), Ok(&signal));
    }
    for everyone in ["\"*\"", "null"] {
        let broadcast = line("signals").replace("\"tester\"", everyone);
        assert_eq!(Signal::parse(&broadcast).unwrap().target_agent, None);
    }
    for (timeout, us) in [("10", 10_000_000), ("10.0", 10_000_000), ("0.25", 250_000)] {
        let request = line("approval_requests").replace("10.5", timeout);
        let request = ApprovalRequest::parse(&request).unwrap();
        assert_eq!(request.timeout_us, us);
    }
    for (name, from, to, error) in [
        (
            "approval_requests",
            "\"approved\"",
            "\"maybe\"",
            "bad_value: status",
        ),
        (
            "approval_requests",
            "10.5",
            "-1",
            "bad_value: timeout_seconds",
        ),
        (
            "quality_feedback",
            "0.84",
            "1.01",
            "bad_value: quality_score",
        ),
        (
            "quality_feedback",
            "0.84",
            "-0.1",
            "bad_value: quality_score",
        ),
        ("signals", "600", "-5", "bad_value: ttl_seconds"),
        ("signals", "600", "0.5", "bad_value: ttl_seconds"),
        (
            "heartbeats",
            "2026-11-20T10",
            "yesterday",
            "bad_value: last_beat",
        ),
    ] {
        let table = TABLES.iter().find(|table| table.name == name).unwrap();
        assert_eq!(
            (table.parse)(&table.line.replacen(from, to, 1)),
            Err(error.to_string())
        );
    }
}

#[test]
fn an_event_is_read_from_its_flat_fields() {
    use super::stream_event::{StreamEvent, StreamId};
    let id = StreamId::parse("1795174877585-3").unwrap();
    assert_eq!(id.to_string(), "1795174877585-3");
    let full = [
        ("event_type", "agent_error"),
        ("timestamp", "2026-11-20T11:41:17.585346+00:00"),
        ("data", "{\"error\": \"boom\"}"),
        ("source", "demo"),
        ("a field of a later release", "x"),
    ];
    let event = StreamEvent::parse(id, full).unwrap();
    assert_eq!(event.data.as_str(), "{\"error\": \"boom\"}");
    let with = |field: &str, value: Option<&'static str>| {
        let fields = full.into_iter().filter_map(|(name, kept)| {
            let value = if name == field { value? } else { kept };
            Some((name, value))
        });
        shown(StreamEvent::parse(id, fields))
    };
    assert_eq!(
        with("event_type", None),
        Err("missing_field: event_type".into())
    );
    assert_eq!(with("data", None), Err("missing_field: data".into()));
    assert_eq!(
        with("timestamp", Some("soon")),
        Err("bad_value: timestamp".into())
    );
    assert_eq!(with("data", Some("{")), Err("bad_value: data".into()));
    assert_eq!(
        with("data", Some("[1]")),
        Err("wrong_type: data: expected an object, found an array".into())
    );
    assert!(with("timestamp", None).unwrap().contains("timestamp: None"));
    assert!(with("source", None).unwrap().contains("source: \"attune\""));
    for text in [
        "",
        "-",
        "1-",
        "-1",
        "+1-0",
        "1-2-3",
        "99999999999999999999-0",
    ] {
        assert_eq!(StreamId::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_line_near_a_record_panics(
        table in 0..TABLES.len(),
        at in any::<prop::sample::Index>(),
        cut in 0..9_usize,
        text in "[ -~\u{e9}\t]{0,6}",
    ) {
        let table = &TABLES[table];
        let at = at.index(table.line.len());
        let end = (at + cut).min(table.line.len());
        let _ = (table.parse)(&format!("{}{text}{}", &table.line[..at], &table.line[end..]));
    }
}
