//! A line of a stream to an event, strict in types and tolerant in what else is
//! there: unknown kinds and fields are counted and passed over.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use super::event::{
    EnvVar, Event, EventKind, ForEachItem, MethodDetail, MethodName, PlannedJob, ReportName,
    RunView, Started, StepFailed, StepName,
};
use super::fast;
use super::scan::Scanner;
use crate::json::{Fields, RecordError, RecordErrorKind, Value};
use crate::record::telemetry_entry::Dimension;
use crate::same_bytes::same_bytes;
use crate::time::Timestamp;

/// One line of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamLine<'a> {
    /// What the line is.
    pub message: Message<'a>,
    /// When it happened, where the line says so.
    pub at: Option<Timestamp>,
    /// `id` of a serve envelope as JSON: which request's stream it belongs to.
    pub stream: Option<&'a str>,
    /// Which event of its stream it is, where the line says so.
    pub identity: Option<Identity>,
    /// Fields that are not known.
    pub unknown_fields: u32,
}

/// What a line of a stream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// An event.
    Event(Event<'a>),
    /// An event of a kind that is not known.
    UnknownKind(Cow<'a, str>),
    /// A frame around no event, of a type that is not known.
    UnknownFrame(Cow<'a, str>),
    /// `{"type":"done"}`: a request's stream is over.
    Done,
    /// `{"type":"error"}`: a request's stream broke off.
    Broken {
        /// `error.code`
        code: Cow<'a, str>,
    },
    /// `{"finalize":{..}}`: the bridge is to be finalized.
    Finalize {
        /// `reason`: the message of what is drained.
        reason: Option<Cow<'a, str>>,
        /// `interrupted`: whether the user stopped it.
        interrupted: bool,
    },
}

/// Which event of its stream one is. Later events have larger identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// A number that counts events one by one.
    Sequence(u64),
    /// An id of a Redis stream, `milliseconds-number`; with gaps.
    StreamId(u64, u64),
}

impl<'a> StreamLine<'a> {
    /// Reads a bare event, a serve envelope, a timed event or a finalize line.
    #[inline]
    pub fn parse(line: &'a str) -> Result<Self, RecordError> {
        match fast::line(line) {
            Some(read) => Ok(read),
            None => Self::read(line),
        }
    }

    /// Reads a line in any form.
    #[inline(never)]
    pub(super) fn read(line: &'a str) -> Result<Self, RecordError> {
        // `kind` usually comes first.
        if let Some((kind, at)) = leading_kind(line) {
            let mut object = Object {
                line,
                text: line,
                after_kind: at,
                unknown: 0,
            };
            let message = message(&mut object, kind)?;
            return Ok(Self::bare(message, object.unknown));
        }
        envelope(line)
    }

    fn bare(message: Message<'a>, unknown_fields: u32) -> Self {
        Self {
            message,
            at: None,
            stream: None,
            identity: None,
            unknown_fields,
        }
    }
}

impl Identity {
    /// A number, or a text as Redis gives it.
    fn of(value: Value<'_>) -> Result<Self, RecordError> {
        if !value.raw().starts_with('"') {
            return value.count().map(Self::Sequence);
        }
        let text = value.text()?;
        Self::parse(&text).ok_or_else(|| value.bad())
    }

    /// Reads `17` or `1732190000000-3`.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |text: &str| {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u64>().ok().filter(|_| digits)
        };
        match text.split_once('-') {
            None => number(text).map(Self::Sequence),
            Some((ms, n)) => Some(Self::StreamId(number(ms)?, number(n)?)),
        }
    }
}

/// The kind of an object that begins with it in the usual form, and where its
/// further fields begin.
fn leading_kind(text: &str) -> Option<(&str, usize)> {
    const START: &str = "{\"kind\":\"";
    let bytes = text.as_bytes();
    if !same_bytes(bytes.get(..START.len())?, START.as_bytes()) {
        return None;
    }
    let length = crate::plain_text::end_of_plain(bytes.get(START.len()..)?);
    let end = START.len() + length;
    if bytes.get(end) != Some(&b'"') {
        return None;
    }
    Some((text.get(START.len()..end)?, end + 1))
}

