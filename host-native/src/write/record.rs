//! Records from a caller into a log: judged, put into form, appended in batches.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use muster_core::entry::{
    EntryError, UsageDefaults, Vote, help_query_line, help_unmatched_line, usage_line,
};
use muster_core::{Line, LineError, LineSplitter, SkipReason, Timestamp};
use serde::Serialize;

use super::{AppendOptions, Pseudonyms, append, write_votes};
use crate::error::{Failure, describe};

/// How many refused records are told of; all of them are counted.
const SAMPLES: usize = 20;

/// Where records go.
#[derive(Debug)]
pub enum Destination {
    /// A usage log.
    Usage(Pseudonyms),
    /// A log of help queries.
    HelpQueries,
    /// A log of help queries without an answer.
    HelpUnmatched,
    /// A document of votes.
    Feedback,
}

/// What became of the records.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Recorded {
    /// The log or document.
    pub file: PathBuf,
    /// Records written.
    pub recorded: u64,
    /// Records refused.
    pub rejected: u64,
    /// The first of those.
    pub rejected_samples: Vec<Rejected>,
    /// Names under which full logs were set aside.
    pub rotated_to: Vec<PathBuf>,
    /// Lines that another writer left without an end, which were ended.
    pub ended_torn_lines: u64,
    /// The name under which a damaged document was kept.
    pub set_aside: Option<PathBuf>,
}

/// A record that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its line in the input, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// Writes the records of `input`, one JSON object per line, to `file`.
///
/// Whatever has arrived at once is written at once, so a caller that keeps the
/// input open finds each record in the log without delay. A refused record costs
/// no other. `now` is asked once per batch.
pub fn record(
    mut input: impl BufRead,
    destination: &Destination,
    file: &Path,
    options: &AppendOptions,
    now: &dyn Fn() -> Timestamp,
) -> Result<Recorded, Failure> {
    let mut session = Session {
        destination,
        options,
        recorded: Recorded {
            file: file.to_path_buf(),
            ..Recorded::default()
        },
        batch: Batch::default(),
        line: 0,
        seq: 0,
    };
    let mut splitter = LineSplitter::new(0);
    loop {
        let chunk = match input.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let reason = describe(&error);
                return Err(Failure::unreachable(format!(
                    "cannot read the records: {reason}"
                )));
            }
        };
        let at = now();
        let mut outcome = Ok(());
        splitter.push(chunk, |line| {
            if outcome.is_ok() {
                outcome = session.take(line, at);
            }
        });
        let read = chunk.len();
        input.consume(read);
        outcome?;
        session.flush(at)?;
    }
    let at = now();
    let mut outcome = Ok(());
    splitter.finish(|line| outcome = session.take(line, at));
    outcome?;
    session.flush(at)?;
    Ok(session.recorded)
}

struct Session<'a> {
    destination: &'a Destination,
    options: &'a AppendOptions,
    recorded: Recorded,
    batch: Batch,
    /// Lines read.
    line: u64,
    /// Usage records numbered.
    seq: u64,
}

/// What is to be written next.
#[derive(Default)]
struct Batch {
    lines: String,
    records: u64,
    /// With their lines in the input.
    votes: Vec<(u64, Vote)>,
}

