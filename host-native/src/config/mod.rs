//! `muster.toml`: settings that need not be typed each time.
//!
//! A setting is taken from the first place that has it: a flag, the environment,
//! the file of `--config`, the file found upwards from the project, the user's.
//! One file of code for each table.

mod alerts;
mod liveness;
mod ops;
mod prices;
mod profiles;
mod reader;
mod telemetry;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use muster_core::{PriceTable, Usd};
use toml::de::DeTable;

pub use alerts::{AlertSettings, AlertTarget};
pub use liveness::LivenessSettings;
pub use ops::{AttuneProgram, CommandScope, DiagnosisSettings, MAX_DIAGNOSIS_MINUTES, OpsCommand};
pub use prices::ModelPrice;
use reader::Reader;
pub use telemetry::parse_offset;

use crate::error::Failure;
use crate::files::read_text;
use crate::folders;
use crate::gateway::{self, Profile, ProfileSettings};

/// The file's name.
pub const FILE_NAME: &str = "muster.toml";

/// The settings of one file, or of several laid over each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `telemetry.home`: the attune home.
    pub home: Option<PathBuf>,
    /// `telemetry.project`: the project.
    pub project: Option<PathBuf>,
    /// `telemetry.naive_offset`: the offset of times without one, in minutes east of UTC.
    pub naive_offset_minutes: Option<i32>,
    /// `telemetry.strict`: whether skipped lines are a failure.
    pub strict: Option<bool>,
    /// `store.url`: where signals, heartbeats and approvals live.
    pub store: Option<String>,
    /// `liveness`: when an agent counts as late, stale or dead.
    pub liveness: LivenessSettings,
    /// `ops.month_budget_usd`: the user's own limit for a month.
    pub month_budget: Option<Usd>,
    /// `ops.diagnosis`: how often the gateway is looked at; none of a file that was
    /// found by walking up.
    pub diagnosis: DiagnosisSettings,
    /// `ops.attune`: where attune is, whose workflows the dashboard offers; none of a
    /// file that was found by walking up.
    pub attune: Option<AttuneProgram>,
    /// `alert`: what the dashboard tells of.
    pub alerts: Vec<AlertSettings>,
    /// `ops.command`: what the dashboard may run; none of a file that was found by
    /// walking up.
    pub commands: Vec<OpsCommand>,
    /// Files whose commands are not taken, because nobody named them.
    pub commands_not_trusted: Vec<PathBuf>,
    /// `prices.MODEL`: what tokens cost.
    pub prices: Vec<ModelPrice>,
    /// `gateway.profile.NAME`: set-ups that can be diagnosed.
    pub profiles: BTreeMap<String, ProfileSettings>,
    /// The files that the settings come from, strongest first.
    pub files: Vec<PathBuf>,
}

impl Config {
    /// The settings that hold for a command: of `named`, which must be there, of
    /// the file found upwards from `project`, and of the user's.
    pub fn load(named: Option<&Path>, project: &Path) -> Result<Self, Failure> {
        let mut config = Self::default();
        if let Some(path) = named {
            let text = read_text(path).map_err(|error| unreadable(path, &error))?;
            config.lay_under(Self::parse(&text, path)?);
        }
        let found = found_upwards(project);
        let of_user = of_user();
        for path in found.iter().chain(of_user.iter()) {
            if config.files.contains(path) {
                continue;
            }
            let is_found = found.as_ref() == Some(path) && of_user.as_ref() != Some(path);
            match read_text(path) {
                Ok(text) => {
                    let mut weaker = Self::parse(&text, path)?;
                    for profile in weaker.profiles.values_mut() {
                        profile.is_found = is_found;
                    }
                    // Whoever wrote into a folder must not decide what is run.
                    if is_found {
                        weaker.distrust(path);
                    }
                    config.lay_under(weaker);
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) => {}
                Err(error) => return Err(unreadable(path, &error)),
            }
        }
        Ok(config)
    }

