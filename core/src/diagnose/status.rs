//! The status of a gateway, every field with what it means.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::Value;

use super::case::duration;
use super::evidence::Document;
use crate::view::{GatewayStatusView, StatusFieldView};

/// Fields beyond this many are counted.
const MAX_FIELDS: usize = 600;
/// Of a value, so many bytes are shown.
const VALUE_BYTES: usize = 200;
/// A document is not looked into deeper.
const MAX_DEPTH: usize = 12;

/// What each field means: the way to it, `*` for any one step, and a sentence.
const MEANINGS: [(&str, &str); 126] = [
    ("available", "whether messages are answered"),
    ("healthy", "whether nothing is wrong; degraded is not down"),
    ("ok", "whether the endpoint itself is content"),
    ("mode", "how the gateway runs"),
    ("redis", "whether the gateway's side of Redis is connected"),
    ("redisError", "what Redis answered"),
    ("reason", "why the mode is what it is"),
    ("since", "since when"),
    ("checkedAt", "when this was written"),
    ("reconnectAttempts", "tries to reach Redis again"),
    (
        "degradedCapabilities",
        "what does not work while Redis is away",
    ),
    (
        "degradedCapabilities.*.key",
        "something that does not work while Redis is away",
    ),
    ("degradedCapabilities.*.reason", "why it does not work"),
    ("activeSessions.*.id", "a session that is enrolled in Redis"),
    (
        "activeSessions.*.pending",
        "events that wait for the session",
    ),
    (
        "activeSessions.*.alive",
        "always true in what the command prints: it proves nothing",
    ),
    ("totalPending", "events that wait in all lists"),
    ("legacyQueuePending", "events in the list of older gateways"),
    (
        "pruned.*",
        "a dead session that the status command itself removed",
    ),
    (
        "daemon.reachable",
        "whether the daemon's own endpoint answered",
    ),
    (
        "daemon.wsPort",
        "the port of the daemon; a slim transport has none",
    ),
    ("daemon.checkedAt", "when the daemon wrote this"),
    ("daemon.pid", "the process"),
    ("daemon.sessionId", "the model session"),
    ("daemon.uptimeMs", "for how long the daemon has run"),
    ("sessionId", "the model session"),
    ("pid", "the process"),
    ("uptimeMs", "for how long the daemon has run"),
    (
        "isStreaming",
        "whether the model is answering at this moment",
    ),
    ("model", "the model that answers now"),
    (
        "queueDepth",
        "messages in memory; those that are only in Redis are not counted",
    ),
    ("runtime.lastError", "the last error of the way to Redis"),
    (
        "runtime.redisHealthy",
        "whether both connections to Redis work",
    ),
    (
        "runtime.subscriberStatus",
        "the connection that listens to Redis",
    ),
    (
        "runtime.commandStatus",
        "the connection that writes to Redis",
    ),
    (
        "fallback.active",
        "whether another model stands in for the primary one",
    ),
    ("fallback.model", "the model that stands in"),
    ("fallback.since", "since when it stands in"),
    (
        "fallback.activationCount",
        "how often a model had to stand in",
    ),
    ("components.redis", "Redis as the daemon sees it"),
    ("components.telegram", "Telegram as the daemon sees it"),
    ("components.discord", "Discord as the daemon sees it"),
    (
        "components.imessage",
        "iMessage: connected as soon as the socket exists, which proves little",
    ),
    ("components.slack", "Slack as the daemon sees it"),
    ("components.ws", "the WebSocket server and its clients"),
    ("components.session", "the model session"),
    (
        "components.consecutivePromptFailures",
        "prompts that failed in a row; three end the daemon",
    ),
    (
        "components.waitingForTurnEnd",
        "whether a turn is under way",
    ),
    (
        "components.maintenanceActive",
        "whether the session is being compacted or changed",
    ),
    (
        "components.maintenanceKind",
        "what is being done to the session",
    ),
    ("components.maintenanceReason", "why"),
    ("components.maintenanceElapsedMs", "for how long already"),
    (
        "components.stuckRecoveryPending",
        "whether a stuck turn was aborted and the daemon ends if that does not help",
    ),
    (
        "components.stuckRecoveryDeadlineMs",
        "when the daemon ends itself unless the session recovers",
    ),
    (
        "components.fallbackGraceRemainingMs",
        "for how long failures count as those of a fresh fallback model",
    ),
    ("context.entries", "entries of the session"),
    (
        "context.estimatedTokens",
        "tokens in the context, as estimated",
    ),
    ("context.usagePercent", "how full the context is"),
    ("context.maxTokens", "the size of the context"),
    ("context.health", "how full the context is, in a word"),
    (
        "sessionPressure.health",
        "ok, elevated (to be compacted) or critical (to be changed)",
    ),
    (
        "sessionPressure.nextAction",
        "what the daemon does next by itself",
    ),
    (
        "sessionPressure.nextThresholdAction",
        "what it does at the next threshold",
    ),
    ("sessionPressure.nextThresholdSummary", "when that is"),
    ("sessionPressure.reasons", "why there is pressure"),
    ("sessionPressure.reasons.*", "a reason of the pressure"),
    (
        "sessionPressure.usagePercent",
        "how full the context is, rounded: the daemon acts on the exact value",
    ),
    (
        "sessionPressure.estimatedTokens",
        "tokens in the context, as estimated",
    ),
    ("sessionPressure.maxTokens", "the size of the context"),
    ("sessionPressure.entries", "entries of the session"),
    (
        "sessionPressure.lastCompactionAt",
        "when the session was last made shorter",
    ),
    (
        "sessionPressure.lastCompactionAgeMs",
        "how long ago that was",
    ),
    ("sessionPressure.sessionAgeMs", "how old the session is"),
    (
        "sessionPressure.compactAtPercent",
        "so full, the session is made shorter",
    ),
    (
        "sessionPressure.rotateAtPercent",
        "so full, a new session begins",
    ),
    (
        "sessionPressure.maxCompactionGapMs",
        "the longest time without making it shorter",
    ),
    (
        "sessionPressure.maxSessionAgeMs",
        "so old, a new session begins",
    ),
    (
        "sessionPressure.contextHeadroomToCompactPercent",
        "room left before it is made shorter",
    ),
    (
        "sessionPressure.contextHeadroomToRotatePercent",
        "room left before a new session begins",
    ),
    (
        "sessionPressure.compactionGapRemainingMs",
        "time left before it is made shorter",
    ),
    (
        "sessionPressure.sessionAgeRemainingMs",
        "time left before a new session begins",
    ),
    ("sessionPressure.queueDepth", "messages in memory"),
    ("sessionPressure.activeThreads", "threads at work"),
    ("sessionPressure.warmThreads", "threads that are kept ready"),
    ("sessionPressure.totalThreads", "all threads"),
    (
        "sessionPressure.consecutivePromptFailures",
        "prompts that failed in a row",
    ),
    (
        "sessionPressure.fallbackActive",
        "whether another model stands in",
    ),
    (
        "sessionPressure.fallbackActivationCount",
        "how often a model had to stand in",
    ),
    (
        "sessionPressure.alerting.*",
        "the last alert about pressure",
    ),
    (
        "supersession.activeRequest",
        "the request that is being worked on",
    ),
    (
        "supersession.activeRequest.superseded",
        "whether a newer message of the same source has overtaken it, which is expected",
    ),
    (
        "supersession.activeRequest.*",
        "the request that is being worked on",
    ),
    (
        "supersession.lastEvent",
        "the last time that a message overtook another",
    ),
    (
        "supersession.lastEvent.*",
        "the last time that a message overtook another",
    ),
    (
        "supersession.batching.windowMs",
        "messages of one person within this time become one",
    ),
    (
        "supersession.batching.pendingCount",
        "messages that wait on purpose to become one",
    ),
    (
        "supersession.batching.pendingSources",
        "whose messages wait on purpose",
    ),
    (
        "supersession.batching.pendingSources.*",
        "whose messages wait on purpose",
    ),
    (
        "supersession.batching.lastFlush",
        "the last messages that became one",
    ),
    (
        "supersession.batching.lastFlush.*",
        "the last messages that became one",
    ),
    ("channels.*.configured", "whether the channel is set up"),
    ("channels.*.started", "whether the channel was started"),
    ("channels.*.healthy", "whether the channel works"),
    (
        "channels.*.leaseEnabled",
        "whether several machines agree on who polls; off is expected where there is one",
    ),
    ("channels.*.leaseOwned", "whether this machine polls"),
    (
        "channels.*.ownerState",
        "owner polls, passive leaves it to another, fallback polls without an agreement",
    ),
    ("channels.*.pollingState", "what polling does"),
    (
        "channels.*.conflictStreak",
        "refusals in a row because another process polls",
    ),
    ("channels.*.retryAttempts", "tries to begin again"),
    ("channels.*.*", "a fact of the channel"),
    (
        "channelHealth.overall",
        "ok, or degraded where a configured channel does not work",
    ),
    (
        "channelHealth.mutedChannels",
        "muted: nobody is alerted and nothing heals it, it wants repair by hand",
    ),
    (
        "channelHealth.mutedChannels.*",
        "muted: nobody is alerted and nothing heals it, it wants repair by hand",
    ),
    (
        "channelHealth.degradedChannels.*",
        "a configured channel that does not work",
    ),
    (
        "channelHealth.configuredChannels.*",
        "a channel that is set up",
    ),
    (
        "channelHealth.healing.restartAfterConsecutiveDegraded",
        "so many bad checks in a row, and a restart is tried",
    ),
    (
        "channelHealth.healing.cooldownMs",
        "time between two tries to heal",
    ),
    (
        "operatorTracing.timeoutMs",
        "how long an operator's action may take",
    ),
    (
        "operatorTracing.activeCount",
        "operator's actions under way",
    ),
    ("operatorTracing.*", "the last actions of operators"),
    (
        "guardrails.currentTurnToolCalls",
        "calls of tools in this turn",
    ),
    (
        "guardrails.checkpointSentThisTurn",
        "whether the session was told to report, because it used many tools",
    ),
    ("guardrails.lastCheckpointReason", "why it was told so"),
    (
        "guardrails.pendingDeployVerifications",
        "deployments that are still to be checked",
    ),
    ("guardrails.*", "a limit of what one turn may do"),
    ("channelInfo.*", "a fact of the channel"),
];

