//! The recorded vectors of `tests/fixtures/gateway/state_machine_vectors.json`:
//! the machines, under the peer's policies, give what the peer gave.
//!
//! Sequences in the file are a selection of rows: what must have happened between
//! two rows is worked out from what the later one remembers, and is fed as well.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::RestartOutcome;
use super::channel_heal::{
    Action as HealAction, ChannelHeal, ChannelLook, Executor, GiveUp, HealPolicy, HealSettings,
    Muting,
};
use super::channel_health::{Channel, ChannelAlert, ChannelAlerts, ChannelStatus};
use super::dedup::{BodyHash, normalize};
use super::error_budget::{BudgetPolicy, BudgetVerdict, ErrorBudget};
use super::fallback::{self, Catalogue, Fallback, FallbackPolicy, Model, Prompt};
use super::maintenance::{Occupation, TurnState, Upkeep, when_idle};
use super::pressure::{
    Pressure, PressureAction, PressureAlert, PressureAlertMemory, PressureAlerts, PressureHealth,
    PressureLimits, PressureReason, SessionSize,
};
use super::priority::{OtherPeople, Subject};
use super::watchdog::{FallbackUse, WatchdogPolicy};
use crate::time::Timestamp;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms).unwrap()
}

fn ms(at: Timestamp) -> i64 {
    at.as_micros() / 1000
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} of {value}"))
}

fn number(value: &Value, key: &str) -> i64 {
    value[key]
        .as_i64()
        .unwrap_or_else(|| panic!("{key} of {value}"))
}

fn flag(value: &Value, key: &str) -> bool {
    value[key]
        .as_bool()
        .unwrap_or_else(|| panic!("{key} of {value}"))
}

fn or(value: &Value, key: &str, default: u64) -> u64 {
    value.get(key).map_or(default, |v| v.as_u64().unwrap())
}

/// What reads a section: all of its vectors at once, since some are a sequence.
type Reader = fn(&Value, &[Value]);

const SECTIONS: [(&str, Reader); 10] = [
    ("fallback", fallback_vectors),
    ("pressure", pressure_vectors),
    ("pressure_alert", pressure_alert_vectors),
    ("dead", dead_vectors),
    ("maintenance", maintenance_vectors),
    ("channel_heal", channel_heal_vectors),
    ("channel_alert", channel_alert_vectors),
    ("dedup", dedup_vectors),
    ("priority", priority_vectors),
    ("error_budget", error_budget_vectors),
];

#[test]
fn every_vector_of_the_file_is_reproduced() {
    let file: Value = serde_json::from_str(include_str!(
        "../../../tests/fixtures/gateway/state_machine_vectors.json"
    ))
    .unwrap();
    let mut sections: BTreeMap<String, Value> =
        file.as_object().unwrap().clone().into_iter().collect();
    let meta = sections.remove("meta").unwrap();
    for (name, reader) in SECTIONS {
        let vectors = sections
            .remove(name)
            .unwrap_or_else(|| panic!("no section {name}"));
        let vectors = vectors.as_array().unwrap();
        assert!(!vectors.is_empty(), "{name} is empty");
        reader(&meta, vectors);
    }
    let unread: Vec<&String> = sections.keys().collect();
    assert!(unread.is_empty(), "no reader for {unread:?}");
}

fn model_of(text: &str) -> Model {
    let (provider, name) = text.split_once('/').unwrap();
    Model::new(provider, name)
}

fn fallback_vectors(meta: &Value, vectors: &[Value]) {
    let defaults = &meta["fallback_defaults"];
    for vector in vectors {
        let config = &vector["config"];
        let primary = model_of(text(defaults, "primary"));
        let mut fallback = model_of(text(defaults, "fallback"));
        if let Some(provider) = config["fallbackProvider"].as_str() {
            fallback.provider = provider.into();
        }
        if let Some(name) = config["fallbackModel"].as_str() {
            fallback.name = name.into();
        }
        let setting = |key| or(config, key, or(defaults, key, 0));
        let policy = FallbackPolicy {
            timeout_ms: setting("fallbackTimeoutMs"),
            after_failures: u32::try_from(setting("fallbackAfterFailures")).unwrap(),
            probe_interval_ms: setting("recoveryProbeIntervalMs"),
            ..FallbackPolicy::new(primary, fallback).peer()
        };
        let catalogue = match vector["fallbackInCatalogue"].as_bool() {
            Some(false) => Catalogue::Unknown,
            _ => Catalogue::Known,
        };
        let mut run = FallbackRun {
            machine: Fallback::new(policy, catalogue),
            set_model: Ok(()),
            emitted: Vec::new(),
        };
        run.drain(0);
        let inputs = vector["input"].as_array().unwrap();
        let output: Vec<Value> = inputs.iter().map(|input| run.step(input)).collect();
        assert_eq!(json!(output), vector["output"], "{}", vector["name"]);
        assert_eq!(json!(run.emitted), vector["emitted"], "{}", vector["name"]);
    }
}

