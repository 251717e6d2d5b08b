//! `muster telemetry show`: what was called and what it cost.

use clap::Args;
use muster_core::{DEFAULT_RECENT, LogKind};

use crate::cli::follow::on_change;
use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::cli::{Context, RowArgs};
use crate::error::{Answer, Failure};
use crate::files::empty_window_note;
use crate::render;

/// Hours of the default window: 30 days.
const HOURS: u32 = 30 * 24;

/// Show the calls of models: totals, by tier, workflow, model and day, and the newest
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster telemetry show --days 7\n  muster telemetry show --home fixtures/home --all --json\n  muster telemetry show usage.2026-11-20.jsonl"
)]
pub(crate) struct Show {
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
    /// How many of the newest calls to show
    #[arg(long, short, value_name = "N", default_value_t = DEFAULT_RECENT)]
    limit: usize,
    /// Show the report again whenever the logs change, until interrupted
    #[arg(long, conflicts_with = "csv")]
    follow: bool,
}

impl Show {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        if self.follow {
            let files = || self.logs.state(context);
            return on_change(files, |first| {
                context.begin_again(first)?;
                self.report(context)
            });
        }
        self.report(context)
    }

    fn report(&self, context: &Context) -> Result<Answer, Failure> {
        let others: Vec<LogKind> = LogKind::ALL
            .into_iter()
            .filter(|kind| *kind != LogKind::Usage)
            .collect();
        let mut loaded = self.logs.load(
            context,
            Need {
                needed: &[LogKind::Usage],
                also: &others,
                window: self.window.resolve(context, Some(HOURS))?,
                against: None,
                recent: self.limit,
            },
        )?;
        empty_window_note(&mut loaded.telemetry);
        context.answer_or_rows(
            &loaded.telemetry.usage_report(),
            &self.rows,
            render::usage,
            render::usage_csv,
        )
    }
}
