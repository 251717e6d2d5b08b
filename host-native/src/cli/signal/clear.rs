//! `muster signal clear`.

use clap::Args;
use muster_core::view::ClearedView;

use super::Received;
use crate::cli::session::Session;
use crate::error::{Answer, Failure};
use crate::render;

/// Remove signals that an agent could receive; broadcasts only for this agent
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster signal clear --agent tester --type ready")]
pub(crate) struct Clear {
    #[command(flatten)]
    received: Received,
}

impl Clear {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let filter = self.received.filter();
        let cleared = session.store.clear(session.now(), &filter).await?;
        session.context.answer(&ClearedView { cleared }, |view, _| {
            format!("{} removed.\n", render::counted(view.cleared, "signal"))
        })
    }
}
