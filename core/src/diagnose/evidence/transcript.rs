//! The transcript of a session: version 3 entries, and the lines of stream mode.
//!
//! Turns have no marks of their own in version 3: a turn is open while the last
//! entry of it is a user's, a tool's result or an assistant's that asks for tools.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::printed::head;
use crate::json::{Fields, RecordError, Value};
use crate::jsonl::{Line, LineSplitter};
use crate::time::Timestamp;

/// So many of the newest entries are kept.
const KEEP: usize = 2000;
/// Of a text, so many bytes are kept.
const TEXT_BYTES: usize = 400;
/// Tool calls of one message beyond this many are passed over.
const MAX_TOOLS: usize = 64;

/// One entry that says something of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) line: u64,
    pub(crate) at: Option<Timestamp>,
    pub(crate) kind: EntryKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// What a person, a channel or the gateway asked; the beginning of its text
    /// without the preamble.
    User { text: String },
    /// What the model answered.
    Assistant(Answer),
    /// What a tool gave back.
    ToolResult { id: String },
    /// The session was made shorter.
    Compaction,
    /// Stream mode: a turn began.
    TurnStart,
    /// Stream mode: a turn ended.
    TurnEnd,
}

/// What an assistant's entry says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// `stop`, `length`, `toolUse`, `error`, `aborted`.
    pub(crate) stop: String,
    pub(crate) error: Option<String>,
    pub(crate) model: Option<String>,
    /// Ids and names of the tools that it asks for.
    pub(crate) tools: Vec<(String, String)>,
}

impl Answer {
    /// Whether the turn has ended with an answer.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self.stop.as_str(), "toolUse" | "error" | "aborted") && self.error.is_none()
    }
}

/// What was read of a transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TranscriptEvidence {
    pub(crate) entries: VecDeque<Entry>,
    pub(crate) session: Option<String>,
    pub(crate) lines: u64,
    pub(crate) skipped: u64,
}

/// Reads a transcript chunk by chunk; memory is bounded by the newest entries.
#[derive(Debug, Default)]
pub struct TranscriptReader {
    splitter: LineSplitter,
    read: TranscriptEvidence,
}

impl TranscriptReader {
    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        let read = &mut self.read;
        self.splitter.push(chunk, |line| read.line(&line));
    }

    /// Ends the transcript. A torn last line is still being written.
    pub fn finish(mut self) -> TranscriptEvidence {
        let read = &mut self.read;
        self.splitter.finish(|line| read.line(&line));
        self.read
    }
}

impl TranscriptEvidence {
    fn line(&mut self, line: &Line<'_>) {
        let Ok(text) = line.text else {
            self.lines += 1;
            self.skipped += 1;
            return;
        };
        if text.trim().is_empty() {
            return;
        }
        self.lines += 1;
        match self.parse(text) {
            Ok(Some((at, kind))) => {
                if self.entries.len() >= KEEP {
                    self.entries.pop_front();
                }
                self.entries.push_back(Entry {
                    line: self.lines,
                    at,
                    kind,
                });
            }
            Ok(None) => {}
            Err(_) => self.skipped += 1,
        }
    }

    fn parse(&mut self, line: &str) -> Result<Option<(Option<Timestamp>, EntryKind)>, RecordError> {
        let fields = Fields::parse(line)?;
        let at = fields.get("timestamp")?.and_then(time);
        let kind = match &*fields.require("type")?.text()? {
            "session" => {
                self.session = fields
                    .get_or_null("id", Value::text)?
                    .map(|id| id.to_string());
                return Ok(None);
            }
            "message" | "message_end" => return message(&fields, at),
            "compaction" | "compaction_end" => EntryKind::Compaction,
            "turn_start" | "agent_start" => EntryKind::TurnStart,
            "turn_end" | "agent_end" => EntryKind::TurnEnd,
            _ => return Ok(None),
        };
        Ok(Some((at, kind)))
    }

    /// The entries up to a time.
    pub(crate) fn until(&self, to: Timestamp) -> Self {
        let mut read = self.clone();
        read.entries
            .retain(|entry| entry.at.is_none_or(|at| at <= to));
        read
    }

    /// Number of the last user's entry.
    fn last_user(&self) -> Option<usize> {
        self.entries
            .iter()
            .rposition(|entry| matches!(entry.kind, EntryKind::User { .. }))
    }

    /// The user's entry that has no assistant's after it.
    pub(crate) fn unanswered(&self) -> Option<&Entry> {
        let at = self.last_user()?;
        let answered = self
            .entries
            .iter()
            .skip(at)
            .any(|entry| matches!(entry.kind, EntryKind::Assistant(_) | EntryKind::TurnEnd));
        if answered { None } else { self.entries.get(at) }
    }

    /// Whether the newest turn is open: nothing ended it.
    pub(crate) fn has_open_turn(&self) -> bool {
        match self.entries.back().map(|entry| &entry.kind) {
            Some(EntryKind::User { .. } | EntryKind::ToolResult { .. } | EntryKind::TurnStart) => {
                true
            }
            Some(EntryKind::Assistant(answer)) => answer.stop == "toolUse",
            _ => false,
        }
    }

    /// The last answer that ended its turn.
    pub(crate) fn last_answer(&self) -> Option<&Entry> {
        self.entries
            .iter()
            .rev()
            .find(|entry| matches!(&entry.kind, EntryKind::Assistant(answer) if answer.is_final()))
    }

