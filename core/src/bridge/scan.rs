//! The fields of one object in one pass, without a list of them.
//!
//! This scanner takes any valid JSON whose keys are plain and gives up at the
//! first surprise; the general reader then decides, so that there is one place
//! that judges what is wrong.

use crate::plain_text::end_of_plain;

/// Deeper nesting is left to the general reader.
const MAX_DEPTH: u32 = 64;

/// A place in a text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        if self.peek()? == byte {
            self.at += 1;
            Some(())
        } else {
            None
        }
    }

    /// The opening of the object; `false` for an empty one.
    pub(super) fn open(&mut self) -> Option<bool> {
        self.space();
        self.skip(b'{')?;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            self.end()?;
            return Some(false);
        }
        Some(true)
    }

    /// After a value: `true` when another field follows, `false` when the object
    /// ends, and the text with it.
    pub(super) fn more(&mut self) -> Option<bool> {
        self.space();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.space();
                Some(true)
            }
            b'}' => {
                self.at += 1;
                self.end()?;
                Some(false)
            }
            _ => None,
        }
    }

    /// Nothing but white space is left.
    fn end(&mut self) -> Option<()> {
        self.space();
        (self.at == self.text.len()).then_some(())
    }

    /// A key without escapes, and its colon.
    pub(super) fn key(&mut self) -> Option<&'a str> {
        self.skip(b'"')?;
        let start = self.at;
        let end = start + end_of_plain(self.text.as_bytes().get(start..)?);
        self.at = end;
        self.skip(b'"')?;
        self.space();
        self.skip(b':')?;
        self.space();
        self.text.get(start..end)
    }

    /// One value, as it stands in the text.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        let start = self.at;
        self.skip_value(0)?;
        self.text.get(start..self.at)
    }

    fn skip_value(&mut self, depth: u32) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_string(),
            b'{' => self.skip_object(depth),
            b'[' => self.skip_array(depth),
            b't' => self.skip_word("true"),
            b'f' => self.skip_word("false"),
            b'n' => self.skip_word("null"),
            _ => self.skip_number(),
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            self.at += end_of_plain(bytes.get(self.at..)?);
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => match bytes.get(self.at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
                    b'u' => {
                        let digits = bytes.get(self.at + 2..self.at + 6)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        self.at += 6;
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    fn skip_object(&mut self, depth: u32) -> Option<()> {
        if depth == MAX_DEPTH {
            return None;
        }
        self.at += 1;
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            if self.peek()? != b'"' {
                return None;
            }
            self.skip_string()?;
            self.space();
            self.skip(b':')?;
            self.space();
            self.skip_value(depth + 1)?;
            self.space();
            match self.peek()? {
                b',' => {
                    self.at += 1;
                    self.space();
                }
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn skip_array(&mut self, depth: u32) -> Option<()> {
        if depth == MAX_DEPTH {
            return None;
        }
        self.at += 1;
        self.space();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.skip_value(depth + 1)?;
            self.space();
            match self.peek()? {
                b',' => {
                    self.at += 1;
                    self.space();
                }
                b']' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn skip_word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            Some(())
        } else {
            None
        }
    }

    fn skip_number(&mut self) -> Option<()> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        if self.peek()? == b'0' {
            self.at += 1;
        } else {
            self.skip_digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.skip_digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.skip_digits()?;
        }
        Some(())
    }

    fn skip_digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::json::Fields;

    /// The fields of an object as the scanner finds them.
    fn scanned(text: &str) -> Option<Vec<(String, String)>> {
        let mut scanner = Scanner::new(text, 0);
        let mut fields = Vec::new();
        let mut more = scanner.open()?;
        while more {
            let key = scanner.key()?.to_string();
            fields.push((key, scanner.value()?.to_string()));
            more = scanner.more()?;
        }
        Some(fields)
    }

    /// Whatever the scanner takes, the general reader takes as well and finds the same.
    #[track_caller]
    fn agrees(text: &str) -> bool {
        let Some(fields) = scanned(text) else {
            return false;
        };
        let general = Fields::parse(text).unwrap();
        let general: Vec<_> = general
            .entries()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        assert_eq!(fields, general, "{text}");
        true
    }

    #[test]
    fn usual_objects_are_taken_and_odd_ones_left() {
        for text in [
            "{}",
            " { } ",
            r#"{"a":1}"#,
            r#"{"a" : "x\n\u00e9\"" , "b":[1,-0.5e+3,[],{}],"c":{"d":null,"e":[true,false]}}"#,
            "{\"a\":\"\u{e9}\u{1f600}\"}\r",
        ] {
            assert!(agrees(text), "{text}");
        }
        for text in [
            "",
            "[]",
            "{",
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":-}"#,
            r#"{"a":"x}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12"}"#,
            r#"{"a":tru}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":1} x"#,
            "{\"a\":\"\n\"}",
            r#"{"a":[1}"#,
            r#"{"a":{"b"}}"#,
        ] {
            assert!(!agrees(text), "{text}");
        }
        let deep = "{\"a\":".to_string() + &"[".repeat(200) + &"]".repeat(200) + "}";
        assert!(!agrees(&deep));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_the_general_reader_finds(
            pieces in prop::collection::vec(prop::sample::select(&[
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\\", "\"", "n", "\\u00e9", "1", "-2.5e3", "0",
                "null", "true", " ", "\u{e9}", "{\"a\":", "\"x\\\"y\"",
            ][..]), 0..24),
        ) {
            agrees(&pieces.concat());
        }
    }
}