struct FallbackRun {
    machine: Fallback,
    set_model: Result<(), String>,
    emitted: Vec<Value>,
}

impl FallbackRun {
    fn step(&mut self, input: &Value) -> Value {
        let (now, event) = (number(input, "at"), text(input, "ev"));
        while let Some((due, _)) = self
            .machine
            .poll_timeout()
            .filter(|(due, _)| *due <= at(now))
        {
            self.machine.handle_timeout(due);
            self.drain(ms(due));
        }
        let before = self.machine.activations();
        let (machine, prompt) = (&mut self.machine, Prompt(1));
        match event {
            "dispatched" => machine.handle_dispatched(at(now), prompt),
            "first_token" => machine.handle_first_token(at(now), prompt),
            "activity" => machine.handle_activity(at(now), prompt),
            "pause" => machine.handle_pause(at(now)),
            "resume" => machine.handle_resume(at(now)),
            "cancel" => machine.handle_cancel(at(now)),
            "turn_end" => machine.handle_turn_end(at(now), prompt),
            "error" => {
                let failures = u32::try_from(number(input, "n")).unwrap();
                machine.handle_prompt_error(at(now), failures);
            }
            "set_model_fails" => self.set_model = Err(text(input, "msg").to_owned()),
            "set_model_ok" => self.set_model = Ok(()),
            "check" => {}
            other => panic!("unknown event {other}"),
        }
        self.drain(now);
        let mut output = json!({
            "at": now,
            "ev": event,
            "active": self.machine.is_active(),
            "activationCount": self.machine.activations(),
            "model": self.machine.model().to_string(),
        });
        if event == "error" {
            output["swapped"] = json!(self.machine.activations() > before);
        }
        output
    }

    fn drain(&mut self, now: i64) {
        while let Some(action) = self.machine.poll_action() {
            match action {
                fallback::Action::SetModel(_) => {
                    let result = self.set_model.as_ref().copied().map_err(String::as_str);
                    self.machine.handle_model_set(at(now), result);
                }
                fallback::Action::Probe(_) => panic!("the peer sends no request"),
            }
        }
        while let Some(event) = self.machine.poll_event() {
            let mut emitted = json!({"at": now, "emit": event.name()});
            if let Some(decision) = event.decision() {
                emitted["decision"] = json!(decision);
            }
            match event {
                fallback::Event::Swapped(kind) | fallback::Event::FallbackActivated(kind) => {
                    emitted["reason_kind"] = json!(kind.name());
                }
                fallback::Event::ProbeFailed { kind, back_off_ms }
                | fallback::Event::ProbeFailedDecision { kind, back_off_ms } => {
                    emitted["error_kind"] = json!(kind.name());
                    emitted["backoff_ms"] = json!(back_off_ms);
                }
                fallback::Event::Latency {
                    total_ms,
                    near_miss,
                } => {
                    emitted["total_ms"] = json!(total_ms);
                    emitted["near_miss"] = json!(near_miss);
                }
                _ => {}
            }
            self.emitted.push(emitted);
        }
    }
}

