//! What a gateway says and what waits in it, as text.

use std::fmt::Write as _;

use muster_core::Timestamp;
use muster_core::view::{
    ExchangeView, GatewayEventsFoundView, GatewayQueuesView, GatewayReviewView, GatewayStatusView,
    GatewayTestView, MonitorCheckView, StatusFieldView,
};

use super::{Align, Style, Table, age, plain, shorten, wrap};

/// Columns of the names of fields.
const NAME_COLUMNS: usize = 34;

/// Fields that are shown whatever they say.
const OFTEN: [&str; 12] = [
    "model",
    "components.session",
    "components.waitingForTurnEnd",
    "totalPending",
    "queueDepth",
    "sessionPressure.health",
    "sessionPressure.usagePercent",
    "sessionPressure.nextThresholdSummary",
    "supersession.batching.pendingCount",
    "channelHealth.overall",
    "fallback.active",
    "daemon.uptimeMs",
];

/// The status: whether messages are answered, then what matters now, or every field.
pub fn gateway_status(
    view: &GatewayStatusView,
    all: bool,
    now: Timestamp,
    style: &Style,
) -> String {
    let word = match view.available {
        Some(true) => "AVAILABLE: messages are answered",
        Some(false) => "NOT AVAILABLE: messages are not answered",
        None => "UNKNOWN: the gateway does not say whether messages are answered",
    };
    let mut out = style.heading(word);
    let mode = view.mode.as_deref().unwrap_or("unknown");
    let healthy = match view.healthy {
        Some(true) => "healthy",
        Some(false) => "not healthy, which need not stop answers",
        None => "health unknown",
    };
    let _ = writeln!(
        out,
        "\n  mode {}, {healthy}, {}",
        plain(mode),
        style.zone.second(now)
    );
    let shows =
        |field: &&StatusFieldView| all || field.attention || OFTEN.contains(&field.path.as_str());
    let mut section = "";
    for field in view.fields.iter().filter(shows) {
        let first = field.path.split('.').next().unwrap_or_default();
        if all && first != section {
            let _ = write!(out, "\n{}", style.heading(&plain(first)));
            out.push('\n');
            section = first;
        }
        let mark = if field.attention { '!' } else { ' ' };
        let name = plain(&field.path);
        let head = format!("{mark} {name:NAME_COLUMNS$} {}", plain(&field.value));
        let head = if field.attention {
            style.warning(&head)
        } else {
            head
        };
        let text = wrap(&format!("    {}", field.meaning), style.columns, "    ");
        let _ = writeln!(out, "{head}\n{}", style.faint(&text));
    }
    if !all {
        let rest = view.fields.len() - view.fields.iter().filter(shows).count();
        let _ = writeln!(out, "\n{rest} more fields with --all");
    }
    if view.left_out > 0 {
        let _ = writeln!(
            out,
            "{} fields beyond the bound are not shown",
            view.left_out
        );
    }
    out
}

/// What waits, list by list.
pub fn gateway_queues(view: &GatewayQueuesView, style: &Style) -> String {
    let waiting: u64 = view.queues.iter().map(|queue| queue.pending).sum();
    let mut out = style.heading(&format!(
        "{waiting} event(s) wait, {} message(s) are persisted and not served",
        view.unserved
    ));
    out.push('\n');
    let mut table = Table::new([
        ("SESSION", Align::Name),
        ("TYPE", Align::Name),
        ("SOURCE", Align::Name),
        ("AGE", Align::Number),
        ("ID", Align::Name),
    ]);
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    for queue in &view.queues {
        for event in &queue.events {
            table.row([
                queue.session.clone(),
                or_none(&event.event_type),
                or_none(&event.source),
                event.age_ms.map_or_else(|| "-".to_owned(), age),
                or_none(&event.id),
            ]);
        }
    }
    for message in &view.oldest {
        table.row([
            "(persisted)".to_owned(),
            "message".to_owned(),
            or_none(&message.source),
            message.age_ms.map_or_else(|| "-".to_owned(), age),
            message.id.clone(),
        ]);
    }
    if !table.is_empty() {
        out.push('\n');
        out.push_str(&table.render(style));
    }
    for queue in &view.queues {
        let rest = queue.pending.saturating_sub(queue.events.len() as u64);
        if rest > 0 {
            let _ = writeln!(
                out,
                "{rest} newer event(s) of {} are not shown",
                plain(&queue.session)
            );
        }
    }
    out
}

/// Events with their metadata, then the turns.
pub fn gateway_otel(view: &GatewayEventsFoundView, style: &Style) -> String {
    let mut out = style.heading(&format!(
        "{} event(s) with {}",
        view.events.len(),
        plain(&view.query)
    ));
    out.push('\n');
    for event in &view.events {
        let mut text = format!(
            "{}  {}  {}",
            style.zone.second(event.at),
            plain(&event.action),
            plain(&event.component)
        );
        if let Some(error) = &event.error {
            let _ = write!(text, "  error: {}", plain(error));
        }
        let _ = writeln!(out, "{}", wrap(&text, style.columns, "    "));
        if !event.metadata.is_empty() {
            let facts: Vec<String> = event
                .metadata
                .iter()
                .map(|(name, value)| format!("{}={}", plain(name), shorten(&plain(value), 60)))
                .collect();
            let text = wrap(&format!("    {}", facts.join(" ")), style.columns, "    ");
            let _ = writeln!(out, "{}", style.faint(&text));
        }
    }
    if !view.turns.is_empty() {
        let _ = writeln!(out, "\n{}", style.heading("Turns"));
    }
    for turn in &view.turns {
        let yes = |flag: bool, name: &str| {
            if flag {
                format!(" {name}")
            } else {
                String::new()
            }
        };
        let at = turn.at.map_or_else(String::new, |at| style.zone.second(at));
        let mut text = format!(
            "{at} {}{}{}",
            yes(turn.triaged, "triaged"),
            yes(turn.dispatched, "dispatched"),
            yes(turn.background_source, "background")
        );
        let outcome = turn
            .outcome
            .as_deref()
            .unwrap_or("nothing tells what became of it");
        let _ = write!(text, ": {}", plain(outcome));
        let _ = writeln!(out, "{}", wrap(&text, style.columns, "    "));
        for (name, value) in &turn.decided_by {
            let line = format!("    {} = {}", plain(name), shorten(&plain(value), 60));
            let _ = writeln!(out, "{}", style.faint(&line));
        }
    }
    if view.left_out > 0 {
        let _ = writeln!(
            out,
            "{} older event(s) are not shown (--limit)",
            view.left_out
        );
    }
    if view.skipped > 0 {
        let _ = writeln!(out, "{} line(s) are no events", view.skipped);
    }
    out
}

