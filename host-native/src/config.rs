//! `muster.toml`: settings that need not be typed each time.
//!
//! A setting is taken from the first place that has it: a flag, the environment,
//! the file of `--config`, the file found upwards from the project, the user's.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use muster_core::liveness::LivenessOptions;
use muster_core::overview::{AlertDelivery, AlertWhen};
use muster_core::{Day, Decimal, Price, PriceTable, TokenPrice, Usd};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

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

/// The settings of `[liveness]`; what is not set has the core's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LivenessSettings {
    /// `interval_s`: the interval of an agent that shows none, in microseconds.
    pub interval_us: Option<u64>,
    /// `late_percent`: late above so many hundredths of the interval.
    pub late_percent: Option<u64>,
    /// `stale_intervals`: stale above so many intervals, and
    pub stale_intervals: Option<u64>,
    /// `stale_s`: never before this age, in microseconds.
    pub stale_us: Option<u64>,
    /// `clock_skew_s`: differences of clocks up to this are not spoken of, in
    /// microseconds.
    pub clock_skew_us: Option<u64>,
}

impl LivenessSettings {
    /// The limits that hold.
    pub fn options(&self) -> LivenessOptions {
        let default = LivenessOptions::default();
        LivenessOptions {
            default_interval_us: self.interval_us.unwrap_or(default.default_interval_us),
            late_percent: self.late_percent.unwrap_or(default.late_percent),
            stale_intervals: self.stale_intervals.unwrap_or(default.stale_intervals),
            stale_floor_us: self.stale_us.unwrap_or(default.stale_floor_us),
            skew_us: self.clock_skew_us.unwrap_or(default.skew_us),
        }
    }

    fn lay_under(&mut self, weaker: Self) {
        self.interval_us = self.interval_us.or(weaker.interval_us);
        self.late_percent = self.late_percent.or(weaker.late_percent);
        self.stale_intervals = self.stale_intervals.or(weaker.stale_intervals);
        self.stale_us = self.stale_us.or(weaker.stale_us);
        self.clock_skew_us = self.clock_skew_us.or(weaker.clock_skew_us);
    }
}

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

/// An alert on a threshold of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSettings {
    /// `name`: what it is called.
    pub name: String,
    /// `when` and `above`: when it holds.
    pub when: AlertWhen,
    /// `cooldown_s`: for how long it is not told again, in microseconds.
    pub cooldown_us: u64,
    /// `command` or `webhook`: how it is told, beside the page.
    pub target: AlertTarget,
}

/// How an alert is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertTarget {
    /// On the page alone.
    Page,
    /// By a command, which has the alert on its standard input.
    Command(Vec<String>),
    /// By a POST to an address.
    Webhook(String),
}

impl AlertTarget {
    /// Which sort it is.
    pub const fn delivery(&self) -> AlertDelivery {
        match self {
            Self::Page => AlertDelivery::Page,
            Self::Command(_) => AlertDelivery::Command,
            Self::Webhook(_) => AlertDelivery::Webhook,
        }
    }
}

/// For how long an alert is not told again where nobody says, in microseconds.
const ALERT_COOLDOWN_US: u64 = 900_000_000;

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

/// What a model's tokens cost from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPrice {
    /// The model's id.
    pub model: String,
    /// The first day; `None`: since ever.
    pub from: Option<Day>,
    /// The price.
    pub price: Price,
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