fn pressure_vectors(_: &Value, vectors: &[Value]) {
    for vector in vectors {
        let input = &vector["input"];
        let time = |key| at(i64::try_from(or(input, key, 0)).unwrap());
        let session = SessionSize {
            tokens: or(input, "estimatedTokens", 0),
            window_tokens: or(input, "maxTokens", 200_000),
            compacted_at: time("lastCompactionAtMs"),
            started_at: time("sessionStartedAtMs"),
        };
        let found = Pressure::of(&PressureLimits::default(), &session, time("nowMs"));
        let reasons = found.reasons.iter().map(|reason| reason.name());
        let found = json!({
            "usagePercent": found.usage_percent,
            "health": found.health.name(),
            "nextAction": found.next_action.name(),
            "nextThresholdAction": found.next_threshold.name(),
            "nextThresholdSummary": found.next_threshold_summary,
            "reasons": reasons.collect::<Vec<_>>(),
            "contextHeadroomToCompactPercent": found.to_compact_percent,
            "contextHeadroomToRotatePercent": found.to_rotate_percent,
            "compactionGapRemainingMs": found.compaction_gap_left_ms,
            "sessionAgeRemainingMs": found.session_age_left_ms,
        });
        assert_eq!(found, vector["output"], "{}", vector["name"]);
    }
}

fn health(name: &str) -> PressureHealth {
    [
        PressureHealth::Ok,
        PressureHealth::Elevated,
        PressureHealth::Critical,
    ]
    .into_iter()
    .find(|health| health.name() == name)
    .unwrap_or_else(|| panic!("health {name}"))
}

fn pressure_alert_vectors(_: &Value, rows: &[Value]) {
    let mut alerts =
        PressureAlerts::new(PressureAlerts::COOLDOWN_MS, PressureAlertMemory::default());
    let mut last = PressureHealth::Ok;
    for row in rows {
        let (now, next) = (number(row, "at"), &row["next"]);
        let told = number(next, "lastNotifiedAt");
        let known = alerts.memory().notified_at.map_or(0, ms);
        if told != known && told != now {
            // A row between this one and the one before: it told of pressure.
            let between = match health(text(next, "lastNotifiedHealth")) {
                PressureHealth::Ok => last,
                health => health,
            };
            alerts.handle_health(at(told), between);
            assert_eq!(
                alerts.poll_action(),
                Some(PressureAlert::Raised(between)),
                "{row}"
            );
        }
        last = health(text(row, "health"));
        alerts.handle_health(at(now), last);
        let (notify, kind) = match alerts.poll_action() {
            None => (false, "none"),
            Some(PressureAlert::Recovered) => (true, "recovered"),
            Some(PressureAlert::Raised(_)) => (true, "alert"),
        };
        assert_eq!(
            (notify, kind),
            (flag(row, "notify"), text(row, "kind")),
            "{row}"
        );
        let memory = alerts.memory();
        let found = json!({
            "lastNotifiedHealth": memory.notified_health.name(),
            "lastNotifiedAt": memory.notified_at.map_or(0, ms),
            "lastRecoveredAt": memory.recovered_at.map_or(0, ms),
        });
        assert_eq!(&found, next, "{row}");
    }
}

fn dead_vectors(_: &Value, vectors: &[Value]) {
    let policy = WatchdogPolicy::peer();
    for vector in vectors {
        let input = &vector["input"];
        let now = at(input["now"].as_i64().unwrap_or(0));
        let fallback = if flag(input, "fallbackActive") {
            let since = input["fallbackActiveSince"].as_i64().filter(|ms| *ms > 0);
            FallbackUse::Active {
                since: since.map(at),
            }
        } else {
            FallbackUse::Inactive
        };
        let failures = u32::try_from(number(input, "consecutiveFailures")).unwrap();
        let grace = i64::try_from(policy.grace_left_ms(fallback, now)).unwrap();
        assert_eq!(
            (policy.is_dead(failures, fallback, now), grace),
            (flag(vector, "dead"), number(vector, "grace_ms")),
            "{vector}"
        );
    }
}

