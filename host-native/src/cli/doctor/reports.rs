//! The first step: every report is run as a user would run it.

use std::env;
use std::process::{Command, Stdio};

use muster_core::view::{CheckView, ReportEnd};
use serde_json::Value;

use super::Doctor;
use crate::cli::Context;
use crate::error::{Failure, describe};
use crate::files::side_by_side;

/// Every report that reads the logs.
const REPORTS: [&str; 13] = [
    "show",
    "savings",
    "cache-stats",
    "compare",
    "routing",
    "models",
    "sonnet-opus-analysis",
    "task-routing-report",
    "test-status",
    "tier1-status",
    "agent-performance",
    "file-test-status",
    "help-queries",
];
/// So many run at once.
const AT_ONCE: usize = 4;

impl Doctor {
    pub(super) fn check_reports(&self, context: &Context) -> Result<CheckView, Failure> {
        let program = env::current_exe().map_err(|error| {
            Failure::unreachable(format!(
                "cannot find the program itself: {}",
                describe(&error)
            ))
        })?;
        let now = context.clock.now().to_string();
        let run = |report: &&str| {
            let mut command = Command::new(&program);
            command
                .args(["telemetry", report, "--json", "--now", &now])
                .stdin(Stdio::null());
            if let Some(home) = &self.home {
                command.arg("--home").arg(home);
            }
            if let Some(project) = &self.project {
                command.arg("--project").arg(project);
            }
            if let Some(config) = &context.config {
                command.arg("--config").arg(config);
            }
            let (exit, said) = match command.output() {
                Ok(output) => (output.status.code(), failure_in(&output.stdout)),
                Err(error) => (None, describe(&error)),
            };
            ReportEnd {
                report: (*report).into(),
                exit,
                said,
            }
        };
        Ok(CheckView::of_reports(&side_by_side(&REPORTS, AT_ONCE, run)))
    }
}

/// What the document of a failed report says.
fn failure_in(document: &[u8]) -> String {
    let document: Value = serde_json::from_slice(document).unwrap_or_default();
    let message = document["error"]["message"].as_str();
    message.unwrap_or("it said nothing").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    #[test]
    fn no_report_is_left_out() {
        /// Commands of the group that report nothing.
        const OTHERS: [&str; 4] = ["export", "reset", "record", "tail"];
        let command = cli::command();
        let group = command.find_subcommand("telemetry").unwrap();
        let names: Vec<&str> = group
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert!(REPORTS.iter().all(|report| names.contains(report)));
        assert_eq!(names.len(), REPORTS.len() + OTHERS.len(), "{names:?}");
        assert!(OTHERS.iter().all(|other| names.contains(other)));
    }
}
