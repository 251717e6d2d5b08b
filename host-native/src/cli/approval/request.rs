//! `muster approval request`.

use std::cell::Cell;
use std::ffi::OsString;
use std::time::Duration;

use clap::Args;
use muster_core::coordination::{
    Answer as Reply, ApprovalRow, ApprovalState, Decision, NewApproval, Refusal, Requested,
};
use muster_core::record::approval_request::DEFAULT_APPROVAL_TIMEOUT_US;
use muster_core::view::{ApprovalOutcomeView, Seconds};
use muster_core::{JsonObject, Timestamp};

use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::cli::Context;
use crate::cli::session::{Session, on_store};
use crate::cli::shell::quoted;
use crate::cli::values::{self, Span};
use crate::cli::waiting::{Asked, wait_for};
use crate::error::{Answer, Failure};
use crate::process::{EndSignals, Process, Start};
use crate::store::{Access, Interest};
use crate::{random, render};

/// Where in its context a request says what will be run.
const COMMAND: &str = "command";
/// Why a request is answered by who asked.
const WITHDRAWN: &str = "withdrawn: who asked was interrupted";
/// How long the withdrawal may take: whoever presses Ctrl-C waits for it.
const WITHDRAWAL: Duration = Duration::from_secs(2);

/// Ask a human for an approval, wait for the answer, and run a command if it is yes
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster approval request --agent builder --type deploy \\\n    --context '{\"version\": \"1.2\"}'\n  muster approval request --agent builder --type deploy --timeout 10m \\\n    -- ./deploy.sh\n\n\
        Exit status 0 when it is approved, 1 when it is rejected or timed out; the\n\
        document says which. With a command, its own status once it ran (128 and the\n\
        signal where one ended it), and 125 where Muster failed before it started.\n\
        The command stands in the context as \"command\": whoever answers sees what will\n\
        run, and a yes to one command is none to another.\n\
        Ctrl-C withdraws the request: it is rejected in the name of who asked, so that\n\
        nobody answers in vain. (A request of attune whose asker ends stays in the queue\n\
        until its time is up.)"
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
        on_store(context, Access::Add, ask).map_err(|failure| {
            if has_started.get() {
                failure
            } else {
                failure.before_start()
            }
        })
    }

    /// The context with the command in it: whoever answers has to see what will run, and
    /// what was approved for one command counts for no other.
    fn asked_about(&self) -> Result<JsonObject, Failure> {
        let context = values::json_object("--context", self.context.as_deref())?;
        if self.command.is_empty() {
            return Ok(context);
        }
        let mut members: Map<String, Value> = serde_json::from_str(context.as_str())
            .map_err(|error| Failure::usage(format!("--context: {error}")))?;
        if members.contains_key(COMMAND) {
            return Err(Failure::usage(format!(
                "--context has a {COMMAND:?} of its own, beside the one that is to run"
            ))
            .hint("name it otherwise: the command goes into the context by itself"));
        }
        let words = self
            .command
            .iter()
            .map(|word| quoted(&word.to_string_lossy()));
        let line = words.collect::<Vec<_>>().join(" ");
        members.insert(COMMAND.to_owned(), Value::String(line));
        JsonObject::parse(&Value::Object(members).to_string())
            .map_err(|error| Failure::usage(format!("--context: {}", error.kind)))
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
            context: self.asked_about()?,
            timeout_us: self.timeout.us(),
        };
        let id = &request.request_id;
        if self.no_wait {
            ask_once(session, &request).await?;
            let row = session.store.approval(session.now(), id).await?;
            let row = row.ok_or_else(|| lost(id))?;
            let view = ApprovalOutcomeView::of(&row);
            return session.context.answer(&view, render::approval_outcome);
        }
        // From before it is asked on, so that nobody is left asking in vain.
        let mut signals = EndSignals::hear()?;
        let is_another = Cell::new(false);
        let row = tokio::select! {
            row = decided(session, &request, &is_another) => row?,
            exit = signals.next() => {
                has_started.set(true);
                if is_another.get() {
                    session.context.say(0, || format!("{id} stays: it was asked before"));
                } else {
                    self.withdraw(session, id).await?;
                }
                return Ok(Answer::Command(exit));
            }
        };
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

    /// Answers a request in the name of who asked, because nobody waits for the answer
    /// any more: it leaves the queue of people, attune's included.
    async fn withdraw(&self, session: &Session<'_>, id: &str) -> Result<(), Failure> {
        let answer = Reply {
            request_id: id.to_owned(),
            approved: false,
            responder: self.agent.clone(),
            reason: WITHDRAWN.into(),
            min_left_us: 0,
        };
        let decided = session.store.decide(session.now(), &answer);
        let stays = match timeout(WITHDRAWAL, decided).await {
            Ok(Ok(
                Decision::Taken(row)
                | Decision::Repeated(row)
                | Decision::Refused(Refusal::AlreadyDecided(row)),
            )) => {
                let view = ApprovalOutcomeView::of(&row);
                session.context.answer(&view, render::approval_outcome)?;
                return Ok(());
            }
            // It was not accepted yet, or its time is up.
            Ok(Ok(Decision::Refused(_))) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store does not answer".into(),
        };
        session.context.say(0, || {
            format!("{stays}; {id} stays in the queue until its time is up")
        });
        Ok(())
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

/// Asks, and waits until the request is answered or its deadline has passed.
async fn decided(
    session: &Session<'_>,
    request: &NewApproval,
    is_another: &Cell<bool>,
) -> Result<ApprovalRow, Failure> {
    let (requested, before) = ask_once(session, request).await?;
    is_another.set(requested.repeated);
    let id = &request.request_id;
    session.context.say(0, || {
        let left = Seconds::between(session.now(), requested.deadline);
        if before.is_some_and(|row| row.state != ApprovalState::Pending) {
            return format!("{id} was answered before");
        }
        format!(
            "{id} waits for {}: muster approval respond {} --approve{}",
            render::span(left),
            quoted(id),
            session.context.store_options()
        )
    });
    let listen = async || {
        let request_id = id.clone();
        session.store.watch(Interest::Approval { request_id }).await
    };
    let ask = async |now: Timestamp| {
        // A clock that was set back does not make the wait longer.
        let now = now.max(session.now());
        let row = session.store.approval(now, id).await?;
        Ok(match row {
            Some(row) if row.state == ApprovalState::Pending => Asked::NotYet(Some(row)),
            row => Asked::There(row),
        })
    };
    let row = wait_for(session, requested.deadline, listen, ask).await?;
    let row = row.ok_or_else(|| lost(id))?;
    if row.state == ApprovalState::TimedOut {
        // Those who look at the stored record see it, too.
        if let Err(error) = session.store.sweep(session.now()).await {
            session.context.say(1, || error.to_string());
        }
    }
    Ok(row)
}

/// Asks, or joins the same request that was asked before. What a human answered for one
/// thing must not count for another, so a request that differs is refused.
async fn ask_once(
    session: &Session<'_>,
    request: &NewApproval,
) -> Result<(Requested, Option<ApprovalRow>), Failure> {
    let requested = session.store.request(session.now(), request).await?;
    let mut asked_before = None;
    if requested.repeated {
        let id = &request.request_id;
        let row = session.store.approval(session.now(), id).await?;
        let row = row.ok_or_else(|| lost(id))?;
        let before = &row.request;
        let is_same = before.agent_id == request.agent_id
            && before.approval_type == request.approval_type
            && same_json(before.context.as_str(), request.context.as_str());
        if !is_same {
            return Err(Failure::usage(format!(
                "{id} is the id of another request: {} of {}",
                render::plain(&before.approval_type),
                render::plain(&before.agent_id)
            ))
            .hint(
                "choose another --id, or leave it out; the same id joins the same request only",
            ));
        }
        asked_before = Some(row);
    }
    Ok((requested, asked_before))
}

/// Whether two texts say the same in JSON.
fn same_json(one: &str, other: &str) -> bool {
    let value = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    value(one) == value(other)
}

fn lost(request_id: &str) -> Failure {
    Failure::unreachable(format!("the store has lost the request {request_id}"))
        .hint("ask again; muster doctor says what its writes survive")
}
