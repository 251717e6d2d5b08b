//! Streams of events.

use muster_core::coordination::{
    AckEvents, Gap, GroupEvent, GroupInfo, GroupRead, Listing, Malformed, NewEvent, Position,
    RecentQuery, StreamBatch, StreamInfo, StreamRead,
};
use muster_core::entry::stream_fields;
use muster_core::record::stream_event::{StreamEvent, StreamId};
use muster_core::{RecordError, Timestamp};

use super::RedisStore;
use super::keys::Subject;
use super::reply::Reply;
use super::script::{
    STREAM_ACK, STREAM_DELETE, STREAM_GROUP, STREAM_LIST, STREAM_PUBLISH, STREAM_READ, STREAM_TRIM,
};
use crate::store::{StoreError, StoreErrorKind, StoreResult};

/// The most entries of one stream in one answer.
const MAX_COUNT: u64 = 100_000;

impl RedisStore {
    pub(super) async fn publish_event(
        &self,
        now: Timestamp,
        new: &NewEvent,
    ) -> StoreResult<StreamId> {
        let event = StreamEvent {
            event_id: StreamId::ZERO,
            event_type: new.event_type.clone(),
            timestamp: Some(now),
            data: new.data.clone(),
            source: new.source.clone(),
        };
        let mut at = String::new();
        for (name, value) in stream_fields(&event) {
            if name == "timestamp" {
                at = value;
            }
        }
        let ms = u64::try_from(now.as_micros().div_euclid(1000)).unwrap_or(0);
        let call = self
            .call(&STREAM_PUBLISH, Subject::Stream)
            .arg(now.as_micros())
            .arg(&new.event_type)
            .arg(new.data.as_str())
            .arg(at)
            .arg(&new.source)
            .arg(new.max_len.max(1))
            .arg(ms);
        let reply = self.shared.link.run("publish an event", call).await?;
        stream_id(&reply.text()?)
    }

    pub(super) async fn read_streams(
        &self,
        now: Timestamp,
        read: &StreamRead,
    ) -> StoreResult<Vec<StreamBatch>> {
        let mut call = self
            .call(&STREAM_READ, Subject::Stream)
            .arg(now.as_micros())
            .arg(read.count.min(MAX_COUNT));
        for (event_type, position) in &read.from {
            call = call.arg(event_type).arg(id_of(*position));
        }
        let reply = self.shared.link.run("read streams", call).await?;
        let mut batches = Vec::with_capacity(read.from.len());
        for ((event_type, position), reply) in read.from.iter().zip(reply.list()?) {
            let [missed, entries, passed] = reply.parts()?;
            let after = id_of(*position);
            let mut batch = empty(event_type, after);
            batch.gap = gap(after, missed)?;
            for entry in entries.list()? {
                let [id, fields] = entry.parts()?;
                add_entry(&mut batch, id, fields, 1)?;
            }
            let passed = passed.text()?;
            if !passed.is_empty() {
                batch.next = stream_id(&passed)?;
            }
            batches.push(batch);
        }
        Ok(batches)
    }

    pub(super) async fn read_as_member(
        &self,
        now: Timestamp,
        read: &GroupRead,
    ) -> StoreResult<Vec<StreamBatch>> {
        let mut call = self
            .call(&STREAM_GROUP, Subject::Stream)
            .arg(now.as_micros())
            .arg(&read.group)
            .arg(id_of(read.start))
            .arg(read.count.min(MAX_COUNT))
            .arg(read.redeliver_after_us);
        for event_type in &read.event_types {
            call = call.arg(event_type);
        }
        let reply = self
            .shared
            .link
            .run("read streams as a group", call)
            .await?;
        let mut batches = Vec::with_capacity(read.event_types.len());
        for (event_type, reply) in read.event_types.iter().zip(reply.list()?) {
            let [missed, before, events, reached] = reply.parts()?;
            let mut batch = empty(event_type, StreamId::ZERO);
            batch.gap = gap(stream_id(&before.text()?)?, missed)?;
            for event in events.list()? {
                let [id, fields, times] = event.parts()?;
                add_entry(&mut batch, id, fields, times.count()?)?;
            }
            batch.next = stream_id(&reached.text()?)?;
            batches.push(batch);
        }
        Ok(batches)
    }

    pub(super) async fn acknowledge(&self, now: Timestamp, events: &AckEvents) -> StoreResult<u64> {
        if events.ids.is_empty() {
            return Ok(0);
        }
        let mut call = self
            .call(&STREAM_ACK, Subject::Stream)
            .arg(now.as_micros())
            .arg(&events.event_type)
            .arg(&events.group);
        for id in &events.ids {
            call = call.arg(id);
        }
        self.shared
            .link
            .run("acknowledge events", call)
            .await?
            .count()
    }

