//! Runs of workflows.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::Millis;
use crate::time::Timestamp;

/// Runs of workflows, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkflowRunsView {
    /// The runs.
    pub runs: Vec<WorkflowRunView>,
    /// Older ones.
    pub left_out: u64,
    /// Files that hold no entry.
    pub skipped: u64,
}

/// Runs out of files that were handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunsOfFilesView {
    /// The runs; files that held no entry are skipped.
    #[serde(flatten)]
    pub runs: WorkflowRunsView,
    /// Lines that are neither an entry nor an event.
    pub skipped_lines: u64,
    /// Files whose events state no times: they are shown a second apart.
    pub untimed_files: u64,
}

/// One run of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkflowRunView {
    /// The id of the entry of the command that ran it, or the one that its steps name.
    pub run_id: String,
    /// The workflow; `null` where no step says.
    pub workflow: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When the last of it ended.
    pub ended_at: Option<Timestamp>,
    /// How long it took.
    pub duration_ms: Option<Millis>,
    /// How it ended; `null` where only its steps are there.
    pub status: Option<EntryOutcome>,
    /// How many steps are there.
    pub steps: u64,
    /// Those that failed.
    pub failed_steps: u64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryOutcome {
    /// It succeeded.
    Success,
    /// Something went wrong.
    Error,
    /// What the user asked for cannot be done.
    UserError,
    /// It was stopped.
    Cancelled,
}

/// One run with its steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaterfallView {
    /// The run.
    pub run: WorkflowRunView,
    /// How many lanes the steps need.
    pub lanes: u64,
    /// The steps, by their beginning.
    pub bars: Vec<BarView>,
    /// The step that failed first.
    pub first_failure: Option<String>,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BarView {
    /// The entry's id.
    pub entry_id: String,
    /// The job.
    pub job: Option<String>,
    /// The step.
    pub step: Option<String>,
    /// The method that was called.
    pub method: Option<String>,
    /// The model's type.
    pub model_type: Option<String>,
    /// Where it ran.
    pub executor: Option<String>,
    /// How it ended.
    pub status: EntryOutcome,
    /// What went wrong.
    pub error: Option<String>,
    /// When it began, from the beginning of the run.
    pub offset_ms: Millis,
    /// How long it took.
    pub duration_ms: Millis,
    /// Steps of one lane do not overlap.
    pub lane: u64,
}
