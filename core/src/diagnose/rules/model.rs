//! The model: its provider's errors, the fallback, the first token, and which
//! model is in use.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::diagnose::case::{Case, duration};
use crate::diagnose::evidence::EntryKind;
use crate::diagnose::layer::Layer;
use crate::diagnose::timeline::excerpt;
use crate::diagnose::verdict::{Delivery, Exhibit, Judgement, Severity};
use crate::time::Timestamp;

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    found.extend(api(case));
    found.extend(provider_errors(case));
    found.extend(skew(case));
    found.extend(fallback(case));
    found.extend(drift(case));
    found.extend(first_token(case));
    found
}

/// What kind of error a text tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorClass {
    NoCredentials,
    AuthExpired,
    RateLimited,
    Busy,
    ModelNotFound,
    Other,
}

pub(super) fn classify(text: &str) -> ErrorClass {
    let lower = text.to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    if has("already processing") {
        ErrorClass::Busy
    } else if has("no api key") || has("missing api key") || has("missing_api_key") {
        ErrorClass::NoCredentials
    } else if has("authentication failed")
        || has("authentication_error")
        || has("oauth token has expired")
        || has("invalid x-api-key")
        || lower.starts_with("401")
    {
        ErrorClass::AuthExpired
    } else if has("rate limit")
        || has("rate_limit")
        || has("overloaded")
        || lower.starts_with("429")
        || lower.starts_with("529")
        || has("(429)")
        || has("(529)")
    {
        ErrorClass::RateLimited
    } else if has("model") && has("not found") || has("model_not_found") {
        ErrorClass::ModelNotFound
    } else {
        ErrorClass::Other
    }
}

/// One error of a provider, wherever it was told.
pub(super) struct ModelError {
    pub(super) class: ErrorClass,
    pub(super) at: Option<Timestamp>,
    pub(super) layer: Layer,
    pub(super) exhibit: Exhibit,
}

/// The errors that count, of the error log, telemetry and the transcript.
pub(super) fn errors(case: &Case<'_>) -> Vec<ModelError> {
    let mut errors = Vec::new();
    for rule in ["prompt_failed", "api_error", "message_end_error"] {
        for placed in case.err.current(rule) {
            let record = placed.record;
            let texts = ["error", "errorMsg", "reason", "errorMessage"]
                .into_iter()
                .filter_map(|name| record.field(name));
            let class = texts
                .map(classify)
                .find(|class| *class != ErrorClass::Other)
                .unwrap_or(ErrorClass::Other);
            errors.push(ModelError {
                class,
                at: placed.at,
                layer: Layer::ErrorLog,
                exhibit: case.err.exhibit(placed),
            });
        }
    }
    for action in ["queue.prompt.failed", "daemon.api_error.detected"] {
        for event in case.events(action) {
            errors.push(ModelError {
                class: event.error.as_deref().map_or(ErrorClass::Other, classify),
                at: Some(event.at),
                layer: Layer::Otel,
                exhibit: Case::event_exhibit(event),
            });
        }
    }
    if let Some(session) = case.session() {
        for entry in &session.entries {
            if let EntryKind::Assistant(answer) = &entry.kind
                && answer.stop == "error"
                && let Some(at) = entry.at
                && case.span.holds(at)
            {
                let text = answer.error.as_deref().unwrap_or("no error text");
                errors.push(ModelError {
                    class: classify(text),
                    at: Some(at),
                    layer: Layer::SessionTranscript,
                    exhibit: Exhibit {
                        line: Some(entry.line),
                        at: Some(at),
                        ..Exhibit::of("session_jsonl", excerpt(text))
                    },
                });
            }
        }
    }
    errors
}

/// The gateway's own count of prompts that failed in a row.
pub(super) fn consecutive_failures(case: &Case<'_>) -> Option<i64> {
    let status = case.status()?;
    status
        .number("components.consecutivePromptFailures")
        .max(status.number("sessionPressure.consecutivePromptFailures"))
}

