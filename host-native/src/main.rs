//! `muster`: calls the roll of a fleet of AI agents.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    muster::cli::main()
}
