//! Reports over a few calls whose sums can be checked by hand.

use alloc::format;
use alloc::string::{String, ToString};

use crate::log_kind::LogKind;
use crate::prices::{BASELINE_MODEL, PriceTable};
use crate::telemetry::{ReadOptions, Telemetry};
use crate::time::{Timestamp, Window};

use super::*;

/// `(day, tier, model, cost, extra fields)` of one call.
type Call = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

fn read(options: ReadOptions, calls: &[Call]) -> Telemetry {
    let lines = calls.iter().fold(String::new(), |lines, (day, tier, model, cost, extra)| {
        lines
            + &format!(
                r#"{{"v":"1.0","ts":"{day}T10:00:00Z","workflow":"w-{tier}","tier":"{tier}","model":"{model}","provider":"anthropic","cost":{cost},"duration_ms":100{extra}}}"#
            )
            + "\n"
    });
    let mut telemetry = Telemetry::new(options);
    let mut scan = telemetry.scan(LogKind::Usage, 0);
    scan.push(lines.as_bytes());
    scan.finish();
    telemetry.absorb("usage.jsonl", lines.len() as u64, scan);
    telemetry
}

const MILLION_READ: &str =
    r#","prompt_cache":{"hit":true,"read_tokens":1000000,"creation_tokens":0}"#;

/// Costs for which attune itself gives: actual 0.72, baseline 1.80, savings 1.08
/// or 60 %, response cache 0.12, prompt cache 5.40.
const CHECKED: [Call; 6] = [
    ("2026-11-01", "CHEAP", "claude-haiku-4-5", "0.01", ""),
    ("2026-11-01", "PREMIUM", "claude-fable-5-1", "0.20", ""),
    ("2026-11-02", "PREMIUM", "claude-fable-5-1", "0.40", ""),
    (
        "2026-11-02",
        "CAPABLE",
        "claude-sonnet-5",
        "0.05",
        r#","cache":{"hit":true}"#,
    ),
    (
        "2026-11-02",
        "CAPABLE",
        "claude-sonnet-5",
        "0.05",
        MILLION_READ,
    ),
    ("2026-11-03", "CHEAP", "mystery", "0.01", MILLION_READ),
];

#[test]
fn savings_by_the_formula_of_attune_match_its_own() {
    let telemetry = read(ReadOptions::default(), &CHECKED);
    let report = telemetry.savings_report(&PriceTable::builtin(), BASELINE_MODEL);
    let peer = &report.per_call;
    assert_eq!(report.actual_usd.to_string(), "0.72");
    assert_eq!(peer.premium_call_usd.to_string(), "0.3");
    assert_eq!(peer.baseline_usd.to_string(), "1.8");
    assert_eq!(peer.savings_usd.to_string(), "1.08");
    assert!(
        peer.savings_share
            .is_some_and(|share| (share - 0.6).abs() < 1e-12)
    );
    assert_eq!(peer.response_cache_savings_usd.to_string(), "0.12");
    assert_eq!(report.prompt_cache.attune_savings_usd.to_string(), "5.4");
    // The honest figure leaves out the model that has no price, and says so.
    assert_eq!(report.prompt_cache.read_savings_usd.to_string(), "2.7");
    assert_eq!(report.prompt_cache.unpriced_tokens["mystery"], 1_000_000);
    assert!(
        report
            .provenance
            .notes
            .iter()
            .any(|note| note.contains("mystery"))
    );
    // No call recorded tokens: nothing can be compared per token, and that is said.
    assert_eq!(
        (report.per_token.calls, report.per_token.calls_left_out),
        (0, 6)
    );
    assert_eq!(report.per_token.savings_share, None);
}

