//! What the rules look at: evidence, times and thresholds of one diagnosis.

use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::evidence::{Collected, Document, EntryKind, Event, Evidence, TranscriptEvidence};
use super::layer::Layer;
use super::pack::Rulebook;
use super::timeline::{Placed, Span, Timeline, excerpt, process_start, restarted_itself};
use super::verdict::{Delivery, Exhibit, Finding, Judgement, Severity};
use crate::time::Timestamp;

/// Exhibits of one finding beyond this many are left out.
const MAX_EXHIBITS: usize = 5;
/// Clocks of one machine may differ by so much, in microseconds.
const CLOCK_SLACK_US: i64 = 2_000_000;
/// The first-token limit where nothing states one.
const FIRST_TOKEN_MS: i64 = 120_000;
/// The same for a model that takes its time.
const SLOW_MODEL_FIRST_TOKEN_MS: i64 = 240_000;

/// One diagnosis in the making.
pub(crate) struct Case<'a> {
    pub(crate) now: Timestamp,
    pub(crate) span: Span,
    /// The window of evidence on lost and suppressed messages, which is longer.
    pub(crate) long: Span,
    pub(crate) evidence: &'a Evidence,
    pub(crate) rules: &'a Rulebook,
    pub(crate) err: Timeline<'a>,
    pub(crate) out: Timeline<'a>,
    /// The same log over the longer window.
    pub(crate) out_long: Timeline<'a>,
    /// The events up to now.
    events: Vec<&'a Event>,
    /// Events that have not happened yet.
    pub(crate) ahead: Vec<&'a Event>,
    session: Option<TranscriptEvidence>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(
        evidence: &'a Evidence,
        rules: &'a Rulebook,
        now: Timestamp,
        hours: u32,
    ) -> Self {
        let before = |hours: i64| now.saturating_add_us(-hours.saturating_mul(3_600_000_000));
        let started = process_start(evidence).filter(|started| *started <= now);
        let to = now.saturating_add_us(CLOCK_SLACK_US);
        let span = |from| Span {
            from,
            to,
            started,
            restarted_itself: restarted_itself(evidence, from, started),
        };
        let hours = i64::from(hours);
        let window = span(before(hours));
        let long = span(before(hours.max(rules.threshold("long_window_h", 6))));
        let otel = evidence.otel.get();
        let timeline = |name, log: &'a Collected<_>, span| match log.get() {
            Some(read) => Timeline::new(name, read, rules, otel, span),
            None => Timeline::default(),
        };
        let all = otel.map(|otel| otel.events.as_slice()).unwrap_or_default();
        let (events, ahead) = all.iter().partition(|event| event.at <= to);
        Self {
            events,
            ahead,
            session: evidence.session.get().map(|session| session.until(to)),
            now,
            span: window,
            long,
            evidence,
            rules,
            err: timeline("err_log", &evidence.err_log, window),
            out: timeline("out_log", &evidence.out_log, window),
            out_long: timeline("out_log", &evidence.out_log, long),
        }
    }

    pub(crate) fn status(&self) -> Option<&'a Document> {
        self.evidence.status.get()
    }

    pub(crate) fn session(&self) -> Option<&TranscriptEvidence> {
        self.session.as_ref()
    }

    /// Milliseconds since a time; below zero for the future.
    pub(crate) fn age_ms(&self, at: Timestamp) -> i64 {
        (self.now.as_micros() - at.as_micros()) / 1000
    }

    pub(crate) fn seconds(&self, name: &str, fallback: i64) -> i64 {
        self.rules.threshold(name, fallback).saturating_mul(1000)
    }

    /// Events of an action that count, oldest first.
    pub(crate) fn events<'s>(
        &'s self,
        action: &'s str,
    ) -> impl DoubleEndedIterator<Item = &'a Event> + use<'a, 's> {
        let span = self.span;
        self.all_events()
            .filter(move |event| event.action == action && span.holds(event.at))
    }

    /// The same over the longer window, where restarts do not matter.
    pub(crate) fn long_events<'s>(
        &'s self,
        action: &'s str,
    ) -> impl DoubleEndedIterator<Item = &'a Event> + use<'a, 's> {
        let from = self.long.from;
        self.all_events()
            .filter(move |event| event.action == action && event.at >= from)
    }

    /// All events up to now, oldest first.
    pub(crate) fn all_events(&self) -> impl DoubleEndedIterator<Item = &'a Event> {
        self.events.iter().copied()
    }

    pub(crate) fn event_exhibit(event: &Event) -> Exhibit {
        let mut text = event.action.clone();
        if let Some(error) = &event.error {
            text.push_str(": ");
            text.push_str(error);
        }
        Exhibit {
            source: "otel".to_owned(),
            line: Some(event.line),
            at: Some(event.at),
            bounded: false,
            text: excerpt(&text),
        }
    }

    /// A finding with the layer and severity that the rules give its cause.
    pub(crate) fn finding(&self, cause: &str, exhibits: Vec<Exhibit>) -> Finding {
        let mut exhibits = exhibits;
        exhibits.truncate(MAX_EXHIBITS);
        match self.rules.cause(cause) {
            Some(known) => Finding {
                cause: cause.to_string(),
                layer: known.layer,
                severity: known.severity,
                delivery: known.delivery,
                title: known.title.clone(),
                exhibits,
                remedies: Vec::new(),
            },
            // No pack names it: shown as it is, so that nothing is lost.
            None => Finding {
                cause: cause.to_string(),
                layer: Layer::CliStatus,
                severity: Severity::Degraded,
                delivery: Delivery::Impaired,
                title: cause.to_string(),
                exhibits,
                remedies: Vec::new(),
            },
        }
    }

    pub(crate) fn find(&self, cause: &str, exhibits: Vec<Exhibit>) -> Judgement {
        Judgement::Finding(self.finding(cause, exhibits))
    }

    /// A finding whose evidence lies in another layer than usual.
    pub(crate) fn find_in(&self, cause: &str, layer: Layer, exhibits: Vec<Exhibit>) -> Judgement {
        let mut finding = self.finding(cause, exhibits);
        finding.layer = layer;
        Judgement::Finding(finding)
    }

    /// The mode is `redis_degraded`.
    pub(crate) fn redis_degraded(&self) -> bool {
        self.status()
            .and_then(|status| status.text("mode"))
            .is_some_and(|mode| mode == "redis_degraded")
    }

    /// Redis answers, and the gateway says that it is connected.
    pub(crate) fn redis_is_back(&self) -> bool {
        let status_fine = self.status().is_some_and(|status| {
            status.text("mode") == Some("normal") && status.text("redis") != Some("degraded")
        });
        let reachable = self
            .evidence
            .redis
            .get()
            .is_none_or(|redis| redis.flag("reachable") != Some(false));
        status_fine && reachable
    }

    pub(crate) fn process_alive(&self) -> Option<bool> {
        self.evidence.process.get()?.flag("alive")
    }

    /// Redis's value of a key.
    pub(crate) fn redis_value(&self, key: &str) -> Option<&'a serde_json::Value> {
        let values = self.evidence.redis.get()?.member("values")?;
        values.get(key)
    }

    /// Redis's value of a key as a length: a number, or the members of a list.
    pub(crate) fn redis_length(&self, key: &str) -> Option<i64> {
        match self.redis_value(key)? {
            serde_json::Value::Array(items) => i64::try_from(items.len()).ok(),
            value => value.as_i64(),
        }
    }

    /// Messages that are persisted and not yet served.
    pub(crate) fn unserved(&self) -> Option<i64> {
        self.redis_length("joelclaw:gateway:messages")
    }

    /// When the last answer was given, as the transcript has it.
    pub(crate) fn last_answer(&self) -> Option<Timestamp> {
        self.session()?.last_answer()?.at
    }

    /// Whether an answer was given after a moment; what has no time is not known to be before.
    pub(crate) fn answered_after(&self, at: Option<Timestamp>) -> bool {
        match (self.last_answer(), at) {
            (Some(answer), Some(at)) => answer > at,
            _ => false,
        }
    }

    /// The gateway is asleep, so that its heartbeat rests. `None`: nothing says so or otherwise.
    pub(crate) fn is_asleep(&self) -> Option<bool> {
        if let Some(values) = self
            .evidence
            .redis
            .get()
            .and_then(|redis| redis.member("values"))
            && let Some(mode) = values.get("joelclaw:mode")
        {
            return Some(mode.as_str() == Some("sleep"));
        }
        let mut last = None;
        for placed in &self.out.placed {
            match &*placed.record.rule {
                "mode_set" => last = Some(placed.record.field("mode") == Some("sleep")),
                "heartbeat_skipped" => last = Some(true),
                _ => {}
            }
        }
        match last {
            Some(last) => Some(last),
            None => self.evidence.out_log.get().map(|_| false),
        }
    }

    /// The limit for a first token, and whether anything states it.
    pub(crate) fn first_token_limit_ms(&self) -> (i64, bool) {
        if let Some(config) = self.evidence.config.get()
            && let Some(limit) = config.number("fallbackTimeoutMs")
        {
            let slow = config
                .text("model")
                .is_some_and(|model| model.ends_with("claude-opus-4-6"));
            let floor = if slow { SLOW_MODEL_FIRST_TOKEN_MS } else { 0 };
            return (limit.max(floor), true);
        }
        let watch = self.out.of("prompt_dispatched").last();
        if let Some(limit) = watch.and_then(|placed| placed.record.number("timeoutMs")) {
            return (limit, true);
        }
        (
            self.rules.threshold("first_token_s", FIRST_TOKEN_MS / 1000) * 1000,
            false,
        )
    }

    /// The request that is being worked on, and since when.
    pub(crate) fn active_request(&self) -> Option<ActiveRequest> {
        let status = self.status()?;
        let active = status.find("supersession.activeRequest")?;
        active.as_object()?;
        Some(ActiveRequest {
            source: status
                .text("supersession.activeRequest.source")
                .unwrap_or("unknown")
                .to_string(),
            since: status.time("supersession.activeRequest.enqueuedAt"),
        })
    }

    /// No token of the newest turn's answer has come: its user's entry is the last.
    /// `None`: there is no transcript.
    pub(crate) fn waits_for_first_token(&self) -> Option<bool> {
        Some(self.session()?.unanswered().is_some())
    }

    /// The generation whose agent is another process: no port, no health.
    pub(crate) fn is_slim(&self) -> bool {
        self.status().is_some_and(|status| {
            status.find("daemon").is_some()
                && status.find("daemon.wsPort").is_none()
                && status.flag("daemon.reachable") != Some(true)
        })
    }

    /// What channels asked and when, as far as times are known: out of the log,
    /// telemetry, each with its source.
    pub(crate) fn channel_prompts(&self) -> Vec<(Timestamp, String, &'static str)> {
        let mut prompts = Vec::new();
        for placed in self.out_long.of("persisted") {
            if let (Some(at), Some(source)) = (placed.at, placed.record.field("source"))
                && is_channel(source)
            {
                prompts.push((at, source.to_string(), "out_log"));
            }
        }
        for action in [
            "queue.enqueued",
            "queue.prompt.sent",
            "message.queued",
            "message.received",
        ] {
            for event in self.long_events(action) {
                if let Some(source) = event.text("source")
                    && is_channel(source)
                {
                    prompts.push((event.at, source.to_string(), "otel"));
                }
            }
        }
        prompts.sort_by_key(|(at, _, _)| *at);
        prompts
    }

    /// The user's and the assistant's entries around an answer that was given at a time.
    pub(crate) fn turn_answered_at(&self, at: Timestamp) -> Option<Timestamp> {
        let session = self.session()?;
        let near = |time: Timestamp| (time.as_micros() - at.as_micros()).abs() <= 10_000_000;
        let answer = session.entries.iter().rposition(|entry| {
            matches!(entry.kind, EntryKind::Assistant(_)) && entry.at.is_some_and(near)
        })?;
        session
            .entries
            .iter()
            .take(answer)
            .rev()
            .find(|entry| matches!(entry.kind, EntryKind::User { .. }))?
            .at
    }

    /// Exhibits of records.
    pub(crate) fn shown<'p>(
        timeline: &Timeline<'_>,
        placed: impl Iterator<Item = &'p Placed<'p>>,
    ) -> Vec<Exhibit> {
        let mut all: Vec<Exhibit> = placed.map(|placed| timeline.exhibit(placed)).collect();
        // The newest say most.
        if all.len() > MAX_EXHIBITS {
            all.drain(..all.len() - MAX_EXHIBITS);
        }
        all
    }
}

/// The request that is being worked on.
pub(crate) struct ActiveRequest {
    pub(crate) source: String,
    pub(crate) since: Option<Timestamp>,
}

/// Whether a source names a channel and a place in it.
pub(crate) fn is_channel(source: &str) -> bool {
    let name = source.split(':').next().unwrap_or("");
    matches!(name, "telegram" | "discord" | "imessage" | "slack")
}

/// A duration as people say it.
pub(crate) fn duration(ms: i64) -> String {
    let s = ms / 1000;
    match s {
        ..120 => alloc::format!("{s} s"),
        120..7200 => alloc::format!("{} min", s / 60),
        _ => alloc::format!("{}.{} h", s / 3600, s % 3600 / 360),
    }
}
