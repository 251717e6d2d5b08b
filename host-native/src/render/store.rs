//! The store itself, as text.

use std::fmt::Write as _;

use muster_core::view::{StoreCheckView, StoreView, StoreWatchView};

use super::{Align, Style, Table, count, plain, wrap};

/// What sort of store it is.
pub fn store(view: &StoreView, style: &Style) -> String {
    let survives = match view.durability.as_str() {
        "memory" => "nothing",
        "seconds" => "the end of a process; a power cut may take the last second",
        "disk" => "a power cut",
        _ => "the server does not tell",
    };
    let watched = match view.observed_since {
        Some(since) => format!("since {}", style.zone.second(since)),
        None => "no".into(),
    };
    let mut table = Table::new([("", Align::Text), ("", Align::Text)]);
    table.row([
        "store".into(),
        format!("{} {}", view.backend, plain(&view.version)),
    ]);
    table.row(["at".into(), plain(&view.location)]);
    table.row(["an accepted write survives".into(), survives.into()]);
    table.row(["watched for other writers".into(), watched]);
    let mut out = table.render(style);
    for note in &view.notes {
        out.push('\n');
        out += &(wrap(&plain(note), style.columns, "") + "\n");
    }
    out
}

/// What a store holds.
pub fn store_check(view: &StoreCheckView, style: &Style) -> String {
    let mut out = format!(
        "{}: {} signals ({} expired), {} agents, {} approvals, {} events in {} streams\n",
        plain(&view.location),
        count(view.signals),
        count(view.expired_signals),
        count(view.agents),
        count(view.approvals),
        count(view.events),
        count(view.streams),
    );
    if view.sound {
        out += "Everything could be read.\n";
        return out;
    }
    // Writing to a string cannot fail.
    let _ = writeln!(out, "\n{} values are no records:\n", view.malformed.len());
    let mut table = Table::new([("KEY", Align::Name), ("WHAT IS WRONG", Align::Name)]);
    for bad in &view.malformed {
        table.row([bad.key.clone(), bad.error.clone()]);
    }
    out + &table.render(style)
}

/// How foreign writes are noticed: one line.
pub fn store_watch(view: &StoreWatchView, style: &Style) -> String {
    let at = style.zone.second(view.at);
    let look = format!("{} keys in {} ms", count(view.keys), view.look_ms);
    match view.mode.as_str() {
        "notified" => format!(
            "{at}  the server tells of writes; {} taken in; first look {look}\n",
            count(view.adopted)
        ),
        "scanning" => format!(
            "{at}  going through the keys; {} taken in; last pass {look}\n",
            count(view.adopted)
        ),
        "standing_by" => format!("{at}  standing by: not watching, or another process does\n"),
        _ => format!("{at}  nobody but Muster writes into this store: there is nothing to watch\n"),
    }
}
