//! `muster stream consume`.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use muster_core::coordination::{AckEvents, GroupRead, Position, StreamBatch, StreamRead};
use muster_core::record::stream_event::StreamId;
use muster_core::to_json;
use muster_core::view::{ConsumedView, GapView};
use tokio::time::Instant;

use crate::cli::session::{Patience, Session};
use crate::cli::values::{self, Span};
use crate::error::{Answer, Failure};
use crate::store::{Interest, StoreError, Watch};
use crate::{random, render};

/// So many events of a stream are read at once.
const BATCH: u64 = 100;

/// Print events as they come, each once; with a name or a group, where it was left
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  muster stream consume build_done --from live\n  muster stream consume --name dashboard --json | jq .data\n  muster stream consume build_done --group workers --consumer w1 --count 10\n\n\
        With --json each event is one line. Where events were removed before they could\n\
        be read, a line says so: {\"gap\": {\"event_type\", \"after\", \"first_kept\"}}. With a\n\
        name or a group an event counts as read once it is printed: one that was not is\n\
        given out again, so that none is lost and some may come twice."
)]
pub(crate) struct Consume {
    /// Events of these types [default: of all, also of types that come up later]
    #[arg(value_name = "TYPE", value_parser = values::name)]
    event_types: Vec<String>,
    /// Where to begin: start, live, or after this id; a name or group that is there
    /// goes on where it was
    #[arg(long, value_name = "PLACE", default_value = "start")]
    from: Begin,
    /// Resume under this name: the only consumer that has it
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    name: Option<String>,
    /// Share the events with the other consumers of this group
    #[arg(long, value_name = "NAME", value_parser = values::name, conflicts_with = "name")]
    group: Option<String>,
    /// Which consumer of the group this is [default: a new one]
    #[arg(long, value_name = "NAME", value_parser = values::name, requires = "group")]
    consumer: Option<String>,
    /// Take over what another consumer of the group has not finished after this time
    #[arg(long, value_name = "SPAN", default_value = "60s", requires = "group")]
    redeliver_after: Span,
    /// End after so many events
    #[arg(long, short = 'n', value_name = "N")]
    count: Option<u64>,
    /// End when no event comes for this long; 0 does not wait [default: go on]
    #[arg(long, value_name = "N")]
    block_ms: Option<u64>,
    /// End when all that is there was read
    #[arg(long, conflicts_with = "block_ms")]
    no_block: bool,
}

/// Where a consumer begins.
#[derive(Clone, Copy, Debug)]
enum Begin {
    Start,
    Live,
    After(StreamId),
}

impl FromStr for Begin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "start" | "0" | "-" => Ok(Self::Start),
            "live" | "$" => Ok(Self::Live),
            id => StreamId::parse(id)
                .map(Self::After)
                .ok_or_else(|| "it is start, live, or an id such as 1763632800000-0".into()),
        }
    }
}

impl Consume {
    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        session.begin_to_wait();
        let mut consuming = Consuming {
            session,
            options: self,
            member: self.member()?,
            places: BTreeMap::new(),
            has_begun: false,
        };
        let block = match (self.no_block, self.block_ms) {
            (true, _) => Some(Duration::ZERO),
            (false, ms) => ms.map(Duration::from_millis),
        };
        let mut left = self.count;
        let mut patience = Patience::default();
        let mut watch: Option<Box<dyn Watch>> = None;
        let mut ends_at = block.map(|block| Instant::now() + block);
        while left != Some(0) {
            let turn = async {
                let listening = match watch.take() {
                    Some(watch) => watch,
                    None => session.store.watch(consuming.interest()).await?,
                };
                let batches = consuming.read(left).await?;
                Result::<_, StoreError>::Ok((listening, batches))
            };
            let (mut listening, batches) = match turn.await {
                Ok(turn) => turn,
                Err(error) => {
                    patience.after(session, error, ends_at).await?;
                    continue;
                }
            };
            patience.answered(session);
            let mut events = 0;
            for batch in &batches {
                consuming.print(batch)?;
                consuming.done(batch).await;
                events += u64::try_from(batch.events.len()).unwrap_or(u64::MAX);
            }
            left = left.map(|left| left.saturating_sub(events));
            if events > 0 {
                ends_at = block.map(|block| Instant::now() + block);
                watch = Some(listening);
                continue;
            }
            if ends_at.is_some_and(|ends_at| ends_at <= Instant::now()) {
                break;
            }
            match listening.changed(consuming.wakes_at(ends_at)).await {
                Ok(_) => watch = Some(listening),
                Err(error) => patience.after(session, error, ends_at).await?,
            }
        }
        Ok(Answer::Yes)
    }

    /// The group that keeps the place, if any.
    fn member(&self) -> Result<Option<Member>, Failure> {
        if let Some(name) = &self.name {
            return Ok(Some(Member {
                group: name.clone(),
                consumer: name.clone(),
                // The one before has ended, or there would be two of one name.
                redeliver_after_us: 0,
            }));
        }
        let Some(group) = &self.group else {
            return Ok(None);
        };
        Ok(Some(Member {
            group: group.clone(),
            consumer: match &self.consumer {
                Some(consumer) => consumer.clone(),
                None => random::id("consumer")?,
            },
            redeliver_after_us: self.redeliver_after.us(),
        }))
    }
}

/// A consumer in a group.
struct Member {
    group: String,
    consumer: String,
    redeliver_after_us: u64,
}

struct Consuming<'a> {
    session: &'a Session<'a>,
    options: &'a Consume,
    member: Option<Member>,
    /// The streams that are read: where to go on, or where a group begins.
    places: BTreeMap<String, Position>,
    has_begun: bool,
}

