//! `muster stream info`.

use clap::Args;
use muster_core::view::StreamInfoView;

use crate::cli::session::Session;
use crate::cli::values;
use crate::error::{Answer, Failure};
use crate::render;

/// Show the streams: how many events they hold, and their groups of consumers
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster stream info build_done\n\n\
        Exit status 1 when a stream that was named is not there.")]
pub(crate) struct Info {
    /// Only these streams [default: all]
    #[arg(value_name = "TYPE", value_parser = values::name)]
    event_types: Vec<String>,
}

impl Info {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let streams: Vec<StreamInfoView> = session
            .store
            .streams(session.now())
            .await?
            .into_iter()
            .filter(|info| {
                self.event_types.is_empty() || self.event_types.contains(&info.event_type)
            })
            .map(StreamInfoView::from)
            .collect();
        session
            .context
            .answer(&streams, |streams, style| render::streams(streams, style))?;
        let all_there = self
            .event_types
            .iter()
            .all(|asked| streams.iter().any(|info| info.event_type == *asked));
        Ok(Answer::of(all_there))
    }
}
