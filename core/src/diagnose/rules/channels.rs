//! The channels that messages come in through.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::diagnose::case::Case;
use crate::diagnose::evidence::Document;
use crate::diagnose::verdict::{Exhibit, Judgement};

const CHANNELS: [&str; 4] = ["telegram", "discord", "imessage", "slack"];

pub(super) fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let mut found = Vec::new();
    if let Some(status) = case.status() {
        for channel in CHANNELS {
            found.extend(
                Channel {
                    case,
                    status,
                    name: channel,
                }
                .judge(),
            );
        }
    }
    found.extend(conflict_in_logs(case, &found));
    found
}

struct Channel<'c, 'a> {
    case: &'c Case<'a>,
    status: &'a Document,
    name: &'static str,
}

impl Channel<'_, '_> {
    fn own(&self, field: &str) -> String {
        format!("channels.{}.{field}", self.name)
    }

    fn heal(&self, field: &str) -> String {
        format!("channelHealth.healing.channels.{}.{field}", self.name)
    }

    fn flag(&self, field: &str) -> Option<bool> {
        self.status.flag(&self.own(field))
    }

    fn is_configured(&self) -> bool {
        self.flag("configured") == Some(true) || self.listed("channelHealth.configuredChannels")
    }

    fn listed(&self, list: &str) -> bool {
        let list = self.status.find(list).and_then(|list| list.as_array());
        list.is_some_and(|list| list.iter().any(|name| name.as_str() == Some(self.name)))
    }

    fn is_muted(&self) -> bool {
        let redis = self.case.redis_value("gateway:health:muted-channels");
        let in_redis = match redis {
            Some(serde_json::Value::String(text)) => {
                serde_json::from_str::<Vec<String>>(text).unwrap_or_default()
            }
            Some(serde_json::Value::Array(items)) => items
                .iter()
                .filter_map(|item| item.as_str().map(ToString::to_string))
                .collect(),
            _ => Vec::new(),
        };
        self.listed("channelHealth.mutedChannels")
            || self.listed("channelHealth.alerting.mutedChannels")
            || in_redis.iter().any(|name| name == self.name)
    }

    fn mute_reason(&self) -> String {
        self.status
            .text(&format!("channelHealth.alerting.muteReasons.{}", self.name))
            .unwrap_or("no reason given")
            .to_string()
    }

    /// What breaks the channel's contract, if anything.
    fn broken_contract(&self) -> Option<String> {
        let text = |field: &str| self.status.text(&self.own(field)).unwrap_or("");
        let not = |field: &str| self.flag(field) == Some(false);
        match self.name {
            "telegram" => {
                let (owner, polling) = (text("ownerState"), text("pollingState"));
                if matches!(polling, "retrying" | "retrying_conflict") {
                    return Some(format!("polling is {polling}"));
                }
                if matches!(owner, "passive" | "stopped") {
                    return Some(format!("poll owner is {owner}"));
                }
                if owner == "fallback" && self.flag("leaseEnabled") == Some(true) {
                    return Some("polls without the lease that is enabled".to_string());
                }
                not("healthy").then(|| "not healthy".to_string())
            }
            "discord" => not("ready").then(|| "not ready".to_string()),
            _ => not("connected").then(|| "not connected".to_string()),
        }
    }

