//! Bodies of fuzz tests: any bytes go in, an invariant is checked at the end.
//!
//! They are ordinary functions, so that they are compiled whenever the library
//! is; a fuzzer's target and the bounded runs of the test suite are one call each.

use alloc::format;
use alloc::string::{String, ToString};

use crate::bridge::{Replay, ReplayOptions};
use crate::delivery::{Answer, Sender, SenderAction, SenderPolicy};
use crate::diagnose::{
    DiagnoseOptions, LayerStatus, LogReader, Rulebook, diagnose_bundle, gateway_status, review,
    search,
};
use crate::log_kind::LogKind;
use crate::record::template_ratings::TemplateRatings;
use crate::record::usage_summary::UsageSummary;
use crate::telemetry::{LogScan, ReadOptions, Telemetry};
use crate::time::{Timestamp, Window};
use crate::view::{ReportKind, ReportParams, to_json};

/// Any log of any kind, cut in two anywhere, gives the reports of the whole: as
/// two chunks of one pass, and as two passes over parts that begin at a line.
#[doc(hidden)]
pub fn fuzz_log(kind: LogKind, bytes: &[u8], cut: usize) -> Result<(), (String, String)> {
    let (head, tail) = bytes.split_at(cut.min(bytes.len()));
    let whole = reports(kind, scan(kind, 0, &[bytes]));
    let chunks = reports(kind, scan(kind, 0, &[head, tail]));
    if whole != chunks {
        return Err((whole, chunks));
    }
    let line = head
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |newline| newline + 1);
    let (head, tail) = bytes.split_at(line);
    let mut merged = scan(kind, 0, &[head]);
    merged.merge(scan(kind, line as u64, &[tail]));
    let parts = reports(kind, merged);
    if whole == parts {
        Ok(())
    } else {
        Err((whole, parts))
    }
}

/// Any bytes as the log of a gateway, cut in two anywhere, give the records of the whole.
#[doc(hidden)]
pub fn fuzz_gateway_log(bytes: &[u8], cut: usize) -> Result<(), (String, String)> {
    let rules = Rulebook::gateway();
    let (head, tail) = bytes.split_at(cut.min(bytes.len()));
    for name in ["err_log", "out_log"] {
        let read = |chunks: &[&[u8]]| {
            let mut reader = LogReader::new(&rules, name, 3);
            for chunk in chunks {
                reader.push(chunk);
            }
            format!("{:?}", reader.finish())
        };
        let (whole, cut) = (read(&[bytes]), read(&[head, tail]));
        if whole != cut {
            return Err((whole, cut));
        }
    }
    Ok(())
}

/// Any text as a status, a transcript and telemetry is shown within its bounds, and
/// nothing of it gets lost unsaid.
#[doc(hidden)]
pub fn fuzz_gateway_reports(text: &str, max: usize) -> Result<(), String> {
    if let Some(view) = gateway_status(text)
        && view.fields.iter().any(|field| field.meaning.is_empty())
    {
        return Err("a field without a meaning".into());
    }
    let said = review(text.as_bytes(), Window::ALL, max);
    if said.exchanges.len() > max.max(1) {
        return Err("more exchanges than asked for".into());
    }
    let all = search(text.as_bytes(), "*", Window::ALL, usize::MAX, true);
    let found = search(text.as_bytes(), "*", Window::ALL, max, false);
    if found.events.len() as u64 + found.left_out != all.events.len() as u64 + all.left_out {
        return Err("events were lost".into());
    }
    if all.turns.len() > all.events.len() {
        return Err("more turns than events".into());
    }
    Ok(())
}

