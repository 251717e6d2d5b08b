//! Telemetry entries in swamp's written form: its key order, optional fields left
//! out where they are not there, times in UTC with milliseconds.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::Write;

use super::json_text::{Charset, Spacing, push_respaced, push_string};
use crate::record::telemetry_entry::{
    Dimension, Invocation, InvocationContext, InvocationResult, TelemetryEntry, TriggerSource,
    WorkflowContext,
};
use crate::time::{Timestamp, US_PER_DAY};

/// The entry on one line, without a newline: the form that is sent.
pub fn telemetry_entry_json(entry: &TelemetryEntry<'_>) -> String {
    let mut out = String::with_capacity(768);
    push_telemetry_entry(&mut out, entry);
    out
}

/// The entry over several lines, two spaces a level and no newline at the end:
/// the form of a spool's file.
pub fn telemetry_entry_file(entry: &TelemetryEntry<'_>) -> String {
    let json = telemetry_entry_json(entry);
    let mut out = String::with_capacity(json.len() * 2);
    push_respaced(&mut out, &json, Spacing::Indented, 0);
    out
}

/// Appends the entry on one line to `out`, without a newline.
pub fn push_telemetry_entry(out: &mut String, entry: &TelemetryEntry<'_>) {
    out.push_str("{\"id\":");
    string(out, &entry.id);
    invocation(out, &entry.invocation);
    result(out, &entry.result);
    out.push_str(",\"startedAt\":\"");
    push_time(out, entry.started_at);
    out.push_str("\",\"completedAt\":\"");
    push_time(out, entry.completed_at);
    out.push('"');
    if let Some(us) = entry.duration_us {
        out.push_str(",\"durationMs\":");
        push_millis(out, us);
    }
    optional(out, ",\"swampVersion\":", entry.swamp_version.as_deref());
    optional(out, ",\"denoVersion\":", entry.deno_version.as_deref());
    optional(out, ",\"platform\":", entry.platform.as_deref());
    if let Some(context) = &entry.invocation_context {
        invocation_context(out, context);
    }
    optional(
        out,
        ",\"parentInvocationId\":",
        not_empty(entry.parent_invocation_id.as_deref()),
    );
    if let Some(context) = &entry.workflow_context {
        workflow_context(out, context);
    }
    let source = entry.trigger_source.map(TriggerSource::name);
    optional(out, ",\"triggerSource\":", source);
    let initiator = not_empty(entry.initiated_by.as_deref());
    optional(out, ",\"initiatedBy\":", initiator);
    out.push('}');
}

fn invocation(out: &mut String, invocation: &Invocation<'_>) {
    out.push_str(",\"invocation\":{\"command\":");
    string(out, &invocation.command);
    out.push_str(",\"args\":");
    strings(out, &invocation.args);
    out.push_str(",\"optionKeys\":");
    strings(out, &invocation.option_keys);
    out.push_str(",\"globalOptions\":");
    strings(out, &invocation.global_options);
    let subcommand = not_empty(invocation.subcommand.as_deref());
    optional(out, ",\"subcommand\":", subcommand);
    out.push('}');
}

fn result(out: &mut String, result: &InvocationResult<'_>) {
    out.push_str(",\"result\":{\"status\":");
    string(out, result.status.name());
    out.push_str(",\"exitCode\":");
    push_integer(out, i64::from(result.exit_code));
    let kind = not_empty(result.error_type.as_deref());
    optional(out, ",\"errorType\":", kind);
    let message = not_empty(result.error_message.as_deref());
    optional(out, ",\"errorMessage\":", message);
    out.push('}');
}

/// Appends `,"invocationContext":{..}`.
fn invocation_context(out: &mut String, context: &InvocationContext<'_>) {
    out.push_str(",\"invocationContext\":{");
    let mut comma = "";
    let flags = [
        ("agentSessionDetected", context.agent_session_detected),
        ("isInteractive", context.is_interactive),
        (
            "externalDatastoreConfigured",
            context.external_datastore_configured,
        ),
    ];
    for (name, flag) in flags {
        if let Some(flag) = flag {
            // Writing to a string cannot fail.
            let _ = write!(out, "{comma}\"{name}\":{flag}");
            comma = ",";
        }
    }
    if let Some(tools) = &context.configured_ai_tools {
        out.push_str(comma);
        out.push_str("\"configuredAiTools\":");
        strings(out, tools);
        comma = ",";
    }
    if let Some(tool) = not_empty(context.detected_ai_tool.as_deref()) {
        out.push_str(comma);
        out.push_str("\"detectedAiTool\":");
        string(out, tool);
    }
    out.push('}');
}

