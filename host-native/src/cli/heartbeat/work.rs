//! Traces of agents that are no beats: signals they sent, events they published, and
//! calls of models that their workflows made.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use muster_core::coordination::RecentQuery;
use muster_core::liveness::WorkTraces;
use muster_core::record::stream_event::StreamId;
use muster_core::record::usage::UsageRecord;
use muster_core::view::WorkKind;

use crate::cli::session::Session;
use crate::files::{Places, open_log};
use crate::store::StoreError;

/// So many events of a stream are looked through.
const EVENTS: u64 = 100;
/// So many streams are looked through, those with the newest events.
const STREAMS: usize = 20;
/// The log of calls in attune's telemetry folder.
const USAGE_LOG: &str = "usage.jsonl";
/// Of that log, so many bytes at its end: about a thousand calls.
const LOG_TAIL_BYTES: u64 = 256 * 1024;

/// The last traces that agents have left in the store and in the log of calls.
pub(super) async fn traces(session: &Session<'_>) -> Result<WorkTraces, StoreError> {
    let (store, now) = (&session.store, session.now());
    let mut traces = WorkTraces::default();
    let mut signals = store.all_signals(now, true).await?.items;
    signals.extend(store.all_signals(now, false).await?.items);
    for pending in signals {
        let signal = pending.signal;
        if let Some(at) = signal.timestamp {
            traces.note(&signal.source_agent, at, WorkKind::Signal);
        }
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
            if let Some(at) = event.timestamp {
                traces.note(&event.source, at, WorkKind::Event);
            }
        }
    }
    let folder = Places::find(None, None).ok().and_then(|all| all.telemetry);
    if let Some(folder) = folder {
        let log = folder.join(USAGE_LOG);
        if let Err(error) = note_calls(&mut traces, &log)
            && error.kind() != io::ErrorKind::NotFound
        {
            session
                .context
                .say(1, || format!("{}: {error}", log.display()));
        }
    }
    Ok(traces)
}

/// Notes the newest calls of a log. What cannot be read there is told by reports on it.
fn note_calls(traces: &mut WorkTraces, log: &Path) -> io::Result<()> {
    let mut file = open_log(log)?;
    let size = file.metadata()?.len();
    let from = size.saturating_sub(LOG_TAIL_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(LOG_TAIL_BYTES).read_to_end(&mut tail)?;
    let mut lines = tail.split(|byte| *byte == b'\n');
    if from > 0 {
        // It began before.
        lines.next();
    }
    for line in lines {
        if let Ok(line) = str::from_utf8(line)
            && let Ok(call) = UsageRecord::parse(line)
        {
            traces.note_usage(&call);
        }
    }
    Ok(())
}
