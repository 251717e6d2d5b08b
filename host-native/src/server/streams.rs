//! Signals and streams of events.

use std::time::Duration;

use muster_core::coordination::{Position, RecentQuery, StreamRead};
use muster_core::overview::SignalLife;
use muster_core::record::stream_event::StreamId;
use muster_core::view::{SignalChoice, SignalsView, StreamTailView};
use tokio::time::timeout;

use super::Shared;
use super::answer::Refusal;
use super::params::Params;

/// How long a store may take for an answer that is asked of it directly.
pub(super) const STORE_LIMIT: Duration = Duration::from_secs(10);

/// Signals and what became of them.
pub(super) fn signals(shared: &Shared, params: &mut Params) -> Result<SignalsView, Refusal> {
    let life = match params.text("life") {
        None => None,
        Some(name) => Some(SignalLife::of_name(&name).ok_or_else(|| {
            Refusal::usage(format!("life={name}: waiting, gone or expired is needed"))
        })?),
    };
    let choice = SignalChoice {
        agent_id: params.text("agent"),
        signal_type: params.text("type"),
        life,
        limit: params.limit(500, 10_000)?,
    };
    let glance = shared.keeper.glance()?;
    Ok(glance.signals(shared.clock.now(), &choice))
}

/// Events of one stream, asked of the store itself.
pub(super) async fn stream(
    shared: &Shared,
    params: &mut Params,
) -> Result<StreamTailView, Refusal> {
    let event_type = params.required("type")?;
    let limit = params.limit(200, 5000)?;
    let count = limit as u64;
    let store = shared.keeper.store()?;
    let now = shared.clock.now();
    let Some(after) = params.text("after") else {
        let query = RecentQuery {
            event_type: event_type.clone(),
            count,
            from: StreamId::ZERO,
            to: StreamId::MAX,
        };
        let newest = within(store.recent(now, &query)).await?;
        return Ok(StreamTailView::of_newest(event_type, newest));
    };
    let after = StreamId::parse(&after)
        .ok_or_else(|| Refusal::usage(format!("after={after}: an id is written MS-SEQ")))?;
    let read = StreamRead {
        from: vec![(event_type.clone(), Position::After(after))],
        // One more says whether there are more.
        count: count + 1,
    };
    let batches = within(store.read(now, &read)).await?;
    let batch = batches.into_iter().next();
    let batch = batch.ok_or_else(|| Refusal::unreachable("the store gave no answer"))?;
    Ok(StreamTailView::of_batch(batch, limit))
}

/// An answer of the store within the time that it may take.
pub(super) async fn within<T>(
    call: impl Future<Output = crate::store::StoreResult<T>>,
) -> Result<T, Refusal> {
    match timeout(STORE_LIMIT, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => {
            Err(Refusal::unreachable("the store did not answer within 10 s")
                .hint("try again later"))
        }
    }
}
