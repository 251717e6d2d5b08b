//! What leaves this machine in a bundle: no keys and tokens ever; message texts and chat
//! ids only where that was asked for. Lengths stay as they are, so that a redacted bundle
//! is diagnosed like the whole one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Bundle;

/// Names of fields whose text is a message, or part of one.
const TEXTS: [&str; 14] = [
    "text",
    "prompt",
    "preview",
    "content",
    "summary",
    "rawData",
    "body",
    "caption",
    "thinking",
    "message",
    "input",
    "output",
    "arguments",
    "partialJson",
];
/// Names of fields that say who, in lower case.
const IDS: [&str; 10] = [
    "chatid",
    "chat_id",
    "userid",
    "user_id",
    "botuserid",
    "alloweduserid",
    "messageid",
    "message_id",
    "sender",
    "username",
];
/// Endings of names of fields that hold a key.
const SECRETS: [&str; 8] = [
    "token",
    "secret",
    "password",
    "apikey",
    "api_key",
    "authorization",
    "cookie",
    "credential",
];
/// Channels, whose ids stand behind a colon.
const CHANNELS: [&str; 4] = ["telegram:", "discord:", "imessage:", "slack:"];
/// How keys of well-known services begin.
const KEY_STARTS: [&str; 12] = [
    "sk-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "AKIA",
    "eyJ",
    "rk_live",
];

/// Takes out of a bundle what must not leave: with `keep_text` keys and tokens alone.
pub fn redact(bundle: &mut Bundle, keep_text: bool) {
    let mut redactor = Redactor {
        keep_text,
        ids: BTreeMap::new(),
    };
    for (name, piece) in &mut bundle.evidence {
        match (name.as_str(), piece) {
            ("err_log" | "out_log", Value::String(text)) => {
                *text = redactor.log(text, name == "out_log");
            }
            ("session_jsonl" | "otel", Value::String(text)) => *text = redactor.lines(text),
            // Of these the texts are what rules look at.
            ("logs", Value::Object(logs)) => {
                for log in logs.values_mut() {
                    if let Value::String(text) = log {
                        *text = mask_secrets(text);
                    }
                }
            }
            ("journals", Value::Object(journals)) => {
                for (name, journal) in journals {
                    if let Value::String(text) = journal {
                        *text = redactor.journal(text, name);
                    }
                }
            }
            (_, piece) => redactor.document(piece, ""),
        }
    }
    for text in bundle.unreadable.values_mut().chain(&mut bundle.notes) {
        *text = mask_secrets(text);
    }
}

struct Redactor {
    keep_text: bool,
    /// The names that ids got, in the order of their coming.
    ids: BTreeMap<String, usize>,
}

