//! Finishes WebAssembly modules: JavaScript bindings with their package, or the encoding as a
//! component.
//!
//! ```text
//! xtask-wasm browser MODULE FOLDER
//! xtask-wasm component MODULE FILE
//! ```
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stderr,
    reason = "a tool that `cargo xtask` starts: it says on stderr what it made"
)]

mod browser;
mod component;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match finish(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn finish(arguments: &[String]) -> Result<()> {
    match arguments {
        [form, module, output] if form == "browser" => {
            browser::package(Path::new(module), Path::new(output))
        }
        [form, module, output] if form == "component" => {
            component::encode(Path::new(module), Path::new(output))
        }
        _ => bail!("usage: xtask-wasm browser MODULE FOLDER, or xtask-wasm component MODULE FILE"),
    }
}