fn provider_errors(case: &Case<'_>) -> Vec<Judgement> {
    let errors = errors(case);
    let mut found = Vec::new();
    for (class, cause) in [
        (ErrorClass::NoCredentials, "model.no_credentials"),
        (ErrorClass::AuthExpired, "model.auth_expired"),
        (ErrorClass::RateLimited, "model.rate_limited"),
    ] {
        let of_class: Vec<&ModelError> =
            errors.iter().filter(|error| error.class == class).collect();
        let Some(layer) = of_class.iter().map(|error| error.layer).min() else {
            continue;
        };
        let last = of_class.iter().map(|error| error.at).max().flatten();
        let failing = consecutive_failures(case).unwrap_or(0) > 0;
        let exhibits: Vec<Exhibit> = of_class
            .iter()
            .rev()
            .map(|error| error.exhibit.clone())
            .collect();
        let count = of_class.iter().filter(|error| error.layer == layer).count();
        let on_fallback = fallback_state(case) == Fallback::Active;
        if case.answered_after(last) && !failing && !on_fallback {
            found.push(Judgement::Information {
                about: known(cause),
                text: format!(
                    "{count} provider error(s) in the window ({}); messages have been answered since.",
                    exhibits.first().map_or("", |exhibit| exhibit.text.as_str())
                ),
            });
            continue;
        }
        let mut finding = case.finding(cause, exhibits);
        finding.layer = if class == ErrorClass::NoCredentials && says_down(case) {
            Layer::CliStatus
        } else {
            layer
        };
        if on_fallback && case.answered_after(last) {
            finding.severity = Severity::Degraded;
            finding.delivery = Delivery::Impaired;
        } else if on_fallback && class == ErrorClass::RateLimited {
            // The other model has taken over.
            finding.severity = Severity::Degraded;
            finding.delivery = Delivery::Impaired;
        }
        found.push(Judgement::Finding(finding));
    }
    found
}

/// The gateway itself says that it does not answer, or that prompts fail.
fn says_down(case: &Case<'_>) -> bool {
    consecutive_failures(case).unwrap_or(0) > 0
        || case.status().is_some_and(|status| {
            status.flag("available") == Some(false)
                || status
                    .text("components.session")
                    .is_some_and(|session| session.starts_with("dead"))
        })
}

/// Causes that information may be about.
fn known(cause: &str) -> Option<&'static str> {
    [
        "model.no_credentials",
        "model.auth_expired",
        "model.rate_limited",
    ]
    .into_iter()
    .find(|known| *known == cause)
}

fn api(case: &Case<'_>) -> Option<Judgement> {
    let api = case.evidence.model_api.get()?;
    let provider = api.text("provider").unwrap_or("anthropic");
    match api.flag("reachable") {
        Some(false) => {
            let error = api.text("error").unwrap_or("no answer");
            let text = format!("{provider}: {error}");
            Some(case.find(
                "model.api_unreachable",
                vec![Exhibit::of("model_api", text)],
            ))
        }
        Some(true) => {
            let error = api.text("error_type").unwrap_or("none");
            // A request without credentials is to be refused, in the words of the provider.
            let expected: &[&str] = if provider.starts_with("openai") {
                &[
                    "invalid_request_error",
                    "invalid_api_key",
                    "authentication_error",
                ]
            } else {
                &["authentication_error"]
            };
            if expected.contains(&error) {
                return None;
            }
            let text = format!("{provider} answers a request without credentials with `{error}`");
            Some(case.find("model.api_unexpected", vec![Exhibit::of("model_api", text)]))
        }
        None => Some(Judgement::CannotTell {
            layer: Layer::ModelApi,
            why: "the evidence does not say whether the provider was reached".to_string(),
        }),
    }
}

/// The embedded SDK does not know a model that is configured.
fn skew(case: &Case<'_>) -> Option<Judgement> {
    let mut exhibits = Vec::new();
    let mut layer = Layer::Otel;
    for rule in [
        "fallback_probe_failed",
        "fallback_model_not_found",
        "fallback_set_model_failed",
    ] {
        for placed in case.err.current(rule) {
            let fields = &placed.record.fields;
            if rule == "fallback_model_not_found"
                || fields
                    .iter()
                    .any(|(_, value)| classify(value) == ErrorClass::ModelNotFound)
            {
                layer = Layer::ErrorLog;
                exhibits.push(case.err.exhibit(placed));
            }
        }
    }
    for action in [
        "fallback.model_not_found",
        "model_fallback.probe_failed",
        "fallback.setModel.failed",
    ] {
        for event in case.events(action) {
            if action == "fallback.model_not_found"
                || event.text("error_kind") == Some("model_not_found")
                || event
                    .error
                    .as_deref()
                    .is_some_and(|error| classify(error) == ErrorClass::ModelNotFound)
            {
                exhibits.push(Case::event_exhibit(event));
            }
        }
    }
    if exhibits.is_empty() {
        return None;
    }
    if let Some(versions) = case.evidence.versions.get() {
        let version = |name: &str| versions.scalar(name);
        let cli = version("pi_cli").or_else(|| version("pi"));
        let sdk = version("embedded_sdk").or_else(|| version("sdk"));
        if let (Some(cli), Some(sdk)) = (cli, sdk) {
            let text = format!("the command is version {cli}, the embedded SDK is version {sdk}");
            exhibits.insert(0, Exhibit::of("versions", text));
        }
    }
    Some(case.find_in("model.dependency_skew", layer, exhibits))
}

/// Whether the fallback model is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fallback {
    Never,
    Active,
    Restored,
}