impl Redactor {
    /// A printed log: records stay, with their texts masked; what stands between them is
    /// an answer where answers are printed.
    fn log(&mut self, text: &str, has_answers: bool) -> String {
        if self.keep_text {
            return mask_secrets(text);
        }
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut out = String::with_capacity(text.len());
        let (mut in_object, mut answer) = (false, None);
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            if let Some(units) = answer.take()
                && let Some(end) = answer_end(&lines, at, units)
            {
                for line in lines.get(at..end).unwrap_or_default() {
                    mask(line, &mut out);
                }
                at = end;
                continue;
            }
            let is_record = line.starts_with('[');
            if in_object {
                if line.trim_end() == "}" {
                    in_object = false;
                }
                self.field(line, &mut out);
                if let Some(length) = line.trim().strip_prefix("length: ")
                    && lines.get(at + 1).is_some_and(|line| line.trim_end() == "}")
                {
                    answer = length.trim_end_matches(',').parse::<u64>().ok();
                    out.push_str(lines[at + 1]);
                    in_object = false;
                    at += 1;
                }
            } else if is_record {
                in_object = line.trim_end().ends_with('{');
                out.push_str(&self.plain(line));
            } else if has_answers {
                mask(line, &mut out);
            } else {
                out.push_str(&self.plain(line));
            }
            at += 1;
        }
        out
    }

    /// A journal: its messages are lines of a log, whose records may go over several.
    fn journal(&mut self, text: &str, name: &str) -> String {
        let mut entries: Vec<Value> = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let message = |entry: &Value| match entry.get("MESSAGE") {
            Some(Value::String(text)) => Some(text.clone()),
            // A message that is no text stands there as its bytes.
            Some(Value::Array(bytes)) => {
                let bytes = bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok());
                let bytes: Option<Vec<u8>> = bytes.collect();
                Some(String::from_utf8_lossy(&bytes?).into_owned())
            }
            _ => None,
        };
        let messages: Vec<Option<String>> = entries.iter().map(message).collect();
        let mut log = String::new();
        for text in messages.iter().flatten() {
            log += text;
            log.push('\n');
        }
        let log = match name {
            "err_log" | "out_log" => self.log(&log, name == "out_log"),
            // Of these the texts are what rules look at.
            _ => mask_secrets(&log),
        };
        let mut lines = log.split('\n');
        let mut out = String::with_capacity(text.len());
        for (entry, before) in entries.iter_mut().zip(messages) {
            if let Some(before) = before {
                let count = before.split('\n').count();
                let message: Vec<&str> = lines.by_ref().take(count).collect();
                entry["MESSAGE"] = Value::String(message.join("\n"));
            } else if let Some(message) = entry.get_mut("MESSAGE") {
                // Neither a text nor bytes, such as a list of several texts.
                *message = Value::Null;
            }
            out += &entry.to_string();
            out.push('\n');
        }
        out
    }

    /// A line of a record's object.
    fn field(&mut self, line: &str, out: &mut String) {
        let name = line.trim_start().split(':').next().unwrap_or_default();
        let value_at = line.len() - line.trim_start().len() + name.len();
        match line.get(value_at..) {
            Some(value) if TEXTS.contains(&name) && value.starts_with(": \"") => {
                out.push_str(line.get(..value_at).unwrap_or_default());
                mask(value, out);
            }
            Some(value)
                if IDS.contains(&name.to_lowercase().as_str()) && value.starts_with(": ") =>
            {
                out.push_str(line.get(..value_at).unwrap_or_default());
                mask(value, out);
            }
            _ => out.push_str(&self.plain(line)),
        }
    }

    /// Documents line by line; what is none is masked as a whole.
    fn lines(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.lines() {
            match serde_json::from_str::<Value>(line) {
                Ok(mut document) => {
                    self.document(&mut document, "");
                    out.push_str(&document.to_string());
                }
                Err(_) if self.keep_text => out.push_str(&mask_secrets(line)),
                Err(_) => mask(line, &mut out),
            }
            out.push('\n');
        }
        out
    }

    fn document(&mut self, value: &mut Value, name: &str) {
        let lower = name.to_lowercase();
        match value {
            Value::String(text) if SECRETS.iter().any(|end| lower.ends_with(end)) => {
                *text = "*".repeat(8);
            }
            Value::String(text) if self.keep_text => *text = mask_secrets(text),
            Value::String(text) if IDS.contains(&lower.as_str()) => *text = self.id(text),
            Value::Number(number) if !self.keep_text && IDS.contains(&lower.as_str()) => {
                *value = Value::String(self.id(&number.to_string()));
            }
            Value::String(text) if TEXTS.contains(&name) => {
                let mut masked = String::new();
                if is_notice(text) {
                    masked.clone_from(text);
                } else {
                    mask(text, &mut masked);
                }
                *text = masked;
            }
            Value::String(text) => *text = self.plain(text),
            Value::Array(items) => {
                for item in items {
                    self.document(item, name);
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    // All that a tool was asked with is text.
                    let within = if name == "arguments" { name } else { key };
                    self.document(value, within);
                }
            }
            _ => {}
        }
    }

    /// Text without keys, tokens and ids of chats.
    fn plain(&mut self, text: &str) -> String {
        let text = mask_secrets(text);
        if !CHANNELS.iter().any(|channel| text.contains(channel)) {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((at, channel)) = CHANNELS
            .iter()
            .filter_map(|channel| Some((rest.find(channel)?, *channel)))
            .min()
        {
            let end = at + channel.len();
            let (before, after) = rest.split_at(end);
            let length = after
                .find(|c: char| !(c.is_ascii_alphanumeric() || "+@._:;-".contains(c)))
                .unwrap_or(after.len());
            let (id, after) = after.split_at(length);
            out.push_str(before);
            if id.contains(|c: char| c.is_ascii_digit() || c == '@') {
                out.push_str(&self.id(id));
            } else {
                out.push_str(id);
            }
            rest = after;
        }
        out + rest
    }

    /// The name that stands for an id, the same wherever it occurs.
    fn id(&mut self, id: &str) -> String {
        let next = self.ids.len() + 1;
        let number = *self.ids.entry(id.to_owned()).or_insert(next);
        format!("id-{number}")
    }
}

/// The notice that the gateway itself makes of merged messages.
fn is_notice(text: &str) -> bool {
    let body = text.rsplit("\n---\n").next().unwrap_or(text).trim();
    let word = body.split(' ').next().unwrap_or_default();
    word.parse::<u32>().is_ok()
        && body.lines().count() == 1
        && body.contains("probe event")
        && body.contains("suppressed")
}

