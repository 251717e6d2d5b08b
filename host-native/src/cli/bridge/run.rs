//! `muster bridge run`: a live stream into sinks.

use std::env;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use muster_core::bridge::{AgentSession, AgentTool, Producer, ReplayOptions};
use muster_core::record::telemetry_entry::InvocationContext;

use super::entry_args::EntryArgs;
use super::place::{OptOutArgs, PlaceArgs};
use crate::bridge::{LiveOptions, LiveReport, SinkPlace, Source, run_live};
use crate::cli::Context;
use crate::cli::session::store_url;
use crate::error::{Answer, Failure};
use crate::render;

/// Turn the events of running workflows into entries as they come
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  my-engine | muster bridge run\n  muster bridge run events.jsonl --jsonl entries.jsonl\n  \
        muster bridge run ws://localhost:9090/ --ws-hello '{\"type\":\"workflow.run\",\"id\":\"1\",..}'\n  \
        muster bridge run redis://localhost --redis-stream events\n  \
        my-engine | muster bridge run --to-store --and-spool\n\n\
        Entries go into the spool, unless only other sinks are named. A sink that\n\
        fails is tried again and holds up neither the stream nor the other sinks.\n\
        Ctrl-C drains what is open. Exit status: 0 all is written, 1 telemetry is\n\
        turned off, 3 the source was lost or a sink did not take everything."
)]
pub(crate) struct Run {
    /// `-` for the standard input, a file that grows, or the URL of a WebSocket or Redis
    #[arg(value_name = "SOURCE", default_value = "-")]
    source: String,
    /// Send this JSON text to the WebSocket first; may be given several times
    #[arg(long, value_name = "JSON", help_heading = "Source")]
    ws_hello: Vec<String>,
    /// The key of the Redis stream
    #[arg(long, value_name = "KEY", help_heading = "Source")]
    redis_stream: Option<String>,
    /// The field of its items that holds the event
    #[arg(
        long,
        value_name = "NAME",
        default_value = "event",
        help_heading = "Source"
    )]
    redis_field: String,
    /// Begin after the item of this id; `$` for what comes from now on
    #[arg(
        long,
        value_name = "ID",
        default_value = "0-0",
        help_heading = "Source"
    )]
    redis_after: String,
    /// Go on when the runs in a file or a Redis stream have ended
    #[arg(long, help_heading = "Source")]
    keep_on: bool,
    /// Write entries to this file too, one per line
    #[arg(long, value_name = "FILE", help_heading = "Sinks")]
    jsonl: Vec<PathBuf>,
    /// Publish entries in the store too, in the stream `telemetry_entry`
    #[arg(long, help_heading = "Sinks")]
    to_store: bool,
    /// Write into the spool, although another sink is named
    #[arg(long, help_heading = "Sinks")]
    and_spool: bool,
    /// How long sinks may take after the end of the stream
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 10,
        help_heading = "Sinks"
    )]
    drain_time: u64,
    /// The id of the run's own entry [default: a random UUID]. With the same id and
    /// the same stream, nothing is written twice
    #[arg(long, value_name = "ID", help_heading = "Entries")]
    parent_id: Option<String>,
    #[command(flatten)]
    entries: EntryArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    opt_out: OptOutArgs,
}