    /// The built-in prices, and those of the files over them.
    pub fn price_table(&self) -> PriceTable {
        let mut table = PriceTable::builtin();
        // The strongest file comes first and so has to be laid on last.
        for entry in self.prices.iter().rev() {
            table.insert(&entry.model, entry.from, entry.price);
        }
        table
    }

    /// The profile of a name: of the files, else built in.
    pub fn profile(&self, name: &str) -> Result<Profile, Failure> {
        let known = match self.profiles.get(name) {
            Some(settings) => settings.profile(name).ok(),
            None => Profile::built_in(name),
        };
        known.ok_or_else(|| {
            let names: Vec<&str> = gateway::BUILT_IN
                .into_iter()
                .chain(self.profiles.keys().map(String::as_str))
                .collect();
            Failure::usage(format!("there is no profile {name}")).hint(format!(
                "known are {}; others are written as [gateway.profile.NAME] into {FILE_NAME}",
                names.join(", ")
            ))
        })
    }

    /// Reads the text of the file at `path`; paths in it are relative to its folder.
    pub fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        let reader = Reader { text, path };
        let table = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            reader.error(&span, error.message())
        })?;
        let mut config = Self {
            files: vec![path.to_path_buf()],
            ..Self::default()
        };
        for (key, value) in table.get_ref() {
            match &**key.get_ref() {
                "telemetry" => reader.telemetry(value, &mut config)?,
                "store" => reader.store(value, &mut config)?,
                "liveness" => reader.liveness(value, &mut config)?,
                "ops" => reader.ops(value, &mut config)?,
                "alert" => reader.alerts(value, &mut config)?,
                "prices" => reader.prices(value, &mut config)?,
                "gateway" => reader.gateway(value, &mut config)?,
                name => return Err(reader.unknown(&key.span(), name)),
            }
        }
        Ok(config)
    }

    /// Takes out what would run or send something.
    fn distrust(&mut self, path: &Path) {
        if !self.commands.is_empty() {
            self.commands.clear();
            self.commands_not_trusted.push(path.to_path_buf());
        }
        for alert in &mut self.alerts {
            alert.target = AlertTarget::Page;
        }
        self.diagnosis = DiagnosisSettings::default();
        self.attune = None;
    }

    /// Takes from `weaker` what is not set here.
    fn lay_under(&mut self, weaker: Self) {
        self.home = self.home.take().or(weaker.home);
        self.project = self.project.take().or(weaker.project);
        self.naive_offset_minutes = self.naive_offset_minutes.or(weaker.naive_offset_minutes);
        self.strict = self.strict.or(weaker.strict);
        self.store = self.store.take().or(weaker.store);
        self.liveness.lay_under(weaker.liveness);
        self.month_budget = self.month_budget.or(weaker.month_budget);
        let diagnosis = &mut self.diagnosis;
        diagnosis.every_minutes = diagnosis.every_minutes.or(weaker.diagnosis.every_minutes);
        diagnosis.profile = diagnosis.profile.take().or(weaker.diagnosis.profile);
        self.attune = self.attune.take().or(weaker.attune);
        for alert in weaker.alerts {
            if self.alerts.iter().all(|known| known.name != alert.name) {
                self.alerts.push(alert);
            }
        }
        for command in weaker.commands {
            if self.commands.iter().all(|known| known.name != command.name) {
                self.commands.push(command);
            }
        }
        self.commands_not_trusted
            .extend(weaker.commands_not_trusted);
        self.prices.extend(weaker.prices);
        for (name, profile) in weaker.profiles {
            self.profiles.entry(name).or_insert(profile);
        }
        self.files.extend(weaker.files);
    }
}

/// The nearest file in `folder` or above.
fn found_upwards(folder: &Path) -> Option<PathBuf> {
    let folder = fs::canonicalize(folder).ok()?;
    folder
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.exists())
}

/// The user's file: `$XDG_CONFIG_HOME/muster/muster.toml`, by default in `~/.config`.
fn of_user() -> Option<PathBuf> {
    folders::config().map(|folder| folder.join(FILE_NAME))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::reading(
        &format!("cannot read the settings in {}", path.display()),
        error,
    )
    .hint("make the file readable, or name another by --config")
}
