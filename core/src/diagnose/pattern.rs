//! Texts with gaps: what a rule says about a line of a log.
//!
//! `*` stands for any text, `{name}` for a text that is kept under that name,
//! everything else for itself; `\` takes the meaning from the next character. A
//! gap ends where the text after it first occurs, so matching takes one pass.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use memchr::memmem;

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Literal text, and the gap that follows it unless it is the last.
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    literal: String,
    gap: Option<Gap>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Gap {
    Any,
    Field(String),
}

/// Why a text is no pattern, and where, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PatternError {
    pub(crate) at: usize,
    pub(crate) kind: PatternErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatternErrorKind {
    UnclosedField,
    EmptyField,
    GapsTouch,
    LoneBackslash,
    NoLiteral,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            PatternErrorKind::UnclosedField => {
                "a `{` without its `}`; write `\\{` for the character"
            }
            PatternErrorKind::EmptyField => "a `{}` without a name",
            PatternErrorKind::GapsTouch => "two gaps with no text between them",
            PatternErrorKind::LoneBackslash => "a `\\` with nothing after it",
            PatternErrorKind::NoLiteral => "no text besides gaps: it would match every line",
        };
        write!(f, "{what} (byte {})", self.at)
    }
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            let fail = |kind| Err(PatternError { at, kind });
            let gap = match c {
                '\\' => match chars.next() {
                    Some((_, escaped)) => {
                        literal.push(escaped);
                        continue;
                    }
                    None => return fail(PatternErrorKind::LoneBackslash),
                },
                '*' => Gap::Any,
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some((_, '}')) => break,
                            Some((_, c)) => name.push(c),
                            None => return fail(PatternErrorKind::UnclosedField),
                        }
                    }
                    if name.trim().is_empty() {
                        return fail(PatternErrorKind::EmptyField);
                    }
                    Gap::Field(name)
                }
                _ => {
                    literal.push(c);
                    continue;
                }
            };
            if literal.is_empty() && !pieces.is_empty() {
                return fail(PatternErrorKind::GapsTouch);
            }
            pieces.push(Piece {
                literal: core::mem::take(&mut literal),
                gap: Some(gap),
            });
        }
        pieces.push(Piece { literal, gap: None });
        if pieces.iter().all(|piece| piece.literal.trim().is_empty()) {
            return Err(PatternError {
                at: 0,
                kind: PatternErrorKind::NoLiteral,
            });
        }
        Ok(Self { pieces })
    }

    /// Whether a whole text matches; the kept texts with their names.
    pub(crate) fn captures<'t>(&self, text: &'t str) -> Option<Vec<(&str, &'t str)>> {
        let mut kept = Vec::new();
        self.walk(text, |name, value| kept.push((name, value)))
            .then_some(kept)
    }

    /// Whether a whole text matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.walk(text, |_, _| {})
    }

    /// The text that every match begins with.
    pub(crate) fn prefix(&self) -> &str {
        self.pieces.first().map_or("", |piece| &piece.literal)
    }

    /// The longest text that every match holds.
    pub(crate) fn longest_literal(&self) -> &str {
        self.pieces
            .iter()
            .map(|piece| piece.literal.as_str())
            .max_by_key(|literal| literal.len())
            .unwrap_or("")
    }

    /// The names under which texts are kept.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match &piece.gap {
            Some(Gap::Field(name)) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether the fields that make up a time are those of the pattern: a line without a
    /// tag has no object either. Fails with a sentence.
    pub(crate) fn keeps(&self, tag: &str, time: &[String]) -> Result<(), String> {
        match time
            .iter()
            .find(|name| !self.names().any(|kept| kept == **name))
        {
            Some(name) if tag.is_empty() => Err(alloc::format!(
                "the text keeps nothing under the name `{name}`"
            )),
            _ => Ok(()),
        }
    }

    fn walk<'p, 't>(&'p self, text: &'t str, mut keep: impl FnMut(&'p str, &'t str)) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else {
            return false;
        };
        let Some(mut left) = text.strip_prefix(first.literal.as_str()) else {
            return false;
        };
        let mut gap = &first.gap;
        for piece in rest {
            let literal = piece.literal.as_str();
            let found = match (&piece.gap, literal.is_empty()) {
                // The last text stands at the very end.
                (None, true) => Some(left.len()),
                (None, false) => left.ends_with(literal).then(|| left.len() - literal.len()),
                (Some(_), _) => memmem::find(left.as_bytes(), literal.as_bytes()),
            };
            let Some((value, after)) = found.and_then(|at| {
                let value = left.get(..at)?;
                Some((value, left.get(at + literal.len()..)?))
            }) else {
                return false;
            };
            if let Some(Gap::Field(name)) = gap {
                keep(name, value);
            }
            left = after;
            gap = &piece.gap;
        }
        left.is_empty() && gap.is_none()
    }
}

