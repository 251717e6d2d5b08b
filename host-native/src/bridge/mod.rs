//! Telemetry entries of workflows on this machine: from live streams into sinks,
//! the spool they wait in, and sending them to where swamp collects them.
//!
//! The folder, the names in it and the requests are swamp's own, so swamp and
//! Muster can share one spool. What to do after which answer is decided in the
//! core (`muster_core::delivery`).

mod endpoint;
mod entries;
mod flush;
mod live;
mod redis_stream;
mod report;
mod sink;
mod source;
mod spool;
mod store_sink;
mod swamp;
mod websocket;

pub use endpoint::Endpoint;
pub(crate) use entries::for_each_entry;
pub(crate) use flush::days_before;
pub use flush::{FlushOptions, FlushReport, FlushStep, FlushWatch, SetAside, flush};
pub use live::{LiveOptions, LiveReport, SinkPlace, run_live};
pub use report::{EntrySources, EntryState, SpoolReport, SpoolStats, SpooledEntry};
pub use sink::{Sink, SinkTally};
pub use source::{Source, SourceEnd};
pub use spool::{Content, Listing, Repairs, Spool, SpoolLock, Written};
pub use store_sink::ENTRY_STREAM;
pub use swamp::{OptOut, SwampSettings};