fn workflow_context(out: &mut String, context: &WorkflowContext<'_>) {
    out.push_str(",\"workflowContext\":{\"workflowName\":");
    string(out, &context.workflow_name);
    out.push_str(",\"runId\":");
    string(out, &context.run_id);
    out.push_str(",\"jobName\":");
    string(out, &context.job_name);
    out.push_str(",\"stepName\":");
    string(out, &context.step_name);
    dimension(out, ",\"modelType\":", &context.model_type);
    dimension(out, ",\"executor\":", &context.executor);
    dimension(out, ",\"driver\":", &context.driver);
    if let Some(outer) = &context.outer_step {
        out.push_str(",\"outerStep\":{\"runId\":");
        string(out, &outer.run_id);
        out.push_str(",\"jobName\":");
        string(out, &outer.job_name);
        out.push_str(",\"stepName\":");
        string(out, &outer.step_name);
        out.push('}');
    }
    out.push('}');
}

fn dimension(out: &mut String, name: &str, dimension: &Dimension<'_>) {
    match dimension {
        Dimension::Absent => {}
        Dimension::Null => {
            out.push_str(name);
            out.push_str("null");
        }
        Dimension::Text(text) => optional(out, name, Some(text)),
    }
}

/// A text that may be left out; `name` has its comma and colon.
fn optional(out: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        out.push_str(name);
        string(out, text);
    }
}

