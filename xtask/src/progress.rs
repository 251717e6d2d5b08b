//! Headings and times on standard error.

use std::env;
use std::io::{self, IsTerminal as _};
use std::time::Instant;

use anyhow::{Context as _, Result};

/// Whether standard error may carry colour.
pub(crate) fn colour() -> bool {
    io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Does one long piece of work under a heading, and says how long it took.
pub(crate) fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let (bold, reset) = if colour() {
        ("\u{1b}[1m", "\u{1b}[0m")
    } else {
        ("", "")
    };
    eprintln!("{bold}==> {title}{reset}");
    let start = Instant::now();
    let result = work().with_context(|| format!("{title}: failed"));
    let seconds = start.elapsed().as_secs_f64();
    let end = if result.is_ok() { "done" } else { "failed" };
    eprintln!("    {title}: {end} in {seconds:.1} s");
    result
}

/// One line below a heading.
pub(crate) fn detail(line: &str) {
    eprintln!("    {line}");
}
