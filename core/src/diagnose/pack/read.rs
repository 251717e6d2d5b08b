//! Reading a pack: every name is checked, and what is wrong is told with its place.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::{
    Cause, Condition, EventRule, FileRule, LogRule, NO_ID, PACK_VERSION, Pack, PackError, PackStep,
    PortRule, ProcessRule, Remedy, Test, ValueRule, is_id,
};
use crate::diagnose::layer::Layer;
use crate::diagnose::pattern::Pattern;
use crate::diagnose::verdict::{Delivery, Severity};

/// The names of thresholds that the built-in procedure knows.
pub(crate) const THRESHOLDS: [&str; 11] = [
    "tripwire_stale_s",
    "first_token_s",
    "flap_pairs",
    "backlog_events",
    "idle_waiter_s",
    "drain_wedged_s",
    "attribution_recovery_s",
    "long_prompt_chars",
    "drop_after_failure_s",
    "maintenance_overlap_s",
    "long_window_h",
];

impl Pack {
    /// Reads a pack in its JSON form.
    pub fn parse(text: &str) -> Result<Self, PackError> {
        let value: Value = serde_json::from_str(text).map_err(|error| PackError {
            path: Vec::new(),
            message: format!("not JSON: {error}"),
        })?;
        let root = Table::root(&value)?;
        root.only(&[
            "muster_pack",
            "name",
            "version",
            "thresholds",
            "remedy",
            "cause",
            "log",
            "event",
            "value",
            "file",
            "process",
            "port",
        ])?;
        let version = root.need_number("muster_pack")?;
        if u64::try_from(version) != Ok(PACK_VERSION) {
            return Err(root.fail(
                "muster_pack",
                format!("this Muster reads version {PACK_VERSION}, not {version}"),
            ));
        }
        let name = root.need_text("name")?;
        Ok(Self {
            version: root.text("version")?.unwrap_or_else(|| "0".to_string()),
            thresholds: thresholds(&root)?,
            remedies: root.each("remedy", remedy)?,
            causes: root.each("cause", |table| cause(table, &name))?,
            logs: root.each("log", log_rule)?,
            events: root.each("event", event_rule)?,
            values: root.each("value", value_rule)?,
            files: root.each("file", file_rule)?,
            processes: root.each("process", |table| {
                table.only(&["id", "name", "cause"])?;
                Ok(ProcessRule {
                    id: table.id()?,
                    name: table.need_text("name")?,
                    cause: table.need_text("cause")?,
                })
            })?,
            ports: root.each("port", |table| {
                table.only(&["id", "port", "cause"])?;
                let port = table.need_number("port")?;
                match u64::try_from(port) {
                    Ok(port @ 1..=65_535) => Ok(PortRule {
                        id: table.id()?,
                        port,
                        cause: table.need_text("cause")?,
                    }),
                    _ => Err(table.fail("port", "not a port from 1 to 65535")),
                }
            })?,
            name,
        })
    }

    /// The pack's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The causes that the pack names.
    pub fn cause_count(&self) -> usize {
        self.causes.len()
    }

    /// Table, number and id of every rule.
    pub(super) fn rule_ids(&self) -> Vec<(&'static str, usize, &str)> {
        fn each<'a, T>(
            table: &'static str,
            rules: &'a [T],
            id: impl Fn(&'a T) -> &'a str,
        ) -> impl Iterator<Item = (&'static str, usize, &'a str)> {
            rules
                .iter()
                .enumerate()
                .map(move |(at, rule)| (table, at, id(rule)))
        }
        each("log", &self.logs, |rule| &rule.id)
            .chain(each("event", &self.events, |rule| &rule.id))
            .chain(each("value", &self.values, |rule| &rule.id))
            .chain(each("file", &self.files, |rule| &rule.id))
            .chain(each("process", &self.processes, |rule| &rule.id))
            .chain(each("port", &self.ports, |rule| &rule.id))
            .collect()
    }

