//! `muster stream consume`.

use clap::Args;
use muster_core::coordination::{
    Begin, CursorEnd, CursorItem, CursorOptions, CursorQuestion, Member, StreamCursor,
};
use muster_core::record::stream_event::StreamId;
use muster_core::to_json;
use muster_core::view::{ConsumedView, GapView};

use crate::cli::session::Session;
use crate::cli::values::{self, Span};
use crate::cli::waiting::{Steady, rest};
use crate::error::{Answer, Failure};
use crate::store::{Access, Interest, StoreError, Wake, Watch};
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
    #[arg(long, value_name = "PLACE", default_value = "start", value_parser = begin)]
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

impl Consume {
    /// A place that is kept is written; without one it is enough to look.
    pub(super) fn access(&self) -> Access {
        if self.name.is_some() || self.group.is_some() {
            Access::Add
        } else if self.quiet_us() == Some(0) {
            Access::Look
        } else {
            Access::Follow
        }
    }

    pub(super) async fn run(&self, session: &Session<'_>) -> Result<Answer, Failure> {
        let clock = Steady::begin(session);
        let wanted = self.event_types.iter().cloned().collect();
        let mut cursor = StreamCursor::new(
            clock.now(),
            (!self.event_types.is_empty()).then_some(wanted),
            CursorOptions {
                begin: self.from,
                batch: BATCH,
                limit: self.count,
                quiet_us: self.quiet_us(),
                member: self.member()?,
            },
        );
        // From before the first question on, so that no event falls between.
        let mut listening: Option<Box<dyn Watch>> = None;
        let mut last_error = None;
        loop {
            print(session, &mut cursor)?;
            if let Some(question) = cursor.poll_question() {
                let failures = cursor.failures();
                let is_note = matches!(question, CursorQuestion::Acknowledge(_));
                let asked = self.ask(session, &clock, &mut cursor, &mut listening, question);
                match asked.await {
                    Ok(()) if failures > 0 => session.say_back(),
                    Ok(()) => {}
                    Err(error) if is_note => {
                        cursor.handle_failure(clock.now(), random::jitter());
                        let again = || format!("{error}; what was printed last will come again");
                        session.context.say(0, again);
                    }
                    Err(error) if error.kind.is_passing() => {
                        if failures == 0 {
                            session.say_away(&error);
                        }
                        listening = None;
                        cursor.handle_failure(clock.now(), random::jitter());
                        last_error = Some(error);
                    }
                    Err(error) => return Err(error.into()),
                }
                continue;
            }
            match (cursor.end(), last_error.take()) {
                (Some(CursorEnd::Unanswered), Some(error)) => return Err(error.into()),
                (Some(_), _) => return Ok(Answer::Yes),
                (None, error) => last_error = error,
            }
            if let Some((at, _)) = cursor.poll_timeout() {
                match rest(&mut listening, clock.moment_of(at)).await {
                    Wake::Changed => cursor.handle_wake(clock.now()),
                    Wake::Deadline => cursor.handle_timeout(clock.now()),
                }
            }
        }
    }

    /// How long to wait for an event, in microseconds.
    fn quiet_us(&self) -> Option<u64> {
        if self.no_block {
            return Some(0);
        }
        self.block_ms.map(|ms| ms.saturating_mul(1000))
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

    fn interest(&self) -> Interest {
        let types = &self.event_types;
        Interest::Streams((!types.is_empty()).then(|| types.clone()))
    }

    /// Asks the store and hands its answer to the cursor.
    async fn ask(
        &self,
        session: &Session<'_>,
        clock: &Steady,
        cursor: &mut StreamCursor,
        listening: &mut Option<Box<dyn Watch>>,
        question: CursorQuestion,
    ) -> Result<(), StoreError> {
        let store = &session.store;
        if listening.is_none() {
            *listening = Some(store.watch(self.interest()).await?);
        }
        let now = session.now();
        match question {
            CursorQuestion::Streams => {
                let streams = store.streams(now).await?;
                cursor.handle_streams(clock.now(), &streams);
            }
            CursorQuestion::Read(read) => {
                let batches = store.read(now, &read).await?;
                cursor.handle_batches(clock.now(), batches);
            }
            CursorQuestion::ReadGroup(read) => {
                let batches = store.read_group(now, &read).await?;
                cursor.handle_batches(clock.now(), batches);
            }
            CursorQuestion::Acknowledge(events) => {
                store.ack(now, &events).await?;
                cursor.handle_acknowledged(clock.now());
            }
        }
        Ok(())
    }
}

/// Prints what the cursor has come upon.
fn print(session: &Session<'_>, cursor: &mut StreamCursor) -> Result<(), Failure> {
    let context = session.context;
    let mut out = String::new();
    while let Some(item) = cursor.poll_item() {
        match item {
            CursorItem::Gap { event_type, gap } => {
                let view = GapView::of(&event_type, gap);
                if context.json {
                    out += &to_json(&view);
                    out.push('\n');
                } else {
                    out += &render::gap(&view, &context.style);
                }
            }
            CursorItem::Malformed(bad) => session.say_malformed(&bad),
            CursorItem::Event(given) => {
                let view = ConsumedView::from(given);
                if context.json {
                    out += &to_json(&view);
                    out.push('\n');
                } else {
                    out += &render::event_line(&view, &context.style);
                }
            }
        }
    }
    if out.is_empty() {
        return Ok(());
    }
    context.print(&out)
}

/// Where a consumer begins.
fn begin(text: &str) -> Result<Begin, String> {
    match text {
        "start" | "0" | "-" => Ok(Begin::Start),
        "live" | "$" => Ok(Begin::Live),
        id => StreamId::parse(id)
            .map(Begin::After)
            .ok_or_else(|| "it is start, live, or an id such as 1763632800000-0".into()),
    }
}
