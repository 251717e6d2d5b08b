//! The usual lines, read in one pass.
//!
//! The engine gives the fields of an event in one order and without spaces. This
//! reader knows that order of the six kinds that steps with methods consist of,
//! bare or in the usual envelopes. At the first surprise it gives up, and the
//! general reader decides; so it never has to judge what is wrong.

use alloc::borrow::Cow;
use alloc::string::String;

use super::event::{Event, ForEachItem, MethodName, StepFailed, StepName};
use super::read::{Message, StreamLine};
use crate::cursor::Cursor;
use crate::plain_text::end_of_plain;
use crate::record::telemetry_entry::Dimension;
use crate::time::Timestamp;

/// The line, or `None` for any line that is not exactly in a usual form.
#[inline]
pub(super) fn line(line: &str) -> Option<StreamLine<'_>> {
    let mut cursor = Cursor::new(line);
    if cursor.skip("{\"kind\":\"").is_some() {
        return Some(StreamLine {
            message: Message::Event(event(cursor)?),
            at: None,
            stream: None,
            identity: None,
            unknown_fields: 0,
        });
    }
    envelope(line, cursor)
}

#[inline(never)]
fn envelope<'a>(line: &'a str, mut cursor: Cursor<'a>) -> Option<StreamLine<'a>> {
    let (mut at, mut stream) = (None, None);
    if cursor.skip("{\"at\":").is_some() {
        at = Some(Timestamp::from_millis(cursor.integer()?).ok()?);
    } else {
        cursor.skip("{\"type\":\"event\",\"id\":")?;
        let start = cursor.at;
        cursor.skip("\"")?;
        cursor.text()?;
        stream = Some(cursor.since(start)?);
    }
    cursor.skip(",\"event\":")?;
    let inner = line.get(cursor.at..)?.strip_suffix('}')?;
    let mut cursor = Cursor::new(inner);
    cursor.skip("{\"kind\":\"")?;
    Some(StreamLine {
        message: Message::Event(event(cursor)?),
        at,
        stream,
        identity: None,
        unknown_fields: 0,
    })
}