impl Session<'_> {
    /// Judges one line of input.
    fn take(&mut self, line: Line<'_>, now: Timestamp) -> Result<(), Failure> {
        self.line += 1;
        let text = match line.text {
            Ok(text) if text.trim().is_empty() => return Ok(()),
            Ok(text) => text,
            Err(error @ (LineError::InvalidUtf8 { .. } | LineError::TooLong)) => {
                self.reject(self.line, SkipReason::Line(error).to_string());
                return Ok(());
            }
        };
        let entry = match self.destination {
            Destination::Usage(pseudonyms) => {
                let failure = std::cell::RefCell::new(None);
                let pseudonym = |user: &str| {
                    pseudonyms.of(user).unwrap_or_else(|error| {
                        failure.replace(Some(error));
                        String::new()
                    })
                };
                let defaults = UsageDefaults {
                    now,
                    seq: self.seq + 1,
                    pseudonym: &pseudonym,
                };
                let entry = usage_line(text, &defaults);
                if let Some(error) = failure.into_inner() {
                    return Err(Failure::unreachable(format!(
                        "cannot make a pseudonym: {}",
                        describe(&error)
                    ))
                    .hint("give the record a user_id of 16 hex digits, or set ATTUNE_TELEMETRY_SECRET"));
                }
                self.seq += u64::from(entry.is_ok());
                entry
            }
            Destination::HelpQueries => help_query_line(text, now),
            Destination::HelpUnmatched => help_unmatched_line(text, now),
            Destination::Feedback => match Vote::parse(text) {
                Ok(vote) => {
                    self.batch.votes.push((self.line, vote));
                    return Ok(());
                }
                Err(error) => Err(error),
            },
        };
        match entry {
            Ok(entry) => {
                self.batch.lines.push_str(&entry);
                self.batch.records += 1;
            }
            Err(error) => self.reject(self.line, reason(&error)),
        }
        Ok(())
    }

    /// Writes what has been gathered.
    fn flush(&mut self, now: Timestamp) -> Result<(), Failure> {
        let batch = std::mem::take(&mut self.batch);
        let file = self.recorded.file.clone();
        let failed = |error: &io::Error| {
            Failure::unreachable(format!(
                "cannot write to {}: {}",
                file.display(),
                describe(error)
            ))
        };
        if !batch.lines.is_empty() {
            let appended = append(&file, batch.lines.as_bytes(), self.options, now.day())
                .map_err(|error| failed(&error))?;
            self.recorded.recorded += batch.records;
            self.recorded.ended_torn_lines += u64::from(appended.ended_torn_line);
            self.recorded.rotated_to.extend(appended.rotated_to);
        }
        if !batch.votes.is_empty() {
            let (lines, votes): (Vec<u64>, Vec<Vote>) = batch.votes.into_iter().unzip();
            let written = write_votes(&file, &votes, self.options.fsync, now)
                .map_err(|error| failed(&error))?;
            self.recorded.recorded += (votes.len() - written.refused.len()) as u64;
            for (at, error) in written.refused {
                self.reject(lines[at], error.kind.to_string());
            }
            if written.set_aside.is_some() {
                self.recorded.set_aside = written.set_aside;
            }
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, reason: String) {
        self.recorded.rejected += 1;
        if self.recorded.rejected_samples.len() < SAMPLES {
            self.recorded
                .rejected_samples
                .push(Rejected { line, reason });
        }
    }
}

fn reason(error: &EntryError) -> String {
    match error {
        EntryError::Record(error) => error.kind.to_string(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const OPTIONS: AppendOptions = AppendOptions {
        rotate_bytes: None,
        fsync: false,
    };

    fn written(destination: &Destination, name: &str, input: &[u8]) -> (Recorded, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        let now = || Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let recorded = record(input, destination, &file, &OPTIONS, &now).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        (recorded, text)
    }

    #[test]
    fn a_refused_record_costs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let usage = Destination::Usage(Pseudonyms::new(folder.path()));
        let good = r#"{"workflow":"w","tier":"CHEAP","model":"m","provider":"p","cost":0.5,"user_id":"00112233445566aa"}"#;
        let input = format!("{good}\n\nnull\n{{\"workflow\":1}}\n\r\n{good}");
        let (recorded, text) = written(&usage, "usage.jsonl", input.as_bytes());
        assert_eq!((recorded.recorded, recorded.rejected), (2, 2));
        let line = |at: usize| {
            (
                recorded.rejected_samples[at].line,
                &*recorded.rejected_samples[at].reason,
            )
        };
        assert_eq!(line(0), (3, "not_an_object: null"));
        assert_eq!(
            line(1),
            (4, "wrong_type: workflow: expected a string, found a number")
        );
        assert_eq!(text.lines().count(), 2);
        assert!(text.lines().next().unwrap().ends_with(r#""seq":1}"#));
        assert!(text.ends_with("\"seq\":2}\n"));
        // No name had to be hidden, so there is no secret.
        assert!(!folder.path().join(".secret").exists());
    }

    #[test]
    fn every_log_has_its_writer() {
        let query = br#"{"mode":"m","topic":"t","success":true,"found":false}"#;
        let (recorded, text) = written(&Destination::HelpQueries, "help_queries.jsonl", query);
        assert_eq!(recorded.recorded, 1);
        assert!(text.ends_with("\"found\": false}\n"));
        let unmatched = b"{\"mode\":\"m\",\"query\":\"q\"}\n\xff\n";
        let (recorded, _) = written(
            &Destination::HelpUnmatched,
            "help_unmatched.jsonl",
            unmatched,
        );
        assert_eq!((recorded.recorded, recorded.rejected), (1, 1));
        assert_eq!(
            recorded.rejected_samples[0].reason,
            "invalid_utf8: at byte 0 of the line"
        );
        let votes = b"{\"template_id\":\"t\",\"rating\":\"good\"}\n{\"template_id\":\"t\",\"rating\":\"fine\"}\n";
        let (recorded, text) = written(&Destination::Feedback, "feedback.json", votes);
        assert_eq!((recorded.recorded, recorded.rejected), (1, 1));
        assert!(text.contains("\"good\": 1"));
    }
}
