//! `muster telemetry savings`: what routing by tier and caches saved.

use clap::Args;
use muster_core::{BASELINE_MODEL, LogKind};

use crate::cli::Context;
use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::error::{Answer, Failure};
use crate::files::empty_window_note;
use crate::render;

/// Hours of the default window: 30 days.
const HOURS: u32 = 30 * 24;

/// Show what routing by tier and caches saved
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry savings --days 30 --baseline claude-opus-5")]
pub(crate) struct Savings {
    /// The model that every call is compared with
    #[arg(long, value_name = "MODEL", default_value = BASELINE_MODEL)]
    baseline: String,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl Savings {
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
        let prices = loaded.config.price_table();
        let report = loaded.telemetry.savings_report(&prices, &self.baseline);
        context.answer(&report, render::savings)
    }
}