/// The status document of a gateway, with or without its envelope, as its endpoint or its
/// command gives it. `None`: the text is no JSON object.
pub fn gateway_status(text: &str) -> Option<GatewayStatusView> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.as_object()?;
    let document = Document::new(value).unwrapped();
    let mut fields = Vec::new();
    let mut left_out = 0;
    if let Some(map) = document.root().as_object() {
        for (name, value) in map {
            // The endpoint keeps in `status` what the command shows at the top.
            if name == "status"
                && let Some(inner) = value.as_object()
            {
                for (name, value) in inner {
                    if !map.contains_key(name) {
                        walk(value, name, 0, &mut fields, &mut left_out);
                    }
                }
                continue;
            }
            // The same twice, under an older name.
            if name == "callbackTracing" && document.at("operatorTracing").is_some() {
                continue;
            }
            walk(value, name, 0, &mut fields, &mut left_out);
        }
    }
    fields.sort_by_key(|field: &StatusFieldView| rank(&field.path));
    Some(GatewayStatusView {
        available: document.flag("available"),
        healthy: document.flag("healthy"),
        mode: document.text("mode").map(str::to_owned),
        fields,
        left_out,
    })
}

/// The place of a field's section.
fn rank(path: &str) -> usize {
    let section = section(path);
    MEANINGS
        .iter()
        .position(|(pattern, _)| pattern.split('.').next() == Some(section))
        .unwrap_or(MEANINGS.len())
}

