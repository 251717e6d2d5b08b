//! `muster signal check`.

use clap::Args;
use muster_core::view::SignalCheckView;

use super::Received;
use crate::cli::session::Session;
use crate::error::{Answer, Failure};
use crate::render;

/// Look whether a signal waits: pending, expired, or never seen
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster signal check --agent tester --type ready\n  muster signal check --agent tester --type ready --take --json\n\n\
        The oldest one counts. It is left for its receiver unless --take takes it.\n\
        Exit status 0 when there is one, 1 when it expired or none was seen."
)]
pub(crate) struct Check {
    #[command(flatten)]
    received: Received,
    /// Take the signal, so that nobody else receives it
    #[arg(long)]
    take: bool,
}

impl Check {
    /// Whether it takes what it finds.
    pub(super) const fn takes(&self) -> bool {
        self.take
    }

    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let filter = self.received.filter();
        let now = session.now();
        let check = if self.take {
            session.store.take(now, &filter).await?
        } else {
            session.store.check(now, &filter).await?
        };
        let view = SignalCheckView::of(check, now);
        session.context.answer(&view, render::signal_check)?;
        Ok(Answer::of(view.is_there()))
    }
}
