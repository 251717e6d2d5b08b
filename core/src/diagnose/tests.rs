#![expect(
    clippy::disallowed_methods,
    reason = "the cases are files that other suites read as well"
)]

use alloc::vec;
use core::fmt::Write as _;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

#[test]
fn the_built_in_pack_is_sound() {
    let pack = Pack::parse(GATEWAY_PACK).unwrap();
    assert!(pack.cause_count() > 50 && pack.rule_count() > 30);
    let book = Rulebook::gateway();
    for cause in book.causes() {
        assert!(
            cause.severity == Severity::Notice || !cause.remedies.is_empty(),
            "{}",
            cause.id
        );
    }
}

#[test]
fn an_empty_bundle_is_unknown_and_nothing_else() {
    let view = diagnose_bundle(
        r#"{"muster_bundle":1,"now_ms":1800043200000,"evidence":{}}"#,
        &[],
        &DiagnoseOptions::default(),
    )
    .unwrap();
    assert_eq!(
        (view.verdict, view.delivery),
        (Verdict::Unknown, Delivery::Unknown)
    );
    assert_eq!(view.cause, "none");
    assert!(
        view.layers
            .iter()
            .all(|layer| layer.status == LayerStatus::Unknown)
    );
}

#[test]
fn what_is_no_bundle_is_an_error() {
    for (text, says) in [
        ("", "not an evidence bundle"),
        ("[]", "not an evidence bundle"),
        ("{", "not an evidence bundle"),
        (r#"{"evidence":{}}"#, "missing_field: muster_bundle"),
        (
            r#"{"muster_bundle":2,"evidence":{}}"#,
            "a bundle of version 2",
        ),
        (r#"{"muster_bundle":1}"#, "missing_field: evidence"),
        (r#"{"muster_bundle":1,"evidence":{}}"#, "no usable now_ms"),
    ] {
        let error = diagnose_bundle(text, &[], &DiagnoseOptions::default()).unwrap_err();
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
}

/// The bundle of a case.
fn bundle(id: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/gateway");
    std::fs::read_to_string(format!("{folder}/bundles/{id}.json")).unwrap()
}

fn cases() -> Vec<serde_json::Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/gateway/cases.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn texts(value: &serde_json::Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .collect()
}

#[test]
fn every_case_is_diagnosed_as_it_must_be() {
    let cases = cases();
    assert!(cases.len() >= 80, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let id = case["id"].as_str().unwrap();
        let expect = &case["expect"];
        let view = diagnose_bundle(&bundle(id), &[], &DiagnoseOptions::default()).unwrap();
        let mut check = |what: &str, got: String, wanted: String| {
            if got != wanted {
                wrong.push(format!("{id}: {what}: {got}, not {wanted}"));
            }
        };
        let wanted = |name: &str| expect[name].as_str().unwrap_or("null").to_string();
        check("verdict", view.verdict.name().into(), wanted("verdict"));
        check(
            "first layer",
            view.first_failing_layer.map_or("null", Layer::name).into(),
            wanted("first_failing_layer"),
        );
        check("cause", view.cause.clone(), wanted("cause"));
        check(
            "remedy",
            view.remedy.join(" "),
            texts(&expect["remedy"]).join(" "),
        );
        for id in texts(&expect["secondary"]) {
            let there = view.secondary.iter().any(|other| other == id);
            check(
                "secondary",
                if there { id } else { "absent" }.into(),
                id.into(),
            );
        }
        for id in texts(&expect["must_not_be_primary"]) {
            check("primary", (view.cause == id).to_string(), "false".into());
        }
        for name in texts(&expect["skipped"]) {
            let layer = view
                .layers
                .iter()
                .find(|layer| layer.layer.name() == name)
                .unwrap();
            check(name, layer.status.name().into(), "skipped".into());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Bundles as values, to take evidence from.
static BUNDLES: LazyLock<Vec<serde_json::Value>> = LazyLock::new(|| {
    let cases = cases();
    let ids = cases.iter().filter_map(|case| case["id"].as_str());
    ids.map(|id| serde_json::from_str(&bundle(id)).unwrap())
        .collect()
});

const PIECES: [&str; 14] = [
    "substrate",
    "launchd",
    "process",
    "status",
    "err_log",
    "out_log",
    "session_jsonl",
    "otel",
    "model_api",
    "redis",
    "e2e",
    "tripwire",
    "config",
    "versions",
];

fn diagnosed(bundle: &serde_json::Value) -> DiagnosisView {
    diagnose_bundle(&bundle.to_string(), &[], &DiagnoseOptions::default()).unwrap()
}

/// What is wrong with the diagnosis of less evidence.
fn turned_ok(whole: &DiagnosisView, less: &DiagnosisView) -> Option<String> {
    if whole.verdict != Verdict::Ok && less.verdict == Verdict::Ok {
        return Some(format!("verdict {:?} became ok", whole.verdict));
    }
    let pairs = whole.layers.iter().zip(&less.layers);
    for (before, after) in pairs {
        if before.status == LayerStatus::Failed && after.status == LayerStatus::Ok {
            return Some(format!("{} failed and became ok", before.layer.name()));
        }
    }
    None
}

#[test]
fn taking_one_piece_away_turns_no_failure_into_ok() {
    for bundle in BUNDLES.iter() {
        let whole = diagnosed(bundle);
        for piece in PIECES {
            let mut less = bundle.clone();
            less["evidence"].as_object_mut().unwrap().remove(piece);
            if let Some(wrong) = turned_ok(&whole, &diagnosed(&less)) {
                panic!("{} without {piece}: {wrong}", whole.cause);
            }
        }
    }
}

proptest! {
    #[test]
    fn taking_evidence_away_turns_no_failure_into_ok(
        number in any::<prop::sample::Index>(),
        gone in prop::sample::subsequence(PIECES.as_slice(), 0..=PIECES.len()),
    ) {
        let bundle = &BUNDLES[number.index(BUNDLES.len())];
        let mut less = bundle.clone();
        for piece in &gone {
            less["evidence"].as_object_mut().unwrap().remove(*piece);
        }
        let whole = diagnosed(bundle);
        let wrong = turned_ok(&whole, &diagnosed(&less));
        prop_assert!(wrong.is_none(), "{} without {gone:?}: {wrong:?}", whole.cause);
    }

    /// A piece of another type is as good as none, and says so.
    #[test]
    fn odd_evidence_is_unreadable(
        number in any::<prop::sample::Index>(),
        piece in prop::sample::select(PIECES.as_slice()),
        odd in prop::sample::select(vec!["5", "[]", "true", "\"{half\"", "{\"a\":1}", "[{}]"]),
    ) {
        let bundle = &BUNDLES[number.index(BUNDLES.len())];
        let mut changed = bundle.clone();
        changed["evidence"][piece] = serde_json::from_str(odd).unwrap();
        let is_log = piece.ends_with("_log");
        // Any text is a log, and any object may be a configuration.
        prop_assume!(!(is_log && odd.starts_with('"')));
        prop_assume!(!(matches!(piece, "config" | "versions") && odd.starts_with('{')));
        let whole = diagnosed(bundle);
        let wrong = turned_ok(&whole, &diagnosed(&changed));
        prop_assert!(wrong.is_none(), "{} with {piece} {odd}: {wrong:?}", whole.cause);
    }

    /// Bytes exchanged, doubled and cut anywhere: an answer or an error, never a panic.
    #[test]
    fn damaged_bundles_are_answered(
        number in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<u8>()), 1..20),
    ) {
        let mut bytes = BUNDLES[number.index(BUNDLES.len())].to_string().into_bytes();
        for (at, kind, byte) in edits {
            if bytes.is_empty() { break; }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => { bytes.insert(at, byte); }
                2 => { bytes.remove(at); }
                _ => { let from = at.saturating_sub(40); bytes.drain(from..at); }
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let once = diagnose_bundle(&text, &[], &DiagnoseOptions::default());
        let again = diagnose_bundle(&text, &[], &DiagnoseOptions::default());
        prop_assert_eq!(once, again);
    }
}

/// Reads a log of the standard output.
fn out_log(rules: &Rulebook, text: &str, keep: usize) -> LogEvidence {
    let mut reader = LogReader::new(rules, "out_log", keep);
    reader.push(text.as_bytes());
    reader.finish()
}

#[test]
fn a_flood_of_records_costs_the_older_ones_of_its_kind_alone() {
    let rules = Rulebook::gateway();
    let mut text = String::from("[gateway] shutting down {\n  signal: \"SIGTERM\",\n}\n");
    for number in 0..50_000 {
        let _ = write!(
            text,
            "[gateway:store] persisted inbound message {{\n  streamId: \"18000{number:08}-0\",\n}}\n"
        );
    }
    let read = out_log(&rules, &text, 10);
    assert_eq!(read.records.len(), 11);
    assert_eq!(read.cut, 49_990);
    assert_eq!(&*read.records[0].rule, "shutting_down");
    assert_eq!(read.records[10].field("streamId"), Some("1800000049999-0"));
}

/// Each record promises a long answer that is not there: everything is read twice at most.
#[test]
fn promised_answers_that_do_not_come_cost_no_more_than_a_second_reading() {
    let rules = Rulebook::gateway();
    let text =
        "[gateway] response ready {\n  source: \"tui\",\n  length: 250000,\n}\n".repeat(20_000);
    let read = out_log(&rules, &text, 10);
    assert_eq!(read.found.get("response_ready"), Some(&20_000));
}

#[test]
fn answers_are_no_records_and_records_are_no_answers() {
    let rules = Rulebook::gateway();
    let answer = "[gateway] shutting down {\n  signal: \"x\",\n}\nend";
    let said = |source: &str, length: usize, text: &str| {
        format!(
            "[gateway] response ready {{\n  source: \"{source}\",\n  length: {length},\n}}\n{text}\n"
        )
    };
    let downs = |text: &str| {
        out_log(&rules, text, 10)
            .found
            .get("shutting_down")
            .copied()
    };
    assert_eq!(downs(&said("tui", answer.len(), answer)), None);
    assert_eq!(downs(&said("tui", answer.len() + 1, answer)), Some(1));
    // Answers to channels need not be printed: records may follow at once.
    assert_eq!(downs(&said("telegram:1", answer.len(), answer)), Some(1));
    // The length counts UTF-16 units.
    let wide = format!("\u{1f600}{answer}");
    assert_eq!(downs(&said("tui", answer.len() + 2, &wide)), None);
}

#[test]
fn torn_and_nested_records_cost_themselves() {
    let rules = Rulebook::gateway();
    let read = |text: &str| {
        let mut reader = LogReader::new(&rules, "err_log", 10);
        reader.push(text.as_bytes());
        reader.finish()
    };
    // The process died while it wrote the first record.
    let torn = read("[gateway:redis] command error {\n  error: \"x\",\n[gateway] extension: y\n");
    assert_eq!(torn.records.len(), 2);
    assert!(torn.records[0].torn && !torn.records[1].torn);
    // The text of an error imitates a record.
    let nested = read(
        "command-queue: prompt failed {\n  error: error: bad\n[gateway] uncaught exception {\nmore\n,\n}\n",
    );
    assert_eq!(nested.records.len(), 1);
    assert_eq!(&*nested.records[0].rule, "prompt_failed");
    // Bytes that are no text.
    let binary = read("\u{0}\u{1b}[31m\n[gateway] extension: y\n");
    assert_eq!(binary.records.len(), 1);
}

#[test]
fn a_collector_tells_what_it_could_not_read_and_what_there_is_not() {
    let bundle = r#"{"muster_bundle":1,"now_ms":1800043200000,
        "unreadable":{"err_log":"no permission","status":"no answer within 10 s"},
        "not_part":["substrate","otel","redis","config"],"evidence":{}}"#;
    let view = diagnose_bundle(bundle, &[], &DiagnoseOptions::default()).unwrap();
    let state = |name: &str| {
        let layer = view.layers.iter().find(|layer| layer.layer.name() == name);
        layer
            .map(|layer| (layer.status.name(), layer.detail.clone()))
            .unwrap()
    };
    assert_eq!(state("substrate").0, "not_applicable");
    assert_eq!(state("redis-state").0, "not_applicable");
    let (status, detail) = state("error-log");
    assert_eq!(status, "unknown");
    assert!(detail.starts_with("err_log: no permission"), "{detail}");
    assert_eq!(state("cli-status").1, "status: no answer within 10 s");
}

#[test]
fn any_other_set_up_has_its_process_where_it_was_looked_for() {
    let told = |more: &str| {
        let bundle =
            format!(r#"{{"muster_bundle":1,"now_ms":1800043200000,"profile":"web",{more}}}"#);
        let view = diagnose_bundle(&bundle, &[], &DiagnoseOptions::default()).unwrap();
        (view.verdict.name(), view.cause)
    };
    let alive = r#""evidence":{"process":{"alive":true},"systemd":{"load_state":"loaded","unit_file_state":"enabled","active_state":"active"}}"#;
    assert_eq!(told(alive), ("ok", "none".to_string()));
    let dead = r#""evidence":{"process":{"alive":false}}"#;
    assert_eq!(told(dead), ("failed", "process.not_running".to_string()));
    let unreadable = r#""unreadable":{"process":"no permission"},"evidence":{}"#;
    assert_eq!(told(unreadable), ("unknown", "none".to_string()));
}
