//! What was said in a session: exchanges with tools, ends and errors.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::evidence::printed::head;
use super::evidence::{time, without_preamble};
use crate::json::{Fields, RecordError, Value};
use crate::jsonl::LineSplitter;
use crate::time::{Timestamp, Window};
use crate::view::{ExchangeView, GatewayReviewView};

/// Of a text, so many bytes are shown.
const TEXT_BYTES: usize = 400;
/// Blocks of one message beyond this many are passed over.
const MAX_BLOCKS: usize = 256;
/// Names of tools beyond this many are counted as one.
const MAX_TOOLS: usize = 200;

/// What a transcript tells of a window; of the exchanges the newest `max`.
pub fn review(transcript: &[u8], window: Window, max: usize) -> GatewayReviewView {
    let mut reader = Reader {
        view: GatewayReviewView {
            session: None,
            window,
            exchanges: Vec::new(),
            left_out: 0,
            tool_calls: BTreeMap::new(),
            tool_errors: 0,
            errors: 0,
            compactions: 0,
            skipped: 0,
        },
        exchanges: VecDeque::new(),
        max,
    };
    let mut splitter = LineSplitter::default();
    splitter.push(transcript, |line| reader.line(line.text.ok()));
    splitter.finish(|line| reader.line(line.text.ok()));
    reader.view.exchanges = reader.exchanges.into();
    reader.view
}

struct Reader {
    view: GatewayReviewView,
    exchanges: VecDeque<ExchangeView>,
    max: usize,
}

impl Reader {
    fn line(&mut self, text: Option<&str>) {
        match text {
            Some(text) if text.trim().is_empty() => {}
            Some(text) => {
                if self.read(text).is_err() {
                    self.view.skipped += 1;
                }
            }
            None => self.view.skipped += 1,
        }
    }

    fn read(&mut self, line: &str) -> Result<(), RecordError> {
        let fields = Fields::parse(line)?;
        let at = fields.get("timestamp")?.and_then(time);
        let within = at.is_none_or(|at| self.view.window.contains(at));
        match &*fields.require("type")?.text()? {
            "session" => {
                let id = fields.get_or_null("id", Value::text)?;
                self.view.session = id.map(|id| id.to_string());
            }
            _ if !within => {}
            "compaction" | "compaction_end" => {
                self.view.compactions += 1;
                let before = fields.get_or_null("tokensBefore", Value::count)?;
                self.push(ExchangeView {
                    at,
                    text: before.map_or_else(String::new, |tokens| {
                        alloc::format!("the session had {tokens} tokens")
                    }),
                    ..exchange("compaction")
                });
            }
            "message" | "message_end" => self.message(&fields, at)?,
            _ => {}
        }
        Ok(())
    }

    fn message(&mut self, fields: &Fields<'_>, at: Option<Timestamp>) -> Result<(), RecordError> {
        let message = fields.require("message")?.object()?;
        let (text, tools) = content(&message)?;
        match &*message.require("role")?.text()? {
            "user" => self.push(ExchangeView {
                at,
                text: head(without_preamble(&text), TEXT_BYTES).to_owned(),
                ..exchange("user")
            }),
            "assistant" => {
                let owned = |name| -> Result<Option<String>, RecordError> {
                    let text = message.get_or_null(name, Value::text)?;
                    Ok(text.map(|text| head(&text, TEXT_BYTES).to_owned()))
                };
                let error = owned("errorMessage")?;
                let stop_reason = owned("stopReason")?;
                let failed = error.is_some() || stop_reason.as_deref() == Some("error");
                self.view.errors += u64::from(failed);
                for tool in &tools {
                    let calls = &mut self.view.tool_calls;
                    let known = calls.contains_key(tool) || calls.len() < MAX_TOOLS;
                    let name = if known { tool.as_str() } else { "others" };
                    *calls.entry(name.to_owned()).or_default() += 1;
                }
                self.push(ExchangeView {
                    at,
                    text: head(text.trim(), TEXT_BYTES).to_owned(),
                    tools,
                    stop_reason,
                    error,
                    ..exchange("assistant")
                });
            }
            "toolResult" => self.tool_result(&message)?,
            _ => {}
        }
        Ok(())
    }