/// Minutes east of UTC from `Z`, `+02:00` or `-0330`.
pub fn parse_offset(text: &str) -> Option<i32> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = rest.split(':').collect();
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (hours <= 14 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

/// Turns values of one file into settings, or into errors that name their line.
struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn telemetry(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "home" => config.home = Some(self.folder(value)?),
                "project" => config.project = Some(self.folder(value)?),
                "naive_offset" => {
                    let text = self.string(value)?;
                    let offset = parse_offset(text).ok_or_else(|| {
                        self.error(&value.span(), "an offset is written such as \"+02:00\"")
                    })?;
                    config.naive_offset_minutes = Some(offset);
                }
                "strict" => match value.get_ref() {
                    DeValue::Boolean(strict) => config.strict = Some(*strict),
                    _ => return Err(self.error(&value.span(), "true or false is needed")),
                },
                name => return Err(self.unknown(&key.span(), &format!("telemetry.{name}"))),
            }
        }
        Ok(())
    }

    fn store(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "url" => config.store = Some(self.string(value)?.to_owned()),
                name => return Err(self.unknown(&key.span(), &format!("store.{name}"))),
            }
        }
        Ok(())
    }

    fn liveness(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        let liveness = &mut config.liveness;
        for (key, value) in self.table(value)? {
            match &**key.get_ref() {
                "interval_s" => liveness.interval_us = Some(self.seconds(value)?),
                "late_percent" => liveness.late_percent = Some(self.whole(value)?),
                "stale_intervals" => liveness.stale_intervals = Some(self.whole(value)?),
                "stale_s" => liveness.stale_us = Some(self.seconds(value)?),
                "clock_skew_s" => liveness.clock_skew_us = Some(self.seconds(value)?),
                name => return Err(self.unknown(&key.span(), &format!("liveness.{name}"))),
            }
        }
        Ok(())
    }

    fn alerts(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        let DeValue::Array(alerts) = value.get_ref() else {
            return Err(self.error(&value.span(), "alerts are [[alert]]"));
        };
        for alert in alerts {
            config.alerts.push(self.alert(alert)?);
        }
        Ok(())
    }

    fn alert(&self, value: &Value<'_>) -> Result<AlertSettings, Failure> {
        let (mut name, mut when, mut above) = (None, None, None);
        let mut cooldown_us = ALERT_COOLDOWN_US;
        let mut target = AlertTarget::Page;
        for (key, field) in self.table(value)? {
            match &**key.get_ref() {
                "name" => name = Some(self.string(field)?.to_owned()),
                "when" => when = Some((self.string(field)?, field)),
                "above" => above = Some(field),
                "cooldown_s" => cooldown_us = self.seconds(field)?,
                "command" => target = AlertTarget::Command(self.strings(field)?),
                "webhook" => {
                    let url = self.string(field)?;
                    if !url.starts_with("https://") && !url.starts_with("http://") {
                        let message = "a webhook begins with https:// or http://";
                        return Err(self.error(&field.span(), message));
                    }
                    target = AlertTarget::Webhook(url.to_owned());
                }
                name => return Err(self.unknown(&key.span(), &format!("alert.{name}"))),
            }
        }
        let Some((when, at)) = when else {
            return Err(self.error(&value.span(), "an alert needs when"));
        };
        let when = self.alert_when(when, at, above, value)?;
        Ok(AlertSettings {
            name: name.unwrap_or_else(|| when.name().to_owned()),
            when,
            cooldown_us,
            target,
        })
    }

    fn alert_when(
        &self,
        when: &str,
        at: &Value<'_>,
        above: Option<&Value<'_>>,
        alert: &Value<'_>,
    ) -> Result<AlertWhen, Failure> {
        let needed =
            || above.ok_or_else(|| self.error(&alert.span(), &format!("{when} needs above")));
        let usd = || {
            let field = needed()?;
            Usd::parse(&digits(field))
                .map_err(|_| self.error(&field.span(), "a number of US dollars is needed"))
        };
        Ok(match when {
            "spend_today" => AlertWhen::SpendToday(usd()?),
            "spend_month" => AlertWhen::SpendMonth(usd()?),
            "agents_quiet" => AlertWhen::AgentsQuiet(match above {
                None => 0,
                Some(field) => digits(field)
                    .parse()
                    .map_err(|_| self.error(&field.span(), "a whole number is needed"))?,
            }),
            "approvals_waiting" => AlertWhen::ApprovalsWaiting(self.seconds(needed()?)?),
            "diagnosis" => AlertWhen::Diagnosis,
            _ => {
                return Err(self.error(
                    &at.span(),
                    "when is spend_today, spend_month, agents_quiet, approvals_waiting or diagnosis",
                ));
            }
        })
    }

    fn ops(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
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

    fn diagnosis(
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

    fn command(&self, value: &Value<'_>) -> Result<OpsCommand, Failure> {
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

    fn strings(&self, value: &Value<'_>) -> Result<Vec<String>, Failure> {
        match value.get_ref() {
            DeValue::Array(items) => items
                .iter()
                .map(|item| self.string(item).map(str::to_owned))
                .collect(),
            _ => Err(self.error(&value.span(), "a list of texts is needed here")),
        }
    }

    fn prices(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        for (model, value) in self.table(value)? {
            let model = &**model.get_ref();
            match value.get_ref() {
                DeValue::Array(entries) => {
                    for entry in entries {
                        config.prices.push(self.price(model, entry)?);
                    }
                }
                _ => config.prices.push(self.price(model, value)?),
            }
        }
        Ok(())
    }

    fn gateway(&self, value: &Value<'_>, config: &mut Config) -> Result<(), Failure> {
        for (key, value) in self.table(value)? {
            if &**key.get_ref() != "profile" {
                return Err(self.unknown(&key.span(), &format!("gateway.{}", key.get_ref())));
            }
            for (name, value) in self.table(value)? {
                let profile = self.profile(value)?;
                config.profiles.insert(name.get_ref().to_string(), profile);
            }
        }
        Ok(())
    }

    fn profile(&self, value: &Value<'_>) -> Result<ProfileSettings, Failure> {
        let mut profile = ProfileSettings {
            file: self.path.to_path_buf(),
            ..ProfileSettings::default()
        };
        for (key, value) in self.table(value)? {
            let name = key.get_ref().to_string();
            match name.as_str() {
                "base" => {
                    let base = self.string(value)?;
                    if !gateway::BUILT_IN.contains(&base) {
                        let message = format!("base is one of {}", gateway::BUILT_IN.join(", "));
                        return Err(self.error(&value.span(), &message));
                    }
                    profile.base = Some(base.to_owned());
                }
                "ports" => profile.ports = Some(self.ports(value)?),
                "timeout_s" => profile.timeout_us = Some(self.seconds(value)?),
                known if gateway::PATHS.contains(&known) => {
                    let path = self.folder(value)?.to_string_lossy().into_owned();
                    profile.texts.insert(name, path);
                }
                known if gateway::TEXTS.contains(&known) => {
                    let text = self.string(value)?.to_owned();
                    profile.texts.insert(name, text);
                }
                known if gateway::LISTS.contains(&known) => {
                    profile.lists.insert(name, self.strings(value)?);
                }
                known if gateway::FLAGS.contains(&known) => {
                    profile.flags.insert(name, self.flag(value)?);
                }
                known if gateway::NAMED.contains(&known) => {
                    for (inner, value) in self.table(value)? {
                        let place = (name.clone(), inner.get_ref().to_string());
                        let is_command = matches!(value.get_ref(), DeValue::Array(_));
                        if is_command && matches!(known, "versions" | "documents") {
                            profile.named_lists.insert(place, self.strings(value)?);
                        } else if known == "journals" {
                            profile.named.insert(place, self.string(value)?.to_owned());
                        } else if known == "documents" {
                            return Err(self.error(&value.span(), "a command is a list of texts"));
                        } else {
                            let path = self.folder(value)?.to_string_lossy().into_owned();
                            profile.named.insert(place, path);
                        }
                    }
                }
                _ => {
                    return Err(self.unknown(&key.span(), &format!("gateway.profile.NAME.{name}")));
                }
            }
        }
        Ok(profile)
    }

    fn ports(&self, value: &Value<'_>) -> Result<Vec<u16>, Failure> {
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.error(&value.span(), "a list of ports is needed here"));
        };
        items
            .iter()
            .map(|item| {
                digits(item)
                    .parse()
                    .map_err(|_| self.error(&item.span(), "a port is a number up to 65535"))
            })
            .collect()
    }

    fn flag(&self, value: &Value<'_>) -> Result<bool, Failure> {
        match value.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.error(&value.span(), "true or false is needed")),
        }
    }

    fn price(&self, model: &str, value: &Value<'_>) -> Result<ModelPrice, Failure> {
        let (mut input, mut output, mut from) = (None, None, None);
        for (key, field) in self.table(value)? {
            match &**key.get_ref() {
                "input" => input = Some(self.token_price(field)?),
                "output" => output = Some(self.token_price(field)?),
                "from" => {
                    let day = Day::parse(self.string(field)?).map_err(|_| {
                        self.error(&field.span(), "a day is written such as \"2026-11-20\"")
                    })?;
                    from = Some(day);
                }
                name => return Err(self.unknown(&key.span(), &format!("prices.{model}.{name}"))),
            }
        }
        let (Some(input), Some(output)) = (input, output) else {
            return Err(self.error(
                &value.span(),
                &format!(
                    "the price of {model} needs input and output, in US dollars per million tokens"
                ),
            ));
        };
        Ok(ModelPrice {
            model: model.to_owned(),
            from,
            price: Price { input, output },
        })
    }

    /// A number above zero, in microseconds.
    fn seconds(&self, value: &Value<'_>) -> Result<u64, Failure> {
        let seconds = Decimal::parse(&digits(value));
        let us = seconds.and_then(|seconds| u64::try_from(seconds.as_nanos() / 1000).ok());
        us.filter(|us| *us > 0)
            .ok_or_else(|| self.error(&value.span(), "a number of seconds above zero is needed"))
    }

    /// A whole number above zero.
    fn whole(&self, value: &Value<'_>) -> Result<u64, Failure> {
        let number = digits(value).parse().ok();
        number
            .filter(|number| *number > 0)
            .ok_or_else(|| self.error(&value.span(), "a whole number above zero is needed"))
    }

    /// A price from the digits as they are written, not by way of a float.
    fn token_price(&self, value: &Value<'_>) -> Result<TokenPrice, Failure> {
        TokenPrice::per_million(&digits(value)).map_err(|_| {
            self.error(
                &value.span(),
                "a price is a number of US dollars per million tokens, zero or more",
            )
        })
    }

    fn table<'v, 'a>(&self, value: &'v Value<'a>) -> Result<&'v DeTable<'a>, Failure> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.error(&value.span(), "a table is needed here")),
        }
    }

    fn string<'v>(&self, value: &'v Value<'_>) -> Result<&'v str, Failure> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.error(&value.span(), "a text in quotes is needed here")),
        }
    }

    fn folder(&self, value: &Value<'_>) -> Result<PathBuf, Failure> {
        let text = self.string(value)?;
        let folder = match text.strip_prefix("~/") {
            Some(rest) => env::home_dir().map(|home| home.join(rest)),
            None => None,
        };
        Ok(folder.unwrap_or_else(|| self.path.parent().unwrap_or(Path::new("")).join(text)))
    }

    fn unknown(&self, span: &Range<usize>, name: &str) -> Failure {
        self.error(span, &format!("{name} is no known setting"))
    }

    fn error(&self, span: &Range<usize>, message: &str) -> Failure {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Failure::usage(format!("{}:{line}: {message}", self.path.display()))
            .hint("known are [telemetry] home, project, naive_offset, strict; [store] url; [liveness] interval_s, late_percent, stale_intervals, stale_s, clock_skew_s; [[alert]] name, when, above, cooldown_s, command, webhook; [ops] month_budget_usd, attune; [ops.diagnosis] every_minutes, profile; [[ops.command]] name, title, description, argv, scope, scopes, confirm, time_limit_s; [prices.MODEL] input, output, from; [gateway.profile.NAME] as in docs/gateway.md")
    }
}

