//! Diagnosis of a gateway: what is broken first, why, and what to do.
//!
//! Evidence goes in, read by incremental readers or out of one bundle; rules say
//! what each piece shows; causes explain one another; the deepest cause that
//! explains the worst is the answer. Nothing here runs or reads anything.

#![allow(
    clippy::similar_names,
    reason = "a case has causes: both are the words of the trade"
)]

mod case;
mod evidence;
mod foreign;
mod layer;
mod layers;
mod pack;
mod pattern;
mod review;
mod rules;
mod search;
mod status;
mod timeline;
mod verdict;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use evidence::{
    BundleError, Collected, Document, Evidence, JournalReader, LogEvidence, LogReader,
    OtelEvidence, OtelReader, TranscriptEvidence, TranscriptReader,
};
pub use foreign::{
    ForeignFault, ForeignFinding, ForeignPack, ForeignRule, ForeignRules, Given, GivenEvent,
    GivenRecord, LogQuery, MAX_FINDINGS, Proof,
};
pub use layer::Layer;
pub use layers::LayerStatus;
pub use pack::{Cause, GATEWAY_PACK, PACK_VERSION, Pack, PackError, PackStep, Remedy, Rulebook};
pub(crate) use pattern::check_pattern;
pub use review::review;
pub use search::search;
pub use status::gateway_status;
pub use verdict::{Delivery, Severity, Verdict};

use case::Case;
use layers::LayerState;
use verdict::{Exhibit, Finding, Judgement, Resolved, resolve};

use crate::time::{Timestamp, Window};
use crate::view::{
    DiagnosisView, EvidenceView, ExhibitView, FindingView, InformationView, LayerView, RecheckView,
    RemedyView,
};

/// Hours of the default window.
pub const DEFAULT_HOURS: u32 = 1;
/// Records of each kind that are kept of a log by default.
pub const DEFAULT_RECORDS: usize = 100;

/// How to diagnose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagnoseOptions {
    /// Older things are history, in hours.
    pub hours: u32,
    /// Of a log, the newest records of each kind that are looked at.
    pub records: usize,
    /// Counts ages to here instead of to the time of the bundle.
    pub now: Option<Timestamp>,
    /// The set-up, instead of the one that the bundle names: `joelclaw`, or any
    /// other name for one that has only what its packs look at.
    pub profile: Option<String>,
}

impl Default for DiagnoseOptions {
    fn default() -> Self {
        Self {
            hours: DEFAULT_HOURS,
            records: DEFAULT_RECORDS,
            now: None,
            profile: None,
        }
    }
}

/// Why there is no diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiagnoseError {
    /// The text is no evidence bundle.
    Bundle(BundleError),
    /// A rule pack cannot be used.
    Pack(PackError),
    /// Neither the bundle nor the options say what time it is.
    NoTime,
}

impl core::fmt::Display for DiagnoseError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Bundle(error) => error.fmt(f),
            Self::Pack(error) => write!(f, "rule pack: {error}"),
            Self::NoTime => f.write_str("not an evidence bundle: no usable now_ms"),
        }
    }
}

impl core::error::Error for DiagnoseError {}

/// Diagnoses a bundle by the built-in rules and those of further packs in JSON.
pub fn diagnose_bundle(
    bundle: &str,
    packs: &[&str],
    options: &DiagnoseOptions,
) -> Result<DiagnosisView, DiagnoseError> {
    let mut rules = Rulebook::gateway();
    for pack in packs {
        Pack::parse(pack)
            .and_then(|pack| rules.add(pack))
            .map_err(DiagnoseError::Pack)?;
    }
    let evidence =
        Evidence::parse_bundle(bundle, &rules, options.records).map_err(DiagnoseError::Bundle)?;
    let now = options.now.or(evidence.now).ok_or(DiagnoseError::NoTime)?;
    Ok(diagnose(&evidence, &rules, now, options))
}

