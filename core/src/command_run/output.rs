//! What is kept of the output of a command: its beginning and its end.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

/// Bytes that are kept of the beginning.
const FIRST_BYTES: usize = 256 << 10;
/// Bytes that are kept of the end: there the reason of a failure stands.
const LAST_BYTES: usize = 1 << 20;
/// More of one line is cut off.
const LINE_BYTES: usize = 16 << 10;
/// What a line costs beside its text.
const OVERHEAD: usize = 32;

/// Output as it comes; the memory is bounded whatever comes.
#[derive(Clone, Debug, Default)]
pub struct KeptOutput {
    first: Vec<KeptLine>,
    first_bytes: usize,
    last: VecDeque<KeptLine>,
    last_bytes: usize,
    lines: u64,
    bytes: u64,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptLine {
    /// Its number, from 1.
    pub n: u64,
    /// Where it was written.
    pub stream: OutputStream,
    /// What it says, without its end.
    pub text: String,
}

/// Where a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// The standard output.
    Out,
    /// The standard error.
    Err,
}

/// Lines after a place, and which ones are missing before them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputRange {
    /// The lines.
    pub lines: Vec<KeptLine>,
    /// The first and the last line that are not kept, within what this spans.
    pub gap: Option<(u64, u64)>,
    /// The place after them.
    pub next: u64,
}

impl OutputStream {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
        }
    }
}

impl KeptOutput {
    /// Takes a line without its end.
    pub fn push(&mut self, stream: OutputStream, text: &str) {
        self.lines = self.lines.saturating_add(1);
        self.bytes = self.bytes.saturating_add(text.len() as u64 + 1);
        let line = KeptLine {
            n: self.lines,
            stream,
            text: cut(text).into(),
        };
        let cost = line.text.len() + OVERHEAD;
        if self.last.is_empty() && self.first_bytes + cost <= FIRST_BYTES {
            self.first_bytes += cost;
            self.first.push(line);
            return;
        }
        self.last_bytes += cost;
        self.last.push_back(line);
        while self.last_bytes > LAST_BYTES
            && let Some(line) = self.last.pop_front()
        {
            self.last_bytes -= line.text.len() + OVERHEAD;
        }
    }

    /// At most `limit` lines after the line of this number.
    pub fn after(&self, after: u64, limit: usize) -> OutputRange {
        let first = self.first.partition_point(|line| line.n <= after);
        let last = self.last.partition_point(|line| line.n <= after);
        let lines: Vec<KeptLine> = self
            .first
            .iter()
            .skip(first)
            .chain(self.last.iter().skip(last))
            .take(limit)
            .cloned()
            .collect();
        // Lines are missing in one place only: between the two parts.
        let gap = self
            .gap()
            .filter(|(from, to)| *to > after && lines.last().is_some_and(|line| line.n > *from));
        OutputRange {
            next: lines.last().map_or(after.min(self.lines), |line| line.n),
            gap: gap.map(|(from, to)| (from.max(after.saturating_add(1)), to)),
            lines,
        }
    }

    /// How many lines came.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// How many bytes came.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many lines are not kept.
    pub fn dropped(&self) -> u64 {
        self.gap().map_or(0, |(from, to)| to - from + 1)
    }

    /// The first and the last line that are not kept.
    pub fn gap(&self) -> Option<(u64, u64)> {
        let from = self.first.len() as u64 + 1;
        let to = self.last.front()?.n.checked_sub(1)?;
        (from <= to).then_some((from, to))
    }

    /// All that is kept.
    pub fn kept(&self) -> impl Iterator<Item = &KeptLine> {
        self.first.iter().chain(&self.last)
    }

    /// Output that was kept before: its lines in order, and how many came in all.
    pub fn restore(lines: impl IntoIterator<Item = KeptLine>, total: u64, bytes: u64) -> Self {
        let mut output = Self {
            lines: total,
            bytes,
            ..Self::default()
        };
        let mut expected = 1;
        for line in lines {
            if output.last.is_empty() && line.n == expected {
                expected += 1;
                output.first_bytes += line.text.len() + OVERHEAD;
                output.first.push(line);
            } else {
                output.last_bytes += line.text.len() + OVERHEAD;
                output.last.push_back(line);
            }
        }
        output
    }
}

/// The text up to the limit of a line, ending with a whole character.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LINE_BYTES))
        .unwrap_or(text)
}
