//! From lines of a transcript to usage records.
//!
//! An answer of a model is written as one line per block of its content. All of
//! them carry the answer's id and its usage so far, so the last one counts. When a
//! session is resumed or branched off, its earlier lines stand in the new file
//! again: an answer that was given before is passed over.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

/// The files so far.
#[derive(Debug, Default)]
pub struct Transcripts {
    /// The answer whose lines come now.
    open: Option<(String, Usage)>,
    /// Ids of answers that were given.
    given: HashSet<String>,
}

/// A line; of its many fields those that matter.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: Option<String>,
    timestamp: Option<String>,
    #[serde(rename = "requestId")]
    request_id: Option<String>,
    #[serde(rename = "sessionId")]
    session_id: Option<String>,
    #[serde(rename = "isSidechain", default)]
    is_sidechain: bool,
    cwd: Option<String>,
    /// Versions before the middle of 2025.
    #[serde(rename = "costUSD")]
    cost_usd: Option<serde_json::Number>,
    #[serde(rename = "durationMs")]
    duration_ms: Option<u64>,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    model: Option<String>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    #[serde(default)]
    cache_creation_input_tokens: u64,
    #[serde(default)]
    cache_read_input_tokens: u64,
    cache_creation: Option<CacheCreation>,
}

#[derive(Deserialize)]
struct CacheCreation {
    #[serde(default)]
    ephemeral_1h_input_tokens: u64,
}

/// A usage record, in the order of attune's log.
#[derive(Debug, Serialize)]
struct Usage {
    v: &'static str,
    ts: String,
    workflow: String,
    tier: &'static str,
    model: String,
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<serde_json::Number>,
    tokens: Tokens,
    cache: Cache,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
    prompt_cache: PromptCache,
}

#[derive(Debug, Serialize)]
struct Tokens {
    input: u64,
    output: u64,
}

#[derive(Debug, Serialize)]
struct Cache {
    hit: bool,
}

#[derive(Debug, Serialize)]
struct PromptCache {
    hit: bool,
    creation_tokens: u64,
    creation_1h_tokens: u64,
    read_tokens: u64,
}

impl Transcripts {
    /// A file begins.
    pub fn start(&mut self) {
        self.open = None;
    }

    /// What a line gives: the record of the answer before it, once that is whole.
    pub fn line(&mut self, text: &str) -> Result<String, String> {
        let line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if line.kind.as_deref() != Some("assistant") {
            return Ok(String::new());
        }
        let Some(message) = line.message.as_ref() else {
            return Err("an answer without a message".to_owned());
        };
        // What Claude Code says in a model's place costs nothing.
        if message.model.as_deref() == Some("<synthetic>") {
            return Ok(String::new());
        }
        let id = match (&message.id, &line.request_id) {
            (Some(message), Some(request)) => format!("{message} {request}"),
            (Some(id), None) | (None, Some(id)) => id.clone(),
            (None, None) => return Err("an answer without an id".to_owned()),
        };
        let usage = usage(&line, message)?;
        match &mut self.open {
            Some((open, last)) if *open == id => {
                *last = usage;
                Ok(String::new())
            }
            _ => {
                let whole = self.finish();
                if !self.given.contains(&id) {
                    self.open = Some((id, usage));
                }
                Ok(whole)
            }
        }
    }

    /// The record of the last answer.
    pub fn finish(&mut self) -> String {
        let Some((id, usage)) = self.open.take() else {
            return String::new();
        };
        self.given.insert(id);
        // A record of texts and numbers is always written.
        serde_json::to_string(&usage).map_or_else(|_| String::new(), |text| text + "\n")
    }
}

fn usage(line: &Line, message: &Message) -> Result<Usage, String> {
    let ts = line
        .timestamp
        .clone()
        .ok_or("an answer without a timestamp")?;
    let counts = message.usage.as_ref().ok_or("an answer without usage")?;
    let model = message.model.clone().ok_or("an answer without a model")?;
    let hour = counts
        .cache_creation
        .as_ref()
        .map_or(0, |creation| creation.ephemeral_1h_input_tokens);
    Ok(Usage {
        v: "1.0",
        ts,
        workflow: project(line.cwd.as_deref()),
        tier: tier(&model),
        model,
        provider: "anthropic",
        cost: line.cost_usd.clone(),
        tokens: Tokens {
            input: counts.input_tokens,
            output: counts.output_tokens,
        },
        cache: Cache { hit: false },
        duration_ms: line.duration_ms.unwrap_or(0),
        user_id: line.session_id.clone(),
        stage: line.is_sidechain.then_some("subagent"),
        prompt_cache: PromptCache {
            hit: counts.cache_read_input_tokens > 0,
            creation_tokens: counts.cache_creation_input_tokens,
            creation_1h_tokens: hour,
            read_tokens: counts.cache_read_input_tokens,
        },
    })
}

