//! `muster heartbeat stop`.

use clap::{Args, ValueEnum};
use muster_core::Decimal;
use muster_core::view::AgentView;

use super::{Identity, Said, beat_once};
use crate::cli::session::Session;
use crate::error::{Answer, Failure};
use crate::render;

/// Send the last sign of life of an agent, so that nobody takes it for dead
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster heartbeat stop --agent builder --status failed\n\n\
        Exit status 1 when no such agent is known: one that never was is not made up.\n\
        The document is then that of heartbeat status."
)]
pub(crate) struct Stop {
    #[command(flatten)]
    identity: Identity,
    /// How it ended
    #[arg(long, value_name = "STATUS", default_value = "completed")]
    status: FinalStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FinalStatus {
    Completed,
    Failed,
    Cancelled,
}

impl Stop {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let agent = &self.identity.agent;
        let now = session.now();
        let Some(row) = session.store.agent(now, agent).await? else {
            let view = AgentView::never_seen(agent, now, &[], None);
            session.context.answer(&view, render::never_beat)?;
            return Ok(Answer::No);
        };
        let progress = match self.status {
            FinalStatus::Completed => Decimal::ONE,
            FinalStatus::Failed | FinalStatus::Cancelled => row.beat.progress,
        };
        let status = match self.status {
            FinalStatus::Completed => "completed",
            FinalStatus::Failed => "failed",
            FinalStatus::Cancelled => "cancelled",
        };
        let said = Said {
            status: status.into(),
            progress,
            current_task: "finished".into(),
        };
        let metadata = self.identity.metadata(session, None).await?;
        let beat = self.identity.beat(&said, metadata);
        let view = beat_once(session, &beat, Vec::new()).await?;
        session.context.answer(&view, render::beat)
    }
}
