//! The evidence bundle: one JSON document that holds everything collected.
//!
//! `{"muster_bundle": 1, "now_ms": ..., "evidence": {...}}`; a key that is absent, or
//! `null`, was not collected. `"unreadable": {"KEY": "why"}` tells what was looked for
//! in vain, `"not_part": ["KEY"]` what the set-up does not have.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde_json::Value as JsonValue;

use super::{
    Collected, Document, Evidence, JournalReader, LogEvidence, LogReader, OtelEvidence, OtelReader,
    TranscriptEvidence, TranscriptReader,
};
use crate::diagnose::pack::Rulebook;
use crate::json::{Fields, RecordError, Value};
use crate::time::Timestamp;

/// The version of the bundle format.
const BUNDLE_VERSION: u64 = 1;
/// A collector says no more than this.
const MAX_NOTES: usize = 100;

/// Why a text is no evidence bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleError {
    /// The text is no JSON object, or a field that must be there is not.
    Malformed(RecordError),
    /// It is a bundle of a version that this Muster does not read.
    Version(u64),
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "not an evidence bundle: {error}"),
            Self::Version(version) => write!(
                f,
                "a bundle of version {version}; this Muster reads version {BUNDLE_VERSION}"
            ),
        }
    }
}

impl core::error::Error for BundleError {}

impl Evidence {
    /// Reads a bundle. Of each rule's records in a log the newest `keep` are kept.
    /// A piece that cannot be read costs that piece; only a text that is no
    /// bundle at all is an error.
    pub fn parse_bundle(text: &str, rules: &Rulebook, keep: usize) -> Result<Self, BundleError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
        let (root, evidence) =
            Fields::parse_with(text, "evidence").map_err(BundleError::Malformed)?;
        let version = root
            .require("muster_bundle")
            .and_then(Value::count)
            .map_err(BundleError::Malformed)?;
        if version != BUNDLE_VERSION {
            return Err(BundleError::Version(version));
        }
        let fields = match evidence {
            Some(fields) => fields,
            None => root
                .require("evidence")
                .and_then(Value::object)
                .map_err(BundleError::Malformed)?,
        };
        let now = root
            .present("now_ms")
            .ok()
            .flatten()
            .and_then(|value| i64::try_from(value.count().ok()?).ok())
            .and_then(|ms| Timestamp::from_millis(ms).ok());
        let unreadable = unreadable(&root);
        let log = |name| {
            let read = piece(&fields, name, |value| read_log(value, rules, name, keep));
            or_why(read, name, &unreadable)
        };
        let document = |name| or_why(piece(&fields, name, read_document), name, &unreadable);
        let status_error = fields
            .get_or_null("status_error", Value::text)
            .ok()
            .flatten()
            .filter(|text| !text.is_empty());
        let status = match document("status") {
            Collected::Present(document) => Collected::Present(document.unwrapped()),
            Collected::Absent if status_error.is_some() => Collected::Unreadable(
                status_error
                    .map(|text| text.to_string())
                    .unwrap_or_default(),
            ),
            other => other,
        };
        let mut journals = journals(&fields, rules, keep);
        let mut log = |name| match log(name) {
            Collected::Absent => match journals.remove(name) {
                Some(journal) => Collected::Present(journal),
                None => Collected::Absent,
            },
            other => other,
        };
        let (err_log, out_log) = (log("err_log"), log("out_log"));
        let mut logs = other_logs(&fields, rules, keep);
        logs.extend(journals);
        Ok(Self {
            substrate: document("substrate"),
            launchd: document("launchd"),
            systemd: document("systemd"),
            process: document("process"),
            status,
            err_log,
            out_log,
            missing_logs: missing_logs(&unreadable),
            logs,
            session: or_why(
                piece(&fields, "session_jsonl", read_transcript),
                "session_jsonl",
                &unreadable,
            ),
            otel: or_why(piece(&fields, "otel", read_otel), "otel", &unreadable),
            model_api: document("model_api"),
            redis: document("redis"),
            e2e: document("e2e"),
            tripwire: document("tripwire"),
            config: document("config"),
            versions: document("versions"),
            listeners: or_why(
                piece(&fields, "listeners", |value| {
                    parse_value(value).map(Document::new)
                }),
                "listeners",
                &unreadable,
            ),
            documents: other_documents(&fields),
            files: document("files"),
            processes: document("processes"),
            profile: root
                .get_or_null("profile", Value::text)
                .ok()
                .flatten()
                .map(|name| name.to_string()),
            not_part: texts(&root, "not_part").collect(),
            notes: texts(&root, "notes").take(MAX_NOTES).collect(),
            now,
        })
    }
}

