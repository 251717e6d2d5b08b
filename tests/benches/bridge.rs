//! The bridge: events in process, JSON lines to entries in three hosts, and the
//! whole command.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use muster_core::Timestamp;
use muster_core::bridge::{Bridge, Event, Message, Replay, ReplayOptions, StreamLine};
use muster_sandbox::{Limits, Sandbox};
use muster_tests::{artefacts, tool};

use crate::measure::{self, median};

/// Steps of the stream; each has five events.
const STEPS: u64 = 100_000;
const EVENTS: f64 = (STEPS * 5 + 1) as f64;
/// How many bytes go in at a time.
const CHUNK: usize = 256 << 10;
/// Passes per round, of which the fastest counts.
const PASSES: usize = 3;
/// How often the stream is given to one bridge, to see what stays in memory.
const REPEATS: u64 = 20;

/// Prints events per second, and what share of native the other hosts reach.
pub(crate) fn table(muster: &Path, folder: &Path, rounds: usize) -> Result<()> {
    let text = stream();
    let log = folder.join("events.jsonl");
    fs::write(&log, &text)?;
    let sandbox = Sandbox::new(&artefacts::component()?, Limits::default())?;
    let node = tool::node();
    let module = artefacts::browser()?;
    println!(
        "{:<46} {:>10} {:>9}",
        "bridge, one thread, best of a round, median", "M events/s", "native"
    );
    let events = parsed(&text)?;
    let mut alone = Vec::new();
    let mut names = vec!["lines to entries, native", "lines to entries in wasmtime"];
    names.extend(node.is_some().then_some("lines to entries in V8"));
    let mut seconds = vec![Vec::new(); names.len()];
    for _ in 0..rounds {
        alone.push(best(|| in_process(&events))?);
        let mut round = vec![
            best(|| native(&text))?,
            best(|| in_wasmtime(&sandbox, &text))?,
        ];
        if let Some(node) = &node {
            round.push(in_v8(node, &module, &log)?);
        }
        for (all, one) in seconds.iter_mut().zip(round) {
            all.push(one);
        }
    }
    let rate = |seconds: &[f64]| EVENTS / 1e6 / median(seconds.to_vec());
    println!(
        "{:<46} {:>10.1}",
        "events to entries, no sink",
        rate(&alone)
    );
    for (name, of_host) in names.iter().zip(&seconds) {
        let shares = of_host
            .iter()
            .zip(&seconds[0])
            .map(|(own, native)| native / own);
        println!(
            "{name:<46} {:>10.1} {:>8.0}%",
            rate(of_host),
            100.0 * median(shares.collect())
        );
    }
    whole_process(muster, &log, rounds)?;
    stays_flat(&text)
}

/// The mix of events that a step with a method gives; one of ten steps fails.
fn stream() -> String {
    let mut text = String::from(
        "{\"kind\":\"started\",\"runId\":\"0b7f6a3e-91aa-4c0e-8a77-2f6d1b9e0c11\",\"workflowName\":\"nightly-roast\",\"jobs\":[{\"id\":\"mill\",\"stepCount\":2,\"dependsOn\":[]}]}\n",
    );
    for step in 0..STEPS {
        let names = format!("\"jobId\":\"mill\",\"stepId\":\"grind-{step}\"");
        let method = "\"modelName\":\"hopper-7\",\"methodName\":\"run\"";
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{{\"kind\":\"step_started\",{names}}}");
        let _ = writeln!(
            text,
            "{{\"kind\":\"model_resolved\",{names},\"modelName\":\"hopper-7\",\"modelType\":\"acme/kiln\",\"modelId\":\"5d1f0b7e-3c1c-4f0e-9a51-0b6b0b1f7a10\",\"methodName\":\"run\"}}"
        );
        let _ = writeln!(text, "{{\"kind\":\"method_executing\",{names},{method}}}");
        let _ = writeln!(
            text,
            "{{\"kind\":\"method_output\",{names},{method},\"stream\":\"stdout\",\"line\":\"temperature 204 C\"}}"
        );
        let _ = if step % 10 == 9 {
            writeln!(
                text,
                "{{\"kind\":\"step_failed\",{names},\"error\":\"exit code 3\",{method}}}"
            )
        } else {
            writeln!(
                text,
                "{{\"kind\":\"step_completed\",{names},\"executor\":\"loopback\"}}"
            )
        };
    }
    text
}

fn parsed(text: &str) -> Result<Vec<Event<'_>>> {
    text.lines()
        .map(|line| match StreamLine::parse(line)?.message {
            Message::Event(event) => Ok(event),
            other => bail!("{other:?} is no event"),
        })
        .collect()
}

