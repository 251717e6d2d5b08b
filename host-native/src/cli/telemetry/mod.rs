//! `muster telemetry`: reports on the logs that agents write.

mod agent_performance;
mod cache_stats;
mod compare;
mod export;
mod file_test_status;
mod help_queries;
mod models;
mod record;
mod reset;
mod routing;
mod savings;
mod show;
mod sonnet_opus_analysis;
mod tail;
mod task_routing_report;
mod test_status;
mod tier1_status;

use clap::Subcommand;

use super::Context;
use crate::error::{Answer, Failure};

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Show(show::Show),
    Savings(savings::Savings),
    CacheStats(cache_stats::CacheStats),
    Compare(compare::Compare),
    Routing(routing::Routing),
    Models(models::Models),
    AgentPerformance(agent_performance::AgentPerformance),
    FileTestStatus(file_test_status::FileTestStatus),
    HelpQueries(help_queries::HelpQueries),
    SonnetOpusAnalysis(sonnet_opus_analysis::SonnetOpus),
    TaskRoutingReport(task_routing_report::TaskRouting),
    TestStatus(test_status::TestStatus),
    #[command(name = "tier1-status")]
    Tier1Status(tier1_status::Tier1Status),
    Export(export::Export),
    Reset(reset::Reset),
    Record(Box<record::Record>),
    Tail(tail::Tail),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Show(show) => show.run(context),
            Self::Savings(savings) => savings.run(context),
            Self::CacheStats(stats) => stats.run(context),
            Self::Compare(compare) => compare.run(context),
            Self::Routing(routing) => routing.run(context),
            Self::Models(models) => models.run(context),
            Self::AgentPerformance(report) => report.run(context),
            Self::FileTestStatus(report) => report.run(context),
            Self::HelpQueries(report) => report.run(context),
            Self::SonnetOpusAnalysis(report) => report.run(context),
            Self::TaskRoutingReport(report) => report.run(context),
            Self::TestStatus(report) => report.run(context),
            Self::Tier1Status(report) => report.run(context),
            Self::Export(export) => export.run(context),
            Self::Reset(reset) => reset.run(context),
            Self::Record(record) => record.run(context),
            Self::Tail(tail) => tail.run(context),
        }
    }
}