impl fmt::Display for Pattern {
    /// The pattern as it was written, with `\` only where it is needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            for c in piece.literal.chars() {
                if matches!(c, '*' | '{' | '\\') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
            match &piece.gap {
                Some(Gap::Any) => f.write_str("*")?,
                Some(Gap::Field(name)) => write!(f, "{{{name}}}")?,
                None => {}
            }
        }
        Ok(())
    }
}

/// Any pattern and any text: parsing its printed form gives the same pattern,
/// and what is kept stands in the text.
pub(crate) fn check_pattern(pattern: &str, text: &str) -> Result<(), (String, String)> {
    let Ok(read) = Pattern::parse(pattern) else {
        return Ok(());
    };
    let again = Pattern::parse(&read.to_string());
    if again.as_ref() != Ok(&read) {
        return Err((pattern.to_string(), read.to_string()));
    }
    match read.captures(text) {
        Some(kept) if kept.iter().all(|(_, value)| text.contains(value)) => Ok(()),
        Some(_) => Err((pattern.to_string(), text.to_string())),
        None if read.matches(text) => Err((pattern.to_string(), text.to_string())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[track_caller]
    fn kept(pattern: &str, text: &str) -> Option<Vec<(String, String)>> {
        let pattern = Pattern::parse(pattern).unwrap();
        let kept = pattern.captures(text)?;
        Some(
            kept.into_iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect(),
        )
    }

    #[test]
    fn gaps_keep_what_they_cover() {
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        assert_eq!(kept("daemon started", "daemon started"), Some(vec![]));
        assert_eq!(kept("daemon started", "daemon started {"), None);
        assert_eq!(
            kept(
                "scheduling reconnect in {ms}ms (attempt {n})",
                "scheduling reconnect in 5000ms (attempt 1)"
            ),
            Some(vec![pair("ms", "5000"), pair("n", "1")])
        );
        assert_eq!(kept("a*", "a"), Some(vec![]));
        assert_eq!(kept("*b", "aab"), Some(vec![]));
        assert_eq!(kept("*b", "aba"), None);
        assert_eq!(kept("{x}: *done", "1: 2: done"), Some(vec![pair("x", "1")]));
        assert_eq!(
            kept("{t} [error] {pid}#{tid}: \\*{c} *", "12 [error] 7#0: *5 x"),
            Some(vec![
                pair("t", "12"),
                pair("pid", "7"),
                pair("tid", "0"),
                pair("c", "5")
            ])
        );
        assert_eq!(kept("a*a", "a"), None);
    }

    #[test]
    fn what_is_no_pattern_says_where() {
        for (text, at, kind) in [
            ("ab{c", 2, PatternErrorKind::UnclosedField),
            ("{}", 0, PatternErrorKind::EmptyField),
            ("a**", 2, PatternErrorKind::GapsTouch),
            ("a{b}*", 4, PatternErrorKind::GapsTouch),
            ("a\\", 1, PatternErrorKind::LoneBackslash),
            ("*", 0, PatternErrorKind::NoLiteral),
            ("", 0, PatternErrorKind::NoLiteral),
        ] {
            assert_eq!(
                Pattern::parse(text),
                Err(PatternError { at, kind }),
                "{text}"
            );
        }
    }
}