/// The first step, by its newer name.
fn section(path: &str) -> &str {
    match path.split('.').next().unwrap_or(path) {
        "callbackTracing" => "operatorTracing",
        section => section,
    }
}

fn walk(
    value: &Value,
    path: &str,
    depth: usize,
    fields: &mut Vec<StatusFieldView>,
    left_out: &mut u64,
) {
    match value {
        Value::Object(map) if !map.is_empty() && depth < MAX_DEPTH => {
            for (name, value) in map {
                walk(
                    value,
                    &format!("{path}.{name}"),
                    depth + 1,
                    fields,
                    left_out,
                );
            }
        }
        Value::Array(items) if !items.is_empty() && depth < MAX_DEPTH => {
            for (at, value) in items.iter().enumerate() {
                walk(value, &format!("{path}.{at}"), depth + 1, fields, left_out);
            }
        }
        _ if fields.len() >= MAX_FIELDS => *left_out += 1,
        _ => {
            let (meaning, attention) = judge(path, value);
            fields.push(StatusFieldView {
                path: path.to_owned(),
                value: shown(path, value),
                meaning,
                attention,
            });
        }
    }
}

fn shown(path: &str, value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => super::evidence::printed::head(text, VALUE_BYTES).to_owned(),
        Value::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Value::Array(_) | Value::Object(_) => "none".to_owned(),
        Value::Number(number) => match number.as_i64() {
            // Times stand among durations, and are far larger.
            Some(ms @ 0..1_000_000_000_000) if path.ends_with("Ms") => duration(ms),
            _ => number.to_string(),
        },
    }
}

