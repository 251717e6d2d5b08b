//! Runs of workflows out of files that somebody hands over: entries, one per line or
//! one per file, or streams of events.

use alloc::boxed::Box;
use alloc::string::String;

use super::read::{Message, StreamLine};
use super::replay::{Replay, ReplayClock, ReplayOptions};
use super::waterfall::Waterfalls;
use crate::jsonl::{Line, LineSplitter, MAX_LINE_BYTES};
use crate::record::telemetry_entry::TelemetryEntry;
use crate::time::{Timestamp, US_PER_SECOND, Window};
use crate::view::{RunsOfFilesView, WaterfallView};

/// Reads files chunk by chunk and puts their runs together.
///
/// What a file is shows its first line that is an entry or an event. The memory grows
/// with the entries.
#[derive(Debug, Default)]
pub struct RunFiles {
    waterfalls: Waterfalls,
    open: Option<OpenFile>,
    skipped_files: u64,
    skipped_lines: u64,
    untimed_files: u64,
}

#[derive(Debug)]
struct OpenFile {
    splitter: LineSplitter,
    content: Content,
}

#[derive(Debug)]
struct Content {
    /// When the file was written: the time of events that state none.
    written_at: Timestamp,
    form: Form,
    /// The text so far of a file whose form is not known, as long as one line may be.
    head: String,
    entries: u64,
    skipped_lines: u64,
    is_untimed: bool,
}

#[derive(Debug)]
enum Form {
    Unknown,
    Entries,
    Events(Box<Replay>),
}

impl RunFiles {
    /// Begins a file that was written at that time; one that is open ends.
    pub fn open(&mut self, written_at: Timestamp) {
        self.close();
        self.open = Some(OpenFile {
            splitter: LineSplitter::default(),
            content: Content {
                written_at,
                form: Form::Unknown,
                head: String::new(),
                entries: 0,
                skipped_lines: 0,
                is_untimed: false,
            },
        });
    }

    /// Takes the next bytes of the open file; without one they are dropped.
    pub fn push(&mut self, chunk: &[u8]) {
        if let Some(OpenFile { splitter, content }) = &mut self.open {
            let runs = &mut self.waterfalls;
            splitter.push(chunk, |line| content.line(line, runs));
        }
    }

    /// Ends the open file.
    pub fn close(&mut self) {
        let Some(OpenFile {
            mut splitter,
            mut content,
        }) = self.open.take()
        else {
            return;
        };
        splitter.finish(|line| content.line(line, &mut self.waterfalls));
        content.finish(&mut self.waterfalls);
        self.skipped_files += u64::from(content.entries == 0);
        self.skipped_lines += content.skipped_lines;
        self.untimed_files += u64::from(content.is_untimed && content.entries > 0);
    }

    /// The runs of the files closed so far, newest first.
    pub fn runs(&self, limit: usize) -> RunsOfFilesView {
        RunsOfFilesView {
            runs: self.waterfalls.runs(limit, self.skipped_files),
            skipped_lines: self.skipped_lines,
            untimed_files: self.untimed_files,
        }
    }

    /// One run, its steps in the order of their beginnings.
    pub fn run(&self, run_id: &str) -> Option<WaterfallView> {
        self.waterfalls.run(run_id)
    }
}

impl Content {
    fn line(&mut self, line: Line<'_>, runs: &mut Waterfalls) {
        let Ok(text) = line.text else {
            self.skipped_lines += 1;
            return;
        };
        if text.trim().is_empty() {
            return;
        }
        if matches!(self.form, Form::Unknown) {
            self.recognise(text);
        }
        match &mut self.form {
            Form::Unknown => {
                self.skipped_lines += 1;
                if self.head.len() + text.len() < MAX_LINE_BYTES {
                    self.head.push_str(text);
                    self.head.push('\n');
                }
            }
            Form::Entries => match TelemetryEntry::parse(text) {
                Ok(entry) => {
                    runs.add(&entry, &Window::ALL);
                    self.entries += 1;
                }
                Err(_) => self.skipped_lines += 1,
            },
            Form::Events(replay) => {
                let mut out = String::new();
                replay.push(self.written_at, text.as_bytes(), &mut out);
                replay.push(self.written_at, b"\n", &mut out);
                self.entries += add_entries(&out, runs);
            }
        }
    }

