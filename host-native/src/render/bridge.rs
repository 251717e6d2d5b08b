//! The spool and what was sent from it, as text.

use std::fmt::Write as _;

use super::provenance::counted;
use super::{Align, Style, Table, plain};
use crate::bridge::{EntryState, FlushReport, LiveReport, SpoolReport};

/// What lies in a spool.
pub fn spool(report: &SpoolReport, style: &Style) -> String {
    let mut out = String::new();
    let title = format!(
        "{} {} in {}",
        entries(report.pending),
        if report.pending == 1 { "waits" } else { "wait" },
        plain(&report.spool.display().to_string())
    );
    let _ = writeln!(out, "{}", style.title(&title));
    if let Some(reason) = &report.opted_out {
        let text = format!("Nothing is written or sent: {}.", plain(reason));
        let _ = writeln!(out, "{}", style.warning(&style.sentence(&text)));
    }
    for (count, what) in [
        (report.quarantined, "set aside"),
        (report.flushed, "sent and kept"),
        (
            report.temporary,
            "being written, or left by a writer that died",
        ),
        (report.others, "other files, left alone"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "  {:>8}  {what}", super::count(count));
        }
    }
    if let Some(repairs) = &report.repairs {
        let text = format!(
            "Repaired: {} recovered, {} half-written removed, {} set aside, {} closed to others.",
            repairs.recovered, repairs.removed, repairs.set_aside, repairs.closed
        );
        let _ = writeln!(out, "{}", style.sentence(&text));
    }
    if let Some(released) = report.released {
        let _ = writeln!(out, "{} wait again.", entries(released));
    }
    if let Some(pruned) = report.pruned {
        let _ = writeln!(out, "{} removed.", entries(pruned));
    }
    if report.entries.is_empty() {
        return out;
    }
    let mut table = Table::new([
        ("DAY", Align::Text),
        ("STATE", Align::Text),
        ("ID", Align::Name),
        ("WHAT", Align::Name),
        ("RESULT", Align::Text),
    ]);
    for entry in &report.entries {
        let state = match entry.state {
            EntryState::Pending => "waits",
            EntryState::Flushed => "sent",
            EntryState::Quarantined => "set aside",
        };
        let what = match (&entry.what, &entry.unusable) {
            (Some(what), _) => what.clone(),
            (None, reason) => format!("no entry: {}", reason.as_deref().unwrap_or("unreadable")),
        };
        table.row([
            entry.day.to_string(),
            state.into(),
            entry.id.clone(),
            what,
            entry.status.clone().unwrap_or_else(|| "-".into()),
        ]);
    }
    out.push('\n');
    out.push_str(&table.render(style));
    if report.entries_left_out > 0 {
        let _ = writeln!(
            out,
            "{} more; --limit shows them.",
            super::count(report.entries_left_out)
        );
    }
    out
}

/// What became of the entries that were to be sent.
pub fn flush(report: &FlushReport, style: &Style) -> String {
    let mut out = String::new();
    let title = if report.endpoint.is_empty() {
        "Nothing sent".to_owned()
    } else {
        format!(
            "{} sent to {} in {}",
            entries(report.sent),
            plain(&report.endpoint),
            counted(report.requests, "request")
        )
    };
    let _ = writeln!(out, "{}", style.title(&title));
    for (count, what) in [
        (report.pending, "still wait"),
        (
            report.quarantined,
            "set aside; muster bridge spool shows them",
        ),
        (report.gone, "sent by another process meanwhile"),
        (
            report.repairs.recovered,
            "recovered from a writer that died",
        ),
        (report.pruned, "sent long ago, removed"),
    ] {
        if count > 0 {
            let _ = writeln!(out, "  {:>8}  {what}", super::count(count));
        }
    }
    out
}

fn entries(number: u64) -> String {
    let noun = if number == 1 { "entry" } else { "entries" };
    format!("{} {noun}", super::count(number))
}

/// What a live bridge did.
pub fn live(report: &LiveReport, style: &Style) -> String {
    let mut out = String::new();
    let title = match &report.parent_id {
        Some(id) => format!(
            "{} of {} events; runs {}: {}",
            entries(report.entries),
            super::count(report.events),
            report.outcome,
            plain(id)
        ),
        None => "No run was seen".to_owned(),
    };
    let _ = writeln!(out, "{}", style.title(&title));
    for sink in &report.sinks {
        let _ = write!(
            out,
            "  {:>8}  written to {}",
            super::count(sink.written),
            plain(&sink.sink)
        );
        for (number, what) in [
            (sink.already_there, "there already"),
            (sink.failed_writes, "writes tried again"),
        ] {
            if number > 0 {
                let _ = write!(out, ", {} {what}", super::count(number));
            }
        }
        out.push('\n');
    }
    if report.drained > 0 {
        let _ = writeln!(
            out,
            "  {:>8}  methods were open in the end",
            super::count(report.drained)
        );
    }
    out
}
