//! Lines out of chunks of bytes.

use alloc::vec::Vec;

use memchr::{memchr, memchr_iter};

/// Lines longer than this are skipped, so that a file without newlines cannot fill the memory.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// One line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where the line begins, in bytes from the start of the file.
    pub offset: u64,
    /// The line without its ending, or why it cannot be text.
    pub text: Result<&'a str, LineError>,
    /// Whether a newline ended it. Only the last line of a file may lack one.
    pub terminated: bool,
}

/// Why a line is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineError {
    /// Some bytes are no UTF-8; `at` counts from the line's start.
    InvalidUtf8 {
        /// First bad byte, from the line's start.
        at: u32,
    },
    /// Longer than [`MAX_LINE_BYTES`].
    TooLong,
}

/// Cuts a stream of chunks into lines.
///
/// Endings are `\n` or `\r\n`; a byte-order mark at offset 0 is dropped. The
/// memory used is bounded by one line of [`MAX_LINE_BYTES`].
#[derive(Debug, Default)]
pub struct LineSplitter {
    /// The beginning of a line whose end has not been seen.
    carry: Vec<u8>,
    /// Where the line that is being carried or discarded begins.
    line_start: u64,
    /// Offset of the next byte.
    offset: u64,
    /// The current line is already too long; its bytes are dropped.
    discarding: bool,
}

impl LineSplitter {
    /// A splitter whose first byte lies at `offset` of its file.
    pub fn new(offset: u64) -> Self {
        Self {
            line_start: offset,
            offset,
            ..Self::default()
        }
    }

    /// Offset of the next byte to push.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Takes the next bytes and hands every line that ends in them to `each`.
    pub fn push(&mut self, chunk: &[u8], mut each: impl FnMut(Line<'_>)) {
        let mut rest = chunk;
        if self.discarding || !self.carry.is_empty() {
            let Some(end) = memchr(b'\n', chunk) else {
                self.carry_on(chunk);
                self.offset += chunk.len() as u64;
                return;
            };
            self.carry_on(&chunk[..end]);
            self.end_carried(true, &mut each);
            self.offset += end as u64 + 1;
            self.line_start = self.offset;
            rest = &chunk[end + 1..];
        }
        let complete = memchr::memrchr(b'\n', rest).map_or(0, |end| end + 1);
        let (lines, tail) = rest.split_at(complete);
        // One check for all of them; line by line only where that fails.
        let text = simdutf8::basic::from_utf8(lines);
        let mut start = 0;
        for end in memchr_iter(b'\n', lines) {
            let line = match text {
                Ok(text) => Ok(&text[start..end]),
                Err(_) => decode(&lines[start..end]),
            };
            each(finish_line(self.offset + start as u64, line, true));
            start = end + 1;
        }
        self.line_start = self.offset + complete as u64;
        self.offset += rest.len() as u64;
        self.carry_on(tail);
    }

    /// Ends the file: hands over the last line if no newline ended it.
    pub fn finish(&mut self, mut each: impl FnMut(Line<'_>)) {
        if self.discarding || !self.carry.is_empty() {
            self.end_carried(false, &mut each);
        }
        self.line_start = self.offset;
    }

    fn carry_on(&mut self, bytes: &[u8]) {
        if self.discarding {
            return;
        }
        if self.carry.len() + bytes.len() > MAX_LINE_BYTES {
            self.discarding = true;
            self.carry = Vec::new();
        } else {
            self.carry.extend_from_slice(bytes);
        }
    }

    fn end_carried(&mut self, terminated: bool, each: &mut impl FnMut(Line<'_>)) {
        let text = if self.discarding {
            Err(LineError::TooLong)
        } else {
            decode(&self.carry)
        };
        each(finish_line(self.line_start, text, terminated));
        self.carry.clear();
        self.discarding = false;
    }
}

fn decode(bytes: &[u8]) -> Result<&str, LineError> {
    core::str::from_utf8(bytes).map_err(|error| LineError::InvalidUtf8 {
        at: u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX),
    })
}

fn finish_line(offset: u64, text: Result<&str, LineError>, terminated: bool) -> Line<'_> {
    let text = text.and_then(|text| {
        if text.len() > MAX_LINE_BYTES {
            return Err(LineError::TooLong);
        }
        let text = text.strip_suffix('\r').unwrap_or(text);
        Ok(if offset == 0 {
            text.strip_prefix('\u{feff}').unwrap_or(text)
        } else {
            text
        })
    });
    Line {
        offset,
        text,
        terminated,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    type Owned = (u64, Result<String, LineError>, bool);

    fn split(chunks: &[&[u8]]) -> Vec<Owned> {
        let mut lines = Vec::new();
        let mut own = |line: Line<'_>| {
            lines.push((
                line.offset,
                line.text.map(ToString::to_string),
                line.terminated,
            ));
        };
        let mut splitter = LineSplitter::new(0);
        for chunk in chunks {
            splitter.push(chunk, &mut own);
        }
        splitter.finish(&mut own);
        assert_eq!(
            splitter.offset(),
            chunks.iter().map(|c| c.len() as u64).sum::<u64>()
        );
        lines
    }

    fn ok(offset: u64, text: &str, terminated: bool) -> Owned {
        (offset, Ok(text.to_string()), terminated)
    }

    #[test]
    fn endings_marks_and_torn_lines() {
        assert_eq!(split(&[b""]), []);
        assert_eq!(split(&[b"a"]), [ok(0, "a", false)]);
        assert_eq!(
            split(&[b"\xef\xbb\xbfa\r\n\nb\n"]),
            [ok(0, "a", true), ok(6, "", true), ok(7, "b", true)]
        );
        assert_eq!(split(&[b"a\nb"]), [ok(0, "a", true), ok(2, "b", false)]);
        assert_eq!(
            split(&[b"a\r", b"\nb\n"]),
            [ok(0, "a", true), ok(3, "b", true)]
        );
    }

    #[test]
    fn bad_bytes_cost_one_line() {
        assert_eq!(
            split(&[b"a\nb\xff\nc\n"]),
            [
                ok(0, "a", true),
                (2, Err(LineError::InvalidUtf8 { at: 1 }), true),
                ok(5, "c", true)
            ]
        );
    }

    #[test]
    fn a_line_without_end_costs_one_line_and_bounded_memory() {
        let chunk = vec![b'x'; 300_000];
        let mut splitter = LineSplitter::new(0);
        let mut lines = Vec::new();
        for _ in 0..10 {
            splitter.push(&chunk, |_| unreachable!());
            assert!(splitter.carry.capacity() <= 2 * MAX_LINE_BYTES);
        }
        splitter.push(b"\nok\n", |line| {
            lines.push((line.offset, line.text.map(str::len)));
        });
        assert_eq!(lines, [(0, Err(LineError::TooLong)), (3_000_001, Ok(2))]);
        // The same verdict when the line arrives in one piece.
        let long = [&vec![b'x'; MAX_LINE_BYTES + 1][..], b"\n"].concat();
        assert_eq!(split(&[&long])[0].1, Err(LineError::TooLong));
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(0xc3), Just(0xa9), any::<u8>()], 0..60),
            cuts in prop::collection::vec(0_usize..60, 0..6),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut chunks: Vec<&[u8]> = Vec::new();
            let mut start = 0;
            for cut in cuts {
                chunks.push(&bytes[start..cut]);
                start = cut;
            }
            chunks.push(&bytes[start..]);
            prop_assert_eq!(split(&chunks), split(&[&bytes]));
        }
    }
}
