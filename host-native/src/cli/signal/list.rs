//! `muster signal list`.

use clap::Args;
use muster_core::coordination::SignalFilter;
use muster_core::view::SignalView;

use crate::cli::session::Session;
use crate::cli::values;
use crate::error::{Answer, Failure};
use crate::render;

/// List the signals that wait, oldest first, and leave them
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster signal list --agent tester\n  muster signal list --expired\n\n\
        With --agent, those that this agent can receive, broadcasts included."
)]
pub(crate) struct List {
    /// Only signals that this agent can receive [default: those of all agents]
    #[arg(long, value_name = "ID", value_parser = values::name)]
    agent: Option<String>,
    /// Only signals of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = values::name)]
    signal_type: Option<String>,
    /// Only signals from this agent
    #[arg(long, value_name = "ID", value_parser = values::name)]
    from: Option<String>,
    /// Instead those that expired within a day before anybody received them
    #[arg(long, conflicts_with = "agent")]
    expired: bool,
}

impl List {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let now = session.now();
        let listing = match &self.agent {
            Some(agent) => {
                let filter = SignalFilter {
                    agent_id: agent.clone(),
                    signal_type: self.signal_type.clone(),
                    source_agent: self.from.clone(),
                };
                session.store.signals(now, &filter).await?
            }
            None => session.store.all_signals(now, self.expired).await?,
        };
        let signals: Vec<SignalView> = session
            .items(listing)
            .into_iter()
            .map(|signal| SignalView::of(signal, now))
            .filter(|signal| is_asked(self.signal_type.as_ref(), &signal.signal_type))
            .filter(|signal| is_asked(self.from.as_ref(), &signal.source_agent))
            .collect();
        let is_filtered = self.agent.is_some() || self.signal_type.is_some() || self.from.is_some();
        let mut total = 0;
        if signals.is_empty() && is_filtered && !session.context.json {
            let all = session.store.all_signals(now, self.expired).await?;
            total = all.items.len() as u64;
        }
        session.context.answer(&signals, |signals, style| {
            if total > 0 {
                render::none_of(total, "signal")
            } else if self.expired && signals.is_empty() {
                "No signal expired within a day.\n".into()
            } else {
                render::signals(signals, style)
            }
        })
    }
}

fn is_asked(asked: Option<&String>, found: &str) -> bool {
    asked.is_none_or(|asked| asked == found)
}
