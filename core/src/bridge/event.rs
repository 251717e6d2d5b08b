//! The events of a running workflow, as swamp's engine gives them.
//!
//! No event states a time. Job and step names are any text: colons, slashes and
//! the empty text are legal.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::record::telemetry_entry::Dimension;

/// One event. A text is borrowed from the line unless it holds escapes; a
/// `&str` named as JSON is the value as it stands in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// `validating_inputs`: the inputs are looked at.
    ValidatingInputs,
    /// `evaluating_workflow`: the workflow's expressions are worked out.
    EvaluatingWorkflow,
    /// `started`: a run begins, also one nested in another.
    Started(Started<'a>),
    /// `job_started`: a job begins.
    JobStarted {
        /// `jobId`: which job.
        job: Cow<'a, str>,
    },
    /// `job_completed`: a job is over. A cancelled one says `succeeded`.
    JobCompleted {
        /// `jobId`: which job.
        job: Cow<'a, str>,
        /// `status`: `succeeded` or `failed`.
        status: Cow<'a, str>,
    },
    /// `job_skipped`: a job is left out.
    JobSkipped {
        /// `jobId`: which job.
        job: Cow<'a, str>,
    },
    /// `step_started`: a step begins.
    StepStarted {
        /// Which step.
        step: StepName<'a>,
        /// Which item of a forEach.
        item: ForEachItem<'a>,
    },
    /// `step_completed`: a step is over and well.
    StepCompleted {
        /// Which step.
        step: StepName<'a>,
        /// `executor`: where its method ran, `loopback` or a worker's name.
        executor: Dimension<'a>,
        /// Which item of a forEach.
        item: ForEachItem<'a>,
        /// `dataHandles`: what the method stored, as JSON.
        data_handles: Option<&'a str>,
    },
    /// `step_skipped`: a step is left out; it has no `step_started`.
    StepSkipped {
        /// Which step.
        step: StepName<'a>,
        /// `reason`: `guarded` or `dependency`.
        reason: Option<Cow<'a, str>>,
        /// `guardExpression`: what was asked.
        guard_expression: Option<Cow<'a, str>>,
        /// `guardResult`: what came out, as JSON.
        guard_result: Option<&'a str>,
        /// Which item of a forEach.
        item: ForEachItem<'a>,
    },
    /// `approval_requested`: a step waits for a human.
    ApprovalRequested {
        /// `runId`: which run.
        run_id: Cow<'a, str>,
        /// Which step.
        step: StepName<'a>,
        /// `prompt`: what the human is asked.
        prompt: Cow<'a, str>,
        /// `timeout`: how long it waits, a number as JSON.
        timeout: Option<&'a str>,
    },
    /// `step_failed`: a step is over and not well, with or without its method begun.
    StepFailed(StepFailed<'a>),
    /// `model_resolved`: the model of a step is found.
    ModelResolved {
        /// Which step.
        step: StepName<'a>,
        /// `modelName`, `methodName`: what will be called.
        method: MethodName<'a>,
        /// `modelType`: the model's type.
        model_type: Dimension<'a>,
        /// `modelId`: the model's id.
        model_id: Option<Cow<'a, str>>,
    },
    /// `env_var_warning`: a model depends on the environment.
    EnvVarWarning {
        /// Which step.
        step: StepName<'a>,
        /// `modelName`: which model.
        model: Cow<'a, str>,
        /// `envVars`: on what.
        env_vars: Vec<EnvVar<'a>>,
        /// `message`: the warning.
        message: Cow<'a, str>,
    },
    /// `method_executing`: a method begins.
    MethodExecuting {
        /// Which step.
        step: StepName<'a>,
        /// `modelName`, `methodName`: what is called.
        method: MethodName<'a>,
        /// `driver`: how it runs; streams from 2026-05-08 to 2026-06-11.
        driver: Dimension<'a>,
    },
    /// `method_output`: a line that a method printed.
    MethodOutput {
        /// Which step.
        step: StepName<'a>,
        /// `modelName`, `methodName`: what is called.
        method: MethodName<'a>,
        /// `stream`: `stdout` or `stderr`.
        stream: Cow<'a, str>,
        /// `line`: what it printed.
        line: Cow<'a, str>,
    },
    /// `step_queued`: a step waits for a worker.
    StepQueued {
        /// Which step.
        step: StepName<'a>,
        /// `requirement`: for which kind of worker.
        requirement: Cow<'a, str>,
    },
    /// `step_target_disconnected`: the worker of a step is gone.
    StepTargetDisconnected {
        /// Which step.
        step: StepName<'a>,
        /// `target`: which worker.
        target: Cow<'a, str>,
    },
    /// `method_event`: something that a method tells.
    MethodEvent {
        /// Which step.
        step: StepName<'a>,
        /// `modelName`, `methodName`: what is called.
        method: MethodName<'a>,
        /// `event`: what it tells.
        detail: MethodDetail<'a>,
    },
    /// `assert_result`: an assertion was worked out.
    AssertResult {
        /// Which step.
        step: StepName<'a>,
        /// `passed`: whether it holds.
        passed: bool,
        /// `message`: what it says.
        message: Cow<'a, str>,
        /// `severity`: `low`, `medium` or `high`.
        severity: Cow<'a, str>,
        /// `expr`: what was asked.
        expression: Cow<'a, str>,
        /// `error`: why it could not be worked out.
        error: Option<Cow<'a, str>>,
    },
    /// `report_started`: a report is being made.
    ReportStarted {
        /// Which report.
        report: ReportName<'a>,
    },
    /// `report_completed`: a report is made.
    ReportCompleted {
        /// Which report.
        report: ReportName<'a>,
        /// `markdown`: its text.
        markdown: Cow<'a, str>,
        /// `json`: its data, as JSON.
        data: Option<&'a str>,
    },
    /// `report_failed`: a report could not be made.
    ReportFailed {
        /// Which report.
        report: ReportName<'a>,
        /// `error`: why.
        error: Cow<'a, str>,
    },
    /// `completed`: a run is over. That of a nested run is never seen.
    Completed {
        /// `run`: the run as it ended.
        run: RunView<'a>,
    },
    /// `cancelled`: a run was stopped.
    Cancelled {
        /// `run`: the run as it ended.
        run: RunView<'a>,
        /// `reason`: by whom or why.
        reason: Option<Cow<'a, str>>,
    },
    /// `suspended`: a run waits for a human and may be resumed.
    Suspended {
        /// `run`: the run as it stands.
        run: RunView<'a>,
        /// Which step waits.
        step: StepName<'a>,
        /// `prompt`: what the human is asked.
        prompt: Cow<'a, str>,
        /// `timeout`: how long it waits, a number as JSON.
        timeout: Option<&'a str>,
    },
    /// `error`: the stream ends because something went wrong.
    Error {
        /// `error.code`: such as `workflow_execution_failed`.
        code: Cow<'a, str>,
        /// `error.message`: what went wrong.
        message: Cow<'a, str>,
    },
}

/// A step of a job. Both names are those of the workflow's file, not ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepName<'a> {
    /// `jobId`: the job's name.
    pub job: Cow<'a, str>,
    /// `stepId`: the step's name.
    pub step: Cow<'a, str>,
}

