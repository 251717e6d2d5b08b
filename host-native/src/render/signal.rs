//! Signals, as text.

use std::fmt::Write as _;

use muster_core::Timestamp;
use muster_core::view::{Millis, Seconds, SentView, SignalCheckView, SignalOutcome, SignalView};

use super::{Align, Style, Table, counted, duration, plain};

/// A signal that was sent.
pub fn sent(view: &SentView, style: &Style) -> String {
    if view.repeated {
        let text = format!(
            "Nothing was sent now: {} was sent before, until {}.",
            view.signal_id,
            moment(view.expires_at, style)
        );
        return style.sentence(&plain(&text)) + "\n";
    }
    let target = view.target_agent.as_deref().unwrap_or("all agents");
    let mut text = format!(
        "Sent {}: {} from {} to {target}, until {} ({}).",
        view.signal_id,
        view.signal_type,
        view.source_agent,
        moment(view.expires_at, style),
        span(Seconds(view.ttl_seconds.saturating_mul(1_000_000))),
    );
    if let Some(enrolled) = view.enrolled {
        let _ = write!(text, " {} enrolled.", counted(enrolled, "other agent"));
    }
    style.sentence(&plain(&text)) + "\n"
}

/// What there was for an agent that looked for a signal.
pub fn signal_check(view: &SignalCheckView, style: &Style) -> String {
    let mut text = match view.outcome {
        SignalOutcome::Pending => "pending",
        SignalOutcome::Delivered => "delivered",
        SignalOutcome::Expired => "expired",
        SignalOutcome::NeverSeen => "never seen",
        SignalOutcome::TimedOut => "timed out",
    }
    .to_owned();
    let Some(signal) = &view.signal else {
        text += match view.outcome {
            SignalOutcome::TimedOut => ": no signal came",
            _ => ": no such signal waits, and none is known to have expired",
        };
        if let Some(at) = view.last_delivered_at {
            let _ = write!(text, "; the last one was received {}", moment(at, style));
        }
        text += ". ";
        match view.observed_since {
            Some(since) => {
                let _ = write!(text, "The store is watched since {}.", moment(since, style));
            }
            None => text += "Nobody watches the store: what came and went cannot be known.",
        }
        return style.sentence(&plain(&text)) + "\n";
    };
    let _ = write!(
        text,
        ": {} from {}",
        signal.signal_type, signal.source_agent
    );
    if let Some(at) = signal.timestamp {
        let _ = write!(text, ", sent {}", moment(at, style));
    }
    let _ = match view.expired_at {
        Some(at) => write!(
            text,
            ", gone since {}: it was not received within {}",
            moment(at, style),
            span(Seconds(signal.ttl_seconds.saturating_mul(1_000_000)))
        ),
        None => write!(text, ", {} left", span(signal.ttl_left_s)),
    };
    let mut out = style.sentence(&plain(&text)) + "\n";
    if !signal.payload.is_empty() {
        let _ = writeln!(out, "{}", plain(signal.payload.as_str()));
    }
    out
}

/// Signals that wait.
pub fn signals(signals: &[SignalView], style: &Style) -> String {
    if signals.is_empty() {
        return "No signal waits.\n".into();
    }
    let mut table = Table::new([
        ("TYPE", Align::Name),
        ("FROM", Align::Id),
        ("TO", Align::Id),
        ("SENT", Align::Text),
        ("LEFT", Align::Number),
        ("PAYLOAD", Align::Name),
    ]);
    for signal in signals {
        table.row([
            signal.signal_type.clone(),
            signal.source_agent.clone(),
            // No agent has this name.
            signal.target_agent.clone().unwrap_or_else(|| "*".into()),
            signal
                .timestamp
                .map_or_else(|| "-".into(), |at| style.zone.short(at)),
            span(signal.ttl_left_s),
            if signal.payload.is_empty() {
                String::new()
            } else {
                signal.payload.to_string()
            },
        ]);
    }
    let mut out = table.render(style);
    if signals.iter().any(|signal| signal.target_agent.is_none()) {
        out += &style.faint("* is a broadcast, to all agents.");
        out.push('\n');
    }
    out
}

/// A span of time as people read it.
pub fn span(seconds: Seconds) -> String {
    duration(Millis(seconds.0))
}

/// A moment with its zone.
pub(super) fn moment(at: Timestamp, style: &Style) -> String {
    format!("{} {}", style.zone.second(at), style.zone.name())
}

#[cfg(test)]
mod tests {
    use muster_core::coordination::{PendingSignal, SignalCheck};
    use muster_core::record::signal::Signal;

    use super::*;

    fn pending() -> PendingSignal {
        let value = r#"{"signal_id": "signal_1", "signal_type": "ready\u001b[2J", "source_agent": "builder",
            "target_agent": "tester", "payload": {"step": 2}, "timestamp": "2026-11-20T10:00:00Z"}"#;
        PendingSignal {
            signal: Signal::parse(value).unwrap(),
            expires_at: Timestamp::parse("2026-11-20T10:01:00Z").unwrap(),
            received_by: Vec::new(),
        }
    }

    #[test]
    fn a_signal_is_told_in_lines_that_fit() {
        let style = Style::plain();
        let now = Timestamp::parse("2026-11-20T10:00:11Z").unwrap();
        let view = SignalCheckView::of(SignalCheck::Pending(pending()), now);
        assert_eq!(
            signal_check(&view, &style),
            "pending: ready from builder, sent 2026-11-20 10:00:00 UTC, 49.0s left\n{\"step\": 2}\n"
        );
        let view = SignalCheckView::of(SignalCheck::Expired(pending()), now);
        let text = signal_check(&view, &style);
        assert!(text.starts_with("expired: ready from builder"), "{text}");
        assert!(
            text.contains("10:01:00 UTC: it was not received within 1m00s"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        let rows = signals(&[SignalView::of(pending(), now)], &style);
        assert!(rows.lines().all(|line| line.len() <= 80), "{rows}");
        assert!(rows.contains("11-20 10:00  49.0s  {\"step\": 2}"), "{rows}");
        assert!(!rows.contains('\u{1b}'));
    }
}
