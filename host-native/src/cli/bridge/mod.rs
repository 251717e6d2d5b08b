//! `muster bridge`: from the events of running workflows to telemetry entries.

mod replay;

use clap::Subcommand;

use super::Context;
use crate::error::{Answer, Failure};

/// What `muster bridge` can do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Replay(replay::Replay),
}

impl Command {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Replay(replay) => replay.run(context),
        }
    }
}
