//! How entries are made, for every command that makes some.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use muster_core::bridge::{BridgeOptions, ErrorPatterns, Mapping, MessageRedaction, Producer};

use crate::error::Failure;
use crate::files::read_text;

/// The options that say how entries are made.
#[derive(Args, Clone, Debug)]
pub(super) struct EntryArgs {
    /// Who makes the entries: JSON with swampVersion, denoVersion, platform, ..
    #[arg(long, value_name = "FILE", help_heading = "Entries")]
    producer: Option<PathBuf>,
    /// Which run the methods of a nested run are entries of
    #[arg(long, value_name = "RUN", value_enum, default_value_t = Nested::Own, help_heading = "Entries")]
    nested: Nested,
    /// Take a model's name out of error texts wherever it stands
    #[arg(long, help_heading = "Entries")]
    redact_names: bool,
    /// A list of error texts that are the user's: `{"version":1,"user_errors":["Model not found: *"]}`
    #[arg(long, value_name = "FILE", help_heading = "Entries")]
    classify: Option<PathBuf>,
    /// The lines are another engine's; this file says what they stand for (docs/bridge.md)
    #[arg(long, value_name = "FILE", help_heading = "Entries")]
    mapping: Option<PathBuf>,
}

/// Which run the methods of a nested run are entries of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Nested {
    /// The nested run; the entry names the outer step
    Own,
    /// The run around it
    Outer,
}

impl EntryArgs {
    /// How the bridge decides.
    pub(super) fn bridge_options(&self) -> Result<BridgeOptions, Failure> {
        let patterns = read_document(self.classify.as_deref(), ErrorPatterns::parse)?;
        Ok(BridgeOptions {
            redaction: if self.redact_names {
                MessageRedaction::AllNames
            } else {
                MessageRedaction::EngineNames
            },
            patterns: patterns.unwrap_or_default(),
            outer_run: self.nested == Nested::Outer,
        })
    }

    /// Who makes the entries, if that was said.
    pub(super) fn producer(&self) -> Result<Option<Producer>, Failure> {
        read_document(self.producer.as_deref(), Producer::parse)
    }

    /// What the lines of another engine stand for, if they are another's.
    pub(super) fn mapping(&self) -> Result<Option<Mapping>, Failure> {
        read_document(self.mapping.as_deref(), Mapping::parse)
    }
}

/// What `parse` makes of a file that the user named.
fn read_document<T, E: std::fmt::Display>(
    path: Option<&Path>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let text = read_text(path)
        .map_err(|error| Failure::reading(&format!("cannot read {}", path.display()), &error))?;
    let document = parse(&text).map_err(|error| {
        Failure::unusable(format!("{} cannot be used: {error}", path.display()))
            .hint("the form is shown in the help of this command and in docs/bridge.md")
    })?;
    Ok(Some(document))
}
