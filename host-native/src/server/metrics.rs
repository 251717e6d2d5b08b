//! Figures for Prometheus, in its text format.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use muster_core::view::{AgentCounts, AlertState, SignalChoice, StoreState};

use super::Shared;

/// The media type of the format.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All figures. What is not known is left out rather than zero.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], text(&shared)).into_response()
}

fn text(shared: &Shared) -> String {
    let now = shared.clock.now();
    let mut page = Page::default();
    let is_up = matches!(
        shared.keeper.view().state,
        StoreState::Ok | StoreState::Absent
    );
    page.gauge("muster_store_up", "Whether the store answers.");
    page.value("muster_store_up", &[], u8::from(is_up));
    if let Ok(glance) = shared.keeper.glance() {
        let counts = AgentCounts::of(&glance.agents(now));
        page.gauge("muster_agents", "Agents by state.");
        for (state, agents) in counts.by_state() {
            page.value("muster_agents", &[("state", state.name())], agents);
        }
        let waiting = glance.approvals(now, None);
        page.gauge(
            "muster_approvals_waiting",
            "Requests that wait for a human.",
        );
        page.value("muster_approvals_waiting", &[], waiting.len());
        if let Some(oldest) = waiting.iter().map(|request| request.age_s).max() {
            let name = "muster_approvals_oldest_seconds";
            page.gauge(name, "For how long the oldest of them has waited.");
            page.value(name, &[], oldest);
        }
        let signals = glance.signals(now, &SignalChoice::default());
        page.gauge(
            "muster_signals",
            "Signals of the last day by what became of them.",
        );
        for (life, count) in [
            ("waiting", signals.waiting),
            ("gone", signals.gone),
            ("expired", signals.expired),
        ] {
            page.value("muster_signals", &[("life", life)], count);
        }
        page.gauge("muster_stream_events", "Events that a stream holds.");
        for stream in glance.streams() {
            let name = [("stream", &*stream.event_type)];
            page.value("muster_stream_events", &name, stream.length);
        }
        page.gauge(
            "muster_store_malformed",
            "Values in the store that are no records.",
        );
        page.value("muster_store_malformed", &[], glance.malformed());
    }
    if let Some(spend) = shared.ledger.spend() {
        page.gauge(
            "muster_spend_today_usd",
            "Cost of the calls of today, in US dollars.",
        );
        page.value("muster_spend_today_usd", &[], spend.today_usd);
        page.gauge(
            "muster_spend_month_usd",
            "The same since the first of the month.",
        );
        page.value("muster_spend_month_usd", &[], spend.month_to_date_usd);
    }
    page.gauge("muster_alert_firing", "Whether an alert fires.");
    for rule in shared.alerts.view(now).rules {
        let is_firing = rule.state == AlertState::Firing;
        let name = [("alert", &*rule.name)];
        page.value("muster_alert_firing", &name, u8::from(is_firing));
    }
    let commands = super::runner::commands(&shared.runner);
    page.gauge("muster_runs_running", "Commands that run.");
    page.value("muster_runs_running", &[], commands.running);
    page.gauge("muster_runs_queued", "Commands that wait for a slot.");
    page.value("muster_runs_queued", &[], commands.queued);
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn gauge(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            self.0.push(if at == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"{}\"", escape(text));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}

/// Names come from agents: none of them ends its quotes or its line.
fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|c| match c {
            '\\' => vec!['\\', '\\'],
            '"' => vec!['\\', '"'],
            '\n' => vec!['\\', 'n'],
            c if c.is_control() => vec!['\u{fffd}'],
            c => vec![c],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_end_where_they_should() {
        let mut page = Page::default();
        page.value("m", &[("a", "x\"}\n"), ("b", "\\")], 3);
        assert_eq!(page.0, "m{a=\"x\\\"}\\n\",b=\"\\\\\"} 3\n");
    }
}