fn not_empty(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn string(out: &mut String, text: &str) {
    push_string(out, text, Charset::Utf8);
}

fn strings(out: &mut String, texts: &[Cow<'_, str>]) {
    out.push('[');
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        string(out, text);
    }
    out.push(']');
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, finer digits cut off.
fn push_time(out: &mut String, at: Timestamp) {
    let (year, month, day) = at.day().civil();
    // A day has 86,400,000 milliseconds, and each of the others is smaller.
    let narrow = |n: i64| u32::try_from(n).unwrap_or(0);
    let (year, month, day) = (narrow(year), narrow(month), narrow(day));
    let ms = narrow(at.as_micros().rem_euclid(US_PER_DAY) / 1000);
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    for (at, two) in [
        (0, year / 100),
        (2, year % 100),
        (5, month),
        (8, day),
        (11, hours),
        (14, minutes),
        (17, seconds),
        (20, ms / 10),
    ] {
        text[at] = digit(two / 10);
        text[at + 1] = digit(two);
    }
    text[22] = digit(ms);
    out.push_str(core::str::from_utf8(&text).unwrap_or_default());
}

/// The last decimal digit of a number.
fn digit(n: u32) -> u8 {
    b"0123456789"[(n % 10) as usize]
}

/// Microseconds as milliseconds with every digit.
fn push_millis(out: &mut String, us: i64) {
    let (whole, fraction) = (us / 1000, us % 1000);
    if us < 0 && whole == 0 {
        out.push('-');
    }
    push_integer(out, whole);
    if fraction != 0 {
        let digits = alloc::format!("{:03}", fraction.unsigned_abs());
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

pub(super) fn push_integer(out: &mut String, n: i64) {
    // The longest is `-9223372036854775808`.
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    let mut rest = n.unsigned_abs();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if n < 0 {
        out.push('-');
    }
    out.push_str(core::str::from_utf8(&digits[start..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const CASES: &str = include_str!("../../../tests/fixtures/swamp/entry_cases.json");

    /// A text that was read and written.
    fn rewritten(text: &str) -> Result<String, String> {
        TelemetryEntry::parse(text)
            .map(|entry| telemetry_entry_json(&entry))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn entries_are_written_as_the_peer_writes_them() {
        let cases: Value = serde_json::from_str(CASES).unwrap();
        let cases = cases.as_array().unwrap();
        assert!(cases.len() >= 15);
        for case in cases {
            let name = case["name"].as_str().unwrap();
            let peer = &case["peer_head"];
            let got = rewritten(&case["input"].to_string());
            // What the peer can read but not write again is refused on reading.
            if peer["decode_fails"] == true || peer["encode_fails"] == true {
                assert!(got.is_err(), "{name}: {got:?}");
                continue;
            }
            let got = got.unwrap();
            // Compared as texts of sorted keys here; the order has its own test.
            assert_eq!(
                serde_json::from_str::<Value>(&got).unwrap(),
                peer["output"],
                "{name}"
            );
        }
    }

    /// Spooled by the peer itself; its key order is on every line.
    #[test]
    fn entries_of_the_peer_stay_byte_for_byte() {
        let files = [
            include_str!("../../../tests/fixtures/swamp/run_mixed-wf.entries.jsonl"),
            include_str!("../../../tests/fixtures/swamp/run_slow-wf.entries.jsonl"),
        ];
        let lines = files.iter().flat_map(|file| file.lines());
        assert_eq!(lines.clone().count(), 9);
        for line in lines {
            assert_eq!(rewritten(line).unwrap(), line);
        }
    }

    const FULL: &str = r#"{"id":"3b9d5d0e-7d0a-4b5c-8f5e-0d8d4d7f2a10","invocation":{"command":"model","args":["run","<REDACTED>","grind"],"optionKeys":["--input"],"globalOptions":["--json"],"subcommand":"method"},"result":{"status":"user_error","exitCode":1,"errorType":"UserError","errorMessage":"caf\u00e9 \"x\"\r"},"startedAt":"2026-02-05T12:00:00.004Z","completedAt":"2026-02-05T12:00:05.123Z","durationMs":-5000.25,"swampVersion":"20260206.200442.0","denoVersion":"2.6.0","platform":"darwin","invocationContext":{"agentSessionDetected":true,"isInteractive":false,"externalDatastoreConfigured":true,"configuredAiTools":["claude"],"detectedAiTool":"claude"},"parentInvocationId":"p-1","workflowContext":{"workflowName":"","runId":"r","jobName":"a:b","stepName":"c","modelType":"","executor":null,"driver":"docker","outerStep":{"runId":"o","jobName":"j","stepName":""}},"triggerSource":"webhook","initiatedBy":"user:ada"}"#;

    #[test]
    fn every_field_has_its_place() {
        let full = FULL.replace("\\u00e9", "\u{e9}");
        assert_eq!(rewritten(FULL).unwrap(), full);
        let file = telemetry_entry_file(&TelemetryEntry::parse(FULL).unwrap());
        let start = "{\n  \"id\": \"3b9d5d0e-7d0a-4b5c-8f5e-0d8d4d7f2a10\",\n  \"invocation\": {\n    \"command\": \"model\",\n    \"args\": [\n      \"run\",";
        assert!(file.starts_with(start), "{file}");
        assert!(file.ends_with("\"initiatedBy\": \"user:ada\"\n}"), "{file}");
        assert_eq!(rewritten(&file).unwrap(), full);
    }

    #[test]
    fn legacy_contexts_stay_as_they_are() {
        for (now, then) in [
            (r#""externalDatastoreConfigured":true,"#, ""),
            (r#","executor":null"#, ""),
            (r#","durationMs":-5000.25"#, ""),
            (r#","triggerSource":"webhook""#, ""),
        ] {
            let old = FULL.replace(now, then).replace("\\u00e9", "\u{e9}");
            assert_eq!(rewritten(&old).unwrap(), old, "{now}");
        }
        let unknown = FULL.replace("\"id\"", "\"extra\":{\"a\":[1]},\"id\"");
        assert_eq!(rewritten(&unknown), rewritten(FULL));
        let no_args = FULL.replace(r#"["run","<REDACTED>","grind"]"#, "null");
        assert_eq!(
            rewritten(&no_args).unwrap_err(),
            "wrong_type: args: expected an array, found null at byte 84"
        );
    }

    #[test]
    fn durations_keep_their_digits() {
        for (us, text) in [
            (0, "0"),
            (-500, "-0.5"),
            (1_234_500, "1234.5"),
            (i64::MIN, "-9223372036854775.808"),
        ] {
            let mut out = String::new();
            push_millis(&mut out, us);
            assert_eq!(out, text);
        }
    }

    proptest! {
        #[test]
        fn times_are_those_of_the_general_form(us in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros()) {
            let at = Timestamp::from_micros(us).unwrap();
            let mut out = String::new();
            push_time(&mut out, at);
            prop_assert_eq!(out.len(), 24);
            let whole = us - us.rem_euclid(1000);
            prop_assert_eq!(Timestamp::parse(&out).unwrap().as_micros(), whole);
        }

        #[test]
        fn integers_are_those_of_the_general_form(n: i64) {
            let mut out = String::new();
            push_integer(&mut out, n);
            prop_assert_eq!(out, n.to_string());
        }

        #[test]
        fn any_texts_are_read_back(id in ".*", name in ".*", message in ".*") {
            let mut entry = TelemetryEntry::parse(FULL).unwrap();
            entry.id = id.into();
            entry.invocation.command = name.clone().into();
            entry.result.error_message = Some(message.into()).filter(|m: &Cow<'_, str>| !m.is_empty());
            if let Some(context) = &mut entry.workflow_context {
                context.step_name = name.clone().into();
                context.executor = Dimension::Text(name.into());
            }
            let text = telemetry_entry_json(&entry);
            let file = telemetry_entry_file(&entry);
            prop_assert_eq!(TelemetryEntry::parse(&text).unwrap(), entry.clone());
            prop_assert_eq!(TelemetryEntry::parse(&file).unwrap(), entry);
        }
    }
}