/// A method of a model; a name that is not there is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodName<'a> {
    /// `modelName`: the model's name, which no entry may hold.
    pub model: Cow<'a, str>,
    /// `methodName`: the method's name.
    pub method: Cow<'a, str>,
}

/// Where a step stands in a forEach, if it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForEachItem<'a> {
    /// `forEachTemplate`: the step's name before it was filled in.
    pub template: Option<Cow<'a, str>>,
    /// `forEachIndex`: which item, from 0.
    pub index: Option<u64>,
}

/// What `started` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Started<'a> {
    /// `runId`: the run's id.
    pub run_id: Cow<'a, str>,
    /// `workflowName`: which workflow.
    pub workflow_name: Cow<'a, str>,
    /// `jobs`: what it consists of; empty where the stream does not say.
    pub jobs: Vec<PlannedJob<'a>>,
}

/// One job of a run that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedJob<'a> {
    /// `id`: the job's name.
    pub name: Cow<'a, str>,
    /// `stepCount`: its steps, a forEach being one.
    pub steps: u64,
    /// `dependsOn`: jobs that come before it.
    pub depends_on: Vec<Cow<'a, str>>,
}

/// What `step_failed` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepFailed<'a> {
    /// Which step.
    pub step: StepName<'a>,
    /// `error`: what went wrong; may have several lines.
    pub error: Cow<'a, str>,
    /// `errorKind`: `user` where the stream says that the user is to blame.
    pub error_kind: Option<Cow<'a, str>>,
    /// `allowedFailure`: whether the run goes on as if it were well.
    pub allowed_failure: bool,
    /// `modelName`: the model, where one was named.
    pub model: Option<Cow<'a, str>>,
    /// `methodName`: the method, where one was named.
    pub method: Option<Cow<'a, str>>,
    /// `driver`: how it was to run; streams from 2026-05-08 to 2026-06-11.
    pub driver: Dimension<'a>,
    /// Which item of a forEach.
    pub item: ForEachItem<'a>,
}

