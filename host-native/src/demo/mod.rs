//! A simulated fleet: a dozen agents at work in a store of their own, so that every
//! view of the dashboard has something to show.
//!
//! Everything lies in one temporary folder and goes through the same interfaces as
//! that of real agents.

mod cast;
mod fleet;
mod gateway;
mod history;
mod specs;
mod workflow;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use muster_core::Usd;
use muster_core::overview::AlertWhen;
use tempfile::TempDir;

use crate::clock::Clock;
use crate::config::{AlertSettings, AlertTarget, CommandScope, OpsCommand};
use crate::error::{Failure, describe};
use crate::store::{OpenOptions, Store, StoreError, StoreUrl, open};
use fleet::Simulation;
pub(crate) use gateway::evidence;

/// The beats of the simulated agents, in seconds.
pub(crate) const INTERVAL_S: u64 = 2;
/// How long they may be silent before they are stale, in seconds.
pub(crate) const STALE_S: u64 = 8;

/// The folder of a demonstration; it goes with this value.
#[derive(Debug)]
pub struct Demo {
    folder: TempDir,
}

impl Demo {
    /// Makes the folder and what happened before now.
    pub async fn prepare(clock: Clock) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("muster-demo-").tempdir();
        let demo = Self {
            folder: folder.map_err(|error| cannot_write(&error))?,
        };
        let now = clock.now();
        history::write_logs(&demo.home(), now).map_err(|error| cannot_write(&error))?;
        workflow::write_runs(&demo.spool(), now).map_err(|error| cannot_write(&error))?;
        history::write_votes_on_templates(&demo.ratings(), now)
            .map_err(|error| cannot_write(&error))?;
        specs::write_specs(&demo.project(), now).map_err(|error| cannot_write(&error))?;
        let store = demo.open(clock).await?;
        history::fill_store(&*store, now).await?;
        Ok(demo)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The attune home.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The project.
    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The spool of telemetry entries.
    pub fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// The document of votes.
    pub fn ratings(&self) -> PathBuf {
        self.folder.path().join("feedback.json")
    }

    /// What the dashboard may run here.
    pub fn commands(&self) -> Vec<OpsCommand> {
        cast::COMMANDS
            .into_iter()
            .map(|(name, title, script, confirm)| OpsCommand {
                name: name.into(),
                title: Some(title.into()),
                description: None,
                argv: ["sh", "-c", script].map(String::from).into(),
                scope: CommandScope::None,
                scopes: Vec::new(),
                confirm: confirm.map(String::from),
                time_limit_us: 600_000_000,
                source: "the demonstration".into(),
            })
            .collect()
    }

    /// What the dashboard tells of here.
    pub fn alerts() -> Vec<AlertSettings> {
        let alert = |name: &str, when| AlertSettings {
            name: name.into(),
            when,
            cooldown_us: 900_000_000,
            target: AlertTarget::Page,
        };
        vec![
            alert("two agents silent", AlertWhen::AgentsQuiet(1)),
            alert(
                "a dear day",
                AlertWhen::SpendToday(Usd::from_nanos(4_000_000_000)),
            ),
            alert("somebody waits", AlertWhen::ApprovalsWaiting(120_000_000)),
        ]
    }

    /// The store.
    pub fn store(&self) -> StoreUrl {
        StoreUrl::Sqlite(self.folder.path().join("muster.db"))
    }

    /// Lets the agents work, on a thread of its own, until the process ends; `speed`
    /// times as fast as usual.
    pub fn start(&self, clock: Clock, speed: u32) -> Result<(), Failure> {
        let (url, home) = (self.store(), self.home());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::unreachable(format!("no threads: {}", describe(&error))))?;
        let work = move || {
            runtime.block_on(async {
                let store = open(&url, clock.now(), options()).await?;
                Simulation::new(store, clock, home).run(speed).await
            })
        };
        std::thread::Builder::new()
            .name("demo".into())
            .spawn(move || {
                // The folder goes when the server ends, and the agents with it.
                let _: Result<(), StoreError> = work();
            })
            .map(drop)
            .map_err(|error| Failure::unreachable(format!("no threads: {}", describe(&error))))
    }

    async fn open(&self, clock: Clock) -> Result<Arc<dyn Store>, Failure> {
        Ok(open(&self.store(), clock.now(), options()).await?)
    }
}

impl Drop for Demo {
    /// Removes the folder. Those who still listen to the store may make its bell again
    /// just then, and only as long as there is a folder.
    fn drop(&mut self) {
        for _ in 0..50 {
            match fs::remove_dir_all(self.folder.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    sleep(Duration::from_millis(10));
                }
                _ => return,
            }
        }
    }
}

fn options() -> OpenOptions {
    OpenOptions::default()
}

fn cannot_write(error: &io::Error) -> Failure {
    Failure::unreachable(format!(
        "cannot write the folder of the demonstration: {}",
        describe(error)
    ))
    .hint("set TMPDIR to a folder that can be written")
}
