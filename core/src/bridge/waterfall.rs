//! Runs of workflows put together from their entries: when each step ran, beside
//! which others, and what failed first.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::record::telemetry_entry::{InvocationStatus, TelemetryEntry};
use crate::time::{Timestamp, Window};
use crate::view::{
    BarView, EntryOutcome, Millis, WaterfallView, WorkflowRunView, WorkflowRunsView,
};

/// Entries by the run that they belong to.
///
/// An entry belongs to the one that it names as its parent, else to the run of its
/// step; a parent is a run of its own even before its children are there. The memory
/// grows with the entries of the window.
#[derive(Clone, Debug, Default)]
pub struct Waterfalls {
    runs: BTreeMap<String, Run>,
}

#[derive(Clone, Debug, Default)]
struct Run {
    workflow: Option<String>,
    parent: Option<Span>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Span {
    started_at: Timestamp,
    ended_at: Timestamp,
    outcome: EntryOutcome,
}

#[derive(Clone, Debug)]
struct Step {
    entry_id: String,
    job: String,
    name: String,
    method: Option<String>,
    model_type: Option<String>,
    executor: Option<String>,
    error: Option<String>,
    span: Span,
}

impl Waterfalls {
    /// Takes in an entry that began in the window.
    pub fn add(&mut self, entry: &TelemetryEntry<'_>, window: &Window) {
        if !window.contains(entry.started_at) {
            return;
        }
        let span = Span::of(entry);
        let Some(context) = &entry.workflow_context else {
            let is_run =
                entry.invocation.command == "workflow" && entry.parent_invocation_id.is_none();
            if is_run {
                self.runs.entry(entry.id.to_string()).or_default().parent = Some(span);
            }
            return;
        };
        let id = entry.parent_invocation_id.as_ref();
        let run = self
            .runs
            .entry(id.unwrap_or(&context.run_id).to_string())
            .or_default();
        run.workflow
            .get_or_insert_with(|| context.workflow_name.to_string());
        let method = match &*entry.invocation.args {
            [verb, _, method, ..] if verb == "run" => Some(method.to_string()),
            _ => None,
        };
        run.steps.push(Step {
            entry_id: entry.id.to_string(),
            job: context.job_name.to_string(),
            name: context.step_name.to_string(),
            method,
            model_type: context.model_type.text().map(String::from),
            executor: context.executor.text().map(String::from),
            error: entry.result.error_message.as_deref().map(String::from),
            span,
        });
    }

    /// The runs, newest first; `skipped` files held no entry.
    pub fn runs(&self, limit: usize, skipped: u64) -> WorkflowRunsView {
        let runs = self.runs.iter();
        let mut runs: Vec<WorkflowRunView> = runs.filter_map(|(id, run)| run.view(id)).collect();
        runs.sort_by(|a, b| (b.started_at, &b.run_id).cmp(&(a.started_at, &a.run_id)));
        let left_out = runs.len().saturating_sub(limit) as u64;
        runs.truncate(limit);
        WorkflowRunsView {
            runs,
            left_out,
            skipped,
        }
    }

