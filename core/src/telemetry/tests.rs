use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;
use crate::view::to_json;

fn options() -> ReadOptions {
    let at = |text| Timestamp::parse(text).ok();
    ReadOptions {
        window: Window {
            from: at("2026-11-02T00:00:00Z"),
            to: at("2026-11-05T12:00:00Z"),
        },
        against: Some(Window {
            from: None,
            to: at("2026-11-03"),
        }),
        recent: 3,
        ..ReadOptions::default()
    }
}

fn report(scan: LogScan) -> String {
    let mut telemetry = Telemetry::new(options());
    telemetry.absorb("usage.jsonl", 0, scan);
    to_json(&telemetry.usage_report())
}

/// A log of good, odd and bad lines.
fn log() -> impl Strategy<Value = Vec<String>> {
    let good = (1..8_u8, 0..24_u8, 0..3_u8, 0..2_u8, 0..5000_u32).prop_map(|(day, hour, workflow, tier, cost)| {
        let tier = ["CHEAP", "cheap"][usize::from(tier)];
        format!(
            r#"{{"v":"1.0","ts":"2026-11-{day:02}T{hour:02}:00:00.000000Z","workflow":"w{workflow}","tier":"{tier}","model":"m","provider":"p","cost":0.00{cost},"tokens":{{"input":{cost},"output":2}},"cache":{{"hit":false}},"duration_ms":7,"user_id":"u","seq":1}}"#
        )
    });
    let odd = prop_oneof![
        Just(String::new()),
        Just(String::from("null")),
        Just(String::from("{\"ts\":")),
        Just(String::from(
            r#"{"v":"2.0","ts":"2026-11-03","cost":1e-3,"workflow":"caf\u00e9"}"#
        )),
    ];
    prop::collection::vec(prop_oneof![4 => good, 1 => odd], 0..40)
}

proptest! {
    #[test]
    fn parts_merge_to_the_whole(lines in log(), cuts in prop::collection::vec(0..40_usize, 0..4), chunk in 1..200_usize) {
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        let mut whole = LogScan::new(LogKind::Usage, &options(), 0);
        whole.push(text.as_bytes());
        whole.finish();

        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(lines.len())).collect();
        cuts.push(lines.len());
        cuts.sort_unstable();
        let (mut merged, mut line, mut offset) = (LogScan::new(LogKind::Usage, &options(), 0), 0, 0);
        for cut in cuts {
            let end = offset + lines[line..cut].iter().map(|line| line.len() + 1).sum::<usize>();
            let mut part = LogScan::new(LogKind::Usage, &options(), offset as u64);
            for bytes in text.as_bytes()[offset..end].chunks(chunk) {
                part.push(bytes);
            }
            part.finish();
            merged.merge(part);
            (line, offset) = (cut, end);
        }
        prop_assert_eq!(report(merged), report(whole));
    }
}

#[test]
fn what_the_host_says_of_files_is_in_the_report() {
    let mut telemetry = Telemetry::new(ReadOptions::default());
    let line = br#"{"ts":"2026-11-03","cost":1}"#;
    let mut scan = telemetry.scan(LogKind::Usage, 0);
    scan.push(line);
    scan.finish();
    telemetry.absorb("usage.jsonl", line.len() as u64, scan);
    telemetry.note_incomplete("shrank while it was read");
    telemetry.note_unreadable("usage.2026-11-01.jsonl", LogKind::Usage, "no permission");
    telemetry.note("a sentence");
    let report = to_json(&telemetry.usage_report());
    for part in [
        r#""state":"incomplete""#,
        r#""error":"shrank while it was read""#,
        r#""state":"unreadable""#,
        r#""error":"no permission""#,
        r#""notes":["a sentence"]"#,
        r#""calls":1"#,
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    let at = Timestamp::parse("2026-11-03").unwrap();
    assert_eq!(telemetry.usage_span(), Some((at, at)));
}
