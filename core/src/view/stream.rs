//! Streams of events.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Serialize;

use crate::coordination::{Gap, GroupEvent, Listing, StreamBatch, StreamInfo};
use crate::json_object::JsonObject;
use crate::record::stream_event::{StreamEvent, StreamId};
use crate::time::Timestamp;

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventView {
    /// Its place in its stream, `MS-SEQ`.
    pub event_id: StreamId,
    /// What happened; the stream's name.
    pub event_type: String,
    /// When, by the publisher's clock.
    pub timestamp: Option<Timestamp>,
    /// Who published it.
    pub source: String,
    /// What else is known.
    pub data: JsonObject,
}

/// An event that was given to a consumer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConsumedView {
    /// The event.
    #[serde(flatten)]
    pub event: EventView,
    /// How often it was given out, this time included; more than once where a
    /// consumer ended before it was done with it.
    pub deliveries: u64,
}

/// Stands where events were removed before they could be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GapView {
    /// What is missing.
    pub gap: GapRange,
}

/// Events that were removed before they could be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GapRange {
    /// The stream.
    pub event_type: String,
    /// The last event that was read.
    pub after: StreamId,
    /// The oldest event that is still there; `null` where none is.
    pub first_kept: Option<StreamId>,
}

/// An event that was published.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedView {
    /// Its place in its stream.
    pub event_id: StreamId,
    /// The stream's name.
    pub event_type: String,
}

/// One stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StreamInfoView {
    /// Its name.
    pub event_type: String,
    /// How many events it holds.
    pub length: u64,
    /// The oldest of them; `null` where it holds none.
    pub first_id: Option<StreamId>,
    /// The newest id that was given, also where its event is gone.
    pub last_id: StreamId,
    /// Groups of consumers, by name.
    pub groups: Vec<GroupView>,
}

/// A group of consumers of one stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupView {
    /// Its name.
    pub group: String,
    /// Up to where it was given events.
    pub delivered_to: StreamId,
    /// How many of them it has not acknowledged.
    pub unacknowledged: u64,
}

/// Events that were removed from a stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RemovedView {
    /// The stream.
    pub event_type: String,
    /// How many events were removed.
    pub removed: u64,
}

/// Events of one stream after a place in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StreamTailView {
    /// The stream's name.
    pub event_type: String,
    /// Oldest first.
    pub events: Vec<EventView>,
    /// Events that were removed before they could be read.
    pub gap: Option<GapRange>,
    /// Where to go on.
    pub next: StreamId,
    /// Whether there are more already.
    pub more: bool,
    /// Entries that are no events.
    pub malformed: u64,
}

impl StreamTailView {
    /// What a reading gave that asked for one event more than `limit`.
    pub fn of_batch(batch: StreamBatch, limit: usize) -> Self {
        let event_type = batch.event_type;
        let gap = batch.gap.map(|gap| GapView::of(&event_type, gap).gap);
        let more = batch.events.len() > limit;
        let events = batch.events.into_iter().take(limit);
        let events: Vec<EventView> = events.map(|given| given.event.into()).collect();
        let next = match events.last() {
            Some(last) if more => last.event_id,
            _ => batch.next,
        };
        Self {
            event_type,
            events,
            gap,
            next,
            more,
            malformed: batch.malformed.len() as u64,
        }
    }

    /// The newest events, given newest first.
    pub fn of_newest(event_type: String, newest_first: Listing<StreamEvent>) -> Self {
        let events = newest_first.items.into_iter().rev();
        let events: Vec<EventView> = events.map(EventView::from).collect();
        Self {
            event_type,
            next: events.last().map_or(StreamId::ZERO, |last| last.event_id),
            events,
            gap: None,
            more: false,
            malformed: newest_first.malformed.len() as u64,
        }
    }
}

impl From<StreamEvent> for EventView {
    fn from(event: StreamEvent) -> Self {
        Self {
            event_id: event.event_id,
            event_type: event.event_type,
            timestamp: event.timestamp,
            source: event.source,
            data: event.data,
        }
    }
}

impl From<GroupEvent> for ConsumedView {
    fn from(given: GroupEvent) -> Self {
        Self {
            event: given.event.into(),
            deliveries: given.deliveries,
        }
    }
}

impl GapView {
    /// A gap in a stream.
    pub fn of(event_type: &str, gap: Gap) -> Self {
        Self {
            gap: GapRange {
                event_type: event_type.into(),
                after: gap.after,
                first_kept: gap.first_kept,
            },
        }
    }
}

impl From<StreamInfo> for StreamInfoView {
    fn from(info: StreamInfo) -> Self {
        let groups = info.groups.into_iter().map(|group| GroupView {
            group: group.group,
            delivered_to: group.delivered_to,
            unacknowledged: group.unacknowledged,
        });
        Self {
            event_type: info.event_type,
            length: info.length,
            first_id: info.first,
            last_id: info.last,
            groups: groups.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::to_json;

    #[test]
    fn an_event_has_one_json_form() {
        let event = StreamEvent {
            event_id: StreamId { ms: 1000, seq: 2 },
            event_type: "build".into(),
            timestamp: Some(Timestamp::parse("2026-11-20T10:00:00Z").unwrap()),
            data: JsonObject::parse("{\"ok\": true}").unwrap(),
            source: "ci".into(),
        };
        let consumed = ConsumedView::from(GroupEvent {
            event,
            deliveries: 2,
        });
        assert_eq!(
            to_json(&consumed),
            r#"{"event_id":"1000-2","event_type":"build","timestamp":"2026-11-20T10:00:00Z","source":"ci","data":{"ok": true},"deliveries":2}"#
        );
        let gap = Gap {
            after: StreamId { ms: 1, seq: 0 },
            first_kept: None,
        };
        assert_eq!(
            to_json(&GapView::of("build", gap)),
            r#"{"gap":{"event_type":"build","after":"1-0","first_kept":null}}"#
        );
    }
}
