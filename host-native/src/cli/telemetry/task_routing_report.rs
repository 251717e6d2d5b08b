//! `muster telemetry task-routing-report`: which tasks went where, and how they ended.

use clap::Args;
use muster_core::LogKind;

use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::cli::{Context, RowArgs};
use crate::error::{Answer, Failure};
use crate::render;

/// Hours of the default window: a day.
const HOURS: u32 = 24;

/// Show which tasks went where, and how they ended
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry task-routing-report --hours 24")]
pub(crate) struct TaskRouting {
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl TaskRouting {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let loaded = self.logs.load(
            context,
            Need {
                needed: &[LogKind::TaskRouting],
                also: &[],
                window: self.window.resolve(context, Some(HOURS))?,
                against: None,
                recent: 0,
            },
        )?;
        let report = loaded.telemetry.task_routing_report();
        context.answer_or_rows(
            &report,
            &self.rows,
            render::task_routing,
            render::task_routing_csv,
        )
    }
}
