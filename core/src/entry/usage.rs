//! Lines of `usage.jsonl`: compact, ASCII only, log version 1.0.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write;

use super::json_text::{Charset, push_string};
use super::{EntryError, VERSION, known_version, line, only, required_text};
use crate::json::Fields;
use crate::money::{Usd, div_half_even};
use crate::record::usage::{PromptCache, UsageRecord};
use crate::time::Timestamp;

/// Stands in the log for a user who is not named, through the pseudonym.
const DEFAULT_USER: &str = "default";

/// What a usage record gets where it does not say.
#[derive(Clone, Copy)]
pub struct UsageDefaults<'a> {
    /// `ts` of a record without one.
    pub now: Timestamp,
    /// `seq` of a record without one: a counter of the writing process, from 1.
    pub seq: u64,
    /// The 16 hex digits that stand in the log for a user's name.
    pub pseudonym: &'a dyn Fn(&str) -> String,
}

/// The line, newline included, for a usage record given as a JSON object.
///
/// `workflow`, `tier`, `model`, `provider` and `cost` must be there; counts and
/// `duration_ms` are zero where they are missing. Tiers are written in upper
/// case, durations in whole milliseconds, a `user_id` that is no pseudonym as its
/// pseudonym, an empty `stage` and an unused `prompt_cache` not at all.
pub fn usage_line(record: &str, defaults: &UsageDefaults<'_>) -> Result<String, EntryError> {
    let fields = Fields::parse(record)?;
    check_names(&fields)?;
    known_version(&fields)?;
    for field in ["workflow", "tier", "model", "provider"] {
        required_text(&fields, field)?;
    }
    let record = UsageRecord::of_fields(&fields, Some(defaults.now))?;
    line(text(&record, defaults))
}

fn check_names(fields: &Fields<'_>) -> Result<(), EntryError> {
    only(
        fields,
        &[
            "v",
            "ts",
            "workflow",
            "tier",
            "model",
            "provider",
            "cost",
            "tokens",
            "cache",
            "duration_ms",
            "user_id",
            "stage",
            "prompt_cache",
            "seq",
        ],
    )?;
    let inner: [(_, &[&str]); 3] = [
        (
            "tokens",
            &[
                "input",
                "output",
                "total",
                "input_tokens",
                "output_tokens",
                "total_tokens",
            ],
        ),
        ("cache", &["hit", "type"]),
        ("prompt_cache", &["hit", "creation_tokens", "read_tokens"]),
    ];
    for (field, names) in inner {
        if let Some(value) = fields.present(field)? {
            only(&value.object()?, names)?;
        }
    }
    Ok(())
}

fn text(record: &UsageRecord<'_>, defaults: &UsageDefaults<'_>) -> String {
    let mut out = format!("{{\"v\":\"{VERSION}\",\"ts\":\"{}\"", time(record.at));
    let field = |out: &mut String, name: &str, value: &str| {
        let _ = write!(out, ",\"{name}\":");
        push_string(out, value, Charset::Ascii);
    };
    field(&mut out, "workflow", &record.workflow);
    field(&mut out, "tier", &record.tier.to_uppercase());
    field(&mut out, "model", &record.model);
    field(&mut out, "provider", &record.provider);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        ",\"cost\":{},\"tokens\":{{\"input\":{},\"output\":{}}},\"cache\":{{\"hit\":{}",
        cost(record.cost),
        record.tokens_in,
        record.tokens_out,
        record.cache_hit
    );
    if let (true, Some(kind)) = (record.cache_hit, &record.cache_type) {
        field(&mut out, "type", kind);
    }
    let ms = div_half_even(i128::from(record.duration_us), 1000).unwrap_or(0);
    let _ = write!(out, "}},\"duration_ms\":{ms}");
    field(&mut out, "user_id", &user(record, defaults));
    if let Some(stage) = record.stage.as_deref().filter(|stage| !stage.is_empty()) {
        field(&mut out, "stage", stage);
    }
    if record.prompt_cache != PromptCache::default() {
        let PromptCache {
            hit,
            creation_tokens,
            read_tokens,
        } = record.prompt_cache;
        let _ = write!(
            out,
            ",\"prompt_cache\":{{\"hit\":{hit},\"creation_tokens\":{creation_tokens},\"read_tokens\":{read_tokens}}}"
        );
    }
    let _ = write!(out, ",\"seq\":{}}}", record.seq.unwrap_or(defaults.seq));
    out
}