impl Run {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let sinks = self.sinks(context)?;
        let nothing = sinks.is_empty();
        let parent_id = match &self.parent_id {
            Some(id) if id.is_empty() => return Err(Failure::usage("--parent-id is empty")),
            Some(id) => id.clone(),
            None => random_id()?,
        };
        let options = LiveOptions {
            source: self.source()?,
            sinks,
            replay: ReplayOptions {
                bridge: self.entries.bridge_options()?,
                parent_id: Some(parent_id.clone()),
                producer: self.entries.producer()?.unwrap_or_else(this_producer),
                clock: None,
                leave_open: false,
                mapping: self.entries.mapping()?,
            },
            parent_id,
            again: self.parent_id.is_some(),
            keep_on: self.keep_on,
            drain_limit: Duration::from_secs(self.drain_time),
        };
        let report = run_live(options, context.clock, |text| {
            use std::io::Write as _;

            // What is said beside the answer may get lost.
            let _ = writeln!(io::stderr(), "muster: {}", render::plain(&text));
        })?;
        if report.skipped_lines > 0 {
            context.say(0, || {
                format!("{} lines were no events and skipped", report.skipped_lines)
            });
        }
        if let Some(failure) = trouble(&report) {
            return Err(failure);
        }
        context.answer(&report, render::live)?;
        Ok(if nothing { Answer::No } else { Answer::Yes })
    }

    fn source(&self) -> Result<Source, Failure> {
        let text = &self.source;
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        let source = match scheme {
            Some("ws" | "wss") => Source::WebSocket {
                url: text.clone(),
                hello: self.ws_hello.clone(),
            },
            Some("redis" | "rediss") => Source::Redis {
                url: text.clone(),
                key: self.redis_stream.clone().ok_or_else(|| {
                    Failure::usage("the Redis stream is not named")
                        .hint("name its key by --redis-stream")
                })?,
                field: self.redis_field.clone(),
                after: self.redis_after.clone(),
            },
            Some(scheme) => {
                return Err(
                    Failure::usage(format!("{text}: a stream cannot be read by {scheme}"))
                        .hint("give -, a file, or a ws, wss, redis or rediss URL"),
                );
            }
            None if text == "-" => Source::Stdin,
            None => Source::File(text.into()),
        };
        let is_socket = matches!(source, Source::WebSocket { .. });
        if !is_socket && !self.ws_hello.is_empty() {
            return Err(Failure::usage("--ws-hello is for a WebSocket source"));
        }
        for hello in &self.ws_hello {
            if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(hello) {
                return Err(Failure::usage(format!("--ws-hello is no JSON: {error}")));
            }
        }
        if source == Source::Stdin && io::stdin().is_terminal() {
            return Err(Failure::usage("there are no events")
                .hint("pipe them in, or name a file, a WebSocket or Redis"));
        }
        Ok(source)
    }

    /// The sinks; telemetry that is turned off leaves those that the user named.
    fn sinks(&self, context: &Context) -> Result<Vec<SinkPlace>, Failure> {
        let settings = self.place.settings(context, self.opt_out.no_telemetry);
        let mut sinks: Vec<SinkPlace> = self.jsonl.iter().cloned().map(SinkPlace::Lines).collect();
        if self.to_store {
            let config = context.config(Path::new("."))?;
            sinks.push(SinkPlace::Store(store_url(context, &config)?));
        }
        if !sinks.is_empty() && !self.and_spool && !self.place.is_named() {
            return Ok(sinks);
        }
        match &settings.opt_out {
            Some(reason) => {
                context.say(0, || format!("nothing is written into the spool: {reason}"));
            }
            None => sinks.push(SinkPlace::Spool(self.place.spool(&settings, false)?)),
        }
        Ok(sinks)
    }
}

/// What kept the answer from being a whole one.
fn trouble(report: &LiveReport) -> Option<Failure> {
    let lost: Vec<String> = report
        .sinks
        .iter()
        .filter(|sink| sink.lost > 0)
        .map(|sink| {
            let why = sink.last_error.as_deref().unwrap_or("too many waited");
            format!("{} did not take {} entries: {why}", sink.sink, sink.lost)
        })
        .collect();
    if !lost.is_empty() {
        return Some(Failure::unreachable(lost.join("; ")).hint(
            "the workflow was not disturbed; if its events were kept, run them again with the same --parent-id",
        ));
    }
    let reason = report.lost_because.as_deref()?;
    let written: u64 = report.sinks.iter().map(|sink| sink.written).sum();
    Some(
        Failure::unreachable(format!(
            "the event stream was lost: {reason}; what was open is drained, {written} entries written"
        ))
        .hint("the run's entry says that it has no known end"),
    )
}

/// A UUID of version 4.
fn random_id() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::unreachable(format!("cannot make an id: {error}")))?;
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    Ok(id.to_string())
}

/// What this process knows of itself.
fn this_producer() -> Producer {
    let session = AgentSession::detect(|name| env::var(name).ok());
    Producer {
        platform: match env::consts::OS {
            "macos" => "darwin",
            other => other,
        }
        .into(),
        invocation_context: Some(InvocationContext {
            agent_session_detected: Some(session.detected),
            is_interactive: Some(io::stdin().is_terminal()),
            detected_ai_tool: session.tool.map(AgentTool::name).map(Into::into),
            ..InvocationContext::default()
        }),
        ..Producer::default()
    }
}
