//! A stream as text to entries as text.

use alloc::string::String;

use super::child::{Parent, Producer};
use super::counts::BridgeCounts;
use super::machine::{Bridge, BridgeOptions, Finalize};
use super::mapping::Mapping;
use super::read::{Message, StreamLine};
use crate::entry::push_telemetry_entry;
use crate::json::RecordError;
use crate::jsonl::{Line, LineSplitter};
use crate::line_log::{LineLog, Version};
use crate::time::Timestamp;

/// How a stream is replayed.
#[derive(Clone, Debug, Default)]
pub struct ReplayOptions {
    /// How the bridge decides.
    pub bridge: BridgeOptions,
    /// The entry that the entries are children of.
    pub parent_id: Option<String>,
    /// Who makes the entries.
    pub producer: Producer,
    /// When events happen that do not say so; without it at the time of reading.
    pub clock: Option<ReplayClock>,
    /// Leaves what is open in the end without entries.
    pub leave_open: bool,
    /// What the lines stand for, where they are another engine's.
    pub mapping: Option<Mapping>,
}

/// A clock that goes on by one step with each event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayClock {
    /// The time of the first event.
    pub start: Timestamp,
    /// Microseconds from event to event.
    pub step_us: i64,
}

/// A bridge over JSON lines: chunks of a stream go in, lines with one
/// `TelemetryEntry` each come out.
#[derive(Debug)]
pub struct Replay {
    splitter: LineSplitter,
    log: LineLog,
    stream: Stream,
    leave_open: bool,
}

/// What the lines of a stream act on.
#[derive(Debug)]
struct Stream {
    bridge: Bridge,
    parent: Parent,
    producer: Producer,
    clock: Option<ReplayClock>,
    mapping: Option<Mapping>,
    events: i64,
    /// The time that the last event stated.
    stated: Option<Timestamp>,
    /// The earliest and the latest time so far.
    span: Option<(Timestamp, Timestamp)>,
}

impl Replay {
    /// A replay of a stream that begins.
    pub fn new(options: ReplayOptions) -> Self {
        Self {
            splitter: LineSplitter::default(),
            log: LineLog::default(),
            stream: Stream {
                bridge: Bridge::new(options.bridge),
                parent: Parent::new(options.parent_id.as_deref()),
                producer: options.producer,
                clock: options.clock,
                mapping: options.mapping,
                events: 0,
                stated: None,
                span: None,
            },
            leave_open: options.leave_open,
        }
    }

    /// Takes the next bytes of the stream, read at `now`, and appends the entries
    /// of the lines that end in them to `out`, each with a newline.
    pub fn push(&mut self, now: Timestamp, chunk: &[u8], out: &mut String) {
        let (log, stream) = (&mut self.log, &mut self.stream);
        self.splitter
            .push(chunk, |line| stream.line(log, now, line, out));
    }

    /// The stream is over: what is open is drained, unless it is to be left.
    pub fn finish(&mut self, now: Timestamp, out: &mut String) {
        self.finish_with(now, Finalize::default(), out);
    }

    /// Like [`Self::finish`], with why the stream is over.
    pub fn finish_with(&mut self, now: Timestamp, finalize: Finalize<'_>, out: &mut String) {
        let (log, stream) = (&mut self.log, &mut self.stream);
        self.splitter
            .finish(|line| stream.line(log, now, line, out));
        if !self.leave_open {
            let at = stream.time(now, None);
            stream.bridge.handle_finalize(at, finalize);
            stream.note_time(at);
            stream.take_entries(out);
        }
    }

    /// What became of the lines.
    pub fn log(&self) -> &LineLog {
        &self.log
    }

    /// What the bridge has seen.
    pub fn counts(&self) -> &BridgeCounts {
        self.stream.bridge.counts()
    }

    /// The bridge, to be asked.
    pub fn bridge(&self) -> &Bridge {
        &self.stream.bridge
    }

    /// The earliest and the latest time of an event or of the end; `None` of none.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.stream.span
    }
}

