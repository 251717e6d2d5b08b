//! `muster bridge`: telemetry of workflows, from events to entries that are sent.

mod entry_args;
mod flush;
mod place;
mod replay;
mod run;
mod spool;
mod stats;

use clap::Subcommand;

use super::Context;
use crate::error::{Answer, Failure};

/// What `muster bridge` can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Replay(replay::Replay),
    Run(Box<run::Run>),
    Spool(spool::Spool),
    Flush(flush::Flush),
    Stats(stats::Stats),
}

impl Command {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Replay(replay) => replay.run(context),
            Self::Spool(spool) => spool.run(context),
            Self::Run(run) => run.run(context),
            Self::Flush(flush) => flush.run(context),
            Self::Stats(stats) => stats.run(context),
        }
    }
}
