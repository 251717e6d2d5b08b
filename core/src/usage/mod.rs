//! Aggregates over calls of models.
//!
//! One pass over the log fills a [`UsageCube`], calls added up by workflow, tier,
//! model, provider, stage and day; every usage report is a projection of it. Cubes
//! merge, so that chunks, files, threads and tails use one code path.

mod blocks;
mod codec;
mod cube;
mod fold;
mod latencies;
mod priced;
mod recent;

pub use blocks::{BlockUse, UsageBlock, UsageIndex};
pub use codec::USAGE_INDEX_VERSION;
pub use cube::{UsageCell, UsageCube, UsageKey, UsageTotals};
pub use fold::UsageFold;
pub use latencies::Latencies;
pub use priced::Pricing;
pub(crate) use priced::with_cost;
pub(crate) use recent::Recent;
