//! What a dashboard server runs with, and what it can do.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use super::{Seconds, StoreView};
use crate::liveness::LivenessOptions;
use crate::money::Usd;

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CapabilitiesView {
    /// `http`.
    pub engine: &'static str,
    /// The server's version.
    pub version: &'static str,
    /// Names of the views that it answers.
    pub views: Vec<&'static str>,
    /// Names of the acts that it takes; none when it only reads.
    pub acts: Vec<&'static str>,
    /// Whether it tells of changes.
    pub live: bool,
    /// Whether it writes nothing.
    pub read_only: bool,
    /// What an act has to be sent with; `null` when the server only reads.
    pub token: Option<String>,
    /// Who decides where nobody is named.
    pub responder: String,
}

/// What a server runs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingsView {
    /// The server's version.
    pub version: &'static str,
    /// Where it listens.
    pub address: String,
    /// The project.
    pub project_root: String,
    /// The attune home.
    pub home: Option<String>,
    /// The store.
    pub store: StoreView,
    /// Whether nothing is written.
    pub read_only: bool,
    /// Hosts that it answers to beside its own.
    pub trusted_hosts: Vec<String>,
    /// For how long runs are kept; 0: for ever.
    pub runs_retention_days: u32,
    /// Folders that hold specs.
    pub specs_roots: Vec<String>,
    /// Settings files that were read, the strongest first.
    pub files: Vec<String>,
    /// When an agent counts as late, stale or dead.
    pub liveness: LivenessView,
    /// What tokens cost.
    pub prices: Vec<PriceView>,
    /// The user's own limit for a month.
    pub budget_month_usd: Option<Usd>,
}

/// When an agent counts as late, stale or dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LivenessView {
    /// The interval of an agent that shows none.
    pub interval_s: Seconds,
    /// Late above so many hundredths of the interval.
    pub late_percent: u64,
    /// Stale above so many intervals, and
    pub stale_intervals: u64,
    /// never before this age.
    pub stale_s: Seconds,
    /// Differences of clocks up to this are not spoken of.
    pub clock_skew_s: Seconds,
}

/// What a model's tokens cost from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PriceView {
    /// The model's id.
    pub model: String,
    /// The first day; `null`: since ever.
    pub from: Option<String>,
    /// A million tokens sent.
    pub input_per_million_usd: Usd,
    /// A million tokens given back.
    pub output_per_million_usd: Usd,
    /// `builtin` or `settings`.
    pub source: &'static str,
}

impl From<LivenessOptions> for LivenessView {
    fn from(options: LivenessOptions) -> Self {
        Self {
            interval_s: Seconds(options.default_interval_us),
            late_percent: options.late_percent,
            stale_intervals: options.stale_intervals,
            stale_s: Seconds(options.stale_floor_us),
            clock_skew_s: Seconds(options.skew_us),
        }
    }
}
