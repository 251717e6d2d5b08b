//! The diagnosis of a gateway with logs of 100 MB: reading and judging in
//! process, and the whole command over a bundle that holds both logs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};
use muster_core::Timestamp;
use muster_core::diagnose::{
    Collected, DEFAULT_RECORDS, DiagnoseOptions, Evidence, LogReader, Rulebook, diagnose,
};
use serde_json::json;

use crate::measure::{self, median};

/// Bytes of each of the two logs.
const LOG_BYTES: usize = 50_000_000;
/// How many bytes go in at a time.
const CHUNK: usize = 256 << 10;
/// The time of the last record.
const NOW_MS: i64 = 1_800_043_200_000;

/// Prints how long it takes.
pub(crate) fn table(muster: &Path, folder: &Path, rounds: usize) -> Result<()> {
    let (out, err) = (out_log(), err_log());
    let megabytes = (out.len() + err.len()) as f64 / 1e6;
    println!(
        "{:<46} {:>10} {:>9}",
        format!("diagnosis, logs of {megabytes:.0} MB, median"),
        "wall",
        "MB/s"
    );
    let mut read = Vec::new();
    for _ in 0..rounds {
        read.push(in_process(&out, &err)?);
    }
    row(
        "reading both logs and judging, in process",
        &read,
        megabytes,
    );
    let bundle = folder.join("bundle.json");
    let document = json!({
        "muster_bundle": 1,
        "now_ms": NOW_MS,
        "evidence": {"out_log": out, "err_log": err},
    });
    fs::write(&bundle, document.to_string())?;
    let mut command = Command::new(muster);
    command
        .args(["gateway", "diagnose", "--json", "--bundle"])
        .arg(&bundle);
    let runs = measure::repeat_no(&command, rounds)?;
    let wall: Vec<f64> = runs.iter().map(|run| run.wall.as_secs_f64()).collect();
    row("the command over a bundle of them", &wall, megabytes);
    Ok(())
}

fn row(what: &str, seconds: &[f64], megabytes: f64) {
    let wall = median(seconds.to_vec());
    println!(
        "{what:<46} {:>7.0} ms {:>9.0}",
        wall * 1e3,
        megabytes / wall
    );
}

fn in_process(out: &str, err: &str) -> Result<f64> {
    let start = Instant::now();
    let rules = Rulebook::gateway();
    let read = |name: &str, text: &str| {
        let mut reader = LogReader::new(&rules, name, DEFAULT_RECORDS);
        for chunk in text.as_bytes().chunks(CHUNK) {
            reader.push(chunk);
        }
        Collected::Present(reader.finish())
    };
    let evidence = Evidence {
        out_log: read("out_log", out),
        err_log: read("err_log", err),
        ..Evidence::default()
    };
    let now = Timestamp::from_millis(NOW_MS)?;
    let view = diagnose(&evidence, &rules, now, &DiagnoseOptions::default());
    let seconds = start.elapsed().as_secs_f64();
    ensure!(view.cause == "model.rate_limited", "{}", view.cause);
    Ok(seconds)
}

/// Exchanges: a message comes in, is persisted, dispatched and answered.
fn out_log() -> String {
    let answer = "The nightly build is green. ".repeat(12);
    let mut text = String::with_capacity(LOG_BYTES + 1000);
    let mut number = 0;
    while text.len() < LOG_BYTES {
        let at = NOW_MS - 30_000_000 + number * 300;
        let _ = write!(
            text,
            "[gateway:store] persisted inbound message {{\n  streamId: \"{at}-0\",\n  source: \"tui\",\n  priority: \"P3\",\n}}\n\
             [gateway:fallback] prompt dispatched, starting timeout watch {{\n  timeoutMs: 240000,\n  fallback: \"openai-codex/gpt-5.4\",\n}}\n\
             [gateway] response ready {{\n  source: \"tui\",\n  length: {},\n}}\n{answer}\n\
             [redis] suppressed 1 noise event(s): test.gateway-e2e\n",
            answer.len()
        );
        number += 1;
    }
    text
}

/// Errors of every sort, with frames.
fn err_log() -> String {
    let mut text = String::with_capacity(LOG_BYTES + 1000);
    while text.len() < LOG_BYTES {
        text.push_str(
            "[gateway:watchdog] health check {\n  redis: \"ok\",\n  telegram: \"disabled\",\n  ws: {\n    port: 3018,\n    clients: 0,\n  },\n  queueDepth: 0,\n  uptimeMs: 30349,\n}\n\
             [gateway:knowledge] write skipped {\n  error: 203 | <source line>\n204 | <source line>\n205 | <source line>\n          ^\nerror: not configured\n      at <frame>\n      at <frame>\n,\n}\n\
             [gateway:fallback] API error detected via message_end {\n  reason: \"Anthropic rate limit (429)\",\n  errorMsg: \"429 {\\\"type\\\":\\\"error\\\"}\",\n}\n",
        );
    }
    text
}
