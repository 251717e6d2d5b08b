//! `muster approval request`.

use std::cell::Cell;
use std::ffi::OsString;

use clap::Args;
use muster_core::Timestamp;
use muster_core::coordination::{ApprovalRow, ApprovalState, NewApproval};
use muster_core::record::approval_request::DEFAULT_APPROVAL_TIMEOUT_US;
use muster_core::view::{ApprovalOutcomeView, Seconds};

use crate::cli::Context;
use crate::cli::session::{Patience, Session, on_store};
use crate::cli::values::{self, Span};
use crate::error::{Answer, Failure};
use crate::process::{Process, Start};
use crate::store::{Interest, StoreError, Watch};
use crate::{random, render};

/// Ask a human for an approval, wait for the answer, and run a command if it is yes
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster approval request --agent builder --type deploy --context '{\"version\": \"1.2\"}'\n  muster approval request --agent builder --type deploy --timeout 10m -- ./deploy.sh\n\n\
        Exit status 0 when it is approved, 1 when it is rejected or timed out; the\n\
        document says which. With a command, its own status once it ran (128 and the\n\
        signal where one ended it), and 125 where Muster failed before it started."
)]
pub(crate) struct Request {
    /// The agent that asks
    #[arg(long, value_name = "ID", env = "MUSTER_AGENT", value_parser = values::name)]
    agent: String,
    /// What for, such as deploy
    #[arg(long = "type", value_name = "TYPE", value_parser = values::name)]
    approval_type: String,
    /// What the decision rests on: a JSON object, @FILE, or - for the standard input
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
    /// How long to wait for an answer
    #[arg(
        long,
        value_name = "SPAN",
        default_value_t = Span::seconds(DEFAULT_APPROVAL_TIMEOUT_US / 1_000_000)
    )]
    timeout: Span,
    /// Its id; an id that was asked before is waited for again [default: a new one]
    #[arg(long, value_name = "ID", value_parser = values::name)]
    id: Option<String>,
    /// Ask and do not wait: the outcome is pending
    #[arg(long, conflicts_with = "command")]
    no_wait: bool,
    /// Run this once it is approved
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Request {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let has_started = Cell::new(self.command.is_empty());
        let ask = async |session: &Session<'_>| self.ask(session, &has_started).await;
        on_store(context, ask).map_err(|failure| {
            if has_started.get() {
                failure
            } else {
                failure.before_start()
            }
        })
    }

    async fn ask(
        &self,
        session: &Session<'_>,
        has_started: &Cell<bool>,
    ) -> Result<Answer, Failure> {
        let request = NewApproval {
            request_id: match &self.id {
                Some(id) => id.clone(),
                None => random::id("approval")?,
            },
            approval_type: self.approval_type.clone(),
            agent_id: self.agent.clone(),
            context: values::json_object("--context", self.context.as_deref())?,
            timeout_us: self.timeout.us(),
        };
        let requested = session.store.request(session.now(), &request).await?;
        let id = &request.request_id;
        if self.no_wait {
            let row = session.store.approval(session.now(), id).await?;
            let row = row.ok_or_else(|| lost(id))?;
            let view = ApprovalOutcomeView::of(&row);
            return session.context.answer(&view, render::approval_outcome);
        }
        session.context.say(0, || {
            let left = Seconds::between(session.now(), requested.deadline);
            format!(
                "{id} waits for {}: muster approval respond {id} --approve",
                render::span(left)
            )
        });
        let row = wait(session, id, requested.deadline).await?;
        let view = ApprovalOutcomeView::of(&row);
        if self.command.is_empty() || !view.approved {
            // The command will not start, and that is the answer.
            has_started.set(true);
            session.context.answer(&view, render::approval_outcome)?;
            return Ok(Answer::of(view.approved));
        }
        if session.context.json {
            session.context.answer(&view, render::approval_outcome)?;
        }
        self.start(session, &view, has_started).await
    }

    async fn start(
        &self,
        session: &Session<'_>,
        view: &ApprovalOutcomeView,
        has_started: &Cell<bool>,
    ) -> Result<Answer, Failure> {
        let variables = [
            ("MUSTER_AGENT", self.agent.clone()),
            ("MUSTER_STORE", session.address.clone()),
            ("MUSTER_APPROVAL", view.request_id.clone()),
        ];
        let mut process = Process::start(&Start {
            command: &self.command,
            variables: &variables,
            to_stderr: session.context.json,
        })?;
        has_started.set(true);
        let ended = process.ended().await?;
        Ok(Answer::Command(ended.exit))
    }
}

/// Waits until a request is answered or its deadline has passed. Goes on while the
/// store is away; once the deadline has passed then, that is an error, because an
/// answer may have been given.
async fn wait(
    session: &Session<'_>,
    request_id: &str,
    deadline: Timestamp,
) -> Result<ApprovalRow, Failure> {
    session.begin_to_wait();
    let until = session.moment_of(deadline);
    let mut patience = Patience::default();
    let mut watch: Option<Box<dyn Watch>> = None;
    loop {
        let turn = async {
            let mut listening = if let Some(watch) = watch.take() {
                watch
            } else {
                let request_id = request_id.to_owned();
                let interest = Interest::Approval { request_id };
                session.store.watch(interest).await?
            };
            let row = session.store.approval(session.now(), request_id).await?;
            let is_open = row
                .as_ref()
                .is_some_and(|row| row.state == ApprovalState::Pending);
            if is_open {
                listening.changed(Some(until)).await?;
                watch = Some(listening);
                return Ok(None);
            }
            Result::<_, StoreError>::Ok(Some(row))
        };
        match turn.await {
            Ok(None) => patience.answered(session),
            Ok(Some(Some(row))) => {
                if row.state == ApprovalState::TimedOut {
                    // Those who look at the stored record see it, too.
                    if let Err(error) = session.store.sweep(session.now()).await {
                        session.context.say(1, || error.to_string());
                    }
                }
                return Ok(row);
            }
            Ok(Some(None)) => return Err(lost(request_id)),
            Err(error) => patience.after(session, error, Some(until)).await?,
        }
    }
}

fn lost(request_id: &str) -> Failure {
    Failure::unreachable(format!("the store has lost the request {request_id}"))
        .hint("ask again; muster doctor says what its writes survive")
}
