//! `muster gateway`: what is wrong with a gateway.

mod diagnose;
mod rules;

use clap::Subcommand;

use super::Context;
use crate::error::{Answer, Failure};

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Diagnose(diagnose::Diagnose),
    /// The rules that a diagnosis goes by
    #[command(subcommand)]
    Rules(rules::Command),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Diagnose(diagnose) => diagnose.run(context),
            Self::Rules(rules) => rules.run(context),
        }
    }
}
