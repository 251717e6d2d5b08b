//! `muster telemetry`: reports on the logs that agents write.

mod cache_stats;
mod compare;
mod export;
mod models;
mod record;
mod reset;
mod routing;
mod savings;
mod show;

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
    Export(export::Export),
    Reset(reset::Reset),
    Record(Box<record::Record>),
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
            Self::Export(export) => export.run(context),
            Self::Reset(reset) => reset.run(context),
            Self::Record(record) => record.run(context),
        }
    }
}