    /// Tells by a line what the file is.
    fn recognise(&mut self, text: &str) {
        if TelemetryEntry::parse(text).is_ok() {
            self.form = Form::Entries;
            return;
        }
        let Ok(line) = StreamLine::parse(text) else {
            return;
        };
        if matches!(line.message, Message::UnknownFrame(_)) {
            return;
        }
        self.is_untimed = line.at.is_none();
        // Without times the order of the events is all that is known.
        let clock = self.is_untimed.then_some(ReplayClock {
            start: self.written_at,
            step_us: US_PER_SECOND,
        });
        self.form = Form::Events(Box::new(Replay::new(ReplayOptions {
            clock,
            ..ReplayOptions::default()
        })));
    }

    fn finish(&mut self, runs: &mut Waterfalls) {
        match &mut self.form {
            Form::Entries => {}
            // One entry may stand on several lines.
            Form::Unknown => {
                if let Ok(entry) = TelemetryEntry::parse(&self.head) {
                    runs.add(&entry, &Window::ALL);
                    self.entries = 1;
                    self.skipped_lines = 0;
                }
            }
            Form::Events(replay) => {
                let mut out = String::new();
                replay.finish(self.written_at, &mut out);
                self.entries += add_entries(&out, runs);
                self.skipped_lines += replay.log().skipped.values().sum::<u64>();
            }
        }
    }
}

/// Adds the entries of these lines, and gives how many there were.
fn add_entries(lines: &str, runs: &mut Waterfalls) -> u64 {
    let mut entries = 0;
    for line in lines.lines() {
        if let Ok(entry) = TelemetryEntry::parse(line) {
            runs.add(&entry, &Window::ALL);
            entries += 1;
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::view::to_json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds).unwrap()
    }

    fn read(files: &[&str], chunk: usize) -> RunFiles {
        let mut read = RunFiles::default();
        for file in files {
            read.open(at(1_800_000_000));
            for chunk in file.as_bytes().chunks(chunk.max(1)) {
                read.push(chunk);
            }
            read.close();
        }
        read
    }

    fn entry(id: &str) -> String {
        format!(
            r#"{{"id":"{id}","invocation":{{"command":"model","args":["run"],"optionKeys":[],"globalOptions":[]}},"result":{{"status":"success","exitCode":0}},"startedAt":"2026-11-20T10:00:01Z","completedAt":"2026-11-20T10:00:04Z","workflowContext":{{"workflowName":"w","runId":"r","jobName":"j","stepName":"{id}","modelType":"m"}}}}"#
        )
    }

    const EVENTS: &str = r#"{"kind":"started","runId":"r9","workflowName":"w","jobs":[{"id":"j","stepCount":1,"dependsOn":[]}]}
{"kind":"step_started","jobId":"j","stepId":"s"}
{"kind":"method_executing","jobId":"j","stepId":"s","modelName":"m","methodName":"run"}
{"kind":"step_completed","jobId":"j","stepId":"s"}
"#;

    #[test]
    fn entries_are_read_by_line_and_by_file() {
        let two = format!("\n{}\nnot json\n{}", entry("a"), entry("b"));
        let several_lines = entry("c").replace(',', ",\n");
        let files = read(&[&two, &several_lines, "hello\n", ""], 7);
        let view = files.runs(10);
        assert_eq!(view.runs.runs[0].steps, 3);
        assert_eq!(view.runs.skipped, 2);
        assert_eq!((view.skipped_lines, view.untimed_files), (2, 0));
        assert_eq!(files.run("r").unwrap().bars.len(), 3);
    }

    #[test]
    fn events_without_times_are_a_second_apart() {
        let files = read(&[EVENTS], 1000);
        let view = files.runs(10);
        assert_eq!(view.untimed_files, 1);
        assert_eq!(view.runs.runs[0].run_id, "r9");
        let run = files.run("r9").unwrap();
        assert_eq!(run.bars.len(), 1, "{run:?}");
    }

    #[test]
    fn times_that_events_state_are_theirs() {
        let timed: Vec<String> = (1..)
            .zip(EVENTS.lines())
            .map(|(n, event)| format!(r#"{{"at":"2026-11-20T10:00:0{n}Z","event":{event}}}"#))
            .collect();
        let files = read(&[&timed.join("\n")], 1000);
        assert_eq!(files.runs(10).untimed_files, 0);
        let run = files.run("r9").unwrap();
        assert_eq!(run.run.started_at.to_string(), "2026-11-20T10:00:03Z");
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference_and_bytes_do_no_harm(
            pieces in prop::collection::vec(prop_oneof![
                Just(EVENTS.to_string()), Just(entry("x") + "\n"), ".{0,40}\n", Just("{\"kind\":\"".into()),
            ], 0..6),
            chunk in 1..64_usize,
        ) {
            let text = pieces.concat();
            let runs = |chunk| to_json(&read(&[&text], chunk).runs(10));
            prop_assert_eq!(runs(chunk), runs(usize::MAX));
        }
    }
}
