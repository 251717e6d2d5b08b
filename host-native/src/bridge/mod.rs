//! Telemetry entries of workflows on this machine: the spool they wait in, and
//! sending them to where swamp collects them.
//!
//! The folder, the names in it and the requests are swamp's own, so swamp and
//! Muster can share one spool. What to do after which answer is decided in the
//! core (`muster_core::delivery`).

mod endpoint;
mod flush;
mod report;
mod spool;
mod swamp;

pub use endpoint::Endpoint;
pub(crate) use flush::days_before;
pub use flush::{FlushOptions, FlushReport, FlushStep, FlushWatch, SetAside, flush};
pub use report::{EntryState, SpoolReport, SpooledEntry};
pub use spool::{Content, Listing, Repairs, Spool, SpoolLock, Written};
pub use swamp::{OptOut, SwampSettings};
