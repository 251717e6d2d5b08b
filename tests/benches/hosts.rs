//! The core in its three hosts, one thread each, over the same bytes in memory.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use muster_core::{LogKind, ReadOptions, Telemetry};
use muster_sandbox::{Ingest, Limits, Sandbox, Window};
use muster_tests::{artefacts, hosts::Channel, tool};

use crate::measure::median;

/// How many bytes go in at a time.
const CHUNK: usize = 256 << 10;
/// Passes per round, of which the fastest counts: compilers in the host warm up.
const PASSES: usize = 3;

/// Instances that are made, and calls of one, per round.
const INSTANCES: u32 = 1000;
const CALLS: u32 = 100_000;

/// Prints what instances and calls of the component cost.
pub(crate) fn overhead(rounds: usize) -> Result<()> {
    let component = artefacts::component()?;
    println!(
        "{:<46} {:>10} {:>10}",
        "component in wasmtime, median", "each", "epochs"
    );
    let plain = Sandbox::new(&component, Limits::default())?;
    let watched = Limits {
        time: Some(Duration::from_mins(1)),
        ..Limits::default()
    };
    let watched = Sandbox::new(&component, watched)?;
    let row = |what: &str, each: &dyn Fn(&Sandbox) -> Result<f64>| -> Result<()> {
        let (mut of_plain, mut of_watched) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            of_plain.push(each(&plain)?);
            of_watched.push(each(&watched)?);
        }
        println!(
            "{what:<46} {:>7.2} us {:>7.2} us",
            median(of_plain) * 1e6,
            median(of_watched) * 1e6
        );
        Ok(())
    };
    row("an instance, with its store and a first call", &|sandbox| {
        per(INSTANCES, || {
            sandbox.waiter(0, 1).map(drop).map_err(Into::into)
        })
    })?;
    row("a call that answers yes or no", &|sandbox| {
        let mut waiter = sandbox.waiter(0, 1)?;
        per(CALLS, || waiter.poll_ask().map(drop).map_err(Into::into))
    })?;
    row("a call with a text of 100 bytes", &|sandbox| {
        let mut ingest = ingest(sandbox)?;
        // Blank, so that there is nothing to read in it.
        let text = " ".repeat(99) + "\n";
        per(CALLS, || ingest.push(&text).map_err(Into::into))
    })
}

/// Seconds that one of several runs takes.
fn per(times: u32, mut run: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..times {
        run()?;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(times))
}

/// Prints throughput and the share of native for each host.
pub(crate) fn table(log: &Path, rounds: usize) -> Result<()> {
    let bytes = std::fs::read(log)?;
    let component = artefacts::component()?;
    let plain = Sandbox::new(&component, Limits::default())?;
    let watched = Limits {
        time: Some(Duration::from_mins(1)),
        ..Limits::default()
    };
    let watched = Sandbox::new(&component, watched)?;
    let node = tool::node();
    let module = artefacts::browser()?;

    let mut names = vec![
        "core, native",
        "core in wasmtime, text",
        "core in wasmtime, bytes",
        "core in wasmtime, bytes, time watched",
    ];
    if node.is_some() {
        names.push("core in V8");
    }
    let mut seconds = vec![Vec::new(); names.len()];
    for _ in 0..rounds {
        let mut round = vec![
            best(|| native(&bytes))?,
            best(|| in_wasmtime(&plain, &bytes, Channel::Text))?,
            best(|| in_wasmtime(&plain, &bytes, Channel::Bytes))?,
            best(|| in_wasmtime(&watched, &bytes, Channel::Bytes))?,
        ];
        if let Some(node) = &node {
            round.push(in_v8(node, &module, log)?);
        }
        for (all, one) in seconds.iter_mut().zip(round) {
            all.push(one);
        }
    }
    println!(
        "{:<46} {:>10} {:>9}",
        "one thread, best of a round, median", "MB/s", "native"
    );
    for (name, of_host) in names.iter().zip(&seconds) {
        let ratios = of_host
            .iter()
            .zip(&seconds[0])
            .map(|(own, native)| native / own);
        println!(
            "{name:<46} {:>10.0} {:>8.0}%",
            bytes.len() as f64 / 1e6 / median(of_host.clone()),
            100.0 * median(ratios.collect())
        );
    }
    Ok(())
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

fn native(bytes: &[u8]) -> Result<()> {
    let mut telemetry = Telemetry::new(ReadOptions::default());
    let mut scan = telemetry.scan(LogKind::Usage, 0);
    for chunk in bytes.chunks(CHUNK) {
        scan.push(chunk);
    }
    scan.finish();
    telemetry.absorb("usage.jsonl", bytes.len() as u64, scan);
    ensure!(telemetry.usage_report().totals.calls > 0, "nothing read");
    Ok(())
}

/// A guest with an open file.
fn ingest(sandbox: &Sandbox) -> Result<Ingest> {
    let mut ingest = sandbox.ingest(muster_sandbox::ReadOptions {
        window: Window {
            from: None,
            to: None,
        },
        against: None,
        recent: 20,
        naive_offset_minutes: 0,
    })?;
    ingest.open("usage.jsonl")?;
    Ok(ingest)
}

fn in_wasmtime(sandbox: &Sandbox, bytes: &[u8], channel: Channel) -> Result<()> {
    let mut ingest = ingest(sandbox)?;
    for chunk in bytes.chunks(CHUNK) {
        match channel {
            // The corpus is ASCII: every cut lies between characters.
            Channel::Text => ingest.push(std::str::from_utf8(chunk)?)?,
            Channel::Bytes => ingest.push_bytes(chunk)?,
        }
    }
    ingest.close()?;
    ensure!(ingest.report()?.totals.calls > 0, "nothing read");
    Ok(())
}

fn in_v8(node: &Path, module: &Path, log: &Path) -> Result<f64> {
    let output = Command::new(node)
        .arg(artefacts::tests("web/speed.mjs"))
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
        .context("speed.mjs prints the seconds of its fastest pass")
}