    /// The rules of the pack, of every sort.
    pub fn rule_count(&self) -> usize {
        self.logs.len()
            + self.events.len()
            + self.values.len()
            + self.files.len()
            + self.processes.len()
            + self.ports.len()
    }
}

fn thresholds(root: &Table<'_>) -> Result<BTreeMap<String, i64>, PackError> {
    let mut read = BTreeMap::new();
    let Some(value) = root.map.get("thresholds") else {
        return Ok(read);
    };
    let table = root.table("thresholds", value)?;
    table.only(&THRESHOLDS)?;
    for name in table.map.keys() {
        let value = table.need_number(name)?;
        if value < 0 {
            return Err(table.fail(name, "below zero"));
        }
        read.insert(name.clone(), value);
    }
    Ok(read)
}

fn remedy(table: &Table<'_>) -> Result<Remedy, PackError> {
    table.only(&["id", "text", "command"])?;
    Ok(Remedy {
        id: table.id()?,
        text: table.need_text("text")?,
        command: table.text("command")?,
    })
}

fn cause(table: &Table<'_>, pack: &str) -> Result<Cause, PackError> {
    table.only(&[
        "id", "layer", "verdict", "delivery", "title", "remedies", "explains", "minor",
    ])?;
    let layer = table.need_text("layer")?;
    let verdict = table.need_text("verdict")?;
    let severity = Severity::of_verdict(&verdict).ok_or_else(|| {
        table.fail(
            "verdict",
            format!("`{verdict}` is none of ok, degraded, failed"),
        )
    })?;
    let delivery = match table.text("delivery")? {
        Some(name) => Delivery::of_name(&name).ok_or_else(|| {
            table.fail(
                "delivery",
                format!("`{name}` is none of ok, impaired, down"),
            )
        })?,
        None => severity.usual_delivery(),
    };
    Ok(Cause {
        id: table.id()?,
        layer: Layer::of_name(&layer).ok_or_else(|| {
            let names: Vec<&str> = Layer::ALL.iter().map(|layer| layer.name()).collect();
            table.fail(
                "layer",
                format!("`{layer}` is none of {}", names.join(", ")),
            )
        })?,
        severity,
        delivery,
        title: table.need_text("title")?,
        remedies: table.texts("remedies")?,
        explains: table.texts("explains")?,
        minor: table.flag("minor")?,
        pack: pack.to_string(),
    })
}

fn log_rule(table: &Table<'_>) -> Result<LogRule, PackError> {
    table.only(&[
        "id",
        "log",
        "tag",
        "text",
        "where",
        "cause",
        "at_least",
        "event",
        "time",
        "start",
        "answer_length",
    ])?;
    let text = table.need_text("text")?;
    let text = Pattern::parse(&text).map_err(|error| table.fail("text", error.to_string()))?;
    let conditions = conditions(table)?;
    let time: Vec<String> = table
        .text("time")?
        .map(|names| names.split_whitespace().map(ToString::to_string).collect())
        .unwrap_or_default();
    let tag = table.text("tag")?.unwrap_or_default();
    text.keeps(&tag, &time)
        .map_err(|why| table.fail("time", why))?;
    Ok(LogRule {
        id: table.id()?,
        log: table.need_text("log")?,
        tag,
        text,
        conditions,
        cause: table.text("cause")?,
        at_least: table.count("at_least")?,
        event: table.text("event")?,
        time,
        is_start: table.flag("start")?,
        answer_length: table.text("answer_length")?,
    })
}

fn event_rule(table: &Table<'_>) -> Result<EventRule, PackError> {
    table.only(&["id", "action", "component", "where", "cause", "at_least"])?;
    Ok(EventRule {
        id: table.id()?,
        action: table.need_text("action")?,
        component: table.text("component")?,
        conditions: conditions(table)?,
        cause: table.need_text("cause")?,
        at_least: table.count("at_least")?,
    })
}