/// The digits of a decimal number as they are written; nothing for any other value.
fn digits(value: &Value<'_>) -> String {
    let digits = match value.get_ref() {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
        DeValue::Float(float) => float.as_str(),
        _ => "",
    };
    digits.replace('_', "").trim_start_matches('+').to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Failure> {
        Config::parse(text, Path::new("/project/muster.toml"))
    }

    #[test]
    fn settings_are_read() {
        let config = parse(
            r#"
[telemetry]
home = "logs"
project = "/elsewhere"
naive_offset = "-03:30"
strict = true
[store]
url = "redis://localhost"
[liveness]
interval_s = 2.5
stale_intervals = 4
[prices.claude-sonnet-5]
input = 2.123456
output = 1_0
[[prices."a model"]]
input = 0
output = 0.5
from = "2026-10-01"
"#,
        )
        .unwrap();
        assert_eq!(config.home, Some(PathBuf::from("/project/logs")));
        assert_eq!(config.project, Some(PathBuf::from("/elsewhere")));
        assert_eq!(config.naive_offset_minutes, Some(-210));
        assert_eq!(config.strict, Some(true));
        assert_eq!(config.store.as_deref(), Some("redis://localhost"));
        let limits = config.liveness.options();
        assert_eq!(limits.default_interval_us, 2_500_000);
        assert_eq!(limits.stale_intervals, 4);
        assert_eq!(
            limits.stale_floor_us,
            LivenessOptions::default().stale_floor_us
        );
        let table = config.price_table();
        let day = Day::parse("2026-11-01").unwrap();
        let price = table.price("claude-sonnet-5", day).unwrap();
        assert_eq!(price.input.usd_per_million().to_string(), "2.123456");
        assert_eq!(price.output.usd_per_million().to_string(), "10");
        assert!(table.price("a model", day).is_some());
        let before = Day::parse("2026-09-30").unwrap();
        assert!(table.price("a model", before).is_none());
    }

    #[test]
    fn errors_name_their_line() {
        for (text, says) in [
            (
                "\n[telemetry]\nhom = 1",
                ":3: telemetry.hom is no known setting",
            ),
            ("[x]", ":1: x is no known setting"),
            ("\n\n[liveness]\na=1", ":4: liveness.a is no known setting"),
            ("[liveness]\nstale_s = 0", ":2: a number of seconds"),
            ("[liveness]\nlate_percent = 1.5", ":2: a whole number"),
            ("[gateway]\nx = 1", ":2: gateway.x is no known"),
            (
                "[gateway.profile.a]\nx = 1",
                ":2: gateway.profile.NAME.x is no",
            ),
            (
                "[gateway.profile.a]\nbase = \"b\"",
                ":2: base is one of joelclaw",
            ),
            ("[gateway.profile.a]\nports = [70000]", ":2: a port is"),
            ("[[alert]]\nname = \"x\"", ":1: an alert needs when"),
            (
                "[[alert]]\nwhen = \"spend_today\"",
                "spend_today needs above",
            ),
            ("[[alert]]\nwhen = \"never\"", ":2: when is spend_today"),
            ("[[ops.command]]\nname = \"a b\"", "a command needs a name"),
            ("[[ops.command]]\nname = \"a\"", "a needs argv"),
            ("[ops]\nx = 1", ":2: ops.x is no known setting"),
            ("[ops]\nattune = 1", ":2: a text in quotes"),
            ("[ops.diagnosis]\nevery_minutes = 0", ":2: a whole number"),
            ("[ops.diagnosis]\nevery_minutes = 99999", ":2: at most"),
            ("[ops.diagnosis]\nx = 1", "ops.diagnosis.x is no known"),
            ("[prices.m]\ninput = 1", "needs input and output"),
            ("[prices.m]\ninput = -1\noutput = 1", ":2: a price is"),
            ("[prices.m]\ninput = \"1\"\noutput = 1", ":2: a price is"),
            ("[telemetry]\nstrict = 1", ":2: true or false"),
            ("[telemetry]\nnaive_offset = \"2\"", ":2: an offset"),
            ("a = ", ":1: "),
            ("telemetry = 1", ":1: a table is needed here"),
        ] {
            let failure = parse(text).unwrap_err();
            assert!(failure.message.contains(says), "{text}: {failure}");
            assert_eq!(failure.kind.exit(), 2);
        }
    }

    #[test]
    fn profiles_are_read() {
        let text = r#"
[gateway.profile.web]
base = "systemd"
service = "nginx.service"
logs.nginx-error = "log/error.log"
documents.pg = ["psql", "-c", "x"]
ports = [80]
timeout_s = 2.5
"#;
        let config = parse(text).unwrap();
        let web = config.profile("web").unwrap();
        assert_eq!(web.service.as_deref(), Some("nginx.service"));
        assert_eq!(web.logs["nginx-error"], Path::new("/project/log/error.log"));
        assert_eq!(web.documents["pg"], ["psql", "-c", "x"]);
        assert_eq!((web.ports, web.limit.as_millis()), (vec![80], 2500));
        assert_eq!(config.profile("moon").unwrap_err().kind.exit(), 2);
    }

    #[test]
    fn the_nearer_file_wins() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(
            root.path().join("a/muster.toml"),
            "[telemetry]\nstrict = true\n",
        )
        .unwrap();
        let named = root.path().join("named.toml");
        fs::write(
            &named,
            "[telemetry]\nhome = \"h\"\n[prices.claude-opus-5]\ninput=1\noutput=1\n",
        )
        .unwrap();
        let config = Config::load(Some(&named), &inner).unwrap();
        assert_eq!(config.strict, Some(true));
        assert_eq!(config.home, Some(root.path().join("h")));
        assert!(config.files.len() >= 2);
        let absent = root.path().join("absent.toml");
        assert_eq!(
            Config::load(Some(&absent), &inner).unwrap_err().kind.exit(),
            3
        );
    }

    #[test]
    fn commands_of_a_file_that_was_found_are_not_taken() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("muster.toml");
        let text = r#"