/// The last part of the working folder.
fn project(cwd: Option<&str>) -> String {
    cwd.and_then(|cwd| cwd.rsplit(['/', '\\']).find(|part| !part.is_empty()))
        .unwrap_or("claude-code")
        .to_owned()
}

fn tier(model: &str) -> &'static str {
    if model.contains("haiku") {
        "CHEAP"
    } else if model.contains("opus") {
        "PREMIUM"
    } else {
        "CAPABLE"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(id: &str, request: &str, output: u64) -> String {
        format!(
            r#"{{"parentUuid":null,"isSidechain":false,"userType":"external","cwd":"/home/ada/mill","sessionId":"s-1","version":"2.0.14","gitBranch":"main","message":{{"model":"claude-sonnet-4-5-20250929","id":"{id}","type":"message","role":"assistant","content":[{{"type":"text","text":"grinding"}}],"stop_reason":null,"usage":{{"input_tokens":3,"cache_creation_input_tokens":1200,"cache_read_input_tokens":14000,"cache_creation":{{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":1000}},"output_tokens":{output},"service_tier":"standard"}}}},"requestId":"{request}","type":"assistant","uuid":"u-1","timestamp":"2026-11-19T08:15:02.004Z"}}"#
        )
    }

    #[test]
    fn the_last_line_of_an_answer_counts_and_no_answer_counts_twice() {
        let mut transcripts = Transcripts::default();
        transcripts.start();
        assert_eq!(
            transcripts.line(&answer("msg_1", "req_1", 1)),
            Ok(String::new())
        );
        assert_eq!(
            transcripts.line(&answer("msg_1", "req_1", 250)),
            Ok(String::new())
        );
        let user = r#"{"type":"user","message":{"role":"user","content":"go on"},"timestamp":"2026-11-19T08:15:03Z"}"#;
        assert_eq!(transcripts.line(user), Ok(String::new()));
        let first = transcripts.line(&answer("msg_2", "req_2", 7)).unwrap();
        assert_eq!(
            first,
            "{\"v\":\"1.0\",\"ts\":\"2026-11-19T08:15:02.004Z\",\"workflow\":\"mill\",\"tier\":\"CAPABLE\",\"model\":\"claude-sonnet-4-5-20250929\",\"provider\":\"anthropic\",\"tokens\":{\"input\":3,\"output\":250},\"cache\":{\"hit\":false},\"duration_ms\":0,\"user_id\":\"s-1\",\"prompt_cache\":{\"hit\":true,\"creation_tokens\":1200,\"creation_1h_tokens\":1000,\"read_tokens\":14000}}\n"
        );
        assert!(transcripts.finish().contains("\"output\":7"));
        // The session goes on in another file that begins with the same answers.
        transcripts.start();
        assert_eq!(
            transcripts.line(&answer("msg_1", "req_1", 250)),
            Ok(String::new())
        );
        assert_eq!(
            transcripts.line(&answer("msg_2", "req_2", 7)),
            Ok(String::new())
        );
        assert_eq!(
            transcripts.line(&answer("msg_3", "req_3", 9)),
            Ok(String::new())
        );
        assert!(transcripts.finish().contains("\"output\":9"));
        assert_eq!(transcripts.finish(), "");
    }

    #[test]
    fn what_is_no_answer_gives_nothing_and_what_is_broken_says_why() {
        let mut transcripts = Transcripts::default();
        for text in [
            r#"{"type":"summary","summary":"Milling","leafUuid":"x"}"#,
            r#"{"type":"system","subtype":"init"}"#,
            r#"{"type":"assistant","message":{"model":"<synthetic>","id":"x","usage":{}},"timestamp":"t"}"#,
            "{}",
        ] {
            assert_eq!(transcripts.line(text), Ok(String::new()), "{text}");
        }
        for (text, why) in [
            ("{", "EOF"),
            (r#"{"type":"assistant"}"#, "without a message"),
            (
                r#"{"type":"assistant","message":{"model":"m"}}"#,
                "without an id",
            ),
            (
                r#"{"type":"assistant","timestamp":"t","message":{"id":"1","model":"m"}}"#,
                "without usage",
            ),
            (
                r#"{"type":"assistant","message":{"id":"1","model":"m","usage":{"input_tokens":-1}}}"#,
                "invalid value",
            ),
        ] {
            let error = transcripts.line(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
