//! The bridge from the events of running workflows to telemetry entries.

mod event;
mod read;
mod scan;

pub use event::{
    EnvVar, Event, EventKind, ForEachItem, MethodDetail, MethodName, PlannedJob, ReportName,
    RunView, Started, StepFailed, StepName,
};
pub use read::{Identity, Message, StreamLine};

#[cfg(test)]
mod tests;
