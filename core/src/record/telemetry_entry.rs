//! Telemetry entries: one invocation of a command, as swamp spools and sends them.
//!
//! The format states no version; fields were added over time, and an entry that
//! lacks them stays without them.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// One invocation of a command, or one method of a workflow's step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TelemetryEntry<'a> {
    /// `id`: the entry's own id.
    pub id: Cow<'a, str>,
    /// `invocation`: what was called, without its secrets.
    pub invocation: Invocation<'a>,
    /// `result`: what came of it.
    pub result: InvocationResult<'a>,
    /// `startedAt`: when it began; whole milliseconds are written.
    pub started_at: Timestamp,
    /// `completedAt`: when it ended; whole milliseconds are written.
    pub completed_at: Timestamp,
    /// `durationMs`: as recorded, in microseconds; never worked out anew. Old
    /// writers let it be negative when their clock was set back.
    pub duration_us: Option<i64>,
    /// `swampVersion`: version of the writer.
    pub swamp_version: Option<Cow<'a, str>>,
    /// `denoVersion`: version of the writer's runtime.
    pub deno_version: Option<Cow<'a, str>>,
    /// `platform`: `linux`, `darwin` or `windows`.
    pub platform: Option<Cow<'a, str>>,
    /// `invocationContext`: who sat before the terminal; entries since May 2026.
    pub invocation_context: Option<InvocationContext<'a>>,
    /// `parentInvocationId`: the entry of the command that ran the workflow.
    pub parent_invocation_id: Option<Cow<'a, str>>,
    /// `workflowContext`: the step that called the method; such entries only.
    pub workflow_context: Option<WorkflowContext<'a>>,
    /// `triggerSource`: what set a served run off.
    pub trigger_source: Option<TriggerSource>,
    /// `initiatedBy`: who set a served run off, such as `user:ada`.
    pub initiated_by: Option<Cow<'a, str>>,
}

/// A call without its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// `command`: the first word; empty for a bare call.
    pub command: Cow<'a, str>,
    /// `subcommand`: the second word, where the command has one.
    pub subcommand: Option<Cow<'a, str>>,
    /// `args`: the further words; all but known categories are `<REDACTED>`.
    pub args: Vec<Cow<'a, str>>,
    /// `optionKeys`: names of options, never their values.
    pub option_keys: Vec<Cow<'a, str>>,
    /// `globalOptions`: options that every command has.
    pub global_options: Vec<Cow<'a, str>>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvocationResult<'a> {
    /// `status`: success or the class of failure.
    pub status: InvocationStatus<'a>,
    /// `exitCode`: the exit status.
    pub exit_code: i32,
    /// `errorType`: the class of the error.
    pub error_type: Option<Cow<'a, str>>,
    /// `errorMessage`: the error's first line.
    pub error_message: Option<Cow<'a, str>>,
}

/// Success or the class of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvocationStatus<'a> {
    /// `success`
    Success,
    /// `error`: something went wrong.
    Error,
    /// `user_error`: what the user asked for cannot be done.
    UserError,
    /// A class that is not known, as it stands in the entry.
    Other(Cow<'a, str>),
}

/// Who sat before the terminal. Old entries lack some of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvocationContext<'a> {
    /// `agentSessionDetected`: whether an AI agent seems to have made the call.
    pub agent_session_detected: Option<bool>,
    /// `isInteractive`: whether the input was a terminal.
    pub is_interactive: Option<bool>,
    /// `externalDatastoreConfigured`: entries since 2026-05-13.
    pub external_datastore_configured: Option<bool>,
    /// `configuredAiTools`: `None` outside a repository, empty when opted out.
    pub configured_ai_tools: Option<Vec<Cow<'a, str>>>,
    /// `detectedAiTool`: such as `claude`, `cursor`, `kiro`, `opencode`, `codex`.
    pub detected_ai_tool: Option<Cow<'a, str>>,
}

/// The step of a workflow that called a method. Names are any text, also empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkflowContext<'a> {
    /// `workflowName`: which workflow.
    pub workflow_name: Cow<'a, str>,
    /// `runId`: which run of it.
    pub run_id: Cow<'a, str>,
    /// `jobName`: which job.
    pub job_name: Cow<'a, str>,
    /// `stepName`: which step; tells the items of a forEach apart.
    pub step_name: Cow<'a, str>,
    /// `modelType`: the type of the model that was called.
    pub model_type: Dimension<'a>,
    /// `executor`: where it ran, `loopback` or a worker's name; since 2026-06-11.
    pub executor: Dimension<'a>,
    /// `driver`: how it ran; entries from 2026-05-08 to 2026-06-11.
    pub driver: Dimension<'a>,
    /// `outerStep`: the step of another run that this run stands for; only Muster
    /// writes it.
    pub outer_step: Option<OuterStep<'a>>,
}

/// A step that stands for a nested run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OuterStep<'a> {
    /// `runId`: the run of the step.
    pub run_id: Cow<'a, str>,
    /// `jobName`: which job.
    pub job_name: Cow<'a, str>,
    /// `stepName`: which step.
    pub step_name: Cow<'a, str>,
}

/// An optional text of which the format keeps `null` and the empty text apart
/// from its not being there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension<'a> {
    /// Not there.
    #[default]
    Absent,
    /// `null`
    Null,
    /// A text.
    Text(Cow<'a, str>),
}

/// What set a served run off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerSource {
    /// `schedule`
    Schedule,
    /// `webhook`
    Webhook,
    /// `api`
    Api,
}

