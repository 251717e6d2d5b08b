//! `muster telemetry help-queries`: what the help system was asked, and what it could not answer.

use clap::Args;
use muster_core::LogKind;
use muster_core::view::DEFAULT_TOP;

use crate::cli::Context;
use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::error::{Answer, Failure};
use crate::render;

/// Hours of the default window: 30 days.
const HOURS: u32 = 30 * 24;

/// Show what the help system was asked, and what it could not answer
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry help-queries --days 30 --top 20")]
pub(crate) struct HelpQueries {
    /// How many of the most frequent to show
    #[arg(long, value_name = "N", default_value_t = DEFAULT_TOP)]
    top: usize,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl HelpQueries {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let loaded = self.logs.load(
            context,
            Need {
                needed: &[LogKind::HelpQueries, LogKind::HelpUnmatched],
                also: &[],
                window: self.window.resolve(context, Some(HOURS))?,
                against: None,
                recent: 0,
            },
        )?;
        let report = loaded.telemetry.help_report(self.top);
        context.answer(&report, render::help)
    }
}
