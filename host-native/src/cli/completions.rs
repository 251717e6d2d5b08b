//! `muster completions` and `muster man`: what shells and manuals know of the commands.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use clap_complete::Shell;

use super::Context;
use crate::error::{Answer, Failure};

/// Print the completions of a shell
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster completions bash > ~/.local/share/bash-completion/completions/muster"
)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// Print the manual page, or write the pages of all commands into a folder
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster man ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// The folder to write to
    folder: Option<PathBuf>,
}

impl Completions {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut super::command(), "muster", &mut text);
        context.print(&String::from_utf8_lossy(&text))?;
        Ok(Answer::Yes)
    }
}

impl Man {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        match &self.folder {
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(super::command())
                    .render(&mut page)
                    .map_err(|error| Failure::defect(format!("no manual page: {error}")))?;
                context.print(&String::from_utf8_lossy(&page))?;
            }
            Some(folder) => {
                let write = |folder: &Path| {
                    fs::create_dir_all(folder)?;
                    clap_mangen::generate_to(super::command(), folder)
                };
                write(folder)
                    .map_err(|error| Failure::output(&folder.display().to_string(), &error))?;
                context.say(1, || format!("wrote manual pages to {}", folder.display()));
            }
        }
        Ok(Answer::Yes)
    }
}
