//! `muster bridge flush`: send what waits, now.

use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use muster_core::delivery::{Answer as Reply, MAX_BATCH, SenderPolicy};

use super::place::{OptOutArgs, PlaceArgs};
use crate::bridge::{self, Endpoint, FlushOptions, FlushReport, FlushStep, FlushWatch};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::render;

/// Send the entries that wait
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster bridge flush\n  muster bridge flush --endpoint https://telemetry.example.com --time-limit 300\n\n\
        An entry that the endpoint refuses by itself while it takes others is set\n\
        aside; an outage sets nothing aside. Exit status: 0 all is sent, 1 something\n\
        was set aside or still waits, 3 the endpoint cannot be reached or takes nothing."
)]
pub(crate) struct Flush {
    /// Where to send to [default: as swamp does]
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The user's id [default: of swamp's identity.json, else the repository's id]
    #[arg(long, value_name = "ID")]
    distinct_id: Option<String>,
    /// Do not begin to wait for a next try that comes after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    time_limit: u64,
    /// Entries per request
    #[arg(
        long,
        value_name = "N",
        default_value_t = MAX_BATCH as u64,
        value_parser = clap::value_parser!(u64).range(1..=MAX_BATCH as u64)
    )]
    batch: u64,
    /// Keep sent entries for so many days, for `bridge stats`; 0 removes them at once
    #[arg(long, value_name = "N", default_value_t = 7)]
    keep_days: u32,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    opt_out: OptOutArgs,
}

impl Flush {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let settings = self.place.settings(context, self.opt_out.no_telemetry);
        let spool = self.place.spool(&settings, true)?;
        if let Some(reason) = &settings.opt_out {
            context.say(0, || format!("nothing is sent: {reason}"));
            let pending = spool.list().map_or(0, |listing| listing.pending.len());
            let report = FlushReport {
                spool: spool.folder().to_path_buf(),
                pending: pending as u64,
                ..FlushReport::default()
            };
            context.answer(&report, render::flush)?;
            return Ok(Answer::No);
        }
        let address = self.endpoint.as_ref().unwrap_or(&settings.endpoint);
        let mut endpoint = Endpoint::new(address, settings.api_key.clone())?;
        if endpoint.exposes_key() {
            context.say(0, || {
                format!("the key goes to {} without encryption", endpoint.url())
            });
        }
        let distinct_id = self.distinct_id.clone().or(settings.distinct_id);
        let distinct_id = distinct_id.ok_or_else(|| {
            Failure::usage("entries need an id of the user or the repository to be sent")
                .hint("run swamp once, so that it makes identity.json, or give --distinct-id")
        })?;
        let options = FlushOptions {
            distinct_id,
            repo_id: settings.repo_id,
            policy: SenderPolicy {
                batch: usize::try_from(self.batch).unwrap_or(MAX_BATCH),
                ..SenderPolicy::default()
            },
            time_limit: Duration::from_secs(self.time_limit),
            keep_days: self.keep_days,
        };
        let mut watch = Watch { context, bar: None };
        let (report, outcome) =
            bridge::flush(&spool, &mut endpoint, &options, context.clock, &mut watch);
        watch.end();
        tell_apart(context, &report);
        outcome?;
        context.answer(&report, render::flush)?;
        let all = report.quarantined == 0 && report.pending == 0;
        Ok(if all { Answer::Yes } else { Answer::No })
    }
}

/// Says what the answer does not: it is lost when sending breaks off.
fn tell_apart(context: &Context, report: &FlushReport) {
    for aside in &report.quarantined_samples {
        context.say(0, || format!("set aside {}: {}", aside.file, aside.reason));
    }
    if report.unmarked > 0 {
        context.say(0, || {
            format!(
                "{} sent but could not be marked so, and will be sent again",
                report.unmarked
            )
        });
    }
}

/// Shows how far it is.
struct Watch<'a> {
    context: &'a Context,
    bar: Option<ProgressBar>,
}

impl Watch<'_> {
    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl FlushWatch for Watch<'_> {
    fn step(&mut self, step: FlushStep) {
        match step {
            FlushStep::Begins(entries) if self.context.shows_progress() && entries > 0 => {
                let target = ProgressDrawTarget::stderr_with_hz(10);
                let bar = ProgressBar::with_draw_target(Some(entries), target);
                let form = "sending {bar:40} {pos}/{len} {msg}";
                if let Ok(style) = ProgressStyle::with_template(form) {
                    bar.set_style(style.progress_chars("=> "));
                }
                self.bar = Some(bar);
            }
            FlushStep::Begins(_) => {}
            FlushStep::Settled(entries) => {
                if let Some(bar) = &self.bar {
                    bar.set_message("");
                    bar.inc(entries);
                }
            }
            FlushStep::Waits(wait, reply) => {
                let why = match reply {
                    Reply::Status { code, .. } => format!("HTTP {code}"),
                    Reply::TimedOut => "no answer in time".into(),
                    Reply::NoConnection | Reply::NothingToSend => "no connection".into(),
                };
                let text = format!("{why}, next try in {} s", wait.as_secs().max(1));
                match &self.bar {
                    Some(bar) => bar.set_message(text),
                    None => self.context.say(1, || text),
                }
            }
        }
    }
}
