//! Which logs a report is made of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use muster_core::{LogKind, ReadOptions, Telemetry, US_PER_SECOND, Window};

use super::Context;
use crate::config::{Config, parse_offset};
use crate::error::Failure;
use crate::files::{DecodedFiles, LogQuery, LogSelection, LogsState, Places, Progress, load};
use crate::guest::GuestFile;
use crate::index::{IndexSettings, IndexUse};
use crate::render::progress_bar;

/// Options that select logs.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct LogArgs {
    /// Read these log files instead of those in the folders
    #[arg(value_name = "FILE", conflicts_with_all = ["home", "project"])]
    files: Vec<PathBuf>,
    /// What the named files are, where their names do not say
    #[arg(long, value_name = "LOG", value_parser = parse_kind, requires = "files", help_heading = "Logs")]
    kind: Option<LogKind>,
    /// Read the named files, and folders of them, by this WebAssembly component, which
    /// knows another system's logs
    #[arg(
        long,
        value_name = "WASM",
        requires = "files",
        conflicts_with = "kind",
        help_heading = "Logs"
    )]
    decoder: Option<PathBuf>,
    /// The attune home or its telemetry folder [default: `$ATTUNE_HOME`, else ~/.attune]
    #[arg(long, value_name = "DIR", help_heading = "Logs")]
    home: Option<PathBuf>,
    /// The project whose .attune folder is read [default: .]
    #[arg(long, value_name = "DIR", help_heading = "Logs")]
    project: Option<PathBuf>,
    /// Times without an offset, in logs written in local time, are this far from UTC: +02:00
    #[arg(
        long,
        value_name = "OFFSET",
        allow_hyphen_values = true,
        help_heading = "Logs"
    )]
    naive_offset: Option<String>,
    /// Read the logs themselves, without the index in Muster's cache folder
    #[arg(long, help_heading = "Logs")]
    no_index: bool,
    /// Fail with status 4 when any line cannot be read
    #[arg(long, help_heading = "Logs")]
    strict: bool,
}

/// The logs of a report, read.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What was read.
    pub(crate) telemetry: Telemetry,
    /// The settings that held.
    pub(crate) config: Config,
}

/// What a report needs of the logs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need<'a> {
    /// Logs that it is made of.
    pub(crate) needed: &'a [LogKind],
    /// Further logs that it tells of.
    pub(crate) also: &'a [LogKind],
    /// The window.
    pub(crate) window: Window,
    /// A second window.
    pub(crate) against: Option<Window>,
    /// How many recent calls to keep.
    pub(crate) recent: usize,
}

impl LogArgs {
    /// The logs of folders, as if they had been named by options.
    pub(crate) fn of_folders(home: Option<PathBuf>, project: Option<PathBuf>) -> Self {
        Self {
            home,
            project,
            ..Self::default()
        }
    }

    /// The same logs, read themselves.
    pub(crate) fn without_index(self) -> Self {
        Self {
            no_index: true,
            ..self
        }
    }

    /// What to read, and the settings that hold.
    pub(crate) fn query(
        &self,
        context: &Context,
        need: Need<'_>,
    ) -> Result<(LogQuery, Config), Failure> {
        let config = context.config(self.project.as_deref().unwrap_or(Path::new(".")))?;
        let offset_minutes = match &self.naive_offset {
            Some(text) => parse_offset(text).ok_or_else(|| {
                Failure::usage(format!("--naive-offset {text}: no offset"))
                    .hint("write it such as +02:00")
            })?,
            None => config.naive_offset_minutes.unwrap_or(0),
        };
        let selection = if let Some(decoder) = &self.decoder {
            LogSelection::Decoded(DecodedFiles {
                paths: each_once(&self.files),
                decoder: GuestFile::cached(decoder, context.verbose > 0),
                prices: config.prices.clone(),
            })
        } else if self.files.is_empty() {
            let env_home = std::env::var_os("ATTUNE_HOME").is_some_and(|home| !home.is_empty());
            // The environment stands above the settings files.
            let home = self
                .home
                .as_deref()
                .or(config.home.as_deref().filter(|_| !env_home));
            let project = self.project.as_deref().or(config.project.as_deref());
            LogSelection::Places(Places::find(home, project)?)
        } else {
            LogSelection::Files(each_once(&self.files), self.kind)
        };
        let query = LogQuery {
            selection,
            needed: need.needed.to_vec(),
            also: need.also.to_vec(),
            options: ReadOptions {
                window: need.window,
                against: need.against,
                recent: need.recent,
                naive_shift_us: -i64::from(offset_minutes) * 60 * US_PER_SECOND,
            },
            strict: self.strict || config.strict.unwrap_or(false),
            index: if self.no_index {
                None
            } else {
                IndexSettings::of_user()
            },
        };
        Ok((query, config))
    }

    /// What tells one state of the logs from another.
    pub(crate) fn state(&self, context: &Context) -> Result<LogsState, Failure> {
        let need = Need {
            needed: &LogKind::ALL,
            also: &[],
            window: Window::ALL,
            against: None,
            recent: 0,
        };
        Ok(LogsState::of(&self.query(context, need)?.0))
    }

    /// Reads the logs of a report.
    pub(crate) fn load(&self, context: &Context, need: Need<'_>) -> Result<Loaded, Failure> {
        let (query, config) = self.query(context, need)?;
        if each_once(&self.files).len() < self.files.len() {
            context.say(0, || "a file that is named twice is read once".into());
        }
        let reading = Reading {
            bar: &progress_bar(context.shows_progress()),
            context,
        };
        let telemetry = load(&query, &reading)?;
        for source in telemetry.sources() {
            context.say(1, || {
                format!(
                    "{}: {} lines, {} bytes",
                    source.file, source.log.lines, source.bytes
                )
            });
        }
        Ok(Loaded { telemetry, config })
    }
}

/// The files, each once: the same record must not count twice.
fn each_once(files: &[PathBuf]) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    files
        .iter()
        .filter(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| (*path).clone())))
        .cloned()
        .collect()
}

/// Shows how reading goes on, and tells of the index where that is wanted.
struct Reading<'a> {
    bar: &'a dyn Progress,
    context: &'a Context,
}

impl Progress for Reading<'_> {
    fn begin(&self, bytes: u64) {
        self.bar.begin(bytes);
    }

    fn advance(&self, bytes: u64) {
        self.bar.advance(bytes);
    }

    fn index_used(&self, file: &str, used: &IndexUse) {
        self.context
            .say(1, || format!("{file}: {}", used.describe()));
    }

    fn end(&self) {
        self.bar.end();
    }
}

fn parse_kind(name: &str) -> Result<LogKind, String> {
    LogKind::ALL
        .into_iter()
        .find(|kind| kind.name() == name)
        .ok_or_else(|| {
            let names: Vec<&str> = LogKind::ALL.iter().map(|kind| kind.name()).collect();
            format!("known logs are {}", names.join(", "))
        })
}
