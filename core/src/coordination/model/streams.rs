//! Streams of events: ids rise, groups get each event until it is acknowledged.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Bound::{Excluded, Unbounded};

use crate::coordination::{
    AckEvents, Gap, GroupEvent, GroupInfo, GroupRead, NewEvent, Position, RecentQuery, StreamBatch,
    StreamInfo, StreamRead,
};
use crate::record::stream_event::{StreamEvent, StreamId};
use crate::time::Timestamp;

#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    streams: BTreeMap<String, Stream>,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    events: BTreeMap<StreamId, StreamEvent>,
    /// The highest id that was given.
    last: StreamId,
    /// The highest id that was removed.
    removed_to: StreamId,
    groups: BTreeMap<String, Group>,
}

#[derive(Clone, Debug, Default)]
struct Group {
    delivered_to: StreamId,
    /// What is not acknowledged.
    given: BTreeMap<StreamId, Given>,
}

#[derive(Clone, Copy, Debug)]
struct Given {
    at: Timestamp,
    deliveries: u64,
}

impl Streams {
    pub(super) fn publish(&mut self, now: Timestamp, event: NewEvent) -> StreamId {
        let stream = self.streams.entry(event.event_type.clone()).or_default();
        // No id is left only after the last millisecond of 64 bits.
        let id = stream.last.next(now).unwrap_or(StreamId::MAX);
        stream.last = id;
        stream.events.insert(
            id,
            StreamEvent {
                event_id: id,
                event_type: event.event_type,
                timestamp: Some(now),
                data: event.data,
                source: event.source,
            },
        );
        stream.trim(event.max_len.max(1));
        id
    }

    pub(super) fn read(&self, read: &StreamRead) -> Vec<StreamBatch> {
        let batches = read.from.iter().map(|(event_type, position)| {
            let after = id_of(*position);
            let Some(stream) = self.streams.get(event_type) else {
                return batch(event_type, after);
            };
            let events: Vec<_> = stream.after(after, read.count).cloned().collect();
            let gap = stream.gap(after);
            let mut batch = batch(event_type, stream.next(after, &events, gap));
            batch.gap = gap;
            batch.events = events.into_iter().map(once).collect();
            batch
        });
        batches.collect()
    }

    pub(super) fn read_group(&mut self, now: Timestamp, read: &GroupRead) -> Vec<StreamBatch> {
        let mut batches = Vec::with_capacity(read.event_types.len());
        for event_type in &read.event_types {
            let stream = self.streams.entry(event_type.clone()).or_default();
            batches.push(stream.read_group(now, event_type, read));
        }
        batches
    }

    pub(super) fn ack(&mut self, events: &AckEvents) -> u64 {
        let stream = self.streams.get_mut(&events.event_type);
        let Some(group) = stream.and_then(|stream| stream.groups.get_mut(&events.group)) else {
            return 0;
        };
        let known = events
            .ids
            .iter()
            .filter(|id| group.given.remove(id).is_some());
        known.count() as u64
    }

    pub(super) fn recent(&self, query: &RecentQuery) -> Vec<StreamEvent> {
        let Some(stream) = self.streams.get(&query.event_type) else {
            return Vec::new();
        };
        if query.from > query.to {
            return Vec::new();
        }
        let events = stream.events.range(query.from..=query.to).rev();
        events
            .take(limit(query.count))
            .map(|(_, event)| event.clone())
            .collect()
    }

    pub(super) fn all(&self) -> Vec<StreamInfo> {
        let info = |(event_type, stream): (&String, &Stream)| StreamInfo {
            event_type: event_type.clone(),
            length: stream.events.len() as u64,
            first: stream.first(),
            last: stream.last,
            groups: stream
                .groups
                .iter()
                .map(|(name, group)| GroupInfo {
                    group: name.clone(),
                    delivered_to: group.delivered_to,
                    unacknowledged: group.given.len() as u64,
                })
                .collect(),
        };
        self.streams.iter().map(info).collect()
    }

