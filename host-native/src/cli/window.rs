//! Which span of time a report is about.

use clap::Args;
use muster_core::{Timestamp, US_PER_DAY, US_PER_SECOND, Window};

use super::Context;
use crate::error::Failure;

/// Options that select a window. Times without an offset are in the zone of `--tz`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct WindowArgs {
    /// The last N times 24 hours
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["hours", "all", "from", "to"], help_heading = "Window")]
    days: Option<u32>,
    /// The last N hours
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["all", "from", "to"], help_heading = "Window")]
    hours: Option<u32>,
    /// From this time on
    #[arg(
        long,
        value_name = "TIME",
        conflicts_with = "all",
        help_heading = "Window"
    )]
    from: Option<String>,
    /// Before this time
    #[arg(
        long,
        value_name = "TIME",
        conflicts_with = "all",
        help_heading = "Window"
    )]
    to: Option<String>,
    /// All of time
    #[arg(long, help_heading = "Window")]
    all: bool,
}

impl WindowArgs {
    /// The window, by default the `hours` before now, or all of time.
    pub(crate) fn resolve(&self, context: &Context, hours: Option<u32>) -> Result<Window, Failure> {
        let before = |us: i64| Window::before(context.clock.now(), us);
        if self.all {
            return Ok(Window::ALL);
        }
        if let Some(days) = self.days {
            return Ok(before(i64::from(days).saturating_mul(US_PER_DAY)));
        }
        if self.from.is_none() && self.to.is_none() {
            let hours = self.hours.or(hours);
            return Ok(hours.map_or(Window::ALL, |hours| {
                before(i64::from(hours).saturating_mul(3600 * US_PER_SECOND))
            }));
        }
        let window = Window {
            from: bound(context, "--from", self.from.as_deref())?,
            to: bound(context, "--to", self.to.as_deref())?,
        };
        if let (Some(from), Some(to)) = (window.from, window.to)
            && from >= to
        {
            return Err(
                Failure::usage(format!("--from {from} does not lie before --to {to}"))
                    .hint("a window holds its start and ends before its end"),
            );
        }
        Ok(window)
    }
}

fn bound(
    context: &Context,
    option: &str,
    text: Option<&str>,
) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let parsed = match Timestamp::parse_with_zone(text) {
        Ok((at, muster_core::Zone::Stated)) => Some(at),
        // The core takes a time without an offset as UTC; here it is one of `--tz`.
        Ok((_, muster_core::Zone::Naive)) => context.style.zone.resolve(text),
        Err(_) => None,
    };
    match parsed {
        Some(at) => Ok(Some(at)),
        None => Err(Failure::usage(format!("{option} {text}: no time"))
            .hint("write a time such as 2026-11-20, 2026-11-20T08:15 or 2026-11-20T08:15:02Z")),
    }
}
