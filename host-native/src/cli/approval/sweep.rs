//! `muster approval sweep`.

use clap::Args;
use muster_core::view::SweptView;
use tokio::time::{MissedTickBehavior, interval};

use crate::cli::session::{Patience, Session};
use crate::cli::values::Interval;
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::Access;

/// Mark requests whose deadline has passed as timed out, so that other systems see it
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster approval sweep\n  muster approval sweep --every 60s\n\n\
        Requests of Muster leave the queue by themselves at their deadline. Those of\n\
        attune stay listed there until they are swept."
)]
pub(crate) struct Sweep {
    /// Do so again and again until interrupted
    #[arg(long, value_name = "SPAN")]
    every: Option<Interval>,
}

impl Sweep {
    /// Who sweeps again and again waits for requests to come.
    pub(super) const fn access(&self) -> Access {
        match self.every {
            Some(_) => Access::Add,
            None => Access::Change,
        }
    }

    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let Some(Interval(every)) = self.every else {
            let swept = session.store.sweep(session.now()).await?;
            return tell(session, swept);
        };
        session.begin_to_wait();
        let mut ticks = interval(every.duration());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut patience = Patience::default();
        loop {
            ticks.tick().await;
            match session.store.sweep(session.now()).await {
                Ok(swept) => {
                    patience.answered(session);
                    if !swept.is_empty() {
                        tell(session, swept)?;
                    }
                }
                Err(error) => patience.after(session, error, None).await?,
            }
        }
    }
}

fn tell(session: &Session<'_>, swept: Vec<String>) -> Result<Answer, Failure> {
    let at = session.now();
    session
        .context
        .answer(&SweptView { at, swept }, render::swept)
}