/// A line that is more than a bare event in the usual form.
fn envelope(line: &str) -> Result<StreamLine<'_>, RecordError> {
    let mut object = Object {
        line,
        text: line,
        after_kind: 0,
        unknown: 0,
    };
    let [kind, frame, id, event, at, seq, finalize, error] = object.fields([
        "kind", "type", "id", "event", "at", "seq", "finalize", "error",
    ])?;
    if let Some(kind) = kind {
        // A bare event whose kind does not come first.
        let kind = kind.text()?;
        object.unknown = 0;
        let message = message_of(&mut object, kind)?;
        return Ok(StreamLine::bare(message, object.unknown));
    }
    let time = at.map(time).transpose()?;
    let mut unknown = object.unknown;
    let message = if let Some(event) = event {
        let (message, inner) = event_message(line, event)?;
        unknown += inner;
        message
    } else if let Some(finalize) = finalize {
        let fields = finalize.object()?;
        let inner = fields.present("at")?.map(self::time).transpose()?;
        let message = Message::Finalize {
            reason: fields.get_or_null("reason", Value::text)?,
            interrupted: fields.get_or("interrupted", false, Value::flag)?,
        };
        return Ok(StreamLine {
            message,
            at: inner.or(time),
            stream: None,
            identity: None,
            unknown_fields: unknown,
        });
    } else {
        let frame = need(frame, "kind")?.text()?;
        match &*frame {
            "done" => Message::Done,
            "error" => Message::Broken {
                code: error.map_or(Ok(Cow::Borrowed("")), |error| {
                    error.object()?.get_or("code", "".into(), Value::text)
                })?,
            },
            _ => Message::UnknownFrame(frame),
        }
    };
    Ok(StreamLine {
        message,
        at: time,
        stream: id.map(Value::raw),
        identity: seq.map(Identity::of).transpose()?,
        unknown_fields: unknown,
    })
}

/// A time as text, or as milliseconds since 1970.
fn time(value: Value<'_>) -> Result<Timestamp, RecordError> {
    if value.raw().starts_with('"') {
        return value.time();
    }
    Timestamp::from_micros(value.signed(3)?).map_err(|_| value.bad())
}

/// The event in an envelope, and how many of its fields are unknown.
fn event_message<'a>(line: &'a str, event: Value<'a>) -> Result<(Message<'a>, u32), RecordError> {
    let text = event.raw();
    let leading = leading_kind(text);
    let mut object = Object {
        line,
        text,
        after_kind: leading.map_or(0, |(_, at)| at),
        unknown: 0,
    };
    let message = if let Some((kind, _)) = leading {
        message(&mut object, kind)?
    } else {
        let [kind] = object.fields(["kind"])?;
        object.unknown = 0;
        message_of(&mut object, need(kind, "kind")?.text()?)?
    };
    Ok((message, object.unknown))
}

fn message_of<'a>(object: &mut Object<'a>, kind: Cow<'a, str>) -> Result<Message<'a>, RecordError> {
    match kind {
        Cow::Borrowed(kind) => message(object, kind),
        Cow::Owned(kind) => match EventKind::of_name(&kind) {
            Some(known) => object.event(known).map(Message::Event),
            None => Ok(Message::UnknownKind(Cow::Owned(kind))),
        },
    }
}

fn message<'a>(object: &mut Object<'a>, kind: &'a str) -> Result<Message<'a>, RecordError> {
    if let Some(known) = EventKind::of_name(kind) {
        return object.event(known).map(Message::Event);
    }
    // No event of ours, but it has to be an object all the same.
    let [] = object.fields([])?;
    object.unknown = 0;
    Ok(Message::UnknownKind(Cow::Borrowed(kind)))
}

/// An object whose fields are found by name.
struct Object<'a> {
    /// The line that offsets are counted from.
    line: &'a str,
    text: &'a str,
    /// Where the fields behind a leading kind begin; 0 where it does not lead.
    after_kind: usize,
    unknown: u32,
}

type Found<'a> = Option<Value<'a>>;

