//! `muster telemetry reset`: sets the usage logs aside.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use muster_core::{LogKind, to_json};
use serde::Serialize;

use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::files::{Places, discover};
use crate::trash::{Moved, bring_back, set_aside, trash_folder};

/// The sums that attune keeps beside its usage logs.
const SUMMARY: &str = "usage_summary.json";

/// Move the usage logs into a trash folder, from which --undo brings them back
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster telemetry reset --yes\n  muster telemetry reset --undo")]
pub(crate) struct Reset {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Bring back what the last reset moved
    #[arg(long, conflicts_with_all = ["home"])]
    undo: bool,
    /// The attune home or its telemetry folder [default: `$ATTUNE_HOME`, else ~/.attune]
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document<'a> {
    moved: &'a [Moved],
    undo: Option<&'static str>,
}

impl Reset {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let trash = trash_folder()?;
        if self.undo {
            let back = bring_back(&trash)?;
            let answer = if back.is_empty() {
                Answer::No
            } else {
                Answer::Yes
            };
            tell(context, &back, false)?;
            return Ok(answer);
        }
        let config = context.config(Path::new("."))?;
        let env_home = std::env::var_os("ATTUNE_HOME").is_some_and(|home| !home.is_empty());
        let home = self
            .home
            .as_deref()
            .or(config.home.as_deref().filter(|_| !env_home));
        let places = Places {
            project: None,
            help: None,
            ..Places::find(home, None)?
        };
        let found = discover(&places, &[LogKind::Usage]);
        let mut files: Vec<PathBuf> = found.files.into_iter().map(|file| file.path).collect();
        let summary = places.telemetry.map(|folder| folder.join(SUMMARY));
        files.extend(summary.filter(|summary| summary.is_file()));
        if !files.is_empty() && !self.confirm(&files, &trash)? {
            return Ok(Answer::No);
        }
        let moved = if files.is_empty() {
            Vec::new()
        } else {
            set_aside(&trash, &files, context.clock.now())?
        };
        tell(context, &moved, true)?;
        Ok(Answer::Yes)
    }

    /// Asks the person at the terminal.
    fn confirm(&self, files: &[PathBuf], trash: &Path) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Err(
                Failure::usage("reset asks before it moves logs, and nobody is there")
                    .hint("--yes moves them without asking"),
            );
        }
        let mut stderr = io::stderr();
        let question = format!(
            "Move {} files of {} to {}? [y/N] ",
            files.len(),
            files[0].parent().unwrap_or(Path::new(".")).display(),
            trash.display()
        );
        let failed = |error: io::Error| Failure::output("the terminal", &error);
        stderr.write_all(question.as_bytes()).map_err(failed)?;
        stderr.flush().map_err(failed)?;
        let mut line = String::new();
        stdin.lock().read_line(&mut line).map_err(failed)?;
        Ok(matches!(line.trim(), "y" | "Y" | "yes"))
    }
}

fn tell(context: &Context, moved: &[Moved], aside: bool) -> Result<(), Failure> {
    let undo = (aside && !moved.is_empty()).then_some("muster telemetry reset --undo");
    if context.json {
        return context.print(&(to_json(&Document { moved, undo }) + "\n"));
    }
    let mut text = String::new();
    for entry in moved {
        let _ = writeln!(text, "{} -> {}", entry.from.display(), entry.to.display());
    }
    text += match (moved.is_empty(), aside) {
        (true, true) => "There are no usage logs to move.\n",
        (true, false) => "No reset has been made that could be undone.\n",
        (false, true) => "Bring them back with: muster telemetry reset --undo\n",
        (false, false) => "",
    };
    context.print(&text)
}