#[test]
fn savings_per_token_price_the_same_tokens_on_the_baseline() {
    let tokens = r#","tokens":{"input":1000000,"output":100000}"#;
    let calls = [
        ("2026-11-01", "cheap", "claude-haiku-4-5", "1.5", tokens),
        ("2026-11-01", "CHEAP", "claude-haiku-4-5", "0.25", ""),
    ];
    let report =
        read(ReadOptions::default(), &calls).savings_report(&PriceTable::builtin(), BASELINE_MODEL);
    assert_eq!(report.per_token.baseline_usd.to_string(), "15");
    assert_eq!(report.per_token.savings_usd.to_string(), "13.5");
    assert_eq!(report.per_token.savings_share, Some(0.9));
    assert_eq!(report.per_token.cost_left_out_usd.to_string(), "0.25");
    assert_eq!(
        report.tier_share.keys().collect::<alloc::vec::Vec<_>>(),
        ["CHEAP"]
    );
    assert!(report.per_call.premium_call_is_flat);
}

#[test]
fn caching_that_costs_more_than_it_saves_is_a_loss() {
    let written = r#","prompt_cache":{"hit":false,"creation_tokens":1000000,"read_tokens":0}"#;
    let calls = [("2026-11-01", "CAPABLE", "claude-sonnet-5", "1", written)];
    let report = read(ReadOptions::default(), &calls).cache_report(&PriceTable::builtin());
    assert_eq!(report.savings.net_savings_usd.to_string(), "-0.75");
    assert_eq!(report.prompt_cache.creation_tokens, 1_000_000);
    assert_eq!(report.by_workflow["w-CAPABLE"].hits, 0);
}

#[test]
fn compared_windows_do_not_overlap_unless_asked() {
    let at = |text| Timestamp::parse(text).ok();
    let options = ReadOptions {
        window: Window {
            from: at("2026-11-02"),
            to: at("2026-11-04"),
        },
        against: Some(Window {
            from: at("2026-10-31"),
            to: at("2026-11-02"),
        }),
        ..ReadOptions::default()
    };
    let report = read(options, &CHECKED).compare_report().unwrap();
    assert_eq!(
        (report.previous.totals.calls, report.current.totals.calls),
        (2, 4)
    );
    assert_eq!(report.previous.cost_per_call_usd.to_string(), "0.105");
    assert_eq!(report.change.calls, Some(1.0));
    assert_eq!(report.by_workflow["w-CAPABLE"].previous_calls, 0);
    assert_eq!(
        report.by_workflow["w-CAPABLE"].change_usd.to_string(),
        "0.1"
    );
    assert_eq!(
        read(ReadOptions::default(), &CHECKED).compare_report(),
        None
    );
}

#[test]
fn models_show_what_the_price_list_says_beside_what_was_recorded() {
    let tokens = r#","tokens":{"input":1000,"output":1000}"#;
    let calls = [
        ("2026-11-01", "CHEAP", "claude-haiku-4-5", "0.006", tokens),
        ("2026-11-01", "SDK", "agent-sdk", "0.5", tokens),
    ];
    let telemetry = read(ReadOptions::default(), &calls);
    let models = &telemetry.models_report(&PriceTable::builtin()).providers["anthropic"];
    assert_eq!(
        models["claude-haiku-4-5"]
            .list_cost_usd
            .unwrap()
            .to_string(),
        "0.006"
    );
    assert_eq!(models["agent-sdk"].list_cost_usd, None);

    let routing = telemetry.routing_report(Some("w-SDK"));
    assert_eq!(routing.totals.calls, 1);
    assert_eq!(routing.by_workflow.len(), 1);
    assert!((routing.by_workflow["w-SDK"].by_model["agent-sdk"].cost_share - 1.0).abs() < 1e-12);
}

#[test]
fn an_empty_log_gives_empty_reports() {
    let telemetry = read(ReadOptions::default(), &[]);
    assert_eq!(telemetry.usage_report().totals.calls, 0);
    assert_eq!(
        telemetry.usage_report().provenance.sources[0].state,
        SourceState::Empty
    );
    let json = to_json(&telemetry.savings_report(&PriceTable::builtin(), BASELINE_MODEL));
    assert!(json.contains(r#""savings_share":null"#), "{json}");
    assert!(
        to_json(&telemetry.models_report(&PriceTable::builtin())).contains(r#""providers":{}"#)
    );
}
