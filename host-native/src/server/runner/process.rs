//! One command: started in the project, its lines read as they come.

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use muster_core::command_run::OutputStream;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use super::{Run, Runner};
use crate::error::describe;

/// How much is read at once.
const CHUNK_BYTES: usize = 64 << 10;
/// More of one line is not held.
const LINE_BYTES: usize = 16 << 10;
/// How long what a command left behind may hold its output open.
const TAIL: Duration = Duration::from_secs(1);

/// Runs the command of a run to its end.
pub(super) async fn run(runner: &Arc<Runner>, run: &Arc<Run>) -> Result<ExitStatus, String> {
    let (argv, run_id) = {
        let record = run.record();
        (record.argv.clone(), record.run_id.clone())
    };
    let (program, arguments) = argv.split_first().ok_or("the command is empty")?;
    let failed = |error: &std::io::Error| format!("cannot start {program}: {}", describe(error));
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(&runner.project_root)
        .env("MUSTER_RUN_ID", &run_id)
        .env("MUSTER_RUN_TOKEN", &run.token)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // So that all that it starts can be ended with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(&error))?;
    let group = child.id().and_then(|id| i32::try_from(id).ok());
    *run.group.lock().unwrap_or_else(PoisonError::into_inner) = group;
    let out = child.stdout.take();
    let err = child.stderr.take();
    let mut reading = {
        let (runner, run) = (Arc::clone(runner), Arc::clone(run));
        tokio::spawn(async move {
            tokio::join!(
                read(&runner, &run, OutputStream::Out, out),
                read(&runner, &run, OutputStream::Err, err),
            );
        })
    };
    let status = child.wait().await.map_err(|error| failed(&error));
    if timeout(TAIL, &mut reading).await.is_err() {
        reading.abort();
    }
    *run.group.lock().unwrap_or_else(PoisonError::into_inner) = None;
    status
}

async fn read(
    runner: &Runner,
    run: &Run,
    stream: OutputStream,
    source: Option<impl AsyncRead + Unpin>,
) {
    let Some(mut source) = source else { return };
    let mut lines = Lines::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    // An output that cannot be read is at its end.
    while let Ok(read) = source.read(&mut chunk).await
        && read > 0
    {
        let bytes = chunk.get(..read).unwrap_or_default();
        lines.push(bytes, |line| runner.take_line(run, stream, line));
        // A command that never stops writing must not keep others from their turn.
        tokio::task::yield_now().await;
    }
    lines.finish(|line| runner.take_line(run, stream, line));
}

/// Cuts chunks into lines; of one that is too long the beginning is kept.
#[derive(Debug, Default)]
struct Lines {
    line: Vec<u8>,
}

impl Lines {
    fn push(&mut self, chunk: &[u8], mut each: impl FnMut(&str)) {
        let mut parts = chunk.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            let room = LINE_BYTES.saturating_sub(self.line.len());
            self.line
                .extend_from_slice(part.get(..room).unwrap_or(part));
            if parts.peek().is_some() {
                self.give(&mut each);
            }
        }
    }

    fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.give(&mut each);
        }
    }

    fn give(&mut self, each: &mut impl FnMut(&str)) {
        let text = String::from_utf8_lossy(&self.line);
        each(text.strip_suffix('\r').unwrap_or(&text));
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_chunks_end() {
        let text = "one\r\n\ntwo \u{e9}\nlast";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut seen = Vec::new();
            for chunk in text.as_bytes().chunks(size) {
                lines.push(chunk, |line| seen.push(line.to_owned()));
            }
            lines.finish(|line| seen.push(line.to_owned()));
            assert_eq!(seen, ["one", "", "two \u{e9}", "last"], "{size}");
        }
    }

    #[test]
    fn a_line_without_end_takes_no_more_than_its_room() {
        let mut lines = Lines::default();
        for _ in 0..100 {
            lines.push(&[b'x'; 10_000], |_| panic!("no line has ended"));
        }
        assert_eq!(lines.line.len(), LINE_BYTES);
        let mut seen = 0;
        lines.push(b"y\nz\n", |_| seen += 1);
        assert_eq!(seen, 2);
    }
}