fn piece<'a, T>(
    fields: &Fields<'a>,
    name: &'static str,
    read: impl FnOnce(Value<'a>) -> Result<T, RecordError>,
) -> Collected<T> {
    match fields.present(name) {
        Ok(None) => Collected::Absent,
        Ok(Some(value)) => match read(value) {
            Ok(read) => Collected::Present(read),
            Err(error) => Collected::Unreadable(error.kind.to_string()),
        },
        Err(error) => Collected::Unreadable(error.kind.to_string()),
    }
}

/// The reason that the collector gives, where the piece itself is not there.
fn or_why<T>(
    piece: Collected<T>,
    name: &str,
    unreadable: &BTreeMap<String, String>,
) -> Collected<T> {
    match (piece, unreadable.get(name)) {
        (Collected::Absent, Some(why)) => Collected::Unreadable(why.clone()),
        (piece, _) => piece,
    }
}

fn unreadable(root: &Fields<'_>) -> BTreeMap<String, String> {
    let mut reasons = BTreeMap::new();
    if let Ok(Some(value)) = root.present("unreadable")
        && let Ok(named) = value.object()
    {
        for (name, value) in named.iter("unreadable") {
            if let Ok(why) = value.text() {
                reasons.insert(name.to_string(), why.to_string());
            }
        }
    }
    reasons
}

/// The texts of a list.
fn texts(root: &Fields<'_>, name: &'static str) -> impl Iterator<Item = String> {
    let names = match root.present(name) {
        Ok(Some(value)) => value.array().unwrap_or_default(),
        _ => Vec::new(),
    };
    names
        .into_iter()
        .filter_map(|name| name.text().ok().map(|name| name.to_string()))
        .collect::<Vec<_>>()
        .into_iter()
}

fn read_transcript(value: Value<'_>) -> Result<TranscriptEvidence, RecordError> {
    let mut reader = TranscriptReader::default();
    value.text_in_pieces(|piece| reader.push(piece))?;
    let read = reader.finish();
    if read.lines > 0 && read.skipped == read.lines {
        return Err(value.bad());
    }
    Ok(read)
}

fn read_otel(value: Value<'_>) -> Result<OtelEvidence, RecordError> {
    let mut reader = OtelReader::default();
    value.text_in_pieces(|piece| reader.push(piece))?;
    let read = reader.finish();
    // Lines, and none of them an event: it is something else.
    if read.lines > 0 && read.skipped == read.lines {
        return Err(value.bad());
    }
    Ok(read)
}

fn parse_value(value: Value<'_>) -> Result<JsonValue, RecordError> {
    serde_json::from_str(value.raw()).map_err(|_| value.bad())
}

fn read_document(value: Value<'_>) -> Result<Document, RecordError> {
    value.object()?;
    parse_value(value).map(Document::new)
}

fn read_log(
    value: Value<'_>,
    rules: &Rulebook,
    name: &str,
    keep: usize,
) -> Result<LogEvidence, RecordError> {
    let mut reader = LogReader::new(rules, name, keep);
    value.text_in_pieces(|piece| reader.push(piece))?;
    Ok(reader.finish())
}

fn other_logs(fields: &Fields<'_>, rules: &Rulebook, keep: usize) -> BTreeMap<String, LogEvidence> {
    let mut logs = BTreeMap::new();
    if let Ok(Some(value)) = fields.present("logs")
        && let Ok(named) = value.object()
    {
        for (name, value) in named.iter("logs") {
            if let Ok(log) = read_log(value, rules, name, keep) {
                logs.insert(name.to_string(), log);
            }
        }
    }
    logs
}

/// Journals by the name that rules give them.
fn journals(fields: &Fields<'_>, rules: &Rulebook, keep: usize) -> BTreeMap<String, LogEvidence> {
    let mut journals = BTreeMap::new();
    if let Ok(Some(value)) = fields.present("journals")
        && let Ok(named) = value.object()
    {
        for (name, value) in named.iter("journals") {
            let mut reader = JournalReader::new(rules, name, keep);
            if value.text_in_pieces(|piece| reader.push(piece)).is_ok() {
                journals.insert(name.to_string(), reader.finish());
            }
        }
    }
    journals
}

/// The reasons that stand under `logs.NAME`.
fn missing_logs(unreadable: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let named = unreadable
        .iter()
        .filter_map(|(name, why)| Some((name.strip_prefix("logs.")?.to_string(), why.clone())));
    named.collect()
}

fn other_documents(fields: &Fields<'_>) -> BTreeMap<String, Document> {
    let mut documents = BTreeMap::new();
    if let Ok(Some(value)) = fields.present("documents")
        && let Ok(named) = value.object()
    {
        for (name, value) in named.iter("documents") {
            if let Ok(value) = parse_value(value) {
                documents.insert(name.to_string(), Document::new(value));
            }
        }
    }
    documents
}
