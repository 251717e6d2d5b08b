//! Rules as data: causes, remedies, patterns and thresholds.
//!
//! People write packs as TOML; the native host turns that into the JSON form
//! that [`Pack::parse`] reads, so that every host takes the same packs. The
//! built-in one is `gateway.toml`, kept as `gateway.json` by a test.

mod read;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::foreign::NamedRule;
use super::layer::Layer;
use super::pattern::Pattern;
use super::verdict::{Delivery, Severity};

/// The built-in pack, in JSON.
pub const GATEWAY_PACK: &str = include_str!("gateway.json");

/// The version of the pack format.
pub const PACK_VERSION: u64 = 1;

/// A parsed pack.
#[derive(Clone, Debug)]
pub struct Pack {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) thresholds: BTreeMap<String, i64>,
    pub(crate) remedies: Vec<Remedy>,
    pub(crate) causes: Vec<Cause>,
    pub(crate) logs: Vec<LogRule>,
    pub(crate) events: Vec<EventRule>,
    pub(crate) values: Vec<ValueRule>,
    pub(crate) files: Vec<FileRule>,
    pub(crate) processes: Vec<ProcessRule>,
    pub(crate) ports: Vec<PortRule>,
}

/// What is wrong with a pack, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackError {
    /// The way from the document to the place.
    pub path: Vec<PackStep>,
    /// What is wrong there.
    pub message: String,
}

/// One step into a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackStep {
    /// Into a table, by name.
    Key(String),
    /// Into an array, by number from 0.
    Index(usize),
}

/// What to do about a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// The stable id.
    pub id: String,
    /// What to do, in a sentence.
    pub text: String,
    /// The command that does it, where one does.
    pub command: Option<String>,
}

/// A cause, and how it relates to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The stable id, `group.name`.
    pub id: String,
    /// The layer that its evidence usually lies in.
    pub layer: Layer,
    /// How bad it is.
    pub severity: Severity,
    /// What it does to the delivery of messages.
    pub delivery: Delivery,
    /// What it is, in a sentence.
    pub title: String,
    /// Ids of remedies, in the order to try them.
    pub remedies: Vec<String>,
    /// Ids of causes that this one makes secondary.
    pub explains: Vec<String>,
    /// Gives way to every other cause.
    pub minor: bool,
    /// The pack that names it.
    pub pack: String,
}

/// A line, or the first line of a record, that a log may hold.
#[derive(Clone, Debug)]
pub(crate) struct LogRule {
    pub(crate) id: String,
    /// Which log: `err_log`, `out_log` or the name of another.
    pub(crate) log: String,
    pub(crate) tag: String,
    pub(crate) text: Pattern,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) cause: Option<String>,
    pub(crate) at_least: u64,
    /// The telemetry event of the same fact.
    pub(crate) event: Option<String>,
    /// Names of fields that make up the record's time.
    pub(crate) time: Vec<String>,
    /// The process has just started.
    pub(crate) is_start: bool,
    /// The field that holds the length of an answer that is printed after the record.
    pub(crate) answer_length: Option<String>,
}

/// A telemetry event that may have been sent.
#[derive(Clone, Debug)]
pub(crate) struct EventRule {
    pub(crate) id: String,
    pub(crate) action: String,
    pub(crate) component: Option<String>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) cause: String,
    pub(crate) at_least: u64,
}

/// A value in a document.
#[derive(Clone, Debug)]
pub(crate) struct ValueRule {
    pub(crate) id: String,
    /// `status`, `config`, `redis` or the name of another document.
    pub(crate) document: String,
    /// A dotted path; the whole key for Redis.
    pub(crate) path: String,
    pub(crate) test: Test,
    pub(crate) cause: String,
}

/// A file that must be there, or fresh, or small.
#[derive(Clone, Debug)]
pub(crate) struct FileRule {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) older_than_s: Option<i64>,
    pub(crate) larger_than_bytes: Option<i64>,
    pub(crate) cause: String,
}

/// A process that must run.
#[derive(Clone, Debug)]
pub(crate) struct ProcessRule {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) cause: String,
}

/// A port that must be listened on.
#[derive(Clone, Debug)]
pub(crate) struct PortRule {
    pub(crate) id: String,
    pub(crate) port: u64,
    pub(crate) cause: String,
}

/// What a field must be like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) field: String,
    pub(crate) test: Test,
}

