//! The pure core of Muster.
//!
//! Bytes of logs and values go in, reports and decisions come out. What is *not*
//! here: no clock, no files, no network, no environment, no threads, no
//! randomness, no unsafe code, no panic on input. Time, ids and settings are
//! arguments. The same functions run in the native command line tool, in the
//! browser page and in any WebAssembly host.
//!
//! ```
//! use muster_core::{LogKind, ReadOptions, Telemetry};
//!
//! let mut telemetry = Telemetry::new(ReadOptions::default());
//! let log = br#"{"ts":"2026-11-19T08:15:02Z","workflow":"review","tier":"CHEAP","cost":0.25}
//! "#;
//! let mut scan = telemetry.scan(LogKind::Usage, 0);
//! scan.push(log);
//! scan.finish();
//! telemetry.absorb("usage.jsonl", log.len() as u64, scan);
//! assert_eq!(telemetry.usage_report().totals.cost_usd.to_string(), "0.25");
//! ```
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::disallowed_methods)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

extern crate alloc;

#[cfg(test)]
extern crate std;

pub mod account;
mod aggregate;
pub mod bridge;
pub mod command_run;
pub mod confidence;
pub mod coordination;
mod cursor;
mod decimal;
pub mod delivery;
pub mod diagnose;
pub mod entry;
pub mod fuzz;
pub mod gateway;
mod histogram;
mod json;
mod json_object;
mod jsonl;
mod line_log;
pub mod liveness;
mod log_kind;
mod money;
mod number;
pub mod overview;
mod plain_text;
mod prices;
pub mod quality;
pub mod record;
mod same_bytes;
pub mod specs;
mod telemetry;
mod time;
mod usage;
pub mod view;

pub use decimal::Decimal;
pub use histogram::Histogram;
pub use json::{DecodeFault, JsonType, MAX_COUNT, RecordError, RecordErrorKind};
pub use json_object::JsonObject;
pub use jsonl::{Line, LineError, LineSplitter, MAX_LINE_BYTES};
pub use line_log::{LineLog, SKIP_SAMPLES, SkipReason, SkippedLine};
pub use log_kind::LogKind;
pub use money::{MoneyError, Usd, UsdChange};
pub use prices::{BASELINE_MODEL, Price, PriceTable, TokenPrice};
pub use telemetry::{DEFAULT_RECENT, Decode, LogScan, ReadOptions, Source, Telemetry};
pub use time::{Day, TimeError, Timestamp, US_PER_DAY, US_PER_SECOND, Window, Zone};
pub use usage::{
    BlockUse, Latencies, Pricing, USAGE_INDEX_VERSION, UsageBlock, UsageCell, UsageCube, UsageFold,
    UsageIndex, UsageKey, UsageTotals,
};
pub use view::{DEFAULT_TOP, FileTestFilter, ReportKind, ReportParams, to_json};