/// What a field means with this value, and whether somebody should look.
fn judge(path: &str, value: &Value) -> (String, bool) {
    let text = value.as_str().unwrap_or("");
    let flag = value.as_bool();
    let number = value.as_i64().unwrap_or(0);
    let last = path.rsplit('.').next().unwrap_or(path);
    let said = |text: &str| (text.to_owned(), true);
    match (section(path), last) {
        ("available", _) if flag == Some(false) => {
            return said("messages are not answered: the session is dead or stuck");
        }
        ("healthy", _) if flag == Some(false) => {
            return said("something is wrong; degraded is not down: see `available`");
        }
        ("mode", "mode") if text == "redis_degraded" => {
            return said("Redis is away; people who write directly are still answered");
        }
        ("redis", "redis") if text == "degraded" => return said("Redis does not answer"),
        ("components", "session") => return session(text),
        ("components", "consecutivePromptFailures") if number >= 1 => {
            return said("prompts fail in a row; at three the daemon ends itself");
        }
        ("components", "stuckRecoveryPending") if flag == Some(true) => {
            return said("a stuck turn was aborted; the daemon ends itself if that does not help");
        }
        ("activeSessions", "pending") | (_, "totalPending") if number > 3 => {
            return said("a backlog: events come in faster than they are taken out");
        }
        ("sessionPressure", "health") if text == "elevated" => {
            return said("the session is about to be made shorter, by itself");
        }
        ("sessionPressure", "health") if text == "critical" => {
            return said("the session is about to be changed for a new one, by itself");
        }
        ("sessionPressure", "fallbackActive") | ("fallback", "active") if flag == Some(true) => {
            return said("another model answers until the primary one is tried again");
        }
        ("supersession", "pendingCount") if number > 0 => {
            return (
                "messages wait on purpose: a short pause in which several become one".to_owned(),
                false,
            );
        }
        ("channels", "leaseEnabled") if flag == Some(false) => {
            return ("off is expected where one machine polls".to_owned(), false);
        }
        ("channels", "ownerState") if text == "passive" => {
            return said("another process polls, so nothing comes in here");
        }
        ("channels", "pollingState") if text.starts_with("retrying") => {
            return said("polling fails and is tried again");
        }
        ("channelHealth", "overall") if text == "degraded" => {
            return said("a configured channel does not work");
        }
        ("channelHealth", "lastAttemptStatus") if text == "failed" => {
            return said("the last try to heal the channel failed");
        }
        ("channelHealth", "manualRepairRequired") if flag == Some(true) => {
            return said("nothing heals this channel; it wants repair by hand");
        }
        _ => {}
    }
    let is_channel_down = section(path) == "channelHealth"
        && (path.contains(".degradedChannels.") || path.contains(".mutedChannels."));
    (meaning(path), is_channel_down)
}

