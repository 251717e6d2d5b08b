//! What holds for a whole command: output form, clock, time zone, settings.

use std::env;
use std::io::{self, IsTerminal, Write as _};
use std::path::Path;

use clap::Args;
use muster_core::{Timestamp, to_json};
use serde::Serialize;

use super::Global;
use super::shell::quoted;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Answer, Failure};
use crate::render::{Style, Zone};
use crate::store::StoreUrl;

/// The option of reports that have rows.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct RowArgs {
    /// Print rows as CSV
    #[arg(long)]
    csv: bool,
}

/// What holds for a whole command.
#[derive(Debug)]
pub struct Context {
    /// Whether the output is JSON.
    pub json: bool,
    /// How much is said on the standard error.
    pub verbose: u8,
    /// Says what time it is.
    pub clock: Clock,
    /// How text may look.
    pub style: Style,
    /// The file that `--config` names.
    pub(crate) config: Option<std::path::PathBuf>,
    /// `--store`, or `MUSTER_STORE`.
    pub store: Option<String>,
    /// Whether it was `--store`.
    is_store_typed: bool,
    /// Whether what other systems wrote into the store is looked for.
    pub foreign: bool,
}

impl Context {
    /// The context that the global options and the environment ask for;
    /// `is_store_typed`: the store was named by the option.
    pub fn new(global: &Global, is_store_typed: bool) -> Result<Self, Failure> {
        // A variable that is empty is one that is not set; an option is meant.
        let store = global.store.clone();
        let store = store.filter(|store| is_store_typed || !store.is_empty());
        let zone = Zone::parse(&global.tz).ok_or_else(|| {
            Failure::usage(format!("--tz {}: no such time zone", global.tz))
                .hint("name one such as UTC, local, Europe/Berlin or +02:00")
        })?;
        let fixed = match global.now.as_deref().filter(|now| !now.is_empty()) {
            Some(text) => {
                let parsed = Timestamp::parse(text);
                Some(parsed.map_err(|error| Failure::usage(format!("--now {text}: {error}")))?)
            }
            None => None,
        };
        Ok(Self {
            json: global.json,
            verbose: global
                .verbose
                .max(level_of(&env::var("RUST_LOG").unwrap_or_default())),
            clock: Clock { fixed },
            style: Style::of_stdout(zone),
            config: global.config.clone(),
            store,
            is_store_typed,
            foreign: !global.no_foreign,
        })
    }

    /// The settings that hold for a project.
    pub fn config(&self, project: &Path) -> Result<Config, Failure> {
        let config = Config::load(self.config.as_deref(), project)?;
        for file in &config.files {
            self.say(1, || format!("settings from {}", file.display()));
        }
        Ok(config)
    }

    /// The options that say which store, as they have to be typed again for another
    /// command to find the same one; each behind a space.
    pub(crate) fn store_options(&self) -> String {
        let mut typed = String::new();
        if let Some(store) = self.store.as_ref().filter(|_| self.is_store_typed) {
            // A password does not belong on a screen.
            let shown = match StoreUrl::parse(store) {
                Ok(url) if url.secret().is_some_and(|secret| secret != url.to_string()) => {
                    url.to_string()
                }
                _ => store.clone(),
            };
            typed += " --store ";
            typed += &quoted(&shown);
        }
        if let Some(config) = &self.config {
            typed += " --config ";
            typed += &quoted(&config.display().to_string());
        }
        typed
    }

    /// Prints a view: as JSON if asked, else as the text that `render` makes.
    pub fn answer<T: Serialize>(
        &self,
        view: &T,
        render: impl FnOnce(&T, &Style) -> String,
    ) -> Result<Answer, Failure> {
        if self.json {
            self.print(&(to_json(view) + "\n"))?;
        } else {
            self.print(&render(view, &self.style))?;
        }
        Ok(Answer::Yes)
    }

    /// Prints a view like [`Self::answer`], or as the rows that `csv` makes.
    pub fn answer_or_rows<T: Serialize>(
        &self,
        view: &T,
        rows: &RowArgs,
        render: impl FnOnce(&T, &Style) -> String,
        csv: impl FnOnce(&T) -> String,
    ) -> Result<Answer, Failure> {
        if !rows.csv {
            return self.answer(view, render);
        }
        if self.json {
            return Err(Failure::usage("--csv and --json exclude each other"));
        }
        self.print(&csv(view))?;
        Ok(Answer::Yes)
    }

    /// Makes room for an answer that is given again: on a terminal in the place of
    /// the one before, else after an empty line.
    pub(crate) fn begin_again(&self, first: bool) -> Result<(), Failure> {
        if self.json {
            Ok(())
        } else if io::stdout().is_terminal() {
            self.print("\x1b[H\x1b[2J")
        } else if first {
            Ok(())
        } else {
            self.print("\n")
        }
    }

    /// Prints text as it is.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| Failure::output("the standard output", &error))
    }

    /// Says something on the standard error, if that much is wanted.
    pub fn say(&self, level: u8, text: impl FnOnce() -> String) {
        if self.verbose >= level {
            say(&text());
        }
    }

    /// Shows a text in the place of the one before: on a terminal, without a flicker;
    /// in a pipe below it.
    pub(crate) fn redraw(&self, text: &str, first: bool) -> Result<(), Failure> {
        if self.json || !io::stdout().is_terminal() {
            return self.print(text);
        }
        // Each line ends with "delete to its end", the whole with "delete below".
        let text = text.replace('\n', "\x1b[K\n");
        let clear = if first { "\x1b[2J" } else { "" };
        self.print(&format!("{clear}\x1b[H{text}\x1b[J"))
    }

    /// Whether a person sees the standard output as it is written.
    pub(crate) fn is_live(&self) -> bool {
        !self.json && io::stdout().is_terminal()
    }

    /// Whether a person sees the standard error as it is written.
    pub fn shows_progress(&self) -> bool {
        io::stderr().is_terminal()
    }
}

/// Says something on the standard error. What is said beside the answer may get lost.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "muster: {}", crate::render::plain(text));
}

/// How much `RUST_LOG` asks for: the level that it states for everything or for muster.
fn level_of(log: &str) -> u8 {
    log.split(',')
        .filter_map(|directive| match directive.trim().split_once('=') {
            None => Some(directive.trim()),
            Some(("muster", level)) => Some(level),
            Some(_) => None,
        })
        .map(|level| match level.to_ascii_lowercase().as_str() {
            "debug" | "muster" => 1,
            "trace" => 2,
            _ => 0,
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_level_of_the_environment_is_understood() {
        for (log, level) in [
            ("", 0),
            ("info", 0),
            ("debug", 1),
            ("muster=trace", 2),
            ("tokio=trace,muster=debug", 1),
            ("nonsense=", 0),
        ] {
            assert_eq!(level_of(log), level, "{log}");
        }
    }
}
