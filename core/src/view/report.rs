//! Every report by its name, for hosts that pass names on.

use alloc::string::String;

use crate::prices::{BASELINE_MODEL, PriceTable};
use crate::telemetry::Telemetry;

use super::{FileTestFilter, to_json};

/// The reports that can be made of [`Telemetry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// [`Telemetry::usage_report`]
    Usage,
    /// [`Telemetry::savings_report`]
    Savings,
    /// [`Telemetry::cache_report`]
    CacheStats,
    /// [`Telemetry::compare_report`]
    Compare,
    /// [`Telemetry::routing_report`]
    Routing,
    /// [`Telemetry::models_report`]
    Models,
    /// [`Telemetry::sonnet_opus_report`]
    SonnetOpusAnalysis,
    /// [`Telemetry::task_routing_report`]
    TaskRouting,
    /// [`Telemetry::test_status_report`]
    TestStatus,
    /// [`Telemetry::tier1_report`]
    Tier1Status,
    /// [`Telemetry::agent_performance_report`]
    AgentPerformance,
    /// [`Telemetry::file_test_report`]
    FileTestStatus,
    /// [`Telemetry::help_report`]
    HelpQueries,
}

/// What reports need beside the logs.
#[derive(Clone, Debug)]
pub struct ReportParams {
    /// What tokens cost.
    pub prices: PriceTable,
    /// The model that savings are counted against.
    pub baseline_model: String,
    /// The only workflow that routing is shown of; `None` for all.
    pub workflow: Option<String>,
    /// How many of the most frequent things to show.
    pub top: usize,
    /// Which files to show the test results of.
    pub files: FileTestFilter,
}

/// How many of the most frequent things are shown where nobody says.
pub const DEFAULT_TOP: usize = 10;

impl ReportKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Usage,
        Self::Savings,
        Self::CacheStats,
        Self::Compare,
        Self::Routing,
        Self::Models,
        Self::SonnetOpusAnalysis,
        Self::TaskRouting,
        Self::TestStatus,
        Self::Tier1Status,
        Self::AgentPerformance,
        Self::FileTestStatus,
        Self::HelpQueries,
    ];

    /// The stable name, the same in every host.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Savings => "savings",
            Self::CacheStats => "cache-stats",
            Self::Compare => "compare",
            Self::Routing => "routing",
            Self::Models => "models",
            Self::SonnetOpusAnalysis => "sonnet-opus-analysis",
            Self::TaskRouting => "task-routing-report",
            Self::TestStatus => "test-status",
            Self::Tier1Status => "tier1-status",
            Self::AgentPerformance => "agent-performance",
            Self::FileTestStatus => "file-test-status",
            Self::HelpQueries => "help-queries",
        }
    }

    /// The report of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Default for ReportParams {
    fn default() -> Self {
        Self {
            prices: PriceTable::builtin(),
            baseline_model: BASELINE_MODEL.into(),
            workflow: None,
            top: DEFAULT_TOP,
            files: FileTestFilter::default(),
        }
    }
}

impl Telemetry {
    /// The JSON document of a report; `None` for the comparison when no second
    /// window was read to compare with.
    pub fn report_json(&self, kind: ReportKind, params: &ReportParams) -> Option<String> {
        let prices = &params.prices;
        Some(match kind {
            ReportKind::Usage => to_json(&self.usage_report()),
            ReportKind::Savings => to_json(&self.savings_report(prices, &params.baseline_model)),
            ReportKind::CacheStats => to_json(&self.cache_report(prices)),
            ReportKind::Compare => to_json(&self.compare_report()?),
            ReportKind::Routing => to_json(&self.routing_report(params.workflow.as_deref())),
            ReportKind::Models => to_json(&self.models_report(prices)),
            ReportKind::SonnetOpusAnalysis => to_json(&self.sonnet_opus_report(prices)),
            ReportKind::TaskRouting => to_json(&self.task_routing_report()),
            ReportKind::TestStatus => to_json(&self.test_status_report(params.top)),
            ReportKind::Tier1Status => to_json(&self.tier1_report(params.top)),
            ReportKind::AgentPerformance => to_json(&self.agent_performance_report()),
            ReportKind::FileTestStatus => to_json(&self.file_test_report(&params.files)),
            ReportKind::HelpQueries => to_json(&self.help_report(params.top)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::ReadOptions;

    #[test]
    fn every_report_is_found_by_its_name_and_made() {
        let telemetry = Telemetry::new(ReadOptions::default());
        for kind in ReportKind::ALL {
            assert_eq!(ReportKind::of_name(kind.name()), Some(kind));
            let json = telemetry.report_json(kind, &ReportParams::default());
            assert_eq!(json.is_none(), kind == ReportKind::Compare, "{kind:?}");
        }
        assert_eq!(ReportKind::of_name("nothing"), None);
    }
}