    fn judge(&self) -> Vec<Judgement> {
        if !self.is_configured() {
            return Vec::new();
        }
        let case = self.case;
        let broken = self.broken_contract();
        let reported = self.listed("channelHealth.degradedChannels");
        if broken.is_none() && !reported {
            return Vec::new();
        }
        let what = broken
            .clone()
            .unwrap_or_else(|| "reported as degraded".to_string());
        let said = |text: String| vec![Exhibit::of("status", format!("{}: {text}", self.name))];
        let mut found = Vec::new();
        let policy = self.status.text(&self.heal("policy")).unwrap_or("none");
        let manual = self.status.flag(&self.heal("manualRepairRequired")) == Some(true);
        let attempt = self
            .status
            .text(&self.heal("lastAttemptStatus"))
            .unwrap_or("idle");
        let muted = self.is_muted();
        found.extend(self.telegram());
        if muted {
            let text = format!("{what}; muted: {}", self.mute_reason());
            found.push(case.find("channel.muted_known_issue", said(text)));
        } else if attempt == "failed" {
            let attempts = self.status.number(&self.heal("attempts")).unwrap_or(0);
            let error = self
                .status
                .text(&self.heal("lastAttemptError"))
                .unwrap_or("no reason given");
            let text = format!("{what}; {attempts} attempts to restart it failed: {error}");
            found.push(case.find("channel.heal_failed", said(text)));
        } else if found.is_empty() {
            found.push(case.find("channel.degraded", said(what.clone())));
        }
        if manual {
            let summary = self
                .status
                .text(&self.heal("manualRepairSummary"))
                .unwrap_or("no summary given");
            found.push(case.find("channel.manual_repair_required", said(summary.to_string())));
        }
        if muted && policy == "restart" {
            let text = "muted and broken, and yet the policy is to restart it".to_string();
            found.push(case.find("channel.policy_contract_broken", said(text)));
        } else if broken.is_some()
            && !reported
            && self.status.text("channelHealth.overall") == Some("ok")
        {
            let text = format!("{what}, and yet the channel is reported as healthy");
            found.push(case.find("channel.policy_contract_broken", said(text)));
        }
        found
    }

    /// The ways in which polling for messages goes wrong.
    fn telegram(&self) -> Option<Judgement> {
        if self.name != "telegram" {
            return None;
        }
        let case = self.case;
        let text = |field: &str| self.status.text(&self.own(field)).unwrap_or("");
        let number = |field: &str| self.status.number(&self.own(field)).unwrap_or(0);
        let said = |text: String| vec![Exhibit::of("status", format!("telegram: {text}"))];
        let (owner, polling) = (text("ownerState"), text("pollingState"));
        let conflicts = number("conflictStreak");
        let not_active = self.flag("pollingActive") != Some(true);
        if polling == "retrying_conflict" || (conflicts > 0 && not_active) {
            let retries = number("retryAttempts");
            let text = format!(
                "polling is blocked by another poller: {conflicts} conflicts, {retries} retries"
            );
            return Some(case.find("telegram.poll_conflict", said(text)));
        }
        if owner == "passive" {
            let text = "another instance owns the poll lease".to_string();
            return Some(case.find("telegram.poll_passive", said(text)));
        }
        if owner == "fallback" && self.flag("leaseEnabled") == Some(true) {
            let text = "polls without the lease, which is enabled and cannot be had".to_string();
            return Some(case.find("telegram.lease_unavailable", said(text)));
        }
        None
    }
}

/// A conflict that logs or telemetry tell of and no status shows.
fn conflict_in_logs(case: &Case<'_>, found: &[Judgement]) -> Option<Judgement> {
    let known = found.iter().any(
        |judgement| matches!(judgement, Judgement::Finding(f) if f.cause == "telegram.poll_conflict"),
    );
    if known {
        return None;
    }
    let is_conflict =
        |text: &str| text.contains("409") || text.to_ascii_lowercase().contains("conflict");
    let mut last = None;
    let mut exhibits = Vec::new();
    for placed in case.err.current("poll_start_failed") {
        let record = placed.record;
        if record.field("conflict") == Some("true")
            || record.field("error").is_some_and(is_conflict)
        {
            last = last.max(placed.at);
            exhibits.push(case.err.exhibit(placed));
        }
    }
    for event in case.events("telegram.channel.start_failed") {
        if event.flag("conflict") == Some(true) || event.error.as_deref().is_some_and(is_conflict) {
            last = last.max(Some(event.at));
            exhibits.push(Case::event_exhibit(event));
        }
    }
    if exhibits.is_empty() {
        return None;
    }
    let recovered = case
        .events("telegram.channel.polling_recovered")
        .next_back()
        .is_some_and(|event| Some(event.at) >= last);
    let active = case.status().is_some_and(|status| {
        status.text("channels.telegram.pollingState") == Some("active")
            && status.flag("channels.telegram.healthy") == Some(true)
    });
    if recovered || active {
        let text = "Another poller held the Telegram token for a while; polling has recovered.";
        return Some(Judgement::Information {
            about: Some("telegram.poll_conflict"),
            text: text.to_string(),
        });
    }
    Some(case.find("telegram.poll_conflict", exhibits))
}
