//! Usage records in other forms, line by line.

use std::io::{self, Write};

use clap::ValueEnum;
use muster_core::record::usage::UsageRecord;
use muster_core::view::Millis;
use muster_core::{Line, SkipReason, Window};

use crate::error::{Failure, describe};
use crate::files::{LogFile, for_each_line};

/// The form of exported records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// One JSON array of the records as they stand in the logs
    Json,
    /// The lines as they stand in the logs
    Jsonl,
    /// Rows with the columns that attune exports
    Csv,
}

/// What an export did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Records written.
    pub records: u64,
    /// Records outside the window.
    pub outside: u64,
    /// Lines that gave no record.
    pub skipped: u64,
    /// The first of them: file, line number, reason.
    pub first_skipped: Option<(String, u64, String)>,
}

/// The columns of attune's own export.
const COLUMNS: [&str; 12] = [
    "ts",
    "workflow",
    "stage",
    "tier",
    "model",
    "provider",
    "cost",
    "tokens_input",
    "tokens_output",
    "cache_hit",
    "cache_type",
    "duration_ms",
];

/// Writes the records of `window` in the order of the logs, oldest file first.
/// `target` is what errors call the output.
pub fn export(
    files: &[LogFile],
    window: Window,
    format: ExportFormat,
    out: &mut dyn Write,
    target: &str,
) -> Result<Exported, Failure> {
    let mut exported = Exported::default();
    let mut sink = Sink::new(format, out);
    let written = |error: Stopped| match error {
        Stopped::Writing(error) => Failure::output(target, &error),
        Stopped::Reading(error) => Failure::unreachable(describe(&error)),
    };
    sink.begin()
        .map_err(|error| Failure::output(target, &error))?;
    for file in files {
        let mut number = 0;
        for_each_line(&file.path, |line| {
            number += 1;
            let text = match read(line) {
                Ok(None) => return Ok(()),
                Ok(Some(text)) => text,
                Err(reason) => {
                    exported.skip(file, number, reason);
                    return Ok(());
                }
            };
            match UsageRecord::parse(text) {
                Ok(record) if window.contains(record.at) => {
                    exported.records += 1;
                    sink.record(text, &record).map_err(Stopped::Writing)
                }
                Ok(_) => {
                    exported.outside += 1;
                    Ok(())
                }
                Err(error) => {
                    exported.skip(file, number, SkipReason::Record(error.kind));
                    Ok(())
                }
            }
        })
        .map_err(|error| {
            let failure = written(error);
            Failure {
                message: format!("{}: {}", file.name, failure.message),
                ..failure
            }
        })?;
    }
    sink.end()
        .map_err(|error| Failure::output(target, &error))?;
    Ok(exported)
}

/// The text of a line; `None` for a blank one.
fn read(line: Line<'_>) -> Result<Option<&str>, SkipReason> {
    let text = line.text.map_err(SkipReason::Line)?.trim();
    Ok((!text.is_empty()).then_some(text))
}

impl Exported {
    fn skip(&mut self, file: &LogFile, number: u64, reason: SkipReason) {
        self.skipped += 1;
        if self.first_skipped.is_none() {
            self.first_skipped = Some((file.name.clone(), number, reason.to_string()));
        }
    }
}

/// Why an export stopped.
enum Stopped {
    Reading(io::Error),
    Writing(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Reading(error)
    }
}

/// One form of output.
enum Sink<'a> {
    Json { out: &'a mut dyn Write, first: bool },
    Jsonl(&'a mut dyn Write),
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
}

impl<'a> Sink<'a> {
    fn new(format: ExportFormat, out: &'a mut dyn Write) -> Self {
        match format {
            ExportFormat::Json => Self::Json { out, first: true },
            ExportFormat::Jsonl => Self::Jsonl(out),
            ExportFormat::Csv => Self::Csv(Box::new(csv::Writer::from_writer(out))),
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        match self {
            Self::Json { out, .. } => out.write_all(b"["),
            Self::Jsonl(_) => Ok(()),
            Self::Csv(writer) => writer.write_record(COLUMNS).map_err(io::Error::from),
        }
    }

    fn record(&mut self, text: &str, record: &UsageRecord<'_>) -> io::Result<()> {
        match self {
            Self::Json { out, first } => {
                out.write_all(if *first { b"\n" } else { b",\n" })?;
                *first = false;
                out.write_all(text.as_bytes())
            }
            Self::Jsonl(out) => {
                out.write_all(text.as_bytes())?;
                out.write_all(b"\n")
            }
            Self::Csv(writer) => {
                let flag = if record.cache_hit { "True" } else { "False" };
                writer
                    .write_record([
                        record.at.to_string().as_str(),
                        &record.workflow,
                        record.stage.as_deref().unwrap_or_default(),
                        &record.tier,
                        &record.model,
                        &record.provider,
                        &record.cost.to_string(),
                        &record.tokens_in.to_string(),
                        &record.tokens_out.to_string(),
                        flag,
                        record.cache_type.as_deref().unwrap_or_default(),
                        &Millis(record.duration_us).to_string(),
                    ])
                    .map_err(io::Error::from)
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Json { out, first } => {
                out.write_all(if *first { b"]\n" } else { b"\n]\n" })?;
                out.flush()
            }
            Self::Jsonl(out) => out.flush(),
            Self::Csv(writer) => writer.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use muster_core::LogKind;

    use super::*;

    const LOG: &str = concat!(
        r#"{"v":"1.0","ts":"2026-11-19T08:15:02.004500Z","workflow":"a,b","tier":"CHEAP","model":"m","provider":"p","cost":0.0561,"tokens":{"input":9,"output":1},"cache":{"hit":true,"type":"hash"},"duration_ms":8120}"#,
        "\nnot json\n\n",
        r#"{"ts":"2026-10-01","cost":1}"#,
        "\n"
    );

    fn exported(folder: &Path, format: ExportFormat, window: Window) -> (String, Exported) {
        let path = folder.join("usage.jsonl");
        fs::write(&path, LOG).unwrap();
        let files = [LogFile {
            path,
            name: "usage.jsonl".into(),
            kind: LogKind::Usage,
        }];
        let mut out = Vec::new();
        let done = export(&files, window, format, &mut out, "here").unwrap();
        (String::from_utf8(out).unwrap(), done)
    }

    #[test]
    fn records_are_passed_on_in_each_form() {
        let folder = tempfile::tempdir().unwrap();
        let from = muster_core::Timestamp::parse("2026-11-01").ok();
        let window = Window { from, to: None };
        let (text, done) = exported(folder.path(), ExportFormat::Csv, window);
        assert_eq!(
            text,
            "ts,workflow,stage,tier,model,provider,cost,tokens_input,tokens_output,cache_hit,cache_type,duration_ms\n\
             2026-11-19T08:15:02.004500Z,\"a,b\",,CHEAP,m,p,0.0561,9,1,True,hash,8120\n"
        );
        assert_eq!((done.records, done.outside, done.skipped), (1, 1, 1));
        let first = ("usage.jsonl".to_owned(), 2, "not_json".to_owned());
        assert_eq!(done.first_skipped, Some(first));

        let (text, _) = exported(folder.path(), ExportFormat::Jsonl, Window::ALL);
        assert_eq!(text.lines().count(), 2);
        let (text, _) = exported(folder.path(), ExportFormat::Json, Window::ALL);
        let array: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        assert_eq!(array.len(), 2);
        let to = muster_core::Timestamp::parse("2000-01-01").ok();
        let none = Window { from: None, to };
        assert_eq!(exported(folder.path(), ExportFormat::Json, none).0, "[]\n");
    }
}
