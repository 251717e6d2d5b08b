//! The state machine: events go in with the time, entries come out.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::child::ChildEntry;
use super::classify::ErrorPatterns;
use super::counts::BridgeCounts;
use super::event::{Event, MethodDetail, MethodName, RunView, Started, StepFailed, StepName};
use super::read::Identity;
use super::redact::{MessageRedaction, error_message};
use super::runs::{Host, JobPhase, RunIndex, Runs};
use super::steps::{Failure, FailureKind, Phase, Step, StepIndex, Steps};
use crate::record::telemetry_entry::Dimension;
use crate::time::Timestamp;

/// The message of what is drained without a reason.
pub const DRAIN_MESSAGE: &str = "workflow run terminated before completion";

/// How a bridge decides where there is more than one way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BridgeOptions {
    /// How much of an error's text is taken out.
    pub redaction: MessageRedaction,
    /// Errors before a method began that are the user's.
    pub patterns: ErrorPatterns,
    /// Whether the methods of a nested run are entries of the run around it.
    pub outer_run: bool,
}

/// The end of all that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Finalize<'a> {
    /// The message of what is drained; [`DRAIN_MESSAGE`] without one.
    pub reason: Option<&'a str>,
    /// Whether the user stopped it: what is drained is cancelled, not failed.
    pub interrupted: bool,
}

/// How the runs of a bridge ended, as far as the stream says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunOutcome {
    /// No run has ended.
    #[default]
    Unknown,
    /// All that ended, ended well; failures that were allowed do not count.
    Succeeded,
    /// One waits for a human.
    Suspended,
    /// One was stopped.
    Cancelled,
    /// One failed.
    Failed,
}

/// From the events of running workflows to telemetry entries.
///
/// A method that begins is open until its step ends. Each open method gives one
/// entry, with the run, job and step it began in; so does a step that fails
/// before its method could begin. What is open in the end is drained by
/// [`Bridge::handle_finalize`]. Memory is bounded by what is open.
///
/// ```
/// use muster_core::Timestamp;
/// use muster_core::bridge::{Bridge, Event, Message, StreamLine};
///
/// let mut bridge = Bridge::default();
/// let lines = [
///     r#"{"kind":"started","runId":"r-1","workflowName":"nightly"}"#,
///     r#"{"kind":"method_executing","jobId":"mill","stepId":"grind","modelName":"m","methodName":"run"}"#,
///     r#"{"kind":"step_completed","jobId":"mill","stepId":"grind"}"#,
/// ];
/// for (ms, line) in (0..).zip(lines) {
///     let now = Timestamp::from_millis(ms * 10).expect("a time in range");
///     if let Ok(StreamLine { message: Message::Event(event), .. }) = StreamLine::parse(line) {
///         bridge.handle_event(now, &event);
///     }
/// }
/// let entry = bridge.poll_entry().expect("the step has ended");
/// assert_eq!((entry.step, entry.method, entry.duration_ms()), ("grind", "run", 10));
/// assert!(bridge.poll_entry().is_none());
/// ```
#[derive(Debug, Default)]
pub struct Bridge {
    options: BridgeOptions,
    steps: Steps,
    runs: Runs,
    /// Closed methods whose entries are not taken yet.
    ready: VecDeque<StepIndex>,
    /// The one that was taken last.
    lent: Option<StepIndex>,
    order: u64,
    executing: u64,
    nested_open: u32,
    finalized: bool,
    outcome: RunOutcome,
    last_now: Option<Timestamp>,
    counts: BridgeCounts,
}

