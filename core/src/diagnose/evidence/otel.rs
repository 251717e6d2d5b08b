//! Telemetry events, one JSON object per line: the wire form, and the shorter
//! one that a search gives, which lacks the metadata.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::printed::head;
use super::transcript::time;
use crate::json::{Fields, RecordError, Value};
use crate::jsonl::{Line, LineSplitter};
use crate::time::Timestamp;

/// Of each action, so many of the newest events are kept.
const KEEP: usize = 400;
/// Actions beyond this many are only counted.
const MAX_ACTIONS: usize = 500;
/// Longer metadata is dropped, in bytes.
const MAX_METADATA_BYTES: usize = 16 << 10;
/// Of an error's text, so many bytes are kept.
const ERROR_BYTES: usize = 600;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) line: u64,
    pub(crate) at: Timestamp,
    pub(crate) component: String,
    pub(crate) action: String,
    pub(crate) error: Option<String>,
    pub(crate) metadata: serde_json::Value,
}

impl Event {
    /// A field of the metadata as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.metadata.get(name)?.as_str()
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.metadata.get(name)?.as_bool()
    }

    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.metadata.get(name)?.as_i64()
    }

    /// A field for a condition: of the event itself or of its metadata.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        match name {
            "error" => self.error.clone(),
            "component" => Some(self.component.clone()),
            _ => match self.metadata.get(name)? {
                serde_json::Value::Null => None,
                serde_json::Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
        }
    }
}

/// What was read of telemetry, in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OtelEvidence {
    pub(crate) events: Vec<Event>,
    pub(crate) lines: u64,
    pub(crate) skipped: u64,
    /// Events that were not kept.
    pub(crate) cut: u64,
}

/// Reads telemetry line by line; memory is bounded by the number of actions.
#[derive(Debug, Default)]
pub struct OtelReader {
    splitter: LineSplitter,
    tails: BTreeMap<String, VecDeque<Event>>,
    lines: u64,
    skipped: u64,
    cut: u64,
}

impl OtelReader {
    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        let mut splitter = core::mem::take(&mut self.splitter);
        splitter.push(chunk, |line| self.line(&line));
        self.splitter = splitter;
    }

    /// Ends the events.
    pub fn finish(mut self) -> OtelEvidence {
        let mut splitter = core::mem::take(&mut self.splitter);
        splitter.finish(|line| self.line(&line));
        let mut events: Vec<Event> = self.tails.into_values().flatten().collect();
        events.sort_by_key(|event| (event.at, event.line));
        OtelEvidence {
            events,
            lines: self.lines,
            skipped: self.skipped,
            cut: self.cut,
        }
    }

    fn line(&mut self, line: &Line<'_>) {
        let text = match line.text {
            Ok(text) if text.trim().is_empty() => return,
            Ok(text) => text,
            Err(_) => "",
        };
        self.lines += 1;
        let Ok(event) = parse(text, self.lines) else {
            self.skipped += 1;
            return;
        };
        if self.tails.len() >= MAX_ACTIONS && !self.tails.contains_key(&event.action) {
            self.cut += 1;
            return;
        }
        let tail = self.tails.entry(event.action.clone()).or_default();
        if tail.len() >= KEEP {
            tail.pop_front();
            self.cut += 1;
        }
        tail.push_back(event);
    }
}

fn parse(text: &str, line: u64) -> Result<Event, RecordError> {
    let fields = Fields::parse(text)?;
    let stated = match fields.present("timestamp")? {
        Some(value) => value,
        None => fields.require("ts")?,
    };
    let at = time(stated).ok_or_else(|| stated.bad())?;
    let owned = |name| -> Result<String, RecordError> {
        let text = fields.get_or_null(name, Value::text)?;
        Ok(text
            .map(|text| head(&text, ERROR_BYTES).to_string())
            .unwrap_or_default())
    };
    let component = owned("component")?;
    let action = owned("action")?;
    // Some write the component before the action.
    let action = match action
        .strip_prefix(component.as_str())
        .and_then(|rest| rest.strip_prefix('.'))
    {
        Some(rest) if component == "redis-channel" => rest.to_string(),
        _ => action,
    };
    let metadata = fields
        .present("metadata")?
        .filter(|value| value.raw().len() <= MAX_METADATA_BYTES)
        .and_then(|value| serde_json::from_str(value.raw()).ok())
        .unwrap_or_default();
    Ok(Event {
        line,
        at,
        component,
        action,
        error: fields
            .get_or_null("error", Value::text)?
            .map(|text| head(&text, ERROR_BYTES).to_string())
            .filter(|text| !text.is_empty()),
        metadata,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_in_the_order_of_time() {
        let mut reader = OtelReader::default();
        reader.push(br#"{"timestamp":2000,"component":"daemon","action":"b","success":true,"metadata":{"n":3,"s":"x","f":false}}
{"ts":"1970-01-01T00:00:01Z","component":"redis-channel","action":"redis-channel.runtime.mode.changed","error":"e","metadata_keys":["n"]}
half
"#);
        reader.push(br#"{"action":"no time"}"#);
        let read = reader.finish();
        assert_eq!((read.lines, read.skipped, read.events.len()), (4, 2, 2));
        assert_eq!(read.events[0].action, "runtime.mode.changed");
        assert_eq!(read.events[0].field("error").as_deref(), Some("e"));
        let b = &read.events[1];
        assert_eq!(
            (b.number("n"), b.text("s"), b.flag("f")),
            (Some(3), Some("x"), Some(false))
        );
        assert_eq!(b.field("n").as_deref(), Some("3"));
    }
}
