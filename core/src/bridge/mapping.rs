//! Other engines' events as the bridge's, by a file that says which field is which.
//!
//! A mapping turns one JSON object of another engine into any number of timed
//! lines of a stream. It decides nothing else: what it gives is read like any
//! other stream.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value as Json;

use super::event::EventKind;
use crate::entry::push_json_string;
use crate::json::{Fields, RecordError, RecordErrorKind, Value};
use crate::time::Timestamp;

/// The version of the file's format.
const VERSION: u64 = 1;

/// Which of an engine's events are which of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    rules: Vec<Rule>,
}

/// What comes of an object that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    when: Vec<Condition>,
    emit: Vec<Emission>,
}

/// What an object has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    path: Path,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// This value, as JSON.
    Is(String),
    /// Any value but this one, or none.
    IsNot(String),
    /// Any value at all.
    Exists,
}

/// One event of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Emission {
    kind: EventKind,
    time: Option<Time>,
    fields: Vec<(String, Source)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Time {
    path: Path,
    unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
    Text,
}

/// Where a field's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// The first of these places that holds something.
    Paths(Vec<Path>),
    /// This value, as JSON.
    Constant(String),
    /// An object of such fields.
    Object(Vec<(String, Source)>),
}

/// A place in an object: names of fields, and items of arrays by one of their fields.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Path(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Name(String),
    /// The item of an array whose field of this name is this text.
    Item {
        field: String,
        text: String,
    },
}

impl Mapping {
    /// Reads a mapping file; `docs/bridge.md` describes it.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        let fields = Fields::parse(text)?;
        let version = fields.require("version")?;
        if version.count()? != VERSION {
            return Err(version.bad());
        }
        let rules = fields.require("rules")?.array()?;
        Ok(Self {
            rules: rules.into_iter().map(Rule::of).collect::<Result<_, _>>()?,
        })
    }

    /// Appends the lines that an engine's line stands for to `out`, each with a
    /// newline, and says how many there are: those of the first rule that fits.
    pub fn translate(&self, line: &str, out: &mut String) -> Result<usize, RecordError> {
        let object: Json = serde_json::from_str(line).map_err(|error| RecordError {
            kind: RecordErrorKind::NotJson,
            at: u32::try_from(error.column().saturating_sub(1)).unwrap_or(u32::MAX),
        })?;
        let Some(rule) = self.rules.iter().find(|rule| rule.fits(&object)) else {
            return Ok(0);
        };
        for emission in &rule.emit {
            emission.push(&object, out);
        }
        Ok(rule.emit.len())
    }
}

impl Rule {
    fn of(value: Value<'_>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        let when = fields.get_or("when", Vec::new(), Value::array)?;
        let emit = fields.require("emit")?.array()?;
        Ok(Self {
            when: when
                .into_iter()
                .map(Condition::of)
                .collect::<Result<_, _>>()?,
            emit: emit
                .into_iter()
                .map(Emission::of)
                .collect::<Result<_, _>>()?,
        })
    }

    fn fits(&self, object: &Json) -> bool {
        self.when.iter().all(|condition| {
            let found = condition.path.find(object).map(ToString::to_string);
            match &condition.test {
                Test::Is(value) => found.as_ref() == Some(value),
                Test::IsNot(value) => found.as_ref() != Some(value),
                Test::Exists => found.is_some(),
            }
        })
    }
}

impl Condition {
    fn of(value: Value<'_>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        let test = match (fields.get("is")?, fields.get("not")?) {
            (Some(is), None) => Test::Is(constant(is)?),
            (None, Some(not)) => Test::IsNot(constant(not)?),
            (None, None) => Test::Exists,
            (Some(_), Some(not)) => return Err(not.bad()),
        };
        Ok(Self {
            path: Path::of(fields.require("path")?)?,
            test,
        })
    }
}

impl Emission {
    fn of(value: Value<'_>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        let kind = fields.require("kind")?;
        let known = EventKind::of_name(&kind.text()?).ok_or_else(|| kind.bad())?;
        Ok(Self {
            kind: known,
            time: fields.get_or_null("time", Time::of)?,
            fields: fields.get_or("fields", Vec::new(), Source::all_of)?,
        })
    }