/// One variable of the environment that a model depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvVar<'a> {
    /// `path`: where the model asks for it.
    pub path: Cow<'a, str>,
    /// `envVar`: its name.
    pub name: Cow<'a, str>,
}

/// What a method tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MethodDetail<'a> {
    /// `vault_secret_stored`: a field went into a vault.
    VaultSecretStored {
        /// `fieldPath`: which field.
        field: Cow<'a, str>,
        /// `vaultName`: into which vault.
        vault: Cow<'a, str>,
        /// `vaultKey`: under which key.
        key: Cow<'a, str>,
    },
    /// `schema_validation_warning`: data do not fit their schema.
    SchemaValidationWarning {
        /// `specName`: which specification.
        spec: Cow<'a, str>,
        /// `instanceName`: which data.
        instance: Cow<'a, str>,
        /// `error`: how they do not fit.
        error: Cow<'a, str>,
    },
    /// `vault_single_quote_warning`: a vault expression is quoted wrongly.
    VaultSingleQuoteWarning {
        /// `message`: the warning.
        message: Cow<'a, str>,
    },
    /// `nested_model_invocation`: a method called another one.
    NestedModelInvocation {
        /// `targetModelType`, `targetMethod`: what was called.
        target: MethodName<'a>,
        /// `callerModelType`, `callerMethod`: by what.
        caller: MethodName<'a>,
    },
    /// Something else, by its `type`.
    Other(Cow<'a, str>),
}

/// Which report, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportName<'a> {
    /// `reportName`: the report's name.
    pub name: Cow<'a, str>,
    /// `scope`: `method` or `workflow`.
    pub scope: Cow<'a, str>,
    /// `jobId`: of which job.
    pub job: Option<Cow<'a, str>>,
    /// `stepId`: of which step.
    pub step: Option<Cow<'a, str>>,
}

/// A run as its last event shows it; its jobs and data are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunView<'a> {
    /// `id`: the run's id.
    pub id: Cow<'a, str>,
    /// `workflowName`: which workflow.
    pub workflow_name: Cow<'a, str>,
    /// `status`: `pending`, `running`, `suspended`, `succeeded`, `failed`, `cancelled`.
    pub status: Cow<'a, str>,
    /// `initiatedBy`: who set it off.
    pub initiated_by: Option<Cow<'a, str>>,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// `validating_inputs`
    ValidatingInputs,
    /// `evaluating_workflow`
    EvaluatingWorkflow,
    /// `started`
    Started,
    /// `job_started`
    JobStarted,
    /// `job_completed`
    JobCompleted,
    /// `job_skipped`
    JobSkipped,
    /// `step_started`
    StepStarted,
    /// `step_completed`
    StepCompleted,
    /// `step_skipped`
    StepSkipped,
    /// `approval_requested`
    ApprovalRequested,
    /// `step_failed`
    StepFailed,
    /// `model_resolved`
    ModelResolved,
    /// `env_var_warning`
    EnvVarWarning,
    /// `method_executing`
    MethodExecuting,
    /// `method_output`
    MethodOutput,
    /// `step_queued`
    StepQueued,
    /// `step_target_disconnected`
    StepTargetDisconnected,
    /// `method_event`
    MethodEvent,
    /// `assert_result`
    AssertResult,
    /// `report_started`
    ReportStarted,
    /// `report_completed`
    ReportCompleted,
    /// `report_failed`
    ReportFailed,
    /// `completed`
    Completed,
    /// `cancelled`
    Cancelled,
    /// `suspended`
    Suspended,
    /// `error`
    Error,
}

impl EventKind {
    /// All kinds, in the order of the engine's own list.
    pub const ALL: [Self; 26] = [
        Self::ValidatingInputs,
        Self::EvaluatingWorkflow,
        Self::Started,
        Self::JobStarted,
        Self::JobCompleted,
        Self::JobSkipped,
        Self::StepStarted,
        Self::StepCompleted,
        Self::StepSkipped,
        Self::ApprovalRequested,
        Self::StepFailed,
        Self::ModelResolved,
        Self::EnvVarWarning,
        Self::MethodExecuting,
        Self::MethodOutput,
        Self::StepQueued,
        Self::StepTargetDisconnected,
        Self::MethodEvent,
        Self::AssertResult,
        Self::ReportStarted,
        Self::ReportCompleted,
        Self::ReportFailed,
        Self::Completed,
        Self::Cancelled,
        Self::Suspended,
        Self::Error,
    ];