impl Consuming<'_> {
    fn interest(&self) -> Interest {
        let types = &self.options.event_types;
        Interest::Streams((!types.is_empty()).then(|| types.clone()))
    }

    /// When to look again although nothing new has come: what other consumers of the
    /// group have left unfinished is due some time.
    fn wakes_at(&self, ends_at: Option<Instant>) -> Option<Instant> {
        let redeliver = self
            .member
            .as_ref()
            .map(|member| Duration::from_micros(member.redeliver_after_us))
            .filter(|after| !after.is_zero())
            .map(|after| Instant::now() + after);
        [ends_at, redeliver].into_iter().flatten().min()
    }

    /// Finds the streams that have come up, and where to begin in them.
    async fn find_streams(&mut self) -> Result<(), StoreError> {
        let asked = &self.options.event_types;
        if self.has_begun && !asked.is_empty() {
            return Ok(());
        }
        let mut begins: BTreeMap<String, Position> = BTreeMap::new();
        for event_type in asked {
            // Not there yet: all that comes is new.
            begins.insert(event_type.clone(), Position::Start);
        }
        let is_live = !self.has_begun && matches!(self.options.from, Begin::Live);
        if asked.is_empty() || is_live {
            for info in self.session.store.streams(self.session.now()).await? {
                if asked.is_empty() || asked.contains(&info.event_type) {
                    let begin = if is_live {
                        Position::After(info.last)
                    } else {
                        Position::Start
                    };
                    begins.insert(info.event_type, begin);
                }
            }
        }
        if let Begin::After(id) = self.options.from {
            for begin in begins.values_mut() {
                *begin = Position::After(id);
            }
        }
        for (event_type, begin) in begins {
            self.places.entry(event_type).or_insert(begin);
        }
        self.has_begun = true;
        Ok(())
    }

    /// Reads what there is, at most `left` events.
    async fn read(&mut self, left: Option<u64>) -> Result<Vec<StreamBatch>, StoreError> {
        self.find_streams().await?;
        if self.places.is_empty() {
            return Ok(Vec::new());
        }
        let Some(member) = &self.member else {
            return self.read_alone(left).await;
        };
        let mut batches = Vec::new();
        let mut left = left.unwrap_or(u64::MAX);
        for (event_type, begin) in &self.places {
            // What is given out counts as this consumer's: never more than is asked for.
            if left == 0 {
                break;
            }
            let read = GroupRead {
                event_types: vec![event_type.clone()],
                group: member.group.clone(),
                consumer: member.consumer.clone(),
                start: *begin,
                count: left.min(BATCH),
                redeliver_after_us: member.redeliver_after_us,
            };
            let read = self.session.store.read_group(self.session.now(), &read);
            for batch in read.await? {
                left = left.saturating_sub(u64::try_from(batch.events.len()).unwrap_or(u64::MAX));
                batches.push(batch);
            }
        }
        Ok(batches)
    }

    async fn read_alone(&mut self, left: Option<u64>) -> Result<Vec<StreamBatch>, StoreError> {
        let places = self.places.iter();
        let read = StreamRead {
            from: places.map(|(name, place)| (name.clone(), *place)).collect(),
            count: left.unwrap_or(u64::MAX).min(BATCH),
        };
        let store = &self.session.store;
        let mut batches = store.read(self.session.now(), &read).await?;
        let mut left = usize::try_from(left.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        for batch in &mut batches {
            if batch.events.len() > left {
                batch.events.truncate(left);
                if let Some(last) = batch.events.last() {
                    batch.next = last.event.event_id;
                } else {
                    continue;
                }
            }
            left -= batch.events.len();
            let moved = batch.gap.is_some() || !batch.events.is_empty();
            if moved || !batch.malformed.is_empty() {
                self.places
                    .insert(batch.event_type.clone(), Position::After(batch.next));
            }
        }
        Ok(batches)
    }

    /// Prints the events of a batch, after the gap before them.
    fn print(&self, batch: &StreamBatch) -> Result<(), Failure> {
        let context = self.session.context;
        let mut out = String::new();
        if let Some(gap) = batch.gap {
            let view = GapView::of(&batch.event_type, gap);
            if context.json {
                out += &to_json(&view);
                out.push('\n');
            } else {
                out += &render::gap(&view, &context.style);
            }
        }
        for bad in &batch.malformed {
            context.say(0, || {
                format!(
                    "{} is left out, it is malformed: {}",
                    bad.key, bad.error.kind
                )
            });
        }
        for event in &batch.events {
            let view = ConsumedView::from(event.clone());
            if context.json {
                out += &to_json(&view);
                out.push('\n');
            } else {
                out += &render::event_line(&view, &context.style);
            }
        }
        if out.is_empty() {
            return Ok(());
        }
        context.print(&out)
    }

    /// Says that the events of a batch are done with. If that fails they are given
    /// out again, which costs a reader less than a lost one.
    async fn done(&self, batch: &StreamBatch) {
        let Some(member) = &self.member else { return };
        if batch.events.is_empty() {
            return;
        }
        let events = AckEvents {
            event_type: batch.event_type.clone(),
            group: member.group.clone(),
            ids: batch
                .events
                .iter()
                .map(|given| given.event.event_id)
                .collect(),
        };
        if let Err(error) = self.session.store.ack(self.session.now(), &events).await {
            self.session.context.say(0, || {
                format!("{error}; what was printed last will come again")
            });
        }
    }
}