impl<'a> Object<'a> {
    /// The fields of these names, best in the order in which they are expected.
    fn fields<const N: usize>(
        &mut self,
        names: [&'static str; N],
    ) -> Result<[Found<'a>; N], RecordError> {
        let mut found = [None; N];
        self.find(&names, &mut found)?;
        Ok(found)
    }

    /// One copy for all numbers of names.
    #[inline(never)]
    fn find(&mut self, names: &[&'static str], found: &mut [Found<'a>]) -> Result<(), RecordError> {
        let unknown = self.unknown;
        if self.scan(names, found).is_some() {
            return Ok(());
        }
        self.unknown = unknown;
        self.read(names, found)
    }

    /// In one pass, unless there is anything odd.
    fn scan(&mut self, names: &[&'static str], found: &mut [Found<'a>]) -> Option<()> {
        let mut scanner = Scanner::new(self.text, self.after_kind);
        let mut more = if self.after_kind == 0 {
            scanner.open()?
        } else {
            scanner.more()?
        };
        let mut expected = 0;
        while more {
            let key = scanner.key()?;
            let raw = scanner.value()?;
            // Usually the next one that is expected.
            let is_key = |name: &&'static str| same_bytes(name.as_bytes(), key.as_bytes());
            let later = names.iter().skip(expected).position(is_key);
            let position = match later {
                Some(at) => Some(expected + at),
                None => names.iter().position(is_key),
            };
            if let Some(at) = position {
                let slot = found.get_mut(at)?;
                if slot.is_some() {
                    return None;
                }
                *slot = Some(Value::new(self.line, names.get(at)?, raw));
                expected = at + 1;
            } else if key != "kind" {
                self.unknown = self.unknown.saturating_add(1);
            } else if self.after_kind != 0 {
                return None;
            }
            more = scanner.more()?;
        }
        Some(())
    }

    /// By the general reader, which says what is wrong.
    #[cold]
    fn read(&mut self, names: &[&'static str], found: &mut [Found<'a>]) -> Result<(), RecordError> {
        let fields = Fields::scan(self.line, self.text)?;
        fields.get("kind")?;
        for (value, name) in found.iter_mut().zip(names) {
            *value = fields.get(name)?;
        }
        let unknown = fields
            .names()
            .filter(|name| *name != "kind" && !names.contains(name))
            .count();
        self.unknown = self
            .unknown
            .saturating_add(u32::try_from(unknown).unwrap_or(u32::MAX));
        Ok(())
    }

    #[expect(clippy::too_many_lines, reason = "one arm per kind")]
    fn event(&mut self, kind: EventKind) -> Result<Event<'a>, RecordError> {
        Ok(match kind {
            EventKind::ValidatingInputs => {
                let [] = self.fields([])?;
                Event::ValidatingInputs
            }
            EventKind::EvaluatingWorkflow => {
                let [] = self.fields([])?;
                Event::EvaluatingWorkflow
            }
            EventKind::Started => {
                let [run, workflow, jobs, _] =
                    self.fields(["runId", "workflowName", "jobs", "logPath"])?;
                Event::Started(Started {
                    run_id: text_or_empty(run)?,
                    workflow_name: text_or_empty(workflow)?,
                    jobs: present(jobs).map_or(Ok(Vec::new()), planned_jobs)?,
                })
            }
            EventKind::JobStarted => {
                let [job] = self.fields(["jobId"])?;
                Event::JobStarted {
                    job: need(job, "jobId")?.text()?,
                }
            }
            EventKind::JobCompleted => {
                let [job, status] = self.fields(["jobId", "status"])?;
                Event::JobCompleted {
                    job: need(job, "jobId")?.text()?,
                    status: text_or_empty(status)?,
                }
            }
            EventKind::JobSkipped => {
                let [job] = self.fields(["jobId"])?;
                Event::JobSkipped {
                    job: need(job, "jobId")?.text()?,
                }
            }
            EventKind::StepStarted => {
                let [job, step, template, index] =
                    self.fields(["jobId", "stepId", "forEachTemplate", "forEachIndex"])?;
                Event::StepStarted {
                    step: step_name(job, step)?,
                    item: item(template, index)?,
                }
            }
            EventKind::StepCompleted => {
                let [job, step, handles, executor, template, index] = self.fields([
                    "jobId",
                    "stepId",
                    "dataHandles",
                    "executor",
                    "forEachTemplate",
                    "forEachIndex",
                ])?;
                Event::StepCompleted {
                    step: step_name(job, step)?,
                    executor: dimension(executor)?,
                    item: item(template, index)?,
                    data_handles: handles.map(Value::raw),
                }
            }
            EventKind::StepSkipped => {
                let [job, step, reason, expression, result, template, index] = self.fields([
                    "jobId",
                    "stepId",
                    "reason",
                    "guardExpression",
                    "guardResult",
                    "forEachTemplate",
                    "forEachIndex",
                ])?;
                Event::StepSkipped {
                    step: step_name(job, step)?,
                    reason: text_or_none(reason)?,
                    guard_expression: text_or_none(expression)?,
                    guard_result: result.map(Value::raw),
                    item: item(template, index)?,
                }
            }
            EventKind::StepFailed => self.step_failed()?,
            EventKind::ModelResolved => {
                let [job, step, model, kind, id, method] = self.fields([
                    "jobId",
                    "stepId",
                    "modelName",
                    "modelType",
                    "modelId",
                    "methodName",
                ])?;
                Event::ModelResolved {
                    step: step_name(job, step)?,
                    method: method_name(model, method)?,
                    model_type: dimension(kind)?,
                    model_id: text_or_none(id)?,
                }
            }
            EventKind::MethodExecuting => {
                let [job, step, model, method, driver] =
                    self.fields(["jobId", "stepId", "modelName", "methodName", "driver"])?;
                Event::MethodExecuting {
                    step: step_name(job, step)?,
                    method: method_name(model, method)?,
                    driver: dimension(driver)?,
                }
            }
            EventKind::MethodOutput => {
                let [job, step, model, method, stream, line] = self.fields([
                    "jobId",
                    "stepId",
                    "modelName",
                    "methodName",
                    "stream",
                    "line",
                ])?;
                Event::MethodOutput {
                    step: step_name(job, step)?,
                    method: method_name(model, method)?,
                    stream: text_or_empty(stream)?,
                    line: text_or_empty(line)?,
                }
            }
            rare => self.rare_event(rare)?,
        })
    }

