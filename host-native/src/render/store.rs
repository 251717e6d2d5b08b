//! The store itself, as text.

use std::fmt::Write as _;

use muster_core::view::{StoreCheckView, StoreInfoView, StoreWatchView};

use super::{Align, Style, Table, count, counted, plain, wrap};

/// What sort of store it is.
pub fn store(view: &StoreInfoView, style: &Style) -> String {
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
    let mut out = String::new();
    for (what, value) in [
        ("store", format!("{} {}", view.backend, view.version)),
        ("at", view.location.clone()),
        ("an accepted write survives", survives.into()),
        ("watched for other writers", watched),
    ] {
        let line = format!("{what:<28}{}", plain(&value));
        out += &(wrap(&line, style.columns, &" ".repeat(28)) + "\n");
    }
    for note in &view.notes {
        out.push('\n');
        out += &(wrap(&plain(note), style.columns, "") + "\n");
    }
    out
}

/// What a store holds.
pub fn store_check(view: &StoreCheckView, style: &Style) -> String {
    let mut out = plain(&view.location) + "\n\n";
    for (what, number, more) in [
        ("signals that wait", view.signals, String::new()),
        (
            "signals that expired",
            view.expired_signals,
            "within a day".into(),
        ),
        ("agents", view.agents, String::new()),
        ("approvals", view.approvals, String::new()),
        (
            "events",
            view.events,
            format!("in {}", counted(view.streams, "stream")),
        ),
    ] {
        let line = format!("{what:<22}{:>9}  {more}", count(number));
        out += &(line.trim_end().to_owned() + "\n");
    }
    if view.sound {
        return out + "\nEverything could be read.\n";
    }
    let number = u64::try_from(view.malformed.len()).unwrap_or(u64::MAX);
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "\n{}:\n",
        style.warning(&format!("No records: {}", counted(number, "value")))
    );
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
    let taken = match view.contested {
        0 => format!("{} taken in", count(view.adopted)),
        contested => format!(
            "{} taken in, {} contested",
            count(view.adopted),
            count(contested)
        ),
    };
    let text = match view.mode.as_str() {
        "notified" => format!("{at}  told by the server; {taken}; first look: {look}"),
        "scanning" => format!("{at}  going through the keys; {taken}; last pass: {look}"),
        "standing_by" => format!("{at}  standing by: another process watches, or none yet"),
        _ => format!("{at}  only Muster writes into such a store: nothing to watch"),
    };
    wrap(&text, style.columns, &" ".repeat(21)) + "\n"
}
