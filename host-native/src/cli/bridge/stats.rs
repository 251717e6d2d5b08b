//! `muster bridge stats`: what the entries say, sent or not.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use muster_core::Window;
use muster_core::bridge::EntryStats;
use muster_core::record::telemetry_entry::TelemetryEntry;
use muster_core::view::DEFAULT_TOP;

use super::place::PlaceArgs;
use crate::bridge::{EntrySources, Spool, SpoolStats, for_each_entry};
use crate::cli::Context;
use crate::cli::window::WindowArgs;
use crate::error::{Answer, Failure, describe};
use crate::files::for_each_line;
use crate::render;

/// Hours of the default window: 7 days.
const HOURS: u32 = 7 * 24;

/// Show how often workflows' steps ran, failed and how long they took
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster bridge stats --days 2\n  muster bridge stats entries.jsonl --all --json\n\n\
        Entries that wait, were set aside, or were sent and are kept all count, by\n\
        the time at which they began."
)]
pub(crate) struct Stats {
    /// Read entries from these files of lines instead of the spool
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How many of the most frequent jobs and steps to show
    #[arg(long, value_name = "N", default_value_t = DEFAULT_TOP)]
    top: usize,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

/// What is read so far.
struct Reading {
    stats: EntryStats,
    window: Window,
    sources: EntrySources,
}

impl Stats {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut reading = Reading {
            stats: EntryStats::default(),
            window: self.window.resolve(context, Some(HOURS))?,
            sources: EntrySources::default(),
        };
        if self.files.is_empty() {
            let settings = self.place.settings(context, false);
            let spool = self.place.spool(&settings, true)?;
            let folder = spool.folder();
            reading
                .spool(&spool)
                .map_err(|error| unreadable(folder, &error))?;
        }
        for path in &self.files {
            reading
                .lines(path)
                .map_err(|error| unreadable(path, &error))?;
        }
        let sources = &reading.sources;
        if !self.files.is_empty() && sources.skipped > 0 && sources.in_files == 0 {
            return Err(Failure::unusable(format!(
                "none of the {} lines is an entry of telemetry",
                sources.skipped
            ))
            .hint("muster bridge replay makes entries out of a stream of events"));
        }
        let report = SpoolStats {
            sources: reading.sources,
            stats: reading.stats.report(reading.window, self.top),
        };
        context.answer(&report, render::bridge_stats)
    }
}

impl Reading {
    fn spool(&mut self, spool: &Spool) -> io::Result<()> {
        let (stats, window) = (&mut self.stats, &self.window);
        for_each_entry(spool, &mut self.sources, |entry| stats.add(entry, window))
    }

    fn lines(&mut self, path: &Path) -> io::Result<()> {
        self.sources.files.push(path.to_path_buf());
        for_each_line(path, |line| {
            match line.text {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => self.sources.in_files += u64::from(self.entry(text)),
                Err(_) => self.sources.skipped += 1,
            }
            Ok::<(), io::Error>(())
        })
    }

    /// Adds an entry; `false` if it is none.
    fn entry(&mut self, text: &str) -> bool {
        let Ok(entry) = TelemetryEntry::parse(text) else {
            self.sources.skipped += 1;
            return false;
        };
        self.stats.add(&entry, &self.window);
        true
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::unreachable(format!(
        "cannot read {}: {}",
        path.display(),
        describe(error)
    ))
    .hint("name files of entries, or a spool by --spool")
}