fn best(mut pass: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..PASSES {
        let start = Instant::now();
        pass()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn in_process(events: &[Event<'_>]) -> Result<()> {
    let mut bridge = Bridge::default();
    let mut entries = 0;
    for (ms, event) in (0..).zip(events) {
        bridge.handle_event(Timestamp::from_millis(ms)?, event);
        while bridge.poll_entry().is_some() {
            entries += 1;
        }
    }
    ensure!(entries == STEPS, "{entries} entries");
    Ok(())
}

fn options() -> ReplayOptions {
    ReplayOptions {
        parent_id: Some("0f7c2a54-1111-4a61-9b1e-5b8f4a2d9c01".to_owned()),
        ..ReplayOptions::default()
    }
}

fn native(text: &str) -> Result<()> {
    let mut replay = Replay::new(options());
    let now = Timestamp::from_millis(0)?;
    let mut out = String::new();
    let mut bytes = 0;
    for chunk in text.as_bytes().chunks(CHUNK) {
        replay.push(now, chunk, &mut out);
        bytes += out.len();
        out.clear();
    }
    replay.finish(now, &mut out);
    ensure!(replay.counts().entries() == STEPS && bytes > 0, "not all");
    Ok(())
}

fn in_wasmtime(sandbox: &Sandbox, text: &str) -> Result<()> {
    let mut replay = sandbox.replay(&muster_sandbox::ReplayOptions {
        parent_id: options().parent_id,
        producer: None,
        clock: None,
        outer_run: false,
        redact_names: false,
        classify: None,
        leave_open: false,
    })?;
    let mut bytes = 0;
    for chunk in text.as_bytes().chunks(CHUNK) {
        // The stream is ASCII: every cut lies between characters.
        bytes += replay.push(0, std::str::from_utf8(chunk)?)?.len();
    }
    bytes += replay.finish(0)?.len();
    ensure!(bytes > 0, "no entries");
    Ok(())
}

fn in_v8(node: &Path, module: &Path, log: &Path) -> Result<f64> {
    let output = Command::new(node)
        .arg(artefacts::tests("web/replay-speed.mjs"))
        .args([module, log])
        .args([CHUNK.to_string(), PASSES.to_string()])
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)?
        .trim()
        .parse()
        .context("replay-speed.mjs prints the seconds of its fastest pass")
}

fn whole_process(muster: &Path, log: &Path, rounds: usize) -> Result<()> {
    let mut command = Command::new(muster);
    command.args(["bridge", "replay"]).arg(log);
    let runs = measure::repeat(&command, rounds)?;
    let cpu = runs.iter().map(|run| run.cpu.as_secs_f64());
    let memory = runs.iter().map(|run| run.peak_bytes as f64 / 1e6);
    println!(
        "{:<46} {:>10.1}  per CPU second, {:.0} MB",
        "muster bridge replay, whole process",
        EVENTS / 1e6 / median(cpu.collect()),
        median(memory.collect())
    );
    Ok(())
}

/// Ten million events through one bridge.
fn stays_flat(text: &str) -> Result<()> {
    let mut replay = Replay::new(options());
    let now = Timestamp::from_millis(0)?;
    let mut out = String::new();
    let mut most_kept = 0;
    let before = resident();
    for _ in 0..REPEATS {
        for chunk in text.as_bytes().chunks(CHUNK) {
            replay.push(now, chunk, &mut out);
            out.clear();
            most_kept = most_kept.max(replay.bridge().kept());
        }
    }
    let grown = resident()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    println!(
        "{:<46} {:>10.1}  million events: at most {most_kept} steps and runs kept, {} grown",
        "one bridge",
        EVENTS * REPEATS as f64 / 1e6,
        grown.map_or("unknown".to_owned(), |kb| format!("{kb} kB"))
    );
    ensure!(most_kept <= 3, "the bridge keeps what has passed");
    Ok(())
}

/// Memory of this process in kilobytes, where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