    fn step_failed(&mut self) -> Result<Event<'a>, RecordError> {
        let [
            job,
            step,
            error,
            allowed,
            model,
            method,
            template,
            index,
            driver,
            kind,
        ] = self.fields([
            "jobId",
            "stepId",
            "error",
            "allowedFailure",
            "modelName",
            "methodName",
            "forEachTemplate",
            "forEachIndex",
            "driver",
            "errorKind",
        ])?;
        Ok(Event::StepFailed(StepFailed {
            step: step_name(job, step)?,
            error: present(error).map_or(Ok(Cow::Borrowed("")), error_text)?,
            error_kind: text_or_none(kind)?,
            allowed_failure: present(allowed).map_or(Ok(false), Value::flag)?,
            model: text_or_none(model)?,
            method: text_or_none(method)?,
            driver: dimension(driver)?,
            item: item(template, index)?,
        }))
    }

    /// The kinds that are not in the usual mix.
    #[inline(never)]
    fn rare_event(&mut self, kind: EventKind) -> Result<Event<'a>, RecordError> {
        Ok(match kind {
            EventKind::ApprovalRequested => {
                let [run, job, step, prompt, timeout] =
                    self.fields(["runId", "jobId", "stepId", "prompt", "timeout"])?;
                Event::ApprovalRequested {
                    run_id: text_or_empty(run)?,
                    step: step_name(job, step)?,
                    prompt: text_or_empty(prompt)?,
                    timeout: present(timeout).map(Value::raw),
                }
            }
            EventKind::EnvVarWarning => {
                let [job, step, model, env_vars, message] =
                    self.fields(["jobId", "stepId", "modelName", "envVars", "message"])?;
                Event::EnvVarWarning {
                    step: step_name(job, step)?,
                    model: text_or_empty(model)?,
                    env_vars: present(env_vars).map_or(Ok(Vec::new()), self::env_vars)?,
                    message: text_or_empty(message)?,
                }
            }
            EventKind::StepQueued => {
                let [job, step, requirement] = self.fields(["jobId", "stepId", "requirement"])?;
                Event::StepQueued {
                    step: step_name(job, step)?,
                    requirement: text_or_empty(requirement)?,
                }
            }
            EventKind::StepTargetDisconnected => {
                let [job, step, target] = self.fields(["jobId", "stepId", "target"])?;
                Event::StepTargetDisconnected {
                    step: step_name(job, step)?,
                    target: text_or_empty(target)?,
                }
            }
            EventKind::MethodEvent => {
                let [job, step, model, method, event] =
                    self.fields(["jobId", "stepId", "modelName", "methodName", "event"])?;
                Event::MethodEvent {
                    step: step_name(job, step)?,
                    method: method_name(model, method)?,
                    detail: method_detail(need(event, "event")?)?,
                }
            }
            EventKind::AssertResult => {
                let [job, step, passed, message, severity, expression, error] = self.fields([
                    "jobId", "stepId", "passed", "message", "severity", "expr", "error",
                ])?;
                Event::AssertResult {
                    step: step_name(job, step)?,
                    passed: need(passed, "passed")?.flag()?,
                    message: text_or_empty(message)?,
                    severity: text_or_empty(severity)?,
                    expression: text_or_empty(expression)?,
                    error: text_or_none(error)?,
                }
            }
            EventKind::ReportStarted | EventKind::ReportCompleted | EventKind::ReportFailed => {
                self.report_event(kind)?
            }
            EventKind::Completed => {
                let [run] = self.fields(["run"])?;
                Event::Completed {
                    run: run_view(run)?,
                }
            }
            EventKind::Cancelled => {
                let [run, reason] = self.fields(["run", "reason"])?;
                Event::Cancelled {
                    run: run_view(run)?,
                    reason: text_or_none(reason)?,
                }
            }
            EventKind::Suspended => {
                let [run, job, step, prompt, timeout] =
                    self.fields(["run", "jobId", "stepId", "prompt", "timeout"])?;
                Event::Suspended {
                    run: run_view(run)?,
                    step: step_name(job, step)?,
                    prompt: text_or_empty(prompt)?,
                    timeout: present(timeout).map(Value::raw),
                }
            }
            _ => {
                let [error] = self.fields(["error"])?;
                let fields = need(error, "error")?.object()?;
                Event::Error {
                    code: fields.get_or("code", "".into(), Value::text)?,
                    message: fields.get_or("message", "".into(), Value::text)?,
                }
            }
        })
    }

    fn report_event(&mut self, kind: EventKind) -> Result<Event<'a>, RecordError> {
        let [name, scope, job, step, markdown, data, error] = self.fields([
            "reportName",
            "scope",
            "jobId",
            "stepId",
            "markdown",
            "json",
            "error",
        ])?;
        let report = ReportName {
            name: text_or_empty(name)?,
            scope: text_or_empty(scope)?,
            job: text_or_none(job)?,
            step: text_or_none(step)?,
        };
        Ok(match kind {
            EventKind::ReportStarted => Event::ReportStarted { report },
            EventKind::ReportCompleted => Event::ReportCompleted {
                report,
                markdown: text_or_empty(markdown)?,
                data: data.map(Value::raw),
            },
            _ => Event::ReportFailed {
                report,
                error: present(error).map_or(Ok(Cow::Borrowed("")), error_text)?,
            },
        })
    }
}