    /// The kind of this name.
    #[inline]
    pub fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "method_output" => Self::MethodOutput,
            "step_started" => Self::StepStarted,
            "step_completed" => Self::StepCompleted,
            "model_resolved" => Self::ModelResolved,
            "method_executing" => Self::MethodExecuting,
            "step_failed" => Self::StepFailed,
            "step_skipped" => Self::StepSkipped,
            "method_event" => Self::MethodEvent,
            "report_started" => Self::ReportStarted,
            "report_completed" => Self::ReportCompleted,
            "report_failed" => Self::ReportFailed,
            "job_started" => Self::JobStarted,
            "job_completed" => Self::JobCompleted,
            "job_skipped" => Self::JobSkipped,
            "started" => Self::Started,
            "completed" => Self::Completed,
            "cancelled" => Self::Cancelled,
            "suspended" => Self::Suspended,
            "error" => Self::Error,
            "validating_inputs" => Self::ValidatingInputs,
            "evaluating_workflow" => Self::EvaluatingWorkflow,
            "approval_requested" => Self::ApprovalRequested,
            "env_var_warning" => Self::EnvVarWarning,
            "step_queued" => Self::StepQueued,
            "step_target_disconnected" => Self::StepTargetDisconnected,
            "assert_result" => Self::AssertResult,
            _ => return None,
        })
    }

    /// The name on the stream.
    pub fn name(self) -> &'static str {
        match self {
            Self::ValidatingInputs => "validating_inputs",
            Self::EvaluatingWorkflow => "evaluating_workflow",
            Self::Started => "started",
            Self::JobStarted => "job_started",
            Self::JobCompleted => "job_completed",
            Self::JobSkipped => "job_skipped",
            Self::StepStarted => "step_started",
            Self::StepCompleted => "step_completed",
            Self::StepSkipped => "step_skipped",
            Self::ApprovalRequested => "approval_requested",
            Self::StepFailed => "step_failed",
            Self::ModelResolved => "model_resolved",
            Self::EnvVarWarning => "env_var_warning",
            Self::MethodExecuting => "method_executing",
            Self::MethodOutput => "method_output",
            Self::StepQueued => "step_queued",
            Self::StepTargetDisconnected => "step_target_disconnected",
            Self::MethodEvent => "method_event",
            Self::AssertResult => "assert_result",
            Self::ReportStarted => "report_started",
            Self::ReportCompleted => "report_completed",
            Self::ReportFailed => "report_failed",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Suspended => "suspended",
            Self::Error => "error",
        }
    }
}

impl Event<'_> {
    /// Which kind of event this is.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::ValidatingInputs => EventKind::ValidatingInputs,
            Self::EvaluatingWorkflow => EventKind::EvaluatingWorkflow,
            Self::Started(_) => EventKind::Started,
            Self::JobStarted { .. } => EventKind::JobStarted,
            Self::JobCompleted { .. } => EventKind::JobCompleted,
            Self::JobSkipped { .. } => EventKind::JobSkipped,
            Self::StepStarted { .. } => EventKind::StepStarted,
            Self::StepCompleted { .. } => EventKind::StepCompleted,
            Self::StepSkipped { .. } => EventKind::StepSkipped,
            Self::ApprovalRequested { .. } => EventKind::ApprovalRequested,
            Self::StepFailed(_) => EventKind::StepFailed,
            Self::ModelResolved { .. } => EventKind::ModelResolved,
            Self::EnvVarWarning { .. } => EventKind::EnvVarWarning,
            Self::MethodExecuting { .. } => EventKind::MethodExecuting,
            Self::MethodOutput { .. } => EventKind::MethodOutput,
            Self::StepQueued { .. } => EventKind::StepQueued,
            Self::StepTargetDisconnected { .. } => EventKind::StepTargetDisconnected,
            Self::MethodEvent { .. } => EventKind::MethodEvent,
            Self::AssertResult { .. } => EventKind::AssertResult,
            Self::ReportStarted { .. } => EventKind::ReportStarted,
            Self::ReportCompleted { .. } => EventKind::ReportCompleted,
            Self::ReportFailed { .. } => EventKind::ReportFailed,
            Self::Completed { .. } => EventKind::Completed,
            Self::Cancelled { .. } => EventKind::Cancelled,
            Self::Suspended { .. } => EventKind::Suspended,
            Self::Error { .. } => EventKind::Error,
        }
    }
}
