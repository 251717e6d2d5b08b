use alloc::boxed::Box;
use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::diagnose::{Delivery, DiagnoseOptions, LayerStatus, Verdict, diagnose_with};
use crate::view::{DiagnosisView, LayerView};

type Answer = Box<dyn FnMut(&str, &Given) -> Result<Vec<ForeignFinding>, ForeignFault>>;

/// A program that answers as a test says.
struct Program {
    pack: ForeignPack,
    answer: Answer,
}

impl ForeignRules for Program {
    fn pack(&self) -> &ForeignPack {
        &self.pack
    }

    fn judge(&mut self, rule: &str, given: &Given) -> Result<Vec<ForeignFinding>, ForeignFault> {
        (self.answer)(rule, given)
    }
}

fn cause(id: &str, layer: Layer) -> Cause {
    Cause {
        id: id.into(),
        layer,
        severity: Severity::Degraded,
        delivery: Delivery::Impaired,
        title: "Errors come in bursts".into(),
        remedies: vec!["my.look".into()],
        explains: Vec::new(),
        minor: false,
        pack: "my".into(),
    }
}

fn pack() -> ForeignPack {
    let remedy = |id: &str| Remedy {
        id: id.into(),
        text: "Look".into(),
        command: None,
    };
    ForeignPack {
        name: "my".into(),
        version: "1".into(),
        remedies: vec![remedy("my.look"), remedy("my.wait")],
        causes: vec![
            cause("my.burst", Layer::ErrorLog),
            cause("my.queue", Layer::RedisState),
        ],
        rules: vec![
            ForeignRule {
                id: "burst".into(),
                causes: vec!["my.burst".into()],
                logs: vec![LogQuery {
                    log: "app".into(),
                    tag: String::new(),
                    text: "{time} error {what}".into(),
                    time: vec!["time".into()],
                }],
                events: vec!["sink.dropped".into()],
                ..ForeignRule::default()
            },
            ForeignRule {
                id: "queue".into(),
                causes: vec!["my.queue".into()],
                documents: vec!["pg".into(), "status".into()],
                redis_keys: vec!["q".into(), "gone".into()],
                ..ForeignRule::default()
            },
        ],
    }
}

const BUNDLE: &str = r#"{"muster_bundle":1,"now_ms":1800043200000,"profile":"app","evidence":{
    "logs":{"app":"2027-01-15T18:00:00Z error old\n2027-01-15T19:59:00Z error disk\nnoise\n2027-01-15T19:59:01Z error disk\n"},
    "otel":"{\"timestamp\":1800043199000,\"action\":\"sink.dropped\",\"metadata\":{\"n\":3}}\n{\"timestamp\":1800043199000,\"action\":\"other\"}",
    "redis":{"reachable":true,"values":{"q":["a","b"]}},
    "documents":{"pg":{"connections":7}}}}"#;

fn run(
    answer: impl FnMut(&str, &Given) -> Result<Vec<ForeignFinding>, ForeignFault> + 'static,
) -> DiagnosisView {
    let program = Program {
        pack: pack(),
        answer: Box::new(answer),
    };
    let mut rules = Rulebook::gateway();
    rules.add_foreign(&program.pack).unwrap();
    let evidence = Evidence::parse_bundle(BUNDLE, &rules, 100).unwrap();
    let options = DiagnoseOptions::default();
    diagnose_with(
        &evidence,
        &rules,
        evidence.now.unwrap(),
        &options,
        &mut [program],
    )
}

fn layer(view: &DiagnosisView, layer: Layer) -> &LayerView {
    let mut layers = view.layers.iter();
    layers.find(|shown| shown.layer == layer).unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|(name, text)| ((*name).into(), (*text).into()));
    owned.collect()
}

fn finding(cause: &str, evidence: Vec<Proof>) -> ForeignFinding {
    ForeignFinding {
        cause: cause.into(),
        evidence,
        ..ForeignFinding::default()
    }
}

