//! Reading streams on and on: where each stands, what was missed, what comes next.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use super::{Backoff, Gap, Malformed, Position, StreamBatch, StreamInfo, StreamRead};
use crate::record::stream_event::{StreamEvent, StreamId};
use crate::time::{Timestamp, US_PER_SECOND};

/// Streams are looked at anew at least so often, in microseconds: a wake-up can be
/// lost with a connection.
const RECHECK_US: i64 = 30 * US_PER_SECOND;

/// One reader of streams.
///
/// The host asks the store what [`Self::poll_question`] says, hands in the answer,
/// and takes the items; between questions it sleeps until [`Self::poll_timeout`] or
/// a wake-up. No question comes while items wait, so at most one answer is held.
#[derive(Clone, Debug)]
pub struct StreamCursor {
    /// The streams that are read; `None`: all, also those that come up later.
    wanted: Option<BTreeSet<String>>,
    begin: Begin,
    count: u64,
    places: BTreeMap<String, Position>,
    /// Whether the streams that were there at the beginning are known.
    has_begun: bool,
    state: State,
    /// Something has changed since the question that is open.
    is_woken: bool,
    backoff: Backoff,
    items: VecDeque<CursorItem>,
}

/// Where a cursor begins in the streams that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// With the oldest event.
    #[default]
    Start,
    /// With the next event that comes. It is fixed once, when the cursor begins:
    /// an event that comes between two readings is not passed over.
    Live,
    /// After this id.
    After(StreamId),
}

/// What the store is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorQuestion {
    /// Which streams there are; the answer goes to [`StreamCursor::handle_streams`].
    Streams,
    /// What they hold; the answer goes to [`StreamCursor::handle_batches`].
    Read(StreamRead),
}

/// What a cursor has come upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorItem {
    /// The next event of its stream.
    Event(StreamEvent),
    /// Events of a stream that were removed before they could be read.
    Gap {
        /// The stream.
        event_type: String,
        /// Which.
        gap: Gap,
    },
    /// An entry that is no event.
    Malformed(Malformed),
}

/// Why a cursor wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorTimeout {
    /// It is time to look without a wake-up.
    Recheck,
    /// It is time to try again after a failure.
    Retry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    StreamsDue,
    StreamsAsked,
    ReadDue,
    ReadAsked,
    Idle { until: Timestamp },
    Failed { until: Timestamp },
}

impl StreamCursor {
    /// Reads these streams, or all, at most `count` events of each at once.
    pub fn new(wanted: Option<BTreeSet<String>>, begin: Begin, count: u64) -> Self {
        Self {
            wanted,
            begin,
            count: count.max(1),
            places: BTreeMap::new(),
            has_begun: false,
            state: State::StreamsDue,
            is_woken: false,
            backoff: Backoff::default(),
            items: VecDeque::new(),
        }
    }

    /// Goes on where another cursor was: see [`Self::places`].
    #[must_use]
    pub fn resume(mut self, places: impl IntoIterator<Item = (String, StreamId)>) -> Self {
        for (event_type, id) in places {
            self.places.insert(event_type, Position::After(id));
        }
        self
    }

    /// Something may have changed.
    pub fn handle_wake(&mut self, _now: Timestamp) {
        match self.state {
            State::Idle { .. } => self.begin_turn(),
            State::StreamsAsked | State::ReadAsked => self.is_woken = true,
            State::StreamsDue | State::ReadDue | State::Failed { .. } => {}
        }
    }

    /// The streams that there are.
    pub fn handle_streams(&mut self, now: Timestamp, streams: &[StreamInfo]) {
        if self.state != State::StreamsAsked {
            return;
        }
        self.backoff.succeeded();
        let begin = self.begin;
        let has_begun = self.has_begun;
        for stream in streams {
            let is_wanted = self
                .wanted
                .as_ref()
                .is_none_or(|wanted| wanted.contains(&stream.event_type));
            if is_wanted && !self.places.contains_key(&stream.event_type) {
                let place = match begin {
                    // One that has come up since is read whole.
                    _ if has_begun => Position::Start,
                    Begin::Start => Position::Start,
                    Begin::Live => Position::After(stream.last),
                    Begin::After(id) => Position::After(id),
                };
                self.places.insert(stream.event_type.clone(), place);
            }
        }
        // Those that are named and not there yet.
        for event_type in self.wanted.iter().flatten() {
            if !self.places.contains_key(event_type) {
                let place = match begin {
                    Begin::After(id) => Position::After(id),
                    Begin::Start | Begin::Live => Position::Start,
                };
                self.places.insert(event_type.clone(), place);
            }
        }
        self.has_begun = true;
        if self.places.is_empty() {
            self.rest(now);
        } else {
            self.state = State::ReadDue;
        }
    }