/// `YYYY-MM-DDTHH:MM:SS.ffffffZ`, the fraction always there.
fn time(at: Timestamp) -> String {
    let text = at.to_string();
    match text.strip_suffix('Z') {
        Some(whole) if !whole.contains('.') => format!("{whole}.000000Z"),
        _ => text,
    }
}

/// A decimal that is never taken for an integer.
fn cost(cost: Usd) -> String {
    let text = cost.to_string();
    if text.contains('.') {
        text
    } else {
        format!("{text}.0")
    }
}

fn user(record: &UsageRecord<'_>, defaults: &UsageDefaults<'_>) -> String {
    let user = record.user_id.as_deref().unwrap_or(DEFAULT_USER);
    let is_pseudonym =
        user.len() == 16 && user.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if is_pseudonym {
        user.to_string()
    } else {
        (defaults.pseudonym)(user)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(record: &str) -> Result<String, EntryError> {
        usage_line(
            record,
            &UsageDefaults {
                now: Timestamp::parse("2026-11-20T12:00:00Z").unwrap(),
                seq: 7,
                pseudonym: &|user| format!("<{user}>"),
            },
        )
    }

    fn error(record: &str) -> String {
        written(record).unwrap_err().to_string()
    }

    const FULL: &str = r#"{"v":"1.0","ts":"2026-11-19T08:15:02.004500Z","workflow":"code-review","tier":"CAPABLE","model":"claude-sonnet-5","provider":"anthropic","cost":0.0561,"tokens":{"input":9000,"output":1940},"cache":{"hit":true,"type":"hash"},"duration_ms":8120,"user_id":"0f3a9c55d2b1e477","stage":"analysis","prompt_cache":{"hit":true,"creation_tokens":0,"read_tokens":4096},"seq":17}"#;

    #[test]
    fn a_line_of_the_first_writer_stays_as_it_is() {
        assert_eq!(written(FULL).unwrap(), format!("{FULL}\n"));
    }

    #[test]
    fn what_is_missing_gets_its_default() {
        let least =
            r#"{"workflow":"caf\u00e9","tier":"cheap","model":"m","provider":"p","cost":1}"#;
        assert_eq!(
            written(least).unwrap(),
            concat!(
                r#"{"v":"1.0","ts":"2026-11-20T12:00:00.000000Z","workflow":"caf\u00e9","tier":"CHEAP","#,
                r#""model":"m","provider":"p","cost":1.0,"tokens":{"input":0,"output":0},"#,
                r#""cache":{"hit":false},"duration_ms":0,"user_id":"<default>","seq":7}"#,
                "\n"
            )
        );
        let odd = r#"{"workflow":"w","tier":"SDK","model":"m","provider":"p","cost":1e-3,"stage":"","duration_ms":2.5,
            "tokens":{"input_tokens":3,"total":3},"cache":{"hit":false,"type":"hash"},"user_id":"ann@example.org","ts":"2026-11-20T13:00:00+01:00","seq":null}"#;
        assert_eq!(
            written(odd).unwrap(),
            concat!(
                r#"{"v":"1.0","ts":"2026-11-20T12:00:00.000000Z","workflow":"w","tier":"SDK","#,
                r#""model":"m","provider":"p","cost":0.001,"tokens":{"input":3,"output":0},"#,
                r#""cache":{"hit":false},"duration_ms":2,"user_id":"<ann@example.org>","seq":7}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_would_be_lost_or_wrong_is_refused() {
        for field in ["workflow", "tier", "model", "provider", "cost"] {
            let without = FULL.replace(&format!("\"{field}\""), "\"seq2\"");
            assert_eq!(error(&without), "unknown_field: seq2", "{field}");
        }
        let least = |field: &str| {
            [
                r#""workflow":"w""#,
                r#""tier":"T""#,
                r#""model":"m""#,
                r#""provider":"p""#,
                r#""cost":0"#,
            ]
            .into_iter()
            .filter(|part| !part.starts_with(&format!("\"{field}\"")))
            .fold(String::new(), |all, part| all + "," + part)
        };
        for field in ["workflow", "tier", "model", "provider", "cost"] {
            let record = format!("{{{}}}", &least(field)[1..]);
            assert_eq!(error(&record), format!("missing_field: {field} at byte 0"));
        }
        let with = |more: &str| error(&format!("{{{more}{}}}", least("")));
        assert_eq!(with(r#""tokens":{"in":3}"#), "unknown_field: in");
        assert_eq!(with(r#""tokens_in":3"#), "unknown_field: tokens_in");
        assert_eq!(with(r#""v":"2.0""#), "bad_value: v at byte 5");
        assert_eq!(with(r#""seq":-1"#), "bad_value: seq at byte 7");
        assert_eq!(with(r#""ts":"today""#), "bad_value: ts at byte 6");
        assert_eq!(
            error(&FULL.replace("0.0561", "-1")),
            "bad_value: cost at byte 144"
        );
        assert_eq!(
            error(&FULL.replace("code-review", "")),
            "bad_value: workflow at byte 57"
        );
        assert_eq!(error("[]"), "not_an_object: an array at byte 0");
        assert_eq!(error(""), "not_json at byte 0");
        let long = "\u{1f600}".repeat(100_000);
        assert_eq!(
            error(&FULL.replace("analysis", &long)),
            "too_long: more than 1048576 bytes"
        );
    }

    proptest! {
        #[test]
        fn a_written_line_reads_as_the_record(
            workflow in ".{1,12}", model in ".{1,8}", cost in 0..=i64::MAX, tokens in 0..=crate::json::MAX_COUNT,
            us in -62_167_219_200_000_000..=253_402_300_799_999_999_i64, hit: bool, stage in ".{0,6}",
        ) {
            let at = Timestamp::from_micros(us).unwrap();
            let mut record = format!("{{\"ts\":\"{at}\",\"workflow\":");
            push_string(&mut record, &workflow, Charset::Utf8);
            record.push_str(",\"model\":");
            push_string(&mut record, &model, Charset::Utf8);
            record.push_str(",\"stage\":");
            push_string(&mut record, &stage, Charset::Ascii);
            let cost = Usd::from_nanos(cost);
            let _ = write!(record, ",\"tier\":\"T\",\"user_id\":\"00112233445566aa\",\"provider\":\"p\",\"cost\":{cost},\"tokens\":{{\"input\":{tokens}}},\"prompt_cache\":{{\"hit\":{hit}}}}}");
            let line = written(&record).unwrap();
            let one_line = line.is_ascii() && line.ends_with("}\n") && line.trim_end().lines().count() == 1;
            prop_assert!(one_line);
            let read = UsageRecord::parse(line.trim_end()).unwrap();
            prop_assert_eq!(read.at, at);
            prop_assert_eq!(&read.workflow, &workflow);
            prop_assert_eq!(&read.model, &model);
            prop_assert_eq!(read.cost, cost);
            prop_assert_eq!(read.tokens_in, tokens);
            prop_assert_eq!(read.prompt_cache.hit, hit);
            prop_assert_eq!(read.stage.as_deref().unwrap_or(""), &stage);
            // What was written is written again as it is.
            prop_assert_eq!(written(line.trim_end()).unwrap(), line);
        }
    }
}
