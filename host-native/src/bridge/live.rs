//! A live bridge: from a source, through the core's bridge, to sinks.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use muster_core::Timestamp;
use muster_core::bridge::{Finalize, ParentEntry, Producer, Replay, ReplayOptions, RunOutcome};
use muster_core::delivery::SpoolName;
use muster_core::entry::telemetry_entry_json;
use muster_core::record::telemetry_entry::TelemetryEntry;
use serde::Serialize;

use super::sink::{LinesSink, SinkTally, SinkThread, SpoolSink};
use super::source::{Input, Source, SourceEnd, watch_interrupts};
use super::spool::Spool;
use super::store_sink::StoreSink;
use crate::clock::Clock;
use crate::error::{Failure, describe};
use crate::files::for_each_line;
use crate::store::StoreUrl;

/// Chunks between the source and the bridge.
const CHANNEL: usize = 64;

/// How long a workflow may take to say how it ended after an interrupt.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where entries go.
#[derive(Clone, Debug)]
pub enum SinkPlace {
    /// A spool.
    Spool(Spool),
    /// A file of lines.
    Lines(PathBuf),
    /// A store, in the stream [`super::ENTRY_STREAM`].
    Store(StoreUrl),
}

/// What a live bridge does.
#[derive(Debug)]
pub struct LiveOptions {
    /// Where events come from.
    pub source: Source,
    /// Where entries go.
    pub sinks: Vec<SinkPlace>,
    /// How entries are made; its parent's id is that of the parent entry.
    pub replay: ReplayOptions,
    /// The id of the entry of the run.
    pub parent_id: String,
    /// Whether the same stream may have been read before with this parent.
    pub again: bool,
    /// Go on when the runs in the source have ended.
    pub keep_on: bool,
    /// How long sinks may take after the end of the stream.
    pub drain_limit: Duration,
}

/// What a live bridge did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LiveReport {
    /// The id of the run's entry; `null` if nothing ran.
    pub parent_id: Option<String>,
    /// How the runs ended: succeeded, suspended, cancelled, failed or unknown.
    pub outcome: &'static str,
    /// Why the stream ended: finished, interrupted or lost.
    pub end: &'static str,
    /// Why it was lost.
    pub lost_because: Option<String>,
    /// Events of known kinds.
    pub events: u64,
    /// Runs that began.
    pub runs: u64,
    /// Entries made, that of the run included.
    pub entries: u64,
    /// Methods that were open in the end.
    pub drained: u64,
    /// Lines that are no line of a stream.
    pub skipped_lines: u64,
    /// Each sink, and what became of the entries there.
    pub sinks: Vec<SinkTally>,
}

/// Runs until the stream ends or the user interrupts. `say` is told of trouble as
/// it comes.
pub fn run_live(
    options: LiveOptions,
    clock: Clock,
    say: impl Fn(String) + Clone + Send + 'static,
) -> Result<LiveReport, Failure> {
    let (send, inputs) = sync_channel(CHANNEL);
    watch_interrupts(send.clone())?;
    let sinks = start_sinks(&options, clock, &say)?;
    options.source.start(send)?;
    let producer = options.replay.producer.clone();
    let mut live = Live {
        replay: Replay::new(options.replay),
        sinks,
        clock,
        text: String::new(),
        entries: 0,
    };
    let stop_at_end = options.source.outlives_runs() && !options.keep_on;
    let end = live.read(&inputs, stop_at_end);
    // Nothing is read any more: a source that goes on notices at its next try.
    drop(inputs);
    let outcome = live.finish(&end);
    let ran = live.replay.counts().runs > 0 || live.entries > 0;
    if let Some((started_at, completed_at)) = live.replay.span().filter(|_| ran) {
        let entry = ParentEntry {
            id: &options.parent_id,
            started_at,
            completed_at,
            outcome,
        };
        live.push_parent(&entry, &producer);
    }
    let limit = Instant::now() + options.drain_limit;
    let sinks = live.sinks.iter().map(|sink| sink.finish(limit)).collect();
    let counts = live.replay.counts();
    Ok(LiveReport {
        parent_id: ran.then_some(options.parent_id),
        outcome: outcome_name(outcome),
        end: end.name(),
        lost_because: match end {
            SourceEnd::Lost(reason) => Some(reason),
            _ => None,
        },
        events: counts.events(),
        runs: counts.runs,
        entries: live.entries,
        drained: counts.drained,
        skipped_lines: live.replay.log().skipped_lines(),
        sinks,
    })
}

struct Live {
    replay: Replay,
    sinks: Vec<SinkThread>,
    clock: Clock,
    /// Entries as lines, on their way to the sinks.
    text: String,
    entries: u64,
}

impl Live {
    /// Hands the stream to the bridge until it ends.
    fn read(&mut self, inputs: &Receiver<Input>, stop_at_end: bool) -> SourceEnd {
        loop {
            match inputs.recv() {
                Ok(Input::Chunk(bytes)) => {
                    self.replay.push(self.clock.now(), &bytes, &mut self.text);
                    self.hand_out();
                }
                Ok(Input::CaughtUp) => {
                    let bridge = self.replay.bridge();
                    let over = bridge.counts().runs > 0 && bridge.open_runs() == 0;
                    if stop_at_end && (over || bridge.is_finalized()) {
                        return SourceEnd::Finished;
                    }
                }
                Ok(Input::End(SourceEnd::Interrupted)) => {
                    self.read_rest(inputs);
                    return SourceEnd::Interrupted;
                }
                Ok(Input::End(end)) => return end,
                Err(_) => return SourceEnd::Lost("the source broke off".into()),
            }
        }
    }