/// Diagnoses evidence that a host has read.
pub fn diagnose(
    evidence: &Evidence,
    rules: &Rulebook,
    now: Timestamp,
    options: &DiagnoseOptions,
) -> DiagnosisView {
    diagnose_with::<foreign::Nobody>(evidence, rules, now, options, &mut [])
}

/// Diagnoses evidence by the rules of a book and those that programs of others hold, whose
/// packs the book has taken in ([`Rulebook::add_foreign`]). One that breaks costs its rule
/// and is told in the notes.
pub fn diagnose_with<F: ForeignRules>(
    evidence: &Evidence,
    rules: &Rulebook,
    now: Timestamp,
    options: &DiagnoseOptions,
    foreign: &mut [F],
) -> DiagnosisView {
    let case = Case::new(evidence, rules, now, options.hours.max(1));
    let mut findings = Vec::new();
    let mut information = Vec::new();
    let mut unclear: Vec<(Layer, String)> = Vec::new();
    let mut recheck: Option<RecheckView> = None;
    let mut judgements = rules::judge(&case);
    let mut broken = Vec::new();
    for program in foreign {
        let (said, notes) = foreign::judge(&case, program);
        judgements.extend(said);
        broken.extend(notes);
    }
    for judgement in judgements {
        match judgement {
            Judgement::Finding(finding) => findings.push(finding),
            Judgement::Information { about, text } => information.push(InformationView {
                about: about.map(ToString::to_string),
                text,
            }),
            Judgement::CannotTell { layer, why } => unclear.push((layer, why)),
            Judgement::Recheck { at, why } => {
                if recheck.as_ref().is_none_or(|earlier| at < earlier.at) {
                    recheck = Some(RecheckView { at, why });
                }
            }
        }
    }
    // Minutes ahead is another clock, and then nothing that it says can be placed.
    if case
        .ahead
        .iter()
        .any(|event| case.age_ms(event.at) < -300_000)
    {
        let why = "events have times far after now: the clocks differ".to_string();
        unclear.push((Layer::Otel, why));
    }
    information.extend(history(&case));
    let resolved = resolve(findings, rules);
    let profile = options
        .profile
        .as_deref()
        .or(evidence.profile.as_deref())
        .unwrap_or("");
    let states = layers::states(&case, &resolved.findings, &unclear, profile);
    let unknown = states
        .iter()
        .any(|state| state.status == LayerStatus::Unknown);
    let worst = resolved
        .findings
        .iter()
        .map(|finding| finding.severity)
        .max();
    let verdict = match worst {
        Some(severity @ (Severity::Degraded | Severity::Failed)) => severity.verdict(),
        Some(Severity::Notice) | None if unknown => Verdict::Unknown,
        Some(Severity::Notice) | None => Verdict::Ok,
    };
    let delivery = match resolved
        .findings
        .iter()
        .map(|finding| finding.delivery)
        .max()
    {
        Some(delivery @ (Delivery::Impaired | Delivery::Down)) => delivery,
        _ if verdict == Verdict::Unknown => Delivery::Unknown,
        _ => Delivery::Ok,
    };
    let primary = resolved.findings.first().filter(|_| resolved.has_primary);
    let remedies = primary
        .map(|finding| remedies(finding, rules))
        .unwrap_or_default();
    let layers = layer_views(states, &resolved);
    DiagnosisView {
        verdict,
        delivery,
        first_failing_layer: primary.map(|finding| finding.layer),
        cause: primary.map_or_else(|| "none".to_string(), |finding| finding.cause.clone()),
        summary: summary(primary, verdict),
        secondary: secondary(&resolved),
        remedy: remedies.iter().map(|remedy| remedy.id.clone()).collect(),
        remedies,
        layers,
        information,
        recheck,
        now,
        window: Window {
            from: Some(case.span.from),
            to: Some(now),
        },
        evidence: evidence_views(evidence),
        packs: rules
            .packs()
            .map(|(name, version)| format!("{name} {version}"))
            .collect(),
        notes: broken.into_iter().chain(notes(&case, options)).collect(),
    }
}

