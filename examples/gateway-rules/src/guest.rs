//! The face that the host sees, generated from `host-wasm/wit/plugin`.

use bindings::exports::muster::plugin::judge::{
    Cause, Description, Evidence, Finding, Guest, LogQuery, LogRecord, Proof, Remedy, Rule, Verdict,
};

use crate::{burst, uncounted};

#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "generated code"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../host-wasm/wit/plugin",
        world: "rules",
    });

    use super::Rules;

    export!(Rules);
}

const BURST: &str = "example.error_burst";
const UNCOUNTED: &str = "example.uncounted_events";
const LIST: &str = "joelclaw:events:gateway";

struct Rules;

impl Guest for Rules {
    fn about() -> Description {
        Description {
            name: "example".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            remedies: vec![Remedy {
                id: "example.look_upstream".to_owned(),
                text: "Look at the service behind nginx in that minute".to_owned(),
                command: None,
            }],
            causes: vec![
                cause(
                    BURST,
                    "error-log",
                    "Connections of nginx fail in a burst",
                    "example.look_upstream",
                ),
                cause(
                    UNCOUNTED,
                    "redis-state",
                    "Events wait in Redis that the status does not count",
                    "gateway_restart",
                ),
            ],
            rules: vec![
                Rule {
                    id: "burst".to_owned(),
                    causes: vec![BURST.to_owned()],
                    logs: vec![LogQuery {
                        log: "nginx-error".to_owned(),
                        tag: String::new(),
                        text: "{date} {time} [error] {worker}: \\*{connection} *".to_owned(),
                        time: vec!["date".to_owned(), "time".to_owned()],
                    }],
                    events: Vec::new(),
                    documents: Vec::new(),
                    redis_keys: Vec::new(),
                },
                Rule {
                    id: "uncounted".to_owned(),
                    causes: vec![UNCOUNTED.to_owned()],
                    logs: Vec::new(),
                    events: Vec::new(),
                    documents: vec!["status".to_owned()],
                    redis_keys: vec![LIST.to_owned()],
                },
            ],
        }
    }

    fn judge(rule: String, given: Evidence) -> Result<Vec<Finding>, String> {
        match rule.as_str() {
            "burst" => Ok(find_burst(&given)),
            "uncounted" => find_uncounted(&given),
            other => Err(format!("there is no rule {other}")),
        }
    }
}

fn cause(id: &str, layer: &str, title: &str, remedy: &str) -> Cause {
    Cause {
        id: id.to_owned(),
        layer: layer.to_owned(),
        verdict: Verdict::Degraded,
        title: title.to_owned(),
        remedies: vec![remedy.to_owned()],
        explains: Vec::new(),
    }
}

fn finding(cause: &str, evidence: Vec<Proof>) -> Finding {
    Finding {
        cause: cause.to_owned(),
        verdict: None,
        layer: None,
        remedies: Vec::new(),
        evidence,
    }
}

/// A gateway without nginx has nothing to find here.
fn find_burst(given: &Evidence) -> Vec<Finding> {
    let errors: Vec<(u32, i64, &str)> = (0..)
        .zip(&given.records)
        .filter(|(_, record)| record.current)
        .filter_map(|(number, record)| Some((number, record.at?, connection(record)?)))
        .collect();
    let times: Vec<(i64, &str)> = errors.iter().map(|(_, at, name)| (*at, *name)).collect();
    let Some(found) = burst(&times) else {
        return Vec::new();
    };
    let records = errors.get(found.first..=found.last).unwrap_or_default();
    let shown = records.iter().map(|(number, ..)| Proof::LogRecord(*number));
    vec![finding(BURST, shown.collect())]
}

fn connection(record: &LogRecord) -> Option<&str> {
    let mut fields = record.fields.iter();
    let found = fields.find(|(name, _)| name == "connection");
    found.map(|(_, value)| value.as_str())
}

/// Where the set-up has no such status or list there is nothing to compare.
fn find_uncounted(given: &Evidence) -> Result<Vec<Finding>, String> {
    let (Some((_, status)), Some((_, list))) = (given.documents.first(), given.redis.first())
    else {
        return Ok(Vec::new());
    };
    let Some((waiting, counted)) = uncounted(status, list)? else {
        return Ok(Vec::new());
    };
    let evidence = vec![
        Proof::Redis((LIST.to_owned(), format!("{waiting} events"))),
        Proof::Document(("status".to_owned(), format!("totalPending is {counted}"))),
    ];
    Ok(vec![finding(UNCOUNTED, evidence)])
}
