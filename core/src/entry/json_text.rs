//! JSON text in the styles of the logs' first writers.

use alloc::string::String;
use core::fmt::Write;

use crate::plain_text::end_of_plain;

/// Which characters of a string are escaped, besides those that JSON forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// All that are not printable ASCII.
    Ascii,
    /// None.
    Utf8,
}

/// The white space between tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spacing {
    /// A space after each comma and colon.
    Spaced,
    /// One item per line, two spaces per level; a space after each colon.
    Indented,
}

/// Appends `text` as a JSON string.
pub(super) fn push_string(out: &mut String, text: &str, charset: Charset) {
    out.push('"');
    if charset == Charset::Utf8 && end_of_plain(text.as_bytes()) == text.len() {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c if c >= ' ' && charset == Charset::Utf8 => out.push(c),
            c => push_escaped(out, c),
        }
    }
    out.push('"');
}

/// JSON that is known to be valid, in the style of Python's `json.dumps`: a space
/// after each comma and colon, ASCII only. Escapes that are there stay.
pub(crate) fn ascii_spaced(json: &str) -> String {
    let mut spaced = String::with_capacity(json.len() + json.len() / 8);
    push_respaced(&mut spaced, json, Spacing::Spaced, 0);
    if spaced.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return spaced;
    }
    let mut out = String::with_capacity(spaced.len() + spaced.len() / 8);
    for c in spaced.chars() {
        // Outside of strings valid JSON has no such character.
        if matches!(c, ' '..='~') {
            out.push(c);
        } else {
            push_escaped(&mut out, c);
        }
    }
    out
}

/// Appends a character as `\u` and four digits, as two of them beyond 16 bits.
fn push_escaped(out: &mut String, c: char) {
    let mut units = [0; 2];
    for unit in c.encode_utf16(&mut units) {
        // Writing to a string cannot fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// Appends JSON that is known to be valid, with other white space. Strings,
/// numbers and the order of keys stay as they are.
pub(super) fn push_respaced(out: &mut String, json: &str, spacing: Spacing, mut depth: usize) {
    let mut rest = json;
    let mut opened = false;
    while let Some(first) = rest.bytes().next() {
        if first.is_ascii_whitespace() {
            rest = &rest[1..];
            continue;
        }
        let closes = matches!(first, b'}' | b']');
        if closes {
            depth = depth.saturating_sub(1);
        }
        if opened != closes {
            // The first item of a list, or the end of one that has items.
            if opened || closes {
                break_line(out, spacing, depth);
            }
        }
        opened = false;
        match first {
            b'"' => {
                let (string, after) = rest.split_at(string_end(rest));
                out.push_str(string);
                rest = after;
                continue;
            }
            b'{' | b'[' => {
                out.push(char::from(first));
                depth += 1;
                opened = true;
            }
            b',' => {
                out.push(',');
                match spacing {
                    Spacing::Spaced => out.push(' '),
                    Spacing::Indented => break_line(out, spacing, depth),
                }
            }
            b':' => out.push_str(": "),
            b'}' | b']' => out.push(char::from(first)),
            _ => {
                let end = rest
                    .find(|c: char| c.is_ascii_whitespace() || ",:{}[]\"".contains(c))
                    .unwrap_or(rest.len());
                let (scalar, after) = rest.split_at(end.max(1));
                out.push_str(scalar);
                rest = after;
                continue;
            }
        }
        rest = &rest[1..];
    }
}

/// Begins a line at this depth, in the style that has lines.
pub(super) fn break_line(out: &mut String, spacing: Spacing, depth: usize) {
    if spacing == Spacing::Indented {
        out.push('\n');
        for _ in 0..depth {
            out.push_str("  ");
        }
    }
}

/// Length of the string, with its quotes, that `json` begins with.
fn string_end(json: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn respaced(json: &str, spacing: Spacing) -> String {
        let mut out = String::new();
        push_respaced(&mut out, json, spacing, 0);
        out
    }

    #[test]
    fn white_space_is_that_of_the_first_writers() {
        let json = r#" {"a":[1,-2.50e3 , "x: \"y\", {"],"b" : {},"c":[ ],"d":{"e":null}} "#;
        assert_eq!(
            respaced(json, Spacing::Spaced),
            r#"{"a": [1, -2.50e3, "x: \"y\", {"], "b": {}, "c": [], "d": {"e": null}}"#
        );
        assert_eq!(
            respaced(json, Spacing::Indented),
            "{\n  \"a\": [\n    1,\n    -2.50e3,\n    \"x: \\\"y\\\", {\"\n  ],\n  \"b\": {},\n  \"c\": [],\n  \"d\": {\n    \"e\": null\n  }\n}"
        );
    }

    #[test]
    fn strings_are_escaped_as_the_style_says() {
        let string = |text, charset| {
            let mut out = String::new();
            push_string(&mut out, text, charset);
            out
        };
        let text = "a\"\\\n\u{1}\u{7f}\u{e9}\u{1f600}";
        assert_eq!(
            string(text, Charset::Ascii),
            r#""a\"\\\n\u0001\u007f\u00e9\ud83d\ude00""#
        );
        assert_eq!(
            string(text, Charset::Utf8),
            "\"a\\\"\\\\\\n\\u0001\u{7f}\u{e9}\u{1f600}\""
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn other_spacing_is_the_same_value(value in any_json()) {
            for spacing in [Spacing::Spaced, Spacing::Indented] {
                let text = respaced(&value.to_string(), spacing);
                prop_assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), &value);
                prop_assert_eq!(respaced(&text, spacing), text);
            }
        }

        #[test]
        fn a_string_is_read_back(text in ".*") {
            for charset in [Charset::Ascii, Charset::Utf8] {
                let mut out = String::new();
                push_string(&mut out, &text, charset);
                prop_assert_eq!(&serde_json::from_str::<String>(&out).unwrap(), &text);
            }
        }
    }
}