fn need<'a>(found: Found<'a>, name: &'static str) -> Result<Value<'a>, RecordError> {
    found.ok_or(RecordError {
        kind: RecordErrorKind::MissingField(name),
        at: 0,
    })
}

/// `null` is as good as not there.
fn present(found: Found<'_>) -> Found<'_> {
    found.filter(|value| value.raw() != "null")
}

fn text_or_empty(found: Found<'_>) -> Result<Cow<'_, str>, RecordError> {
    present(found).map_or(Ok(Cow::Borrowed("")), Value::text)
}

fn text_or_none(found: Found<'_>) -> Result<Option<Cow<'_, str>>, RecordError> {
    present(found).map(Value::text).transpose()
}

fn dimension(found: Found<'_>) -> Result<Dimension<'_>, RecordError> {
    found.map_or(Ok(Dimension::Absent), Dimension::of)
}

fn step_name<'a>(job: Found<'a>, step: Found<'a>) -> Result<StepName<'a>, RecordError> {
    Ok(StepName {
        job: need(job, "jobId")?.text()?,
        step: need(step, "stepId")?.text()?,
    })
}

fn method_name<'a>(model: Found<'a>, method: Found<'a>) -> Result<MethodName<'a>, RecordError> {
    Ok(MethodName {
        model: text_or_empty(model)?,
        method: text_or_empty(method)?,
    })
}

fn item<'a>(template: Found<'a>, index: Found<'a>) -> Result<ForEachItem<'a>, RecordError> {
    Ok(ForEachItem {
        template: text_or_none(template)?,
        index: present(index).map(Value::count).transpose()?,
    })
}

/// The text of an error, which serialisers also give as an object with a message.
fn error_text(error: Value<'_>) -> Result<Cow<'_, str>, RecordError> {
    if error.raw().starts_with('{') {
        error.object()?.get_or("message", "".into(), Value::text)
    } else {
        error.text()
    }
}

fn planned_jobs<'a>(jobs: Value<'a>) -> Result<Vec<PlannedJob<'a>>, RecordError> {
    let job = |job: Value<'a>| {
        let fields = job.object()?;
        Ok(PlannedJob {
            name: fields.require("id")?.text()?,
            steps: fields.get_or("stepCount", 0, Value::count)?,
            depends_on: fields.get_or("dependsOn", Vec::new(), Value::texts)?,
        })
    };
    jobs.array()?.into_iter().map(job).collect()
}

fn env_vars<'a>(env_vars: Value<'a>) -> Result<Vec<EnvVar<'a>>, RecordError> {
    let env_var = |env_var: Value<'a>| {
        let fields = env_var.object()?;
        Ok(EnvVar {
            path: fields.get_or("path", "".into(), Value::text)?,
            name: fields.get_or("envVar", "".into(), Value::text)?,
        })
    };
    env_vars.array()?.into_iter().map(env_var).collect()
}

