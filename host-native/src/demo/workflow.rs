//! Runs of workflows, as entries in a spool.

use std::io;
use std::path::Path;

use muster_core::Timestamp;
use muster_core::record::telemetry_entry::TelemetryEntry;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::history::seconds;
use crate::bridge::Spool;

/// One step: the job, the step, the model's type, begin and end in tenths of a second.
type Step = (&'static str, &'static str, &'static str, i64, i64);

const STEPS: [Step; 9] = [
    ("prepare", "checkout", "command/shell", 2, 14),
    ("prepare", "restore-cache", "command/shell", 3, 31),
    ("build", "compile-linux", "command/shell", 32, 118),
    ("build", "compile-macos", "command/shell", 32, 141),
    ("build", "compile-wasm", "command/shell", 34, 88),
    ("test", "unit", "command/shell", 142, 190),
    ("test", "integration", "command/shell", 142, 263),
    ("review", "summarise", "llm/claude", 150, 204),
    ("release", "publish", "command/shell", 264, 301),
];

/// Writes three runs: two went well, one failed in a parallel step.
pub(super) fn write_runs(folder: &Path, now: Timestamp) -> io::Result<()> {
    let spool = Spool::new(folder);
    spool.create()?;
    for (number, workflow, ago, failing) in [
        (1, "nightly", 5400, None),
        (2, "release", 1500, Some("integration")),
        (3, "release", 70, None),
    ] {
        let begin = seconds(now, -ago);
        let parent = id_of(&format!("parent {number}"));
        let run = id_of(&format!("run {number}"));
        let mut end = 0;
        for (job, step, model_type, from, to) in STEPS {
            let is_failed = failing == Some(step);
            if failing.is_some() && job == "release" {
                continue;
            }
            end = end.max(to);
            let id = id_of(&format!("{run} {job} {step}"));
            let context = format!(
                r#","parentInvocationId":"{parent}","workflowContext":{{"workflowName":"{workflow}","runId":"{run}","jobName":"{job}","stepName":"{step}","modelType":"{model_type}","executor":"loopback"}}"#
            );
            write(
                &spool,
                &entry(
                    id,
                    ["model", "method run"],
                    (begin, from, to),
                    is_failed,
                    &context,
                ),
            )?;
        }
        let text = entry(
            parent,
            ["workflow", "run"],
            (begin, 0, end + 4),
            failing.is_some(),
            "",
        );
        write(&spool, &text)?;
    }
    spool.sync()
}

/// The same id for the same name.
fn id_of(name: &str) -> Uuid {
    Uuid::from_u128(xxh3_128(name.as_bytes()))
}

fn write(spool: &Spool, text: &str) -> io::Result<()> {
    let entry = TelemetryEntry::parse(text)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.kind.to_string()))?;
    spool.write(&entry).map(drop)
}

fn entry(
    id: Uuid,
    [command, subcommand]: [&str; 2],
    (begin, from, to): (Timestamp, i64, i64),
    is_failed: bool,
    context: &str,
) -> String {
    let at = |tenths: i64| begin.saturating_add_us(tenths * 100_000);
    let result = if is_failed {
        r#"{"status":"error","exitCode":1,"errorType":"Error","errorMessage":"3 of 212 tests failed"}"#
    } else {
        r#"{"status":"success","exitCode":0}"#
    };
    format!(
        r#"{{"id":"{id}","invocation":{{"command":"{command}","subcommand":"{subcommand}","args":["<REDACTED>"],"optionKeys":[],"globalOptions":[]}},"result":{result},"startedAt":"{}","completedAt":"{}","durationMs":{},"swampVersion":"demo","denoVersion":"demo","platform":"linux"{context}}}"#,
        at(from),
        at(to),
        (to - from) * 100
    )
}
