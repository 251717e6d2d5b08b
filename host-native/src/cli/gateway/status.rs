//! `muster gateway status`: every field of the status with what it means.

use std::path::Path;

use clap::Args;
use muster_core::diagnose::gateway_status;

use super::live::{LiveArgs, block_on};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::gateway::status_document;
use crate::render;

/// Show what the gateway says of itself, and what that means
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster gateway status\n  muster gateway status --all\n\n\
        The daemon is asked and nothing is written: no session is removed.\n\n\
        Exit status: 0 messages are answered, 1 they are not, 3 nobody can be asked."
)]
pub(crate) struct Status {
    #[command(flatten)]
    live: LiveArgs,
    /// Show every field, not only those that matter now
    #[arg(long)]
    all: bool,
}

impl Status {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let profile = self.live.profile(context)?;
        let document = block_on(async { Ok(status_document(&profile).await) })?;
        let document = document
            .ok_or_else(|| {
                Failure::usage(format!("the profile {} has no status", profile.name)).hint(
                    "set health_url or status_command in [gateway.profile.NAME] of muster.toml",
                )
            })?
            .map_err(|why| {
                Failure::unreachable(format!("cannot ask the gateway: {why}"))
                    .hint("`muster gateway diagnose` says what is wrong with it")
            })?;
        // A transport without a port says nothing of itself.
        if document.get("available").is_none()
            && document
                .pointer("/daemon/wsPort")
                .is_some_and(serde_json::Value::is_null)
        {
            let path = profile.port_file.as_deref().unwrap_or(Path::new(""));
            return Err(Failure::unreachable(format!(
                "the gateway has no port to be asked at: {} is not there",
                path.display()
            ))
            .hint("a slim transport has none; `muster gateway diagnose` says whether it runs"));
        }
        let view = gateway_status(&document.to_string())
            .ok_or_else(|| Failure::unreachable("the gateway's status is no JSON object"))?;
        let now = context.clock.now();
        context.answer(&view, |view, style| {
            render::gateway_status(view, self.all, now, style)
        })?;
        Ok(Answer::of(view.available.unwrap_or(false)))
    }
}
