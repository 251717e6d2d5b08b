//! Answers that follow a store.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::session::{Patience, Session};
use crate::error::{Answer, Failure};
use crate::render::Style;
use crate::store::{Interest, StoreError, Wake, Watch};

/// How often ages are shown anew where a person sees them.
const AGES: Duration = Duration::from_secs(1);
/// Many changes at once are one.
const GATHER: Duration = Duration::from_millis(50);

/// Without any wake-up the store is asked anew after so long: one can be lost.
const RECHECK: Duration = Duration::from_secs(30);

/// Why something is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The store may have changed.
    Changed,
    /// Time has gone on.
    Time,
}

/// What is shown, and when it is other even though nothing happens.
pub(crate) struct Frame<T> {
    pub(crate) view: T,
    pub(crate) next: Option<Instant>,
}

/// Shows what `look` gives, and again whenever it may have changed, until the process
/// is interrupted or nobody reads any more: on a terminal in the place of the one
/// before, and every second; with `--json` one line each time that something is other.
pub(crate) async fn live<T: Serialize>(
    session: &Session<'_>,
    interest: Interest,
    mut look: impl AsyncFnMut(Cause) -> Result<Frame<T>, StoreError>,
    render: impl Fn(&T, &Style) -> String,
) -> Result<Answer, Failure> {
    session.begin_to_wait();
    let context = session.context;
    let mut patience = Patience::default();
    let mut watch: Option<Box<dyn Watch>> = None;
    let mut first = true;
    let mut cause = Cause::Changed;
    let mut asked_at = Instant::now();
    let mut took = Duration::ZERO;
    loop {
        if cause == Cause::Changed || asked_at.elapsed() >= RECHECK {
            cause = Cause::Changed;
            asked_at = Instant::now();
        }
        let turn = async {
            let listening = match watch.take() {
                Some(watch) => watch,
                None => session.store.watch(interest.clone()).await?,
            };
            Ok((listening, look(cause).await?))
        };
        let (mut listening, frame) = match turn.await {
            Ok(turn) => turn,
            Err(error) => {
                patience.after(session, error, None).await?;
                cause = Cause::Changed;
                continue;
            }
        };
        if cause == Cause::Changed {
            took = asked_at.elapsed();
        }
        patience.answered(session);
        if context.is_live() {
            let mut text = render(&frame.view, &context.style);
            text += "\nCtrl-C ends it.\n";
            context.redraw(&text, first)?;
        } else {
            if !first && !context.json {
                context.print("\n")?;
            }
            context.answer(&frame.view, &render)?;
        }
        first = false;
        let again = context.is_live().then(|| Instant::now() + AGES);
        let until = [again, frame.next].into_iter().flatten().min();
        cause = Cause::Changed;
        match listening.changed(until).await {
            Ok(Wake::Changed) => {
                // A store that is slow to answer is asked less often.
                tokio::time::sleep(took.clamp(GATHER, RECHECK)).await;
                watch = Some(listening);
            }
            Ok(Wake::Deadline) => {
                cause = Cause::Time;
                watch = Some(listening);
            }
            Err(error) => patience.after(session, error, None).await?,
        }
    }
}