impl Bridge {
    /// A bridge that has seen nothing.
    pub fn new(options: BridgeOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Takes in the next event of the one stream there is.
    pub fn handle_event(&mut self, now: Timestamp, event: &Event<'_>) {
        self.handle_delivery(now, None, None, event);
    }

    /// Takes in an event of one of several streams. `stream` names it; events of an
    /// `identity` that its stream has given before are passed over.
    pub fn handle_delivery(
        &mut self,
        now: Timestamp,
        stream: Option<&str>,
        identity: Option<Identity>,
        event: &Event<'_>,
    ) {
        self.counts.count(event.kind());
        if self.finalized {
            self.counts.after_finalize += 1;
            return;
        }
        if self.last_now.replace(now).is_some_and(|last| now < last) {
            self.counts.clock_steps_back += 1;
        }
        let stream = self.runs.stream(stream);
        if identity.is_some_and(|identity| !self.runs.is_new(stream, identity)) {
            self.counts.redelivered += 1;
            return;
        }
        match event {
            Event::StepStarted { step, .. } => self.step_started(stream, step),
            Event::ModelResolved {
                step,
                method,
                model_type,
                ..
            } => self.model_resolved(stream, step, method, model_type),
            Event::MethodExecuting {
                step,
                method,
                driver,
            } => self.method_executing(now, stream, step, method, driver),
            Event::StepCompleted { step, executor, .. } => {
                self.step_completed(now, stream, step, executor);
            }
            Event::StepFailed(failed) => self.step_failed(now, stream, failed),
            Event::StepSkipped { step, .. } => self.step_skipped(stream, step),
            Event::Started(started) => self.started(now, stream, started),
            Event::JobStarted { job } => self.runs.start_job(stream, job),
            Event::JobCompleted { job, .. } => self.job_over(stream, job, JobPhase::Running),
            Event::JobSkipped { job } => self.job_over(stream, job, JobPhase::Waiting),
            Event::MethodEvent {
                step,
                detail: MethodDetail::NestedModelInvocation { .. },
                ..
            } => self.nested_invocation(stream, step),
            Event::Completed { run } => {
                let outcome = match &*run.status {
                    "succeeded" => RunOutcome::Succeeded,
                    "cancelled" => RunOutcome::Cancelled,
                    "suspended" => RunOutcome::Suspended,
                    _ => RunOutcome::Failed,
                };
                self.run_over(stream, run, outcome);
            }
            Event::Cancelled { run, .. } => self.run_over(stream, run, RunOutcome::Cancelled),
            Event::Suspended { run, .. } => self.run_over(stream, run, RunOutcome::Suspended),
            Event::Error { code, .. } => self.stream_broken(stream, code),
            _ => {}
        }
    }

    /// A request's stream is over: what is open in it is drained, and it is forgotten.
    pub fn handle_stream_end(&mut self, now: Timestamp, stream: Option<&str>) {
        let Some(index) = self.runs.known_stream(stream).filter(|_| !self.finalized) else {
            return;
        };
        let finalize = Finalize::default();
        let open = self.executing_steps(|run| run.stream == index);
        self.drain(now, &open, finalize);
        for run in self.runs.of_stream(index).to_vec() {
            self.end_run(run);
        }
        self.runs.remove_stream(index);
    }

    /// A request's stream broke off with an error of this code.
    pub fn handle_stream_error(&mut self, now: Timestamp, stream: Option<&str>, code: &str) {
        if let Some(index) = self.runs.known_stream(stream).filter(|_| !self.finalized) {
            self.stream_broken(index, code);
            self.handle_stream_end(now, stream);
        }
    }

    /// Drains what is open, in the order in which the methods began and with one
    /// common end. From then on the bridge takes nothing in.
    pub fn handle_finalize(&mut self, now: Timestamp, finalize: Finalize<'_>) {
        if self.finalized {
            return;
        }
        self.finalized = true;
        let open = self.executing_steps(|_| true);
        self.drain(now, &open, finalize);
    }

    /// There is nothing to wait for: a method is open until its stream says otherwise.
    pub fn handle_timeout(&mut self, _now: Timestamp) {}

    /// When [`Self::handle_timeout`] is due: never.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }

    /// The next entry, oldest first. It is gone when the next one is asked for.
    pub fn poll_entry(&mut self) -> Option<ChildEntry<'_>> {
        if let Some(taken) = self.lent.take() {
            self.free_step(taken);
        }
        let index = self.ready.pop_front()?;
        self.lent = Some(index);
        let step = self.steps.get(index)?;
        let run = self.runs.get(step.run)?;
        Some(ChildEntry::of(step, run, self.options.outer_run))
    }

