//! `muster feedback`: votes on help templates, and scores of the work of stages.

mod quality;
mod ratings;

use clap::Subcommand;

use super::Context;
use super::session::on_store;
use crate::error::{Answer, Failure};
use crate::store::Access;

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Rate(ratings::Rate),
    Show(ratings::Show),
    Rank(ratings::Rank),
    Record(quality::Record),
    Stats(quality::Stats),
    Recommend(quality::Recommend),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Rate(rate) => rate.run(context),
            Self::Show(show) => show.run(context),
            Self::Rank(rank) => rank.run(context),
            Self::Record(record) => {
                on_store(context, Access::Add, async |store| record.run(store).await)
            }
            Self::Stats(stats) => {
                on_store(context, Access::Look, async |store| stats.run(store).await)
            }
            Self::Recommend(tier) => {
                on_store(context, Access::Look, async |store| tier.run(store).await)
            }
        }
    }
}