    /// One run, its steps in the order of their beginnings.
    pub fn run(&self, run_id: &str) -> Option<WaterfallView> {
        let run = self.runs.get(run_id)?;
        let view = run.view(run_id)?;
        let mut steps: Vec<&Step> = run.steps.iter().collect();
        steps.sort_by(|a, b| {
            let begin = a.span.started_at.cmp(&b.span.started_at);
            begin.then_with(|| a.entry_id.cmp(&b.entry_id))
        });
        let mut lanes: Vec<Timestamp> = Vec::new();
        let bars: Vec<BarView> = steps
            .into_iter()
            .map(|step| step.bar(view.started_at, lane(&mut lanes, &step.span)))
            .collect();
        let failed = bars
            .iter()
            .filter(|bar| bar.status != EntryOutcome::Success);
        // What failed first ended first, whenever it began.
        let first_failure = failed
            .min_by_key(|bar| bar.offset_ms.0.saturating_add(bar.duration_ms.0))
            .map(|bar| bar.entry_id.clone());
        Some(WaterfallView {
            run: view,
            lanes: lanes.len() as u64,
            bars,
            first_failure,
        })
    }
}

/// The first lane that is free when a step begins.
fn lane(lanes: &mut Vec<Timestamp>, span: &Span) -> u64 {
    let free = lanes.iter().position(|end| *end <= span.started_at);
    let at = free.unwrap_or(lanes.len());
    match lanes.get_mut(at) {
        Some(end) => *end = span.ended_at,
        None => lanes.push(span.ended_at),
    }
    at as u64
}

impl Run {
    /// `None` of a run without any entry, which there is not.
    fn view(&self, run_id: &str) -> Option<WorkflowRunView> {
        let spans = || {
            let steps = self.steps.iter().map(|step| &step.span);
            self.parent.iter().chain(steps)
        };
        let started_at = spans().map(|span| span.started_at).min()?;
        let ended_at = spans().map(|span| span.ended_at).max()?;
        let failed = self
            .steps
            .iter()
            .filter(|step| step.span.outcome != EntryOutcome::Success);
        Some(WorkflowRunView {
            run_id: run_id.into(),
            workflow: self.workflow.clone(),
            started_at,
            ended_at: Some(ended_at),
            duration_ms: Some(millis(started_at, ended_at)),
            status: self.parent.as_ref().map(|span| span.outcome),
            steps: self.steps.len() as u64,
            failed_steps: failed.count() as u64,
        })
    }
}

impl Span {
    fn of(entry: &TelemetryEntry<'_>) -> Self {
        let is_cancelled = entry.result.error_type.as_deref() == Some("Cancelled");
        Self {
            started_at: entry.started_at,
            // Clocks of old writers went back.
            ended_at: entry.completed_at.max(entry.started_at),
            outcome: match entry.result.status {
                InvocationStatus::Success => EntryOutcome::Success,
                InvocationStatus::UserError => EntryOutcome::UserError,
                InvocationStatus::Error | InvocationStatus::Other(_) if is_cancelled => {
                    EntryOutcome::Cancelled
                }
                InvocationStatus::Error | InvocationStatus::Other(_) => EntryOutcome::Error,
            },
        }
    }
}

impl Step {
    fn bar(&self, begin: Timestamp, lane: u64) -> BarView {
        let named = |name: &String| (!name.is_empty()).then(|| name.clone());
        BarView {
            entry_id: self.entry_id.clone(),
            job: named(&self.job),
            step: named(&self.name),
            method: self.method.clone(),
            model_type: self.model_type.clone(),
            executor: self.executor.clone(),
            status: self.span.outcome,
            error: self.error.clone(),
            offset_ms: millis(begin, self.span.started_at),
            duration_ms: millis(self.span.started_at, self.span.ended_at),
            lane,
        }
    }
}

fn millis(from: Timestamp, to: Timestamp) -> Millis {
    let us = to.as_micros().saturating_sub(from.as_micros());
    Millis(u64::try_from(us).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn entry(id: &str, from: u32, to: u32, status: &str, more: &str) -> String {
        let command = if more.is_empty() { "workflow" } else { "model" };
        format!(
            r#"{{"id":"{id}","invocation":{{"command":"{command}","args":["run","<REDACTED>","execute"],"optionKeys":[],"globalOptions":[]}},"result":{{"status":"{status}","exitCode":0,"errorType":"Error","errorMessage":"no"}},"startedAt":"2026-11-20T10:00:{from:02}Z","completedAt":"2026-11-20T10:00:{to:02}Z"{more}}}"#
        )
    }

    fn step(id: &str, from: u32, to: u32, status: &str) -> String {
        let more = format!(
            r#","parentInvocationId":"p","workflowContext":{{"workflowName":"w","runId":"r","jobName":"j","stepName":"{id}","modelType":"m"}}"#
        );
        entry(id, from, to, status, &more)
    }

    fn waterfalls(texts: &[String], window: &Window) -> Waterfalls {
        let mut waterfalls = Waterfalls::default();
        for text in texts {
            waterfalls.add(&TelemetryEntry::parse(text).unwrap(), window);
        }
        waterfalls
    }

    #[test]
    fn steps_that_overlap_have_lanes_of_their_own() {
        let texts = [
            step("c", 5, 9, "success"),
            step("a", 1, 5, "success"),
            step("late", 2, 8, "error"),
            step("soon", 3, 4, "user_error"),
            entry("p", 0, 10, "error", ""),
        ];
        let runs = waterfalls(&texts, &Window::ALL);
        let view = runs.run("p").unwrap();
        let lanes: Vec<_> = view
            .bars
            .iter()
            .map(|bar| (&*bar.entry_id, bar.lane))
            .collect();
        assert_eq!(lanes, [("a", 0), ("late", 1), ("soon", 2), ("c", 0)]);
        assert_eq!(view.lanes, 3);
        assert_eq!(view.first_failure.as_deref(), Some("soon"));
        assert_eq!((view.run.steps, view.run.failed_steps), (4, 2));
        assert_eq!(view.run.status, Some(EntryOutcome::Error));
        assert_eq!(view.run.duration_ms, Some(Millis(10_000_000)));
        assert_eq!(view.bars[0].offset_ms, Millis(1_000_000));
        assert_eq!(view.bars[0].method.as_deref(), Some("execute"));
    }

    #[test]
    fn children_without_a_parent_are_a_run_without_an_end() {
        let runs = waterfalls(&[step("a", 1, 2, "success")], &Window::ALL);
        let list = runs.runs(10, 3);
        assert_eq!(list.runs[0].status, None);
        assert_eq!((list.left_out, list.skipped), (0, 3));
        assert_eq!(runs.runs(0, 0).left_out, 1);
        assert!(runs.run("other").is_none());
    }

    #[test]
    fn what_began_outside_of_the_window_is_not_there() {
        let window = Window {
            from: Some(Timestamp::parse("2026-11-20T10:00:05Z").unwrap()),
            to: None,
        };
        let texts = [step("a", 1, 2, "success"), step("b", 6, 7, "success")];
        let list = waterfalls(&texts, &window).runs(10, 0);
        assert_eq!(list.runs[0].steps, 1);
    }
}
