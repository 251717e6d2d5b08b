//! Runs commands of the catalogue: in a queue, with a time limit, their output kept,
//! each run on the disk before it starts.

mod attune;
mod catalogue;
mod process;
mod records;
mod requests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use muster_core::command_run::{
    EndedBy, KeptOutput, OutputStream, QueueAction, Recommendation, RunQueue, RunState,
    side_channel,
};
use muster_core::overview::{Change, ChangeKind};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::clock::RunningClock;
use super::keeper::Keeper;
use super::versions::Versions;
use crate::config::{AttuneProgram, OpsCommand};
use catalogue::Catalogue;
use records::{Folder, Record};

pub(super) use requests::{StartRun, cancel, commands, output, output_events, run, runs, start};

/// So many commands run at once.
const SLOTS: usize = 2;
/// More do not wait.
const MAX_QUEUED: usize = 100;
/// More recommendations of one run are not kept.
const MAX_RECOMMENDATIONS: usize = 50;
/// How often a run under way is written.
const SAVE_EVERY: Duration = Duration::from_secs(5);
/// The longest sleep of the scheduler.
const IDLE: Duration = Duration::from_hours(1);

/// What the runner works with.
#[derive(Clone, Debug)]
pub(super) struct RunnerSettings {
    pub(super) commands: Vec<OpsCommand>,
    /// Where attune is, if the settings say so.
    pub(super) attune: Option<AttuneProgram>,
    /// Files whose commands are not run, because they were found and not named.
    pub(super) not_trusted: Vec<PathBuf>,
    pub(super) project_root: PathBuf,
    /// Where runs are kept; `None`: nothing is run.
    pub(super) folder: Option<PathBuf>,
    pub(super) retention_days: u32,
    pub(super) read_only: bool,
}

/// Runs commands.
#[derive(Debug)]
pub(super) struct Runner {
    catalogue: Catalogue,
    project_root: PathBuf,
    folder: Option<Folder>,
    disabled: Option<String>,
    clock: RunningClock,
    versions: Arc<Versions>,
    keeper: Arc<Keeper>,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Debug)]
struct State {
    queue: RunQueue,
    /// Runs that are not over, and those that ended while this server ran.
    runs: BTreeMap<String, Arc<Run>>,
    /// All that are known, by the time of their request: what a list shows.
    known: BTreeMap<(i64, String), Record>,
}

/// One run while it is not over.
#[derive(Debug)]
struct Run {
    record: Mutex<Record>,
    output: Mutex<KeptOutput>,
    token: String,
    /// The lines so far, for those who listen; closed by the end.
    told: watch::Sender<u64>,
    group: Mutex<Option<i32>>,
}

impl Runner {
    /// Takes the runs of before, and begins to wait for new ones.
    pub(super) fn start(
        settings: RunnerSettings,
        clock: RunningClock,
        versions: Arc<Versions>,
        keeper: Arc<Keeper>,
    ) -> Arc<Self> {
        let folder = settings.folder.clone().map(Folder::new);
        let catalogue = Catalogue::new(settings.commands, settings.attune.as_ref());
        let disabled = if settings.read_only {
            Some("this server only reads".into())
        } else if folder.is_none() {
            Some("there is no folder to keep runs in".into())
        } else if !catalogue.has_any() {
            Some(no_commands(&settings.not_trusted))
        } else {
            None
        };
        let days = settings.retention_days;
        let now = clock.now();
        let mut known = BTreeMap::new();
        if let Some(folder) = &folder {
            for mut record in folder.list() {
                if !settings.read_only && Folder::is_too_old(&record, now, days) {
                    folder.remove(&record.run_id);
                    continue;
                }
                if !record.state().is_over() {
                    record.set_state(RunState::Lost);
                    record.error = Some("the server ended before it saw the end".into());
                    if !settings.read_only {
                        folder.save_state(&record);
                    }
                }
                known.insert(record.key(), record);
            }
        }
        let runner = Arc::new(Self {
            catalogue,
            project_root: settings.project_root,
            folder,
            disabled,
            clock,
            versions,
            keeper,
            state: Mutex::new(State {
                queue: RunQueue::new(SLOTS),
                runs: BTreeMap::new(),
                known,
            }),
            wake: Notify::new(),
        });
        tokio::spawn(Arc::clone(&runner).schedule());
        runner
    }

    /// Ends everything that runs.
    pub(super) fn end(&self) {
        for run in self.state().runs.values() {
            run.signal(rustix::process::Signal::TERM);
        }
    }