/// The line after an answer of so many UTF-16 units that begins at `from`.
fn answer_end(lines: &[&str], from: usize, units: u64) -> Option<usize> {
    let mut left = units;
    for (at, line) in lines.iter().enumerate().skip(from) {
        let length = line.trim_end_matches('\n').encode_utf16().count() as u64;
        if length == left {
            return Some(at + 1);
        }
        left = left.checked_sub(length + 1)?;
    }
    None
}

/// Letters and digits become `x`, as many UTF-16 units as they were.
fn mask(text: &str, out: &mut String) {
    for c in text.chars() {
        if c.is_alphanumeric() || !c.is_ascii() {
            for _ in 0..c.len_utf16() {
                out.push('x');
            }
        } else {
            out.push(c);
        }
    }
}

/// Text with keys and tokens starred out, each by as many stars.
pub(crate) fn mask_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        mask_line(line, &mut out);
    }
    out
}

fn mask_line(line: &str, out: &mut String) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-.:/+=@~%".contains(c);
    let mut rest = line;
    let mut named = false;
    while let Some(at) = rest.find(is_word) {
        let (before, word) = rest.split_at(at);
        out.push_str(before);
        let length = word.find(|c| !is_word(c)).unwrap_or(word.len());
        let (word, after) = word.split_at(length);
        match secret(word, named) {
            Some((from, to)) => {
                out.push_str(&word[..from]);
                out.extend(std::iter::repeat_n('*', to - from));
                out.push_str(&word[to..]);
            }
            None => out.push_str(word),
        }
        // `Bearer KEY`, `token: KEY`
        let lower = word.trim_end_matches([':', '=']).to_ascii_lowercase();
        named = lower == "bearer"
            || (word.ends_with([':', '=']) && SECRETS.iter().any(|end| lower.ends_with(end)));
        rest = after;
    }
    out.push_str(rest);
}

/// Where in a word a key or token stands. A word is ASCII.
fn secret(word: &str, named: bool) -> Option<(usize, usize)> {
    let (length, keyed) = (word.len(), word.find(['=', ':']));
    if named && length >= 4 && !matches!(word, "null" | "true" | "false" | "undefined") {
        return Some((0, length));
    }
    if let Some(start) = KEY_STARTS.iter().find_map(|start| {
        let at = word.find(start)?;
        let begins = word[..at].ends_with(|c: char| !c.is_ascii_alphanumeric()) || at == 0;
        (begins && length - at >= 16).then_some(at)
    }) {
        return Some((start, length));
    }
    // `scheme://user:password@host`
    if let Some((_, rest)) = word.split_once("://")
        && let Some(at) = rest.rfind('@')
    {
        let user = length - rest.len();
        let from = rest[..at].find(':').map_or(user, |colon| user + colon + 1);
        return Some((from, user + at));
    }
    if let Some(at) = keyed {
        let (name, value) = (word[..at].to_ascii_lowercase(), &word[at + 1..]);
        if SECRETS.iter().any(|end| name.ends_with(end)) && value.len() >= 4 {
            return Some((at + 1, length));
        }
    }
    bot_token(word)
}

