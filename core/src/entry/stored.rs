//! Values of stores: keys in their first writer's order, a space after commas and
//! colons, ASCII only, so that its readers see no difference.

use alloc::string::{String, ToString};
use core::fmt::{self, Write};

use super::json_text::{Charset, push_string};
use crate::decimal::Decimal;
use crate::json_object::JsonObject;
use crate::record::approval_request::ApprovalRequest;
use crate::record::approval_response::ApprovalResponse;
use crate::record::heartbeat::Heartbeat;
use crate::record::quality_feedback::QualityFeedback;
use crate::record::signal::Signal;
use crate::record::stream_event::StreamEvent;
use crate::time::Timestamp;

impl Signal {
    /// The value that a store holds.
    pub fn to_value(&self) -> String {
        let mut object = Object::new();
        object.text("signal_id", &self.signal_id);
        object.text("signal_type", &self.signal_type);
        object.text("source_agent", &self.source_agent);
        object.text_or_null("target_agent", self.target_agent.as_deref());
        object.object("payload", &self.payload);
        object.time("timestamp", self.timestamp);
        object.plain("ttl_seconds", self.ttl_seconds);
        object.end()
    }
}

impl Heartbeat {
    /// The value that a store holds.
    pub fn to_value(&self) -> String {
        let mut object = Object::new();
        object.text("agent_id", &self.agent_id);
        object.text("status", &self.status);
        object.plain("progress", self.progress);
        object.text("current_task", &self.current_task);
        object.time("last_beat", self.last_beat);
        object.object("metadata", &self.metadata);
        object.text_or_null("display_name", self.display_name.as_deref());
        object.end()
    }
}

impl ApprovalRequest {
    /// The value that a store holds.
    pub fn to_value(&self) -> String {
        let mut object = Object::new();
        object.text("request_id", &self.request_id);
        object.text("approval_type", &self.approval_type);
        object.text("agent_id", &self.agent_id);
        object.object("context", &self.context);
        object.time("timestamp", self.timestamp);
        let timeout = i64::try_from(self.timeout_us)
            .unwrap_or(i64::MAX)
            .saturating_mul(1000);
        object.plain("timeout_seconds", Decimal::from_nanos(timeout));
        object.text("status", self.status.name());
        object.end()
    }
}

impl ApprovalResponse {
    /// The value that a store holds.
    pub fn to_value(&self) -> String {
        let mut object = Object::new();
        object.text("request_id", &self.request_id);
        object.plain("approved", self.approved);
        object.text("responder", &self.responder);
        object.text("reason", &self.reason);
        object.time("timestamp", self.timestamp);
        object.end()
    }
}

impl QualityFeedback {
    /// The value that a store holds.
    pub fn to_value(&self) -> String {
        let mut object = Object::new();
        object.text("feedback_id", &self.feedback_id);
        object.text("workflow_name", &self.workflow_name);
        object.text("stage_name", &self.stage_name);
        object.text("tier", &self.tier);
        object.plain("quality_score", self.quality_score);
        object.time("timestamp", self.timestamp);
        object.object("metadata", &self.metadata);
        object.end()
    }
}

/// The flat fields of a stream's entry, in their order; without a time, that
/// field is left out.
pub fn stream_fields(event: &StreamEvent) -> impl Iterator<Item = (&'static str, String)> {
    [
        Some(("event_type", event.event_type.clone())),
        event.timestamp.map(|at| ("timestamp", time(at))),
        Some(("data", event.data.to_string())),
        Some(("source", event.source.clone())),
    ]
    .into_iter()
    .flatten()
}

/// With a numeric offset, and no fraction when it is zero.
pub(super) fn time(at: Timestamp) -> String {
    at.to_string().replace('Z', "+00:00")
}

/// One object on its way into a text.
struct Object(String);

impl Object {
    fn new() -> Self {
        Self(String::with_capacity(256))
    }

    fn name(&mut self, name: &str) {
        self.0.push_str(if self.0.is_empty() { "{" } else { ", " });
        push_string(&mut self.0, name, Charset::Ascii);
        self.0.push_str(": ");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        push_string(&mut self.0, text, Charset::Ascii);
    }

