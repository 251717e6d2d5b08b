//! `muster telemetry sonnet-opus-analysis`: how often Sonnet had to be backed by Opus.

use clap::Args;
use muster_core::LogKind;

use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::cli::{Context, RowArgs};
use crate::error::{Answer, Failure};
use crate::render;

/// Hours of the default window: 30 days.
const HOURS: u32 = 30 * 24;

/// Show how often calls of Sonnet fell back to Opus, and what the mix saved
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry sonnet-opus-analysis --days 30")]
pub(crate) struct SonnetOpus {
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl SonnetOpus {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let loaded = self.logs.load(
            context,
            Need {
                needed: &[LogKind::LlmCalls],
                also: &[],
                window: self.window.resolve(context, Some(HOURS))?,
                against: None,
                recent: 0,
            },
        )?;
        let report = loaded
            .telemetry
            .sonnet_opus_report(&loaded.config.price_table());
        context.answer_or_rows(
            &report,
            &self.rows,
            render::sonnet_opus,
            render::sonnet_opus_csv,
        )
    }
}