fn layer_views(states: Vec<LayerState>, resolved: &Resolved) -> Vec<LayerView> {
    states
        .into_iter()
        .map(|state| LayerView {
            findings: resolved
                .findings
                .iter()
                .enumerate()
                .filter(|(_, finding)| finding.layer == state.layer)
                .map(|(at, finding)| finding_view(finding, at == 0, resolved))
                .collect(),
            layer: state.layer,
            status: state.status,
            detail: state.detail,
        })
        .collect()
}

fn summary(primary: Option<&Finding>, verdict: Verdict) -> String {
    match (primary, verdict) {
        (Some(finding), _) => finding.title.clone(),
        (None, Verdict::Unknown) => {
            "Nothing is seen to be wrong, and not everything could be looked at".to_string()
        }
        (None, _) => "Nothing is wrong".to_string(),
    }
}

/// Ids of the findings besides the primary one. What is only worth knowing is none of them.
fn secondary(resolved: &Resolved) -> Vec<String> {
    let skip = usize::from(resolved.has_primary);
    resolved
        .findings
        .iter()
        .skip(skip)
        .filter(|finding| finding.severity > Severity::Notice)
        .map(|finding| finding.cause.clone())
        .collect()
}

fn remedies(finding: &Finding, rules: &Rulebook) -> Vec<RemedyView> {
    let Some(cause) = rules.cause(&finding.cause) else {
        return Vec::new();
    };
    let ids = if finding.remedies.is_empty() {
        &cause.remedies
    } else {
        &finding.remedies
    };
    let imessage = finding
        .exhibits
        .iter()
        .any(|exhibit| exhibit.text.starts_with("imessage"));
    ids.iter()
        .map(|id| {
            // The repair of iMessage is its own; other channels have theirs in the mute reason.
            if id == "manual_repair_imessage" && !imessage {
                "manual_repair_channel"
            } else {
                id
            }
        })
        .filter_map(|id| rules.remedy(id))
        .map(|remedy| RemedyView {
            id: remedy.id.clone(),
            text: remedy.text.clone(),
            command: remedy.command.clone(),
        })
        .collect()
}

fn finding_view(finding: &Finding, first: bool, resolved: &Resolved) -> FindingView {
    let role = if first && resolved.has_primary {
        "primary"
    } else if finding.severity == Severity::Notice {
        "notice"
    } else {
        "secondary"
    };
    FindingView {
        cause: finding.cause.clone(),
        role,
        severity: finding.severity.verdict().name(),
        title: finding.title.clone(),
        explained_by: resolved
            .explained_by
            .get(&finding.cause)
            .cloned()
            .unwrap_or_default(),
        evidence: finding.exhibits.iter().map(exhibit_view).collect(),
    }
}

fn exhibit_view(exhibit: &Exhibit) -> ExhibitView {
    ExhibitView {
        source: exhibit.source.clone(),
        line: exhibit.line,
        at: exhibit.at,
        bounded: exhibit.bounded,
        text: exhibit.text.clone(),
    }
}

