//! `muster bridge spool`: what waits, what was set aside, and putting it right.

use std::io;

use clap::Args;
use muster_core::delivery::{SpoolName, SpoolState};
use muster_core::record::telemetry_entry::TelemetryEntry;

use super::place::PlaceArgs;
use crate::bridge::{Content, EntryState, Listing, SpoolReport, SpooledEntry};
use crate::cli::Context;
use crate::error::{Answer, Failure, describe};
use crate::render;

/// Show the entries that wait to be sent and those that were set aside
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster bridge spool\n  muster bridge spool --repair\n  muster bridge spool --release all\n\n\
        A repair puts whole entries of writers that died in their place, removes what\n\
        they left half written, sets aside files that hold no entry and closes files\n\
        that other users can read. It never removes an entry."
)]
pub(crate) struct Spool {
    /// Put right what can be put right
    #[arg(long)]
    repair: bool,
    /// Let an entry that was set aside wait to be sent again; `all` for all
    #[arg(long, value_name = "ID")]
    release: Vec<String>,
    /// Remove sent and set aside entries of days more than N days ago
    #[arg(long, value_name = "N")]
    prune_days: Option<u32>,
    /// How many entries to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    place: PlaceArgs,
}

impl Spool {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let settings = self.place.settings(context, false);
        let spool = self.place.spool(&settings, true)?;
        let failed = |error: io::Error| {
            Failure::unreachable(format!(
                "cannot use the spool {}: {}",
                spool.folder().display(),
                describe(&error)
            ))
        };
        let repairs = self
            .repair
            .then(|| spool.repair(true))
            .transpose()
            .map_err(failed)?;
        let before = spool.list().map_err(failed)?;
        let released = self.release(&spool, &before).map_err(failed)?;
        let mut pruned = None;
        if let Some(days) = self.prune_days {
            let first = crate::bridge::days_before(context.clock.now().day(), days);
            let removed = spool.prune(&before.flushed, first).map_err(failed)?
                + spool.prune(&before.quarantined, first).map_err(failed)?;
            pruned = Some(removed);
        }
        let listing = spool.list().map_err(failed)?;
        let (mut entries, mut left_out) = (Vec::new(), 0);
        let shown = listing.quarantined.iter().chain(&listing.pending);
        for name in shown {
            if entries.len() < self.limit {
                entries.extend(entry(&spool, name));
            } else {
                left_out += 1;
            }
        }
        let report = SpoolReport {
            spool: spool.folder().to_path_buf(),
            opted_out: settings.opt_out.as_ref().map(ToString::to_string),
            pending: listing.pending.len() as u64,
            quarantined: listing.quarantined.len() as u64,
            flushed: listing.flushed.len() as u64,
            temporary: listing.temporary.len() as u64,
            others: listing.others,
            oldest_pending: listing.pending.first().map(|name| name.day),
            entries,
            entries_left_out: left_out,
            repairs,
            released,
            pruned,
        };
        context.answer(&report, render::spool)?;
        // Naming what is not there is answered by no.
        let missing = !self.release.is_empty() && released == Some(0);
        Ok(if missing { Answer::No } else { Answer::Yes })
    }

    /// How many entries were released; `None` if none was asked for.
    fn release(&self, spool: &crate::bridge::Spool, listing: &Listing) -> io::Result<Option<u64>> {
        if self.release.is_empty() {
            return Ok(None);
        }
        let wanted = |name: &&SpoolName| {
            let named = |id: &String| id == "all" || *id == name.id;
            self.release.iter().any(named)
        };
        let mut released = 0;
        for name in listing.quarantined.iter().filter(wanted) {
            released += u64::from(spool.set_state(name, SpoolState::Pending)?);
        }
        Ok(Some(released))
    }
}

/// What an entry's file says; `None` if it is gone.
fn entry(spool: &crate::bridge::Spool, name: &SpoolName) -> Option<SpooledEntry> {
    let mut shown = SpooledEntry {
        file: name.to_string(),
        id: name.id.clone(),
        day: name.day,
        state: match name.state {
            SpoolState::Pending => EntryState::Pending,
            SpoolState::Flushed => EntryState::Flushed,
            SpoolState::Quarantined => EntryState::Quarantined,
        },
        what: None,
        status: None,
        unusable: None,
    };
    match spool.read(name) {
        Ok(Content::Gone) => return None,
        Ok(Content::Text(text)) => match TelemetryEntry::parse(&text) {
            Ok(entry) => {
                shown.what = Some(what(&entry));
                shown.status = Some(entry.result.status.name().to_owned());
            }
            Err(error) => shown.unusable = Some(error.to_string()),
        },
        Ok(Content::Unusable(reason)) => shown.unusable = Some(reason),
        Err(error) => shown.unusable = Some(describe(&error)),
    }
    Some(shown)
}

/// The step of a workflow, or the command.
fn what(entry: &TelemetryEntry<'_>) -> String {
    match &entry.workflow_context {
        Some(context) => format!(
            "{} / {} / {}",
            context.workflow_name, context.job_name, context.step_name
        ),
        None => match &entry.invocation.subcommand {
            Some(subcommand) => format!("{} {subcommand}", entry.invocation.command),
            None => entry.invocation.command.to_string(),
        },
    }
}
