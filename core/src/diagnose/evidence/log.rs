//! Reading a printed log of any size: the records that rules ask for are kept,
//! the newest of each, and everything else is passed over.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use memchr::memmem::Finder;

use super::printed::{Header, begins_error, fields, head};
use crate::diagnose::pack::{LogRule, Rulebook};
use crate::jsonl::{Line, LineError, LineSplitter};
use crate::time::Timestamp;

/// Of a longer record only this much is kept, in bytes.
const MAX_RECORD_BYTES: usize = 8 << 10;
/// A record that has not ended after this many lines has lost its end.
const MAX_RECORD_LINES: u32 = 2000;
/// Longer answers are not told from records, in UTF-16 units.
const MAX_ANSWER_UNITS: u64 = 256 << 10;

/// One record that a rule asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Id of the rule.
    pub(crate) rule: Arc<str>,
    /// Its first line, from 1.
    pub(crate) line: u64,
    /// Where that begins, in bytes from the start of the log.
    pub(crate) offset: u64,
    /// When it was written, where the log itself says so.
    pub(crate) at: Option<Timestamp>,
    /// Its first line as text.
    pub(crate) head: String,
    /// The fields of its object, and those that the rule's pattern kept.
    pub(crate) fields: Vec<(String, String)>,
    /// The log ends, or another record begins, before its end.
    pub(crate) torn: bool,
}

impl Record {
    /// The value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a field as a whole number.
    pub(crate) fn number(&self, name: &str) -> Option<i64> {
        self.field(name)?.trim().parse().ok()
    }
}

/// What was read of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEvidence {
    /// Records that rules asked for, in their order.
    pub(crate) records: Vec<Record>,
    /// How many records each rule found, kept or not.
    pub(crate) found: BTreeMap<Arc<str>, u64>,
    /// Lines read.
    pub(crate) lines: u64,
    /// Bytes read.
    pub(crate) bytes: u64,
    /// Lines that are no text, or too long.
    pub(crate) skipped: u64,
    /// Records that were found and not kept, because newer ones of their rule were.
    pub(crate) cut: u64,
}

/// Reads a printed log chunk by chunk.
///
/// Memory is bounded by the rules, not by the log.
#[derive(Debug)]
pub struct LogReader<'r> {
    splitter: LineSplitter,
    records: Recorder<'r>,
}

impl<'r> LogReader<'r> {
    /// A reader of the log that rules call `name`; of each rule's records the
    /// newest `keep` are kept.
    pub fn new(rules: &'r Rulebook, name: &str, keep: usize) -> Self {
        Self {
            splitter: LineSplitter::default(),
            records: Recorder::new(rules, name, keep.max(1)),
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) {
        let records = &mut self.records;
        self.splitter.push(chunk, |line| records.read(line));
    }

    /// Ends the log.
    pub fn finish(mut self) -> LogEvidence {
        let records = &mut self.records;
        self.splitter.finish(|line| records.read(line));
        self.records.finish(self.splitter.offset())
    }
}

/// What kind of place the next line stands in.
#[derive(Debug)]
enum Place {
    /// Between records.
    Between,
    /// In a record's object; `in_error` in the text of an error, whose lines
    /// begin anywhere.
    Object { in_error: bool, lines: u32 },
    /// In what may be an answer: text that stands there in as many units as the
    /// record before it says. Answers to channels need not be printed: one that
    /// begins like a record (`shy`) is none.
    Answer { left: u64, shy: bool },
}

/// Where a line stands, and when it was written, where the log says so.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LinePlace {
    pub(super) number: u64,
    pub(super) offset: u64,
    pub(super) at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Recorder<'r> {
    matcher: Matcher<'r>,
    tails: Vec<Tail>,
    keep: usize,
    place: Place,
    /// The record that is being read.
    open: String,
    open_place: LinePlace,
    open_rules: Vec<usize>,
    /// Lines that may be an answer.
    answer: String,
    answer_lines: Vec<LinePlace>,
    replaying: bool,
    lines: u64,
    skipped: u64,
}

/// The newest records of one rule.
#[derive(Clone, Debug, Default)]
struct Tail {
    found: u64,
    raw: VecDeque<RawRecord>,
}

#[derive(Clone, Debug, Default)]
struct RawRecord {
    place: LinePlace,
    text: String,
    torn: bool,
}

impl<'r> Recorder<'r> {
    pub(super) fn new(rules: &'r Rulebook, name: &str, keep: usize) -> Self {
        let matcher = Matcher::new(rules.logs.iter().filter(|rule| rule.log == name));
        Self {
            tails: alloc::vec![Tail::default(); matcher.rules.len()],
            matcher,
            keep,
            place: Place::Between,
            open: String::new(),
            open_place: LinePlace::default(),
            open_rules: Vec::new(),
            answer: String::new(),
            answer_lines: Vec::new(),
            replaying: false,
            lines: 0,
            skipped: 0,
        }
    }

