//! The entry of one method, before and after its producer signs it.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use uuid::Uuid;

use super::redact::REDACTED;
use super::runs::Run;
use super::steps::{FailureKind, Step};
use crate::entry::{push_json_integer, push_json_string};
use crate::json::{Fields, RecordError, Value};
use crate::record::telemetry_entry::{
    Dimension, Invocation, InvocationContext, InvocationResult, InvocationStatus, OuterStep,
    TelemetryEntry, TriggerSource, WorkflowContext, some_text,
};
use crate::time::Timestamp;

/// The method of one step, as far as the stream tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildEntry<'a> {
    /// Which workflow.
    pub workflow_name: &'a str,
    /// Which run of it.
    pub run_id: &'a str,
    /// Which job.
    pub job: &'a str,
    /// Which step.
    pub step: &'a str,
    /// Which method of its model.
    pub method: &'a str,
    /// The model's type.
    pub model_type: Dimension<'a>,
    /// Where it ran.
    pub executor: Dimension<'a>,
    /// How it ran.
    pub driver: Dimension<'a>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; never before it began.
    pub completed_at: Timestamp,
    /// `None` for success.
    pub failure: Option<ChildFailure<'a>>,
    /// Which method of its run it is, by their beginnings, from 0.
    pub ordinal: u64,
    /// Methods that it called, which make no entries.
    pub nested_invocations: u32,
    /// The step of another run that its run stands for.
    pub outer_step: Option<OuterStep<'a>>,
}

/// How a method failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildFailure<'a> {
    /// The class of the error: `Error`, `UserError` or `Cancelled`.
    pub error_type: &'static str,
    /// The error's first line; may be empty.
    pub message: &'a str,
    /// Whether the run goes on as if it were well.
    pub allowed: bool,
}

/// Who makes entries: what is the same in all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Version of the writer.
    pub swamp_version: String,
    /// Version of the writer's runtime.
    pub deno_version: String,
    /// The operating system.
    pub platform: String,
    /// Who sat before the terminal.
    pub invocation_context: Option<InvocationContext<'static>>,
    /// What set the runs off.
    pub trigger_source: Option<TriggerSource>,
    /// Who set the runs off.
    pub initiated_by: Option<String>,
}

/// The entry that others are children of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    id: Option<String>,
    namespace: Uuid,
}

/// Makes a name space of a parent's id that is no UUID.
const PARENT_NAMESPACE: Uuid = Uuid::from_u128(0x5b0c_3c3e_54a1_5d0b_9a52_6d75_7374_6572);

impl Default for Producer {
    /// What an entry states when nobody says otherwise.
    fn default() -> Self {
        Self {
            swamp_version: concat!("muster-", env!("CARGO_PKG_VERSION")).into(),
            deno_version: "none".into(),
            platform: "unknown".into(),
            invocation_context: None,
            trigger_source: None,
            initiated_by: None,
        }
    }
}

impl Producer {
    /// Reads an object with any of `swampVersion`, `denoVersion`, `platform`,
    /// `invocationContext`, `triggerSource` and `initiatedBy`, each as in an entry.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        let fields = Fields::parse(text)?;
        let default = Self::default();
        let or = |name, default: String| -> Result<String, RecordError> {
            Ok(some_text(&fields, name)?.map_or(default, Cow::into_owned))
        };
        let trigger =
            |value: Value<'_>| TriggerSource::of_name(&value.text()?).ok_or_else(|| value.bad());
        Ok(Self {
            swamp_version: or("swampVersion", default.swamp_version)?,
            deno_version: or("denoVersion", default.deno_version)?,
            platform: or("platform", default.platform)?,
            invocation_context: fields
                .get_or_null("invocationContext", InvocationContext::of)?
                .map(InvocationContext::into_owned),
            trigger_source: fields.get_or_null("triggerSource", trigger)?,
            initiated_by: some_text(&fields, "initiatedBy")?.map(Cow::into_owned),
        })
    }
}

impl Parent {
    /// The parent of this id; without one, entries state no parent.
    pub fn new(id: Option<&str>) -> Self {
        let id = id.filter(|id| !id.is_empty());
        let namespace = id.map_or(PARENT_NAMESPACE, |id| {
            Uuid::try_parse(id).unwrap_or_else(|_| uuid_v5(PARENT_NAMESPACE, id.as_bytes()))
        });
        Self {
            id: id.map(Into::into),
            namespace,
        }
    }