/// Any text as an evidence bundle and as a rule pack is answered or refused, the
/// same each time; a verdict of `ok` has no layer that is not.
#[doc(hidden)]
pub fn fuzz_diagnosis(bundle: &str, pack: &str) -> Result<(), (String, String)> {
    let options = DiagnoseOptions::default();
    let read = || format!("{:?}", diagnose_bundle(bundle, &[pack], &options));
    let (once, again) = (read(), read());
    if once != again {
        return Err((once, again));
    }
    let Ok(view) = diagnose_bundle(bundle, &[], &options) else {
        return Ok(());
    };
    let bad = view.layers.iter().any(|layer| {
        matches!(
            layer.status,
            LayerStatus::Failed | LayerStatus::Degraded | LayerStatus::Unknown
        )
    });
    if view.is_ok() && bad {
        return Err((to_json(&view), String::new()));
    }
    Ok(())
}

/// Any text as a pattern: parsing its printed form gives the same pattern, and
/// what it keeps of a text stands in that text.
#[doc(hidden)]
pub fn fuzz_pattern(pattern: &str, text: &str) -> Result<(), (String, String)> {
    crate::diagnose::check_pattern(pattern, text)
}

/// Any text as a document beside the logs is read or refused; what was read
/// once is read the same again.
#[doc(hidden)]
pub fn fuzz_document(text: &str) -> Result<(), (String, String)> {
    let read = || {
        format!(
            "{:?}{:?}",
            TemplateRatings::parse(text),
            UsageSummary::parse(text)
        )
    };
    let (once, again) = (read(), read());
    if once == again {
        Ok(())
    } else {
        Err((once, again))
    }
}

/// Any stream of events gives the same entries however it is cut, never more than
/// methods that began and failures before one, and leaves nothing open.
#[doc(hidden)]
pub fn fuzz_bridge(bytes: &[u8], cut: usize) -> Result<(), (String, String)> {
    let replayed = |chunks: &[&[u8]]| {
        let mut replay = Replay::new(ReplayOptions::default());
        let mut out = String::new();
        for chunk in chunks {
            replay.push(Timestamp::MAX, chunk, &mut out);
        }
        replay.finish(Timestamp::MAX, &mut out);
        (replay, out)
    };
    let (replay, whole) = replayed(&[bytes]);
    let (head, tail) = bytes.split_at(cut.min(bytes.len()));
    let (parts, cut) = replayed(&[head, tail]);
    if whole != cut || replay.log() != parts.log() || replay.counts() != parts.counts() {
        return Err((whole, cut));
    }
    let counts = replay.counts();
    let entries = whole.lines().count() as u64;
    let bound = counts.methods + counts.failed_before_method;
    if entries == counts.entries() && entries == bound && replay.bridge().open_methods() == 0 {
        Ok(())
    } else {
        Err((whole, format!("{counts:?}")))
    }
}

/// Whatever an endpoint answers, each entry is delivered or set aside at most
/// once and never both, nothing is set aside unless something was accepted, and
/// once all is accepted the sending ends with every entry accounted for.
#[doc(hidden)]
pub fn fuzz_sender(count: u64, seed: u64, answers: &[u8]) -> Result<(), String> {
    const CODES: [u16; 12] = [202, 202, 200, 302, 400, 401, 404, 413, 429, 500, 503, 999];
    let mut sender = Sender::new(SenderPolicy::default());
    sender.handle_pending(count);
    let mut settled = alloc::collections::BTreeSet::new();
    let mut accepted = false;
    let mut answers = answers.iter();
    let mut now = Timestamp::MIN;
    // A batch is tried at most a few times for each of its halvings.
    for turn in 0..count.saturating_mul(16).saturating_add(2000) {
        while let Some(action) = sender.poll_action() {
            let entries = match action {
                SenderAction::Delivered(batch) => batch.first..batch.end,
                SenderAction::Quarantine { entry, .. } if accepted => entry..entry + 1,
                SenderAction::Quarantine { entry, .. } => {
                    return Err(format!("{entry} was set aside and nothing accepted"));
                }
            };
            for entry in entries {
                if entry >= count || !settled.insert(entry) {
                    return Err(format!("{entry} was settled twice, or is none"));
                }
            }
        }
        if let Some(batch) = sender.poll_request() {
            if batch.is_empty() || batch.len() > 25 {
                return Err(format!("{batch:?} is no batch"));
            }
            let answer = match answers.next() {
                None => 202,
                Some(255) => 0,
                Some(byte) => CODES.get(usize::from(byte % 14)).copied().unwrap_or(1),
            };
            accepted |= answer == 202;
            let answer = match answer {
                0 => Answer::TimedOut,
                1 => Answer::NoConnection,
                code => Answer::Status {
                    code,
                    retry_after_us: (code == 429).then_some(turn.cast_signed()),
                },
            };
            sender.handle_answer(now, answer, seed.wrapping_mul(turn));
        } else if let Some((wake, _)) = sender.poll_timeout() {
            now = wake;
            sender.handle_timeout(now);
        } else {
            let settled = settled.len() as u64;
            let all = sender.is_done() && settled + sender.left_unsent() == count;
            let ended = all || sender.stopped().is_some();
            return if ended {
                Ok(())
            } else {
                Err(format!("{settled} of {count}"))
            };
        }
    }
    Err("it does not end".into())
}

