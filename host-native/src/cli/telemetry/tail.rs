//! `muster telemetry tail`: records as they come.

use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use muster_core::record::usage::UsageRecord;
use muster_core::view::RecentCall;
use muster_core::{Line, SkipReason, to_json};

use crate::cli::Context;
use crate::cli::follow::LOOK_AGAIN;
use crate::error::{Answer, Failure, describe};
use crate::files::{Follower, Places, Turn};
use crate::render::{self, Style};

/// Print calls of models as they are recorded, until interrupted
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster telemetry tail\n  muster telemetry tail --lines 0 --json | jq .cost_usd\n\n\
        Growth, truncation and rotation of the log are followed; a line that is not\n\
        whole yet is printed when it is."
)]
pub(crate) struct Tail {
    /// Follow this usage log instead of the one in the home
    #[arg(value_name = "FILE", conflicts_with = "home")]
    file: Option<PathBuf>,
    /// The attune home or its telemetry folder [default: `$ATTUNE_HOME`, else ~/.attune]
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// How many of the last records to begin with
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    lines: usize,
}

impl Tail {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let path = self.path(context)?;
        let failed = |error: &std::io::Error| {
            Failure::unreachable(format!(
                "cannot read {}: {}",
                path.display(),
                describe(error)
            ))
            .hint("name a usage log that can be read")
        };
        let mut follower = Follower::new(&path, self.lines).map_err(|error| failed(&error))?;
        if self.file.is_some() && !path.exists() {
            context.say(0, || format!("{} is not there yet", path.display()));
        }
        loop {
            let mut out = String::new();
            let turn = follower
                .poll(&mut |line| push_line(&mut out, line, context))
                .map_err(|error| failed(&error))?;
            match turn {
                Some(Turn::Truncated) => {
                    context.say(0, || format!("{} was truncated", path.display()));
                }
                Some(Turn::Replaced) => {
                    context.say(1, || format!("{} is a new file", path.display()));
                }
                None => {}
            }
            if !out.is_empty() {
                context.print(&out)?;
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    fn path(&self, context: &Context) -> Result<PathBuf, Failure> {
        if let Some(file) = &self.file {
            return Ok(file.clone());
        }
        let config = context.config(Path::new("."))?;
        let env_home = std::env::var_os("ATTUNE_HOME").is_some_and(|home| !home.is_empty());
        let configured = config.home.as_deref().filter(|_| !env_home);
        let places = Places::find(self.home.as_deref().or(configured), None)?;
        let telemetry = places.telemetry.ok_or_else(|| {
            Failure::usage("there is no home folder to look in")
                .hint("name a log, or a home by --home")
        })?;
        Ok(telemetry.join("usage.jsonl"))
    }
}

fn push_line(out: &mut String, line: Line<'_>, context: &Context) {
    let reason = match line.text {
        Ok(text) if text.trim().is_empty() => return,
        Ok(text) => match UsageRecord::parse(text) {
            Ok(record) => {
                let call = RecentCall::of(&record);
                if context.json {
                    *out += &to_json(&call);
                } else {
                    *out += &row(&call, &context.style);
                }
                out.push('\n');
                return;
            }
            Err(error) => SkipReason::Record(error.kind),
        },
        Err(error) => SkipReason::Line(error),
    };
    context.say(0, || {
        format!("skipped the line at byte {}: {reason}", line.offset)
    });
}

/// One line of the same columns for each call.
fn row(call: &RecentCall, style: &Style) -> String {
    let name = match &call.stage {
        Some(stage) => format!("{}/{stage}", call.workflow),
        None => call.workflow.clone(),
    };
    // As wide as a terminal of 80 columns.
    format!(
        "{}  {:<16} {:<8} {:>9} {:>11} {:>7} {}",
        style.zone.second(call.ts),
        render::shorten(&render::plain(&name), 16),
        render::shorten(&render::plain(&call.tier), 8),
        render::usd(call.cost_usd, 6),
        format!(
            "{}/{}",
            render::compact(call.tokens_in),
            render::compact(call.tokens_out)
        ),
        render::duration(call.duration_ms),
        if call.cache_hit { "hit" } else { "" },
    )
    .trim_end()
    .to_owned()
}
