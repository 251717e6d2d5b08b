//! From folders or files to everything that reports are made of.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use muster_core::{LogKind, ReadOptions, Source, Telemetry};

use super::{DecodedFiles, LogFile, Places, Scanned, discover, named_files, scan_file};
use crate::error::{Failure, describe};
use crate::index::{IndexSettings, IndexUse, scan_indexed};

/// Files of at least this size are read one after the other, each by all
/// threads; smaller ones side by side, each by one.
const LARGE_FILE: u64 = 16 << 20;

/// Where the logs are.
#[derive(Clone, Debug)]
pub enum LogSelection {
    /// Those found in folders.
    Places(Places),
    /// These files; with the kind of those whose name says nothing.
    Files(Vec<PathBuf>, Option<LogKind>),
    /// Files of another system, which a decoder reads.
    Decoded(DecodedFiles),
}

/// What to read.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// Where the logs are.
    pub selection: LogSelection,
    /// The logs that the answer needs.
    pub needed: Vec<LogKind>,
    /// Further logs that it tells of.
    pub also: Vec<LogKind>,
    /// What to take from them.
    pub options: ReadOptions,
    /// Whether a skipped line makes the answer a failure.
    pub strict: bool,
    /// Where indexes of large usage logs are kept, if they are to be used.
    pub index: Option<IndexSettings>,
}

/// Is told how reading goes on.
pub trait Progress: Sync {
    /// Reading begins; all files together have this many bytes.
    fn begin(&self, bytes: u64);
    /// This many more bytes have been read.
    fn advance(&self, bytes: u64);
    /// What an index did for the reading of a log.
    fn index_used(&self, _file: &str, _used: &IndexUse) {}
    /// Reading has ended.
    fn end(&self);
}

