//! Lines of the help logs: a space after commas and colons, text unescaped, log
//! version 1.0.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use super::json_text::{Charset, Spacing, push_respaced, push_string};
use super::stored::time;
use super::{EntryError, VERSION, known_version, line, only, required_text};
use crate::json::{Fields, Value};
use crate::money::div_half_even;
use crate::time::Timestamp;

/// `source` of a record without one.
const DEFAULT_SOURCE: &str = "help_lookup";

/// The line of `help_queries.jsonl`, newline included, for a record given as a
/// JSON object.
///
/// `mode`, `topic`, `success` and `found` must be there; `ts` is `now` and
/// `source` is `help_lookup` where they are missing. `duration_ms` is rounded to
/// two decimals; `metadata` keeps its keys' order and is left out when empty.
pub fn help_query_line(record: &str, now: Timestamp) -> Result<String, EntryError> {
    let fields = Fields::parse(record)?;
    only(
        &fields,
        &[
            "v",
            "ts",
            "source",
            "mode",
            "topic",
            "success",
            "found",
            "duration_ms",
            "metadata",
        ],
    )?;
    let mut out = head(&fields, now, "topic")?;
    for field in ["success", "found"] {
        let flag = fields.require(field)?.flag()?;
        let _ = write!(out, ", \"{field}\": {flag}");
    }
    if let Some(duration) = fields.present("duration_ms")? {
        let us = duration.scaled(3)?;
        let hundredths = div_half_even(i128::from(us), 10).unwrap_or(0);
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        if rest % 10 == 0 {
            let _ = write!(out, ", \"duration_ms\": {whole}.{}", rest / 10);
        } else {
            let _ = write!(out, ", \"duration_ms\": {whole}.{rest:02}");
        }
    }
    if let Some(metadata) = fields.present("metadata")?
        && metadata.object()?.names().next().is_some()
    {
        out.push_str(", \"metadata\": ");
        push_respaced(&mut out, metadata.raw(), Spacing::Spaced, 0);
    }
    out.push('}');
    line(out)
}

/// The line of `help_unmatched.jsonl`, newline included, for a record given as a
/// JSON object.
///
/// `mode` and `query` must be there; `ts` is `now` and `source` is `help_lookup`
/// where they are missing.
pub fn help_unmatched_line(record: &str, now: Timestamp) -> Result<String, EntryError> {
    let fields = Fields::parse(record)?;
    only(&fields, &["v", "ts", "source", "mode", "query"])?;
    let mut out = head(&fields, now, "query")?;
    out.push('}');
    line(out)
}

/// The fields that both logs begin with.
fn head(fields: &Fields<'_>, now: Timestamp, question: &'static str) -> Result<String, EntryError> {
    known_version(fields)?;
    let at = fields.present("ts")?.map_or(Ok(now), Value::time)?;
    let source = match fields.present("source")? {
        Some(_) => required_text(fields, "source")?,
        None => DEFAULT_SOURCE.into(),
    };
    let mut out = format!("{{\"v\": \"{VERSION}\", \"ts\": \"{}\"", time(at));
    let mode = required_text(fields, "mode")?;
    let question_text = fields.require(question)?.text()?;
    for (name, value) in [
        ("source", source),
        ("mode", mode),
        (question, question_text),
    ] {
        let _ = write!(out, ", \"{name}\": ");
        push_string(&mut out, &value, Charset::Utf8);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-20T12:00:00Z").unwrap()
    }

    #[test]
    fn lines_of_the_first_writer_stay_as_they_are() {
        for query in [
            r#"{"v": "1.0", "ts": "2026-11-20T11:44:26.153983+00:00", "source": "help_lookup", "mode": "workflow_help", "topic": "telemetry", "success": true, "found": true, "metadata": {"depth_level": 2, "a": ["x", 1.50]}}"#,
            r#"{"v": "1.0", "ts": "2026-11-20T11:44:26.154137+00:00", "source": "rag", "mode": "search_tag", "topic": "caf\u00e9", "success": true, "found": false, "duration_ms": 62.88}"#,
            r#"{"v": "1.0", "ts": "2026-11-20T09:01:02.345678+00:00", "source": "help_lookup", "mode": "progressive", "topic": "signal ttl", "success": true, "found": false, "duration_ms": 3.1}"#,
        ] {
            let query = query.replace("\\u00e9", "\u{e9}");
            assert_eq!(
                help_query_line(&query, now()).unwrap(),
                format!("{query}\n")
            );
        }
        let unmatched = r#"{"v": "1.0", "ts": "2026-11-20T11:44:26.154316+00:00", "source": "help_lookup", "mode": "preamble", "query": "race condition"}"#;
        assert_eq!(
            help_unmatched_line(unmatched, now()).unwrap(),
            format!("{unmatched}\n")
        );
    }

    #[test]
    fn what_is_missing_gets_its_default_or_is_refused() {
        assert_eq!(
            help_unmatched_line(r#"{"mode":"preamble","query":"\u00e9\n"}"#, now()).unwrap(),
            "{\"v\": \"1.0\", \"ts\": \"2026-11-20T12:00:00+00:00\", \"source\": \"help_lookup\", \"mode\": \"preamble\", \"query\": \"\u{e9}\\n\"}\n"
        );
        let query = r#"{"mode":"m","topic":"t","success":true,"found":true"#;
        let with = |more: &str| {
            help_query_line(&format!("{query}{more}}}"), now()).map_err(|error| match error {
                EntryError::Record(error) => error.kind.to_string(),
                error => error.to_string(),
            })
        };
        assert!(
            with(r#","metadata":{}"#)
                .unwrap()
                .ends_with("\"found\": true}\n")
        );
        assert!(with(r#","duration_ms":2"#).unwrap().ends_with(" 2.0}\n"));
        assert!(
            with(r#","duration_ms":2.056"#)
                .unwrap()
                .ends_with(" 2.06}\n")
        );
        assert_eq!(with(r#","depth":2"#).unwrap_err(), "unknown_field: depth");
        assert_eq!(with(r#","v":"2.0""#).unwrap_err(), "bad_value: v");
        assert_eq!(
            with(r#","metadata":[]"#).unwrap_err(),
            "wrong_type: metadata: expected an object, found an array"
        );
        for field in ["mode", "topic", "success", "found"] {
            let without = format!("{query}}}").replace(&format!("\"{field}\""), "\"source\"");
            assert!(help_query_line(&without, now()).is_err(), "{field}");
        }
        assert_eq!(
            help_unmatched_line(r#"{"mode":"m"}"#, now())
                .unwrap_err()
                .to_string(),
            "missing_field: query at byte 0"
        );
    }
}
