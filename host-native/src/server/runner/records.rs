//! Runs on the disk: one file each, written as a whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use muster_core::command_run::{KeptLine, KeptOutput, OutputStream, RecommendationKind, RunState};
use muster_core::view::{CommandRunView, RecommendationView, Seconds};
use muster_core::{Timestamp, US_PER_DAY};
use serde::{Deserialize, Serialize};

/// The folder of the runs.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

/// One run without its output.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) run_id: String,
    pub(super) command: String,
    pub(super) argv: Vec<String>,
    pub(super) scope: Option<String>,
    state: RunState,
    pub(super) exit: Option<i32>,
    pub(super) signal: Option<i32>,
    pub(super) requested_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    lines: u64,
    bytes: u64,
    dropped: u64,
    pub(super) error: Option<String>,
    pub(super) recommendations: Vec<RecommendationView>,
}

/// The form of a file.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    version: u32,
    run_id: String,
    command: String,
    argv: Vec<String>,
    scope: Option<String>,
    state: String,
    exit: Option<i32>,
    signal: Option<i32>,
    requested_at: String,
    started_at: Option<String>,
    ended_at: Option<String>,
    lines: u64,
    bytes: u64,
    dropped_lines: u64,
    error: Option<String>,
    recommendations: Vec<SavedRecommendation>,
    /// Number, `out` or `err`, text.
    output: Vec<(u64, String, String)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedRecommendation {
    kind: String,
    target: String,
    scope: Option<String>,
    label: Option<String>,
    severity: Option<String>,
}

impl Record {
    /// A run that was asked for.
    pub(super) fn new(
        run_id: String,
        command: &str,
        argv: Vec<String>,
        scope: Option<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            run_id,
            command: command.to_owned(),
            argv,
            scope,
            state: RunState::Queued,
            exit: None,
            signal: None,
            requested_at: now,
            started_at: None,
            ended_at: None,
            lines: 0,
            bytes: 0,
            dropped: 0,
            error: None,
            recommendations: Vec::new(),
        }
    }

    pub(super) const fn state(&self) -> RunState {
        self.state
    }

    pub(super) const fn set_state(&mut self, state: RunState) {
        self.state = state;
    }

    /// Its place among all.
    pub(super) fn key(&self) -> (i64, String) {
        (self.requested_at.as_micros(), self.run_id.clone())
    }

    pub(super) fn note_output(&mut self, output: &KeptOutput) {
        self.lines = output.lines();
        self.bytes = output.bytes();
        self.dropped = output.dropped();
    }

    /// The run at `now`.
    pub(super) fn view(&self, now: Timestamp) -> CommandRunView {
        let end = if self.state == RunState::Running {
            Some(now)
        } else {
            self.ended_at
        };
        let ran = self.started_at.zip(end);
        CommandRunView {
            run_id: self.run_id.clone(),
            command: self.command.clone(),
            argv: self.argv.clone(),
            scope: self.scope.clone(),
            state: self.state,
            exit: self.exit,
            signal: self.signal,
            requested_at: self.requested_at,
            started_at: self.started_at,
            ended_at: self.ended_at,
            ran_s: ran.map(|(begin, end)| Seconds::between(begin, end)),
            lines: self.lines,
            bytes: self.bytes,
            dropped_lines: self.dropped,
            error: self.error.clone(),
            recommendations: self.recommendations.clone(),
        }
    }
}

impl Folder {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// All runs, without their output. A file that is none is left alone.
    pub(super) fn list(&self) -> Vec<Record> {
        let Ok(entries) = fs::read_dir(&self.0) else {
            return Vec::new();
        };
        let paths = entries.flatten().map(|entry| entry.path());
        paths.filter_map(|path| Some(read(&path)?.0)).collect()
    }

    /// The output of a run.
    pub(super) fn output(&self, run_id: &str) -> Option<KeptOutput> {
        Some(read(&self.path(run_id))?.1)
    }