impl Progress for () {
    fn begin(&self, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

/// Reads all that the query selects.
///
/// Fails when what the answer needs is there and cannot be read, or when it has
/// lines and none of them is a record. Absent logs give an empty answer.
pub fn load(query: &LogQuery, progress: &dyn Progress) -> Result<Telemetry, Failure> {
    let mut telemetry = Telemetry::new(query.options);
    let mut needed = query.needed.clone();
    let mut kinds = needed.clone();
    kinds.extend(&query.also);
    let files = match &query.selection {
        LogSelection::Decoded(files) => {
            files.read(&mut telemetry, progress)?;
            judge(&telemetry, &needed, query)?;
            return Ok(telemetry);
        }
        LogSelection::Files(paths, kind) => {
            let files = named_files(paths, *kind)?;
            needed = files.iter().map(|file| file.kind).collect();
            files
        }
        LogSelection::Places(places) => {
            let found = discover(places, &kinds);
            if let Some((folder, reason)) = found.unreadable.first() {
                return Err(Failure::unreachable(format!(
                    "cannot list {}: {reason}",
                    folder.display()
                ))
                .hint("make the folder readable, or name another by --home or --project"));
            }
            if !found.files.iter().any(|file| needed.contains(&file.kind)) {
                telemetry.note(nothing_there(places, &needed));
            }
            found.files
        }
    };
    read_all(&files, query.index.as_ref(), &mut telemetry, progress);
    judge(&telemetry, &needed, query)?;
    Ok(telemetry)
}

/// Reads the files and takes them into `telemetry` in their order.
fn read_all(
    files: &[LogFile],
    index: Option<&IndexSettings>,
    telemetry: &mut Telemetry,
    progress: &dyn Progress,
) {
    let options = *telemetry.options();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let sizes: Vec<u64> = files
        .iter()
        .map(|file| std::fs::metadata(&file.path).map_or(0, |metadata| metadata.len()))
        .collect();
    progress.begin(sizes.iter().sum());
    let advance = |bytes| progress.advance(bytes);
    let mut at = 0;
    while at < files.len() {
        let small = sizes[at..]
            .iter()
            .take_while(|size| **size < LARGE_FILE)
            .count();
        let batch = &files[at..at + small.max(1)];
        at += batch.len();
        let each_threads = if small == 0 { threads } else { 1 };
        let scanned = side_by_side(batch, threads, |file| match index {
            Some(settings) if file.kind == LogKind::Usage => {
                let (scanned, used) =
                    scan_indexed(&file.path, &options, each_threads, &advance, settings)?;
                progress.index_used(&file.name, &used);
                Ok(scanned)
            }
            _ => scan_file(&file.path, file.kind, &options, each_threads, &advance),
        });
        for (file, scanned) in batch.iter().zip(scanned) {
            match scanned {
                Ok(Scanned {
                    scan,
                    bytes,
                    shrank,
                }) => {
                    telemetry.absorb(file.name.clone(), bytes, scan);
                    if shrank {
                        telemetry.note_incomplete("the file shrank while it was read");
                    }
                }
                Err(error) => {
                    telemetry.note_unreadable(file.name.clone(), file.kind, describe(&error));
                }
            }
        }
    }
    progress.end();
}

/// `work` on each item, on up to `threads` threads; results in the order of the items.
pub(crate) fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    if items.len() < 2 || threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            let result = work(item);
            if let Ok(mut done) = done.lock() {
                done.push((at, result));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            scope.spawn(run);
        }
        run();
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Whether what was read can carry an answer.
fn judge(telemetry: &Telemetry, needed: &[LogKind], query: &LogQuery) -> Result<(), Failure> {
    let of_need = || {
        telemetry
            .sources()
            .iter()
            .filter(|source| needed.contains(&source.kind))
    };
    let unread = |source: &&Source| source.unreadable.is_some() && source.bytes == 0;
    let named = !matches!(query.selection, LogSelection::Places(_));
    if let Some(source) = of_need().find(unread)
        && (named || of_need().all(|source| unread(&source)))
    {
        let reason = source.unreadable.as_deref().unwrap_or_default();
        return Err(
            Failure::unreachable(format!("cannot read {}: {reason}", source.file))
                .hint("name a log file that can be read"),
        );
    }
    // Logs that are only counted have no records that could be missing.
    let unusable = |source: &&Source| {
        source.log.records == 0
            && source.log.lines > source.log.blank
            && !source.kind.is_listed_only()
    };
    if let Some(source) = of_need().find(unusable)
        && of_need().all(|source| source.log.records == 0)
    {
        return Err(Failure::unusable(format!(
            "{}: none of its {} lines is a record{}",
            source.file,
            source.log.lines,
            first_skipped(source)
        ))
        .hint(match query.selection {
            LogSelection::Decoded(_) => "is it a log that this decoder knows?".to_owned(),
            _ => format!("is it a {} log as attune writes it?", source.kind),
        }));
    }
    if !query.strict {
        return Ok(());
    }
    let skipped: u64 = telemetry
        .sources()
        .iter()
        .map(|source| source.log.skipped_lines())
        .sum();
    if let Some(source) = telemetry
        .sources()
        .iter()
        .find(|source| source.log.skipped_lines() > 0)
    {
        return Err(Failure::unusable(format!(
            "{skipped} lines cannot be read; the first: {}{}",
            source.file,
            first_skipped(source)
        ))
        .hint("without --strict they are skipped and counted"));
    }
    for source in telemetry.sources() {
        if let Some(reason) = &source.unreadable {
            return Err(Failure::unusable(format!("{}: {reason}", source.file))
                .hint("without --strict the rest is reported"));
        }
    }
    Ok(())
}

fn first_skipped(source: &Source) -> String {
    source
        .log
        .samples
        .first()
        .map_or_else(String::new, |sample| {
            format!("; line {}: {}", sample.line, sample.reason)
        })
}

/// A sentence for an answer that is empty because there is no log.
fn nothing_there(places: &Places, needed: &[LogKind]) -> String {
    let names: Vec<String> = needed.iter().map(|kind| format!("{kind}.jsonl")).collect();
    let folders: Vec<String> = [&places.telemetry, &places.project]
        .into_iter()
        .flatten()
        .map(|folder| folder.display().to_string())
        .collect();
    format!(
        "no {} in {}: agents write it as they work; --home and --project name other folders",
        names.join(" or "),
        folders.join(" or ")
    )
}

/// Notes where the records are when the window holds none of them.
pub fn empty_window_note(telemetry: &mut Telemetry) {
    let report = telemetry.usage_report();
    if report.totals.calls == 0
        && let Some((first, last)) = telemetry.usage_span()
    {
        telemetry.note(format!(
            "the window holds no calls; the logs hold some from {first} to {last}: --all shows them"
        ));
    }
}