    fn read(&mut self, line: Line<'_>) {
        self.entry(line.text, line.offset, None);
    }

    /// The next line of the log, of as many lines of text as it has.
    pub(super) fn entry(
        &mut self,
        text: Result<&str, LineError>,
        offset: u64,
        at: Option<Timestamp>,
    ) {
        self.lines += 1;
        let place = LinePlace {
            number: self.lines,
            offset,
            at,
        };
        match text {
            Ok(text) if at.is_some() => text.lines().for_each(|line| self.line(line, place)),
            Ok(text) => self.line(text, place),
            Err(_) => {
                self.skipped += 1;
                if matches!(self.place, Place::Answer { .. }) {
                    self.replay_answer();
                }
            }
        }
    }

    fn line(&mut self, text: &str, place: LinePlace) {
        match &mut self.place {
            Place::Between => self.begin(text, place),
            Place::Object { in_error, lines } => {
                *lines += 1;
                let ends = text == "}";
                let belongs = ends || *in_error || text.starts_with([' ', '\t']) || text == ",";
                if !belongs || *lines > MAX_RECORD_LINES {
                    self.close(true);
                    self.begin(text, place);
                    return;
                }
                if text == "," {
                    *in_error = false;
                } else if !*in_error && text.starts_with("  ") && begins_error(text) {
                    *in_error = true;
                }
                if !self.open_rules.is_empty() {
                    let room = MAX_RECORD_BYTES.saturating_sub(self.open.len());
                    self.open.push('\n');
                    self.open.push_str(head(text, room));
                }
                if ends {
                    self.close(false);
                }
            }
            Place::Answer { shy: true, .. }
                if self.answer_lines.is_empty() && !Header::parse(text).tag.is_empty() =>
            {
                self.place = Place::Between;
                self.begin(text, place);
            }
            Place::Answer { left, .. } => {
                let units = utf16_units(text);
                let before = *left;
                self.answer.push_str(text);
                self.answer.push('\n');
                self.answer_lines.push(place);
                if units == before {
                    // The text stands there to the letter: it is an answer, and no record.
                    self.forget_answer();
                } else if units + 1 < before {
                    *left = before - units - 1;
                } else {
                    self.replay_answer();
                }
            }
        }
    }

    /// A line between records.
    fn begin(&mut self, text: &str, place: LinePlace) {
        self.open_rules.clear();
        let Some(header) = self.matcher.find(text, &mut self.open_rules) else {
            return;
        };
        let opens = header.opens && (!header.tag.is_empty() || !self.open_rules.is_empty());
        if !self.open_rules.is_empty() {
            self.open.clear();
            self.open.push_str(head(text, MAX_RECORD_BYTES));
            self.open_place = place;
        }
        if opens {
            self.place = Place::Object {
                in_error: false,
                lines: 0,
            };
        } else {
            self.close(false);
        }
    }

    /// The record that is being read has ended.
    fn close(&mut self, torn: bool) {
        self.place = Place::Between;
        let mut answer = None;
        for &rule in &self.open_rules {
            let (Some(tail), Some(about)) =
                (self.tails.get_mut(rule), self.matcher.rules.get(rule))
            else {
                continue;
            };
            tail.found += 1;
            let mut slot = if tail.raw.len() >= self.keep {
                tail.raw.pop_front().unwrap_or_default()
            } else {
                RawRecord::default()
            };
            slot.text.clear();
            slot.text.push_str(&self.open);
            slot.place = self.open_place;
            slot.torn = torn;
            tail.raw.push_back(slot);
            if let Some(field) = &about.answer_length
                && !self.replaying
                && !torn
            {
                answer = number_after(&self.open, field);
            }
        }
        self.open_rules.clear();
        if let Some(left @ 1..=MAX_ANSWER_UNITS) = answer {
            let source = self
                .open
                .lines()
                .find_map(|line| line.trim().strip_prefix("source: "));
            self.place = Place::Answer {
                left,
                shy: source.is_some_and(|source| source.contains(':')),
            };
        }
    }

    fn forget_answer(&mut self) {
        self.place = Place::Between;
        self.answer.clear();
        self.answer_lines.clear();
    }

    /// What stood there was no answer of the length that was told: its lines are read as lines.
    fn replay_answer(&mut self) {
        self.place = Place::Between;
        let text = core::mem::take(&mut self.answer);
        let places = core::mem::take(&mut self.answer_lines);
        let before = core::mem::replace(&mut self.replaying, true);
        for (line, place) in text.lines().zip(places) {
            self.line(line, place);
        }
        self.replaying = before;
    }