fn maintenance_vectors(_: &Value, vectors: &[Value]) {
    for vector in vectors {
        let input = &vector["input"];
        let reasons: Vec<PressureReason> = input["r"]
            .as_array()
            .unwrap()
            .iter()
            .map(|reason| {
                [
                    PressureReason::ContextUsage,
                    PressureReason::ContextCeiling,
                    PressureReason::CompactionGap,
                    PressureReason::SessionAge,
                ]
                .into_iter()
                .find(|known| Some(known.name()) == reason.as_str())
                .unwrap()
            })
            .collect();
        let action = [
            PressureAction::Observe,
            PressureAction::Compact,
            PressureAction::Rotate,
        ]
        .into_iter()
        .find(|known| known.name() == text(input, "a"))
        .unwrap();
        let occupation = Occupation {
            turn: if input["w"].as_bool() == Some(true) {
                TurnState::Waiting
            } else {
                TurnState::Idle
            },
            queued: usize::try_from(or(input, "q", 0)).unwrap(),
            ..Occupation::default()
        };
        let found = match when_idle(occupation, action, &reasons) {
            None => Value::Null,
            Some(Upkeep::Compact(reason)) => json!({"kind": "compact", "reason": reason.name()}),
            Some(Upkeep::Rotate(reason)) => json!({"kind": "rotate", "reason": reason.name()}),
        };
        let vector_name = format!("{}", vector["name"]);
        assert_eq!(found, vector["output"], "{vector_name}");
    }
}

fn status_of(input: &Value) -> ChannelStatus {
    match (flag(input, "configured"), flag(input, "healthy")) {
        (false, _) => ChannelStatus::Disabled,
        (true, true) => ChannelStatus::Healthy,
        (true, false) => ChannelStatus::Degraded,
    }
}

fn channel_heal_vectors(_: &Value, vectors: &[Value]) {
    let channel = Channel::from("telegram");
    for vector in vectors {
        let options = &vector["options"];
        let mut heal = ChannelHeal::new(HealSettings {
            restart_after: u32::try_from(number(options, "restartAfterConsecutiveDegraded"))
                .unwrap(),
            cooldown_ms: or(options, "cooldownMs", 0),
            give_up: GiveUp::Never,
        });
        for step in vector["steps"].as_array().unwrap() {
            let now = at(number(step, "at"));
            let attempt = |heal: &ChannelHeal| heal.healing(&channel).unwrap().last_attempt.name();
            if let Some(record) = step["record"].as_str() {
                let result = match record {
                    "failed" => RestartOutcome::Failed,
                    "succeeded" => RestartOutcome::Done,
                    other => panic!("unknown record {other}"),
                };
                heal.handle_restarted(now, &channel, result);
                assert_eq!(attempt(&heal), text(step, "attempt"), "{}", vector["name"]);
                continue;
            }
            let input = &step["in"];
            let policies = [HealPolicy::Restart, HealPolicy::Manual, HealPolicy::None];
            let named = |policy: &HealPolicy| policy.name() == text(input, "policy");
            let look = ChannelLook {
                status: status_of(input),
                policy: policies.into_iter().find(named).unwrap(),
                muting: if flag(input, "muted") {
                    Muting::Muted
                } else {
                    Muting::Loud
                },
                executor: Executor::Able,
            };
            heal.handle_look(now, &channel, look);
            let restarts = core::iter::from_fn(|| heal.poll_action())
                .filter(|action| matches!(action, HealAction::Restart(_)))
                .count();
            let healing = heal.healing(&channel).unwrap();
            let found = json!({
                "at": ms(now),
                "in": input,
                "actions": restarts,
                "streak": healing.streak,
                "attempt": attempt(&heal),
                "attempts": healing.attempts,
            });
            assert_eq!(&found, step, "{}", vector["name"]);
        }
    }
}

fn channel_alert_vectors(_: &Value, rows: &[Value]) {
    let channel = Channel::from("telegram");
    let mut alerts = ChannelAlerts::default();
    let told = |alerts: &mut ChannelAlerts| -> Vec<&'static str> {
        core::iter::from_fn(|| alerts.poll_action())
            .map(|alert| match alert {
                ChannelAlert::Degraded(_) => "degraded",
                ChannelAlert::Recovered(_) => "recovered",
            })
            .collect()
    };
    for row in rows {
        let (now, status) = (number(row, "at"), status_of(row));
        assert_eq!(status.name(), text(row, "status"), "{row}");
        let events = row["events"].as_array().unwrap();
        let known = alerts.status(&channel).map(|(status, _)| status);
        if status == ChannelStatus::Degraded && events.is_empty() && known != Some(status) {
            // A row between this one and the one before told of it.
            alerts.handle_status(at(now - 1), &channel, status);
            assert_eq!(told(&mut alerts), ["degraded"], "{row}");
        }
        alerts.handle_status(at(now), &channel, status);
        let kinds: Vec<&str> = events
            .iter()
            .map(|event| event.as_str().unwrap_or_else(|| text(event, "kind")))
            .collect();
        assert_eq!(told(&mut alerts), kinds, "{row}");
    }
}

