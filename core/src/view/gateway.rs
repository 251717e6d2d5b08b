//! What a gateway says of itself, what waits in it, what was said through it.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::Serialize;

use crate::gateway::channel_health::Channel;
use crate::gateway::channel_probe::ChannelProbe;
use crate::time::{Timestamp, Window};

/// The status of a gateway, field by field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GatewayStatusView {
    /// Whether messages are answered, as the gateway itself says; `None` where it says nothing.
    pub available: Option<bool>,
    /// Whether nothing at all is wrong, as the gateway itself says.
    pub healthy: Option<bool>,
    /// `normal` or `redis_degraded`.
    pub mode: Option<String>,
    /// Every field with what it means, in the order of the sections.
    pub fields: Vec<StatusFieldView>,
    /// Fields beyond the bound, which are not shown.
    pub left_out: u64,
}

/// One field of a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusFieldView {
    /// Where it stands, such as `sessionPressure.usagePercent`.
    pub path: String,
    /// Its value as text.
    pub value: String,
    /// What that means.
    pub meaning: String,
    /// Whether somebody should look at it.
    pub attention: bool,
}

/// What was said in a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GatewayReviewView {
    /// The session.
    pub session: Option<String>,
    /// What is looked at.
    pub window: Window,
    /// What was said, oldest first.
    pub exchanges: Vec<ExchangeView>,
    /// Older exchanges within the window that are not shown.
    pub left_out: u64,
    /// Calls of tools in the window, by name.
    pub tool_calls: BTreeMap<String, u64>,
    /// Results of tools that are errors.
    pub tool_errors: u64,
    /// Answers of the model that are errors.
    pub errors: u64,
    /// How often the session was made shorter.
    pub compactions: u64,
    /// Lines that could not be read.
    pub skipped: u64,
}

/// One entry of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExchangeView {
    /// When.
    pub at: Option<Timestamp>,
    /// `user`, `assistant` or `compaction`.
    pub role: &'static str,
    /// The beginning of what was said, without the preamble of channels.
    pub text: String,
    /// Tools that were asked for, by name.
    pub tools: Vec<String>,
    /// Tools whose result was an error.
    pub failed_tools: Vec<String>,
    /// Why the model stopped.
    pub stop_reason: Option<String>,
    /// The provider's error.
    pub error: Option<String>,
}

/// Telemetry events that a search found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GatewayEventsFoundView {
    /// What was searched for.
    pub query: String,
    /// What is looked at.
    pub window: Window,
    /// The events, oldest first.
    pub events: Vec<OtelEventView>,
    /// Older events that are not shown.
    pub left_out: u64,
    /// Turns and what became of their answers, where that was asked for.
    pub turns: Vec<AttributionView>,
    /// Lines that are no events.
    pub skipped: u64,
}

/// One telemetry event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtelEventView {
    /// When.
    pub at: Timestamp,
    /// What wrote it.
    pub component: String,
    /// What happened.
    pub action: String,
    /// The error.
    pub error: Option<String>,
    /// Its metadata, values as text.
    pub metadata: BTreeMap<String, String>,
}

/// How one turn came to be and what became of its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AttributionView {
    /// When its first event was.
    pub at: Option<Timestamp>,
    /// Whether its events were triaged.
    pub triaged: bool,
    /// Whether they were dispatched to the session.
    pub dispatched: bool,
    /// Whether the answer was made for a background source.
    pub background_source: bool,
    /// `sent`, `failed`, `suppressed_policy`, `skipped`, `attempt`, or `None` where no event tells.
    pub outcome: Option<String>,
    /// The values that decided: `hasActiveSource`, `hasCapturedSource` and so on.
    pub decided_by: BTreeMap<String, String>,
}

/// Events that wait in a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GatewayQueuesView {
    /// When it was looked.
    pub now: Timestamp,
    /// The lists, by session.
    pub queues: Vec<QueueView>,
    /// Messages that are persisted and not served.
    pub unserved: u64,
    /// The five oldest of them.
    pub oldest: Vec<WaitingMessageView>,
}

/// The list of one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueView {
    /// The session.
    pub session: String,
    /// How many events wait.
    pub pending: u64,
    /// The oldest of them, oldest first.
    pub events: Vec<WaitingEventView>,
}

/// An event that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingEventView {
    /// Its id.
    pub id: Option<String>,
    /// Its type.
    pub event_type: Option<String>,
    /// Who sent it.
    pub source: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// For how long it has waited, in milliseconds.
    pub age_ms: Option<i64>,
}

/// A message that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingMessageView {
    /// Its id in the stream.
    pub id: String,
    /// The channel that it came by.
    pub source: Option<String>,
    /// Characters of its text, which is not shown.
    pub prompt_chars: Option<u64>,
    /// For how long it has waited, in milliseconds.
    pub age_ms: Option<i64>,
}

/// Whether a prompt goes through a gateway and its answer comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GatewayTestView {
    /// Whether both halves were seen to work.
    pub passed: bool,
    /// The test event.
    pub event_id: Option<String>,
    /// Whether it was taken out of the queue; `None` where it could not be put there.
    pub drained: Option<bool>,
    /// How long that took, in milliseconds.
    pub drained_ms: Option<u64>,
    /// Whether the answer to a prompt came back; `None` where none could be sent.
    pub answered: Option<bool>,
    /// How long that took, in milliseconds.
    pub answered_ms: Option<u64>,
    /// What went wrong, in sentences.
    pub errors: Vec<String>,
    /// What was written and is left behind.
    pub left_behind: Vec<String>,
}

/// One check of the monitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonitorCheckView {
    /// When.
    pub at: Timestamp,
    /// Nothing is failing that anything is done about.
    pub success: bool,
    /// The verdict of the diagnosis.
    pub verdict: &'static str,
    /// Its primary cause.
    pub cause: String,
    /// Layers that failed.
    pub failed_layers: Vec<String>,
    /// Checks that failed in a row.
    pub streak: u32,
    /// Channels that keep failing, as far as telemetry says.
    pub failing_channels: Vec<String>,
    /// Channels that keep failing about which nobody is alerted.
    pub muted: Vec<String>,
    /// What telemetry says of each channel; empty where it was not asked.
    pub channels: Vec<MonitorChannelView>,
    /// What was done, in order.
    pub done: Vec<MonitorDoneView>,
}

/// What telemetry says of a channel in the last half hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonitorChannelView {
    /// Its name.
    pub channel: String,
    /// `ok`, `degraded`, `failed` or `unknown`.
    pub status: &'static str,
    /// Failures; `null` where telemetry could not be read.
    pub severe: Option<u64>,
    /// Successes; `null` where telemetry could not be read.
    pub success: Option<u64>,
}

impl MonitorChannelView {
    /// What a probe found.
    pub fn of(channel: &Channel, probe: ChannelProbe) -> Self {
        let (severe, success) = match probe {
            ChannelProbe::Counts { severe, success } => (Some(severe), Some(success)),
            ChannelProbe::Unreadable => (None, None),
        };
        Self {
            channel: channel.0.to_string(),
            status: probe.status().name(),
            severe,
            success,
        }
    }
}

/// Something that the monitor did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MonitorDoneView {
    /// `alert`, `restart`, `diagnose`, `operator_action` or the name of an event.
    pub what: String,
    /// Whether it could be done.
    pub ok: bool,
    /// To whom or by what, or why not.
    pub detail: String,
}