    pub(super) fn finish(mut self, bytes: u64) -> LogEvidence {
        match self.place {
            Place::Answer { .. } => {
                self.replay_answer();
                if matches!(self.place, Place::Object { .. }) {
                    self.close(true);
                }
            }
            Place::Object { .. } => self.close(true),
            Place::Between => {}
        }
        let mut evidence = LogEvidence {
            lines: self.lines,
            bytes,
            skipped: self.skipped,
            ..LogEvidence::default()
        };
        for (tail, rule) in self.tails.into_iter().zip(&self.matcher.rules) {
            if tail.found == 0 {
                continue;
            }
            let id: Arc<str> = Arc::from(rule.id.as_str());
            evidence.cut += tail.found.saturating_sub(tail.raw.len() as u64);
            evidence.found.insert(id.clone(), tail.found);
            for raw in tail.raw {
                let first = raw.text.lines().next().unwrap_or("");
                let header = Header::parse(first);
                let body = raw.text.get(first.len()..).unwrap_or("");
                let mut all = fields(body);
                let message = if rule.tag.is_empty() {
                    trim_brace(first)
                } else {
                    header.message
                };
                if let Some(kept) = rule.text.captures(message) {
                    all.extend(
                        kept.into_iter()
                            .map(|(name, value)| (name.to_owned(), value.to_owned())),
                    );
                }
                let passes = rule.conditions.iter().all(|condition| {
                    let value = all
                        .iter()
                        .find(|(name, _)| *name == condition.field)
                        .map(|(_, value)| value.as_str());
                    condition.test.passes(value)
                });
                if passes {
                    evidence.records.push(Record {
                        rule: id.clone(),
                        line: raw.place.number,
                        offset: raw.place.offset,
                        at: raw.place.at,
                        head: first.to_owned(),
                        fields: all,
                        torn: raw.torn,
                    });
                }
            }
        }
        evidence.records.sort_by_key(|record| record.line);
        evidence
    }
}

fn trim_brace(line: &str) -> &str {
    line.strip_suffix(" {").unwrap_or(line)
}

/// The number of a field in the text of a record, without reading the rest.
fn number_after(text: &str, field: &str) -> Option<u64> {
    text.lines().skip(1).find_map(|line| {
        let value = line.trim().strip_prefix(field)?.strip_prefix(": ")?;
        value.trim_end_matches(',').parse().ok()
    })
}

fn utf16_units(text: &str) -> u64 {
    if text.is_ascii() {
        text.len() as u64
    } else {
        text.chars().map(|c| c.len_utf16() as u64).sum()
    }
}

/// Finds the rules that a line meets.
#[derive(Debug)]
struct Matcher<'r> {
    rules: Vec<&'r LogRule>,
    by_tag: BTreeMap<&'r str, Vec<usize>>,
    untagged: Vec<(usize, Finder<'r>)>,
    /// The bytes that a line can begin with to be of interest.
    first: [bool; 256],
}

impl<'r> Matcher<'r> {
    fn new(rules: impl Iterator<Item = &'r LogRule>) -> Self {
        let rules: Vec<&LogRule> = rules.collect();
        let mut by_tag: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut untagged = Vec::new();
        let mut first = [false; 256];
        // Objects of records that no rule asks for are passed over as well.
        first[usize::from(b'[')] = true;
        for (at, rule) in rules.iter().enumerate() {
            if rule.tag.is_empty() {
                untagged.push((at, Finder::new(rule.text.longest_literal())));
                match rule.text.prefix().bytes().next() {
                    Some(byte) => first[usize::from(byte)] = true,
                    None => first = [true; 256],
                }
            } else {
                by_tag.entry(&rule.tag).or_default().push(at);
                if let Some(byte) = rule.tag.bytes().next() {
                    first[usize::from(byte)] = true;
                }
            }
        }
        Self {
            rules,
            by_tag,
            untagged,
            first,
        }
    }

    fn find<'t>(&self, line: &'t str, found: &mut Vec<usize>) -> Option<Header<'t>> {
        let byte = line.bytes().next()?;
        if !self.first[usize::from(byte)] {
            return None;
        }
        let header = Header::parse(line);
        if let Some(rules) = self.by_tag.get(header.tag) {
            for &at in rules {
                if self.rules[at].text.matches(header.message) {
                    found.push(at);
                }
            }
        }
        for (at, literal) in &self.untagged {
            if literal.find(line.as_bytes()).is_some()
                && self.rules[*at].text.matches(trim_brace(line))
            {
                found.push(*at);
            }
        }
        Some(header)
    }
}
