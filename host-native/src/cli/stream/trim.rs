//! `muster stream trim`.

use clap::Args;
use muster_core::coordination::DEFAULT_TRIM_LENGTH;

use super::delete::removed;
use crate::cli::session::Session;
use crate::cli::values;
use crate::error::{Answer, Failure};

/// Remove the oldest events of a stream beyond a number
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster stream trim build_done --max-length 100\n\n\
        Consumers that had not read them see a gap. Exit status 1 when there is no such\n\
        stream."
)]
pub(crate) struct Trim {
    /// The stream
    #[arg(value_name = "TYPE", value_parser = values::name)]
    event_type: String,
    /// How many of the newest events stay
    #[arg(long, value_name = "N", default_value_t = DEFAULT_TRIM_LENGTH)]
    max_length: u64,
}

impl Trim {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        removed(session, &self.event_type, async |now| {
            session
                .store
                .trim(now, &self.event_type, self.max_length)
                .await
        })
        .await
    }
}
