//! `muster telemetry compare`: a window against the one before it.

use clap::Args;
use muster_core::{LogKind, US_PER_DAY, Window};

use crate::cli::logs::{LogArgs, Need};
use crate::cli::{Context, RowArgs};
use crate::error::{Answer, Failure};
use crate::render;

/// Compare the last days with those before them
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry compare --days 7 --before 30")]
pub(crate) struct Compare {
    /// The last N times 24 hours
    #[arg(long, short, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// The length of the window to compare with [default: as long as the first]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    before: Option<u32>,
    /// Let both windows end now, as attune does: the last 30 days hold the last 7
    #[arg(long)]
    overlapping: bool,
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl Compare {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let us = |days: u32| i64::from(days).saturating_mul(US_PER_DAY);
        let now = context.clock.now();
        let window = Window::before(now, us(self.days));
        let against = if self.overlapping {
            Window::before(now, us(self.before.unwrap_or(30)))
        } else {
            let end = window.from.unwrap_or(now);
            Window::before(end, us(self.before.unwrap_or(self.days)))
        };
        let loaded = self.logs.load(
            context,
            Need {
                needed: &[LogKind::Usage],
                also: &[],
                window,
                against: Some(against),
                recent: 0,
            },
        )?;
        let report = loaded
            .telemetry
            .compare_report()
            .ok_or_else(|| Failure::defect("nothing was read to compare with"))?;
        context.answer_or_rows(&report, &self.rows, render::compare, render::compare_csv)
    }
}
