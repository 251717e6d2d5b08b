//! Reading streams on and on: where each stands, what was missed, what comes next.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;

use super::{
    AckEvents, Backoff, Gap, GroupEvent, GroupRead, Malformed, Position, StreamBatch, StreamInfo,
    StreamRead,
};
use crate::record::stream_event::StreamId;
use crate::time::{Timestamp, US_PER_SECOND};

/// Streams are looked at anew at least so often, in microseconds: a wake-up can be
/// lost with a connection.
const RECHECK_US: u64 = 30 * US_PER_SECOND.unsigned_abs();

/// One reader of streams, alone or as a member of a group.
///
/// The host asks the store what [`Self::poll_question`] says, hands in the answer,
/// and takes the items; between questions it sleeps until [`Self::poll_timeout`] or
/// a wake-up. No question comes while items wait, so at most one answer is held, and
/// events of a group are acknowledged once they were taken.
#[derive(Clone, Debug)]
pub struct StreamCursor {
    /// The streams that are read; `None`: all, also those that come up later.
    wanted: Option<BTreeSet<String>>,
    options: CursorOptions,
    /// How many events may still be handed out.
    left: Option<u64>,
    /// From when on a reading that brings no event is the last one.
    quiet_at: Option<Timestamp>,
    /// Where each stream stands, or where a group begins in it.
    places: BTreeMap<String, Position>,
    /// Whether the streams that were there at the beginning are known.
    has_begun: bool,
    /// The streams that a group has still to be asked for in this turn.
    turn: VecDeque<String>,
    /// Whether this turn has brought events.
    has_more: bool,
    /// What to acknowledge once the items are taken.
    done_with: Option<AckEvents>,
    state: State,
    /// Something has changed since the question that is open.
    is_woken: bool,
    backoff: Backoff,
    items: VecDeque<CursorItem>,
}

/// How a cursor reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorOptions {
    /// Where it begins.
    pub begin: Begin,
    /// At most so many events of a stream are read at once; at least 1.
    pub batch: u64,
    /// It ends after so many events.
    pub limit: Option<u64>,
    /// It ends when no event comes for so long, in microseconds; 0: once all that
    /// is there was read.
    pub quiet_us: Option<u64>,
    /// The group that keeps the places, and its member.
    pub member: Option<Member>,
}

/// A consumer in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The group.
    pub group: String,
    /// The consumer.
    pub consumer: String,
    /// When an event that was not acknowledged is given out again, in microseconds.
    pub redeliver_after_us: u64,
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
    /// What a group has for its member; the answer goes to
    /// [`StreamCursor::handle_batches`].
    ReadGroup(GroupRead),
    /// To note that these are done with; then [`StreamCursor::handle_acknowledged`].
    /// If it fails they are given out again, which costs a reader less than a lost one.
    Acknowledge(AckEvents),
}

/// What a cursor has come upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorItem {
    /// The next event of its stream, or one that is given out again.
    Event(GroupEvent),
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
    /// No event has come for so long that one more look is the last.
    Quiet,
}

/// How a reading has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CursorEnd {
    /// As many events as were asked for were handed out.
    Enough,
    /// No event came for as long as was waited.
    Quiet,
    /// The store could not be asked when the time was up.
    Unanswered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    StreamsDue,
    StreamsAsked,
    ReadDue,
    ReadAsked,
    /// The items of a member are being taken.
    AcknowledgeDue,
    AcknowledgeAsked,
    Idle {
        until: Timestamp,
    },
    Failed {
        until: Timestamp,
    },
    Over(CursorEnd),
}

impl StreamCursor {
    /// Reads these streams, or all.
    pub fn new(now: Timestamp, wanted: Option<BTreeSet<String>>, options: CursorOptions) -> Self {
        let mut cursor = Self {
            wanted,
            left: options.limit,
            quiet_at: None,
            options: CursorOptions {
                batch: options.batch.max(1),
                ..options
            },
            places: BTreeMap::new(),
            has_begun: false,
            turn: VecDeque::new(),
            has_more: false,
            done_with: None,
            state: State::StreamsDue,
            is_woken: false,
            backoff: Backoff::default(),
            items: VecDeque::new(),
        };
        cursor.note_events(now);
        if cursor.wanted.is_some() && cursor.options.begin != Begin::Live {
            // What there is does not matter: the names are known.
            cursor.begin_reading(now);
        }
        if cursor.left == Some(0) {
            cursor.state = State::Over(CursorEnd::Enough);
        }
        cursor
    }