[ops]
month_budget_usd = 350.5
attune = "venv/bin/attune"
diagnosis = { every_minutes = 5, profile = "systemd" }
[[ops.command]]
name = "test"
argv = ["cargo", "test", "{scope}"]
scope = "optional"
scopes = ["core"]
time_limit_s = 60
[[alert]]
name = "dear"
when = "spend_today"
above = 10
command = ["notify-send", "dear"]
[[alert]]
when = "approvals_waiting"
above = 300
webhook = "https://chat.example/hook"
"#;
        fs::write(&file, text).unwrap();
        let found = Config::load(None, root.path()).unwrap();
        assert!(found.commands.is_empty());
        assert_eq!(found.commands_not_trusted.len(), 1);
        let targets: Vec<_> = found.alerts.iter().map(|alert| &alert.target).collect();
        assert_eq!(targets, [&AlertTarget::Page, &AlertTarget::Page]);
        assert_eq!((found.attune, found.diagnosis.every_minutes), (None, None));
        let named = Config::load(Some(&file), root.path()).unwrap();
        assert_eq!(named.commands[0].scope, CommandScope::Optional);
        assert_eq!(named.commands[0].time_limit_us, 60_000_000);
        assert_eq!(named.alerts[1].name, "approvals_waiting");
        assert_eq!(
            named.alerts[1].when,
            AlertWhen::ApprovalsWaiting(300_000_000)
        );
        assert_eq!(named.month_budget, Usd::parse("350.5").ok());
        let attune = AttuneProgram::Path(root.path().join("venv/bin/attune"));
        assert_eq!(named.attune, Some(attune));
        assert_eq!(named.diagnosis.profile.as_deref(), Some("systemd"));
        let off = parse("[ops]\nattune = false").unwrap();
        assert_eq!(off.attune, Some(AttuneProgram::Off));
    }

    #[test]
    fn offsets_are_read_or_refused() {
        for (text, minutes) in [
            ("Z", Some(0)),
            ("+02:00", Some(120)),
            ("-0330", Some(-210)),
            ("+15:00", None),
            ("2", None),
            ("", None),
            ("+\u{e9}0:00", None),
        ] {
            assert_eq!(parse_offset(text), minutes, "{text}");
        }
    }
}