    /// What the streams hold.
    pub fn handle_batches(&mut self, now: Timestamp, batches: Vec<StreamBatch>) {
        if self.state != State::ReadAsked {
            return;
        }
        self.backoff.succeeded();
        let mut has_more = false;
        for batch in batches {
            let Some(place) = self.places.get_mut(&batch.event_type) else {
                continue;
            };
            let before = *place;
            // A position does not go back, whatever a store says.
            if Position::After(batch.next) != before && batch.next > id_of(before) {
                *place = Position::After(batch.next);
                has_more = true;
            }
            if let Some(gap) = batch.gap {
                let event_type = batch.event_type.clone();
                self.items.push_back(CursorItem::Gap { event_type, gap });
            }
            let malformed = batch.malformed.into_iter().map(CursorItem::Malformed);
            self.items.extend(malformed);
            let after = id_of(before);
            let events = batch.events.into_iter().map(|given| given.event);
            let fresh = events.filter(|event| event.event_id > after);
            self.items.extend(fresh.map(CursorItem::Event));
        }
        if has_more {
            self.state = State::ReadDue;
        } else {
            self.rest(now);
        }
    }

    /// The store could not be asked. `jitter` should be random in all its bits.
    pub fn handle_failure(&mut self, now: Timestamp, jitter: u32) {
        if !matches!(self.state, State::StreamsAsked | State::ReadAsked) {
            return;
        }
        self.is_woken = false;
        let wait_us = i64::try_from(self.backoff.after_failure(jitter)).unwrap_or(i64::MAX);
        let until = now.saturating_add_us(wait_us);
        self.state = State::Failed { until };
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if let State::Idle { until } | State::Failed { until } = self.state
            && until <= now
        {
            self.begin_turn();
        }
    }

    /// What the store has to be asked now; the question is open then.
    pub fn poll_question(&mut self) -> Option<CursorQuestion> {
        if !self.items.is_empty() {
            return None;
        }
        match self.state {
            State::StreamsDue => {
                self.state = State::StreamsAsked;
                Some(CursorQuestion::Streams)
            }
            State::ReadDue => {
                self.state = State::ReadAsked;
                let places = self.places.iter();
                Some(CursorQuestion::Read(StreamRead {
                    from: places
                        .map(|(event_type, place)| (event_type.clone(), *place))
                        .collect(),
                    count: self.count,
                }))
            }
            _ => None,
        }
    }

    /// The next item: of each stream in the order of its ids.
    pub fn poll_item(&mut self) -> Option<CursorItem> {
        self.items.pop_front()
    }

    /// When [`Self::handle_timeout`] has something to do, and why.
    pub fn poll_timeout(&self) -> Option<(Timestamp, CursorTimeout)> {
        match self.state {
            State::Idle { until } => Some((until, CursorTimeout::Recheck)),
            State::Failed { until } => Some((until, CursorTimeout::Retry)),
            _ => None,
        }
    }

    /// Whether all that was there has been read and taken.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle { .. }) && self.items.is_empty()
    }

    /// Where each stream stands: everything up to there was handed out, or waits
    /// as an item.
    pub fn places(&self) -> impl Iterator<Item = (&str, StreamId)> {
        let places = self.places.iter();
        places.map(|(event_type, place)| (&**event_type, id_of(*place)))
    }

    /// How many questions in a row have failed.
    pub fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    /// Nothing more is there: until woken, unless that has happened meanwhile.
    fn rest(&mut self, now: Timestamp) {
        if core::mem::take(&mut self.is_woken) {
            self.begin_turn();
        } else {
            let until = now.saturating_add_us(RECHECK_US);
            self.state = State::Idle { until };
        }
    }

    /// Streams that come up later matter only to who reads all.
    fn begin_turn(&mut self) {
        self.state = if self.has_begun && self.wanted.is_some() {
            State::ReadDue
        } else {
            State::StreamsDue
        };
    }
}