fn method_detail(event: Value<'_>) -> Result<MethodDetail<'_>, RecordError> {
    let fields = event.object()?;
    let text = |name| fields.get_or(name, "".into(), Value::text);
    let kind = fields.require("type")?.text()?;
    Ok(match &*kind {
        "vault_secret_stored" => MethodDetail::VaultSecretStored {
            field: text("fieldPath")?,
            vault: text("vaultName")?,
            key: text("vaultKey")?,
        },
        "schema_validation_warning" => MethodDetail::SchemaValidationWarning {
            spec: text("specName")?,
            instance: text("instanceName")?,
            error: text("error")?,
        },
        "vault_single_quote_warning" => MethodDetail::VaultSingleQuoteWarning {
            message: text("message")?,
        },
        "nested_model_invocation" => MethodDetail::NestedModelInvocation {
            target: MethodName {
                model: text("targetModelType")?,
                method: text("targetMethod")?,
            },
            caller: MethodName {
                model: text("callerModelType")?,
                method: text("callerMethod")?,
            },
        },
        _ => MethodDetail::Other(kind),
    })
}

fn run_view(run: Found<'_>) -> Result<RunView<'_>, RecordError> {
    let Some(run) = present(run) else {
        return Ok(RunView::default());
    };
    let fields = run.object()?;
    Ok(RunView {
        id: fields.get_or("id", "".into(), Value::text)?,
        workflow_name: fields.get_or("workflowName", "".into(), Value::text)?,
        status: fields.get_or("status", "".into(), Value::text)?,
        initiated_by: fields.get_or_null("initiatedBy", Value::text)?,
    })
}