/// What was said.
pub fn gateway_review(view: &GatewayReviewView, style: &Style) -> String {
    let session = view.session.as_deref().unwrap_or("unknown");
    let mut out = style.heading(&format!("Session {}", plain(session)));
    out.push('\n');
    for said in &view.exchanges {
        exchange(said, style, &mut out);
    }
    let calls: u64 = view.tool_calls.values().sum();
    let _ = writeln!(
        out,
        "\n{calls} tool call(s), {} failed; {} provider error(s); {} compaction(s)",
        view.tool_errors, view.errors, view.compactions
    );
    if view.left_out > 0 {
        let _ = writeln!(
            out,
            "{} older exchange(s) are not shown (--max)",
            view.left_out
        );
    }
    if view.skipped > 0 {
        let _ = writeln!(out, "{} line(s) could not be read", view.skipped);
    }
    out
}

fn exchange(said: &ExchangeView, style: &Style, out: &mut String) {
    let at = said
        .at
        .map_or_else(|| "-".to_owned(), |at| style.zone.second(at));
    let mut head = format!("{at}  {}", said.role);
    if let Some(stop) = &said.stop_reason {
        let _ = write!(head, "  ({})", plain(stop));
    }
    if !said.tools.is_empty() {
        let _ = write!(head, "  tools: {}", plain(&said.tools.join(", ")));
    }
    if !said.failed_tools.is_empty() {
        let _ = write!(head, "  failed: {}", plain(&said.failed_tools.join(", ")));
    }
    let _ = writeln!(out, "{}", wrap(&head, style.columns, "    "));
    if !said.text.is_empty() {
        let text = plain(&said.text.replace('\n', " "));
        let _ = writeln!(
            out,
            "{}",
            wrap(&format!("    {text}"), style.columns, "    ")
        );
    }
    if let Some(error) = &said.error {
        let text = wrap(
            &format!("    error: {}", plain(error)),
            style.columns,
            "    ",
        );
        let _ = writeln!(out, "{}", style.warning(&text));
    }
}

/// Whether a prompt went through.
pub fn gateway_test(view: &GatewayTestView, style: &Style) -> String {
    let word = if view.passed {
        "PASSED: the answer came back"
    } else {
        "NOT PASSED"
    };
    let mut out = style.heading(word);
    out.push('\n');
    let told = |what: Option<bool>, ms: Option<u64>| match (what, ms) {
        (Some(true), Some(ms)) => format!("yes, after {ms} ms"),
        (Some(true), None) => "yes".to_owned(),
        (Some(false), _) => "no".to_owned(),
        (None, _) => "could not be tried".to_owned(),
    };
    let _ = writeln!(
        out,
        "  event taken out of the queue  {}",
        told(view.drained, view.drained_ms)
    );
    let _ = writeln!(
        out,
        "  answer to a prompt            {}",
        told(view.answered, view.answered_ms)
    );
    for error in &view.errors {
        let _ = writeln!(
            out,
            "{}",
            wrap(&format!("  {}", plain(error)), style.columns, "    ")
        );
    }
    for left in &view.left_behind {
        let _ = writeln!(
            out,
            "{}",
            style.faint(&format!("  left behind: {}", plain(left)))
        );
    }
    out
}

/// One check of the monitor, in a few lines.
pub fn monitor_check(view: &MonitorCheckView, style: &Style) -> String {
    let word = if view.success { "fine" } else { "FAILING" };
    let mut text = format!(
        "{}  {word}  verdict {}, cause {}",
        style.zone.second(view.at),
        view.verdict,
        plain(&view.cause)
    );
    if view.streak > 0 {
        let _ = write!(text, ", {} failed check(s) in a row", view.streak);
    }
    if !view.failed_layers.is_empty() {
        let _ = write!(text, ", layers {}", plain(&view.failed_layers.join(", ")));
    }
    if !view.failing_channels.is_empty() {
        let _ = write!(
            text,
            ", channels {}",
            plain(&view.failing_channels.join(", "))
        );
    }
    let mut out = wrap(&text, style.columns, "    ");
    out.push('\n');
    for channel in &view.channels {
        let counts = match (channel.severe, channel.success) {
            (Some(severe), Some(success)) => format!("{severe} failures, {success} successes"),
            _ => "telemetry could not be read".to_owned(),
        };
        let _ = writeln!(
            out,
            "    channel {:<9} {:<9} {counts}",
            plain(&channel.channel),
            channel.status
        );
    }
    for done in &view.done {
        let ok = if done.ok { "" } else { " FAILED" };
        let line = format!("    {}{ok}: {}", plain(&done.what), plain(&done.detail));
        let _ = writeln!(out, "{}", wrap(&line, style.columns, "      "));
    }
    out
}
