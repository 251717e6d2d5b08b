//! What is asked of the runner.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::sse::Event;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use muster_core::command_run::KeptOutput;
use muster_core::to_json;
use muster_core::view::{CommandRunView, CommandRunsView, CommandsView, OutputView};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::catalogue::arguments;
use super::records::Record;
use super::{MAX_QUEUED, Run, Runner, SLOTS};
use crate::random;
use crate::server::Shared;
use crate::server::answer::Refusal;
use crate::server::events::sse;
use crate::server::params::Params;

/// So many lines are sent at once.
const LINES_AT_ONCE: usize = 500;

/// A run that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct StartRun {
    command: String,
    scope: Option<String>,
    #[serde(default)]
    confirmed: bool,
}

/// The catalogue.
pub(in crate::server) fn commands(runner: &Runner) -> CommandsView {
    let state = runner.state();
    CommandsView {
        commands: runner.catalogue.views(),
        disabled: runner.disabled.clone(),
        running: state.queue.running() as u64,
        queued: state.queue.queued() as u64,
        slots: SLOTS as u64,
    }
}

/// The runs, newest first.
pub(in crate::server) fn runs(
    runner: &Runner,
    params: &mut Params,
) -> Result<CommandRunsView, Refusal> {
    let command = params.text("command");
    let limit = params.limit(100, 5000)?;
    let now = runner.clock.now();
    let (known, open) = {
        let state = runner.state();
        (state.known.clone(), state.runs.clone())
    };
    let wanted = |record: &Record| command.as_ref().is_none_or(|name| *name == record.command);
    let known = known.into_values().rev().filter(wanted);
    let mut runs: Vec<CommandRunView> = known
        .map(|record| match open.get(&record.run_id) {
            Some(run) => view_of(run, now),
            None => record.view(now),
        })
        .collect();
    let left_out = runs.len().saturating_sub(limit) as u64;
    runs.truncate(limit);
    Ok(CommandRunsView { runs, left_out })
}

/// One run.
pub(in crate::server) fn run(
    runner: &Runner,
    params: &mut Params,
) -> Result<CommandRunView, Refusal> {
    view(runner, &params.required("id")?)
}

fn view(runner: &Runner, run_id: &str) -> Result<CommandRunView, Refusal> {
    let now = runner.clock.now();
    let state = runner.state();
    if let Some(run) = state.runs.get(run_id) {
        return Ok(view_of(run, now));
    }
    let mut known = state.known.values();
    let record = known.find(|record| record.run_id == run_id);
    record
        .map(|record| record.view(now))
        .ok_or_else(|| Refusal::not_found(format!("there is no run {run_id}")))
}

fn view_of(run: &Run, now: muster_core::Timestamp) -> CommandRunView {
    let mut record = run.record().clone();
    record.note_output(&run.output());
    record.view(now)
}

/// Output of a run after a line.
pub(in crate::server) async fn output(
    runner: &Arc<Runner>,
    params: &mut Params,
) -> Result<OutputView, Refusal> {
    let run_id = params.required("id")?;
    let after = params.number("after", 0, 0..=u64::MAX)?;
    let limit = params.limit(1000, 10_000)?;
    read(runner, &run_id, after, limit).await
}

async fn read(
    runner: &Arc<Runner>,
    run_id: &str,
    after: u64,
    limit: usize,
) -> Result<OutputView, Refusal> {
    let open = runner.state().runs.get(run_id).cloned();
    if let Some(run) = open {
        // Asked first: what is over does not grow any more.
        let is_over = run.record().state().is_over();
        return Ok(OutputView::of(run_id, &run.output(), after, limit, is_over));
    }
    let kept = kept(runner, run_id).await?;
    Ok(OutputView::of(run_id, &kept, after, limit, true))
}

/// The output of a run that is over.
async fn kept(runner: &Arc<Runner>, run_id: &str) -> Result<KeptOutput, Refusal> {
    view(runner, run_id)?;
    let (runner, id) = (Arc::clone(runner), run_id.to_owned());
    let read = spawn_blocking(move || runner.folder.as_ref()?.output(&id)).await;
    let kept = read.ok().flatten();
    kept.ok_or_else(|| Refusal::unreachable(format!("the output of {run_id} cannot be read")))
}

