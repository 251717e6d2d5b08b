//! Runs of workflows, from the entries of a spool.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use muster_core::bridge::{EntryStats, Waterfalls};
use muster_core::view::{DEFAULT_TOP, WaterfallView, WorkflowRunsView};
use muster_core::{US_PER_DAY, Window};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::Shared;
use super::answer::Refusal;
use super::params::Params;
use super::versions::Versions;
use crate::bridge::{EntrySources, Spool, SpoolStats, for_each_entry};
use crate::error::describe;

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Days that are shown where nobody says.
const DAYS: u64 = 7;
/// The most days that are shown.
const MAX_DAYS: u64 = 366;

/// Reads a spool, and keeps what it read until the folder changes.
#[derive(Debug)]
pub(super) struct SpoolReader {
    folder: Option<PathBuf>,
    last: Mutex<Option<(Asked, Arc<Entries>)>>,
}

/// What a reading is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    changed_at: Option<SystemTime>,
    days: u64,
    /// The minute: the window goes on.
    minute: i64,
}

/// The entries of a window.
#[derive(Debug)]
struct Entries {
    window: Window,
    sources: EntrySources,
    stats: EntryStats,
    waterfalls: Waterfalls,
}

impl SpoolReader {
    /// Reads this folder, and tells when it changes.
    pub(super) fn start(folder: Option<PathBuf>, versions: Arc<Versions>) -> Self {
        if let Some(folder) = folder.clone() {
            tokio::spawn(async move {
                let mut seen = changed_at(&folder);
                loop {
                    sleep(LOOK_EVERY).await;
                    let now = changed_at(&folder);
                    if now != seen {
                        seen = now;
                        versions.bump(&["bridge"]);
                    }
                }
            });
        }
        Self {
            folder,
            last: Mutex::new(None),
        }
    }

    fn read(&self, asked: Asked, window: Window) -> io::Result<Arc<Entries>> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, entries)) = last().as_ref().filter(|(of, _)| *of == asked) {
            return Ok(Arc::clone(entries));
        }
        let mut entries = Entries {
            window,
            sources: EntrySources::default(),
            stats: EntryStats::default(),
            waterfalls: Waterfalls::default(),
        };
        if let Some(folder) = &self.folder {
            let (stats, waterfalls) = (&mut entries.stats, &mut entries.waterfalls);
            for_each_entry(&Spool::new(folder), &mut entries.sources, |entry| {
                stats.add(entry, &window);
                waterfalls.add(entry, &window);
            })?;
        }
        let entries = Arc::new(entries);
        *last() = Some((asked, Arc::clone(&entries)));
        Ok(entries)
    }
}

/// Statistics, as `bridge stats` gives them.
pub(super) async fn stats(
    shared: &Arc<Shared>,
    params: &mut Params,
) -> Result<SpoolStats, Refusal> {
    let entries = entries(shared, params).await?;
    Ok(SpoolStats {
        sources: entries.sources.clone(),
        stats: entries.stats.report(entries.window, DEFAULT_TOP),
    })
}

/// The runs, newest first.
pub(super) async fn runs(
    shared: &Arc<Shared>,
    params: &mut Params,
) -> Result<WorkflowRunsView, Refusal> {
    let limit = params.limit(200, 5000)?;
    let entries = entries(shared, params).await?;
    Ok(entries.waterfalls.runs(limit, entries.sources.skipped))
}

/// One run, step by step.
pub(super) async fn run(
    shared: &Arc<Shared>,
    params: &mut Params,
) -> Result<WaterfallView, Refusal> {
    let id = params.required("id")?;
    let entries = entries_of(shared, MAX_DAYS).await?;
    let view = entries.waterfalls.run(&id);
    view.ok_or_else(|| Refusal::not_found(format!("there is no run {id} of a workflow")))
}

async fn entries(shared: &Arc<Shared>, params: &mut Params) -> Result<Arc<Entries>, Refusal> {
    let days = params.number("days", DAYS, 1..=MAX_DAYS)?;
    entries_of(shared, days).await
}

async fn entries_of(shared: &Arc<Shared>, days: u64) -> Result<Arc<Entries>, Refusal> {
    let now = shared.clock.now();
    let us = i64::try_from(days).unwrap_or(1).saturating_mul(US_PER_DAY);
    let mut window = Window::before(now, us);
    window.to = None;
    let shared = Arc::clone(shared);
    let read = spawn_blocking(move || {
        let folder = shared.spool.folder.as_deref();
        let asked = Asked {
            changed_at: folder.and_then(changed_at),
            days,
            minute: now.as_micros() / 60_000_000,
        };
        shared.spool.read(asked, window).map_err(|error| {
            let folder = folder.unwrap_or(Path::new("")).display();
            Refusal::unreachable(format!("cannot read {folder}: {}", describe(&error)))
                .hint("make the spool readable")
        })
    })
    .await;
    read.unwrap_or_else(|_| Err(Refusal::unreachable("the reading broke off")))
}

fn changed_at(folder: &Path) -> Option<SystemTime> {
    std::fs::metadata(folder).and_then(|it| it.modified()).ok()
}
