//! The second step: all lines of all logs are read, and every index is compared with its log.

use std::thread;

use muster_core::view::{CheckStatus, CheckView, DoctorStep};
use muster_core::{LogKind, Window};

use super::Doctor;
use crate::cli::Context;
use crate::cli::logs::{LogArgs, Need};
use crate::error::{Failure, FailureKind, describe};
use crate::files::Progress as _;
use crate::index::{IndexCheck, IndexFinding, IndexSettings, verify_indexes};
use crate::render::progress_bar;

impl Doctor {
    pub(super) fn check_logs(&self, context: &Context) -> Result<CheckView, Failure> {
        let logs = LogArgs::of_folders(self.home.clone(), self.project.clone()).without_index();
        let need = Need {
            needed: &LogKind::ALL,
            also: &[],
            window: Window::ALL,
            against: None,
            recent: 0,
        };
        let loaded = match logs.load(context, need) {
            Ok(loaded) => loaded,
            Err(failure) if failure.kind == FailureKind::Usage => return Err(failure),
            Err(failure) => {
                return Ok(CheckView::new(
                    DoctorStep::LogFormat,
                    CheckStatus::Problem,
                    "the logs cannot be read",
                    vec![failure.to_string()],
                    "muster telemetry show",
                ));
            }
        };
        let wrong = check_indexes(context);
        let read = loaded.telemetry.usage_report().provenance;
        Ok(CheckView::of_logs(&read, &wrong))
    }
}

/// What is wrong with the indexes in the cache folder, in words.
fn check_indexes(context: &Context) -> Vec<String> {
    let Some(settings) = IndexSettings::of_user() else {
        return Vec::new();
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let bar = progress_bar(context.shows_progress());
    let checks = verify_indexes(&settings, threads, &|bytes| bar.advance(bytes));
    bar.end();
    match checks {
        Ok(checks) => checks.iter().filter_map(finding).collect(),
        Err(error) => vec![format!(
            "the indexes in {} cannot be read: {}",
            settings.folder.display(),
            describe(&error)
        )],
    }
}

fn finding(check: &IndexCheck) -> Option<String> {
    let log = check.log.as_ref().unwrap_or(&check.file).display();
    match &check.finding {
        IndexFinding::Wrong { block } => Some(format!(
            "the index of {log} was wrong from byte {} on: reports before now may be, it is deleted",
            block.start
        )),
        IndexFinding::LogUnreadable(why) => Some(format!("{log} cannot be read: {why}")),
        IndexFinding::Agrees { .. }
        | IndexFinding::Outdated
        | IndexFinding::LogGone
        | IndexFinding::Unreadable => None,
    }
}
