//! `cargo xtask bench`: how fast Muster is, beside peers that run in the same minutes.
//!
//! Whole processes are timed, ours and each peer's in turn, so that a ratio
//! holds when the machine's speed drifts. Medians are shown.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

mod bridge;
mod corpus;
mod dashboard;
mod gateway;
mod hosts;
mod measure;
mod peers;
mod redis;
mod store;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use measure::{Run, alternate, median};

/// The parts of the table, for `--only`.
const GROUPS: [&str; 7] = [
    "reports",
    "hosts",
    "bridge",
    "gateway",
    "dashboard",
    "stores",
    "redis",
];

/// Lines of the corpus for one thread: about 100 MB.
const HOST_LINES: u64 = 320_000;

/// What is being measured and with what.
struct Bench {
    muster: PathBuf,
    /// Home folder of the corpus; its log is `telemetry/usage.jsonl`.
    home: PathBuf,
    /// An empty cache folder for Muster's index.
    cache: PathBuf,
    lines: u64,
    runs: usize,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((store::CHILD, task)) = arguments.split_first().map(|(a, b)| (a.as_str(), b)) {
        return store::child(task);
    }
    if let Some((measure::STARTER, task)) = arguments.split_first().map(|(a, b)| (a.as_str(), b)) {
        return measure::starter(task);
    }
    let (mut lines, mut runs, mut signals) = (1_000_000, 5, 100_000);
    let (mut only, mut address) = (None, None);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let value = arguments
            .next()
            .with_context(|| format!("{argument} needs a value"))?;
        match argument.as_str() {
            "--lines" => lines = value.parse().context("--lines takes a number")?,
            "--runs" => runs = value.parse().context("--runs takes a number")?,
            "--signals" => signals = value.parse().context("--signals takes a number")?,
            "--store" => address = Some(value),
            "--only" => only = Some(value),
            _ => anyhow::bail!(
                "unknown argument {argument}: --only GROUP, --lines N, --runs N, --signals N, --store ADDRESS"
            ),
        }
    }
    ensure!(runs > 0, "--runs must be at least 1");
    ensure!(signals > 0, "--signals must be at least 1");
    let only = only.as_deref();
    ensure!(
        only.is_none_or(|only| GROUPS.contains(&only)),
        "--only takes one of {GROUPS:?}"
    );
    let wanted = |group| only.is_none_or(|only| only == group);
    if wanted("reports") {
        reports(lines, runs)?;
        println!();
    }
    if wanted("hosts") {
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("hosts.jsonl");
        corpus::write(&log, HOST_LINES, 0)?;
        hosts::table(&log, runs)?;
        println!();
    }
    if wanted("bridge") {
        let folder = tempfile::tempdir()?;
        bridge::table(&muster_binary()?, folder.path(), runs)?;
        println!();
    }
    if wanted("gateway") {
        let folder = tempfile::tempdir()?;
        gateway::table(&muster_binary()?, folder.path(), runs)?;
        println!();
    }
    if wanted("dashboard") {
        let folder = tempfile::tempdir()?;
        dashboard::table(&muster_binary()?, folder.path(), lines, runs)?;
        println!();
    }
    if wanted("stores") {
        let folder = tempfile::tempdir()?;
        let embedded = folder.path().join("muster.db").display().to_string();
        store::table(address.as_deref().unwrap_or(&embedded), signals)?;
        println!();
    }
    if wanted("redis") {
        redis::table(signals, runs)?;
    }
    Ok(())
}

fn muster_binary() -> Result<PathBuf> {
    std::env::var_os("MUSTER_BIN")
        .map(PathBuf::from)
        .context("MUSTER_BIN must name a release build of muster: use `cargo xtask bench`")
}

/// Whole processes over a log.
fn reports(lines: u64, runs: usize) -> Result<()> {
    let muster = muster_binary()?;

    let folder = tempfile::tempdir()?;
    let bench = Bench {
        muster,
        home: folder.path().join("home"),
        cache: folder.path().join("cache"),
        lines,
        runs,
    };
    eprintln!("writing {lines} usage lines ...");
    let bytes = corpus::write(&bench.log(), lines, 0)?;
    println!("corpus: {lines} lines, {:.0} MB", bytes as f64 / 1e6);
    println!(
        "{:<46} {:>10} {:>9} {:>9}",
        "whole process, median", "wall", "memory", "ratio"
    );
    bench.report_beside_peers()?;
    bench.indexed_report()
}

impl Bench {
    fn log(&self) -> PathBuf {
        self.home.join("telemetry").join("usage.jsonl")
    }

    fn show(&self, index: bool) -> Command {
        let mut command = Command::new(&self.muster);
        command
            .args(["telemetry", "show", "--all", "--json", "--home"])
            .arg(&self.home);
        command.arg("--project").arg(&self.home);
        command
            .env("XDG_CACHE_HOME", &self.cache)
            .env_remove("MUSTER_STORE");
        if !index {
            command.arg("--no-index");
        }
        command
    }

    /// The usage report over the whole log, ours and each peer's.
    fn report_beside_peers(&self) -> Result<()> {
        let ours = self.show(false);
        let mut all_ours = Vec::new();
        for peer in peers::available()? {
            let runs = self.runs.min(peer.most_runs);
            let theirs = peer.command(&self.home);
            let (a, b) = alternate(&ours, &theirs, runs)
                .with_context(|| format!("comparing with {}", peer.name))?;
            let ratios = a
                .iter()
                .zip(&b)
                .map(|(a, b)| b.wall.as_secs_f64() / a.wall.as_secs_f64());
            let ratio = median(ratios.collect());
            row(
                &format!("usage report by {}", peer.name),
                &b,
                &format!("{ratio:.1} x ours"),
            );
            all_ours.extend(a);
        }
        if all_ours.is_empty() {
            all_ours = measure::repeat(&ours, self.runs)?;
        }
        row("usage report by muster, no index", &all_ours, "1");
        Ok(())
    }

    /// The same report from the index: unchanged, and after a thousand new lines.
    fn indexed_report(&self) -> Result<()> {
        let show = self.show(true);
        measure::repeat(&show, 1)?;
        let unchanged = measure::repeat(&show, self.runs)?;
        row("the same again, index, log unchanged", &unchanged, "");
        let mut grown = Vec::new();
        for round in 0..self.runs as u64 {
            append(&self.log(), &corpus::lines(1000, self.lines + round * 1000))?;
            grown.extend(measure::repeat(&show, 1)?);
        }
        row("the same again, index, 1,000 lines appended", &grown, "");
        Ok(())
    }
}

fn append(log: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .append(true)
        .open(log)?
        .write_all(text.as_bytes())?;
    Ok(())
}

fn row(what: &str, runs: &[Run], ratio: &str) {
    let wall = median(runs.iter().map(|run| run.wall.as_secs_f64()).collect());
    let memory = median(runs.iter().map(|run| run.peak_bytes as f64).collect());
    println!(
        "{what:<46} {:>7.1} ms {:>6.0} MB {ratio:>9}",
        wall * 1e3,
        memory / 1e6
    );
}
