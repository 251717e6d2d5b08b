//! A place in a line that is expected to be in one usual form.

use crate::plain_text::end_of_plain;
use crate::same_bytes::same_bytes;

/// Goes over a line whose form is known, and gives up at the first surprise.
pub(crate) struct Cursor<'a> {
    line: &'a str,
    pub(crate) at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(crate) fn new(line: &'a str) -> Self {
        Self { line, at: 0 }
    }

    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.line.as_bytes().get(self.at..).unwrap_or(&[])
    }

    /// The text from `start` to here.
    #[inline]
    pub(crate) fn since(&self, start: usize) -> Option<&'a str> {
        self.line.get(start..self.at)
    }

    #[expect(clippy::inline_always, reason = "unrolls for each literal")]
    #[inline(always)]
    pub(crate) fn skip(&mut self, literal: &str) -> Option<()> {
        let found = self.rest().get(..literal.len())?;
        if same_bytes(found, literal.as_bytes()) {
            self.at += literal.len();
            Some(())
        } else {
            None
        }
    }

    /// The rest of a string whose opening quote has been passed, without escapes.
    #[inline]
    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = end_of_plain(rest);
        if rest.get(end) != Some(&b'"') {
            return None;
        }
        let text = self.line.get(self.at..self.at + end)?;
        self.at += end + 1;
        Some(text)
    }
}