fn id_of(position: Position) -> StreamId {
    match position {
        Position::Start => StreamId::ZERO,
        Position::After(id) => id,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;
    use crate::coordination::{Model, NewEvent, Operation, Outcome};
    use crate::json_object::JsonObject;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000 + ms).unwrap()
    }

    fn publish(model: &mut Model, now: i64, event_type: &str, n: usize, max_len: u64) {
        let event = NewEvent {
            event_type: event_type.into(),
            data: JsonObject::parse(&format!("{{\"n\":{n}}}")).unwrap(),
            source: "test".into(),
            max_len,
        };
        model.apply(at(now), Operation::Publish(event));
    }

    /// Lets the cursor ask until it rests, and tells what it came upon.
    fn drain(cursor: &mut StreamCursor, model: &mut Model, now: i64) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            while let Some(item) = cursor.poll_item() {
                told.push(match item {
                    CursorItem::Event(event) => format!("{} {}", event.event_type, event.data),
                    CursorItem::Gap { event_type, gap } => {
                        format!("{event_type} gap after {}", gap.after)
                    }
                    CursorItem::Malformed(malformed) => malformed.key,
                });
            }
            match cursor.poll_question() {
                Some(CursorQuestion::Streams) => match model.apply(at(now), Operation::Streams) {
                    Outcome::Streams(streams) => cursor.handle_streams(at(now), &streams),
                    other => panic!("{other:?}"),
                },
                Some(CursorQuestion::Read(read)) => {
                    match model.apply(at(now), Operation::Read(read)) {
                        Outcome::Batches(batches) => cursor.handle_batches(at(now), batches),
                        other => panic!("{other:?}"),
                    }
                }
                None => break,
            }
        }
        assert!(cursor.is_idle());
        told
    }

    #[test]
    fn all_streams_are_read_also_those_that_come_up_later() {
        let mut model = Model::new(at(0));
        publish(&mut model, 0, "a", 0, 100);
        let mut cursor = StreamCursor::new(None, Begin::Live, 2);
        assert!(drain(&mut cursor, &mut model, 1).is_empty());
        // Busy with one stream, two events of another come: none is passed over.
        for n in 1..6 {
            publish(&mut model, 2, "a", n, 100);
            publish(&mut model, 2, "b", n, 100);
        }
        cursor.handle_wake(at(3));
        let told = drain(&mut cursor, &mut model, 3);
        assert_eq!(told.len(), 10);
        assert!(told.contains(&r#"a {"n": 1}"#.to_string()));
        assert!(told.contains(&r#"b {"n": 1}"#.to_string()));
        cursor.handle_wake(at(4));
        assert!(drain(&mut cursor, &mut model, 4).is_empty());
    }

    #[test]
    fn a_reader_that_resumes_is_told_what_it_missed() {
        let mut model = Model::new(at(0));
        for n in 0..3 {
            publish(&mut model, 0, "a", n, 2);
        }
        let wanted = || Some([String::from("a")].into());
        let mut first = StreamCursor::new(wanted(), Begin::Start, 100);
        let told = drain(&mut first, &mut model, 1);
        assert_eq!(told, [r#"a {"n": 1}"#, r#"a {"n": 2}"#]);
        let places: Vec<_> = first.places().map(|(name, id)| (name.into(), id)).collect();
        for n in 3..9 {
            publish(&mut model, 2, "a", n, 2);
        }
        let mut second = StreamCursor::new(wanted(), Begin::Live, 100).resume(places);
        let told = drain(&mut second, &mut model, 3);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("a gap after "), "{told:?}");
        assert_eq!(told[1..], [r#"a {"n": 7}"#, r#"a {"n": 8}"#]);
    }

    #[test]
    fn a_store_that_is_away_is_tried_again_and_nothing_is_lost() {
        let mut model = Model::new(at(0));
        let mut cursor = StreamCursor::new(None, Begin::Start, 100);
        drain(&mut cursor, &mut model, 0);
        publish(&mut model, 1, "a", 0, 100);
        cursor.handle_wake(at(1));
        for wait in [50, 100, 200] {
            assert!(cursor.poll_question().is_some());
            cursor.handle_failure(at(1), 0);
            assert_eq!(
                cursor.poll_timeout(),
                Some((at(1 + wait), CursorTimeout::Retry))
            );
            cursor.handle_timeout(at(wait));
            assert_eq!(cursor.poll_question(), None);
            cursor.handle_timeout(at(1 + wait));
        }
        assert_eq!(cursor.failures(), 3);
        assert_eq!(drain(&mut cursor, &mut model, 2), [r#"a {"n": 0}"#]);
        assert_eq!(cursor.failures(), 0);
    }

    proptest! {
        /// Every event is told once and in order, or lies in a gap that is told.
        #[test]
        fn nothing_is_lost_or_doubled(
            steps in prop::collection::vec((0..4_u8, 0..3_usize), 1..60),
            count in 1..4_u64,
            max_len in 2..6_u64,
        ) {
            let types = ["a", "b", "c"];
            let mut model = Model::new(at(0));
            let mut cursor = StreamCursor::new(None, Begin::Start, count);
            let mut published = [0_usize; 3];
            let mut told: Vec<String> = Vec::new();
            for (now, (step, kind)) in steps.into_iter().enumerate() {
                let now = i64::try_from(now).unwrap();
                if step == 0 {
                    cursor.handle_wake(at(now));
                    told.extend(drain(&mut cursor, &mut model, now));
                } else {
                    publish(&mut model, now, types[kind], published[kind], max_len);
                    published[kind] += 1;
                }
            }
            cursor.handle_wake(at(99));
            told.extend(drain(&mut cursor, &mut model, 99));
            for (kind, count) in types.iter().zip(published) {
                let of_kind = told.iter().filter(|line| line.starts_with(kind));
                let mut expected = 0_usize;
                let mut has_read = false;
                let mut may_skip = false;
                for line in of_kind {
                    if line.contains("gap") {
                        may_skip = true;
                        continue;
                    }
                    let n: usize = line
                        .chars()
                        .filter(char::is_ascii_digit)
                        .collect::<String>()
                        .parse()
                        .unwrap();
                    // The first reading begins with what is there.
                    prop_assert!(n == expected || (n > expected && (may_skip || !has_read)));
                    expected = n + 1;
                    (has_read, may_skip) = (true, false);
                }
                prop_assert_eq!(expected, count);
            }
        }

        /// Any answers in any order: no panic, and the cursor goes on.
        #[test]
        fn a_cursor_never_hangs(
            inputs in prop::collection::vec((0..6_u8, 0..5_u64), 0..60)
        ) {
            let mut cursor = StreamCursor::new(None, Begin::Live, 3);
            for (input, n) in inputs {
                let now = at(i64::try_from(n).unwrap());
                let info = StreamInfo {
                    event_type: "a".into(),
                    length: n,
                    first: None,
                    last: StreamId { ms: n, seq: 0 },
                    groups: Vec::new(),
                };
                let batch = StreamBatch {
                    event_type: "a".into(),
                    gap: None,
                    events: Vec::new(),
                    malformed: Vec::new(),
                    next: StreamId { ms: n, seq: 0 },
                };
                match input {
                    0 => cursor.handle_wake(now),
                    1 => cursor.handle_streams(now, &[info]),
                    2 => cursor.handle_batches(now, vec![batch]),
                    3 => cursor.handle_failure(now, 7),
                    4 => cursor.handle_timeout(now),
                    _ => { cursor.poll_question(); }
                }
                let is_asked = matches!(cursor.state, State::StreamsAsked | State::ReadAsked);
                let is_due = matches!(cursor.state, State::StreamsDue | State::ReadDue);
                prop_assert!(is_asked || is_due || cursor.poll_timeout().is_some());
            }
        }
    }
}