    fn push(&self, object: &Json, out: &mut String) {
        out.push('{');
        if let Some(at) = self.time.as_ref().and_then(|time| time.of_object(object)) {
            out.push_str("\"at\":\"");
            out.push_str(&at.to_string());
            out.push_str("\",");
        }
        out.push_str("\"event\":{\"kind\":");
        push_json_string(out, self.kind.name());
        for (name, source) in &self.fields {
            source.push(name, object, out);
        }
        out.push_str("}}\n");
    }
}

impl Time {
    fn of(value: Value<'_>) -> Result<Self, RecordError> {
        let fields = value.object()?;
        let unit = match fields.get("unit")? {
            None => Unit::Text,
            Some(unit) => match &*unit.text()? {
                "s" => Unit::Seconds,
                "ms" => Unit::Millis,
                "us" => Unit::Micros,
                "ns" => Unit::Nanos,
                _ => return Err(unit.bad()),
            },
        };
        Ok(Self {
            path: Path::of(fields.require("path")?)?,
            unit,
        })
    }

    /// The time, if it is there and is one; whole units, also as a text, as large
    /// integers are written in JSON.
    fn of_object(&self, object: &Json) -> Option<Timestamp> {
        let value = self.path.find(object)?;
        if self.unit == Unit::Text {
            return Timestamp::parse(value.as_str()?).ok();
        }
        let units = match value.as_str() {
            Some(text) => text.parse::<i64>().ok()?,
            None => value.as_i64()?,
        };
        let us = match self.unit {
            Unit::Seconds => units.checked_mul(1_000_000)?,
            Unit::Millis => units.checked_mul(1000)?,
            Unit::Nanos => units.div_euclid(1000),
            Unit::Micros | Unit::Text => units,
        };
        Timestamp::from_micros(us).ok()
    }
}

impl Source {
    fn all_of(value: Value<'_>) -> Result<Vec<(String, Self)>, RecordError> {
        let sources = value.object()?;
        sources
            .iter("fields")
            .map(|(name, source)| Ok((name.to_string(), Self::of(source)?)))
            .collect()
    }

    /// Appends `,"name":value`, if there is a value.
    fn push(&self, name: &str, object: &Json, out: &mut String) {
        let value = match self {
            Self::Constant(value) => Cow::Borrowed(value.as_str()),
            Self::Paths(paths) => match paths.iter().find_map(|path| path.find(object)) {
                Some(value) => Cow::Owned(value.to_string()),
                None => return,
            },
            Self::Object(fields) => {
                let mut inner = String::new();
                for (name, source) in fields {
                    source.push(name, object, &mut inner);
                }
                Cow::Owned(["{", inner.strip_prefix(',').unwrap_or(&inner), "}"].concat())
            }
        };
        out.push(',');
        push_json_string(out, name);
        out.push(':');
        out.push_str(&value);
    }

    /// A path, several of them, `{"value":..}` or `{"object":..}`.
    fn of(value: Value<'_>) -> Result<Self, RecordError> {
        match value.raw().as_bytes().first() {
            Some(b'{') => {
                let fields = value.object()?;
                match fields.get("object")? {
                    Some(object) => Self::all_of(object).map(Self::Object),
                    None => Ok(Self::Constant(constant(fields.require("value")?)?)),
                }
            }
            Some(b'[') => {
                let paths = value.array()?.into_iter().map(Path::of);
                Ok(Self::Paths(paths.collect::<Result<_, _>>()?))
            }
            _ => Ok(Self::Paths(Vec::from([Path::of(value)?]))),
        }
    }
}