/// A bot's token: its number, a colon and 35 signs, also within an address.
fn bot_token(word: &str) -> Option<(usize, usize)> {
    word.match_indices(':').find_map(|(at, _)| {
        let (before, after) = (&word[..at], &word[at + 1..]);
        let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
        let length = after
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte))
            .count();
        (digits >= 6 && length >= 30).then_some((at + 1, at + 1 + length))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use muster_core::diagnose::{DiagnoseOptions, diagnose_bundle};
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_starred_out_wherever_they_stand() {
        for (text, expected) in [
            (
                "key sk-ant-api03-abcdefghijkl end",
                "key ************************* end",
            ),
            ("Bearer abcdef123456, x", "Bearer ************, x"),
            ("redis://:s3cret@h:6379/0", "redis://:******@h:6379/0"),
            ("token=abcd1234", "token=********"),
            ("  apiKey: \"abcd1234\",", "  apiKey: \"********\","),
            ("token: null", "token: null"),
            ("estimatedTokens: 62000", "estimatedTokens: 62000"),
            ("desk-lamp at 12:30:11", "desk-lamp at 12:30:11"),
            (
                "https://api.telegram.org/bot123456789:AAEhBOweik6ad9rPzkfLabcdefgHIJKLmno/getMe",
                "https://api.telegram.org/bot123456789:***********************************/getMe",
            ),
            (
                "123456789:AAEhBOweik6ad9rPzkfLabcdefgHIJKLmno",
                "123456789:***********************************",
            ),
        ] {
            assert_eq!(mask_secrets(text), expected, "{text}");
        }
    }

    fn bundle(evidence: &Value) -> Bundle {
        let pieces = evidence.as_object().into_iter().flatten();
        Bundle {
            evidence: pieces
                .map(|(name, piece)| (name.clone(), piece.clone()))
                .collect(),
            ..Bundle::default()
        }
    }

    #[test]
    fn messages_and_people_go_and_what_happened_stays() {
        let mut made = bundle(&json!({
            "out_log": "[gateway] response ready {\n  source: \"telegram:515001\",\n  length: 9,\n}\nhi \u{1F600} Ann\n[gateway] daemon started {\n  pid: 7,\n}\nloose words\n",
            "err_log": "error: 429 for sk-ant-api03-abcdefghijkl\n",
            "session_jsonl": "{\"type\":\"message\",\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"my secret\"}]}}\nhalf {\"text\":\"gone",
            "status": {"chatId": 515_001, "source": "telegram:515001", "token": "abc"},
        }));
        redact(&mut made, false);
        let all = made.clone().into_json();
        for gone in [
            "515001",
            "Ann",
            "loose",
            "my secret",
            "gone",
            "abcdefghijkl",
            "\"abc\"",
        ] {
            assert!(!all.contains(gone), "{gone}: {all}");
        }
        let out = made.evidence["out_log"].as_str().unwrap();
        assert!(
            out.contains("length: 9,\n}\nxx xx xxx\n[gateway] daemon started {\n  pid: 7,"),
            "{out}"
        );
        assert_eq!(made.evidence["status"]["source"], "telegram:id-1");
        assert!(all.contains("error: 429 for ***"));
    }

    #[test]
    fn messages_of_a_journal_go_as_those_of_a_log_do() {
        let entries = [
            "[gateway] response ready {",
            "  length: 3,",
            "}",
            "Ann",
            "[gateway] x sk-ant-api03-abcdefghijkl\n[gateway] y",
        ];
        let journal: String = entries
            .iter()
            .enumerate()
            .map(|(at, text)| {
                json!({"__REALTIME_TIMESTAMP": at.to_string(), "MESSAGE": text}).to_string() + "\n"
            })
            .collect();
        let mut made = bundle(&json!({"journals": {"out_log": journal, "web": journal}}));
        redact(&mut made, false);
        let messages = |name: &str| -> Vec<String> {
            let text = made.evidence["journals"][name].as_str().unwrap();
            let entries = text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap());
            let messages = entries.map(|entry| entry["MESSAGE"].as_str().unwrap().to_owned());
            messages.collect()
        };
        let key = format!("[gateway] x {}\n[gateway] y", "*".repeat(25));
        assert_eq!(messages("web")[3..], ["Ann", &key]);
        assert_eq!(
            messages("out_log")[..4],
            [entries[0], entries[1], "}", "xxx"]
        );
        assert_eq!(messages("out_log")[4], key);
    }

    #[test]
    fn a_redacted_bundle_is_diagnosed_like_the_whole_one() {
        let folder = format!(
            "{}/../tests/fixtures/gateway/bundles",
            env!("CARGO_MANIFEST_DIR")
        );
        let mut count = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let document: Value = serde_json::from_str(&text).unwrap();
            let told = |text: &str| {
                let view = diagnose_bundle(text, &[], &DiagnoseOptions::default()).unwrap();
                (view.verdict, view.delivery, view.cause, view.secondary)
            };
            for keep_text in [false, true] {
                let mut made = bundle(&document["evidence"]);
                redact(&mut made, keep_text);
                let mut redacted: Value = serde_json::from_str(&made.into_json()).unwrap();
                redacted["now_ms"] = document["now_ms"].clone();
                redacted["profile"] = document["profile"].clone();
                assert_eq!(
                    told(&redacted.to_string()),
                    told(&text),
                    "{}",
                    path.display()
                );
            }
            count += 1;
        }
        assert!(count > 50);
    }

    proptest::proptest! {
        /// What is masked keeps its length, or an answer would no longer be told from records.
        #[test]
        fn masks_keep_lengths(text in "(\\[a\\] b \\{|  length: [0-9]{1,2},|\\}|[a-z \u{1F600}]{0,12}|sk-[a-z]{20}|\n){0,30}") {
            let length = |text: &str| text.encode_utf16().count();
            proptest::prop_assert_eq!(length(&mask_secrets(&text)), length(&text));
            let mut masked = String::new();
            mask(&text, &mut masked);
            proptest::prop_assert_eq!(length(&masked), length(&text));
            for keep_text in [false, true] {
                let mut redactor = Redactor { keep_text, ids: BTreeMap::new() };
                let out = redactor.log(&text, true);
                proptest::prop_assert_eq!(out.matches('\n').count(), text.matches('\n').count());
            }
        }
    }
}
