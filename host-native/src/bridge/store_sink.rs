//! Entries into a store, as events of one stream.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use muster_core::JsonObject;
use muster_core::coordination::{NewEvent, Position, StreamRead};
use muster_core::record::telemetry_entry::TelemetryEntry;
use tokio::runtime::Runtime;

use super::sink::{Sink, SinkTally};
use crate::clock::Clock;
use crate::store::{self, OpenOptions, Store, StoreError, StoreUrl};

/// The stream that entries are published in.
pub const ENTRY_STREAM: &str = "telemetry_entry";
/// About how many of the newest entries the stream keeps.
const KEPT: u64 = 100_000;
/// Events of one reading.
const PAGE: u64 = 1000;

/// A store that is opened when the first entry comes, and again after a failure.
pub(super) struct StoreSink {
    url: StoreUrl,
    parent_id: String,
    clock: Clock,
    runtime: Runtime,
    store: Option<Arc<dyn Store>>,
    /// Ids of this parent that are there; `None`: they have to be looked for.
    known: Option<HashSet<String>>,
}

impl StoreSink {
    /// Entries of one parent go to the store at `url`; `again` says that some may be
    /// there already.
    pub(super) fn new(
        url: StoreUrl,
        parent_id: String,
        again: bool,
        clock: Clock,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            url,
            parent_id,
            clock,
            runtime,
            store: None,
            known: (!again).then(HashSet::new),
        })
    }
}

impl Sink for StoreSink {
    fn write(&mut self, entries: &[Arc<str>], tally: &mut SinkTally) -> (usize, io::Result<()>) {
        let Self {
            url,
            parent_id,
            clock,
            runtime,
            store,
            known,
        } = self;
        let mut settled = 0;
        let outcome = runtime.block_on(async {
            let store = if let Some(store) = store {
                store
            } else {
                let opened = store::open(url, clock.now(), OpenOptions::default());
                store.insert(opened.await?)
            };
            let known = if let Some(known) = known {
                known
            } else {
                known.insert(published(&**store, *clock, parent_id).await?)
            };
            for text in entries {
                match event(text) {
                    Some((id, _)) if known.contains(&id) => tally.already_there += 1,
                    Some((id, event)) => {
                        store.publish(clock.now(), &event).await?;
                        known.insert(id);
                        tally.written += 1;
                    }
                    None => tally.lost += 1,
                }
                settled += 1;
            }
            Ok(())
        });
        let outcome = outcome.map_err(|error: StoreError| {
            // An entry may have been accepted although the answer was lost.
            self.known = None;
            self.store = None;
            io::Error::other(error.to_string())
        });
        (settled, outcome)
    }
}

/// An entry as an event, with its id.
fn event(text: &str) -> Option<(String, NewEvent)> {
    let id = TelemetryEntry::parse(text).ok()?.id.into_owned();
    let event = NewEvent {
        event_type: ENTRY_STREAM.to_owned(),
        data: JsonObject::parse(text).ok()?,
        source: "muster-bridge".to_owned(),
        max_len: KEPT,
    };
    Some((id, event))
}

/// The ids in the stream that belong to a parent.
async fn published(
    store: &dyn Store,
    clock: Clock,
    parent: &str,
) -> Result<HashSet<String>, StoreError> {
    let mut known = HashSet::new();
    let mut position = Position::Start;
    loop {
        let read = StreamRead {
            from: vec![(ENTRY_STREAM.to_owned(), position)],
            count: PAGE,
        };
        let batches = store.read(clock.now(), &read).await?;
        let Some(batch) = batches.first().filter(|batch| !batch.events.is_empty()) else {
            return Ok(known);
        };
        for event in &batch.events {
            if let Ok(entry) = TelemetryEntry::parse(event.event.data.as_str())
                && (entry.id == parent || entry.parent_invocation_id.as_deref() == Some(parent))
            {
                known.insert(entry.id.into_owned());
            }
        }
        position = Position::After(batch.next);
    }
}
