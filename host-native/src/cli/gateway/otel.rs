//! `muster gateway otel`: telemetry events with their metadata.

use clap::Args;
use muster_core::diagnose::{DEFAULT_HOURS, search};
use muster_core::{US_PER_SECOND, Window};

use super::live::{LiveArgs, block_on};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::gateway::otel_events;
use crate::render;

/// Search the gateway's telemetry, and see what became of each turn
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster gateway otel queue.dedup_dropped --hours 6\n  \
        muster gateway otel '*' --attribution\n\n\
        Where telemetry is, the profile says: otel_file, otel_url or otel_command\n\
        (docs/gateway.md).\n\n\
        Exit status: 0 events were found, 1 none, 2 the profile has no telemetry,\n\
        3 it cannot be reached."
)]
pub(crate) struct Otel {
    /// What the event holds somewhere; * finds all
    #[arg(value_name = "QUERY")]
    query: String,
    #[command(flatten)]
    live: LiveArgs,
    /// Events of the last hours
    #[arg(long, value_name = "N", default_value_t = DEFAULT_HOURS, value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: u32,
    /// Show so many of the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Say of each turn whether it was triaged, dispatched, and sent or held back, and why
    #[arg(long)]
    attribution: bool,
}

impl Otel {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let profile = self.live.profile(context)?;
        let now = context.clock.now();
        let now_ms = now.as_micros().div_euclid(1000);
        // A turn is more than the events that are searched for.
        let query = if self.attribution { "*" } else { &self.query };
        let text = block_on(async { Ok(otel_events(&profile, now_ms, self.hours, query).await) })?;
        let text = text
            .ok_or_else(|| {
                Failure::usage(format!("the profile {} has no telemetry", profile.name))
                    .hint("set otel_file, otel_url or otel_command in [gateway.profile.NAME] of muster.toml")
            })?
            .map_err(|why| Failure::unreachable(format!("cannot search the telemetry: {why}")))?;
        // What happened this very moment counts.
        let to = now.saturating_add_us(US_PER_SECOND);
        let window = Window::before(to, i64::from(self.hours) * 3600 * US_PER_SECOND);
        let view = search(
            text.as_bytes(),
            &self.query,
            window,
            self.limit,
            self.attribution,
        );
        context.answer(&view, render::gateway_otel)?;
        Ok(Answer::of(
            !view.events.is_empty() || !view.turns.is_empty(),
        ))
    }
}