#[test]
fn a_rule_gets_what_it_asks_for_and_its_findings_are_those_of_the_diagnosis() {
    let view = run(|rule, given| {
        if rule == "queue" {
            assert_eq!(given.documents, pairs(&[("pg", "{\"connections\":7}")]));
            assert_eq!(given.redis, pairs(&[("q", "[\"a\",\"b\"]")]));
            let missing = [("status", NOT_COLLECTED), ("redis: gone", NOT_COLLECTED)];
            assert_eq!(given.missing, pairs(&missing));
            assert!(given.records.is_empty() && given.events.is_empty());
            return Ok(Vec::new());
        }
        let told: Vec<_> = given
            .records
            .iter()
            .map(|record| (record.query, record.line, record.current))
            .collect();
        assert_eq!(told, [(0, 1, false), (0, 2, true), (0, 4, true)]);
        assert_eq!(given.records[1].fields[1..], pairs(&[("what", "disk")]));
        assert_eq!(given.events.len(), 1);
        assert_eq!(given.events[0].metadata, "{\"n\":3}");
        Ok(vec![ForeignFinding {
            severity: Some(Severity::Failed),
            remedies: vec!["my.wait".into()],
            ..finding("my.burst", vec![Proof::Record(1), Proof::Event(0)])
        }])
    });
    assert_eq!(
        (view.verdict, view.delivery),
        (Verdict::Failed, Delivery::Down)
    );
    assert_eq!(
        (view.cause.as_str(), view.first_failing_layer),
        ("my.burst", Some(Layer::ErrorLog))
    );
    assert_eq!(view.remedy, ["my.wait"]);
    let shown = &view.primary().unwrap().evidence;
    assert_eq!((shown[0].source.as_str(), shown[0].line), ("app", Some(2)));
    assert_eq!(
        (shown[1].source.as_str(), shown[1].text.as_str()),
        ("otel", "sink.dropped")
    );
    assert_eq!(
        layer(&view, Layer::RedisState).status,
        LayerStatus::Ok,
        "{view:?}"
    );
}

#[test]
fn a_rule_that_breaks_costs_itself_and_is_told() {
    let view = run(|rule, _| match rule {
        "burst" => Err(ForeignFault::Broke("it trapped:\nunreachable".into())),
        _ => Ok(vec![finding(
            "my.queue",
            vec![Proof::Redis("q".into(), "grows".into())],
        )]),
    });
    assert_eq!(view.cause, "my.queue");
    assert_eq!(
        view.primary().unwrap().evidence[0].text,
        "q: grows",
        "{view:?}"
    );
    let broken = layer(&view, Layer::ErrorLog);
    assert_eq!(broken.status, LayerStatus::Unknown);
    assert_eq!(
        view.notes[0],
        "the rule my/burst broke: it trapped: unreachable; what it looks for is not known"
    );
    // Nothing is found, and not everything was looked at.
    let view = run(|_, _| Err(ForeignFault::CannotTell("no log".into())));
    assert_eq!(view.verdict, Verdict::Unknown);
    let unclear = layer(&view, Layer::ErrorLog);
    assert_eq!(unclear.detail, "the rule my/burst cannot tell: no log");
    assert!(view.notes.iter().all(|note| !note.contains("burst")));
}

#[test]
fn what_a_rule_may_not_say_breaks_it() {
    let no_remedy = ForeignFinding {
        remedies: vec!["my.dance".into()],
        ..finding("my.burst", Vec::new())
    };
    for (found, says) in [
        (
            vec![finding("my.other", Vec::new())],
            "a cause that no pack has",
        ),
        (vec![no_remedy], "a remedy that no pack has"),
        (
            vec![finding("my.burst", vec![Proof::Record(99)])],
            "was not given",
        ),
        (
            vec![finding(
                "my.burst",
                vec![Proof::Redis("q".into(), "x".into())],
            )],
            "was not given",
        ),
        (
            vec![finding("my.burst", Vec::new()); MAX_FINDINGS + 1],
            "it finds 51 things at once",
        ),
    ] {
        let view = run(move |rule, _| match rule {
            "burst" => Ok(found.clone()),
            _ => Ok(Vec::new()),
        });
        assert!(view.notes[0].contains(says), "{says}: {:?}", view.notes);
        assert_eq!(view.verdict, Verdict::Unknown, "{says}");
    }
}

