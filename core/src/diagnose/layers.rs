//! The state of each layer: what was found there, what could not be read.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::case::{Case, duration};
use super::evidence::{Collected, Evidence, NOT_COLLECTED};
use super::layer::Layer;
use super::verdict::{Finding, Severity};

/// The state of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerStatus {
    /// Looked at, and nothing is wrong.
    Ok,
    /// Something is lost or about to be.
    Degraded,
    /// Broken.
    Failed,
    /// Not looked at, because another layer makes it say nothing, or because it
    /// was not asked for.
    Skipped,
    /// Expected, and could not be read.
    Unknown,
    /// Not part of this set-up.
    NotApplicable,
}

impl LayerStatus {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// A layer with its state.
#[derive(Clone, Debug)]
pub(crate) struct LayerState {
    pub(crate) layer: Layer,
    pub(crate) status: LayerStatus,
    pub(crate) detail: String,
}

/// The pieces of evidence that each layer needs, by their names in a bundle.
const fn needed(layer: Layer) -> &'static [&'static str] {
    match layer {
        Layer::Substrate => &["substrate"],
        Layer::Process => &["process", "launchd", "tripwire"],
        Layer::CliStatus
        | Layer::SessionPressure
        | Layer::Interruptibility
        | Layer::ChannelHealth
        | Layer::ChannelHealing
        | Layer::OperatorTracing => &["status"],
        Layer::ErrorLog => &["err_log"],
        Layer::StdoutLog => &["out_log"],
        Layer::EndToEnd => &["e2e"],
        Layer::SessionTranscript => &["session_jsonl"],
        Layer::Otel => &["otel"],
        Layer::ModelApi => &["model_api"],
        Layer::RedisState => &["redis", "config"],
    }
}

/// Why a piece is not there; `None` where it is, or where the set-up has none.
fn why_missing<'e>(evidence: &'e Evidence, name: &str) -> Option<&'e str> {
    if evidence.not_part.contains(name) {
        return None;
    }
    match name {
        "substrate" => evidence.substrate.why_missing(),
        "process" => evidence.process.why_missing(),
        "launchd" => evidence.launchd.why_missing(),
        "systemd" => evidence.systemd.why_missing(),
        "tripwire" => evidence.tripwire.why_missing(),
        "status" => evidence.status.why_missing(),
        "err_log" => evidence.err_log.why_missing(),
        "out_log" => evidence.out_log.why_missing(),
        "e2e" => evidence.e2e.why_missing(),
        "session_jsonl" => evidence.session.why_missing(),
        "otel" => evidence.otel.why_missing(),
        "model_api" => evidence.model_api.why_missing(),
        "redis" => evidence.redis.why_missing(),
        "config" => evidence.config.why_missing(),
        _ => None,
    }
}

/// The evidence that a layer lacks, and why.
fn missing(evidence: &Evidence, layer: Layer) -> Vec<String> {
    let mut gone = Vec::new();
    for &name in needed(layer) {
        // One service manager is enough.
        let name = match name {
            "launchd" if !matches!(evidence.systemd, Collected::Absent) => "systemd",
            other => other,
        };
        if let Some(why) = why_missing(evidence, name) {
            gone.push(format!("{name}: {why}"));
        }
    }
    // What an error led to stands in one of these; without both it cannot be told
    // from one that passed.
    if layer == Layer::ErrorLog
        && let Some(log) = evidence.out_log.why_missing()
        && let Some(otel) = evidence.otel.why_missing()
    {
        gone.push(if evidence.not_part.contains("otel") {
            format!("out_log: {log}")
        } else {
            format!("out_log and otel: {otel}")
        });
    }
    gone
}

/// What was looked for in vain of a layer in a set-up that has only what its packs look at.
fn unreadable(evidence: &Evidence, layer: Layer) -> Vec<String> {
    let names: &[&str] = match layer {
        Layer::Process => &["process", "systemd", "launchd"],
        other => needed(other),
    };
    let mut gone = Vec::new();
    for name in names {
        let why = why_missing(evidence, name).filter(|why| *why != NOT_COLLECTED);
        if let Some(why) = why {
            gone.push(format!("{name}: {why}"));
        }
    }
    gone
}