    /// Something may have changed.
    pub fn handle_wake(&mut self, _now: Timestamp) {
        match self.state {
            State::Idle { .. } => self.begin_turn(),
            State::StreamsAsked
            | State::ReadAsked
            | State::AcknowledgeDue
            | State::AcknowledgeAsked => self.is_woken = true,
            State::StreamsDue | State::ReadDue | State::Failed { .. } | State::Over(_) => {}
        }
    }

    /// The streams that there are.
    pub fn handle_streams(&mut self, now: Timestamp, streams: &[StreamInfo]) {
        if self.state != State::StreamsAsked {
            return;
        }
        self.backoff.succeeded();
        let begin = self.options.begin;
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
        self.begin_reading(now);
    }

    /// What the streams hold.
    pub fn handle_batches(&mut self, now: Timestamp, batches: Vec<StreamBatch>) {
        if self.state != State::ReadAsked {
            return;
        }
        self.backoff.succeeded();
        for batch in batches {
            if self.left == Some(0) {
                break;
            }
            if self.take_in(batch) {
                self.note_events(now);
            }
        }
        if self.done_with.is_some() {
            self.state = State::AcknowledgeDue;
        } else {
            self.go_on(now);
        }
    }

    /// The store has noted what was done with.
    pub fn handle_acknowledged(&mut self, now: Timestamp) {
        if self.state == State::AcknowledgeAsked {
            self.backoff.succeeded();
            self.go_on(now);
        }
    }

    /// The store could not be asked. `jitter` should be random in all its bits.
    pub fn handle_failure(&mut self, now: Timestamp, jitter: u32) {
        match self.state {
            // What was not acknowledged comes again by itself.
            State::AcknowledgeAsked => self.go_on(now),
            State::StreamsAsked | State::ReadAsked => {
                self.is_woken = false;
                if self.quiet_at.is_some_and(|quiet_at| quiet_at <= now) {
                    self.state = State::Over(CursorEnd::Unanswered);
                    return;
                }
                let wait_us = i64::try_from(self.backoff.after_failure(jitter)).unwrap_or(i64::MAX);
                let until = now.saturating_add_us(wait_us);
                let until = self.quiet_at.map_or(until, |quiet_at| until.min(quiet_at));
                self.state = State::Failed { until };
            }
            _ => {}
        }
    }

