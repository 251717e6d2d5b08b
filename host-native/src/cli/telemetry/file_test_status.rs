//! `muster telemetry file-test-status`: the last test result of each source file.

use clap::Args;
use muster_core::LogKind;
use muster_core::view::FileTestFilter;

use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::cli::{Context, RowArgs};
use crate::error::{Answer, Failure};
use crate::render;

/// Show the last test result of each source file
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster telemetry file-test-status --failed\n\n        The window is all of time unless one is named."
)]
pub(crate) struct FileTestStatus {
    /// Only the source file of exactly this path; status 1 when nothing is known of it
    #[arg(long, short, value_name = "PATH")]
    file: Option<String>,
    /// Only files whose tests failed or could not be run
    #[arg(long)]
    failed: bool,
    /// Only files that are newer than their tests
    #[arg(long)]
    stale: bool,
    /// How many files to show
    #[arg(long, short, value_name = "N", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    rows: RowArgs,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

impl FileTestStatus {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let loaded = self.logs.load(
            context,
            Need {
                needed: &[LogKind::FileTests],
                also: &[],
                window: self.window.resolve(context, None)?,
                against: None,
                recent: 0,
            },
        )?;
        let report = loaded.telemetry.file_test_report(&FileTestFilter {
            file: self.file.clone(),
            failed: self.failed,
            stale: self.stale,
            limit: Some(self.limit),
        });
        context.answer_or_rows(
            &report,
            &self.rows,
            render::file_tests,
            render::file_tests_csv,
        )?;
        let is_missing = self.file.is_some() && report.totals.matching_files == 0;
        Ok(if is_missing { Answer::No } else { Answer::Yes })
    }
}
