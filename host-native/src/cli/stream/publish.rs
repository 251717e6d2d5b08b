//! `muster stream publish`.

use clap::Args;
use muster_core::coordination::{DEFAULT_STREAM_LENGTH, NewEvent};
use muster_core::view::PublishedView;

use crate::cli::session::Session;
use crate::cli::values;
use crate::error::{Answer, Failure};

/// Append an event to the stream of its type
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster stream publish build_done --data '{\"ok\": true}' --source ci"
)]
pub(crate) struct Publish {
    /// What happened; the stream's name
    #[arg(value_name = "TYPE", value_parser = values::name)]
    event_type: String,
    /// What else is known: a JSON object, @FILE, or - for the standard input
    #[arg(long, value_name = "JSON")]
    data: Option<String>,
    /// Who publishes it
    #[arg(
        long,
        value_name = "ID",
        env = "MUSTER_AGENT",
        default_value = "muster",
        value_parser = values::name
    )]
    source: String,
    /// About how many of the newest events the stream keeps
    #[arg(
        long,
        value_name = "N",
        default_value_t = DEFAULT_STREAM_LENGTH,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    max_length: u64,
}

impl Publish {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let event = NewEvent {
            event_type: self.event_type.clone(),
            data: values::json_object("--data", self.data.as_deref())?,
            source: self.source.clone(),
            max_len: self.max_length,
        };
        let view = PublishedView {
            event_id: session.store.publish(session.now(), &event).await?,
            event_type: event.event_type,
        };
        session
            .context
            .answer(&view, |view, _| format!("{}\n", view.event_id))
    }
}