fn scan(kind: LogKind, offset: u64, chunks: &[&[u8]]) -> LogScan {
    let mut scan = LogScan::new(kind, &ReadOptions::default(), offset);
    for chunk in chunks {
        scan.push(chunk);
    }
    scan.finish();
    scan
}

/// Every report, and what became of the lines.
fn reports(kind: LogKind, scan: LogScan) -> String {
    let log = format!("{:?}", scan.log());
    let mut telemetry = Telemetry::new(ReadOptions::default());
    telemetry.absorb(kind.to_string(), 0, scan);
    let params = ReportParams::default();
    ReportKind::ALL
        .into_iter()
        .filter_map(|report| telemetry.report_json(report, &params))
        .fold(log, |all, report| all + "\n" + &report)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// Pieces that lines of logs are made of, so that some of them are records.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            2 => prop::sample::select(PIECES.as_slice()).prop_map(|piece| piece.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..4),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    const PIECES: [&str; 18] = [
        "{",
        "}",
        "\n",
        "\r\n",
        "\u{feff}",
        ",",
        r#""ts":"2026-11-01T10:00:00Z""#,
        r#""timestamp":"2026-11-01T10:00:00""#,
        r#""cost":0.25"#,
        r#"{"ts":"2026-11-01","cost":1e-3}"#,
        r#"{"v":"1.0","ts":"2026-11-01","event":"e","mode":"m","query":"q","source":"s","topic":"t","success":true,"found":false}"#,
        r#"{"timestamp":"2026-11-01","call_id":"c","model_id":"claude-opus-5","model":"m","actual_cost":1}"#,
        r#"{"timestamp":"2026-11-01","file_path":"f","last_test_result":"failed","test_count":1}"#,
        r#"{"timestamp":"2026-11-01","execution_id":"e","test_suite":"s","record_id":"r","overall_percentage":7.5,"lines_total":1,"lines_covered":1}"#,
        r#"{"timestamp":"2026-11-01","assignment_id":"a","task_id":"t","task_title":"t","task_description":"d","assigned_agent":"a","routing_id":"r","task_type":"t","task_complexity":"c","assigned_tier":"t","routing_strategy":"s"}"#,
        r#"{"run_id":"r","workflow_name":"w","started_at":"2026-11-01","diagnosis_id":"d","source_run_id":"r","created_at":"2026-11-01"}"#,
        r#"{"a":{"good":1,"bad":0},"days":{"2026-11-01":{}}}"#,
        "null",
    ];

    /// Pieces of streams: few names, so that events meet.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let line = (
            prop::sample::select(EVENTS.as_slice()),
            prop::sample::select(["j", "a:b", ""].as_slice()),
            prop::sample::select(["s", "b:c", "\u{1f600}"].as_slice()),
            prop::sample::select(["r-1", "r-2", "r-3"].as_slice()),
            prop::sample::select(ENVELOPES.as_slice()),
            0..20_u64,
        )
            .prop_map(|(event, job, step, run, envelope, number)| {
                let event = event.replace('J', job).replace('S', step).replace('R', run);
                let number = number.to_string();
                envelope
                    .replace("EVENT", &event)
                    .replace('N', &number)
                    .into_bytes()
            });
        let garbage = prop::collection::vec(any::<u8>(), 0..6);
        let line = prop_oneof![9 => line, 1 => garbage];
        prop::collection::vec(line, 0..60).prop_map(|lines| lines.join(&b'\n'))
    }

    const EVENTS: [&str; 19] = [
        r#"{"kind":"started","runId":"R","workflowName":"w"}"#,
        r#"{"kind":"started","runId":"R","workflowName":"w","jobs":[{"id":"J"},{"id":"a:b"}]}"#,
        r#"{"kind":"step_started","jobId":"J","stepId":"S"}"#,
        r#"{"kind":"model_resolved","jobId":"J","stepId":"S","modelName":"m","modelType":"t","methodName":"x"}"#,
        r#"{"kind":"method_executing","jobId":"J","stepId":"S","modelName":"m","methodName":"x"}"#,
        r#"{"kind":"method_executing","jobId":"J","stepId":"S","modelName":"m","methodName":"y","driver":null}"#,
        r#"{"kind":"step_completed","jobId":"J","stepId":"S","executor":"e"}"#,
        r#"{"kind":"step_completed","jobId":"J","stepId":"S"}"#,
        r#"{"kind":"step_failed","jobId":"J","stepId":"S","error":"e\nf","modelName":"e","methodName":"x"}"#,
        r#"{"kind":"step_failed","jobId":"J","stepId":"S","error":"e"}"#,
        r#"{"kind":"step_skipped","jobId":"J","stepId":"S"}"#,
        r#"{"kind":"job_started","jobId":"J"}"#,
        r#"{"kind":"job_completed","jobId":"J"}"#,
        r#"{"kind":"job_skipped","jobId":"J"}"#,
        r#"{"kind":"completed","run":{"id":"R","status":"succeeded"}}"#,
        r#"{"kind":"cancelled","run":{"id":"R"}}"#,
        r#"{"kind":"suspended","run":{"id":"R"},"jobId":"J","stepId":"S"}"#,
        r#"{"kind":"method_event","jobId":"J","stepId":"S","event":{"type":"nested_model_invocation"}}"#,
        r#"{"kind":"error","error":{"code":"cancelled"}}"#,
    ];

    const ENVELOPES: [&str; 8] = [
        "EVENT",
        "EVENT",
        r#"{"at":N,"event":EVENT}"#,
        r#"{"at":N,"event":EVENT,"seq":N}"#,
        r#"{"type":"event","id":"q","event":EVENT}"#,
        r#"{"type":"event","id":N,"event":EVENT}"#,
        r#"{"type":"done","id":N}"#,
        r#"{"type":"error","id":"q","error":{"code":"cancelled"}}"#,
    ];

    /// Pieces that logs of gateways are made of.
    fn gateway_log() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            3 => prop::sample::select(LOG_PIECES.as_slice()).prop_map(|piece| piece.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..4),
        ];
        prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    const LOG_PIECES: [&str; 18] = [
        "\n",
        "}\n",
        ",\n",
        " {\n",
        "  error: error: text",
        "  length: 12,\n",
        "  length: 3,\n",
        "  source: \"tui\",\n",
        "  source: \"telegram:1\",\n",
        "  streamId: \"1800043080000-0\",\n",
        "[gateway] response ready {\n",
        "[gateway] response ready {\n  length: 40,\n}\n",
        "[gateway] shutting down {\n",
        "[gateway:store] persisted inbound message {\n",
        "command-queue: prompt failed {\n",
        "[gateway] extension: x\n",
        "langfuse-cost: cannot load optional dependency 'langfuse'\n",
        "\u{1b}[2J\u{0}",
    ];

    /// A line of a transcript, of telemetry or of a status, or none of these.
    fn report_line() -> impl Strategy<Value = String> {
        let action = prop::sample::select(vec![
            "events.triaged",
            "events.dispatched",
            "response.generated",
            "outbound.console_forward.attempt",
            "outbound.console_forward.sent",
            "x",
        ]);
        prop_oneof![
            (0..9_000_000_i64, action).prop_map(|(ms, action)| format!(
                r#"{{"timestamp":{ms},"component":"c","action":"{action}","metadata":{{"source":"s"}}}}"#
            )),
            (0..9_000_000_i64, "user|assistant|toolResult|x", any::<bool>()).prop_map(
                |(ms, role, bad)| format!(
                    r#"{{"type":"message","timestamp":{ms},"message":{{"role":"{role}","content":[{{"type":"toolCall","name":"bash"}}],"isError":{bad}}}}}"#
                )
            ),
            "[a-z]{1,9}".prop_map(|name| format!(
                r#"{{"available":true,"channels":{{"{name}":{{"{name}":[1,{{}},null]}}}}}}"#
            )),
            ".{0,40}",
        ]
    }

    proptest! {
        #[test]
        fn gateway_logs_are_cut_anywhere(bytes in gateway_log(), cut in 0..600_usize) {
            prop_assert_eq!(fuzz_gateway_log(&bytes, cut), Ok(()));
        }

        #[test]
        fn gateways_are_shown(lines in prop::collection::vec(report_line(), 0..20), max in 0..9_usize) {
            prop_assert_eq!(fuzz_gateway_reports(&lines.join("\n"), max), Ok(()));
        }

        #[test]
        fn bundles_and_packs_are_answered_or_refused(
            log in gateway_log(),
            piece in "[a-z_]{0,6}",
            value in prop::sample::select(vec!["1", "\"x\"", "{}", "[{}]", "null", "[1]"]),
        ) {
            let log = serde_json::Value::from(String::from_utf8_lossy(&log).into_owned());
            let bundle = format!(
                r#"{{"muster_bundle":1,"now_ms":1800043200000,"evidence":{{"err_log":{log},"out_log":{log},"{piece}":{value}}}}}"#
            );
            let pack = format!(r#"{{"muster_pack":1,"name":"p","log":{value},"cause":{value}}}"#);
            prop_assert_eq!(fuzz_diagnosis(&bundle, &pack), Ok(()));
        }

        #[test]
        fn patterns_are_read_or_refused(pattern in "[ab*{}\\\\x ]{0,12}", text in "[abx ]{0,20}") {
            prop_assert_eq!(fuzz_pattern(&pattern, &text), Ok(()));
        }

        #[test]
        fn streams_give_what_they_start(stream in stream(), cut in 0..4000_usize) {
            prop_assert_eq!(fuzz_bridge(&stream, cut), Ok(()));
        }

        #[test]
        fn any_bytes_are_a_stream(bytes in bytes(), cut in 0..400_usize) {
            prop_assert_eq!(fuzz_bridge(&bytes, cut), Ok(()));
        }

        #[test]
        fn logs_are_cut_anywhere(kind in prop::sample::select(LogKind::ALL.as_slice()), bytes in bytes(), cut in 0..400_usize) {
            prop_assert_eq!(fuzz_log(kind, &bytes, cut), Ok(()));
        }

        #[test]
        fn documents_are_read_or_refused(bytes in bytes()) {
            prop_assert_eq!(fuzz_document(&String::from_utf8_lossy(&bytes)), Ok(()));
        }
    }
}