fn fallback_state(case: &Case<'_>) -> Fallback {
    let status = case.status();
    let says = status.and_then(|status| {
        status
            .flag("sessionPressure.fallbackActive")
            .or_else(|| status.flag("fallback.active"))
    });
    if says == Some(true) {
        return Fallback::Active;
    }
    let swapped = case
        .events("model_fallback.swapped")
        .next_back()
        .map(|event| event.at);
    let restored = case
        .events("model_fallback.primary_restored")
        .next_back()
        .map(|event| event.at);
    let activated = case.err.current("fallback_activated").count();
    let recovered = case.out.current("fallback_recovered").count();
    if swapped.is_none() && activated == 0 {
        return if restored.is_some() || recovered > 0 {
            Fallback::Restored
        } else {
            Fallback::Never
        };
    }
    if restored.is_some() && restored >= swapped {
        return Fallback::Restored;
    }
    if recovered > 0 && recovered >= activated {
        return Fallback::Restored;
    }
    let counted = status.and_then(|status| {
        status
            .number("sessionPressure.fallbackActivationCount")
            .or_else(|| status.number("fallback.activationCount"))
    });
    // The status counts activations: it knows of this one, and that it is over.
    if says == Some(false) && counted.is_some_and(|count| count > 0) {
        return Fallback::Restored;
    }
    Fallback::Active
}

fn fallback(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    let mut exhibits = Case::shown(&case.err, case.err.current("fallback_activated"));
    let mut layer = Layer::ErrorLog;
    if exhibits.is_empty() {
        exhibits = Case::shown(&case.err, case.err.current("fallback_timeout"));
    }
    if exhibits.is_empty() {
        layer = Layer::Otel;
    }
    for event in case.events("model_fallback.swapped") {
        let mut exhibit = Case::event_exhibit(event);
        if let Some(reason) = event.text("reason") {
            exhibit.text.push_str(": ");
            exhibit.text.push_str(&excerpt(reason));
        }
        exhibits.push(exhibit);
    }
    // Swaps and restorations, as many as either source tells of.
    let hour = case.now.saturating_add_us(-3_600_000_000);
    let recent = |action: &str| {
        case.all_events()
            .filter(|event| event.action == action && event.at >= hour)
            .count()
    };
    let swaps =
        recent("model_fallback.swapped").max(case.err.current("fallback_activated").count());
    let restores = recent("model_fallback.primary_restored")
        .max(case.out.current("fallback_recovered").count());
    let pairs = swaps.min(restores);
    let limit = usize::try_from(case.rules.threshold("flap_pairs", 5)).unwrap_or(usize::MAX);
    if pairs >= limit {
        let text = format!("{pairs} swaps and restorations within one hour");
        exhibits.insert(0, Exhibit::of("otel", text));
        found.push(case.find_in("model.fallback_flap", layer, exhibits.clone()));
    }
    match fallback_state(case) {
        Fallback::Never => {}
        Fallback::Restored => found.push(Judgement::Information {
            about: Some("model.timeout_fallback"),
            text: "The fallback model was in use for a while; the primary one is back.".to_string(),
        }),
        Fallback::Active => {
            if exhibits.is_empty() {
                layer = Layer::SessionPressure;
                let text = "the status says that the fallback model is in use";
                exhibits.push(Exhibit::of("status", text));
            }
            found.push(case.find_in("model.timeout_fallback", layer, exhibits));
        }
    }
    found
}

