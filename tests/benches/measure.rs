//! Whole processes, timed from outside.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

/// One finished process.
pub(crate) struct Run {
    /// From start to end.
    pub(crate) wall: Duration,
    /// Time that it took of processors.
    pub(crate) cpu: Duration,
    /// The most memory that it held.
    pub(crate) peak_bytes: u64,
}

/// Runs two commands in turn, after one uncounted run of each.
pub(crate) fn alternate(a: &Command, b: &Command, runs: usize) -> Result<(Vec<Run>, Vec<Run>)> {
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    if runs > 1 {
        run(a)?;
        run(b)?;
    }
    for _ in 0..runs {
        of_a.push(run(a)?);
        of_b.push(run(b)?);
    }
    Ok((of_a, of_b))
}

/// Runs a command several times.
pub(crate) fn repeat(command: &Command, runs: usize) -> Result<Vec<Run>> {
    (0..runs).map(|_| run(command)).collect()
}

/// Runs a command whose answer is no several times.
pub(crate) fn repeat_no(command: &Command, runs: usize) -> Result<Vec<Run>> {
    (0..runs).map(|_| run_to(command, 1)).collect()
}

/// The middle value.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn run(command: &Command) -> Result<Run> {
    run_to(command, 0)
}

/// Runs a command that is to end with this status.
fn run_to(command: &Command, status: i32) -> Result<Run> {
    // A command runs once only; its program, arguments and environment are copied.
    let mut fresh = Command::new(command.get_program());
    fresh
        .args(command.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => fresh.env(name, value),
            None => fresh.env_remove(name),
        };
    }
    let start = Instant::now();
    let child = fresh
        .spawn()
        .with_context(|| format!("starting {command:?}"))?;
    let ended = child
        .wait4()
        .with_context(|| format!("waiting for {command:?}"))?;
    let wall = start.elapsed();
    ensure!(
        ended.status.code() == Some(status),
        "{command:?} ended with {}",
        ended.status
    );
    Ok(Run {
        wall,
        cpu: ended.rusage.utime + ended.rusage.stime,
        peak_bytes: ended.rusage.maxrss,
    })
}
