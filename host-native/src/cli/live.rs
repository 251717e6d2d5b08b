//! Answers that follow a store.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use super::session::{Patience, Session};
use crate::error::{Answer, Failure};
use crate::render::Style;
use crate::store::{Interest, StoreError, Watch};

/// How often ages are shown anew where a person sees them.
const AGES: Duration = Duration::from_secs(1);
/// Many changes at once are one.
const GATHER: Duration = Duration::from_millis(50);

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
    mut look: impl AsyncFnMut() -> Result<Frame<T>, StoreError>,
    render: impl Fn(&T, &Style) -> String,
) -> Result<Answer, Failure> {
    session.begin_to_wait();
    let context = session.context;
    let mut patience = Patience::default();
    let mut watch: Option<Box<dyn Watch>> = None;
    let mut first = true;
    loop {
        let turn = async {
            let listening = match watch.take() {
                Some(watch) => watch,
                None => session.store.watch(interest.clone()).await?,
            };
            Ok((listening, look().await?))
        };
        let (mut listening, frame) = match turn.await {
            Ok(turn) => turn,
            Err(error) => {
                patience.after(session, error, None).await?;
                continue;
            }
        };
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
        match listening.changed(until).await {
            Ok(_) => {
                tokio::time::sleep(GATHER).await;
                watch = Some(listening);
            }
            Err(error) => patience.after(session, error, None).await?,
        }
    }
}