/// Whether the part of the status that a layer shows is there.
fn lacks_section(case: &Case<'_>, layer: Layer) -> Option<&'static str> {
    let status = case.status()?;
    let (sections, name): (&[&str], _) = match layer {
        Layer::CliStatus => (&["mode", "available", "components"], "mode"),
        Layer::SessionPressure => (&["sessionPressure"], "sessionPressure"),
        Layer::Interruptibility => (&["supersession"], "supersession"),
        Layer::ChannelHealth => (&["channels"], "channels"),
        Layer::ChannelHealing => (&["channelHealth"], "channelHealth"),
        Layer::OperatorTracing => (&["operatorTracing", "callbackTracing"], "operatorTracing"),
        _ => return None,
    };
    let there = sections
        .iter()
        .any(|section| status.find(section).is_some());
    (!there).then_some(name)
}

/// Whether a profile is that of a gateway, whose layers are known.
fn is_gateway(profile: &str) -> bool {
    matches!(profile, "" | "joelclaw" | "gateway")
}

/// The layers that a set-up has.
pub(crate) fn expected(case: &Case<'_>, profile: &str) -> Vec<Layer> {
    let evidence = case.evidence;
    if is_gateway(profile) {
        let mut layers = Layer::ALL.to_vec();
        layers.retain(|layer| {
            let mut names = needed(*layer).iter();
            !names.all(|name| evidence.not_part.contains(*name))
        });
        return layers;
    }
    // Any other set-up has what its own packs look at.
    let rules = case.rules;
    let causes = rules
        .logs
        .iter()
        .filter_map(|rule| rule.cause.as_deref())
        .chain(rules.events.iter().map(|rule| rule.cause.as_str()))
        .chain(rules.values.iter().map(|rule| rule.cause.as_str()))
        .chain(rules.files.iter().map(|rule| rule.cause.as_str()))
        .chain(rules.processes.iter().map(|rule| rule.cause.as_str()))
        .chain(rules.ports.iter().map(|rule| rule.cause.as_str()))
        .chain(rules.foreign.iter().flat_map(|named| {
            let causes = named.rule.causes.iter();
            causes.map(String::as_str)
        }));
    let mut layers: Vec<Layer> = causes
        .filter_map(|id| rules.cause(id))
        .filter(|cause| cause.pack != "gateway")
        .map(|cause| cause.layer)
        .collect();
    // Who looks at a process wants to know of it.
    let looked_at = !matches!(evidence.process, Collected::Absent)
        || !matches!(evidence.systemd, Collected::Absent)
        || !matches!(evidence.launchd, Collected::Absent);
    if looked_at {
        layers.push(Layer::Process);
    }
    layers.sort_unstable();
    layers.dedup();
    layers
}

/// The state of every layer.
pub(crate) fn states(
    case: &Case<'_>,
    findings: &[Finding],
    unclear: &[(Layer, String)],
    profile: &str,
) -> Vec<LayerState> {
    let expected = expected(case, profile);
    let is_gateway = is_gateway(profile);
    let down = findings.iter().any(|finding| {
        matches!(
            finding.cause.as_str(),
            "process.not_running" | "process.launchd_disabled"
        )
    });
    Layer::ALL
        .into_iter()
        .map(|layer| {
            let here: Vec<&Finding> = findings.iter().filter(|f| f.layer == layer).collect();
            let worst = here.iter().map(|f| f.severity).max();
            let titles = || {
                let titles: Vec<&str> = here
                    .iter()
                    .filter(|f| Some(f.severity) == worst)
                    .map(|f| f.title.as_str())
                    .collect();
                titles.join("; ")
            };
            let state = |status, detail: String| LayerState {
                layer,
                status,
                detail,
            };
            if layer == Layer::EndToEnd
                && case.redis_degraded()
                && !matches!(case.evidence.e2e, Collected::Absent)
            {
                let detail = "no test goes through Redis while it is away".to_owned();
                return state(LayerStatus::Skipped, detail);
            }
            match worst {
                Some(Severity::Failed) => return state(LayerStatus::Failed, titles()),
                Some(Severity::Degraded) => return state(LayerStatus::Degraded, titles()),
                Some(Severity::Notice) | None => {}
            }
            if !expected.contains(&layer) {
                let detail = "not part of this set-up".to_owned();
                return state(LayerStatus::NotApplicable, detail);
            }
            let gone = if is_gateway {
                missing(case.evidence, layer)
            } else {
                unreadable(case.evidence, layer)
            };
            if !gone.is_empty() {
                return state(LayerStatus::Unknown, gone.join("; "));
            }
            if down && layer.needs_daemon() {
                return state(LayerStatus::Skipped, "the gateway does not run".to_owned());
            }
            if let Some((_, why)) = unclear.iter().find(|(unclear, _)| *unclear == layer) {
                return state(LayerStatus::Unknown, why.clone());
            }
            if is_gateway && let Some(section) = lacks_section(case, layer) {
                if case.is_slim() {
                    let detail = "a slim transport has none".to_owned();
                    return state(LayerStatus::NotApplicable, detail);
                }
                return state(LayerStatus::Unknown, format!("the status lacks {section}"));
            }
            if layer == Layer::EndToEnd
                && let Some(test) = case.evidence.e2e.get()
                && test.flag("ran") == Some(false)
            {
                return state(LayerStatus::Skipped, "not run".to_owned());
            }
            let detail = match (worst, cited(findings, layer)) {
                (Some(_), _) => titles(),
                (None, Some(cited)) => cited,
                (None, None) => fine(case, layer),
            };
            state(LayerStatus::Ok, detail)
        })
        .collect()
}

/// What a log that leads to nothing by itself is evidence of elsewhere.
fn cited(findings: &[Finding], layer: Layer) -> Option<String> {
    let source = match layer {
        Layer::ErrorLog => "err_log",
        Layer::StdoutLog => "out_log",
        Layer::Otel => "otel",
        _ => return None,
    };
    let causes: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.exhibits.iter().any(|shown| shown.source == source))
        .map(|finding| finding.cause.as_str())
        .collect();
    (!causes.is_empty()).then(|| format!("bears out {}", causes.join(", ")))
}