fn dedup_vectors(_: &Value, vectors: &[Value]) {
    for vector in vectors {
        let (a, b) = (normalize(text(vector, "a")), normalize(text(vector, "b")));
        let norm_a = json!({
            "normalizedBody": a.body,
            "strippedInjectedContext": a.stripped_preamble,
        });
        assert_eq!(norm_a, vector["norm_a"], "{}", vector["name"]);
        let source = "telegram:1";
        let hash = BodyHash::of_message(source, &a);
        assert_eq!(hash.to_string(), text(vector, "store_hash_a"));
        let store_equal = hash == BodyHash::of_message(source, &b);
        let ring_equal = BodyHash::of_body(&a) == BodyHash::of_body(&b);
        assert_eq!(
            (store_equal, ring_equal),
            (flag(vector, "store_equal"), flag(vector, "ring_equal")),
            "{}",
            vector["name"]
        );
    }
}

fn priority_vectors(_: &Value, vectors: &[Value]) {
    for vector in vectors {
        let subject = Subject {
            source: text(vector, "source"),
            prompt: text(vector, "prompt"),
            event: vector["event"].as_str(),
        };
        let found = subject.priority(OtherPeople::WithProbes).name();
        assert_eq!(found, text(vector, "priority"), "{vector}");
    }
}

fn error_budget_vectors(_: &Value, rows: &[Value]) {
    let mut budget = ErrorBudget::new(BudgetPolicy::peer());
    // What the window held, as told by the row that sums it up.
    let summary_after = |row: usize| {
        let later = rows.get(row..).unwrap_or_default();
        later
            .iter()
            .map(|row| &row["summary"])
            .find(|summary| !summary.is_null())
    };
    let (mut emitted, mut suppressed) = (Vec::new(), Vec::new());
    for (index, row) in rows.iter().enumerate() {
        let (now, signature) = (at(number(row, "at")), text(row, "sig").to_owned());
        let expected = &row["summary"];
        if !expected.is_null() {
            // Rows that the selection left out: repeats of what is known.
            let missing = number(expected, "suppressed") - i64::try_from(suppressed.len()).unwrap();
            let last = suppressed.last().unwrap_or(&signature).clone();
            for _ in 0..missing {
                let from = at(number(expected, "windowStartedAt"));
                let verdict = budget.handle_error(from, &last);
                assert_eq!(verdict, BudgetVerdict::Suppress);
            }
            emitted.clear();
            suppressed.clear();
        }
        let emits = flag(row, "emit");
        if !emits && !emitted.contains(&signature) {
            // The budget of different errors was used up before.
            while emitted.len() < BudgetPolicy::peer().signatures {
                let other = format!("left out {}", emitted.len());
                assert_eq!(budget.handle_error(now, &other), BudgetVerdict::Emit);
                emitted.push(other);
            }
        }
        let verdict = budget.handle_error(now, &signature);
        assert_eq!(verdict == BudgetVerdict::Emit, emits, "{row}");
        let found = budget.poll_event().map_or(Value::Null, |summary| {
            json!({
                "windowStartedAt": ms(summary.from),
                "windowEndedAt": ms(summary.to),
                "emitted": summary.emitted,
                "suppressed": summary.suppressed,
                "suppressedSignatures": summary.suppressed_signatures,
            })
        });
        assert_eq!(&found, expected, "{row}");
        if emits {
            emitted.push(signature.clone());
        } else {
            suppressed.push(signature.clone());
        }
        let repeats = summary_after(index + 1).is_some_and(|summary| {
            let listed = summary["suppressedSignatures"].as_array().unwrap();
            let of_this_window = summary["windowStartedAt"].as_i64() <= row["at"].as_i64();
            of_this_window && listed.iter().any(|sig| sig.as_str() == Some(&signature))
        });
        if emits && repeats && !suppressed.contains(&signature) {
            // It must have come again before the window ended.
            assert_eq!(
                budget.handle_error(now, &signature),
                BudgetVerdict::Suppress
            );
            suppressed.push(signature);
        }
    }
}