    /// Methods that run.
    pub fn open_methods(&self) -> u64 {
        self.executing
    }

    /// Outermost runs that have begun and not ended.
    pub fn open_runs(&self) -> usize {
        self.runs.open_outermost()
    }

    /// Steps and runs that are kept: what the memory is bounded by.
    pub fn kept(&self) -> usize {
        self.steps.in_use() + self.runs.in_use()
    }

    /// Whether the bridge takes nothing in any more.
    pub fn is_finalized(&self) -> bool {
        self.finalized
    }

    /// How the outermost runs ended.
    pub fn outcome(&self) -> RunOutcome {
        self.outcome
    }

    /// What has been seen.
    pub fn counts(&self) -> &BridgeCounts {
        &self.counts
    }

    /// Notes an event of a kind that is not known.
    pub fn note_unknown_kind(&mut self) {
        self.counts.unknown_kinds += 1;
    }

    /// Notes fields that are not known.
    pub fn note_unknown_fields(&mut self, fields: u32) {
        self.counts.unknown_fields += u64::from(fields);
    }

    fn started(&mut self, now: Timestamp, stream: usize, started: &Started<'_>) {
        if let Some(known) = self.runs.with_id(stream, &started.run_id) {
            self.runs.begin_again(known, started);
            return;
        }
        let host = self.host_step(stream, None);
        if host.is_some() {
            self.nested_open += 1;
            self.counts.nested_runs += 1;
        } else {
            self.drain_ended(now, stream);
        }
        self.counts.runs += 1;
        self.runs.begin(stream, started, host);
    }

    /// The step that a run which begins now stands for: the last one that has begun
    /// and has shown no model of its own.
    /// `hosted` is a run that has begun already and does not stand for its own steps.
    fn host_step(&self, stream: usize, hosted: Option<RunIndex>) -> Option<Host> {
        let runs = self.runs.of_stream(stream);
        let candidates: u32 = runs
            .iter()
            .filter_map(|&run| self.runs.get(run))
            .filter(|run| !run.over)
            .map(|run| run.waiting)
            .sum();
        if candidates == 0 {
            return None;
        }
        let inner = hosted.map_or_else(Vec::new, |hosted| self.runs.with_nested(stream, hosted));
        let taken = |serial: u64| {
            runs.iter().any(|&run| {
                let host = self.runs.get(run).and_then(|run| run.host.as_ref());
                host.is_some_and(|host| host.serial == serial)
            })
        };
        let (_, step) = self
            .steps
            .iter()
            .filter(|(_, step)| {
                step.phase == Phase::Started
                    && !inner.contains(&step.run)
                    && self
                        .runs
                        .get(step.run)
                        .is_some_and(|run| run.stream == stream && !run.over)
            })
            .max_by_key(|(_, step)| (!taken(step.serial), step.serial))?;
        let run = self.runs.get(step.run)?;
        Some(Host {
            run: step.run,
            serial: step.serial,
            workflow_name: run.workflow_name.clone(),
            run_id: run.id.clone(),
            job: step.job_name().into(),
            step: step.step_name().into(),
        })
    }

    /// A new outermost run shows that those of its stream which are over will give
    /// nothing any more.
    fn drain_ended(&mut self, now: Timestamp, stream: usize) {
        let runs = self.runs.of_stream(stream);
        let left = runs
            .iter()
            .filter_map(|&run| self.runs.get(run))
            .any(|run| run.over && run.steps > 0);
        if left {
            let open = self.executing_steps(|run| run.stream == stream && run.over);
            self.drain(now, &open, Finalize::default());
        }
    }