    async fn schedule(self: Arc<Self>) {
        loop {
            let (actions, until) = {
                let mut state = self.state();
                state.queue.handle_timeout(self.clock.now());
                let mut actions = Vec::new();
                while let Some(action) = state.queue.poll_action() {
                    let (QueueAction::Start(id)
                    | QueueAction::Terminate(id)
                    | QueueAction::Kill(id)
                    | QueueAction::Drop(id)) = &action;
                    if let Some(run) = state.runs.get(id) {
                        actions.push((Arc::clone(run), action));
                    }
                }
                (actions, state.queue.poll_timeout())
            };
            for (run, action) in actions {
                match action {
                    QueueAction::Start(_) => {
                        tokio::spawn(Arc::clone(&self).execute(run));
                    }
                    QueueAction::Terminate(_) => run.signal(rustix::process::Signal::TERM),
                    QueueAction::Kill(_) => run.signal(rustix::process::Signal::KILL),
                    QueueAction::Drop(_) => {
                        let mut record = run.record().clone();
                        record.set_state(RunState::Cancelled);
                        self.over(&run, record);
                    }
                }
            }
            let until = until.map_or_else(|| Instant::now() + IDLE, |at| self.clock.moment_of(at));
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep_until(until) => {}
            }
        }
    }

    /// Runs one command from its beginning to its end.
    async fn execute(self: Arc<Self>, run: Arc<Run>) {
        {
            let mut record = run.record();
            record.set_state(RunState::Running);
            record.started_at = Some(self.clock.now());
        }
        self.save(&run);
        self.versions.bump(&["runs", "commands"]);
        let saving = {
            let (runner, run) = (Arc::clone(&self), Arc::clone(&run));
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(SAVE_EVERY).await;
                    runner.save(&run);
                }
            })
        };
        let ended = process::run(&self, &run).await;
        saving.abort();
        // A write that has begun must not come after the last one.
        let _ = saving.await;
        let now = self.clock.now();
        let run_id = run.record().run_id.clone();
        let told = self.state().queue.handle_ended(now, &run_id);
        let mut record = run.record().clone();
        record.ended_at = Some(now);
        match ended {
            Ok(status) => {
                record.exit = status.code();
                record.signal = std::os::unix::process::ExitStatusExt::signal(&status);
                record.set_state(match told {
                    Some(EndedBy::User) => RunState::Cancelled,
                    Some(EndedBy::Limit) => RunState::TimedOut,
                    None if status.success() => RunState::Succeeded,
                    None => RunState::Failed,
                });
            }
            Err(why) => {
                record.error = Some(why);
                record.set_state(RunState::Failed);
            }
        }
        self.over(&run, record);
        self.wake.notify_one();
    }

    /// Writes a run that is over, tells of it once it is on the disk, and forgets its
    /// output.
    fn over(&self, run: &Arc<Run>, mut record: Record) {
        let output = run.output().clone();
        record.note_output(&output);
        self.keep(&mut record, &output);
        run.record().clone_from(&record);
        self.keeper.note(Change {
            at: self.clock.now(),
            kind: ChangeKind::Run,
            subject: record.run_id.clone(),
            from: Some("running".into()),
            to: record.state().name().into(),
            text: format!("{} {}", record.command, record.state().name()),
        });
        {
            let mut state = self.state();
            state.known.insert(record.key(), record.clone());
            state.runs.remove(&record.run_id);
        }
        // Listeners look once more, and then find it on the disk.
        run.told.send_replace(u64::MAX);
        self.versions.bump(&["runs", "commands"]);
    }

    /// Takes a line of a run.
    fn take_line(&self, run: &Run, stream: OutputStream, line: &str) {
        let is_command = |name: &str| self.catalogue.find(name).is_some();
        match side_channel(line, &run.token, is_command) {
            Some(Some(recommendation)) => run.recommend(recommendation),
            Some(None) => {}
            None => {
                let mut output = run.output();
                output.push(stream, line);
                let lines = output.lines();
                drop(output);
                run.told.send_replace(lines);
            }
        }
    }

    /// Writes a run that is under way.
    fn save(&self, run: &Run) {
        let mut record = run.record().clone();
        let output = run.output().clone();
        record.note_output(&output);
        self.keep(&mut record, &output);
        run.record().error = record.error;
    }

    fn keep(&self, record: &mut Record, output: &KeptOutput) {
        let Some(folder) = &self.folder else { return };
        if let Err(error) = folder.save(record, output) {
            let why = crate::error::describe(&error);
            record.error = Some(format!("the run cannot be kept: {why}"));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn output(&self) -> MutexGuard<'_, KeptOutput> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recommend(&self, recommendation: Recommendation) {
        let mut record = self.record();
        if record.recommendations.len() < MAX_RECOMMENDATIONS {
            record.recommendations.push(recommendation.into());
        }
    }

    /// Sends a signal to the command and all that it started.
    fn signal(&self, signal: rustix::process::Signal) {
        let group = *self.group.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(group) = group.and_then(rustix::process::Pid::from_raw) {
            // It may have ended just now.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

fn no_commands(not_trusted: &[PathBuf]) -> String {
    match not_trusted.first() {
        Some(file) => format!(
            "the commands in {} are not run, because that file was found and not named: name it by --config",
            file.display()
        ),
        None => "no command is declared: add [[ops.command]] to the file that --config names, or to the user's muster.toml".into(),
    }
}
