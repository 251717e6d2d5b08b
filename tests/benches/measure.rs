//! Whole processes, timed from outside.

use std::env;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use wait4::Wait4;

/// The argument that makes this program the starter of one command.
pub(crate) const STARTER: &str = "--start-one";

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
///
/// It is started by a small process of this program: the memory that the system
/// states for a process is never less than what its starter held.
fn run_to(command: &Command, status: i32) -> Result<Run> {
    let mut starter = Command::new(env::current_exe()?);
    starter
        .arg(STARTER)
        .arg(status.to_string())
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => starter.env(name, value),
            None => starter.env_remove(name),
        };
    }
    let output = starter.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{command:?} could not be measured");
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    let mut next = || {
        numbers
            .next()
            .context("the starter says too little")?
            .context(STARTER)
    };
    Ok(Run {
        wall: Duration::from_micros(next()?),
        cpu: Duration::from_micros(next()?),
        peak_bytes: next()?,
    })
}

/// Runs a command, given behind the status it should end with, and prints the
/// microseconds from start to end, those of processors and the most bytes held.
pub(crate) fn starter(arguments: &[String]) -> Result<()> {
    let [status, program, arguments @ ..] = arguments else {
        bail!("{STARTER} STATUS PROGRAM ARGUMENTS");
    };
    let start = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {program}"))?;
    let ended = child.wait4()?;
    let wall = start.elapsed();
    ensure!(
        ended.status.code() == Some(status.parse()?),
        "{program} ended with {}",
        ended.status
    );
    let cpu = ended.rusage.utime + ended.rusage.stime;
    println!(
        "{} {} {}",
        wall.as_micros(),
        cpu.as_micros(),
        ended.rusage.maxrss
    );
    Ok(())
}