    fn step_started(&mut self, stream: usize, step: &StepName<'_>) {
        let run = self.runs.for_start(stream, &step.job);
        let run = if self.steps.find(run, &step.job, &step.step).is_none() {
            run
        } else {
            // The same names are open there: a run around it, or the event came twice.
            let other = self
                .runs
                .of_stream(stream)
                .iter()
                .rev()
                .copied()
                .find(|&other| {
                    self.runs.get(other).is_some_and(|run| !run.over)
                        && self.steps.find(other, &step.job, &step.step).is_none()
                        && other != run
                });
            let Some(other) = other else {
                self.counts.duplicates += 1;
                return;
            };
            other
        };
        self.open_step(run, step);
    }

    fn open_step(&mut self, run: RunIndex, step: &StepName<'_>) -> StepIndex {
        let index = self.steps.open(run, &step.job, &step.step);
        if let Some(run) = self.runs.get_mut(run) {
            run.steps += 1;
            run.waiting += 1;
        }
        index
    }

    /// The open step of these names, the innermost first.
    #[inline]
    fn find(
        &self,
        stream: usize,
        step: &StepName<'_>,
        wanted: impl Fn(Phase) -> bool,
    ) -> Option<StepIndex> {
        self.runs.of_stream(stream).iter().rev().find_map(|&run| {
            let index = self.steps.find(run, &step.job, &step.step)?;
            self.steps
                .get(index)
                .is_some_and(|step| wanted(step.phase))
                .then_some(index)
        })
    }

    /// The open step of these names whose method has not begun.
    #[inline]
    fn find_waiting(&self, stream: usize, step: &StepName<'_>) -> Option<StepIndex> {
        self.find(stream, step, |phase| {
            matches!(phase, Phase::Started | Phase::Resolved)
        })
    }

    fn model_resolved(
        &mut self,
        stream: usize,
        step: &StepName<'_>,
        method: &MethodName<'_>,
        model_type: &Dimension<'_>,
    ) {
        let index = match self.find_waiting(stream, step) {
            Some(index) => index,
            // Too late for a method that runs.
            None if self.find(stream, step, |_| true).is_some() => return,
            None => {
                let run = self.runs.for_start(stream, &step.job);
                self.open_step(run, step)
            }
        };
        self.shows_model(stream, index);
        if let Some(slot) = self.steps.get_mut(index) {
            slot.phase = Phase::Resolved;
            slot.forget_model();
            slot.model_type = slot.hold_dimension(model_type);
            slot.model = slot.hold(&method.model);
        }
    }

    fn method_executing(
        &mut self,
        now: Timestamp,
        stream: usize,
        step: &StepName<'_>,
        method: &MethodName<'_>,
        driver: &Dimension<'_>,
    ) {
        let index = if let Some(index) = self.find_waiting(stream, step) {
            index
        } else {
            let run = self.runs.for_start(stream, &step.job);
            let open = self.steps.find(run, &step.job, &step.step);
            let same = open
                .and_then(|open| self.steps.get(open))
                .is_some_and(|open| {
                    open.text(open.model) == method.model && open.text(open.method) == method.method
                });
            let run = match same.then(|| self.sibling_without(stream, run, step)) {
                None => run,
                Some(Some(sibling)) => sibling,
                Some(None) => {
                    self.counts.duplicates += 1;
                    return;
                }
            };
            self.open_step(run, step)
        };
        self.shows_model(stream, index);
        self.order += 1;
        let order = self.order;
        let Some(slot) = self.steps.get_mut(index) else {
            return;
        };
        if slot.text(slot.model) != method.model {
            slot.model = slot.hold(&method.model);
        }
        slot.phase = Phase::Executing;
        slot.method = slot.hold(&method.method);
        slot.driver = slot.hold_dimension(driver);
        slot.started_at = now;
        slot.order = order;
        if let Some(run) = self.runs.get_mut(slot.run) {
            slot.ordinal = run.next_ordinal;
            run.next_ordinal += 1;
            run.waiting = run.waiting.saturating_sub(1);
        }
        self.executing += 1;
        self.counts.methods += 1;
        self.counts.most_open = self.counts.most_open.max(self.executing);
    }