impl Path {
    /// Reads `/name/[field=text]/name`; `~1` stands for a slash in a name, `~0` for
    /// a tilde.
    fn of(value: Value<'_>) -> Result<Self, RecordError> {
        let text = value.text()?;
        let path = text.strip_prefix('/').ok_or_else(|| value.bad())?;
        let plain = |text: &str| text.replace("~1", "/").replace("~0", "~");
        let segment = |segment: &str| {
            let inner = segment
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'));
            match inner.and_then(|inner| inner.split_once('=')) {
                Some((field, text)) => Segment::Item {
                    field: plain(field),
                    text: plain(text),
                },
                None => Segment::Name(plain(segment)),
            }
        };
        Ok(Self(path.split('/').map(segment).collect()))
    }

    /// What stands there, unless it is `null`.
    fn find<'a>(&self, object: &'a Json) -> Option<&'a Json> {
        let mut found = object;
        for segment in &self.0 {
            found = match segment {
                Segment::Name(name) => found.as_object()?.get(name)?,
                Segment::Item { field, text } => found
                    .as_array()?
                    .iter()
                    .find(|item| item.get(field).and_then(Json::as_str) == Some(text.as_str()))?,
            };
        }
        (!found.is_null()).then_some(found)
    }
}

/// A value as JSON in one form.
fn constant(value: Value<'_>) -> Result<String, RecordError> {
    serde_json::from_str::<Json>(value.raw())
        .map(|json| json.to_string())
        .map_err(|_| value.bad())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bridge::{Replay, ReplayOptions, RunOutcome};

    const OTEL: &str = include_str!("../../../docs/examples/otel-mapping.json");
    const SPANS: &str = include_str!("../../../tests/fixtures/swamp/otel_spans.jsonl");

    #[test]
    fn spans_become_entries() {
        let mut replay = Replay::new(ReplayOptions {
            mapping: Some(Mapping::parse(OTEL).unwrap()),
            ..ReplayOptions::default()
        });
        let mut out = String::new();
        let now = Timestamp::from_millis(0).unwrap();
        replay.push(now, SPANS.as_bytes(), &mut out);
        replay.finish(now, &mut out);
        assert_eq!(replay.log().skipped_lines(), 0);
        // The span that is none of a workflow.
        assert_eq!(replay.counts().unknown_kinds, 1);
        assert_eq!(replay.bridge().outcome(), RunOutcome::Succeeded);
        let entries: Vec<Json> = out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let shown: Vec<String> = entries
            .iter()
            .map(|entry| {
                let context = &entry["workflowContext"];
                alloc::format!(
                    "{} {} {} {} {} {}",
                    context["workflowName"],
                    context["stepName"],
                    entry["invocation"]["args"][2],
                    entry["result"]["status"],
                    entry["durationMs"],
                    entry["result"]["errorMessage"]
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                r#""nightly" "build" "run" "success" 1500 null"#,
                r#""nightly" "ship" "push" "error" 250 "no route""#,
            ]
        );
    }

    #[test]
    fn mappings_that_make_no_sense_are_refused() {
        for (text, error) in [
            (
                r#"{"version":2,"rules":[]}"#,
                "bad_value: version at byte 11",
            ),
            (r#"{"version":1}"#, "missing_field: rules at byte 0"),
            (
                r#"{"version":1,"rules":[{}]}"#,
                "missing_field: emit at byte 0",
            ),
            (
                r#"{"version":1,"rules":[{"emit":[{"kind":"x"}]}]}"#,
                "bad_value: kind at byte 39",
            ),
            (
                r#"{"version":1,"rules":[{"when":[{"path":"name"}],"emit":[]}]}"#,
                "bad_value: path at byte 39",
            ),
        ] {
            assert_eq!(
                Mapping::parse(text).unwrap_err().to_string(),
                error,
                "{text}"
            );
        }
        let mapping = Mapping::parse(r#"{"version":1,"rules":[]}"#).unwrap();
        let mut out = String::new();
        assert_eq!(mapping.translate("{}", &mut out), Ok(0));
        assert!(mapping.translate("{", &mut out).is_err());
        assert_eq!(out, "");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Mapping::parse(&text);
            let mapping = Mapping::parse(OTEL).unwrap();
            let _ = mapping.translate(&text, &mut String::new());
        }
    }
}
