//! Spooled telemetry entries on their way to where they are collected: names of
//! the spool's files, bodies of requests, and what to do after which answer.

mod answer;
mod ingest;
mod sender;
mod spool_name;

#[cfg(test)]
mod tests;

pub use answer::{Answer, RetryAfter};
pub use ingest::{IngestBody, MAX_BATCH};
pub use sender::{
    Batch, QuarantineReason, Sender, SenderAction, SenderPolicy, SenderStop, SenderTimer,
};
pub use spool_name::{SpoolName, SpoolState};
