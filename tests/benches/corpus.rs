//! A usage log like those that attune writes, the same at every run.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use muster_core::Timestamp;

const WORKFLOWS: [&str; 5] = [
    "code-review",
    "bug-predict",
    "security-audit",
    "test-gen",
    "doc-gen",
];
/// Tier, model, dollars per million tokens in and out.
const MODELS: [(&str, &str, u64, u64); 3] = [
    ("CHEAP", "claude-haiku-4-5", 1, 5),
    ("CAPABLE", "claude-sonnet-5", 3, 15),
    ("PREMIUM", "claude-fable-5-1", 10, 50),
];
/// 2026-11-20T00:00:00Z, in microseconds.
const LAST: i64 = 1_795_132_800_000_000;
/// A call about every four seconds: a million lines span 45 days.
const STEP: i64 = 3_888_000;

/// Writes a log of `lines` lines and gives its size in bytes.
pub(crate) fn write(log: &Path, count: u64, first: u64) -> Result<u64> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = BufWriter::new(File::create(log)?);
    let mut bytes = 0;
    for start in (0..count).step_by(10_000) {
        let text = lines((count - start).min(10_000), first + start);
        bytes += text.len() as u64;
        file.write_all(text.as_bytes())?;
    }
    file.flush()?;
    Ok(bytes)
}

/// `count` lines, the first of them number `first` of the whole log.
pub(crate) fn lines(count: u64, first: u64) -> String {
    let mut text = String::new();
    for number in first..first + count {
        line(number, &mut text);
    }
    text
}

fn line(number: u64, text: &mut String) {
    let mut random = Random(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (tier, model, price_in, price_out) = match random.below(100) {
        0..55 => MODELS[0],
        55..88 => MODELS[1],
        _ => MODELS[2],
    };
    let (tokens_in, tokens_out) = (200 + random.below(19_800), 50 + random.below(3950));
    let micro_usd = tokens_in * price_in + tokens_out * price_out;
    let workflow = WORKFLOWS
        .get(usize::try_from(random.below(5)).unwrap_or(0))
        .unwrap_or(&"none");
    let at = LAST - 1_000_000 * STEP + i64::try_from(number).unwrap_or(0) * STEP;
    let at = Timestamp::from_micros(at + 1).map_or_else(|_| String::new(), |at| at.to_string());
    let cache = if random.below(5) == 0 {
        r#"{"hit":true,"type":"hash"}"#
    } else {
        r#"{"hit":false}"#
    };
    let duration = 200 + random.below(29_800);
    let cost = muster_core::Usd::from_nanos(i64::try_from(micro_usd * 1000).unwrap_or(0));
    let prompt_cache = if random.below(10) < 3 {
        format!(
            r#","prompt_cache":{{"hit":true,"creation_tokens":0,"read_tokens":{}}}"#,
            1000 + random.below(8000)
        )
    } else {
        String::new()
    };
    let seq = number + 1;
    // Writing into a string does not fail.
    let _ = writeln!(
        text,
        r#"{{"v":"1.0","ts":"{at}","workflow":"{workflow}","tier":"{tier}","model":"{model}","provider":"anthropic","cost":{cost},"tokens":{{"input":{tokens_in},"output":{tokens_out}}},"cache":{cache},"duration_ms":{duration},"user_id":"37a8eec1ce19687d","stage":"analysis"{prompt_cache},"seq":{seq}}}"#
    );
}

/// A xorshift generator: the corpus must be the same at every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}