/// What is done to a pack, and the complaint.
type Case = (fn(&mut ForeignPack), &'static str);

#[test]
fn a_pack_that_cannot_be_used_is_told_with_its_place() {
    let refused = |change: fn(&mut ForeignPack)| {
        let mut pack = pack();
        change(&mut pack);
        let error = Rulebook::gateway().add_foreign(&pack).unwrap_err();
        error.to_string()
    };
    let cases: [Case; 10] = [
        (|pack| pack.name = "a b".into(), "name: an id has"),
        (
            |pack| pack.rules[1].id = "burst".into(),
            "rule[1].id: the rule `burst`",
        ),
        (
            |pack| pack.rules[0].id = "a/b".into(),
            "rule[0].id: an id has",
        ),
        (
            |pack| pack.rules[0].causes = vec!["none.such".into()],
            "rule[0].causes: no pack has a cause `none.such`",
        ),
        (
            |pack| pack.rules[0].logs[0].text = "a{".into(),
            "rule[0].logs: a `{` without",
        ),
        (
            |pack| pack.rules[0].logs[0].time = vec!["day".into()],
            "rule[0].logs: the text keeps nothing under the name `day`",
        ),
        (
            |pack| {
                pack.causes[1].id = "process.not_running".into();
                pack.rules.truncate(1);
            },
            "cause[1].id: the cause `process.not_running` is there already",
        ),
        (
            |pack| pack.rules = vec![ForeignRule::default(); 101],
            "rule: more than 100",
        ),
        (
            |pack| pack.rules[0].logs = vec![LogQuery::default(); 501],
            "logs: more than 500",
        ),
        (
            |pack| pack.causes[0].remedies = vec!["x".into()],
            "cause[0].remedies: no pack has a remedy `x`",
        ),
    ];
    for (change, says) in cases {
        let got = refused(change);
        assert!(got.starts_with(says), "{got}\nnot\n{says}");
    }
}

#[test]
fn a_book_says_what_a_program_asks_for() {
    let mut rules = Rulebook::gateway();
    rules.add_foreign(&pack()).unwrap();
    assert_eq!(
        rules.evidence_of("my.burst"),
        ["judged by my/burst of app: {time} error {what}; otel: sink.dropped"]
    );
    assert!(rules.redis_keys().any(|key| key == "gone"));
    assert!(rules.log_names().contains(&"app"));
}

proptest! {
    /// Whatever a program answers: there is a diagnosis, and every cause in it is known.
    #[test]
    fn any_answer_gives_a_diagnosis(
        answers in proptest::collection::vec((0..4_usize, 0..6_usize, 0..5_usize, 0..3_usize), 0..60),
    ) {
        const CAUSES: [&str; 4] = ["my.burst", "my.queue", "redis.unreachable", ""];
        let view = run(move |_, _| {
            let findings = answers.iter().map(|&(cause, number, kind, remedy)| ForeignFinding {
                cause: CAUSES[cause].into(),
                severity: [None, Some(Severity::Notice), Some(Severity::Failed)]
                    .get(number % 4)
                    .copied()
                    .flatten(),
                layer: Layer::ALL.get(number * 3).copied(),
                remedies: ["my.look", "my.wait"][..remedy.min(2)]
                    .iter()
                    .map(|id| (*id).into())
                    .collect(),
                evidence: match kind {
                    0 => vec![Proof::Record(number)],
                    1 => vec![Proof::Event(number)],
                    2 => vec![Proof::Document("pg".into(), "x".repeat(number * 100))],
                    3 => vec![Proof::Redis("q".into(), String::new())],
                    _ => Vec::new(),
                },
            });
            Ok(findings.collect())
        });
        for found in view.findings() {
            prop_assert!(CAUSES[..3].contains(&found.cause.as_str()), "{}", found.cause);
        }
        prop_assert_eq!(view.cause == "none", view.primary().is_none());
    }
}