    /// An open run of the same workflow in which this step is not open: the items
    /// of a forEach over a workflow run side by side under the same names.
    fn sibling_without(
        &self,
        stream: usize,
        of: RunIndex,
        step: &StepName<'_>,
    ) -> Option<RunIndex> {
        let name = &self.runs.get(of)?.workflow_name;
        let mut runs = self.runs.of_stream(stream).iter().rev().copied();
        runs.find(|&other| {
            let open = self.runs.get(other).filter(|run| !run.over);
            open.is_some_and(|run| run.workflow_name == *name)
                && self.steps.find(other, &step.job, &step.step).is_none()
        })
    }

    /// A step that shows a model of its own stands for no run: a run that was taken
    /// to be nested in it is nested in another step.
    #[inline]
    fn shows_model(&mut self, stream: usize, index: StepIndex) {
        if self.nested_open == 0 {
            return;
        }
        let Some(step) = self
            .steps
            .get_mut(index)
            .filter(|step| step.phase == Phase::Started)
        else {
            return;
        };
        step.phase = Phase::Resolved;
        let serial = step.serial;
        let hosted = self.runs.of_stream(stream).iter().copied().find(|&run| {
            let host = self.runs.get(run).and_then(|run| run.host.as_ref());
            host.is_some_and(|host| host.serial == serial)
        });
        let Some(hosted) = hosted else { return };
        let host = self.host_step(stream, Some(hosted));
        if host.is_none() {
            self.nested_open = self.nested_open.saturating_sub(1);
        }
        if let Some(run) = self.runs.get_mut(hosted) {
            run.host = host;
        }
    }

    fn step_completed(
        &mut self,
        now: Timestamp,
        stream: usize,
        step: &StepName<'_>,
        executor: &Dimension<'_>,
    ) {
        let Some(index) = self.find(stream, step, |_| true) else {
            return;
        };
        let executing = self.steps.get(index).is_some_and(Step::is_executing);
        if !executing {
            self.drop_waiting(index);
            return;
        }
        if let Some(slot) = self.steps.get_mut(index) {
            slot.executor = slot.hold_dimension(executor);
        }
        self.counts.succeeded += 1;
        self.finish(now, index);
    }

    fn step_failed(&mut self, now: Timestamp, stream: usize, failed: &StepFailed<'_>) {
        let step = &failed.step;
        let open = self.find(stream, step, |_| true);
        let executing = open.filter(|&open| self.steps.get(open).is_some_and(Step::is_executing));
        let user = failed.error_kind.as_deref() == Some("user");
        if let Some(index) = executing {
            let kind = if user {
                FailureKind::User
            } else {
                FailureKind::Error
            };
            if let Some(slot) = self.steps.get_mut(index)
                && slot.dimension(slot.driver) == Dimension::Absent
            {
                slot.driver = slot.hold_dimension(&failed.driver);
            }
            self.fail(index, &failed.error, kind, failed.allowed_failure);
            self.finish(now, index);
            return;
        }
        // Before its method, if it names one. A model that is named has to have a name;
        // a step that calls a type directly names none.
        let method = failed.method.as_deref().filter(|method| !method.is_empty());
        let named = failed.model.as_deref() != Some("");
        let Some(method) = method.filter(|_| named) else {
            self.counts.structural_failures += 1;
            if let Some(open) = open {
                self.drop_waiting(open);
            }
            return;
        };
        let index = open.unwrap_or_else(|| {
            let run = self.runs.for_start(stream, &step.job);
            self.open_step(run, step)
        });
        self.order += 1;
        let order = self.order;
        if let Some(slot) = self.steps.get_mut(index) {
            slot.method = slot.hold(method);
            if let Some(model) = &failed.model {
                slot.model = slot.hold(model);
            }
            slot.driver = slot.hold_dimension(&failed.driver);
            slot.started_at = now;
            slot.order = order;
            if let Some(run) = self.runs.get_mut(slot.run) {
                slot.ordinal = run.next_ordinal;
                run.next_ordinal += 1;
                run.waiting = run.waiting.saturating_sub(1);
            }
        }
        self.executing += 1;
        self.counts.failed_before_method += 1;
        let line = failed.error.lines().next().unwrap_or("");
        let kind = if user || self.options.patterns.is_user_error(line) {
            FailureKind::User
        } else {
            FailureKind::Error
        };
        self.fail(index, &failed.error, kind, failed.allowed_failure);
        self.finish(now, index);
    }