impl Stream {
    fn line(&mut self, log: &mut LineLog, now: Timestamp, line: Line<'_>, out: &mut String) {
        log.note(line, |text| {
            match &self.mapping {
                None => self.message(now, text)?,
                Some(mapping) => {
                    let mut lines = String::new();
                    if mapping.translate(text, &mut lines)? == 0 {
                        self.bridge.note_unknown_kind();
                    }
                    for line in lines.lines() {
                        self.message(now, line)?;
                    }
                }
            }
            Ok(Version::Unversioned)
        });
        self.take_entries(out);
    }

    fn message(&mut self, now: Timestamp, text: &str) -> Result<(), RecordError> {
        let line = StreamLine::parse(text)?;
        self.bridge.note_unknown_fields(line.unknown_fields);
        let at = self.time(now, line.at);
        match line.message {
            Message::Event(event) => {
                self.note_time(at);
                self.bridge
                    .handle_delivery(at, line.stream, line.identity, &event);
                self.next_event(line.at);
            }
            Message::UnknownKind(_) => {
                self.bridge.note_unknown_kind();
                self.next_event(line.at);
            }
            Message::UnknownFrame(_) => self.bridge.note_unknown_kind(),
            Message::Done => self.bridge.handle_stream_end(at, line.stream),
            Message::Broken { code } => self.bridge.handle_stream_error(at, line.stream, &code),
            Message::Finalize {
                reason,
                interrupted,
            } => self.bridge.handle_finalize(
                at,
                Finalize {
                    reason: reason.as_deref(),
                    interrupted,
                },
            ),
        }
        Ok(())
    }

    #[inline]
    fn note_time(&mut self, at: Timestamp) {
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
    }

    fn next_event(&mut self, stated: Option<Timestamp>) {
        self.events += 1;
        self.stated = stated;
    }

    /// When something happens: as it says, by the clock of the replay, or, at the
    /// end of events that stated their times, when the last of them did.
    fn time(&self, now: Timestamp, stated: Option<Timestamp>) -> Timestamp {
        stated.unwrap_or_else(|| match self.clock {
            Some(clock) => clock
                .start
                .saturating_add_us(clock.step_us.saturating_mul(self.events)),
            None => self.stated.unwrap_or(now),
        })
    }

    fn take_entries(&mut self, out: &mut String) {
        while let Some(entry) = self.bridge.poll_entry() {
            entry.sign(&self.parent, &self.producer, |entry| {
                push_telemetry_entry(out, entry);
            });
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPING: &str = r#"{"version":1,"rules":[{"when":[{"path":"/t","is":"go"}],"emit":[{"kind":"method_executing","time":{"path":"/ts","unit":"s"},"fields":{"jobId":{"value":"j"},"stepId":"/s","methodName":{"value":"m"},"modelName":{"value":"n"}}}]}]}"#;

    /// The end is not a line of the stream, so a mapping does not stand before it.
    #[test]
    fn the_end_has_its_reason_and_the_events_their_span() {
        let mut replay = Replay::new(ReplayOptions {
            mapping: Some(Mapping::parse(MAPPING).unwrap()),
            ..ReplayOptions::default()
        });
        assert_eq!(replay.span(), None);
        let at = |s| Timestamp::from_seconds(s).unwrap();
        let mut out = String::new();
        replay.push(at(9), b"{\"t\":\"go\",\"ts\":5,\"s\":\"b\"}\n", &mut out);
        replay.push(at(9), b"{\"t\":\"go\",\"ts\":4,\"s\":\"a\"}\n", &mut out);
        assert_eq!(replay.span(), Some((at(4), at(5))));
        let finalize = Finalize {
            reason: Some("interrupted"),
            interrupted: true,
        };
        replay.finish_with(at(9), finalize, &mut out);
        assert_eq!(out.lines().count(), 2);
        for line in out.lines() {
            assert!(
                line.contains(r#""errorType":"Cancelled","errorMessage":"interrupted""#),
                "{line}"
            );
        }
    }
}