/// A test of one value; each part that is there must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Test {
    pub(crate) equals: Option<String>,
    pub(crate) not_equals: Option<String>,
    pub(crate) contains: Option<String>,
    pub(crate) at_least: Option<f64>,
    pub(crate) more_than: Option<f64>,
    pub(crate) at_most: Option<f64>,
    pub(crate) less_than: Option<f64>,
    pub(crate) exists: Option<bool>,
}

impl Test {
    /// Whether a value passes; `None` is a value that is not there.
    pub(crate) fn passes(&self, value: Option<&str>) -> bool {
        if let Some(exists) = self.exists
            && exists != value.is_some()
        {
            return false;
        }
        let has_other = self.equals.is_some()
            || self.not_equals.is_some()
            || self.contains.is_some()
            || self.at_least.is_some()
            || self.more_than.is_some()
            || self.at_most.is_some()
            || self.less_than.is_some();
        let Some(text) = value else {
            return !has_other;
        };
        if self.equals.as_deref().is_some_and(|wanted| wanted != text)
            || self
                .not_equals
                .as_deref()
                .is_some_and(|other| other == text)
            || self
                .contains
                .as_deref()
                .is_some_and(|part| !text.contains(part))
        {
            return false;
        }
        let number = text.trim().parse::<f64>().ok();
        let holds = |bound: Option<f64>, test: fn(f64, f64) -> bool| {
            bound.is_none_or(|bound| number.is_some_and(|number| test(number, bound)))
        };
        holds(self.at_least, |n, b| n >= b)
            && holds(self.more_than, |n, b| n > b)
            && holds(self.at_most, |n, b| n <= b)
            && holds(self.less_than, |n, b| n < b)
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        let texts = [
            ("equals", &self.equals),
            ("not_equals", &self.not_equals),
            ("contains", &self.contains),
        ];
        for (name, value) in texts {
            parts.extend(value.as_ref().map(|value| format!("{name} {value:?}")));
        }
        let numbers = [
            ("at_least", self.at_least),
            ("more_than", self.more_than),
            ("at_most", self.at_most),
            ("less_than", self.less_than),
        ];
        for (name, value) in numbers {
            parts.extend(value.map(|value| format!("{name} {value}")));
        }
        parts.extend(self.exists.map(|exists| format!("exists {exists}")));
        f.write_str(&parts.join(" and "))
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.path.iter().enumerate() {
            match step {
                PackStep::Key(name) if number == 0 => f.write_str(name)?,
                PackStep::Key(name) => write!(f, ".{name}")?,
                PackStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl core::error::Error for PackError {}

/// Packs laid together, with their names resolved.
#[derive(Clone, Debug)]
pub struct Rulebook {
    pub(crate) packs: Vec<(String, String)>,
    pub(crate) thresholds: BTreeMap<String, i64>,
    remedies: BTreeMap<String, Remedy>,
    causes: BTreeMap<String, Cause>,
    /// Ids of causes in the order of the packs.
    order: Vec<String>,
    pub(crate) logs: Vec<LogRule>,
    pub(crate) events: Vec<EventRule>,
    pub(crate) values: Vec<ValueRule>,
    pub(crate) files: Vec<FileRule>,
    pub(crate) processes: Vec<ProcessRule>,
    pub(crate) ports: Vec<PortRule>,
    /// Rules that programs of others hold.
    pub(crate) foreign: Vec<NamedRule>,
}

impl Rulebook {
    /// The built-in rules alone.
    pub fn gateway() -> Self {
        let mut book = Self {
            packs: Vec::new(),
            thresholds: BTreeMap::new(),
            remedies: BTreeMap::new(),
            causes: BTreeMap::new(),
            order: Vec::new(),
            logs: Vec::new(),
            events: Vec::new(),
            values: Vec::new(),
            files: Vec::new(),
            processes: Vec::new(),
            ports: Vec::new(),
            foreign: Vec::new(),
        };
        // A test reads the built-in pack; a book without rules finds nothing and says so.
        if let Ok(pack) = Pack::parse(GATEWAY_PACK) {
            let _ = book.add(pack);
        }
        book
    }

    /// Adds a pack: new causes, remedies and rules, and other thresholds. Fails
    /// where it names a cause or remedy that no pack has, or one that is there.
    pub fn add(&mut self, pack: Pack) -> Result<(), PackError> {
        self.check(&pack)?;
        self.packs.push((pack.name, pack.version));
        self.thresholds.extend(pack.thresholds);
        for remedy in pack.remedies {
            self.remedies.insert(remedy.id.clone(), remedy);
        }
        for cause in pack.causes {
            self.order.push(cause.id.clone());
            self.causes.insert(cause.id.clone(), cause);
        }
        self.logs.extend(pack.logs);
        self.events.extend(pack.events);
        self.values.extend(pack.values);
        self.files.extend(pack.files);
        self.processes.extend(pack.processes);
        self.ports.extend(pack.ports);
        Ok(())
    }

    fn check(&self, pack: &Pack) -> Result<(), PackError> {
        let mut remedies: Vec<&str> = Vec::new();
        for (at, remedy) in pack.remedies.iter().enumerate() {
            let taken = self.remedies.contains_key(&remedy.id);
            if taken || remedies.contains(&remedy.id.as_str()) {
                let message = format!("the remedy `{}` is there already", remedy.id);
                return Err(PackError::at("remedy", at, "id", message));
            }
            remedies.push(&remedy.id);
        }
        let mut causes: Vec<&str> = Vec::new();
        for (at, cause) in pack.causes.iter().enumerate() {
            if self.causes.contains_key(&cause.id) || causes.contains(&cause.id.as_str()) {
                let message = format!("the cause `{}` is there already", cause.id);
                return Err(PackError::at("cause", at, "id", message));
            }
            causes.push(&cause.id);
            for remedy in &cause.remedies {
                if !remedies.contains(&remedy.as_str()) && !self.remedies.contains_key(remedy) {
                    let message = format!("no pack has a remedy `{remedy}`");
                    return Err(PackError::at("cause", at, "remedies", message));
                }
            }
        }
        let mut rules: Vec<&str> = Vec::new();
        for (table, at, id) in pack.rule_ids() {
            if rules.contains(&id) || self.rule_ids().any(|other| other == id) {
                let message = format!("the rule `{id}` is there already");
                return Err(PackError::at(table, at, "id", message));
            }
            rules.push(id);
        }
        let known = |id: &str| causes.contains(&id) || self.causes.contains_key(id);
        for (at, cause) in pack.causes.iter().enumerate() {
            if let Some(id) = cause.explains.iter().find(|id| !known(id)) {
                let message = format!("no pack has a cause `{id}`");
                return Err(PackError::at("cause", at, "explains", message));
            }
        }
        let named = pack
            .logs
            .iter()
            .enumerate()
            .filter_map(|(at, rule)| Some(("log", at, rule.cause.as_deref()?)))
            .chain(
                pack.events
                    .iter()
                    .enumerate()
                    .map(|(at, r)| ("event", at, r.cause.as_str())),
            )
            .chain(
                pack.values
                    .iter()
                    .enumerate()
                    .map(|(at, r)| ("value", at, r.cause.as_str())),
            )
            .chain(
                pack.files
                    .iter()
                    .enumerate()
                    .map(|(at, r)| ("file", at, r.cause.as_str())),
            )
            .chain(
                pack.processes
                    .iter()
                    .enumerate()
                    .map(|(at, r)| ("process", at, r.cause.as_str())),
            )
            .chain(
                pack.ports
                    .iter()
                    .enumerate()
                    .map(|(at, r)| ("port", at, r.cause.as_str())),
            );
        for (table, at, cause) in named {
            if !known(cause) {
                let message = format!("no pack has a cause `{cause}`");
                return Err(PackError::at(table, at, "cause", message));
            }
        }
        Ok(())
    }

    fn rule_ids(&self) -> impl Iterator<Item = &str> {
        let logs = self.logs.iter().map(|rule| rule.id.as_str());
        logs.chain(self.events.iter().map(|rule| rule.id.as_str()))
            .chain(self.values.iter().map(|rule| rule.id.as_str()))
            .chain(self.files.iter().map(|rule| rule.id.as_str()))
            .chain(self.processes.iter().map(|rule| rule.id.as_str()))
            .chain(self.ports.iter().map(|rule| rule.id.as_str()))
    }

    /// A cause by its id.
    pub fn cause(&self, id: &str) -> Option<&Cause> {
        self.causes.get(id)
    }

    /// A remedy by its id.
    pub fn remedy(&self, id: &str) -> Option<&Remedy> {
        self.remedies.get(id)
    }

    /// Paths of the files that rules look at.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|rule| rule.path.as_str())
    }

    /// Names of the processes that rules look at.
    pub fn processes(&self) -> impl Iterator<Item = &str> {
        self.processes.iter().map(|rule| rule.name.as_str())
    }

    /// Ports that rules look at.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        self.ports
            .iter()
            .filter_map(|rule| rule.port.try_into().ok())
    }

    /// Keys of Redis that rules look at.
    pub fn redis_keys(&self) -> impl Iterator<Item = &str> {
        let foreign = self.foreign.iter();
        self.values
            .iter()
            .filter(|rule| rule.document == "redis")
            .map(|rule| rule.path.as_str())
            .chain(foreign.flat_map(|named| named.rule.redis_keys.iter().map(String::as_str)))
    }

    /// All causes, in the order of the packs.
    pub fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.order.iter().filter_map(|id| self.causes.get(id))
    }

    /// Names and versions of the packs.
    pub fn packs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.packs
            .iter()
            .map(|(name, version)| (name.as_str(), version.as_str()))
    }

