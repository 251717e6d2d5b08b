//! `muster gateway events`: what waits in the gateway.

use std::time::Duration;

use clap::Args;
use muster_core::Timestamp;
use muster_core::view::{GatewayQueuesView, QueueView, WaitingEventView, WaitingMessageView};
use serde_json::Value;

use super::live::{LiveArgs, block_on};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::gateway::pending;
use crate::render;

/// Show the events and messages that wait in the gateway, and take none of them out
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster gateway events\n\n\
        Exit status: 0 it is shown, also where nothing waits, 3 Redis cannot be reached.")]
pub(crate) struct Events {
    #[command(flatten)]
    live: LiveArgs,
}

impl Events {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let profile = self.live.profile(context)?;
        let url = profile.redis.as_deref().ok_or_else(|| {
            Failure::usage(format!("the profile {} names no Redis", profile.name))
                .hint("set redis in [gateway.profile.NAME] of muster.toml")
        })?;
        let limit = profile.limit.min(Duration::from_secs(5));
        let read = block_on(async { Ok(pending(url, limit).await) })?;
        let read = read.map_err(|why| {
            Failure::unreachable(format!(
                "cannot look into the gateway's queues: Redis: {why}"
            ))
            .hint("`muster gateway diagnose` says what is wrong with it")
        })?;
        let view = view(&read, context.clock.now());
        context.answer(&view, render::gateway_queues)
    }
}

fn view(read: &Value, now: Timestamp) -> GatewayQueuesView {
    let now_ms = now.as_micros().div_euclid(1000);
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value, name: &str| value[name].as_str().map(str::to_owned);
    let age = |value: &Value| Some(now_ms.saturating_sub(value["at_ms"].as_i64()?));
    let event = |value: &Value| WaitingEventView {
        id: text(value, "id"),
        event_type: text(value, "type"),
        source: text(value, "source"),
        at: value["at_ms"]
            .as_i64()
            .and_then(|ms| Timestamp::from_millis(ms).ok()),
        age_ms: age(value),
    };
    GatewayQueuesView {
        now,
        queues: list(read, "queues")
            .iter()
            .map(|queue| QueueView {
                session: text(queue, "session").unwrap_or_default(),
                pending: queue["pending"].as_u64().unwrap_or(0),
                events: list(queue, "events").iter().map(event).collect(),
            })
            .collect(),
        unserved: read["unserved"].as_u64().unwrap_or(0),
        oldest: list(read, "oldest")
            .iter()
            .map(|message| WaitingMessageView {
                id: text(message, "id").unwrap_or_default(),
                source: text(message, "source"),
                prompt_chars: message["prompt_chars"].as_u64(),
                age_ms: age(message),
            })
            .collect(),
    }
}
