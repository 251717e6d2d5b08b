//! Sums over telemetry entries, which merge.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use super::child::ChildEntry;
use crate::histogram::Histogram;
use crate::record::telemetry_entry::{InvocationStatus, TelemetryEntry};
use crate::time::Window;

/// Sums over telemetry entries: the same whatever the order, and those of parts
/// merge to those of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryStats {
    /// Entries that began outside the window.
    pub(crate) outside: u64,
    pub(crate) all: Outcomes,
    pub(crate) commands: BTreeMap<CommandKey, Durations>,
    pub(crate) options: BTreeMap<Box<str>, u64>,
    pub(crate) platforms: BTreeMap<Box<str>, u64>,
    /// Calls that are no methods of a workflow's steps.
    pub(crate) own: Tally,
    /// Methods of workflows' steps.
    pub(crate) children: Tally,
    pub(crate) workflows: BTreeMap<Box<str>, Tally>,
    pub(crate) jobs: BTreeMap<JobKey, Tally>,
    pub(crate) steps: BTreeMap<StepKey, Tally>,
    pub(crate) methods: BTreeMap<Box<str>, Tally>,
    pub(crate) model_types: BTreeMap<Box<str>, Tally>,
    pub(crate) executors: BTreeMap<Box<str>, Tally>,
    pub(crate) drivers: BTreeMap<Box<str>, Tally>,
    pub(crate) families: BTreeMap<Box<str>, Family>,
}

/// A command with its subcommand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CommandKey {
    pub(crate) command: Box<str>,
    pub(crate) subcommand: Option<Box<str>>,
}

/// A job of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JobKey {
    pub(crate) workflow: Box<str>,
    pub(crate) job: Box<str>,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StepKey {
    pub(crate) workflow: Box<str>,
    pub(crate) job: Box<str>,
    pub(crate) step: Box<str>,
}

/// How calls ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcomes {
    pub(crate) total: u64,
    pub(crate) success: u64,
    pub(crate) error: u64,
    pub(crate) user_error: u64,
}

/// Durations as they are recorded, also negative ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Durations {
    pub(crate) calls: u64,
    pub(crate) timed: u64,
    pub(crate) sum_us: i128,
}

/// How calls of one kind ended and how long they took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) outcomes: Outcomes,
    /// Failures that were stops, part of the errors.
    pub(crate) cancelled: u64,
    /// Failures of no duration, which came before the method: not in `durations`.
    pub(crate) before: u64,
    /// Methods that methods called; only a bridge knows them.
    pub(crate) nested_invocations: u64,
    /// Milliseconds.
    pub(crate) durations: Histogram,
}

/// A parent and its children.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Family {
    /// Whether the parent succeeded; `None` while it has not been seen.
    pub(crate) parent: Option<bool>,
    pub(crate) children: u64,
    pub(crate) failed_children: u64,
}

impl EntryStats {
    /// Takes in an entry that began in the window.
    pub fn add(&mut self, entry: &TelemetryEntry<'_>, window: &Window) {
        if !window.contains(entry.started_at) {
            self.outside += 1;
            return;
        }
        self.all.add(&entry.result.status);
        self.add_command(entry);
        let single = One::of(entry);
        if let Some(context) = &entry.workflow_context {
            self.children.add(&single);
            entry_of(&mut self.workflows, &context.workflow_name).add(&single);
            let workflow = || Box::from(&*context.workflow_name);
            let job = || Box::from(&*context.job_name);
            let key = JobKey {
                workflow: workflow(),
                job: job(),
            };
            self.jobs.entry(key).or_default().add(&single);
            let key = StepKey {
                workflow: workflow(),
                job: job(),
                step: Box::from(&*context.step_name),
            };
            self.steps.entry(key).or_default().add(&single);
            let dimensions = [
                (&mut self.model_types, &context.model_type),
                (&mut self.executors, &context.executor),
                (&mut self.drivers, &context.driver),
            ];
            for (tallies, dimension) in dimensions {
                if let Some(name) = dimension.text() {
                    entry_of(tallies, name).add(&single);
                }
            }
            if let [verb, _, method, ..] = &*entry.invocation.args
                && verb == "run"
            {
                entry_of(&mut self.methods, method).add(&single);
            }
        } else {
            self.own.add(&single);
        }
        let failed = single.failed;
        if let Some(parent) = &entry.parent_invocation_id {
            let family = entry_of(&mut self.families, parent);
            family.children += 1;
            family.failed_children += u64::from(failed);
        } else if entry.invocation.command == "workflow" {
            let family = entry_of(&mut self.families, &entry.id);
            family.parent = Some(!failed && family.parent.unwrap_or(true));
        }
    }

    /// Takes in what a bridge knows of a method and its entry does not hold.
    pub fn add_nested_invocations(&mut self, entry: &ChildEntry<'_>) {
        let calls = u64::from(entry.nested_invocations);
        if calls == 0 {
            return;
        }
        let key = StepKey {
            workflow: entry.workflow_name.into(),
            job: entry.job.into(),
            step: entry.step.into(),
        };
        self.steps.entry(key).or_default().nested_invocations += calls;
        self.children.nested_invocations += calls;
    }