/// The event whose kind comes next.
#[expect(clippy::inline_always, reason = "the event is made where it is needed")]
#[inline(always)]
fn event(mut cursor: Cursor<'_>) -> Option<Event<'_>> {
    let event = if cursor.skip("method_output\",\"jobId\":\"").is_some() {
        let step = cursor.step()?;
        let method = cursor.method()?;
        cursor.skip(",\"stream\":\"")?;
        let stream = cursor.plain()?;
        cursor.skip(",\"line\":\"")?;
        Event::MethodOutput {
            step,
            method,
            stream,
            line: cursor.any_text()?,
        }
    } else if cursor.skip("step_started\",\"jobId\":\"").is_some() {
        Event::StepStarted {
            step: cursor.step()?,
            item: cursor.item()?,
        }
    } else if cursor.skip("model_resolved\",\"jobId\":\"").is_some() {
        let step = cursor.step()?;
        cursor.skip(",\"modelName\":\"")?;
        let model = cursor.plain()?;
        cursor.skip(",\"modelType\":\"")?;
        let model_type = Dimension::Text(cursor.plain()?);
        cursor.skip(",\"modelId\":\"")?;
        let model_id = Some(cursor.plain()?);
        cursor.skip(",\"methodName\":\"")?;
        let method = cursor.plain()?;
        Event::ModelResolved {
            step,
            method: MethodName { model, method },
            model_type,
            model_id,
        }
    } else if cursor.skip("method_executing\",\"jobId\":\"").is_some() {
        let step = cursor.step()?;
        let method = cursor.method()?;
        let driver = cursor.optional(",\"driver\":\"")?;
        Event::MethodExecuting {
            step,
            method,
            driver: driver.map_or(Dimension::Absent, Dimension::Text),
        }
    } else if cursor.skip("step_completed\",\"jobId\":\"").is_some() {
        let step = cursor.step()?;
        let executor = cursor.optional(",\"executor\":\"")?;
        Event::StepCompleted {
            step,
            executor: executor.map_or(Dimension::Absent, Dimension::Text),
            item: cursor.item()?,
            data_handles: None,
        }
    } else {
        cursor.skip("step_failed\",\"jobId\":\"")?;
        cursor.failed()?
    };
    (cursor.rest() == b"}").then_some(event)
}

impl<'a> Cursor<'a> {
    #[expect(clippy::inline_always, reason = "a text is two numbers")]
    #[inline(always)]
    fn plain(&mut self) -> Option<Cow<'a, str>> {
        self.text().map(Cow::Borrowed)
    }

    /// A string whose opening quote has been passed, with or without escapes.
    #[inline]
    fn any_text(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        if let Some(text) = self.text() {
            return Some(Cow::Borrowed(text));
        }
        self.escaped_text(start)
    }

    #[inline(never)]
    fn escaped_text(&mut self, start: usize) -> Option<Cow<'a, str>> {
        loop {
            self.at += end_of_plain(self.rest());
            match self.rest().first()? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => return None,
            }
        }
        self.at += 1;
        let quoted = self.since(start.checked_sub(1)?)?;
        serde_json::from_str::<String>(quoted).ok().map(Cow::Owned)
    }

    /// A text that may not be there; `None` where it is there in another form.
    #[expect(clippy::inline_always, reason = "unrolls for each literal")]
    #[inline(always)]
    #[expect(
        clippy::option_option,
        reason = "the outer one is whether the line has the usual form, as in every method here"
    )]
    fn optional(&mut self, literal: &str) -> Option<Option<Cow<'a, str>>> {
        if self.skip(literal).is_some() {
            self.plain().map(Some)
        } else {
            Some(None)
        }
    }

    /// Job and step, the job's opening quote being passed.
    #[expect(clippy::inline_always, reason = "unrolls for each literal")]
    #[inline(always)]
    fn step(&mut self) -> Option<StepName<'a>> {
        let job = self.plain()?;
        self.skip(",\"stepId\":\"")?;
        let step = self.plain()?;
        Some(StepName { job, step })
    }

    #[expect(clippy::inline_always, reason = "unrolls for each literal")]
    #[inline(always)]
    fn method(&mut self) -> Option<MethodName<'a>> {
        self.skip(",\"modelName\":\"")?;
        let model = self.plain()?;
        self.skip(",\"methodName\":\"")?;
        let method = self.plain()?;
        Some(MethodName { model, method })
    }

    #[inline]
    fn item(&mut self) -> Option<ForEachItem<'a>> {
        let Some(template) = self.optional(",\"forEachTemplate\":\"")? else {
            return Some(ForEachItem::default());
        };
        self.skip(",\"forEachIndex\":")?;
        Some(ForEachItem {
            template: Some(template),
            index: Some(u64::try_from(self.integer()?).ok()?),
        })
    }

    #[inline(never)]
    fn failed(&mut self) -> Option<Event<'a>> {
        let step = self.step()?;
        self.skip(",\"error\":\"")?;
        let error = self.any_text()?;
        let allowed_failure = self.skip(",\"allowedFailure\":true").is_some();
        let model = self.optional(",\"modelName\":\"")?;
        let method = self.optional(",\"methodName\":\"")?;
        Some(Event::StepFailed(StepFailed {
            step,
            error,
            error_kind: None,
            allowed_failure,
            model,
            method,
            driver: Dimension::Absent,
            item: self.item()?,
        }))
    }

    /// One to fifteen digits without a leading zero.
    fn integer(&mut self) -> Option<i64> {
        let digits = self
            .rest()
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        let text = self.rest().get(..digits)?;
        if !(1..=15).contains(&digits) || (digits > 1 && text.first() == Some(&b'0')) {
            return None;
        }
        self.at += digits;
        let value = text
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    const EXAMPLES: &str = include_str!("../../../tests/fixtures/swamp/event_examples.jsonl");
    const REAL: &str = include_str!("../../../tests/fixtures/swamp/run_mixed-wf.events.jsonl");

    /// Whether the usual form was found; what it gives is what the general reader gives.
    #[track_caller]
    fn agrees(text: &str) -> bool {
        let Some(fast) = line(text) else { return false };
        assert_eq!(StreamLine::read(text).as_ref(), Ok(&fast), "{text}");
        true
    }

    #[test]
    fn usual_lines_are_found() {
        let usual = |lines: &str| lines.lines().filter(|line| agrees(line)).count();
        // Steps that begin, resolve, execute, print and fail.
        assert_eq!(usual(EXAMPLES), 5);
        // All of the 32 but three that end with data, and five of other kinds.
        assert_eq!(usual(REAL), 24);
        for text in [
            r#"{"kind":"step_completed","jobId":"j","stepId":"s"}"#,
            r#"{"kind":"step_completed","jobId":"j","stepId":"","executor":"e","forEachTemplate":"t","forEachIndex":0}"#,
            r#"{"kind":"method_executing","jobId":"j","stepId":"s","modelName":"m","methodName":"x","driver":"d"}"#,
            r#"{"kind":"step_failed","jobId":"j","stepId":"s","error":"a\n\u00e9\ud83d\ude00"}"#,
            r#"{"at":1767225600000,"event":{"kind":"step_started","jobId":"j","stepId":"s"}}"#,
            r#"{"type":"event","id":"rq-1","event":{"kind":"step_started","jobId":"j","stepId":"s"}}"#,
        ] {
            assert!(agrees(text), "{text}");
        }
        for text in [
            r#"{"kind":"step_failed","jobId":"j","stepId":"s","error":"\ud800"}"#,
            r#"{"kind":"step_failed","jobId":"j","stepId":"s","error":"\"#,
            r#"{"kind":"step_started","jobId":"j","stepId":"s","forEachTemplate":"t","forEachIndex":01}"#,
            r#"{"kind":"step_started","jobId":"j","stepId":"s"} "#,
            r#"{"at":1767225600000,"event":{"kind":"step_started","jobId":"j","stepId":"s"}"#,
            r#"{"at":1767225600000,"event":{"kind":"step_started","jobId":"j","stepId":"s"}}}"#,
        ] {
            assert!(!agrees(text), "{text}");
        }
    }

    proptest! {
        /// Whatever is done to a line, it is read as the general reader reads it.
        #[test]
        fn damaged_lines_are_read_alike(
            number in 0..58_usize, envelope in 0..3_usize, at in 0..200_usize, cut in 0..4_usize,
            insert in prop::sample::select(&["", "\"", "\\", ",", "}", "{", " ", "1", "\\n", ":", "\u{e9}", "null"][..]),
        ) {
            let lines: std::vec::Vec<&str> = EXAMPLES.lines().chain(REAL.lines()).collect();
            let line = lines[number];
            let mut text = match envelope {
                0 => line.into(),
                1 => format!(r#"{{"at":15,"event":{line}}}"#),
                _ => format!(r#"{{"type":"event","id":"q","event":{line}}}"#),
            };
            let start = text.floor_char_boundary(at);
            let end = text.ceil_char_boundary((start + cut).min(text.len()));
            text.replace_range(start..end, insert);
            agrees(&text);
        }
    }
}
