//! What leaves Muster: plain structs, one JSON form for every host.
//!
//! The same bytes serve `--json`, HTTP bodies, the browser module and the
//! component. Field names are stable.

mod number;
mod provenance;
mod usage;

use alloc::string::{String, ToString};

use serde::Serialize;

pub use number::Millis;
pub use provenance::{Provenance, Skipped, SkippedSample, SourceState, SourceView};
pub use usage::{RecentCall, TotalsView, UsageReport};

/// The JSON text of a view: compact, keys of maps sorted by bytes.
pub fn to_json<T: Serialize>(view: &T) -> String {
    // Views hold no maps with other keys than texts and no number that JSON has
    // not, so this does not fail; if it did, the reader must not take it for data.
    serde_json::to_string(view)
        .unwrap_or_else(|error| serde_json::Value::from(error.to_string()).to_string())
}
