//! What leaves Muster: plain structs, one JSON form for every host.
//!
//! The same bytes serve `--json`, HTTP bodies, the browser module and the
//! component. Field names are stable.

mod compare;
mod models;
mod number;
mod prompt_cache;
mod provenance;
mod report;
mod routing;
mod savings;
mod usage;

use alloc::string::{String, ToString};

use serde::Serialize;

pub use compare::{CompareReport, ComparedTotals, CostChange, TotalsChange};
pub use models::{ModelView, ModelsReport};
pub use number::Millis;
pub use prompt_cache::{CacheReport, PromptCacheSavings, PromptCacheUse};
pub use provenance::{Provenance, Skipped, SkippedSample, SourceState, SourceView};
pub use report::{ReportKind, ReportParams};
pub use routing::{RouteView, RoutingReport, WorkflowRoutes};
pub use savings::{PerCallSavings, PerTokenSavings, SavingsReport};
pub use usage::{RecentCall, TotalsView, UsageReport};

/// The JSON text of a view: compact, keys of maps sorted by bytes.
pub fn to_json<T: Serialize>(view: &T) -> String {
    // Views hold no maps with other keys than texts and no number that JSON has
    // not, so this does not fail; if it did, the reader must not take it for data.
    serde_json::to_string(view)
        .unwrap_or_else(|error| serde_json::Value::from(error.to_string()).to_string())
}

#[cfg(test)]
mod tests;
