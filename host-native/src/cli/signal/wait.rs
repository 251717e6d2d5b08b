//! `muster signal wait`.

use clap::Args;
use muster_core::coordination::{DEFAULT_SIGNAL_WAIT_S, SignalCheck};
use muster_core::view::SignalCheckView;

use super::Received;
use crate::cli::session::Session;
use crate::cli::values::Span;
use crate::cli::waiting::{Asked, wait_for};
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::Interest;

/// Wait for a signal and take it, so that nobody else receives it
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster signal wait --agent tester --type ready --timeout 5m\n  muster signal wait --agent tester --json | jq .signal.payload\n\n\
        Exit status 0 when a signal came, 1 when none did: the document says whether\n\
        one had expired (expired) or none was seen (timed_out; never_seen without a\n\
        wait). While the store is away the wait goes on until its time is up."
)]
pub(crate) struct Wait {
    #[command(flatten)]
    received: Received,
    /// How long to wait; 0 looks once
    #[arg(long, value_name = "SPAN", default_value_t = Span::seconds(DEFAULT_SIGNAL_WAIT_S))]
    timeout: Span,
}

impl Wait {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let filter = self.received.filter();
        let listen = async || {
            let agent_id = filter.agent_id.clone();
            // From now on broadcasts are meant for it, too.
            session.store.enrol(session.now(), &agent_id).await?;
            session.store.watch(Interest::Signals { agent_id }).await
        };
        let take = async |now| {
            let check = session.store.take(now, &filter).await?;
            Ok(if matches!(check, SignalCheck::Delivered(_)) {
                Asked::There(check)
            } else {
                Asked::NotYet(check)
            })
        };
        let deadline = self.timeout.after(session.now());
        let check = wait_for(session, deadline, listen, take).await?;
        let view = if self.timeout.us() == 0 {
            SignalCheckView::of(check, session.now())
        } else {
            SignalCheckView::of_wait(check, session.now())
        };
        session.context.answer(&view, render::signal_check)?;
        Ok(Answer::of(view.is_there()))
    }
}