const TESTS: [&str; 8] = [
    "equals",
    "not_equals",
    "contains",
    "at_least",
    "more_than",
    "at_most",
    "less_than",
    "exists",
];

fn value_rule(table: &Table<'_>) -> Result<ValueRule, PackError> {
    let mut known = Vec::from(["id", "document", "path", "cause"]);
    known.extend(TESTS);
    table.only(&known)?;
    let test = test(table)?;
    if test == Test::default() {
        return Err(table.fail(
            "id",
            format!("no test: one of {} is needed", TESTS.join(", ")),
        ));
    }
    Ok(ValueRule {
        id: table.id()?,
        document: table.need_text("document")?,
        path: table.need_text("path")?,
        test,
        cause: table.need_text("cause")?,
    })
}

fn file_rule(table: &Table<'_>) -> Result<FileRule, PackError> {
    table.only(&["id", "path", "older_than_s", "larger_than_bytes", "cause"])?;
    let bound = |name: &str| match table.number(name)? {
        Some(value) if value < 0 => Err(table.fail(name, "below zero")),
        value => Ok(value),
    };
    Ok(FileRule {
        id: table.id()?,
        path: table.need_text("path")?,
        older_than_s: bound("older_than_s")?,
        larger_than_bytes: bound("larger_than_bytes")?,
        cause: table.need_text("cause")?,
    })
}

/// `where = { field = "text", other = { at_least = 3 } }`
fn conditions(table: &Table<'_>) -> Result<Vec<Condition>, PackError> {
    let Some(value) = table.map.get("where") else {
        return Ok(Vec::new());
    };
    let fields = table.table("where", value)?;
    let mut read = Vec::new();
    for (field, value) in fields.map {
        let test = if value.is_object() {
            let inner = fields.table(field, value)?;
            inner.only(&TESTS)?;
            test(&inner)?
        } else {
            Test {
                equals: Some(fields.scalar(field)?),
                ..Test::default()
            }
        };
        read.push(Condition {
            field: field.clone(),
            test,
        });
    }
    Ok(read)
}

fn test(table: &Table<'_>) -> Result<Test, PackError> {
    let scalar = |name: &str| {
        table
            .map
            .contains_key(name)
            .then(|| table.scalar(name))
            .transpose()
    };
    let number = |name: &str| match table.map.get(name) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            Some(number) => Ok(Some(number)),
            None => Err(table.fail(name, format!("expected a number, found {}", kind(value)))),
        },
    };
    Ok(Test {
        equals: scalar("equals")?,
        not_equals: scalar("not_equals")?,
        contains: scalar("contains")?,
        at_least: number("at_least")?,
        more_than: number("more_than")?,
        at_most: number("at_most")?,
        less_than: number("less_than")?,
        exists: match table.map.get("exists") {
            None => None,
            Some(Value::Bool(exists)) => Some(*exists),
            Some(value) => {
                let message = format!("expected true or false, found {}", kind(value));
                return Err(table.fail("exists", message));
            }
        },
    })
}

/// A table of the pack and the way to it.
struct Table<'v> {
    path: Vec<PackStep>,
    map: &'v Map<String, Value>,
}

impl<'v> Table<'v> {
    fn root(value: &'v Value) -> Result<Self, PackError> {
        match value {
            Value::Object(map) => Ok(Self {
                path: Vec::new(),
                map,
            }),
            _ => Err(PackError {
                path: Vec::new(),
                message: format!("expected a table, found {}", kind(value)),
            }),
        }
    }

