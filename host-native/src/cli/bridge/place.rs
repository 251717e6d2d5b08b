//! Which spool, and whether telemetry is wanted.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::bridge::{Spool, SwampSettings};
use crate::cli::Context;
use crate::error::Failure;

/// The options that say which spool.
#[derive(Args, Clone, Debug)]
pub(super) struct PlaceArgs {
    /// The spool's folder [default: telemetry in swamp's settings folder]
    #[arg(long, value_name = "DIR", help_heading = "Spool")]
    spool: Option<PathBuf>,
    /// Whose .swamp.yaml holds: this folder's or the nearest above it
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".",
        hide_default_value = true,
        help_heading = "Spool"
    )]
    repo: PathBuf,
}

/// The option that turns telemetry off for one command.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct OptOutArgs {
    /// Write and send nothing
    #[arg(long, help_heading = "Spool")]
    pub(super) no_telemetry: bool,
}

impl PlaceArgs {
    /// Whether a spool is named.
    pub(super) fn is_named(&self) -> bool {
        self.spool.is_some()
    }

    /// Swamp's settings; what cannot be read of them is said.
    pub(super) fn settings(&self, context: &Context, off: bool) -> SwampSettings {
        let settings = SwampSettings::load(&self.repo, off);
        for (path, reason) in &settings.unreadable {
            context.say(0, || format!("cannot read {}: {reason}", path.display()));
        }
        settings
    }

    /// The spool. One that is named has to be there when `must_exist`.
    pub(super) fn spool(
        &self,
        settings: &SwampSettings,
        must_exist: bool,
    ) -> Result<Spool, Failure> {
        if let Some(named) = &self.spool {
            if must_exist || named.exists() {
                check_folder(named)?;
            }
            return Ok(Spool::new(named));
        }
        let folder = settings.spool().ok_or_else(|| {
            Failure::usage("there is no home folder in which a spool could lie")
                .hint("name one by --spool")
        })?;
        Ok(Spool::new(folder))
    }
}

fn check_folder(named: &Path) -> Result<(), Failure> {
    if named.is_dir() {
        return Ok(());
    }
    let what = if named.exists() {
        "it is no folder"
    } else {
        "there is no such folder"
    };
    Err(
        Failure::unreachable(format!("cannot use --spool {}: {what}", named.display()))
            .hint("name the folder that holds telemetry-*.json"),
    )
}
