//! `muster telemetry cache-stats`: how much the caches are used, and what that saves.

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

/// Show how much the prompt and response caches are used
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry cache-stats --days 7")]
pub(crate) struct CacheStats {
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl CacheStats {
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
        let report = loaded.telemetry.cache_report(&loaded.config.price_table());
        context.answer_or_rows(
            &report,
            &self.rows,
            render::cache_stats,
            render::cache_stats_csv,
        )
    }
}