impl<'a> TelemetryEntry<'a> {
    /// Reads one entry. `id`, `invocation`, `result`, `startedAt` and
    /// `completedAt` must be there; unknown fields and unknown trigger sources
    /// are passed over, an empty optional text and a block that is `null` are
    /// read as not there.
    pub fn parse(text: &'a str) -> Result<Self, RecordError> {
        let fields = Fields::parse(text)?;
        Ok(Self {
            id: fields.require("id")?.text()?,
            invocation: Invocation::of(fields.require("invocation")?)?,
            result: InvocationResult::of(fields.require("result")?)?,
            started_at: fields.require("startedAt")?.time()?,
            completed_at: fields.require("completedAt")?.time()?,
            duration_us: fields.get_or_null("durationMs", |v| v.signed(3))?,
            swamp_version: fields.get_or_null("swampVersion", Value::text)?,
            deno_version: fields.get_or_null("denoVersion", Value::text)?,
            platform: fields.get_or_null("platform", Value::text)?,
            invocation_context: fields.get_or_null("invocationContext", InvocationContext::of)?,
            parent_invocation_id: some_text(&fields, "parentInvocationId")?,
            workflow_context: fields.get_or_null("workflowContext", WorkflowContext::of)?,
            trigger_source: some_text(&fields, "triggerSource")?
                .and_then(|source| TriggerSource::of_name(&source)),
            initiated_by: some_text(&fields, "initiatedBy")?,
        })
    }
}

impl<'a> Invocation<'a> {
    fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        let texts =
            |name| -> Result<Vec<Cow<'a, str>>, RecordError> { fields.require(name)?.texts() };
        Ok(Self {
            command: fields.require("command")?.text()?,
            subcommand: some_text(&fields, "subcommand")?,
            args: texts("args")?,
            option_keys: texts("optionKeys")?,
            global_options: texts("globalOptions")?,
        })
    }
}

impl<'a> InvocationResult<'a> {
    fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        Ok(Self {
            status: InvocationStatus::of_name(fields.require("status")?.text()?),
            exit_code: fields.require("exitCode")?.integer()?,
            error_type: some_text(&fields, "errorType")?,
            error_message: some_text(&fields, "errorMessage")?,
        })
    }
}

impl<'a> InvocationStatus<'a> {
    fn of_name(name: Cow<'a, str>) -> Self {
        match &*name {
            "success" => Self::Success,
            "error" => Self::Error,
            "user_error" => Self::UserError,
            _ => Self::Other(name),
        }
    }

    /// The name in the entry.
    pub fn name(&self) -> &str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::UserError => "user_error",
            Self::Other(name) => name,
        }
    }
}

impl<'a> InvocationContext<'a> {
    /// Reads the block by itself, as a producer's description holds it.
    pub(crate) fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        Ok(Self {
            agent_session_detected: fields.get_or_null("agentSessionDetected", Value::flag)?,
            is_interactive: fields.get_or_null("isInteractive", Value::flag)?,
            external_datastore_configured: fields
                .get_or_null("externalDatastoreConfigured", Value::flag)?,
            configured_ai_tools: fields.get_or_null("configuredAiTools", Value::texts)?,
            detected_ai_tool: some_text(&fields, "detectedAiTool")?,
        })
    }

    /// The block with texts of its own.
    pub fn into_owned(self) -> InvocationContext<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        InvocationContext {
            agent_session_detected: self.agent_session_detected,
            is_interactive: self.is_interactive,
            external_datastore_configured: self.external_datastore_configured,
            configured_ai_tools: self
                .configured_ai_tools
                .map(|tools| tools.into_iter().map(owned).collect()),
            detected_ai_tool: self.detected_ai_tool.map(owned),
        }
    }
}

impl<'a> WorkflowContext<'a> {
    fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        let dimension = |name| {
            fields
                .get(name)?
                .map_or(Ok(Dimension::Absent), Dimension::of)
        };
        Ok(Self {
            workflow_name: fields.require("workflowName")?.text()?,
            run_id: fields.require("runId")?.text()?,
            job_name: fields.require("jobName")?.text()?,
            step_name: fields.require("stepName")?.text()?,
            model_type: dimension("modelType")?,
            executor: dimension("executor")?,
            driver: dimension("driver")?,
            outer_step: fields.get_or_null("outerStep", OuterStep::of)?,
        })
    }
}

impl<'a> OuterStep<'a> {
    fn of(value: Value<'a>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        Ok(Self {
            run_id: fields.require("runId")?.text()?,
            job_name: fields.require("jobName")?.text()?,
            step_name: fields.require("stepName")?.text()?,
        })
    }
}

impl<'a> Dimension<'a> {
    /// What a field that is there says.
    pub(crate) fn of(value: Value<'a>) -> Result<Self, RecordError> {
        if value.raw() == "null" {
            Ok(Self::Null)
        } else {
            value.text().map(Self::Text)
        }
    }

    /// The text, if there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Text(text) => Some(text),
        }
    }
}

impl TriggerSource {
    /// The source of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "schedule" => Some(Self::Schedule),
            "webhook" => Some(Self::Webhook),
            "api" => Some(Self::Api),
            _ => None,
        }
    }

    /// The name in the entry.
    pub fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Webhook => "webhook",
            Self::Api => "api",
        }
    }
}

/// An optional text; `null` and the empty text are as good as not there.
pub(crate) fn some_text<'a>(
    fields: &Fields<'a>,
    field: &'static str,
) -> Result<Option<Cow<'a, str>>, RecordError> {
    Ok(fields
        .get_or_null(field, Value::text)?
        .filter(|text| !text.is_empty()))
}
