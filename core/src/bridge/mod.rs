//! The bridge from the events of running workflows to telemetry entries.

mod child;
mod classify;
mod counts;
mod event;
mod machine;
mod read;
mod redact;
mod replay;
mod runs;
mod scan;
mod steps;

pub use child::{ChildEntry, ChildFailure, Parent, Producer};
pub use classify::ErrorPatterns;
pub use counts::BridgeCounts;

pub use event::{
    EnvVar, Event, EventKind, ForEachItem, MethodDetail, MethodName, PlannedJob, ReportName,
    RunView, Started, StepFailed, StepName,
};
pub use machine::{Bridge, BridgeOptions, DRAIN_MESSAGE, Finalize, RunOutcome};
pub use read::{Identity, Message, StreamLine};
pub use redact::{MessageRedaction, REDACTED};
pub use replay::{Replay, ReplayClock, ReplayOptions};

#[cfg(test)]
mod tests;
