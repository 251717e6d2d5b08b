//! `[ops]`, `[ops.diagnosis]` and `[[ops.command]]`.

use std::path::PathBuf;

use muster_core::Usd;
use toml::de::DeValue;

use super::Config;
use super::reader::{Reader, Value, digits};
use crate::error::Failure;

/// The settings of `[ops.diagnosis]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiagnosisSettings {
    /// `every_minutes`: how often the gateway is looked at without being asked.
    pub every_minutes: Option<u64>,
    /// `profile`: which set-up is looked at.
    pub profile: Option<String>,
}

/// The program whose workflows the dashboard offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttuneProgram {
    /// This one.
    Path(PathBuf),
    /// None: they are not offered.
    Off,
}

/// The longest time between two diagnoses, in minutes: a week.
pub const MAX_DIAGNOSIS_MINUTES: u64 = 7 * 24 * 60;

/// A command that the dashboard may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpsCommand {
    /// `name`: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// `title`: what people call it.
    pub title: Option<String>,
    /// `description`: what it does.
    pub description: Option<String>,
    /// `argv`: the program and its arguments; `{scope}` stands for the path.
    pub argv: Vec<String>,
    /// `scope`: whether it takes a path.
    pub scope: CommandScope,
    /// `scopes`: paths to offer.
    pub scopes: Vec<String>,
    /// `confirm`: what is asked before it starts.
    pub confirm: Option<String>,
    /// `time_limit_s`: how long it may run, in microseconds.
    pub time_limit_us: u64,
    /// The file that declares it.
    pub source: PathBuf,
}

/// Whether a command takes a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommandScope {
    /// It does not.
    #[default]
    None,
    /// It may.
    Optional,
    /// It must.
    Required,
}

impl CommandScope {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// How long a command runs where nobody says, in microseconds.
const COMMAND_LIMIT_US: u64 = 3_600_000_000;

impl Reader<'_> {
    pub(super) fn ops(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "month_budget_usd" => {
                    let budget = Usd::parse(&digits(value)).map_err(|_| {
                        self.error(&value.span(), "a budget is a number of US dollars")
                    })?;
                    config.month_budget = Some(budget);
                }
                "command" => {
                    let DeValue::Array(commands) = value.get_ref() else {
                        return Err(self.error(&value.span(), "commands are [[ops.command]]"));
                    };
                    for command in commands {
                        config.commands.push(self.command(command)?);
                    }
                }
                "diagnosis" => self.diagnosis(value, &mut config.diagnosis)?,
                "attune" => {
                    config.attune = Some(match value.get_ref() {
                        DeValue::Boolean(false) => AttuneProgram::Off,
                        _ => AttuneProgram::Path(self.folder(value)?),
                    });
                }
                name => return Err(self.unknown(&key.span(), &format!("ops.{name}"))),
            }
        }
        Ok(())
    }

    pub(super) fn diagnosis(
        &self,
        value: &Value<'_>,
        settings: &mut DiagnosisSettings,
    ) -> Result<(), Failure> {
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "every_minutes" => {
                    let minutes = self.whole(value)?;
                    if minutes > MAX_DIAGNOSIS_MINUTES {
                        let message = format!("at most {MAX_DIAGNOSIS_MINUTES} minutes, a week");
                        return Err(self.error(&value.span(), &message));
                    }
                    settings.every_minutes = Some(minutes);
                }
                "profile" => settings.profile = Some(self.string(value)?.to_owned()),
                name => return Err(self.unknown(&key.span(), &format!("ops.diagnosis.{name}"))),
            }
        }
        Ok(())
    }

    pub(super) fn command(&self, value: &Value<'_>) -> Result<OpsCommand, Failure> {
        let mut command = OpsCommand {
            name: String::new(),
            title: None,
            description: None,
            argv: Vec::new(),
            scope: CommandScope::None,
            scopes: Vec::new(),
            confirm: None,
            time_limit_us: COMMAND_LIMIT_US,
            source: self.path.to_path_buf(),
        };
        for (key, field) in self.table(value)? {
            match &**key.get_ref() {
                "name" => self.string(field)?.clone_into(&mut command.name),
                "title" => command.title = Some(self.string(field)?.to_owned()),
                "description" => command.description = Some(self.string(field)?.to_owned()),
                "argv" => command.argv = self.strings(field)?,
                "scopes" => command.scopes = self.strings(field)?,
                "confirm" => command.confirm = Some(self.string(field)?.to_owned()),
                "time_limit_s" => command.time_limit_us = self.seconds(field)?,
                "scope" => {
                    command.scope = match self.string(field)? {
                        "none" => CommandScope::None,
                        "optional" => CommandScope::Optional,
                        "required" => CommandScope::Required,
                        _ => {
                            return Err(
                                self.error(&field.span(), "a scope is none, optional or required")
                            );
                        }
                    }
                }
                name => return Err(self.unknown(&key.span(), &format!("ops.command.{name}"))),
            }
        }
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if command.name.is_empty() || !command.name.chars().all(is_name) {
            let message = "a command needs a name of letters, digits, -, _ and .";
            return Err(self.error(&value.span(), message));
        }
        if command.argv.is_empty() {
            let message = format!("{} needs argv, the program and its arguments", command.name);
            return Err(self.error(&value.span(), &message));
        }
        Ok(command)
    }
}
