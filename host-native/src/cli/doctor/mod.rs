//! `muster doctor`: whether Muster and what is around it are in order.
//!
//! What cannot be reached is a finding here, not a failure.

mod logs;
mod reports;
mod store;

use std::path::PathBuf;

use clap::Args;
use muster_core::view::{CheckStatus, CheckView, DoctorReport, DoctorStep};

use super::Context;
use super::shell::quoted;
use crate::error::{Answer, Failure};
use crate::render;

/// Check reports, logs, store, lifetimes, approvals and debug output, step by step
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster doctor\n  muster doctor --json | jq '.checks[] | select(.status == \"problem\")'\n\n\
        Each step says ok, problem or not applicable, the evidence, and one command to\n\
        go on with. Exit status 0 when no step has found a problem, else 1."
)]
pub(crate) struct Doctor {
    /// The attune home or its telemetry folder [default: `$ATTUNE_HOME`, else ~/.attune]
    #[arg(long, value_name = "DIR", help_heading = "Logs")]
    home: Option<PathBuf>,
    /// The project whose .attune folder is read [default: .]
    #[arg(long, value_name = "DIR", help_heading = "Logs")]
    project: Option<PathBuf>,
}

impl Doctor {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut checks = vec![self.check_reports(context)?, self.check_logs(context)?];
        checks.extend(store::check(context)?);
        checks.push(debug_output());
        for check in &mut checks {
            check.command = self.as_typed(context, &check.command);
        }
        let report = DoctorReport::of(context.clock.now(), checks);
        context.answer(&report, render::doctor)?;
        Ok(Answer::of(report.healthy))
    }

    /// A command with the options that were typed, so that it finds the same.
    fn as_typed(&self, context: &Context, command: &str) -> String {
        let mut typed = command.to_owned();
        if command.starts_with("muster telemetry ") {
            for (option, folder) in [("--home", &self.home), ("--project", &self.project)] {
                if let Some(folder) = folder {
                    typed.extend([" ", option, " "]);
                    typed += &quoted(&folder.display().to_string());
                }
            }
        } else {
            typed += &context.store_options();
        }
        typed
    }
}

/// The last step.
fn debug_output() -> CheckView {
    let evidence = vec![
        "-v (or RUST_LOG=debug) tells each call to the store with its key, outcome, TTL and \
         milliseconds, the files read and the settings used, on the standard error"
            .into(),
    ];
    CheckView::new(
        DoctorStep::DebugLogging,
        CheckStatus::Ok,
        "no level of debug output changes what a command does",
        evidence,
        "muster -v heartbeat list",
    )
}
