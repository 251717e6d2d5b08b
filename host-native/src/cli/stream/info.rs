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
        let all = session.store.streams(session.now()).await?;
        let total = all.len() as u64;
        let streams: Vec<StreamInfoView> = all
            .into_iter()
            .filter(|info| {
                self.event_types.is_empty() || self.event_types.contains(&info.event_type)
            })
            .map(StreamInfoView::from)
            .collect();
        session.context.answer(&streams, |streams, style| {
            if streams.is_empty() && total > 0 {
                render::none_of(total, "stream")
            } else {
                render::streams(streams, style)
            }
        })?;
        let mut all_there = true;
        for asked in &self.event_types {
            if !streams.iter().any(|info| info.event_type == *asked) {
                all_there = false;
                session
                    .context
                    .say(0, || format!("there is no stream {asked}"));
            }
        }
        Ok(Answer::of(all_there))
    }
}