/// The model's name without its provider.
fn bare(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

fn same_model(a: &str, b: &str) -> bool {
    if a.contains('/') && b.contains('/') {
        a.eq_ignore_ascii_case(b)
    } else {
        bare(a).eq_ignore_ascii_case(bare(b))
    }
}

/// The session runs on another model than was asked for.
fn drift(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    let pair = |fields: &dyn Fn(&str) -> Option<String>| {
        let requested = fields("requested").or_else(|| fields("requestedModel"));
        let resumed = fields("resumed")
            .or_else(|| fields("resumedModel"))
            .or_else(|| fields("actual"))
            .or_else(|| fields("active"))
            .or_else(|| fields("activeModel"));
        (
            requested.unwrap_or_else(|| "unknown".to_string()),
            resumed.unwrap_or_else(|| "unknown".to_string()),
        )
    };
    let repaired_record = case.err.of("model_restored").last();
    let repaired_event = case
        .all_events()
        .rfind(|event| event.action == "model.reconciled_on_startup");
    if repaired_record.is_some() || repaired_event.is_some() {
        let (requested, resumed) = match (repaired_record, repaired_event) {
            (Some(placed), _) => pair(&|name| placed.record.field(name).map(ToString::to_string)),
            (None, Some(event)) => pair(&|name| event.text(name).map(ToString::to_string)),
            (None, None) => return found,
        };
        found.push(Judgement::Information {
            about: Some("model.resume_drift"),
            text: format!(
                "The resumed session ran on {resumed}; the start put it back on {requested}, as requested."
            ),
        });
    }
    let mut exhibits = Case::shown(&case.err, case.err.current("model_resolved_to_active"));
    for event in case.events("model.resolved_to_active_session") {
        exhibits.push(Case::event_exhibit(event));
    }
    for event in case.events("model.reconcile_on_startup.failed") {
        exhibits.push(Case::event_exhibit(event));
    }
    let stated = !exhibits.is_empty();
    let repaired = repaired_record.is_some() || repaired_event.is_some();
    let on_fallback = fallback_state(case) != Fallback::Never;
    if !stated
        && !repaired
        && !on_fallback
        && let Some(config) = case.evidence.config.get()
        && let Some(wanted) = config.text("model")
    {
        for (source, live) in live_models(case) {
            if !same_model(wanted, &live) {
                let text = format!("{live} is in use, {wanted} is configured");
                exhibits.push(Exhibit::of(source, text));
            }
        }
    }
    let settled = stated && repaired;
    if !exhibits.is_empty() && !settled {
        found.push(case.find("model.resume_drift", exhibits));
    }
    found
}

/// The models that the running process says it uses.
fn live_models(case: &Case<'_>) -> Vec<(&'static str, String)> {
    let mut models = Vec::new();
    if let Some(model) = case.status().and_then(|status| status.text("model")) {
        models.push(("status", model.to_string()));
        return models;
    }
    let started = case
        .out
        .placed
        .iter()
        .rfind(|placed| &*placed.record.rule == "daemon_started")
        .and_then(|placed| placed.record.field("model"));
    if let Some(model) = started {
        models.push(("out_log", model.to_string()));
    }
    let answered = case.session().and_then(|session| session.last_answer());
    if let Some(entry) = answered
        && let EntryKind::Assistant(answer) = &entry.kind
        && let Some(model) = &answer.model
        && entry
            .at
            .is_none_or(|at| case.span.started.is_none_or(|start| at >= start))
    {
        models.push(("session_jsonl", model.clone()));
    }
    models
}

/// The active request waits for its first token longer than it should.
fn first_token(case: &Case<'_>) -> Option<Judgement> {
    let active = case.active_request()?;
    let since = active.since?;
    let waited = case.age_ms(since);
    let (limit, stated) = case.first_token_limit_ms();
    if case.waits_for_first_token() == Some(false) || fallback_state(case) == Fallback::Active {
        return None;
    }
    if case
        .events("model_fallback.swapped")
        .any(|event| event.at >= since)
    {
        return None;
    }
    if waited <= limit {
        if !stated && waited > 30_000 {
            return Some(Judgement::CannotTell {
                layer: Layer::CliStatus,
                why: "a request waits for its first token, and the limit is not known".to_string(),
            });
        }
        return Some(Judgement::Recheck {
            at: since.saturating_add_us(limit.saturating_mul(1000)),
            why: format!("a request of {} waits for its first token", active.source),
        });
    }
    let text = format!(
        "the request of {} waits for its first token since {}, the limit is {}, and no fallback followed",
        active.source,
        duration(waited),
        duration(limit)
    );
    Some(case.find("model.slow_first_token", vec![Exhibit::of("status", text)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_their_text() {
        for (text, class) in [
            ("No API key found for anthropic.", ErrorClass::NoCredentials),
            (
                "Error: No API key for anthropic/claude-haiku-4-5",
                ErrorClass::NoCredentials,
            ),
            (
                "Authentication failed for \"anthropic\". Credentials may have expired",
                ErrorClass::AuthExpired,
            ),
            ("429 {\"type\":\"error\"}", ErrorClass::RateLimited),
            ("Anthropic rate limit (429)", ErrorClass::RateLimited),
            ("529 overloaded_error", ErrorClass::RateLimited),
            ("Agent is already processing. Specify", ErrorClass::Busy),
            (
                "pi model not found: openai-codex/gpt-5.4",
                ErrorClass::ModelNotFound,
            ),
            ("connect ECONNREFUSED 127.0.0.1:4290", ErrorClass::Other),
            ("no streaming tokens after 120s", ErrorClass::Other),
        ] {
            assert_eq!(classify(text), class, "{text}");
        }
    }

    #[test]
    fn models_are_compared_without_their_provider_where_one_lacks_it() {
        assert!(same_model("anthropic/claude-opus-4-6", "claude-opus-4-6"));
        assert!(!same_model("anthropic/m", "openai/m"));
        assert!(!same_model("claude-opus-4-6", "openai-codex/gpt-5.4"));
    }
}