/// Records of rules that would matter if they were current.
fn history(case: &Case<'_>) -> Vec<InformationView> {
    const TELLING: [&str; 14] = [
        "prompt_failed",
        "api_error",
        "message_end_error",
        "fallback_activated",
        "session_stuck",
        "stuck_recovery_timeout",
        "session_dead",
        "idle_waiter_timeout",
        "redis_command_error",
        "redis_retries_exhausted",
        "uncaught_exception",
        "unhandled_rejection",
        "poll_start_failed",
        "dropped_duplicate",
    ];
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for placed in case.err.placed.iter().chain(&case.out_long.placed) {
        let rule = &*placed.record.rule;
        if !placed.current && TELLING.contains(&rule) {
            *counts.entry(rule).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .map(|(rule, count)| InformationView {
            about: None,
            text: format!(
                "History: {count} record(s) `{rule}` from before the window or the last start."
            ),
        })
        .collect()
}

fn evidence_views(evidence: &Evidence) -> BTreeMap<&'static str, EvidenceView> {
    fn view<T>(collected: &Collected<T>, fill: impl FnOnce(&T, &mut EvidenceView)) -> EvidenceView {
        let mut view = EvidenceView::default();
        match collected {
            Collected::Absent => view.state = "absent",
            Collected::Unreadable(reason) => {
                view.state = "unreadable";
                view.reason = Some(reason.clone());
            }
            Collected::Present(value) => {
                view.state = "present";
                fill(value, &mut view);
            }
        }
        view
    }
    let document = |collected: &Collected<Document>| view(collected, |_, _| {});
    let log = |collected: &Collected<LogEvidence>| {
        view(collected, |log, view| {
            view.lines = Some(log.lines);
            view.skipped = Some(log.skipped);
            view.records = Some(log.records.len() as u64);
        })
    };
    let mut views = BTreeMap::new();
    for (name, collected) in [
        ("substrate", &evidence.substrate),
        ("launchd", &evidence.launchd),
        ("process", &evidence.process),
        ("status", &evidence.status),
        ("model_api", &evidence.model_api),
        ("redis", &evidence.redis),
        ("e2e", &evidence.e2e),
        ("tripwire", &evidence.tripwire),
        ("config", &evidence.config),
    ] {
        views.insert(name, document(collected));
    }
    for (name, collected) in [
        ("systemd", &evidence.systemd),
        ("versions", &evidence.versions),
        ("listeners", &evidence.listeners),
        ("files", &evidence.files),
        ("processes", &evidence.processes),
    ] {
        if !matches!(collected, Collected::Absent) {
            views.insert(name, document(collected));
        }
    }
    views.insert("err_log", log(&evidence.err_log));
    views.insert("out_log", log(&evidence.out_log));
    views.insert(
        "session_jsonl",
        view(&evidence.session, |session, view| {
            view.lines = Some(session.lines);
            view.skipped = Some(session.skipped);
            view.records = Some(session.entries.len() as u64);
        }),
    );
    views.insert(
        "otel",
        view(&evidence.otel, |otel, view| {
            view.lines = Some(otel.lines);
            view.skipped = Some(otel.skipped);
            view.records = Some(otel.events.len() as u64);
        }),
    );
    views
}

fn notes(case: &Case<'_>, options: &DiagnoseOptions) -> Vec<String> {
    let mut notes = case.evidence.notes.clone();
    let logs = [
        ("err_log", &case.evidence.err_log),
        ("out_log", &case.evidence.out_log),
    ];
    for (name, log) in logs {
        if let Some(log) = log.get()
            && log.cut > 0
        {
            notes.push(format!(
                "{name}: {} older record(s) were not looked at: of each kind the newest {} count (--lines)",
                log.cut, options.records
            ));
        }
    }
    if let Some(otel) = case.evidence.otel.get()
        && otel.cut > 0
    {
        notes.push(format!(
            "otel: {} older event(s) were not looked at",
            otel.cut
        ));
    }
    if let Some(otel) = case.evidence.otel.get()
        && !otel.events.is_empty()
        && otel.events.iter().all(|event| event.metadata.is_null())
    {
        notes.push(
            "otel: its events come without metadata, so that what decided on answers and duplicates is not seen"
                .to_string(),
        );
    }
    let bounded = case
        .err
        .placed
        .iter()
        .filter(|placed| {
            placed.current && placed.at.is_none() && &*placed.record.rule != "extension"
        })
        .count();
    if bounded > 0 {
        notes.push(format!(
            "{bounded} record(s) of err_log have no time of their own: they lie between the start of the process and now"
        ));
    }
    if case.span.started.is_none() {
        notes.push("nothing says when the process started".to_string());
    }
    if !case.ahead.is_empty() {
        notes.push(format!(
            "{} event(s) have times after now and were left out",
            case.ahead.len()
        ));
    }
    notes
}

#[cfg(test)]
mod tests;
