//! `muster store watch`.

use std::time::Duration;

use clap::Args;
use muster_core::view::StoreWatchView;
use tokio::time::{Instant, sleep_until};

use crate::cli::session::Session;
use crate::cli::values::Span;
use crate::error::{Answer, Failure};
use crate::render;
use crate::store::Interest;

/// How often it is looked whether something was noticed.
const TICK: Duration = Duration::from_millis(250);

/// Notice what agents write into Redis without Muster, for all Muster processes
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster store watch --store redis://localhost\n  muster store watch --configure --json\n\n\
        One process watches at a time; any other long-running command does it as well.\n\
        It keeps what foreign agents sent, so that expired is told from never seen, says\n\
        when one of them writes over a decision, and spares each other command a look\n\
        through all keys. A line comes whenever something was noticed."
)]
pub(crate) struct Watch {
    /// Switch on the server's notifications of writes (notify-keyspace-events) if they are off
    #[arg(long)]
    pub(super) configure: bool,
    /// End after this time [default: when it is interrupted]
    #[arg(long = "for", value_name = "SPAN")]
    span: Option<Span>,
}

impl Watch {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        if !session.context.foreign {
            return Err(Failure::usage("--no-foreign leaves nothing to watch"));
        }
        // Before listening: a store that cannot be watched says so.
        if session.store.foreign_watch()?.is_none() {
            let view = StoreWatchView {
                at: session.now(),
                mode: "none".into(),
                adopted: 0,
                contested: 0,
                keys: 0,
                look_ms: 0,
            };
            return session.context.answer(&view, render::store_watch);
        }
        session.begin_to_wait();
        let until = self.span.map(|span| Instant::now() + span.duration());
        // Listening is what makes a process watch.
        let _listening = session.store.watch(Interest::All).await?;
        let mut shown: Option<StoreWatchView> = None;
        loop {
            let watch = session.store.foreign_watch()?.unwrap_or_default();
            let view = StoreWatchView {
                at: session.now(),
                mode: watch.mode.name().into(),
                adopted: watch.adopted,
                contested: watch.contested,
                keys: watch.keys,
                look_ms: u64::try_from(watch.look.as_millis()).unwrap_or(u64::MAX),
            };
            if shown
                .as_ref()
                .is_none_or(|shown| news(shown) != news(&view))
            {
                session.context.answer(&view, render::store_watch)?;
                shown = Some(view);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(Answer::Yes);
            }
            let tick = Instant::now() + TICK;
            sleep_until(until.map_or(tick, |until| until.min(tick))).await;
        }
    }
}

/// What is told again when it is other.
fn news(view: &StoreWatchView) -> (&str, u64, u64) {
    (&view.mode, view.adopted, view.contested)
}