    /// The names of the logs that rules look at.
    pub fn log_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.logs.iter().map(|rule| rule.log.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// A threshold of the pack, `fallback` where none states it.
    pub(crate) fn threshold(&self, name: &str, fallback: i64) -> i64 {
        self.thresholds.get(name).copied().unwrap_or(fallback)
    }

    /// What points at a cause, one sentence each.
    pub fn evidence_of(&self, cause: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for rule in &self.logs {
            if rule.cause.as_deref() == Some(cause) {
                let tag = if rule.tag.is_empty() {
                    String::new()
                } else {
                    format!("[{}] ", rule.tag)
                };
                lines.push(format!(
                    "{}: {tag}{}{}",
                    rule.log,
                    rule.text,
                    said(&rule.conditions)
                ));
            }
        }
        for rule in &self.events {
            if rule.cause == cause {
                lines.push(format!("otel: {}{}", rule.action, said(&rule.conditions)));
            }
        }
        for rule in &self.values {
            if rule.cause == cause {
                lines.push(format!("{}: {} {}", rule.document, rule.path, rule.test));
            }
        }
        for rule in &self.files {
            if rule.cause == cause {
                let what = match (rule.older_than_s, rule.larger_than_bytes) {
                    (Some(s), _) => format!("older than {s} s"),
                    (None, Some(bytes)) => format!("larger than {bytes} bytes"),
                    (None, None) => "missing".to_string(),
                };
                lines.push(format!("file {}: {what}", rule.path));
            }
        }
        for rule in &self.processes {
            if rule.cause == cause {
                lines.push(format!("process {}: not running", rule.name));
            }
        }
        for rule in &self.ports {
            if rule.cause == cause {
                lines.push(format!("port {}: nothing listens", rule.port));
            }
        }
        for named in &self.foreign {
            if named.rule.causes.iter().any(|id| id == cause) {
                lines.push(named.asks());
            }
        }
        lines
    }
}

/// What an id is.
pub(crate) const NO_ID: &str = "an id has letters, digits, `_`, `-` and `.` only";

pub(crate) fn is_id(id: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    !id.is_empty() && id.bytes().all(plain)
}

fn said(conditions: &[Condition]) -> String {
    let parts: Vec<String> = conditions
        .iter()
        .map(|condition| format!("{} {}", condition.field, condition.test))
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" where {}", parts.join(", "))
    }
}

