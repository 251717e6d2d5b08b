//! `muster telemetry routing`: which models the calls of each workflow go to.

use clap::Args;
use muster_core::LogKind;

use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::cli::{Context, RowArgs};
use crate::error::{Answer, Failure};
use crate::files::empty_window_note;
use crate::render;

/// Hours of the default window: 7 days.
const HOURS: u32 = 7 * 24;

/// Show which models the calls of each workflow go to
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry routing --workflow code-review")]
pub(crate) struct Routing {
    /// Only this workflow
    #[arg(long, short, value_name = "NAME")]
    workflow: Option<String>,
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl Routing {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut loaded = self.logs.load(
            context,
            Need {
                needed: &[LogKind::Usage],
                also: &[],
                window: self.window.resolve(context, Some(HOURS))?,
                against: None,
                recent: 0,
            },
        )?;
        empty_window_note(&mut loaded.telemetry);
        let report = loaded.telemetry.routing_report(self.workflow.as_deref());
        context.answer_or_rows(&report, &self.rows, render::routing, render::routing_csv)?;
        Ok(if self.workflow.is_some() && report.totals.calls == 0 {
            Answer::No
        } else {
            Answer::Yes
        })
    }
}
