//! `muster gateway`: what is wrong with a gateway.

mod collect;
mod diagnose;
mod events;
mod live;
mod monitor;
mod otel;
mod review;
mod rules;
mod status;
mod test;

use clap::Subcommand;

use super::Context;
use crate::error::{Answer, Failure};

/// The commands of the group.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Diagnose(diagnose::Diagnose),
    Collect(collect::Collect),
    Status(status::Status),
    Review(review::Review),
    Events(events::Events),
    Otel(otel::Otel),
    Monitor(monitor::Monitor),
    Test(test::Test),
    /// The rules that a diagnosis goes by
    #[command(subcommand)]
    Rules(rules::Command),
}

impl Command {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match self {
            Self::Diagnose(diagnose) => diagnose.run(context),
            Self::Collect(collect) => collect.run(context),
            Self::Status(status) => status.run(context),
            Self::Review(review) => review.run(context),
            Self::Events(events) => events.run(context),
            Self::Otel(otel) => otel.run(context),
            Self::Monitor(monitor) => monitor.run(context),
            Self::Test(test) => test.run(context),
            Self::Rules(rules) => rules.run(context),
        }
    }
}