    fn text_or_null(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.plain(name, "null"),
        }
    }

    fn plain(&mut self, name: &str, value: impl fmt::Display) {
        self.name(name);
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{value}");
    }

    fn object(&mut self, name: &str, value: &JsonObject) {
        self.plain(name, value);
    }

    /// Left out where there is none, so that reading gives none again.
    fn time(&mut self, name: &str, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.text(name, &time(at));
        }
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::record::stream_event::StreamId;

    /// Values that attune 16.4.0 has written.
    const SIGNALS: [&str; 2] = [
        r#"{"signal_id": "signal_c624adce", "signal_type": "abort", "source_agent": "orchestrator", "target_agent": null, "payload": {"reason": "user_cancelled", "note": "na\u00efve \u2603"}, "timestamp": "2026-11-20T11:41:16.556367+00:00", "ttl_seconds": 300}"#,
        r#"{"signal_id": "signal_324beda5", "signal_type": "task_complete", "source_agent": "orchestrator", "target_agent": "reviewer", "payload": {"result": "success", "files": ["a.py", "b.py"]}, "timestamp": "2026-11-20T11:41:16+00:00", "ttl_seconds": 600}"#,
    ];
    const HEARTBEATS: [&str; 2] = [
        r#"{"agent_id": "auditor-1", "status": "failed", "progress": 1.0, "current_task": "finished", "last_beat": "2026-11-20T11:41:16.568473+00:00", "metadata": {"final": true}, "display_name": null}"#,
        r#"{"agent_id": "reviewer-1", "status": "starting", "progress": 0.25, "current_task": "\ud83d\ude00 \"x\"", "last_beat": "2026-11-20T11:41:16.565784+00:00", "metadata": {"workflow": "code-review", "run_id": "run-0"}, "display_name": "Code Reviewer"}"#,
    ];
    const REQUEST: &str = r#"{"request_id": "approval_bf09d329", "approval_type": "delete", "agent_id": "wf-no", "context": {"tag": "no", "risk": "medium"}, "timestamp": "2026-11-20T11:41:16.570082+00:00", "timeout_seconds": 10.0, "status": "rejected"}"#;
    const RESPONSE: &str = r#"{"request_id": "approval_bf09d329", "approved": false, "responder": "dev@example.com", "reason": "looked at it", "timestamp": "2026-11-20T11:41:17.075706+00:00"}"#;
    const FEEDBACK: &str = r#"{"feedback_id": "feedback_81e9c3e7", "workflow_name": "code-review", "stage_name": "analysis", "tier": "capable", "quality_score": 0.62, "timestamp": "2026-11-20T11:41:18.842870+00:00", "metadata": {"tokens": 107}}"#;

    #[test]
    fn values_of_the_first_writer_stay_as_they_are() {
        for value in SIGNALS {
            assert_eq!(Signal::parse(value).unwrap().to_value(), value);
        }
        for value in HEARTBEATS {
            assert_eq!(Heartbeat::parse(value).unwrap().to_value(), value);
        }
        assert_eq!(ApprovalRequest::parse(REQUEST).unwrap().to_value(), REQUEST);
        assert_eq!(
            ApprovalResponse::parse(RESPONSE).unwrap().to_value(),
            RESPONSE
        );
        assert_eq!(
            QualityFeedback::parse(FEEDBACK).unwrap().to_value(),
            FEEDBACK
        );
    }

    #[test]
    fn an_entry_of_a_stream_stays_as_it_is() {
        let fields = [
            ("event_type", "agent_error"),
            ("timestamp", "2026-11-20T11:41:17.585346+00:00"),
            ("data", r#"{"agent_id": "tester-1", "error": "boom"}"#),
            ("source", "demo"),
        ];
        let event = StreamEvent::parse(StreamId::ZERO, fields).unwrap();
        let written: Vec<_> = stream_fields(&event).collect();
        assert_eq!(
            written,
            fields.map(|(name, value)| (name, String::from(value)))
        );
    }
}