    pub(super) async fn recent_events(
        &self,
        query: &RecentQuery,
    ) -> StoreResult<Listing<StreamEvent>> {
        let mut listing = Listing::default();
        if query.count == 0 || query.from > query.to {
            return Ok(listing);
        }
        let key = format!(
            "{}stream:{}",
            self.shared.layout.of(Subject::Stream).records,
            query.event_type
        );
        let mut cmd = redis::cmd("XREVRANGE");
        cmd.arg(key)
            .arg(query.to.to_string())
            .arg(query.from.to_string())
            .arg("COUNT")
            .arg(query.count.min(MAX_COUNT));
        let reply = self.shared.link.command("read a stream", &cmd).await?;
        let mut batch = empty(&query.event_type, StreamId::ZERO);
        for entry in reply.list()? {
            let [id, fields] = entry.parts()?;
            add_entry(&mut batch, id, fields, 1)?;
        }
        listing.items = batch.events.into_iter().map(|given| given.event).collect();
        listing.malformed = batch.malformed;
        Ok(listing)
    }

    pub(super) async fn list_streams(&self, now: Timestamp) -> StoreResult<Vec<StreamInfo>> {
        let call = self
            .call(&STREAM_LIST, Subject::Stream)
            .arg(now.as_micros());
        let reply = self.shared.link.run("list streams", call).await?;
        let mut streams = Vec::new();
        for row in reply.list()? {
            let [event_type, length, first, last, reached] = row.parts()?;
            let first = first.text()?;
            let mut groups = Vec::new();
            for group in reached.list()? {
                let [name, delivered_to, unacknowledged] = group.parts()?;
                groups.push(GroupInfo {
                    group: name.text()?,
                    delivered_to: stream_id(&delivered_to.text()?)?,
                    unacknowledged: unacknowledged.count()?,
                });
            }
            groups.sort_by(|a, b| a.group.cmp(&b.group));
            streams.push(StreamInfo {
                event_type: event_type.text()?,
                length: length.count()?,
                first: if first.is_empty() {
                    None
                } else {
                    Some(stream_id(&first)?)
                },
                last: stream_id(&last.text()?)?,
                groups,
            });
        }
        streams.sort_by(|a, b| a.event_type.cmp(&b.event_type));
        Ok(streams)
    }

    pub(super) async fn trim_stream(
        &self,
        now: Timestamp,
        event_type: &str,
        max_len: u64,
    ) -> StoreResult<u64> {
        let call = self
            .call(&STREAM_TRIM, Subject::Stream)
            .arg(now.as_micros())
            .arg(event_type)
            .arg(max_len);
        self.shared.link.run("trim a stream", call).await?.count()
    }

    pub(super) async fn delete_stream(&self, now: Timestamp, event_type: &str) -> StoreResult<u64> {
        let call = self
            .call(&STREAM_DELETE, Subject::Stream)
            .arg(now.as_micros())
            .arg(event_type);
        self.shared.link.run("delete a stream", call).await?.count()
    }
}

fn empty(event_type: &str, next: StreamId) -> StreamBatch {
    StreamBatch {
        event_type: event_type.into(),
        gap: None,
        events: Vec::new(),
        malformed: Vec::new(),
        next,
    }
}

fn add_entry(
    batch: &mut StreamBatch,
    id: Reply,
    fields: Reply,
    deliveries: u64,
) -> StoreResult<()> {
    let id = stream_id(&id.text()?)?;
    batch.next = batch.next.max(id);
    let mut pairs = Vec::new();
    for (name, value) in fields.pairs()? {
        pairs.push((name.text()?, value.text()?));
    }
    let flat = pairs.iter().map(|(name, value)| (&**name, &**value));
    match StreamEvent::parse(id, flat) {
        Ok(event) => batch.events.push(GroupEvent { event, deliveries }),
        Err(error) => batch
            .malformed
            .push(malformed(&batch.event_type, id, error)),
    }
    Ok(())
}

fn malformed(event_type: &str, id: StreamId, error: RecordError) -> Malformed {
    Malformed {
        key: format!("stream:{event_type} {id}"),
        error,
    }
}

/// From the oldest entry that is there, or `none`; an empty text is no gap.
fn gap(after: StreamId, missed: Reply) -> StoreResult<Option<Gap>> {
    let missed = missed.text()?;
    Ok(match missed.as_str() {
        "" => None,
        "none" => Some(Gap {
            after,
            first_kept: None,
        }),
        first => Some(Gap {
            after,
            first_kept: Some(stream_id(first)?),
        }),
    })
}

fn id_of(position: Position) -> StreamId {
    match position {
        Position::Start => StreamId::ZERO,
        Position::After(id) => id,
    }
}

fn stream_id(text: &str) -> StoreResult<StreamId> {
    StreamId::parse(text).ok_or_else(|| {
        StoreError::new(
            StoreErrorKind::Malformed,
            "read the server's answer",
            format!("{text:?} is no id of a stream's entry"),
        )
    })
}
