//! One record of a log that `console.log` printed: a tag, a message and, over
//! many lines, an object.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Fields beyond this many are left out.
const MAX_FIELDS: usize = 200;
/// Longer values are cut, in bytes.
const MAX_VALUE_BYTES: usize = 2000;
/// Deeper objects are passed over.
const MAX_DEPTH: usize = 16;

/// The beginning of a line, in brackets or before a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// `gateway:redis` of `[gateway:redis] started {`, `command-queue` of
    /// `command-queue: prompt failed {`; empty where the line has neither.
    pub(crate) tag: &'a str,
    /// The text after the tag, without the brace that opens an object.
    pub(crate) message: &'a str,
    /// Whether an object follows.
    pub(crate) opens: bool,
}

/// Tags are short; a bracket further on closes something else.
const MAX_TAG_BYTES: usize = 64;

impl<'a> Header<'a> {
    pub(crate) fn parse(line: &'a str) -> Self {
        let (tag, message) = split_tag(line);
        match message.strip_suffix('{') {
            Some(message) if message.is_empty() || message.ends_with(' ') => Self {
                tag,
                message: message.trim_end(),
                opens: true,
            },
            _ => Self {
                tag,
                message,
                opens: false,
            },
        }
    }
}

fn split_tag(line: &str) -> (&str, &str) {
    let head = line.as_bytes();
    let head = head.get(..MAX_TAG_BYTES).unwrap_or(head);
    if head.first() == Some(&b'[') {
        if let Some(end) = memchr::memchr(b']', head)
            && let (Some(tag), Some(rest)) = (line.get(1..end), line.get(end + 1..))
            && (rest.is_empty() || rest.starts_with(' '))
        {
            return (tag, rest.trim_start());
        }
    } else if let Some(end) = memchr::memchr2(b':', b' ', head)
        && end > 0
        && let (Some(tag), Some(rest)) = (line.get(..end), line.get(end..))
        && let Some(message) = rest.strip_prefix(": ")
    {
        return (tag, message);
    }
    ("", line)
}

/// Whether a line of an object begins an `Error`, whose text stands at the
/// start of the lines that follow.
pub(crate) fn begins_error(line: &str) -> bool {
    let Some((key, value)) = split_key(line.trim_start()) else {
        return false;
    };
    is_key(key) && is_error_value(value)
}

fn is_error_value(value: &str) -> bool {
    if value.starts_with("error: ") {
        return true;
    }
    // A frame of source code: `203 | const x = 1`.
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0
        && value
            .get(digits..)
            .is_some_and(|rest| rest.starts_with(" | "))
    {
        return true;
    }
    // `TypeError: text`, but no string and no number.
    split_bare_key(value).is_some_and(|(name, _)| name.ends_with("Error"))
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(is_key_byte)
}

const fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$' | b'.')
}

fn split_key(line: &str) -> Option<(&str, &str)> {
    if let Some(rest) = line.strip_prefix('"') {
        let (key, value) = rest.split_once("\": ")?;
        return Some((key, value));
    }
    split_bare_key(line)
}

/// `key: value`. Most lines of a log pass here, so that nothing is searched for.
fn split_bare_key(line: &str) -> Option<(&str, &str)> {
    let length = line.bytes().take_while(|byte| is_key_byte(*byte)).count();
    let (key, rest) = line.split_at_checked(length)?;
    let value = rest.strip_prefix(": ")?;
    (!key.is_empty()).then_some((key, value))
}

/// The fields of a record's object: dotted paths and values without quotes.
pub(crate) fn fields(body: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut error: Option<usize> = None;
    for line in body.lines() {
        if fields.len() >= MAX_FIELDS {
            break;
        }
        let text = line.trim();
        if let Some(at) = error {
            // An error's text ends at a comma alone; frames of code and of the stack say nothing.
            if line == "," || line == "}" {
                error = None;
                continue;
            }
            if is_frame(text) {
                continue;
            }
            if let Some((_, value)) = fields.get_mut(at) {
                let text = text.strip_prefix("error: ").unwrap_or(text);
                if !value.is_empty() && !text.is_empty() {
                    value.push('\n');
                }
                push_cut(value, text);
            }
            continue;
        }
        if matches!(text, "}" | "}," | "]" | "],") {
            path.pop();
            continue;
        }
        let Some((key, value)) = split_key(text) else {
            continue;
        };
        let full = path
            .iter()
            .rev()
            .fold(key.to_owned(), |full, part| format!("{part}.{full}"));
        if matches!(value, "{" | "[") {
            if path.len() < MAX_DEPTH {
                path.push(key.to_owned());
            }
            continue;
        }
        if is_error_value(value) {
            let text = if is_frame(value) {
                ""
            } else {
                value.strip_prefix("error: ").unwrap_or(value)
            };
            let mut first = String::new();
            push_cut(&mut first, text);
            error = Some(fields.len());
            fields.push((full, first));
            continue;
        }
        fields.push((full, scalar(value.strip_suffix(',').unwrap_or(value))));
    }
    fields
}