/// What a layer that is fine shows.
fn fine(case: &Case<'_>, layer: Layer) -> String {
    let evidence = case.evidence;
    let status = case.status();
    let text = |path: &str| {
        status
            .and_then(|status| status.text(path))
            .unwrap_or("unknown")
    };
    let number = |path: &str| status.and_then(|status| status.number(path));
    match layer {
        Layer::Substrate => "virtual machine, node and pods run".to_owned(),
        Layer::Process => {
            let pid = evidence
                .launchd
                .get()
                .and_then(|service| service.number("pid"))
                .or_else(|| number("daemon.pid"));
            let since = case
                .span
                .started
                .map(|at| format!(", up {}", duration(case.age_ms(at))));
            let pid = pid.map_or_else(|| "runs".to_owned(), |pid| format!("pid {pid} runs"));
            format!("{pid}{}", since.unwrap_or_default())
        }
        Layer::CliStatus => format!(
            "mode {}, session {}",
            text("mode"),
            text("components.session")
        ),
        Layer::SessionPressure => match number("sessionPressure.usagePercent") {
            Some(usage) => format!("context {usage} %"),
            None => "nothing to say".to_owned(),
        },
        Layer::Interruptibility => match case.active_request() {
            Some(active) => format!("a request of {} is active", active.source),
            None => "no request is active".to_owned(),
        },
        Layer::ChannelHealth => {
            let names = status
                .and_then(|status| status.find("channelHealth.configuredChannels"))
                .and_then(|list| list.as_array());
            let names: Vec<&str> = names
                .into_iter()
                .flatten()
                .filter_map(|name| name.as_str())
                .collect();
            if names.is_empty() {
                "no channel is configured".to_owned()
            } else {
                format!("connected: {}", names.join(", "))
            }
        }
        Layer::ChannelHealing => "nothing to heal".to_owned(),
        Layer::OperatorTracing => "no action is overdue".to_owned(),
        Layer::ErrorLog => log_detail(evidence.err_log.get().map(|log| (log.lines, log.skipped))),
        Layer::StdoutLog => log_detail(evidence.out_log.get().map(|log| (log.lines, log.skipped))),
        Layer::EndToEnd => "the test event was taken out of the queue".to_owned(),
        Layer::SessionTranscript => match case.last_answer() {
            Some(at) => format!("last answer {} ago", duration(case.age_ms(at))),
            None => "no answer in it".to_owned(),
        },
        Layer::Otel => {
            let events = evidence.otel.get().map_or(0, |otel| otel.events.len());
            format!("{events} events")
        }
        Layer::ModelApi => "the provider answers".to_owned(),
        Layer::RedisState => match case.unserved() {
            Some(count) => format!("{count} messages to serve"),
            None => "reachable".to_owned(),
        },
    }
}

fn log_detail(log: Option<(u64, u64)>) -> String {
    match log {
        Some((lines, 0)) => format!("{lines} lines, nothing current"),
        Some((lines, skipped)) => format!("{lines} lines ({skipped} are no text), nothing current"),
        None => String::new(),
    }
}
