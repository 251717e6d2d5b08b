//! The bridge from the events of running workflows to telemetry entries.

mod agent;
mod child;
mod classify;
mod command;
mod counts;
mod event;
mod fast;
mod machine;
mod mapping;
mod parent;
mod read;
mod redact;
mod replay;
mod run_files;
mod runs;
mod scan;
pub(crate) mod stats;
mod steps;
mod waterfall;

pub use agent::{AGENT_VARIABLES, AgentSession, AgentTool};
pub use child::{ChildEntry, ChildFailure, Parent, Producer};
pub use classify::ErrorPatterns;
pub use command::redact_command;
pub use counts::BridgeCounts;

pub use event::{
    EnvVar, Event, EventKind, ForEachItem, MethodDetail, MethodName, PlannedJob, ReportName,
    RunView, Started, StepFailed, StepName,
};
pub use machine::{Bridge, BridgeOptions, DRAIN_MESSAGE, Finalize, RunOutcome};
pub use mapping::Mapping;
pub use parent::ParentEntry;
pub use read::{Identity, Message, StreamLine};
pub use redact::{MessageRedaction, REDACTED};
pub use replay::{Replay, ReplayClock, ReplayOptions};
pub use run_files::RunFiles;
pub use stats::EntryStats;
pub use waterfall::Waterfalls;

#[cfg(test)]
mod tests;