    /// An interrupt reaches the workflow as well: what it has to say about its end
    /// is waited for, but not for long.
    fn read_rest(&mut self, inputs: &Receiver<Input>) {
        let limit = Instant::now() + LAST_WORDS;
        while self.replay.bridge().open_runs() > 0 {
            let left = limit.saturating_duration_since(Instant::now());
            match inputs.recv_timeout(left) {
                Ok(Input::Chunk(bytes)) => {
                    self.replay.push(self.clock.now(), &bytes, &mut self.text);
                    self.hand_out();
                }
                Ok(Input::CaughtUp) => {}
                Ok(Input::End(_)) | Err(_) => return,
            }
        }
    }

    /// Drains what is open; how the runs ended.
    fn finish(&mut self, end: &SourceEnd) -> RunOutcome {
        let unfinished = self.replay.bridge().open_runs() > 0;
        let finalize = match end {
            SourceEnd::Finished => Finalize::default(),
            SourceEnd::Interrupted => Finalize {
                reason: Some("interrupted"),
                interrupted: true,
            },
            SourceEnd::Lost(_) => Finalize {
                reason: Some("event stream lost"),
                interrupted: false,
            },
        };
        let now = self.clock.now();
        self.replay.finish_with(now, finalize, &mut self.text);
        self.hand_out();
        match self.replay.bridge().outcome() {
            RunOutcome::Unknown | RunOutcome::Succeeded if unfinished => match end {
                SourceEnd::Interrupted => RunOutcome::Cancelled,
                _ => RunOutcome::Unknown,
            },
            outcome => outcome,
        }
    }

    fn hand_out(&mut self) {
        for line in self.text.lines() {
            let entry: Arc<str> = Arc::from(line);
            self.entries += 1;
            for sink in &self.sinks {
                sink.push(&entry);
            }
        }
        self.text.clear();
    }

    fn push_parent(&mut self, entry: &ParentEntry<'_>, producer: &Producer) {
        self.text = telemetry_entry_json(&entry.sign(producer));
        self.text.push('\n');
        self.hand_out();
    }
}

fn start_sinks(
    options: &LiveOptions,
    clock: Clock,
    say: &(impl Fn(String) + Clone + Send + 'static),
) -> Result<Vec<SinkThread>, Failure> {
    let mut threads = Vec::new();
    for place in &options.sinks {
        let (name, sink): (String, Box<dyn super::sink::Sink>) = match place {
            SinkPlace::Spool(spool) => {
                check_id(&options.parent_id)?;
                let folder = spool.folder();
                let failed = |error: &io::Error| unwritable(folder, error);
                spool.create().map_err(|error| failed(&error))?;
                spool.repair(false).map_err(|error| failed(&error))?;
                let sink = SpoolSink {
                    spool: spool.clone(),
                };
                (folder.display().to_string(), Box::new(sink))
            }
            SinkPlace::Lines(path) => {
                let known = if options.again {
                    known_ids(path, &options.parent_id).map_err(|error| unwritable(path, &error))?
                } else {
                    HashSet::new()
                };
                let sink = LinesSink {
                    path: path.clone(),
                    known,
                    clock,
                };
                (path.display().to_string(), Box::new(sink))
            }
            SinkPlace::Store(url) => {
                let parent = options.parent_id.clone();
                let sink = StoreSink::new(url.clone(), parent, options.again, clock)
                    .map_err(|error| unwritable(Path::new(&url.to_string()), &error))?;
                (url.to_string(), Box::new(sink))
            }
        };
        let (say, place) = (say.clone(), name.clone());
        threads.push(SinkThread::start(name, sink, move |reason| {
            say(format!("cannot write to {place}: {reason}; trying again"));
        }));
    }
    Ok(threads)
}

fn check_id(id: &str) -> Result<(), Failure> {
    match SpoolName::new(Timestamp::MIN.day(), id) {
        Some(_) => Ok(()),
        None => Err(Failure::usage(format!(
            "--parent-id {id}: it becomes part of a file name in the spool"
        ))
        .hint("use letters, digits, - and _, such as a UUID")),
    }
}

/// The ids of the entries in a file that belong to this parent.
fn known_ids(path: &Path, parent: &str) -> io::Result<HashSet<String>> {
    let mut known = HashSet::new();
    if !path.try_exists()? {
        return Ok(known);
    }
    for_each_line(path, |line| {
        if let Ok(text) = line.text
            && let Ok(entry) = TelemetryEntry::parse(text)
            && (entry.id == parent || entry.parent_invocation_id.as_deref() == Some(parent))
        {
            known.insert(entry.id.into_owned());
        }
        Ok::<(), io::Error>(())
    })?;
    Ok(known)
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::unreachable(format!(
        "cannot write to {}: {}",
        path.display(),
        describe(error)
    ))
    .hint("name another place by --spool or --jsonl")
}

fn outcome_name(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Unknown => "unknown",
        RunOutcome::Succeeded => "succeeded",
        RunOutcome::Suspended => "suspended",
        RunOutcome::Cancelled => "cancelled",
        RunOutcome::Failed => "failed",
    }
}
