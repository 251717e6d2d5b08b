//! The bytes of a [`UsageIndex`]: numbers in groups of seven bits, texts with
//! their length before them. Whoever stores them adds a checksum; bytes that are
//! no index are refused here whatever they are.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::blocks::{BlockRow, UsageBlock, UsageIndex};
use super::{Latencies, UsageCell, UsageKey, UsageTotals};
use crate::json::{JsonType, RecordErrorKind};
use crate::jsonl::LineError;
use crate::line_log::{LineLog, SKIP_SAMPLES, SkipReason, SkippedLine};
use crate::money::Usd;
use crate::time::{Day, Timestamp};

/// The version of the form, and of what the sums mean. It changes whenever an
/// index of older code would give another answer than reading the log.
pub const USAGE_INDEX_VERSION: u32 = 2;

/// The fields that an error of a usage record can name.
const FIELDS: [&str; 22] = [
    "v",
    "ts",
    "workflow",
    "tier",
    "model",
    "provider",
    "cost",
    "tokens",
    "input",
    "input_tokens",
    "output",
    "output_tokens",
    "cache",
    "hit",
    "type",
    "prompt_cache",
    "creation_tokens",
    "read_tokens",
    "duration_ms",
    "user_id",
    "stage",
    "seq",
];

const TYPES: [JsonType; 6] = [
    JsonType::Null,
    JsonType::Bool,
    JsonType::Number,
    JsonType::String,
    JsonType::Array,
    JsonType::Object,
];