fn is_frame(text: &str) -> bool {
    text.starts_with("at ")
        || text == "^"
        || text
            .split_once(" | ")
            .is_some_and(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()))
}

/// A value without its quotes and escapes.
fn scalar(value: &str) -> String {
    let mut text = String::new();
    if let Some(quoted) = value.strip_prefix('"') {
        let quoted = quoted.strip_suffix('"').unwrap_or(quoted);
        let mut chars = quoted.chars();
        while let Some(c) = chars.next() {
            if text.len() >= MAX_VALUE_BYTES {
                break;
            }
            match c {
                '\\' => match chars.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(other) => text.push(other),
                    None => {}
                },
                c => text.push(c),
            }
        }
    } else {
        push_cut(&mut text, value);
    }
    text
}

fn push_cut(value: &mut String, text: &str) {
    let room = MAX_VALUE_BYTES.saturating_sub(value.len());
    value.push_str(head(text, room));
}

/// The first bytes of a text, cut between characters.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn headers_are_a_tag_and_a_message() {
        let header = |line| {
            let Header {
                tag,
                message,
                opens,
            } = Header::parse(line);
            (tag, message, opens)
        };
        assert_eq!(
            header("[gateway:redis] started {"),
            ("gateway:redis", "started", true)
        );
        assert_eq!(
            header("command-queue: prompt failed {"),
            ("command-queue", "prompt failed", true)
        );
        assert_eq!(
            header("[chat-sdk] ready undefined"),
            ("chat-sdk", "ready undefined", false)
        );
        assert_eq!(
            header("free text: with a colon"),
            ("", "free text: with a colon", false)
        );
        assert_eq!(header("[unclosed"), ("", "[unclosed", false));
        assert_eq!(header("[a]b"), ("", "[a]b", false));
        assert_eq!(header(""), ("", "", false));
        assert_eq!(header("{"), ("", "", true));
    }

    #[test]
    fn objects_become_paths_and_values() {
        let body = "  source: \"telegram:5\",\n  consecutiveFailures: 2,\n  lifecycleRestart: {\n    status: \"completed\",\n    \"odd key\": 1,\n  },\n  note: \"a \\\"b\\\" \\n c\",\n}";
        let got = fields(body);
        let got: Vec<(&str, &str)> = got.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(
            got,
            [
                ("source", "telegram:5"),
                ("consecutiveFailures", "2"),
                ("lifecycleRestart.status", "completed"),
                ("lifecycleRestart.odd key", "1"),
                ("note", "a \"b\" \n c"),
            ]
        );
    }

    #[test]
    fn errors_are_their_text_without_frames() {
        let body = "  error: 203 | <source line>\n204 | <source line>\n         ^\nerror: Connection is closed.\n      at <frame>\n,\n  after: 1,\n}";
        assert_eq!(
            fields(body),
            [
                ("error".to_string(), "Connection is closed.".to_string()),
                ("after".to_string(), "1".to_string()),
            ]
        );
        let body = "  error: error: connect ECONNREFUSED 127.0.0.1:6379\n   errno: -61,\n    port: 6379,\n,\n}";
        let got = fields(body);
        assert_eq!(got.len(), 1);
        assert!(
            got[0]
                .1
                .starts_with("connect ECONNREFUSED 127.0.0.1:6379\nerrno")
        );
        assert!(begins_error("  reason: MaxRetriesPerRequestError: Reached"));
        assert!(begins_error("  error: 12 | x"));
        assert!(!begins_error("  error: \"TypeError: x\","));
        assert!(!begins_error("  count: 5,"));
    }
}