    /// Takes in the sums over other entries.
    pub fn merge(&mut self, other: Self) {
        self.outside += other.outside;
        self.all.merge(other.all);
        for (command, durations) in other.commands {
            self.commands.entry(command).or_default().merge(durations);
        }
        for (mine, theirs) in [
            (&mut self.options, other.options),
            (&mut self.platforms, other.platforms),
        ] {
            for (name, count) in theirs {
                *mine.entry(name).or_default() += count;
            }
        }
        self.own.merge(&other.own);
        self.children.merge(&other.children);
        for (mine, theirs) in [
            (&mut self.workflows, other.workflows),
            (&mut self.methods, other.methods),
            (&mut self.model_types, other.model_types),
            (&mut self.executors, other.executors),
            (&mut self.drivers, other.drivers),
        ] {
            merge_tallies(mine, theirs);
        }
        merge_tallies(&mut self.jobs, other.jobs);
        merge_tallies(&mut self.steps, other.steps);
        for (parent, family) in other.families {
            self.families.entry(parent).or_default().merge(family);
        }
    }

    fn add_command(&mut self, entry: &TelemetryEntry<'_>) {
        let invocation = &entry.invocation;
        let key = CommandKey {
            command: Box::from(&*invocation.command),
            subcommand: invocation.subcommand.as_deref().map(Box::from),
        };
        let durations = self.commands.entry(key).or_default();
        durations.calls += 1;
        if let Some(us) = entry.duration_us {
            durations.timed += 1;
            durations.sum_us += i128::from(us);
        }
        let options = invocation.option_keys.iter();
        for option in options.chain(&*invocation.global_options) {
            *entry_of(&mut self.options, option) += 1;
        }
        let platform = entry.platform.as_ref().map_or("unknown", Cow::as_ref);
        *entry_of(&mut self.platforms, platform) += 1;
    }
}

/// One entry, as tallies take it in.
struct One<'a> {
    status: &'a InvocationStatus<'a>,
    failed: bool,
    cancelled: bool,
    /// Milliseconds, rounded down; `None` where there was no duration to speak of.
    duration_ms: Option<u64>,
}

impl<'a> One<'a> {
    fn of(entry: &'a TelemetryEntry<'a>) -> Self {
        let status = &entry.result.status;
        let failed = *status != InvocationStatus::Success;
        let us = entry.duration_us.and_then(|us| u64::try_from(us).ok());
        Self {
            status,
            failed,
            cancelled: failed && entry.result.error_type.as_deref() == Some("Cancelled"),
            duration_ms: us.filter(|&us| us > 0 || !failed).map(|us| us / 1000),
        }
    }
}

impl Outcomes {
    fn add(&mut self, status: &InvocationStatus<'_>) {
        self.total += 1;
        match status {
            InvocationStatus::Success => self.success += 1,
            InvocationStatus::Error => self.error += 1,
            InvocationStatus::UserError => self.user_error += 1,
            InvocationStatus::Other(_) => {}
        }
    }

    fn merge(&mut self, other: Self) {
        self.total += other.total;
        self.success += other.success;
        self.error += other.error;
        self.user_error += other.user_error;
    }
}

impl Durations {
    fn merge(&mut self, other: Self) {
        self.calls += other.calls;
        self.timed += other.timed;
        self.sum_us += other.sum_us;
    }
}

impl Tally {
    fn add(&mut self, one: &One<'_>) {
        self.outcomes.add(one.status);
        self.cancelled += u64::from(one.cancelled);
        match one.duration_ms {
            Some(ms) => self.durations.add(ms),
            None if one.failed => self.before += 1,
            None => {}
        }
    }

    fn merge(&mut self, other: &Self) {
        self.outcomes.merge(other.outcomes);
        self.cancelled += other.cancelled;
        self.before += other.before;
        self.nested_invocations += other.nested_invocations;
        self.durations.merge(&other.durations);
    }
}

impl Family {
    fn merge(&mut self, other: Self) {
        self.parent = match (self.parent, other.parent) {
            (Some(a), Some(b)) => Some(a && b),
            (a, b) => a.or(b),
        };
        self.children += other.children;
        self.failed_children += other.failed_children;
    }
}

fn merge_tallies<K: Ord>(mine: &mut BTreeMap<K, Tally>, theirs: BTreeMap<K, Tally>) {
    for (key, tally) in theirs {
        mine.entry(key).or_default().merge(&tally);
    }
}

/// The value of a name, which is only copied when it is new.
fn entry_of<'a, T: Default>(map: &'a mut BTreeMap<Box<str>, T>, name: &str) -> &'a mut T {
    if !map.contains_key(name) {
        map.insert(name.into(), T::default());
    }
    map.entry(name.into()).or_default()
}
