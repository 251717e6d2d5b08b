//! Aggregates over calls of models.
//!
//! One pass over the log fills a [`UsageCube`], calls added up by workflow, tier,
//! model, provider and day; every usage report is a projection of it. Cubes
//! merge, so that chunks, files, threads and tails use one code path.

mod cube;
mod fold;
mod recent;

pub use cube::{UsageCube, UsageKey, UsageTotals};
pub use fold::UsageFold;
pub(crate) use recent::Recent;
