//! `muster gateway review`: what was said in the gateway's session.

use clap::Args;
use muster_core::diagnose::{DEFAULT_HOURS, review};
use muster_core::{US_PER_SECOND, Window};

use super::live::LiveArgs;
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::gateway::transcript;
use crate::render;

/// Show what was said in the gateway's session: exchanges, tools, ends and errors
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster gateway review --hours 2 --max 40\n\n\
        Exit status: 0 it is shown, also where nothing was said, 2 the profile has no\n\
        session, 3 there is no transcript."
)]
pub(crate) struct Review {
    #[command(flatten)]
    live: LiveArgs,
    /// What was said in the last hours
    #[arg(long, value_name = "N", default_value_t = DEFAULT_HOURS, value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: u32,
    /// Show so many of the newest
    #[arg(long, value_name = "N", default_value_t = 20)]
    max: usize,
}

impl Review {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let profile = self.live.profile(context)?;
        let text = transcript(&profile)
            .ok_or_else(|| {
                Failure::usage(format!("the profile {} has no session", profile.name))
                    .hint("set transcripts in [gateway.profile.NAME] of muster.toml")
            })?
            .map_err(|why| {
                Failure::unreachable(format!("cannot read the session: {why}"))
                    .hint("the profile's `transcripts` names the folder of the sessions")
            })?;
        let to = context.clock.now().saturating_add_us(US_PER_SECOND);
        let window = Window::before(to, i64::from(self.hours) * 3600 * US_PER_SECOND);
        let view = review(text.as_bytes(), window, self.max);
        context.answer(&view, render::gateway_review)
    }
}
