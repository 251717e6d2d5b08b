//! `muster telemetry tier1-status`: tasks, tests, coverage and agents on one page.

use clap::Args;
use muster_core::LogKind;
use muster_core::view::DEFAULT_TOP;

use crate::cli::Context;
use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::error::{Answer, Failure};
use crate::render;

/// Hours of the default window: a day.
const HOURS: u32 = 24;

/// Show tasks, tests, coverage and agents on one page
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry tier1-status --hours 24")]
pub(crate) struct Tier1Status {
    /// How many of the most frequent to show
    #[arg(long, value_name = "N", default_value_t = DEFAULT_TOP)]
    top: usize,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl Tier1Status {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let loaded = self.logs.load(
            context,
            Need {
                needed: &[
                    LogKind::TaskRouting,
                    LogKind::TestExecutions,
                    LogKind::CoverageHistory,
                    LogKind::AgentAssignments,
                ],
                also: &[],
                window: self.window.resolve(context, Some(HOURS))?,
                against: None,
                recent: 0,
            },
        )?;
        let report = loaded.telemetry.tier1_report(self.top);
        context.answer(&report, render::tier1)
    }
}