impl UsageIndex {
    /// The index as bytes; `None` for one that has no form, which then is not kept.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut out = Writer(Vec::new());
        out.count(self.keys.len());
        for key in &self.keys {
            for text in key.parts() {
                out.text(text);
            }
        }
        out.count(self.blocks.len());
        for block in &self.blocks {
            out.block(block)?;
        }
        Some(out.0)
    }

    /// The index that these bytes are; `None` if they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut input = Reader(bytes);
        let mut index = Self::default();
        for _ in 0..input.count()? {
            let mut text = || input.text().map(Box::from);
            index.keys.push(UsageKey {
                workflow: text()?,
                tier: text()?,
                model: text()?,
                provider: text()?,
                stage: text()?,
            });
        }
        for _ in 0..input.count()? {
            let start = index.end();
            let block = input.block(start, index.keys.len())?;
            index.blocks.push(block);
        }
        input.0.is_empty().then_some(index)
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        self.0.push((n & 0x7f) as u8);
    }

    fn signed(&mut self, n: i64) {
        // The sign goes into the lowest bit, so that small amounts stay short.
        self.number((n.cast_unsigned() << 1) ^ (n >> 63).cast_unsigned());
    }

    fn count(&mut self, n: usize) {
        self.number(n as u64);
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn block(&mut self, block: &UsageBlock) -> Option<()> {
        self.number(block.bytes.end.checked_sub(block.bytes.start)?);
        for hash in block.hashes {
            self.0.extend_from_slice(&hash.to_le_bytes());
        }
        match block.span {
            None => self.number(0),
            Some((first, last)) => {
                self.number(1);
                self.signed(first.as_micros());
                self.signed(last.as_micros());
            }
        }
        self.log(&block.log, block.bytes.start)?;
        self.count(block.rows.len());
        for row in &block.rows {
            self.number(u64::from(row.key));
            self.signed(i64::from(row.day.number()));
            let totals = &row.cell.totals;
            for n in [
                totals.calls,
                totals.cost.as_nanos().cast_unsigned(),
                totals.tokens_in,
                totals.tokens_out,
                totals.cache_hits,
                totals.prompt_cache_hits,
                totals.prompt_cache_read_tokens,
                totals.prompt_cache_creation_tokens,
                totals.duration_us,
                totals.tokenless_calls,
                totals.tokenless_cost.as_nanos().cast_unsigned(),
            ] {
                self.number(n);
            }
            let (first, calls, longest_us) = row.cell.latencies.parts();
            self.count(calls.len());
            self.number(longest_us);
            self.number(u64::from(first));
            for calls in calls {
                self.number(u64::from(*calls));
            }
        }
        Some(())
    }

    fn log(&mut self, log: &LineLog, start: u64) -> Option<()> {
        self.number(log.lines);
        self.number(log.blank);
        self.number(log.records);
        self.count(log.skipped.len());
        for (code, lines) in &log.skipped {
            self.text(code);
            self.number(*lines);
        }
        self.count(log.samples.len());
        for sample in &log.samples {
            self.number(sample.line);
            self.number(sample.offset.checked_sub(start)?);
            self.reason(sample.reason)?;
        }
        self.count(log.versions.len());
        for (version, lines) in &log.versions {
            self.text(version);
            self.number(*lines);
        }
        Some(())
    }

    fn reason(&mut self, reason: SkipReason) -> Option<()> {
        match reason {
            SkipReason::Line(LineError::InvalidUtf8 { at }) => {
                self.number(0);
                self.number(u64::from(at));
            }
            SkipReason::Line(LineError::TooLong) => self.number(1),
            // Lines of blocks have an end.
            SkipReason::Torn => return None,
            SkipReason::Record(kind) => match kind {
                RecordErrorKind::NotJson => self.number(2),
                RecordErrorKind::NotAnObject { found } => {
                    self.number(3);
                    self.json_type(found)?;
                }
                RecordErrorKind::DuplicateField(field) => {
                    self.number(4);
                    self.field(field)?;
                }
                RecordErrorKind::MissingField(field) => {
                    self.number(5);
                    self.field(field)?;
                }
                RecordErrorKind::WrongType {
                    field,
                    expected,
                    found,
                } => {
                    self.number(6);
                    self.field(field)?;
                    self.json_type(expected)?;
                    self.json_type(found)?;
                }
                RecordErrorKind::BadValue(field) => {
                    self.number(7);
                    self.field(field)?;
                }
                // Decoded logs have no index.
                RecordErrorKind::Decoder(_) => return None,
            },
        }
        Some(())
    }

    fn field(&mut self, field: &str) -> Option<()> {
        self.count(FIELDS.iter().position(|known| *known == field)?);
        Some(())
    }

    fn json_type(&mut self, json_type: JsonType) -> Option<()> {
        self.count(TYPES.iter().position(|known| *known == json_type)?);
        Some(())
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..70).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            n |= bits << shift;
            if byte < 0x80 {
                return Some(n);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let n = self.number()?;
        Some((n >> 1).cast_signed() ^ -(n & 1).cast_signed())
    }

    /// A count of things that take at least a byte each.
    fn count(&mut self) -> Option<usize> {
        let n = usize::try_from(self.number()?).ok()?;
        (n <= self.0.len()).then_some(n)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.count()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        core::str::from_utf8(text).ok()
    }

    fn hash(&mut self) -> Option<u64> {
        let (hash, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*hash))
    }

    fn time(&mut self) -> Option<Timestamp> {
        Timestamp::from_micros(self.signed()?).ok()
    }

    fn usd(&mut self) -> Option<Usd> {
        i64::try_from(self.number()?).ok().map(Usd::from_nanos)
    }

    fn block(&mut self, start: u64, keys: usize) -> Option<UsageBlock> {
        let end = start.checked_add(self.number()?)?;
        let hashes = [self.hash()?, self.hash()?];
        let span = match self.number()? {
            0 => None,
            1 => Some((self.time()?, self.time()?)).filter(|(first, last)| first <= last),
            _ => return None,
        };
        let log = self.log(start)?;
        let mut rows = Vec::new();
        for _ in 0..self.count()? {
            let row = self.row()?;
            if row.key as usize >= keys {
                return None;
            }
            rows.push(row);
        }
        // A block has bytes, and records have times.
        (end > start && span.is_some() == (log.records > 0)).then_some(UsageBlock {
            bytes: start..end,
            hashes,
            log,
            span,
            rows,
        })
    }

    fn row(&mut self) -> Option<BlockRow> {
        let key = u32::try_from(self.number()?).ok()?;
        let day = Day::from_number(i32::try_from(self.signed()?).ok()?).ok()?;
        let totals = UsageTotals {
            calls: self.number()?,
            cost: self.usd()?,
            tokens_in: self.number()?,
            tokens_out: self.number()?,
            cache_hits: self.number()?,
            prompt_cache_hits: self.number()?,
            prompt_cache_read_tokens: self.number()?,
            prompt_cache_creation_tokens: self.number()?,
            duration_us: self.number()?,
            tokenless_calls: self.number()?,
            tokenless_cost: self.usd()?,
        };
        let latencies = self.latencies()?;
        Some(BlockRow {
            key,
            day,
            cell: UsageCell { totals, latencies },
        })
    }

    fn latencies(&mut self) -> Option<Latencies> {
        let buckets = self.count()?;
        let longest_us = self.number()?;
        let first = u16::try_from(self.number()?).ok()?;
        let mut calls = Vec::with_capacity(buckets);
        for _ in 0..buckets {
            calls.push(u32::try_from(self.number()?).ok()?);
        }
        Latencies::of_parts(first, calls, longest_us)
    }

    fn log(&mut self, start: u64) -> Option<LineLog> {
        let mut log = LineLog {
            lines: self.number()?,
            blank: self.number()?,
            records: self.number()?,
            ..LineLog::default()
        };
        for _ in 0..self.count()? {
            let code = SkipReason::known_code(self.text()?)?;
            log.skipped.insert(code, self.number()?);
        }
        let samples = self.count()?;
        if samples > SKIP_SAMPLES {
            return None;
        }
        for _ in 0..samples {
            log.samples.push(SkippedLine {
                line: self.number()?,
                offset: start.checked_add(self.number()?)?,
                reason: self.reason()?,
            });
        }
        for _ in 0..self.count()? {
            let version = String::from(self.text()?);
            log.versions.insert(version, self.number()?);
        }
        Some(log)
    }

    fn reason(&mut self) -> Option<SkipReason> {
        Some(match self.number()? {
            0 => SkipReason::Line(LineError::InvalidUtf8 {
                at: u32::try_from(self.number()?).ok()?,
            }),
            1 => SkipReason::Line(LineError::TooLong),
            2 => SkipReason::Record(RecordErrorKind::NotJson),
            3 => SkipReason::Record(RecordErrorKind::NotAnObject {
                found: self.json_type()?,
            }),
            4 => SkipReason::Record(RecordErrorKind::DuplicateField(self.field()?)),
            5 => SkipReason::Record(RecordErrorKind::MissingField(self.field()?)),
            6 => SkipReason::Record(RecordErrorKind::WrongType {
                field: self.field()?,
                expected: self.json_type()?,
                found: self.json_type()?,
            }),
            7 => SkipReason::Record(RecordErrorKind::BadValue(self.field()?)),
            _ => return None,
        })
    }

    fn field(&mut self) -> Option<&'static str> {
        FIELDS.get(usize::try_from(self.number()?).ok()?).copied()
    }

    fn json_type(&mut self) -> Option<JsonType> {
        TYPES.get(usize::try_from(self.number()?).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;
    use crate::log_kind::LogKind;
    use crate::telemetry::{LogScan, ReadOptions, Telemetry};
    use crate::time::Window;
    use crate::usage::BlockUse;
    use crate::view::to_json;

    fn line() -> impl Strategy<Value = String> {
        let good = (1..6_u8, 0..24_u8, 0..3_u8, 0..900_u32).prop_map(|(day, hour, workflow, n)| {
            format!(
                r#"{{"v":"1.0","ts":"2026-11-{day:02}T{hour:02}:00:00.000000Z","workflow":"w{workflow}","tier":"T","model":"m","provider":"p","cost":0.00{n},"tokens":{{"input":{n},"output":2}},"cache":{{"hit":false}},"duration_ms":{n},"user_id":"u","stage":"s{}","seq":{n}}}"#, n % 2
            )
        });
        let odd = prop::sample::select(vec![
            "",
            "null",
            "5",
            "{\"ts\":",
            r#"{"ts":"2026-11-03"}"#,
            r#"{"ts":"2026-11-03","cost":-1}"#,
            r#"{"ts":"2026-11-03","cost":"1"}"#,
            r#"{"ts":"2026-11-03","cost":1,"cost":2}"#,
            r#"{"v":"2.0","ts":"2026-11-03","cost":1e-3,"workflow":"caf\u00e9"}"#,
            r#"{"ts":"2026-11-03","cost":1,"tokens":null}"#,
        ])
        .prop_map(String::from);
        prop_oneof![4 => good, 1 => odd]
    }

    fn scan(text: &[u8], start: usize, end: usize, options: &ReadOptions) -> LogScan {
        let mut scan = LogScan::new(LogKind::Usage, options, start as u64);
        scan.push(&text[start..end]);
        scan.finish();
        scan
    }

    fn report(scan: LogScan, options: ReadOptions) -> String {
        let mut telemetry = Telemetry::new(options);
        telemetry.absorb("usage.jsonl", 0, scan);
        to_json(&telemetry.usage_report()) + &to_json(&telemetry.compare_report())
    }

    fn hour(hours: i64) -> Timestamp {
        Timestamp::parse("2026-11-01")
            .unwrap()
            .saturating_add_us(hours * 3_600_000_000)
    }

    proptest! {
        #[test]
        fn an_index_answers_as_the_log_does(
            lines in prop::collection::vec(line(), 1..60),
            cuts in prop::collection::btree_set(1..60_usize, 0..6),
            extend: bool,
            window in (0..140_i64, 0..140_i64), against in prop::option::of((0..140_i64, 0..140_i64)),
        ) {
            let mut text = Vec::new();
            let mut starts = Vec::new();
            for line in &lines {
                starts.push(text.len());
                text.extend_from_slice(line.as_bytes());
                text.push(b'\n');
            }
            let mut ends: Vec<usize> = cuts.into_iter().filter_map(|cut| starts.get(cut).copied()).collect();
            ends.push(text.len());
            let mut index = UsageIndex::default();
            let mut start = 0;
            for (n, &end) in ends.iter().enumerate() {
                let part = scan(&text, start, end, &UsageIndex::scan_options());
                if extend && n % 2 == 1 {
                    index.extend_last(end as u64, [n as u64, 1], part);
                } else {
                    index.push(end as u64, [n as u64, 1], part);
                }
                start = end;
            }
            let bytes = index.encode().unwrap();
            let index = { let decoded = UsageIndex::decode(&bytes).unwrap(); prop_assert!(decoded == index); decoded };
            for end in 0..bytes.len() {
                prop_assert!(UsageIndex::decode(&bytes[..end]).is_none());
            }

            let window_of = |(from, to): (i64, i64)| Window { from: Some(hour(from)), to: Some(hour(to)) };
            let options = ReadOptions { window: window_of(window), against: against.map(window_of), recent: 0, ..ReadOptions::default() };
            let mut merged = LogScan::new(LogKind::Usage, &options, 0);
            for block in index.blocks() {
                let range = usize::try_from(block.bytes.start).unwrap()..usize::try_from(block.bytes.end).unwrap();
                match block.usage(&options) {
                    BlockUse::Merge => merged.merge_block(&index, block),
                    BlockUse::Read => merged.merge(scan(&text, range.start, range.end, &options)),
                }
            }
            let whole = scan(&text, 0, text.len(), &options);
            prop_assert_eq!(report(merged, options), report(whole, options));
        }

        #[test]
        fn any_bytes_are_an_index_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(index) = UsageIndex::decode(&bytes) {
                prop_assert!(index.encode().is_some());
            }
        }

        #[test]
        fn numbers_are_read_back(n: u64, signed: i64) {
            let mut out = Writer(Vec::new());
            out.number(n);
            out.signed(signed);
            let mut input = Reader(&out.0);
            prop_assert_eq!(input.number(), Some(n));
            prop_assert_eq!(input.signed(), Some(signed));
            prop_assert!(input.0.is_empty());
        }
    }
}