    fn step_skipped(&mut self, stream: usize, step: &StepName<'_>) {
        self.counts.skipped_steps += 1;
        if let Some(index) = self.find_waiting(stream, step) {
            self.drop_waiting(index);
        }
    }

    fn nested_invocation(&mut self, stream: usize, step: &StepName<'_>) {
        self.counts.nested_invocations += 1;
        let index = self.find(stream, step, |phase| phase == Phase::Executing);
        if let Some(slot) = index.and_then(|index| self.steps.get_mut(index)) {
            slot.nested_invocations = slot.nested_invocations.saturating_add(1);
        }
    }

    fn job_over(&mut self, stream: usize, job: &str, from: JobPhase) {
        // Only of a nested run is the end not told otherwise.
        if let Some(run) = self.runs.end_job(stream, job, from)
            && self.runs.get(run).is_some_and(|run| run.host.is_some())
        {
            self.end_run(run);
        }
    }

    fn run_over(&mut self, stream: usize, view: &RunView<'_>, outcome: RunOutcome) {
        let named = self.runs.with_id(stream, &view.id);
        let only = || match self.runs.of_stream(stream) {
            [only] => Some(*only),
            _ => None,
        };
        let Some(run) = named.or_else(only) else {
            self.outcome = self.outcome.max(outcome);
            return;
        };
        if self.runs.get(run).is_some_and(|run| run.host.is_none()) {
            self.outcome = self.outcome.max(outcome);
        }
        for run in self.runs.with_nested(stream, run).into_iter().rev() {
            if let Some(run) = self.runs.get_mut(run) {
                run.cancelled |= outcome == RunOutcome::Cancelled;
            }
            self.end_run(run);
        }
    }

    fn stream_broken(&mut self, stream: usize, code: &str) {
        let cancelled = code == "cancelled";
        let outcome = if cancelled {
            RunOutcome::Cancelled
        } else {
            RunOutcome::Failed
        };
        self.outcome = self.outcome.max(outcome);
        for index in self.runs.of_stream(stream).to_vec() {
            if let Some(run) = self.runs.get_mut(index) {
                run.cancelled |= cancelled;
            }
            self.end_run(index);
        }
    }

    /// No step of this run begins any more. Methods that run stay open.
    fn end_run(&mut self, index: RunIndex) {
        let Some(run) = self.runs.get_mut(index) else {
            return;
        };
        if run.host.is_some() && !run.over {
            self.nested_open = self.nested_open.saturating_sub(1);
        }
        run.over = true;
        if run.waiting > 0 {
            let waiting: Vec<StepIndex> = self
                .steps
                .iter()
                .filter(|(_, step)| {
                    step.run == index && matches!(step.phase, Phase::Started | Phase::Resolved)
                })
                .map(|(step, _)| step)
                .collect();
            for step in waiting {
                self.drop_waiting(step);
            }
        }
        self.runs.release(index);
    }