    /// A tool that was asked for in the newest turn and gave nothing back, with
    /// the entry that asked for it.
    pub(crate) fn hung_tool(&self) -> Option<(&Entry, &str)> {
        if !self.has_open_turn() {
            return None;
        }
        let from = self.last_user().unwrap_or(0);
        let done = |id: &str| {
            self.entries.iter().skip(from).any(
                |entry| matches!(&entry.kind, EntryKind::ToolResult { id: done } if done == id),
            )
        };
        self.entries.iter().skip(from).find_map(|entry| {
            let EntryKind::Assistant(answer) = &entry.kind else {
                return None;
            };
            let (_, name) = answer.tools.iter().find(|(id, _)| !done(id))?;
            Some((entry, name.as_str()))
        })
    }
}

fn message(
    fields: &Fields<'_>,
    outer: Option<Timestamp>,
) -> Result<Option<(Option<Timestamp>, EntryKind)>, RecordError> {
    let message = fields.require("message")?.object()?;
    let at = match outer {
        Some(at) => Some(at),
        None => message.get("timestamp")?.and_then(time),
    };
    let role = message.require("role")?.text()?;
    let kind = match &*role {
        "user" => EntryKind::User {
            text: content_text(&message)?,
        },
        "assistant" => EntryKind::Assistant(answer(&message)?),
        "toolResult" => EntryKind::ToolResult {
            id: owned(message.get_or_null("toolCallId", Value::text)?),
        },
        _ => return Ok(None),
    };
    Ok(Some((at, kind)))
}

fn answer(message: &Fields<'_>) -> Result<Answer, RecordError> {
    let mut answer = Answer {
        stop: owned(message.get_or_null("stopReason", Value::text)?),
        error: message
            .get_or_null("errorMessage", Value::text)?
            .map(|text| head(&text, TEXT_BYTES).to_string()),
        model: message
            .get_or_null("model", Value::text)?
            .map(|text| text.to_string()),
        tools: Vec::new(),
    };
    if let Some(Ok(blocks)) = message.present("content")?.map(Value::array) {
        for block in blocks.into_iter().take(MAX_TOOLS) {
            let Ok(block) = block.object() else { continue };
            if block.get_or_null("type", Value::text)?.as_deref() == Some("toolCall") {
                answer.tools.push((
                    owned(block.get_or_null("id", Value::text)?),
                    owned(block.get_or_null("name", Value::text)?),
                ));
            }
        }
    }
    Ok(answer)
}

fn owned(text: Option<alloc::borrow::Cow<'_, str>>) -> String {
    text.map(|text| head(&text, TEXT_BYTES).to_string())
        .unwrap_or_default()
}

/// The text of a message without the preamble that channels put before it.
fn content_text(message: &Fields<'_>) -> Result<String, RecordError> {
    let Some(content) = message.present("content")? else {
        return Ok(String::new());
    };
    if let Ok(text) = content.text() {
        return Ok(head(without_preamble(&text), TEXT_BYTES).to_string());
    }
    for block in content.array()?.into_iter().take(MAX_TOOLS) {
        let Ok(block) = block.object() else { continue };
        if let Some(text) = block.get_or_null("text", Value::text)? {
            return Ok(head(without_preamble(&text), TEXT_BYTES).to_string());
        }
    }
    Ok(String::new())
}

pub(crate) fn without_preamble(text: &str) -> &str {
    let text = text.trim();
    if !text.starts_with("---\nChannel:") {
        return text;
    }
    match text.split_once("\n---\n") {
        Some((_, body)) if !body.trim().is_empty() => body.trim(),
        _ => text,
    }
}

/// A time as text or as milliseconds.
pub(crate) fn time(value: Value<'_>) -> Option<Timestamp> {
    if let Ok(at) = value.time() {
        return Some(at);
    }
    let ms = i64::try_from(value.count().ok()?).ok()?;
    Timestamp::from_millis(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> TranscriptEvidence {
        let mut reader = TranscriptReader::default();
        reader.push(text.as_bytes());
        reader.finish()
    }

    const USER: &str = r#"{"type":"message","timestamp":"2027-01-15T19:00:00.000Z","message":{"role":"user","content":[{"type":"text","text":"---\nChannel: cli\n---\nhello"}]}}"#;
    const TOOL: &str = r#"{"type":"message","timestamp":"2027-01-15T19:00:01.000Z","message":{"role":"assistant","content":[{"type":"toolCall","id":"c1","name":"bash","arguments":{}}],"stopReason":"toolUse"}}"#;
    const RESULT: &str = r#"{"type":"message","timestamp":"2027-01-15T19:00:02.000Z","message":{"role":"toolResult","toolCallId":"c1","toolName":"bash","isError":false}}"#;
    const DONE: &str = r#"{"type":"message","timestamp":"2027-01-15T19:00:03.000Z","message":{"role":"assistant","content":[{"type":"text","text":"ok"}],"model":"m","stopReason":"stop"}}"#;

    #[test]
    fn turns_are_told_from_entries() {
        let at = |lines: &[&str]| read(&lines.join("\n"));
        let open = at(&[USER]);
        assert!(open.unanswered().is_some() && open.has_open_turn() && open.hung_tool().is_none());
        assert_eq!(
            open.entries[0].kind,
            EntryKind::User {
                text: "hello".to_string()
            }
        );
        let hung = at(&[USER, TOOL]);
        assert_eq!(hung.hung_tool().map(|(_, name)| name), Some("bash"));
        assert!(hung.unanswered().is_none());
        let working = at(&[USER, TOOL, RESULT]);
        assert!(working.has_open_turn() && working.hung_tool().is_none());
        let done = at(&[USER, TOOL, RESULT, DONE]);
        assert!(!done.has_open_turn() && done.last_answer().is_some());
    }

    #[test]
    fn stream_lines_and_bad_lines() {
        let read = read("{\"type\":\"turn_start\"}\n{\"type\":\"turn_end\"}\n{\"type\":\"mess");
        assert_eq!((read.lines, read.skipped, read.entries.len()), (3, 1, 2));
        assert!(!read.has_open_turn());
    }
}