    /// Time has gone on.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if let Some((until, _)) = self.poll_timeout()
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
            State::AcknowledgeDue => {
                self.state = State::AcknowledgeAsked;
                self.done_with.take().map(CursorQuestion::Acknowledge)
            }
            State::StreamsDue => {
                self.state = State::StreamsAsked;
                Some(CursorQuestion::Streams)
            }
            State::ReadDue => {
                self.state = State::ReadAsked;
                Some(self.reading())
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
            State::Idle { until } => match self.quiet_at {
                Some(quiet_at) if quiet_at <= until => Some((quiet_at, CursorTimeout::Quiet)),
                _ => Some((until, CursorTimeout::Recheck)),
            },
            State::Failed { until } => Some((until, CursorTimeout::Retry)),
            _ => None,
        }
    }

    /// How the reading has ended, once it has and all items are taken.
    pub fn end(&self) -> Option<CursorEnd> {
        match self.state {
            State::Over(end) if self.items.is_empty() => Some(end),
            _ => None,
        }
    }

    /// How many questions in a row have failed.
    pub fn failures(&self) -> u32 {
        self.backoff.failures()
    }

    /// The next reading: of all streams, or of one where a group is asked, because
    /// what it gives out counts as the member's and must not be more than is left.
    fn reading(&mut self) -> CursorQuestion {
        let batch = self.options.batch;
        let count = self.left.map_or(batch, |left| left.min(batch));
        let Some(member) = &self.options.member else {
            let places = self.places.iter();
            return CursorQuestion::Read(StreamRead {
                from: places
                    .map(|(event_type, place)| (event_type.clone(), *place))
                    .collect(),
                count,
            });
        };
        let event_type = self.turn.pop_front().unwrap_or_default();
        let start = self.places.get(&event_type).copied().unwrap_or_default();
        CursorQuestion::ReadGroup(GroupRead {
            event_types: [event_type].into(),
            group: member.group.clone(),
            consumer: member.consumer.clone(),
            start,
            count,
            redeliver_after_us: member.redeliver_after_us,
        })
    }

    /// Makes items of what one stream holds; whether there are events among them.
    fn take_in(&mut self, mut batch: StreamBatch) -> bool {
        let Some(place) = self.places.get_mut(&batch.event_type) else {
            return false;
        };
        let before = id_of(*place);
        if self.options.member.is_none() {
            batch.events.retain(|given| given.event.event_id > before);
        }
        let limit = self.left.and_then(|left| usize::try_from(left).ok());
        if let Some(limit) = limit.filter(|limit| *limit < batch.events.len()) {
            batch.events.truncate(limit);
            batch.malformed.clear();
            batch.next = batch
                .events
                .last()
                .map_or(before, |given| given.event.event_id);
        }
        let events = u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(events));
        if let Some(member) = &self.options.member {
            self.has_more |= events > 0;
            if events > 0 {
                self.done_with = Some(AckEvents {
                    event_type: batch.event_type.clone(),
                    group: member.group.clone(),
                    ids: batch
                        .events
                        .iter()
                        .map(|given| given.event.event_id)
                        .collect(),
                });
            }
        } else if batch.next > before {
            // A position does not go back, whatever a store says.
            *place = Position::After(batch.next);
            self.has_more = true;
        }
        if let Some(gap) = batch.gap {
            let event_type = batch.event_type;
            self.items.push_back(CursorItem::Gap { event_type, gap });
        }
        let malformed = batch.malformed.into_iter().map(CursorItem::Malformed);
        self.items.extend(malformed);
        self.items
            .extend(batch.events.into_iter().map(CursorItem::Event));
        events > 0
    }

    /// Goes on after an answer that is done with.
    fn go_on(&mut self, now: Timestamp) {
        if self.left == Some(0) {
            self.state = State::Over(CursorEnd::Enough);
        } else if !self.turn.is_empty() {
            self.state = State::ReadDue;
        } else if core::mem::take(&mut self.has_more) {
            self.begin_reading(now);
        } else {
            self.rest(now);
        }
    }

    /// Reads what is known of, those that are named and not there yet included.
    fn begin_reading(&mut self, now: Timestamp) {
        for event_type in self.wanted.iter().flatten() {
            if !self.places.contains_key(event_type) {
                let place = match self.options.begin {
                    Begin::After(id) => Position::After(id),
                    Begin::Start | Begin::Live => Position::Start,
                };
                self.places.insert(event_type.clone(), place);
            }
        }
        self.has_begun = true;
        if self.places.is_empty() {
            self.rest(now);
            return;
        }
        if self.options.member.is_some() {
            self.turn = self.places.keys().cloned().collect();
        }
        self.state = State::ReadDue;
    }

    /// Nothing more is there: until woken, unless that has happened meanwhile.
    fn rest(&mut self, now: Timestamp) {
        let was_woken = core::mem::take(&mut self.is_woken);
        if self.quiet_at.is_some_and(|quiet_at| quiet_at <= now) {
            self.state = State::Over(CursorEnd::Quiet);
        } else if was_woken {
            self.begin_turn();
        } else {
            // What other members have left unfinished is due some time.
            let redeliver = self.options.member.as_ref();
            let redeliver = redeliver.map_or(0, |member| member.redeliver_after_us);
            let wait_us = match redeliver {
                0 => RECHECK_US,
                redeliver => redeliver.min(RECHECK_US),
            };
            let until = now.saturating_add_us(i64::try_from(wait_us).unwrap_or(i64::MAX));
            self.state = State::Idle { until };
        }
    }

    /// Streams that come up later matter only to who reads all.
    fn begin_turn(&mut self) {
        if self.has_begun && self.wanted.is_some() {
            if self.options.member.is_some() {
                self.turn = self.places.keys().cloned().collect();
            }
            self.state = State::ReadDue;
        } else {
            self.state = State::StreamsDue;
        }
    }

    /// Events have come, so that the silence begins anew.
    fn note_events(&mut self, now: Timestamp) {
        let quiet_us = self.options.quiet_us;
        self.quiet_at = quiet_us
            .map(|quiet_us| now.saturating_add_us(i64::try_from(quiet_us).unwrap_or(i64::MAX)));
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
    use crate::record::stream_event::StreamEvent;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_795_000_000_000 + ms).unwrap()
    }

    fn options(begin: Begin, batch: u64) -> CursorOptions {
        CursorOptions {
            begin,
            batch,
            limit: None,
            quiet_us: None,
            member: None,
        }
    }

    fn member(consumer: &str, redeliver_after_us: u64) -> CursorOptions {
        CursorOptions {
            member: Some(Member {
                group: "workers".into(),
                consumer: consumer.into(),
                redeliver_after_us,
            }),
            ..options(Begin::Start, 2)
        }
    }

    fn named(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| String::from(*name)).collect()
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

    fn tell(item: CursorItem) -> String {
        match item {
            CursorItem::Event(given) => {
                let event = given.event;
                let again = if given.deliveries > 1 { " again" } else { "" };
                format!("{} {}{again}", event.event_type, event.data)
            }
            CursorItem::Gap { event_type, gap } => format!("{event_type} gap after {}", gap.after),
            CursorItem::Malformed(malformed) => malformed.key,
        }
    }

    /// Answers one question from the model.
    fn answer(cursor: &mut StreamCursor, model: &mut Model, now: i64, question: CursorQuestion) {
        let operation = match question {
            CursorQuestion::Streams => Operation::Streams,
            CursorQuestion::Read(read) => Operation::Read(read),
            CursorQuestion::ReadGroup(read) => Operation::ReadGroup(read),
            CursorQuestion::Acknowledge(events) => Operation::Ack(events),
        };
        match model.apply(at(now), operation) {
            Outcome::Streams(streams) => cursor.handle_streams(at(now), &streams),
            Outcome::Batches(batches) => cursor.handle_batches(at(now), batches),
            Outcome::Cleared(_) => cursor.handle_acknowledged(at(now)),
            other => panic!("{other:?}"),
        }
    }

    /// Lets the cursor ask until it rests or ends, and tells what it came upon.
    fn drain(cursor: &mut StreamCursor, model: &mut Model, now: i64) -> Vec<String> {
        let mut told = Vec::new();
        loop {
            while let Some(item) = cursor.poll_item() {
                told.push(tell(item));
            }
            match cursor.poll_question() {
                Some(question) => answer(cursor, model, now, question),
                None => break,
            }
        }
        assert!(cursor.end().is_some() || cursor.poll_timeout().is_some());
        told
    }

    #[test]
    fn all_streams_are_read_also_those_that_come_up_later() {
        let mut model = Model::new(at(0));
        publish(&mut model, 0, "a", 0, 100);
        let mut cursor = StreamCursor::new(at(0), None, options(Begin::Live, 2));
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
    fn a_reader_is_told_what_it_missed() {
        let mut model = Model::new(at(0));
        let mut cursor = StreamCursor::new(at(0), Some(named(&["a"])), options(Begin::Start, 100));
        for n in 0..3 {
            publish(&mut model, 0, "a", n, 2);
        }
        let told = drain(&mut cursor, &mut model, 1);
        assert_eq!(told, [r#"a {"n": 1}"#, r#"a {"n": 2}"#]);
        for n in 3..9 {
            publish(&mut model, 2, "a", n, 2);
        }
        cursor.handle_wake(at(3));
        let told = drain(&mut cursor, &mut model, 3);
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told[0].starts_with("a gap after "), "{told:?}");
        assert_eq!(told[1..], [r#"a {"n": 7}"#, r#"a {"n": 8}"#]);
    }

    #[test]
    fn members_share_events_and_what_one_leaves_comes_again() {
        let mut model = Model::new(at(0));
        for n in 0..5 {
            publish(&mut model, 0, "a", n, 100);
        }
        publish(&mut model, 0, "b", 9, 100);
        // The first one is killed before it is done with what it was given.
        let mut first = StreamCursor::new(at(0), Some(named(&["a", "b"])), member("w1", 1_000_000));
        let question = first.poll_question().unwrap();
        answer(&mut first, &mut model, 1, question);
        assert_eq!(first.poll_question(), None);
        assert_eq!(tell(first.poll_item().unwrap()), r#"a {"n": 0}"#);
        let mut second =
            StreamCursor::new(at(1), Some(named(&["a", "b"])), member("w2", 1_000_000));
        let told = drain(&mut second, &mut model, 2);
        assert_eq!(
            told,
            [
                r#"a {"n": 2}"#,
                r#"a {"n": 3}"#,
                r#"b {"n": 9}"#,
                r#"a {"n": 4}"#
            ]
        );
        // It looks again when that is due, and all is acknowledged.
        let (due, why) = second.poll_timeout().unwrap();
        assert_eq!((due, why), (at(1002), CursorTimeout::Recheck));
        second.handle_timeout(due);
        let told = drain(&mut second, &mut model, 1002);
        assert_eq!(told, [r#"a {"n": 0} again"#, r#"a {"n": 1} again"#]);
        let Outcome::Streams(streams) = model.apply(at(1003), Operation::Streams) else {
            panic!("no streams");
        };
        assert!(
            streams
                .iter()
                .all(|stream| stream.groups[0].unacknowledged == 0),
            "{streams:?}"
        );
    }

    #[test]
    fn a_limit_is_kept_and_nothing_more_is_given_out() {
        for member in [None, member("w1", 0).member] {
            let mut model = Model::new(at(0));
            for n in 0..3 {
                publish(&mut model, 0, "a", n, 100);
                publish(&mut model, 0, "b", n, 100);
            }
            let limited = CursorOptions {
                limit: Some(4),
                member,
                ..options(Begin::Start, 3)
            };
            let mut cursor = StreamCursor::new(at(0), None, limited.clone());
            let told = drain(&mut cursor, &mut model, 1);
            assert_eq!(told.len(), 4, "{told:?}");
            assert_eq!(cursor.end(), Some(CursorEnd::Enough));
            if limited.member.is_some() {
                let mut rest = StreamCursor::new(at(2), None, limited);
                let told = drain(&mut rest, &mut model, 2);
                assert_eq!(told, [r#"b {"n": 1}"#, r#"b {"n": 2}"#]);
            }
        }
        let none = CursorOptions {
            limit: Some(0),
            ..options(Begin::Start, 3)
        };
        let mut cursor = StreamCursor::new(at(0), None, none);
        assert_eq!(cursor.poll_question(), None);
        assert_eq!(cursor.end(), Some(CursorEnd::Enough));
    }

    #[test]
    fn silence_ends_a_reading_after_one_more_look() {
        let mut model = Model::new(at(0));
        let patient = CursorOptions {
            quiet_us: Some(100_000),
            ..options(Begin::Start, 3)
        };
        let mut cursor = StreamCursor::new(at(0), None, patient);
        drain(&mut cursor, &mut model, 0);
        assert_eq!(cursor.poll_timeout(), Some((at(100), CursorTimeout::Quiet)));
        publish(&mut model, 50, "a", 0, 100);
        cursor.handle_wake(at(50));
        assert_eq!(drain(&mut cursor, &mut model, 50).len(), 1);
        assert_eq!(cursor.poll_timeout(), Some((at(150), CursorTimeout::Quiet)));
        // An event whose wake-up was lost is not.
        publish(&mut model, 149, "a", 1, 100);
        cursor.handle_timeout(at(150));
        assert_eq!(drain(&mut cursor, &mut model, 150).len(), 1);
        cursor.handle_timeout(at(250));
        assert!(drain(&mut cursor, &mut model, 250).is_empty());
        assert_eq!(cursor.end(), Some(CursorEnd::Quiet));
        // A reader that does not wait, and a store that is away then.
        let once = CursorOptions {
            quiet_us: Some(0),
            ..options(Begin::Start, 3)
        };
        let mut once = StreamCursor::new(at(0), None, once);
        assert!(once.poll_question().is_some());
        once.handle_failure(at(0), 0);
        assert_eq!(once.end(), Some(CursorEnd::Unanswered));
    }

    #[test]
    fn a_store_that_is_away_is_tried_again_and_nothing_is_lost() {
        let mut model = Model::new(at(0));
        let mut cursor = StreamCursor::new(at(0), None, options(Begin::Start, 100));
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
        /// Every event is told once and in order, or lies in a gap that is told: of one
        /// that reads alone, and of one in a group.
        #[test]
        fn nothing_is_lost_or_doubled(
            steps in prop::collection::vec((0..4_u8, 0..3_usize), 1..60),
            batch in 1..4_u64,
            max_len in 2..6_u64,
            in_group in any::<bool>(),
        ) {
            let types = ["a", "b", "c"];
            let mut model = Model::new(at(0));
            let reading = CursorOptions {
                member: member("w1", 1_000_000).member.filter(|_| in_group),
                ..options(Begin::Start, batch)
            };
            let mut cursor = StreamCursor::new(at(0), None, reading);
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

        /// Any answers in any order: no panic, and the cursor goes on or has ended.
        #[test]
        fn a_cursor_never_hangs(
            inputs in prop::collection::vec((0..7_u8, 0..5_u64), 0..60),
            limit in prop::option::of(0..4_u64),
            quiet_us in prop::option::of(0..3000_u64),
            in_group in any::<bool>(),
        ) {
            let reading = CursorOptions {
                limit,
                quiet_us,
                member: member("w1", 1).member.filter(|_| in_group),
                ..options(Begin::Live, 3)
            };
            let mut cursor = StreamCursor::new(at(0), None, reading);
            for (input, n) in inputs {
                let now = at(i64::try_from(n).unwrap());
                let info = StreamInfo {
                    event_type: "a".into(),
                    length: n,
                    first: None,
                    last: StreamId { ms: n, seq: 0 },
                    groups: Vec::new(),
                };
                let event = StreamEvent::parse(
                    StreamId { ms: n, seq: 0 },
                    [("event_type", "a"), ("data", "{}")],
                );
                let batch = StreamBatch {
                    event_type: "a".into(),
                    gap: None,
                    events: vec![GroupEvent { event: event.unwrap(), deliveries: 1 }],
                    malformed: Vec::new(),
                    next: StreamId { ms: n, seq: 0 },
                };
                match input {
                    0 => cursor.handle_wake(now),
                    1 => cursor.handle_streams(now, &[info]),
                    2 => cursor.handle_batches(now, vec![batch]),
                    3 => cursor.handle_failure(now, 7),
                    4 => cursor.handle_timeout(now),
                    5 => cursor.handle_acknowledged(now),
                    _ => { cursor.poll_question(); }
                }
                while cursor.poll_item().is_some() {}
                let is_open = matches!(
                    cursor.state,
                    State::StreamsAsked | State::ReadAsked | State::AcknowledgeAsked
                        | State::StreamsDue | State::ReadDue | State::AcknowledgeDue
                );
                prop_assert_eq!(
                    cursor.done_with.is_some(),
                    cursor.state == State::AcknowledgeDue
                );
                prop_assert!(
                    is_open || cursor.end().is_some() || cursor.poll_timeout().is_some()
                );
            }
        }
    }
}