    /// A step whose method has not begun is over.
    fn drop_waiting(&mut self, index: StepIndex) {
        let Some(step) = self.steps.get(index) else {
            return;
        };
        let (run, serial) = (step.run, step.serial);
        if let Some(run) = self.runs.get_mut(run) {
            run.waiting = run.waiting.saturating_sub(1);
        }
        self.steps.close(index);
        self.free_step(index);
        self.end_hosted(run, serial);
    }

    /// The runs that this step stood for are over with it.
    #[inline]
    fn end_hosted(&mut self, run: RunIndex, serial: u64) {
        if self.nested_open == 0 {
            return;
        }
        let Some(stream) = self.runs.get(run).map(|run| run.stream) else {
            return;
        };
        let hosted = self.runs.of_stream(stream).iter().copied().find(|&nested| {
            let host = self.runs.get(nested).and_then(|run| run.host.as_ref());
            host.is_some_and(|host| host.serial == serial)
        });
        if let Some(hosted) = hosted {
            for run in self.runs.with_nested(stream, hosted).into_iter().rev() {
                self.end_run(run);
            }
        }
    }

    fn fail(&mut self, index: StepIndex, error: &str, kind: FailureKind, allowed: bool) {
        let redaction = self.options.redaction;
        if let Some(slot) = self.steps.get_mut(index) {
            let message = error_message(error, slot.text(slot.model), redaction).into_owned();
            let message = slot.hold(&message);
            slot.failure = Some(Failure {
                kind,
                message,
                allowed,
            });
        }
        match kind {
            FailureKind::Error => self.counts.failed += 1,
            FailureKind::User => self.counts.user_errors += 1,
            FailureKind::Cancelled => self.counts.cancelled += 1,
        }
    }

    /// A method is over: its entry is ready.
    fn finish(&mut self, now: Timestamp, index: StepIndex) {
        self.steps.close(index);
        let Some(slot) = self.steps.get_mut(index) else {
            return;
        };
        slot.phase = Phase::Done;
        // A clock that was set back makes no negative durations.
        slot.completed_at = now.max(slot.started_at);
        let (run, serial) = (slot.run, slot.serial);
        self.executing = self.executing.saturating_sub(1);
        self.ready.push_back(index);
        self.end_hosted(run, serial);
    }

    /// Methods that run, in the order in which they began.
    fn executing_steps(&self, of: impl Fn(&super::runs::Run) -> bool) -> Vec<StepIndex> {
        let mut open: Vec<(u64, StepIndex)> = self
            .steps
            .iter()
            .filter(|(_, step)| step.is_executing() && self.runs.get(step.run).is_some_and(&of))
            .map(|(index, step)| (step.order, index))
            .collect();
        open.sort_unstable();
        open.into_iter().map(|(_, index)| index).collect()
    }

    fn drain(&mut self, now: Timestamp, open: &[StepIndex], finalize: Finalize<'_>) {
        for &index in open {
            let run = self
                .steps
                .get(index)
                .and_then(|step| self.runs.get(step.run));
            let cancelled = finalize.interrupted || run.is_some_and(|run| run.cancelled);
            let kind = if cancelled {
                FailureKind::Cancelled
            } else {
                FailureKind::Error
            };
            self.counts.drained += 1;
            self.fail(index, finalize.reason.unwrap_or(DRAIN_MESSAGE), kind, false);
            self.finish(now, index);
        }
    }

    /// Gives a slot back, and its run when that was its last.
    #[inline]
    fn free_step(&mut self, index: StepIndex) {
        let Some(run) = self.steps.get(index).map(|step| step.run) else {
            return;
        };
        self.steps.recycle(index);
        if let Some(slot) = self.runs.get_mut(run) {
            slot.steps = slot.steps.saturating_sub(1);
            if slot.steps == 0 && slot.over {
                self.runs.release(run);
            }
        }
    }
}
