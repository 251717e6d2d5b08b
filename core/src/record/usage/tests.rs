use alloc::format;
use alloc::string::{String, ToString};

use proptest::prelude::*;

use super::*;

const USUAL: &str = r#"{"v":"1.0","ts":"2026-11-19T08:15:02.004500Z","workflow":"code-review","tier":"CAPABLE","model":"claude-sonnet-5","provider":"anthropic","cost":0.0561,"tokens":{"input":9000,"output":1940},"cache":{"hit":true,"type":"hash"},"duration_ms":8120,"user_id":"0f3a9c55d2b1e477","stage":"analysis","prompt_cache":{"hit":true,"creation_tokens":0,"read_tokens":4096},"seq":17}"#;

#[track_caller]
fn error(line: &str) -> String {
    UsageRecord::parse(line).map_or_else(|error| error.kind.to_string(), |_| "ok".to_string())
}

#[test]
fn the_usual_line_takes_the_fast_path() {
    let fast = fast::parse(USUAL).unwrap();
    assert_eq!(Ok(&fast), UsageRecord::parse_any(USUAL).as_ref());
    assert_eq!(fast.cost.to_string(), "0.0561");
    assert_eq!((fast.tokens_in, fast.tokens_out), (9000, 1940));
    assert_eq!(fast.duration_us, 8_120_000);
    assert_eq!(fast.prompt_cache.read_tokens, 4096);
}

#[test]
fn variants_of_older_and_other_writers_are_read() {
    let old = r#"{"v": "1.0", "ts": "2026-01-02T03:04:05Z", "seq": 3, "workflow": "w", "tier": "cheap", "model": "m", "provider": "p", "cost": 1e-05, "tokens": {"input_tokens": 7, "output_tokens": 8.0, "total_tokens": 15}, "cache": {"hit": false}, "duration_ms": 12.5, "user_id": "u", "extra": [1, {"a": null}]}"#;
    let record = UsageRecord::parse(old).unwrap();
    assert_eq!((record.tokens_in, record.tokens_out), (7, 8));
    assert_eq!(record.cost.as_nanos(), 10_000);
    assert_eq!(record.duration_us, 12_500);
    assert_eq!(record.seq, Some(3));
    assert_eq!(record.stage, None);

    let least = UsageRecord::parse(r#"{"ts":"2026-01-02T03:04:05+01:00","cost":0}"#).unwrap();
    assert_eq!(
        (least.version.as_deref(), &*least.workflow),
        (None, UNKNOWN)
    );
    assert_eq!(least.at.to_string(), "2026-01-02T02:04:05Z");
    let escaped = USUAL.replace("code-review", "caf\\u00e9");
    assert_eq!(UsageRecord::parse(&escaped).unwrap().workflow, "caf\u{e9}");
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(error("null"), "not_an_object: null");
    assert_eq!(error("5"), "not_an_object: a number");
    assert_eq!(error("{}"), "missing_field: ts");
    assert_eq!(error(&USUAL[..100]), "not_json");
    assert_eq!(
        error(&USUAL.replace("0.0561", "null")),
        "wrong_type: cost: expected a number, found null"
    );
    assert_eq!(error(&USUAL.replace("0.0561", "-1")), "bad_value: cost");
    assert_eq!(error(&USUAL.replace("0.0561", "1e400")), "bad_value: cost");
    assert_eq!(error(&USUAL.replace("0.0561", "NaN")), "not_json");
    assert_eq!(error(&USUAL.replace("9000", "-1")), "bad_value: input");
    assert_eq!(
        error(&USUAL.replace("9000", &"9".repeat(5000))),
        "bad_value: input"
    );
    assert_eq!(
        error(&USUAL.replace(r#"{"input":9000,"output":1940}"#, "null")),
        "wrong_type: tokens: expected an object, found null"
    );
    assert_eq!(
        error(&USUAL.replace("\"seq\":17", "\"cost\":1")),
        "duplicate_field: cost"
    );
    assert_eq!(
        error(&USUAL.replace("2026-11-19T08", "2026-11-19T25")),
        "bad_value: ts"
    );
    assert_eq!(
        error(&USUAL.replace("code-review", "\\ud800")),
        "bad_value: workflow"
    );
    assert_eq!(error(&USUAL.replace("code-review", "a\tb")), "not_json");
    assert_eq!(error(&format!("{USUAL}\u{0}")), "not_json");
}

/// Lines near the usual form: one place replaced, cut or doubled.
fn near_usual() -> impl Strategy<Value = String> {
    let text = "[ -~\u{e9}\t]{0,6}";
    (0..USUAL.len(), 0..USUAL.len(), text, 0..4_u8).prop_map(|(a, b, text, how)| {
        let (from, to) = (a.min(b), a.max(b));
        match how {
            0 => format!("{}{text}{}", &USUAL[..from], &USUAL[from..]),
            1 => format!(
                "{}{text}{}",
                &USUAL[..from],
                &USUAL[(from + 1).min(to.max(from))..]
            ),
            2 => format!("{}{}", &USUAL[..from], &USUAL[to..]),
            _ => format!("{}{}", &USUAL[..to], &USUAL[from..]),
        }
    })
}

/// Lines in the usual form with values at the edges of what each field takes.
fn in_usual_form() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        "0|[1-9][0-9]{0,17}",
        "[0-9]{1,11}\\.[0-9]{0,12}",
        "[0-9]{1,3}(\\.[0-9]{1,3})?[eE][-+]?[0-9]{1,3}",
        "-?[0-9]{1,20}"
    ];
    (
        "[ -~\u{e9}]{0,8}",
        number.clone(),
        number.clone(),
        number,
        "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{6})?(Z|\\+00:00)?",
    )
        .prop_map(|(text, cost, tokens, duration, ts)| {
            USUAL
                .replace("code-review", &text)
                .replace("0.0561", &cost)
                .replace("9000", &tokens)
                .replace("8120", &duration)
                .replace("2026-11-19T08:15:02.004500Z", &ts)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn the_fast_path_agrees_with_the_general_one(line in prop_oneof![near_usual(), in_usual_form()]) {
        if let Some(fast) = fast::parse(&line) {
            prop_assert_eq!(Ok(fast), UsageRecord::parse_any(&line));
        }
    }
}
