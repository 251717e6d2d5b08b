//! `muster bridge replay`: a recorded stream, or one that is piped in.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use muster_core::Timestamp;
use muster_core::bridge::{self, ReplayClock, ReplayOptions};

use super::entry_args::EntryArgs;
use crate::cli::Context;
use crate::error::{Answer, Failure, describe};

/// How much of a file is read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Turn a stream of workflow events into telemetry entries, one JSON per line
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster bridge replay run.events.jsonl --parent-id 0f7c2a54-1111-4a61-9b1e-5b8f4a2d9c01\n  \
        muster bridge replay --start 2026-01-01T00:00:00Z --step-ms 10 < run.events.jsonl\n\n\
        A line is an event, a serve envelope {\"type\":\"event\",\"event\":..},\n\
        {\"at\":TIME,\"event\":..}, or {\"finalize\":{\"at\":TIME,\"reason\":TEXT}}. The same\n\
        stream gives the same entries with the same ids."
)]
pub(crate) struct Replay {
    /// The stream, JSON lines; `-` is the standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The id of the entry that these are children of
    #[arg(long, value_name = "ID")]
    parent_id: Option<String>,
    /// Leave methods that are open in the end without an entry
    #[arg(long)]
    no_finalize: bool,
    /// When the first event without a time happens [default: when it is read]
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// Milliseconds from each event to the next
    #[arg(long, value_name = "N", requires = "start", default_value_t = 0)]
    step_ms: u32,
    /// End with exit status 4 at the first line that is no line of a stream
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    entries: EntryArgs,
}

impl Replay {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let mut replay = bridge::Replay::new(self.options()?);
        let mut input = self.open()?;
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut out = String::new();
        loop {
            let read = match input.read(&mut chunk) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.unreadable(&error)),
            };
            let now = context.clock.now();
            match chunk.get(..read) {
                Some(bytes) if read > 0 => replay.push(now, bytes, &mut out),
                _ => replay.finish(now, &mut out),
            }
            context.print(&out)?;
            out.clear();
            if self.strict && replay.log().skipped_lines() > 0 {
                return Err(refused(&replay));
            }
            if read == 0 {
                break;
            }
        }
        if replay.log().records == 0 && replay.log().skipped_lines() > 0 {
            return Err(
                Failure::unusable(skipped(&replay).unwrap_or_default()).hint(
                    "is it a stream of workflow events? --mapping reads those of other engines",
                ),
            );
        }
        tell(context, &replay);
        Ok(Answer::Yes)
    }

    fn options(&self) -> Result<ReplayOptions, Failure> {
        let clock = match &self.start {
            Some(start) => Some(ReplayClock {
                start: Timestamp::parse(start)
                    .map_err(|error| Failure::usage(format!("--start {start}: {error}")))?,
                step_us: i64::from(self.step_ms) * 1000,
            }),
            None => None,
        };
        Ok(ReplayOptions {
            bridge: self.entries.bridge_options()?,
            parent_id: self.parent_id.clone(),
            producer: self.entries.producer()?.unwrap_or_default(),
            clock,
            leave_open: self.no_finalize,
            mapping: self.entries.mapping()?,
        })
    }

    fn open(&self) -> Result<Box<dyn Read>, Failure> {
        if self.file == Path::new("-") {
            return Ok(Box::new(io::stdin().lock()));
        }
        let file = fs::File::open(&self.file).map_err(|error| self.unreadable(&error))?;
        Ok(Box::new(file))
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        let what = if self.file == Path::new("-") {
            "the standard input".to_owned()
        } else {
            self.file.display().to_string()
        };
        Failure::unreachable(format!("cannot read {what}: {}", describe(error)))
            .hint("name a stream that can be read, or pipe one in")
    }
}

/// The lines that gave nothing, and why.
fn skipped(replay: &bridge::Replay) -> Option<String> {
    let log = replay.log();
    let first = log.samples.first()?;
    let mut text = format!("{} of {} lines skipped", log.skipped_lines(), log.lines);
    for (at, (code, lines)) in log.skipped.iter().enumerate() {
        let _ = write!(text, "{} {lines} {code}", if at == 0 { ":" } else { "," });
    }
    let _ = write!(text, "; the first is line {}: {}", first.line, first.reason);
    Some(text)
}

fn refused(replay: &bridge::Replay) -> Failure {
    Failure::unusable(skipped(replay).unwrap_or_default())
        .hint("without --strict such lines are skipped and counted")
}

/// What was passed over.
fn tell(context: &Context, replay: &bridge::Replay) {
    if let Some(text) = skipped(replay) {
        context.say(0, || text);
    }
    let counts = replay.counts();
    for (count, level, what) in [
        (
            counts.unknown_kinds,
            0,
            "events of unknown kinds were passed over",
        ),
        (
            counts.unknown_fields,
            1,
            "fields of unknown names were passed over",
        ),
        (counts.after_finalize, 1, "events came after the end"),
        (
            counts.redelivered,
            1,
            "events came again and were passed over",
        ),
        (
            counts.duplicates,
            1,
            "starts of what had begun were passed over",
        ),
        (
            counts.clock_steps_back,
            1,
            "times lie before the one in front of them",
        ),
        (counts.drained, 1, "methods were open in the end"),
    ] {
        if count > 0 {
            context.say(level, || format!("{count} {what}"));
        }
    }
    context.say(1, || {
        format!(
            "{} events of {} runs gave {} entries: {} successes, {} errors, {} user errors, {} cancelled",
            counts.events(),
            counts.runs,
            counts.entries(),
            counts.succeeded,
            counts.failed,
            counts.user_errors,
            counts.cancelled
        )
    });
}