    fn table<'w>(&self, name: &str, value: &'w Value) -> Result<Table<'w>, PackError> {
        match value {
            Value::Object(map) => Ok(Table {
                path: self.path_to(name),
                map,
            }),
            _ => Err(self.fail(name, format!("expected a table, found {}", kind(value)))),
        }
    }

    fn path_to(&self, name: &str) -> Vec<PackStep> {
        let mut path = self.path.clone();
        path.push(PackStep::Key(name.to_string()));
        path
    }

    fn fail(&self, name: &str, message: impl Into<String>) -> PackError {
        PackError {
            path: self.path_to(name),
            message: message.into(),
        }
    }

    fn only(&self, known: &[&str]) -> Result<(), PackError> {
        match self.map.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(self.fail(
                name,
                format!(
                    "not a name that is known here; there are {}",
                    known.join(", ")
                ),
            )),
            None => Ok(()),
        }
    }

    fn each<T>(
        &self,
        name: &str,
        read: impl Fn(&Table<'_>) -> Result<T, PackError>,
    ) -> Result<Vec<T>, PackError> {
        let items = match self.map.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(value) => {
                let message = format!("expected tables, `[[{name}]]`, found {}", kind(value));
                return Err(self.fail(name, message));
            }
        };
        let mut out = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let mut path = self.path_to(name);
            path.push(PackStep::Index(index));
            let Value::Object(map) = item else {
                return Err(PackError {
                    path,
                    message: format!("expected a table, found {}", kind(item)),
                });
            };
            out.push(read(&Table { path, map })?);
        }
        Ok(out)
    }

    fn text(&self, name: &str) -> Result<Option<String>, PackError> {
        match self.map.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(value) => Err(self.fail(name, format!("expected a text, found {}", kind(value)))),
        }
    }

    fn need_text(&self, name: &str) -> Result<String, PackError> {
        match self.text(name)? {
            Some(text) if text.trim().is_empty() => Err(self.fail(name, "is empty")),
            Some(text) => Ok(text),
            None => Err(self.missing(name)),
        }
    }

    fn id(&self) -> Result<String, PackError> {
        let id = self.need_text("id")?;
        if is_id(&id) {
            Ok(id)
        } else {
            Err(self.fail("id", NO_ID))
        }
    }

    fn missing(&self, name: &str) -> PackError {
        PackError {
            path: self.path.clone(),
            message: format!("`{name}` is missing"),
        }
    }

    fn number(&self, name: &str) -> Result<Option<i64>, PackError> {
        let Some(value) = self.map.get(name) else {
            return Ok(None);
        };
        if let Some(number) = value.as_i64() {
            return Ok(Some(number));
        }
        let message = format!("expected a whole number, found {}", kind(value));
        Err(self.fail(name, message))
    }

    fn need_number(&self, name: &str) -> Result<i64, PackError> {
        self.number(name)?.ok_or_else(|| self.missing(name))
    }

    /// A number from 1, 1 where it is not stated.
    fn count(&self, name: &str) -> Result<u64, PackError> {
        match self.number(name)? {
            None => Ok(1),
            Some(number) => match u64::try_from(number) {
                Ok(count @ 1..) => Ok(count),
                _ => Err(self.fail(name, "must be 1 or more")),
            },
        }
    }

    fn flag(&self, name: &str) -> Result<bool, PackError> {
        match self.map.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(value) => Err(self.fail(
                name,
                format!("expected true or false, found {}", kind(value)),
            )),
        }
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, PackError> {
        let expected = "expected a list of texts";
        match self.map.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| match item {
                    Value::String(text) => Ok(text.clone()),
                    _ => Err(self.fail(name, format!("{expected}, found {} in it", kind(item)))),
                })
                .collect(),
            Some(value) => Err(self.fail(name, format!("{expected}, found {}", kind(value)))),
        }
    }

    fn scalar(&self, name: &str) -> Result<String, PackError> {
        match self.map.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(value @ (Value::Bool(_) | Value::Number(_) | Value::Null)) => {
                Ok(value.to_string())
            }
            Some(value) => {
                Err(self.fail(name, format!("expected one value, found {}", kind(value))))
            }
            None => Err(self.missing(name)),
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
