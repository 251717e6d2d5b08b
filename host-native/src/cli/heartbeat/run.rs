//! `muster heartbeat run`.

use std::cell::Cell;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use muster_core::coordination::DEFAULT_HEARTBEAT_INTERVAL_S;
use muster_core::view::{RunView, Seconds};
use muster_core::{Decimal, JsonObject};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{Identity, Said, beat_once};
use crate::cli::Context;
use crate::cli::session::{Session, on_store};
use crate::cli::values::{Interval, Span};
use crate::error::{Answer, Failure};
use crate::process::{Ended, Process, Start};
use crate::render;
use crate::store::{Access, StoreError};

/// How long the last beat may take before the command's status is passed on without it.
const LAST_BEAT: Duration = Duration::from_secs(5);

/// The facts that the last beat adds.
const END_FACTS: [&str; 3] = ["final", "exit", "signal"];

/// Run a command and beat for it until it ends
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster heartbeat run --agent builder --name 'The builder' -- make all\n\n\
        The exit status is the command's own, 128 and the signal where one ended it, and\n\
        125 where it could not be started. Signals go to the command. It finds\n\
        MUSTER_AGENT and MUSTER_STORE set, so that `muster heartbeat beat --progress\n\
        0.5` in it says how far it is. With --json its output goes to the standard\n\
        error."
)]
pub(crate) struct Run {
    #[command(flatten)]
    identity: Identity,
    /// What it does, in words [default: the name of the program]
    #[arg(long, value_name = "TEXT")]
    task: Option<String>,
    /// The time between two beats
    #[arg(
        long,
        value_name = "SPAN",
        default_value_t = Interval(Span::seconds(DEFAULT_HEARTBEAT_INTERVAL_S))
    )]
    interval: Interval,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Run {
    pub(super) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let has_started = Cell::new(false);
        let supervise = async |session: &Session<'_>| self.supervise(session, &has_started).await;
        on_store(context, Access::Add, supervise).map_err(|failure| {
            if has_started.get() {
                failure
            } else {
                failure.before_start()
            }
        })
    }

    async fn supervise(
        &self,
        session: &Session<'_>,
        has_started: &Cell<bool>,
    ) -> Result<Answer, Failure> {
        session.begin_to_wait();
        let interval = Some(self.interval);
        let warnings = self.identity.warnings(interval);
        session.warn(&warnings);
        let beating = Beating {
            session,
            identity: &self.identity,
            task: self.task(),
            metadata: self.facts(session).await?,
            beats: Cell::new(0),
            lost: Cell::new(0),
        };
        beating.first().await?;
        let started_at = session.now();
        let variables = [
            ("MUSTER_AGENT", self.identity.agent.clone()),
            ("MUSTER_STORE", session.address.clone()),
        ];
        let start = Start {
            command: &self.command,
            variables: &variables,
            to_stderr: session.context.json,
        };
        let mut process = match Process::start(&start) {
            Ok(process) => process,
            Err(failure) => {
                beating.last("failed", None).await;
                return Err(failure);
            }
        };
        has_started.set(true);
        // Both go on side by side: a store that is away delays no signal and no end.
        let ended = tokio::select! {
            ended = process.ended() => ended,
            never = beating.go_on(self.interval.0.duration()) => match never {},
        };
        // The command has run: whatever happens now, its status is what counts.
        let ended = match ended {
            Ok(ended) => ended,
            Err(failure) => {
                beating.last("failed", None).await;
                return Err(failure);
            }
        };
        let ran_s = Seconds::between(started_at, session.now());
        let status = match ended {
            Ended { exit: 0, .. } => "completed",
            Ended { was_told: true, .. } => "cancelled",
            Ended { .. } => "failed",
        };
        beating.last(status, Some(ended)).await;
        let view = RunView {
            agent_id: self.identity.agent.clone(),
            status: status.into(),
            exit: ended.exit,
            signal: ended.signal,
            beats: beating.beats.get(),
            beats_lost: beating.lost.get(),
            started_at,
            ran_s,
            warnings,
        };
        if session.context.json {
            // The command's status counts also where nobody reads the document.
            let _ = session.context.answer(&view, |_, _| String::new());
        }
        if view.beats_lost > 0 {
            session.context.say(0, || {
                let lost = render::counted(view.beats_lost, "beat");
                format!("warning: {lost} did not reach the store")
            });
        }
        Ok(Answer::Command(ended.exit))
    }

    /// The facts of the first beat: without those of the end of a run before.
    async fn facts(&self, session: &Session<'_>) -> Result<Option<JsonObject>, Failure> {
        let facts = self.identity.metadata(session, Some(self.interval)).await?;
        Ok(facts.map(|facts| facts.without(&END_FACTS)))
    }

    fn task(&self) -> String {
        self.task.clone().unwrap_or_else(|| {
            // Arguments may hold secrets.
            let program = self.command.first().map(Path::new);
            let name = program.and_then(Path::file_name).unwrap_or_default();
            name.to_string_lossy().into_owned()
        })
    }
}