    pub(super) fn trim(&mut self, event_type: &str, max_len: u64) -> u64 {
        self.streams
            .get_mut(event_type)
            .map_or(0, |stream| stream.trim(max_len))
    }

    pub(super) fn delete(&mut self, event_type: &str) -> u64 {
        let removed = self.streams.remove(event_type);
        removed.map_or(0, |stream| stream.events.len() as u64)
    }
}

impl Stream {
    fn first(&self) -> Option<StreamId> {
        self.events.first_key_value().map(|(id, _)| *id)
    }

    fn after(&self, after: StreamId, count: u64) -> impl Iterator<Item = &StreamEvent> {
        self.events
            .range((Excluded(after), Unbounded))
            .map(|(_, event)| event)
            .take(limit(count))
    }

    /// What was removed after a position. One that begins with the oldest event
    /// there is, expects no other.
    fn gap(&self, after: StreamId) -> Option<Gap> {
        (after != StreamId::ZERO && after < self.removed_to).then(|| Gap {
            after,
            first_kept: self.first(),
        })
    }

    /// Where to go on. What was removed is passed over once nothing is left.
    fn next(&self, after: StreamId, events: &[StreamEvent], gap: Option<Gap>) -> StreamId {
        match events.last() {
            Some(event) => event.event_id,
            None if gap.is_some() && self.events.is_empty() => self.last,
            None => after,
        }
    }

    fn read_group(&mut self, now: Timestamp, event_type: &str, read: &GroupRead) -> StreamBatch {
        let mut group = self.groups.remove(&read.group).unwrap_or_else(|| Group {
            delivered_to: id_of(read.start),
            given: BTreeMap::new(),
        });
        let mut given_out = Vec::new();
        for (id, given) in &mut group.given {
            if given_out.len() >= limit(read.count) {
                break;
            }
            let waited = now.as_micros().saturating_sub(given.at.as_micros());
            let is_due = u64::try_from(waited).is_ok_and(|us| us >= read.redeliver_after_us);
            if let Some(event) = self.events.get(id).filter(|_| is_due) {
                given.at = now;
                given.deliveries = given.deliveries.saturating_add(1);
                given_out.push(GroupEvent {
                    event: event.clone(),
                    deliveries: given.deliveries,
                });
            }
        }
        let left = read.count.saturating_sub(given_out.len() as u64);
        let mut gap = None;
        if left > 0 {
            let after = group.delivered_to;
            let fresh: Vec<_> = self.after(after, left).cloned().collect();
            gap = self.gap(after);
            group.delivered_to = self.next(after, &fresh, gap);
            for event in fresh {
                let given = Given {
                    at: now,
                    deliveries: 1,
                };
                group.given.insert(event.event_id, given);
                given_out.push(once(event));
            }
        }
        let mut batch = batch(event_type, group.delivered_to);
        batch.gap = gap;
        batch.events = given_out;
        self.groups.insert(read.group.clone(), group);
        batch
    }

    /// Removes the oldest events beyond a number. What is removed needs no
    /// acknowledgement any more.
    fn trim(&mut self, max_len: u64) -> u64 {
        let mut removed = 0;
        while self.events.len() as u64 > max_len {
            let Some((id, _)) = self.events.pop_first() else {
                break;
            };
            self.removed_to = id;
            for group in self.groups.values_mut() {
                group.given.remove(&id);
            }
            removed += 1;
        }
        removed
    }
}

fn id_of(position: Position) -> StreamId {
    match position {
        Position::Start => StreamId::ZERO,
        Position::After(id) => id,
    }
}

fn once(event: StreamEvent) -> GroupEvent {
    GroupEvent {
        event,
        deliveries: 1,
    }
}

fn batch(event_type: &str, next: StreamId) -> StreamBatch {
    StreamBatch {
        event_type: event_type.into(),
        gap: None,
        events: Vec::new(),
        malformed: Vec::new(),
        next,
    }
}

fn limit(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