fn session(text: &str) -> (String, bool) {
    let (meaning, attention) = match text.split([' ', '(']).next().unwrap_or("") {
        "ok" => ("the model session works", false),
        "dead" => (
            "prompts fail one after another: the daemon ends itself and is started again",
            true,
        ),
        "stuck" => ("a turn does not end: a tool or the model hangs", true),
        "recovering" => ("a stuck turn was aborted, and its end is waited for", true),
        "maintenance" => (
            "the session is being compacted or changed; prompts wait",
            false,
        ),
        _ => ("the model session", false),
    };
    (meaning.to_string(), attention)
}

/// The sentence of the first pattern that fits, the longest way first.
fn meaning(path: &str) -> String {
    let renamed;
    let path = match path.strip_prefix("callbackTracing") {
        Some(rest) => {
            renamed = format!("operatorTracing{rest}");
            renamed.as_str()
        }
        None => path,
    };
    let fits = |pattern: &str| {
        let mut steps = path.split('.');
        let mut fitting = pattern.split('.');
        loop {
            match (fitting.next(), steps.next()) {
                (Some("*"), Some(_)) => {}
                (Some(name), Some(step)) if name == step => {}
                (None, None) => return true,
                // A pattern that ends in `*` stands for all below.
                (None, Some(_)) => return pattern.ends_with(".*"),
                _ => return false,
            }
        }
    };
    MEANINGS
        .iter()
        .find(|(pattern, _)| fits(pattern))
        .map_or_else(|| fallback(path), |(_, meaning)| (*meaning).to_owned())
}

fn fallback(path: &str) -> String {
    match section(path) {
        "channelHealth" => "what is known of the health of a channel",
        "runtime" => "the way to Redis",
        _ => "no meaning of this field is known",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field<'v>(view: &'v GatewayStatusView, path: &str) -> &'v StatusFieldView {
        view.fields.iter().find(|field| field.path == path).unwrap()
    }

    #[test]
    fn fields_are_explained_in_every_wrapping() {
        let inner = r#""available":false,"components":{"session":"stuck (190s)"},"channels":{"telegram":{"leaseEnabled":false}},
            "supersession":{"batching":{"pendingCount":2}},"callbackTracing":{"activeCount":0},"daemon":{"uptimeMs":10800000}"#;
        for text in [
            format!("{{{inner}}}"),
            format!("{{\"ok\":true,\"command\":\"x\",\"result\":{{{inner}}}}}"),
            format!("{{\"status\":{{{inner}}}}}"),
        ] {
            let view = gateway_status(&text).unwrap();
            assert_eq!(view.available, Some(false), "{text}");
            let stuck = field(&view, "components.session");
            assert!(stuck.attention && stuck.meaning.contains("does not end"));
            let lease = field(&view, "channels.telegram.leaseEnabled");
            assert!(!lease.attention && lease.meaning.contains("expected"));
            assert!(
                field(&view, "supersession.batching.pendingCount")
                    .meaning
                    .contains("on purpose")
            );
            assert_eq!(
                field(&view, "callbackTracing.activeCount").meaning,
                "operator's actions under way"
            );
            assert_eq!(field(&view, "daemon.uptimeMs").value, "3.0 h");
        }
        assert_eq!(gateway_status("[]"), None);
    }

    #[test]
    fn every_field_of_the_known_documents_has_a_meaning() {
        let bundle = include_str!("../../../tests/fixtures/gateway/bundles/capture-healthy.json");
        let bundle: Value = serde_json::from_str(bundle).unwrap();
        let view = gateway_status(&bundle["evidence"]["status"].to_string()).unwrap();
        assert!(view.fields.len() > 100);
        let unknown: Vec<&str> = view
            .fields
            .iter()
            .filter(|field| field.meaning.starts_with("no meaning"))
            .map(|field| field.path.as_str())
            .collect();
        assert_eq!(unknown, [""; 0]);
    }
}
