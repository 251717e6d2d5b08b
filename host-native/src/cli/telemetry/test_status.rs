//! `muster telemetry test-status`: runs of test suites, and coverage.

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

/// Show how test runs went, which tests fail, and where coverage goes
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry test-status --days 7")]
pub(crate) struct TestStatus {
    /// How many of the most frequent to show
    #[arg(long, value_name = "N", default_value_t = DEFAULT_TOP)]
    top: usize,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl TestStatus {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let loaded = self.logs.load(
            context,
            Need {
                needed: &[LogKind::TestExecutions, LogKind::CoverageHistory],
                also: &[],
                window: self.window.resolve(context, Some(HOURS))?,
                against: None,
                recent: 0,
            },
        )?;
        let report = loaded.telemetry.test_status_report(self.top);
        context.answer(&report, render::test_status)
    }
}