    /// Writes a run. When this returns, it is on the disk.
    pub(super) fn save(&self, record: &Record, output: &KeptOutput) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let text = serde_json::to_vec(&Saved::of(record, output))?;
        // Readable by its owner only, as all files of this kind.
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(&text)?;
        file.as_file().sync_all()?;
        file.persist(self.path(&record.run_id))
            .map_err(|error| error.error)?;
        fs::File::open(&self.0)?.sync_all()
    }

    /// Writes a run whose output is on the disk.
    pub(super) fn save_state(&self, record: &Record) {
        let output = self.output(&record.run_id).unwrap_or_default();
        // It is told as lost again at the next start.
        let _ = self.save(record, &output);
    }

    pub(super) fn is_too_old(record: &Record, now: Timestamp, days: u32) -> bool {
        let us = i64::from(days).saturating_mul(US_PER_DAY);
        days > 0 && record.requested_at < now.saturating_add_us(-us)
    }

    pub(super) fn remove(&self, run_id: &str) {
        // Gone is gone.
        let _ = fs::remove_file(self.path(run_id));
    }

    fn path(&self, run_id: &str) -> PathBuf {
        self.0.join(format!("{run_id}.json"))
    }
}

fn read(path: &Path) -> Option<(Record, KeptOutput)> {
    if path.extension()? != "json" {
        return None;
    }
    let saved: Saved = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let name = path.file_stem()?.to_str()?;
    // The id leads to the file again, so it must be its name.
    (saved.run_id == name).then(|| saved.into_parts()).flatten()
}

impl Saved {
    fn of(record: &Record, output: &KeptOutput) -> Self {
        let time = |at: Timestamp| at.to_string();
        Self {
            version: 1,
            run_id: record.run_id.clone(),
            command: record.command.clone(),
            argv: record.argv.clone(),
            scope: record.scope.clone(),
            state: record.state.name().into(),
            exit: record.exit,
            signal: record.signal,
            requested_at: time(record.requested_at),
            started_at: record.started_at.map(time),
            ended_at: record.ended_at.map(time),
            lines: output.lines(),
            bytes: output.bytes(),
            dropped_lines: output.dropped(),
            error: record.error.clone(),
            recommendations: record
                .recommendations
                .iter()
                .map(|told| SavedRecommendation {
                    kind: told.kind.name().into(),
                    target: told.target.clone(),
                    scope: told.scope.clone(),
                    label: told.label.clone(),
                    severity: told.severity.clone(),
                })
                .collect(),
            output: output
                .kept()
                .map(|line| (line.n, line.stream.name().into(), line.text.clone()))
                .collect(),
        }
    }

    fn into_parts(self) -> Option<(Record, KeptOutput)> {
        let time = |text: Option<String>| text.and_then(|text| Timestamp::parse(&text).ok());
        let lines = self.output.into_iter().map(|(n, stream, text)| KeptLine {
            n,
            stream: if stream == "err" {
                OutputStream::Err
            } else {
                OutputStream::Out
            },
            text,
        });
        let output = KeptOutput::restore(lines, self.lines, self.bytes);
        let recommendations = self.recommendations.into_iter().filter_map(|told| {
            Some(RecommendationView {
                kind: RecommendationKind::of_name(&told.kind)?,
                target: told.target,
                scope: told.scope,
                label: told.label,
                severity: told.severity,
            })
        });
        let record = Record {
            run_id: self.run_id,
            command: self.command,
            argv: self.argv,
            scope: self.scope,
            state: RunState::of_name(&self.state)?,
            exit: self.exit,
            signal: self.signal,
            requested_at: Timestamp::parse(&self.requested_at).ok()?,
            started_at: time(self.started_at),
            ended_at: time(self.ended_at),
            lines: self.lines,
            bytes: self.bytes,
            dropped: self.dropped_lines,
            error: self.error,
            recommendations: recommendations.collect(),
        };
        Some((record, output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_comes_back_as_it_was_kept() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().join("runs"));
        assert!(folder.list().is_empty());
        let now = Timestamp::parse("2026-11-20T10:00:00Z").unwrap();
        let mut record = Record::new("run_1".into(), "test", vec!["x".into()], None, now);
        let mut output = KeptOutput::default();
        output.push(OutputStream::Err, "oops");
        record.set_state(RunState::Failed);
        record.exit = Some(3);
        folder.save(&record, &output).unwrap();
        // Neither a torn file nor one under another name hides the rest.
        fs::write(root.path().join("runs/torn.json"), "{").unwrap();
        fs::copy(
            root.path().join("runs/run_1.json"),
            root.path().join("runs/other.json"),
        )
        .unwrap();
        let list = folder.list();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].view(now).exit, Some(3));
        assert_eq!(list[0].state(), RunState::Failed);
        let kept = folder.output("run_1").unwrap();
        assert_eq!(kept.after(0, 9).lines[0].text, "oops");
        let later = now.saturating_add_us(31 * US_PER_DAY);
        assert!(Folder::is_too_old(&record, later, 30) && !Folder::is_too_old(&record, later, 0));
    }
}