    /// A result of the tools that the last answer asked for.
    fn tool_result(&mut self, message: &Fields<'_>) -> Result<(), RecordError> {
        if message.get_or_null("isError", Value::flag)? != Some(true) {
            return Ok(());
        }
        self.view.tool_errors += 1;
        let name = message.get_or_null("toolName", Value::text)?;
        if let Some(asked) = self.exchanges.back_mut()
            && asked.failed_tools.len() < MAX_BLOCKS
        {
            let name = name.map_or_else(|| "unknown".to_owned(), |name| name.to_string());
            asked.failed_tools.push(name);
        }
        Ok(())
    }

    fn push(&mut self, exchange: ExchangeView) {
        if self.exchanges.len() >= self.max.max(1) {
            self.exchanges.pop_front();
            self.view.left_out += 1;
        }
        self.exchanges.push_back(exchange);
    }
}

fn exchange(role: &'static str) -> ExchangeView {
    ExchangeView {
        at: None,
        role,
        text: String::new(),
        tools: Vec::new(),
        failed_tools: Vec::new(),
        stop_reason: None,
        error: None,
    }
}

/// The texts of a message as one, and the tools that it asks for.
fn content(message: &Fields<'_>) -> Result<(String, Vec<String>), RecordError> {
    let (mut text, mut tools) = (String::new(), Vec::new());
    let Some(content) = message.present("content")? else {
        return Ok((text, tools));
    };
    if let Ok(whole) = content.text() {
        return Ok((whole.to_string(), tools));
    }
    for block in content.array()?.into_iter().take(MAX_BLOCKS) {
        let Ok(block) = block.object() else { continue };
        match block.get_or_null("type", Value::text)?.as_deref() {
            Some("text") => {
                if let Some(part) = block.get_or_null("text", Value::text)?
                    && text.len() < 16 << 10
                {
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    text.push_str(&part);
                }
            }
            Some("toolCall") => {
                let name = block.get_or_null("name", Value::text)?;
                tools.push(name.map_or_else(String::new, |name| name.to_string()));
            }
            _ => {}
        }
    }
    Ok((text, tools))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = r#"{"type":"session","version":3,"id":"s1","timestamp":"2027-01-15T18:00:00Z"}
{"type":"message","timestamp":"2027-01-15T18:00:00Z","message":{"role":"user","content":"old"}}
{"type":"message","timestamp":"2027-01-15T19:10:00Z","message":{"role":"user","content":[{"type":"text","text":"---\nChannel: telegram\n---\nwhat is new"}]}}
{"type":"message","timestamp":"2027-01-15T19:10:01Z","message":{"role":"assistant","content":[{"type":"toolCall","id":"c","name":"bash","arguments":{}}],"stopReason":"toolUse"}}
{"type":"message","timestamp":"2027-01-15T19:10:02Z","message":{"role":"toolResult","toolCallId":"c","toolName":"bash","isError":true}}
{"type":"compaction","timestamp":"2027-01-15T19:10:03Z","tokensBefore":9000}
{"type":"message","timestamp":"2027-01-15T19:10:04Z","message":{"role":"assistant","content":[],"stopReason":"error","errorMessage":"429"}}
half"#;

    #[test]
    fn exchanges_are_told_with_tools_ends_and_errors() {
        let window = Window {
            from: Some(Timestamp::parse("2027-01-15T19:00:00Z").unwrap()),
            to: Some(Timestamp::parse("2027-01-15T20:00:00Z").unwrap()),
        };
        let view = review(SESSION.as_bytes(), window, 20);
        assert_eq!(view.session.as_deref(), Some("s1"));
        let told: Vec<(&str, &str)> = view
            .exchanges
            .iter()
            .map(|said| (said.role, said.text.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("user", "what is new"),
                ("assistant", ""),
                ("compaction", "the session had 9000 tokens"),
                ("assistant", "")
            ]
        );
        assert_eq!(view.exchanges[1].failed_tools, ["bash"]);
        assert_eq!(view.exchanges[3].error.as_deref(), Some("429"));
        assert_eq!(
            (
                view.errors,
                view.tool_errors,
                view.compactions,
                view.skipped
            ),
            (1, 1, 1, 1)
        );
        assert_eq!(view.tool_calls["bash"], 1);
        let short = review(SESSION.as_bytes(), window, 1);
        assert_eq!((short.exchanges.len(), short.left_out), (1, 3));
    }
}
