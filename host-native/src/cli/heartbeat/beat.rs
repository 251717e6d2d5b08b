//! `muster heartbeat beat`.

use clap::{Args, ValueEnum};
use muster_core::Decimal;

use super::{Identity, Said, beat_once};
use crate::cli::session::Session;
use crate::cli::values::{self, Interval};
use crate::error::{Answer, Failure};
use crate::render;

/// Send one sign of life; what is not given stays as it was
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster heartbeat beat --agent builder --progress 40% --task 'linking'\n\n\
        completed, failed and cancelled are final: no more beats are expected. Other\n\
        statuses than these are refused, because a slip of the pen would make an agent\n\
        look finished or dead; what it does is said by --task."
)]
pub(crate) struct Beat {
    #[command(flatten)]
    identity: Identity,
    /// What state the agent is in: running, or a final one such as completed
    #[arg(long, value_name = "STATUS", default_value = "running")]
    status: Status,
    /// How much is done: from 0 to 1, or in percent such as 40% [default: as before]
    #[arg(long, value_name = "SHARE", value_parser = values::share)]
    progress: Option<Decimal>,
    /// What the agent does, in words [default: as before]
    #[arg(long, value_name = "TEXT")]
    task: Option<String>,
    /// Announce that beats come this often
    #[arg(long, value_name = "SPAN")]
    interval: Option<Interval>,
}

/// The statuses that agents of attune know.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    Starting,
    Running,
    Completed,
    Failed,
    Cancelled,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Beat {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let before = if self.progress.is_some() && self.task.is_some() {
            None
        } else {
            let row = session
                .store
                .agent(session.now(), &self.identity.agent)
                .await?;
            // After a final beat something new begins.
            row.map(|row| row.beat).filter(|beat| !beat.is_final())
        };
        let (progress, task) = match before {
            Some(beat) => (beat.progress, beat.current_task),
            None => (Decimal::ZERO, String::new()),
        };
        let said = Said {
            status: self.status.name().into(),
            progress: self.progress.unwrap_or(progress),
            current_task: self.task.clone().unwrap_or(task),
        };
        let metadata = self.identity.metadata(session, self.interval).await?;
        let beat = self.identity.beat(&said, metadata);
        let view = beat_once(session, &beat, self.identity.warnings(self.interval)).await?;
        if !session.context.json {
            session.warn(&view.warnings);
        }
        session.context.answer(&view, render::beat)
    }
}
