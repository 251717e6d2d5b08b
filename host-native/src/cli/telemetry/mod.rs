//! `muster telemetry`: reports on the logs that agents write.

mod record;
mod show;

use clap::Subcommand;

use super::Context;
use crate::error::{Answer, Failure};

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Record(Box<record::Record>),
    Show(show::Show),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Record(record) => record.run(context),
            Self::Show(show) => show.run(context),
        }
    }
}
