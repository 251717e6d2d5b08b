//! `muster telemetry agent-performance`: how agents fare with their tasks.

use clap::Args;
use muster_core::LogKind;

use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::cli::{Context, RowArgs};
use crate::error::{Answer, Failure};
use crate::render;

/// Hours of the default window: a week.
const HOURS: u32 = 168;

/// Show how agents fare with their tasks
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry agent-performance --hours 168")]
pub(crate) struct AgentPerformance {
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl AgentPerformance {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let loaded = self.logs.load(
            context,
            Need {
                needed: &[LogKind::AgentAssignments],
                also: &[],
                window: self.window.resolve(context, Some(HOURS))?,
                against: None,
                recent: 0,
            },
        )?;
        let report = loaded.telemetry.agent_performance_report();
        context.answer_or_rows(&report, &self.rows, render::agents, render::agents_csv)
    }
}
