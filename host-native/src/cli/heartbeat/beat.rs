//! `muster heartbeat beat`.

use clap::Args;
use muster_core::Decimal;

use super::{Identity, Said, beat_once, parse_progress};
use crate::cli::session::Session;
use crate::cli::values::Interval;
use crate::error::{Answer, Failure};
use crate::render;

/// Send one sign of life; what is not given stays as it was
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  muster heartbeat beat --agent builder --progress 0.4 --task 'linking'"
)]
pub(crate) struct Beat {
    #[command(flatten)]
    identity: Identity,
    /// What state the agent is in: running, or a final one such as completed
    #[arg(long, value_name = "STATUS", default_value = "running")]
    status: String,
    /// How much is done, from 0 to 1 [default: as before]
    #[arg(long, value_name = "SHARE", value_parser = parse_progress)]
    progress: Option<Decimal>,
    /// What the agent does, in words [default: as before]
    #[arg(long, value_name = "TEXT")]
    task: Option<String>,
    /// Announce that beats come this often
    #[arg(long, value_name = "SPAN")]
    interval: Option<Interval>,
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
            status: self.status.clone(),
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
