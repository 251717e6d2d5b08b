//! Streams of events, as text.

use unicode_width::UnicodeWidthStr as _;

use muster_core::view::{ConsumedView, EventView, GapView, StreamInfoView};

use super::{Align, Style, Table, count, plain, shorten};

/// Events, as a table.
pub fn events(events: &[EventView], style: &Style) -> String {
    if events.is_empty() {
        return "There are no events.\n".into();
    }
    let mut table = Table::new([
        ("ID", Align::Text),
        ("TIME", Align::Text),
        ("TYPE", Align::Name),
        ("SOURCE", Align::Name),
        ("DATA", Align::Name),
    ]);
    for event in events {
        table.row([
            event.event_id.to_string(),
            event
                .timestamp
                .map_or_else(|| "-".into(), |at| style.zone.short(at)),
            event.event_type.clone(),
            event.source.clone(),
            data(event),
        ]);
    }
    table.render(style)
}

/// One event in columns that are the same for each.
pub fn event_line(view: &ConsumedView, style: &Style) -> String {
    let event = &view.event;
    let time = event
        .timestamp
        .map_or_else(|| format!("{:<19}", "-"), |at| style.zone.second(at));
    let again = if view.deliveries > 1 {
        format!("  (delivery {})", view.deliveries)
    } else {
        String::new()
    };
    let before = format!(
        "{time}  {:<16} {:<10} ",
        shorten(&plain(&event.event_type), 16),
        shorten(&plain(&event.source), 10),
    );
    let room = if style.terminal {
        style.columns.saturating_sub(before.width() + again.len())
    } else {
        usize::MAX
    };
    let line = format!("{before}{}{again}", shorten(&plain(&data(event)), room));
    line.trim_end().to_owned() + "\n"
}

/// Stands where events were removed before they could be read.
pub fn gap(view: &GapView, style: &Style) -> String {
    let gap = &view.gap;
    let text = format!(
        "gap in {}: events after {} were removed before they could be read; {}",
        gap.event_type,
        gap.after,
        match gap.first_kept {
            Some(first) => format!("it goes on with {first}"),
            None => "none is left".into(),
        }
    );
    style.warning(&style.sentence(&plain(&text))) + "\n"
}

/// Streams and their groups.
pub fn streams(streams: &[StreamInfoView], style: &Style) -> String {
    if streams.is_empty() {
        return "There are no streams.\n".into();
    }
    let mut table = Table::new([
        ("TYPE", Align::Name),
        ("EVENTS", Align::Number),
        ("FIRST", Align::Text),
        ("LAST", Align::Text),
    ]);
    let mut groups = Table::new([
        ("GROUP", Align::Name),
        ("OF", Align::Name),
        ("GIVEN OUT UP TO", Align::Text),
        ("UNFINISHED", Align::Number),
    ]);
    for stream in streams {
        table.row([
            stream.event_type.clone(),
            count(stream.length),
            stream
                .first_id
                .map_or_else(|| "-".into(), |id| id.to_string()),
            stream.last_id.to_string(),
        ]);
        for group in &stream.groups {
            groups.row([
                group.group.clone(),
                stream.event_type.clone(),
                group.delivered_to.to_string(),
                count(group.unacknowledged),
            ]);
        }
    }
    let mut out = table.render(style);
    if !groups.is_empty() {
        out.push('\n');
        out += &groups.render(style);
    }
    out
}

fn data(event: &EventView) -> String {
    if event.data.is_empty() {
        String::new()
    } else {
        event.data.to_string()
    }
}
