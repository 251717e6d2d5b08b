//! `muster signal wait`.

use clap::Args;
use muster_core::Timestamp;
use muster_core::coordination::{DEFAULT_SIGNAL_WAIT_S, SignalCheck, SignalFilter};
use muster_core::view::SignalCheckView;
use tokio::time::Instant;

use super::Received;
use crate::cli::session::{Patience, Session};
use crate::cli::values::Span;
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::{Interest, StoreError, Watch};

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
        session.begin_to_wait();
        let deadline = self.timeout.after(session.now());
        let until = session.moment_of(deadline);
        let mut waiting = Waiting {
            session,
            filter,
            watch: None,
        };
        let mut patience = Patience::default();
        let check = loop {
            match waiting.turn(deadline, until).await {
                Ok(Some(check)) => break check,
                Ok(None) => patience.answered(session),
                Err(error) => patience.after(session, error, Some(until)).await?,
            }
        };
        let view = if self.timeout.us() == 0 {
            SignalCheckView::of(check, session.now())
        } else {
            SignalCheckView::of_wait(check, session.now())
        };
        session.context.answer(&view, render::signal_check)?;
        Ok(Answer::of(view.is_there()))
    }
}

struct Waiting<'a> {
    session: &'a Session<'a>,
    filter: SignalFilter,
    /// Listens from before the first look on; none while the store is away.
    watch: Option<Box<dyn Watch>>,
}

impl Waiting<'_> {
    /// Looks once, and waits for a change if there was nothing. Gives what was found
    /// when it is something or the time is up.
    async fn turn(
        &mut self,
        deadline: Timestamp,
        until: Instant,
    ) -> Result<Option<SignalCheck>, StoreError> {
        let Self {
            session,
            filter,
            watch,
        } = self;
        let mut listening = if let Some(watch) = watch.take() {
            watch
        } else {
            let agent_id = filter.agent_id.clone();
            session.store.enrol(session.now(), &agent_id).await?;
            session.store.watch(Interest::Signals { agent_id }).await?
        };
        let now = session.now();
        let check = session.store.take(now, filter).await?;
        if matches!(check, SignalCheck::Delivered(_)) || now >= deadline {
            return Ok(Some(check));
        }
        listening.changed(Some(until)).await?;
        *watch = Some(listening);
        Ok(None)
    }
}
