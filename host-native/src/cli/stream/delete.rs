//! `muster stream delete`.

use clap::Args;
use muster_core::Timestamp;
use muster_core::view::RemovedView;

use crate::cli::session::Session;
use crate::cli::values;
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::StoreResult;

/// Remove a stream with all its events and groups
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster stream delete build_done\n\n\
        Exit status 1 when there is no such stream.")]
pub(crate) struct Delete {
    /// The stream
    #[arg(value_name = "TYPE", value_parser = values::name)]
    event_type: String,
}

impl Delete {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        removed(session, &self.event_type, async |now| {
            session.store.delete(now, &self.event_type).await
        })
        .await
    }
}

/// Removes events of a stream, if it is there, and says how many.
pub(super) async fn removed(
    session: &Session<'_>,
    event_type: &str,
    remove: impl AsyncFnOnce(Timestamp) -> StoreResult<u64>,
) -> Result<Answer, Failure> {
    let now = session.now();
    let streams = session.store.streams(now).await?;
    let is_there = streams.iter().any(|info| info.event_type == event_type);
    let view = RemovedView {
        event_type: event_type.into(),
        removed: if is_there { remove(now).await? } else { 0 },
    };
    session.context.answer(&view, |view, _| {
        if is_there {
            let name = render::plain(&view.event_type);
            format!(
                "{} of {name} removed.\n",
                render::counted(view.removed, "event")
            )
        } else {
            format!("There is no stream {}.\n", render::plain(&view.event_type))
        }
    })?;
    Ok(Answer::of(is_there))
}
