//! `muster telemetry export`: usage records for other programs.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use muster_core::{LogKind, to_json};
use serde::Serialize;

use crate::cli::Context;
use crate::cli::logs::{LogArgs, Need};
use crate::cli::window::WindowArgs;
use crate::error::{Answer, Failure, describe};
use crate::export::{ExportFormat, Exported, export};
use crate::files::{LogFile, LogSelection, discover, named_files};

/// Hours of the default window: 30 days.
const HOURS: u32 = 30 * 24;

/// Write the usage records of a window as JSON, JSON lines or CSV
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster telemetry export --days 7 --format csv --output calls.csv\n  muster telemetry export --all --format jsonl | wc -l\n\n\
        Records come in the order of the logs, oldest file first; attune exports the\n\
        newest first."
)]
pub(crate) struct Export {
    /// The form of the records [default: json]
    #[arg(long, short, value_enum)]
    format: Option<ExportFormat>,
    /// The file to write, replaced when all is written [default: the standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    window: WindowArgs,
    #[command(flatten)]
    logs: LogArgs,
}

#[derive(Serialize)]
struct Document<'a> {
    output: String,
    records: u64,
    outside_window: u64,
    skipped: Skipped<'a>,
}

#[derive(Serialize)]
struct Skipped<'a> {
    lines: u64,
    first: Option<&'a (String, u64, String)>,
}

impl Export {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let format = self.format.unwrap_or(ExportFormat::Json);
        if context.json && self.output.is_none() && format != ExportFormat::Json {
            return Err(
                Failure::usage("--json and another --format exclude each other")
                    .hint("name the form by --format alone, or a file by --output"),
            );
        }
        let window = self.window.resolve(context, Some(HOURS))?;
        let need = Need {
            needed: &[LogKind::Usage],
            also: &[],
            window,
            against: None,
            recent: 0,
        };
        let (query, _) = self.logs.query(context, need)?;
        let files = match &query.selection {
            LogSelection::Files(paths, kind) => named_files(paths, *kind)?,
            LogSelection::Decoded(_) => {
                return Err(Failure::usage("--decoder does not go with export")
                    .hint("the reports read decoded logs, such as telemetry show"));
            }
            LogSelection::Places(places) => discover(places, &[LogKind::Usage]).files,
        };
        if let Some(file) = files.iter().find(|file| file.kind != LogKind::Usage) {
            return Err(Failure::usage(format!("{} is no usage log", file.name))
                .hint("only usage logs are exported"));
        }
        let done = match &self.output {
            None => {
                let mut out = BufWriter::new(io::stdout().lock());
                export(&files, window, format, &mut out, "the standard output")?
            }
            Some(path) => {
                let done = write_file(path, &files, |out, target| {
                    export(&files, window, format, out, target)
                })?;
                self.tell(context, path, &done)?;
                done
            }
        };
        if let Some((file, line, reason)) = &done.first_skipped {
            let text = format!(
                "{} lines are left out, the first: {file} line {line}: {reason}",
                done.skipped
            );
            if query.strict {
                return Err(Failure::unusable(text));
            }
            context.say(0, || text);
        }
        if files.is_empty() {
            context.say(0, || "there is no usage log to export".into());
        }
        Ok(Answer::Yes)
    }

    #[expect(clippy::unused_self, reason = "says what this export did")]
    fn tell(&self, context: &Context, path: &Path, done: &Exported) -> Result<(), Failure> {
        if context.json {
            let document = Document {
                output: path.display().to_string(),
                records: done.records,
                outside_window: done.outside,
                skipped: Skipped {
                    lines: done.skipped,
                    first: done.first_skipped.as_ref(),
                },
            };
            context.print(&(to_json(&document) + "\n"))
        } else {
            context.print(&format!("{} records in {}\n", done.records, path.display()))
        }
    }
}

/// Writes beside `path`, and puts it there when all is written and on the disk.
fn write_file(
    path: &Path,
    sources: &[LogFile],
    write: impl FnOnce(&mut dyn io::Write, &str) -> Result<Exported, Failure>,
) -> Result<Exported, Failure> {
    let target = path.display().to_string();
    let failed = |error: &io::Error| {
        Failure::unreachable(format!("cannot write {target}: {}", describe(error)))
            .hint("name a file in a folder that can be written to")
    };
    let identity = |path: &Path| fs::canonicalize(path).ok();
    if let Some(output) = identity(path)
        && sources
            .iter()
            .any(|file| identity(&file.path).as_ref() == Some(&output))
    {
        return Err(
            Failure::usage(format!("{target} is one of the logs to export"))
                .hint("name another file by --output"),
        );
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut out = tempfile::Builder::new()
        .prefix(".muster-export-")
        .tempfile_in(folder)
        .map_err(|error| failed(&error))?;
    let done = {
        let mut buffer = BufWriter::new(out.as_file_mut());
        let done = write(&mut buffer, &target)?;
        buffer.flush().map_err(|error| failed(&error))?;
        done
    };
    out.as_file().sync_all().map_err(|error| failed(&error))?;
    out.persist(path).map_err(|error| failed(&error.error))?;
    // The new name lasts once its folder is on the disk.
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(done)
}
