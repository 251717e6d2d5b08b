//! Traces of agents that are no beats: signals they sent, events they published.

use std::collections::BTreeMap;

use muster_core::Timestamp;
use muster_core::coordination::RecentQuery;
use muster_core::record::stream_event::StreamId;
use muster_core::view::WorkView;

use crate::cli::session::Session;
use crate::store::StoreError;

/// So many events of a stream are looked through.
const EVENTS: u64 = 100;
/// So many streams are looked through, those with the newest events.
const STREAMS: usize = 20;

/// The last trace of each agent that has left one in the store, by its id.
pub(super) async fn last_work(
    session: &Session<'_>,
) -> Result<BTreeMap<String, WorkView>, StoreError> {
    let (store, now) = (&session.store, session.now());
    let mut work = BTreeMap::new();
    let mut expired = store.all_signals(now, true).await?.items;
    expired.extend(store.all_signals(now, false).await?.items);
    for pending in expired {
        let signal = pending.signal;
        note(&mut work, signal.source_agent, signal.timestamp, "signal");
    }
    let mut streams = store.streams(now).await?;
    streams.sort_by_key(|info| std::cmp::Reverse(info.last));
    for info in streams.into_iter().take(STREAMS) {
        let query = RecentQuery {
            event_type: info.event_type,
            count: EVENTS,
            from: StreamId::ZERO,
            to: StreamId::MAX,
        };
        for event in store.recent(now, &query).await?.items {
            note(&mut work, event.source, event.timestamp, "event");
        }
    }
    Ok(work)
}

fn note(
    work: &mut BTreeMap<String, WorkView>,
    agent_id: String,
    at: Option<Timestamp>,
    kind: &str,
) {
    let Some(at) = at else { return };
    let known = work.get(&agent_id).map(|work| work.at);
    if known.is_none_or(|known| known < at) {
        let kind = kind.to_owned();
        work.insert(agent_id, WorkView { at, kind });
    }
}
