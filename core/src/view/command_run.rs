//! Commands that a server may run, and their runs.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use super::Seconds;
use crate::command_run::{
    KeptLine, KeptOutput, OutputStream, Recommendation, RecommendationKind, RunState,
};
use crate::time::Timestamp;

/// What a server may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandsView {
    /// The catalogue.
    pub commands: Vec<CommandView>,
    /// Why nothing can be started; `null` where it can.
    pub disabled: Option<String>,
    /// How many run.
    pub running: u64,
    /// How many wait.
    pub queued: u64,
    /// How many may run at once.
    pub slots: u64,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandView {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it does.
    pub description: Option<String>,
    /// The program and its arguments; `{scope}` stands for the path.
    pub argv: Vec<String>,
    /// Whether it takes a path: `none`, `optional` or `required`.
    pub scope: &'static str,
    /// Paths to offer, relative to the project.
    pub scopes: Vec<String>,
    /// What is asked before it starts; `null` where nothing is.
    pub confirm: Option<String>,
    /// How long it may run.
    pub time_limit_s: Seconds,
    /// The settings file that declares it, or `attune` where it is built in.
    pub source: String,
    /// Why it cannot be started here; `null` where it can.
    pub unavailable: Option<String>,
}

/// Runs, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandRunsView {
    /// The runs.
    pub runs: Vec<CommandRunView>,
    /// Older ones.
    pub left_out: u64,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandRunView {
    /// Its id.
    pub run_id: String,
    /// The command.
    pub command: String,
    /// What was started.
    pub argv: Vec<String>,
    /// The path that it was given.
    pub scope: Option<String>,
    /// `queued`, `running`, `succeeded`, `failed`, `cancelled`, `timed_out` or `lost`.
    pub state: RunState,
    /// Its exit status.
    pub exit: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How long it ran, or has run.
    pub ran_s: Option<Seconds>,
    /// Lines of output.
    pub lines: u64,
    /// Bytes of output.
    pub bytes: u64,
    /// Lines between the first and the last part that are not kept.
    pub dropped_lines: u64,
    /// Why it did not start, or what else went wrong.
    pub error: Option<String>,
    /// What it recommends to do next.
    pub recommendations: Vec<RecommendationView>,
}

/// What a run recommends to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecommendationView {
    /// `next-command` or `open-url`.
    pub kind: RecommendationKind,
    /// The command's name, or the address.
    pub target: String,
    /// The path for the command.
    pub scope: Option<String>,
    /// What to call it.
    pub label: Option<String>,
    /// How much it matters.
    pub severity: Option<String>,
}

/// Output of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutputView {
    /// The run.
    pub run_id: String,
    /// The lines.
    pub lines: Vec<OutputLineView>,
    /// Lines that are not kept, inside of what this spans.
    pub gap: Option<OutputGapView>,
    /// Where to go on.
    pub next: u64,
    /// How many lines there were so far.
    pub total: u64,
    /// Whether the run has ended and this is the last of it.
    pub complete: bool,
}

/// One line of output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutputLineView {
    /// Its number, from 1.
    pub n: u64,
    /// `out` or `err`.
    pub stream: OutputStream,
    /// What it says.
    pub text: String,
}

/// Lines that are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OutputGapView {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl Serialize for RunState {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for RecommendationKind {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for OutputStream {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl From<Recommendation> for RecommendationView {
    fn from(told: Recommendation) -> Self {
        Self {
            kind: told.kind,
            target: told.target,
            scope: told.scope,
            label: told.label,
            severity: told.severity,
        }
    }
}

impl From<KeptLine> for OutputLineView {
    fn from(line: KeptLine) -> Self {
        Self {
            n: line.n,
            stream: line.stream,
            text: line.text,
        }
    }
}

impl OutputView {
    /// At most `limit` lines after a line of a run, which is over or not.
    pub fn of(run_id: &str, output: &KeptOutput, after: u64, limit: usize, is_over: bool) -> Self {
        let range = output.after(after, limit);
        Self {
            run_id: run_id.into(),
            complete: is_over && range.next >= output.lines(),
            gap: range.gap.map(|(first, last)| OutputGapView { first, last }),
            next: range.next,
            total: output.lines(),
            lines: range.lines.into_iter().map(OutputLineView::from).collect(),
        }
    }
}