/// Nothing: the beats go on until they are dropped.
enum Never {}

/// Beats for one command.
struct Beating<'a> {
    session: &'a Session<'a>,
    identity: &'a Identity,
    task: String,
    metadata: Option<JsonObject>,
    beats: Cell<u64>,
    lost: Cell<u64>,
}

impl Beating<'_> {
    /// The beat before the command starts: fails where the store does.
    async fn first(&self) -> Result<(), Failure> {
        let said = Said {
            status: "starting".into(),
            progress: Decimal::ZERO,
            current_task: self.task.clone(),
        };
        let beat = self.identity.beat(&said, self.metadata.clone());
        beat_once(self.session, &beat, Vec::new()).await?;
        self.beats.set(1);
        Ok(())
    }

    /// Beats at once and then at every interval. What the command said of its
    /// progress by beats of its own is said again.
    async fn go_on(&self, every: Duration) -> Never {
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_away = false;
        loop {
            ticks.tick().await;
            match self.beat_again().await {
                Ok(()) => {
                    self.beats.set(self.beats.get().saturating_add(1));
                    if is_away {
                        self.session.context.say(0, || "the store is back".into());
                    }
                    is_away = false;
                }
                Err(error) => {
                    self.lost.set(self.lost.get().saturating_add(1));
                    if !is_away {
                        self.session
                            .context
                            .say(0, || format!("{error}; the command goes on"));
                    }
                    is_away = true;
                }
            }
        }
    }

    async fn beat_again(&self) -> Result<(), StoreError> {
        let store = &self.session.store;
        let now = self.session.now();
        let row = store.agent(now, &self.identity.agent).await?;
        let mut said = Said {
            status: "running".into(),
            progress: Decimal::ZERO,
            current_task: self.task.clone(),
        };
        if let Some(row) = row.filter(|row| !row.beat.is_final()) {
            said.progress = row.beat.progress;
            said.current_task = row.beat.current_task;
        }
        // What the command added to the facts stays.
        let beat = self.identity.beat(&said, None);
        store.beat(now, &beat).await
    }

    /// The last beat, with the command's end among the facts.
    async fn last(&self, status: &str, ended: Option<Ended>) {
        let last = async {
            let now = self.session.now();
            let before = self.session.store.agent(now, &self.identity.agent).await?;
            let (mut facts, progress) = match before {
                Some(row) => (row.beat.metadata, row.beat.progress),
                None => (self.metadata.clone().unwrap_or_default(), Decimal::ZERO),
            };
            facts = facts.with("final", &true);
            if let Some(ended) = ended {
                facts = facts.with("exit", &ended.exit);
                if let Some(signal) = ended.signal {
                    facts = facts.with("signal", &signal);
                }
            }
            let said = Said {
                status: status.into(),
                progress: if status == "completed" {
                    Decimal::ONE
                } else {
                    progress
                },
                current_task: "finished".into(),
            };
            let beat = self.identity.beat(&said, Some(facts));
            self.session.store.beat(now, &beat).await
        };
        let failed = match timeout(LAST_BEAT, last).await {
            Ok(Ok(())) => {
                self.beats.set(self.beats.get().saturating_add(1));
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store does not answer".into(),
        };
        self.lost.set(self.lost.get().saturating_add(1));
        self.session
            .context
            .say(0, || format!("the last beat is lost: {failed}"));
    }
}