    /// The id that children state.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl<'a> ChildEntry<'a> {
    pub(super) fn of(step: &'a Step, run: &'a Run, outer_run: bool) -> Self {
        let failure = step.failure.map(|failure| ChildFailure {
            error_type: match failure.kind {
                FailureKind::Error => "Error",
                FailureKind::User => "UserError",
                FailureKind::Cancelled => "Cancelled",
            },
            message: step.text(failure.message),
            allowed: failure.allowed,
        });
        let mut entry = Self {
            workflow_name: &run.workflow_name,
            run_id: &run.id,
            job: step.job_name(),
            step: step.step_name(),
            method: step.text(step.method),
            model_type: step.dimension(step.model_type),
            executor: step.dimension(step.executor),
            driver: step.dimension(step.driver),
            started_at: step.started_at,
            completed_at: step.completed_at,
            failure,
            ordinal: step.ordinal,
            nested_invocations: step.nested_invocations,
            outer_step: None,
        };
        if let Some(host) = &run.host {
            if outer_run {
                entry.workflow_name = &host.workflow_name;
                entry.run_id = &host.run_id;
            } else {
                entry.outer_step = Some(OuterStep {
                    run_id: Cow::Borrowed(&host.run_id),
                    job_name: Cow::Borrowed(&host.job),
                    step_name: Cow::Borrowed(&host.step),
                });
            }
        }
        entry
    }

    /// How long it took, in whole milliseconds.
    pub fn duration_ms(&self) -> i64 {
        let ms = |at: Timestamp| at.as_micros().div_euclid(1000);
        ms(self.completed_at) - ms(self.started_at)
    }

    /// The entry's id: the UUID of version 5, under the parent's id, of the JSON
    /// text `[run, job, step, ordinal]`. The same stream gives the same ids.
    pub fn id(&self, parent: &Parent) -> Uuid {
        let mut name = String::with_capacity(128);
        name.push('[');
        for text in [self.run_id, self.job, self.step] {
            push_json_string(&mut name, text);
            name.push(',');
        }
        push_json_integer(&mut name, i64::try_from(self.ordinal).unwrap_or(i64::MAX));
        name.push(']');
        uuid_v5(parent.namespace, name.as_bytes())
    }

    /// Hands the whole entry to `take`, as it is written.
    pub fn sign<R>(
        &self,
        parent: &Parent,
        producer: &Producer,
        take: impl FnOnce(&TelemetryEntry<'_>) -> R,
    ) -> R {
        let mut buffer = Uuid::encode_buffer();
        let id = &*self.id(parent).hyphenated().encode_lower(&mut buffer);
        let args = vec![
            Cow::Borrowed("run"),
            Cow::Borrowed(REDACTED),
            Cow::Borrowed(self.method),
        ];
        let result = self.failure.map_or(
            InvocationResult {
                status: InvocationStatus::Success,
                exit_code: 0,
                error_type: None,
                error_message: None,
            },
            |failure| InvocationResult {
                status: match failure.error_type {
                    "UserError" => InvocationStatus::UserError,
                    _ => InvocationStatus::Error,
                },
                exit_code: 1,
                error_type: Some(Cow::Borrowed(failure.error_type)),
                error_message: Some(Cow::Borrowed(failure.message)),
            },
        );
        take(&TelemetryEntry {
            id: Cow::Borrowed(id),
            invocation: Invocation {
                command: Cow::Borrowed("model"),
                subcommand: Some(Cow::Borrowed("method")),
                args,
                option_keys: Vec::new(),
                global_options: Vec::new(),
            },
            result,
            started_at: self.started_at,
            completed_at: self.completed_at,
            duration_us: Some(self.duration_ms() * 1000),
            swamp_version: Some(Cow::Borrowed(&producer.swamp_version)),
            deno_version: Some(Cow::Borrowed(&producer.deno_version)),
            platform: Some(Cow::Borrowed(&producer.platform)),
            invocation_context: producer.invocation_context.clone(),
            parent_invocation_id: parent.id().map(Cow::Borrowed),
            workflow_context: Some(WorkflowContext {
                workflow_name: Cow::Borrowed(self.workflow_name),
                run_id: Cow::Borrowed(self.run_id),
                job_name: Cow::Borrowed(self.job),
                step_name: Cow::Borrowed(self.step),
                model_type: self.model_type.clone(),
                executor: self.executor.clone(),
                driver: self.driver.clone(),
                outer_step: self.outer_step.clone(),
            }),
            trigger_source: producer.trigger_source,
            initiated_by: producer.initiated_by.as_deref().map(Cow::Borrowed),
        })
    }
}

/// The UUID of version 5 of a name.
fn uuid_v5(namespace: Uuid, name: &[u8]) -> Uuid {
    use sha1::Digest as _;

    let mut hash = sha1::Sha1::new();
    hash.update(namespace.as_bytes());
    hash.update(name);
    let mut bytes = [0; 16];
    for (byte, hashed) in bytes.iter_mut().zip(hash.finalize()) {
        *byte = hashed;
    }
    uuid::Builder::from_sha1_bytes(bytes).into_uuid()
}