/// Asks for a run; it is on the disk when this returns.
pub(in crate::server) fn start(
    runner: &Arc<Runner>,
    asked: &StartRun,
) -> Result<CommandRunView, Refusal> {
    if let Some(why) = &runner.disabled {
        return Err(Refusal::conflict(format!("nothing can be run: {why}")));
    }
    let offered = runner
        .catalogue
        .find(&asked.command)
        .ok_or_else(|| Refusal::not_found(format!("there is no command {}", asked.command)))?;
    let command = &offered.command;
    if let Some(why) = &offered.unavailable {
        let message = format!("{} cannot be run here: {why}", command.name);
        return Err(Refusal::conflict(message));
    }
    if command.confirm.is_some() && !asked.confirmed {
        return Err(
            Refusal::conflict(format!("{} has to be confirmed", command.name))
                .hint("send it again with \"confirmed\": true"),
        );
    }
    let argv =
        arguments(command, asked.scope.as_deref(), &runner.project_root).map_err(Refusal::usage)?;
    if runner.state().queue.queued() >= MAX_QUEUED {
        return Err(Refusal::conflict("too many runs wait already"));
    }
    let now = runner.clock.now();
    let run_id = random::id("run")?;
    let scope = asked.scope.clone().filter(|scope| !scope.is_empty());
    let record = Record::new(run_id.clone(), &command.name, argv, scope, now);
    let run = Arc::new(Run {
        record: Mutex::new(record.clone()),
        output: Mutex::default(),
        token: random::secret()?,
        told: watch::Sender::new(0),
        group: Mutex::new(None),
    });
    if let Some(folder) = &runner.folder {
        folder
            .save(&record, &KeptOutput::default())
            .map_err(|error| {
                let why = crate::error::describe(&error);
                Refusal::unreachable(format!("the run cannot be kept: {why}"))
            })?;
    }
    let view = record.view(now);
    {
        let mut state = runner.state();
        state.known.insert(record.key(), record);
        state.runs.insert(run_id.clone(), run);
        let limit_us = command.time_limit_us;
        state.queue.handle_request(now, run_id, limit_us);
    }
    runner.wake.notify_one();
    runner.versions.bump(&["runs", "commands"]);
    Ok(view)
}

/// Ends a run.
pub(in crate::server) fn cancel(runner: &Runner, run_id: &str) -> Result<CommandRunView, Refusal> {
    let before = view(runner, run_id)?;
    let now = runner.clock.now();
    if !runner.state().queue.handle_cancel(now, run_id) {
        return Err(Refusal::conflict(format!(
            "{run_id} is over: {}",
            before.state.name()
        )));
    }
    runner.wake.notify_one();
    view(runner, run_id)
}

/// One who reads along.
struct Reader {
    shared: Arc<Shared>,
    run_id: String,
    told: Option<watch::Receiver<u64>>,
    closing: watch::Receiver<bool>,
    after: u64,
    waiting: VecDeque<Event>,
    is_over: bool,
}

/// The output of a run as it comes.
pub(in crate::server) async fn output_events(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    match Reader::new(shared, &headers, &uri) {
        Ok(reader) => sse(unfold(reader, |mut reader| async {
            let event = reader.next().await?;
            Some((Ok::<_, Infallible>(event), reader))
        })),
        Err(refusal) => refusal.into_response(),
    }
}

impl Reader {
    fn new(shared: Arc<Shared>, headers: &HeaderMap, uri: &Uri) -> Result<Self, Refusal> {
        let mut params = Params::of(uri)?;
        let run_id = params.required("id")?;
        let given = params.number("last_event_id", 0, 0..=u64::MAX)?;
        params.finish()?;
        let last = headers.get("last-event-id");
        let last = last.and_then(|id| id.to_str().ok()?.parse().ok());
        view(&shared.runner, &run_id)?;
        let told = {
            let state = shared.runner.state();
            state.runs.get(&run_id).map(|run| run.told.subscribe())
        };
        Ok(Self {
            closing: shared.closing.subscribe(),
            shared,
            run_id,
            told,
            after: last.unwrap_or(given),
            waiting: VecDeque::new(),
            is_over: false,
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            // What comes from now on wakes; what came before is read now.
            if let Some(told) = &mut self.told {
                told.borrow_and_update();
            }
            let runner = &self.shared.runner;
            let part = read(runner, &self.run_id, self.after, LINES_AT_ONCE)
                .await
                .ok()?;
            if let Some(gap) = part.gap {
                let gap = Event::default().event("gap").data(to_json(&gap));
                self.waiting.push_back(gap);
            }
            self.after = part.next;
            let is_behind = !part.lines.is_empty();
            for line in part.lines {
                let event = Event::default()
                    .event("line")
                    .id(line.n.to_string())
                    .data(to_json(&line));
                self.waiting.push_back(event);
            }
            if part.complete {
                let run = view(runner, &self.run_id).ok()?;
                self.waiting
                    .push_back(Event::default().event("end").data(to_json(&run)));
                self.is_over = true;
            } else if !is_behind {
                let told = self.told.as_mut()?;
                tokio::select! {
                    told = told.changed() => told.ok()?,
                    _ = self.closing.wait_for(|closing| *closing) => return None,
                }
            }
        }
    }
}