impl LogRule {
    /// A rule that keeps records for others to judge. Fails with a sentence.
    pub(crate) fn asked(
        id: String,
        log: &str,
        tag: &str,
        text: &str,
        time: &[String],
    ) -> Result<Self, String> {
        if log.is_empty() {
            return Err("the name of a log is empty".to_string());
        }
        let text = Pattern::parse(text).map_err(|error| error.to_string())?;
        text.keeps(tag, time)?;
        Ok(Self {
            id,
            log: log.to_string(),
            tag: tag.to_string(),
            text,
            conditions: Vec::new(),
            cause: None,
            at_least: 1,
            event: None,
            time: time.to_vec(),
            is_start: false,
            answer_length: None,
        })
    }
}

impl PackError {
    /// Whether an id has the letters of an id.
    pub(crate) fn check_id(table: &str, index: usize, id: &str) -> Result<(), Self> {
        if is_id(id) {
            return Ok(());
        }
        Err(Self::at(table, index, "id", NO_ID.to_string()))
    }

    pub(crate) fn at(table: &str, index: usize, field: &str, message: String) -> Self {
        Self {
            path: alloc::vec![
                PackStep::Key(table.to_string()),
                PackStep::Index(index),
                PackStep::Key(field.to_string()),
            ],
            message,
        }
    }
}
