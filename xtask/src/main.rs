//! `cargo xtask`: the one entry for building, running and testing.
//!
//! It obtains tools, builds, sets paths and starts programs. It asserts nothing itself: what is
//! right is decided by the tests that it starts.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for people at a terminal: results on stdout, progress on stderr"
)]

mod bench;
mod check;
mod command;
mod debian;
mod demo;
mod dist;
mod http;
mod progress;
mod sbom;
mod stamp;
mod tally;
mod test;
mod toolchain;
mod tools;
mod wasm;
mod web;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// One command: its name, what follows it, what it does, and the function.
struct Task {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&Workspace, &[String]) -> Result<()>,
}

const TASKS: &[Task] = &[
    Task {
        name: "demo",
        arguments: "[--check]",
        about: "build everything, print a report over bundled samples, serve the page",
        run: demo::run,
    },
    Task {
        name: "check",
        arguments: "",
        about: "format, lints (native and wasm32) and unit tests: fast, before a commit",
        run: check::run,
    },
    Task {
        name: "test",
        arguments: "",
        about: "everything that CI runs",
        run: test::run,
    },
    Task {
        name: "wasm",
        arguments: "",
        about: "the browser package and the component, in target/artefacts",
        run: wasm::run,
    },
    Task {
        name: "web",
        arguments: "",
        about: "the page, in web/dist, and as one file in target/artefacts",
        run: web::run,
    },
    Task {
        name: "bench",
        arguments: "[ARGS]",
        about: "the comparison table, release build",
        run: bench::run,
    },
    Task {
        name: "dist",
        arguments: "",
        about: "what is released, with checksums and materials, in target/dist",
        run: dist::run,
    },
    Task {
        name: "toolchain",
        arguments: "",
        about: "obtain a compiler for wasm32 and print its path",
        run: toolchain::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        print!("{}", help());
        return Ok(());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h")
        || rest.iter().any(|a| matches!(a.as_str(), "--help" | "-h"))
    {
        print!("{}", help());
        return Ok(());
    }
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        bail!("there is no command \"{name}\"\n\n{}", help());
    };
    if task.arguments.is_empty() && !rest.is_empty() {
        bail!(
            "`cargo xtask {name}` takes no arguments, and was given: {}",
            rest.join(" ")
        );
    }
    (task.run)(&Workspace::locate()?, rest)
}

fn help() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("cargo xtask COMMAND\n\n");
    for task in TASKS {
        let call = format!("{} {}", task.name, task.arguments);
        let _ = writeln!(text, "  {call:<16} {}", task.about);
    }
    text.push_str(
        "\nEnvironment:\n  \
         MUSTER_WASM_TOOLCHAIN=rustup|debian   how to obtain the wasm32 target\n  \
         MUSTER_INSTALL=no                     never install packages, even as root\n  \
         MUSTER_NODE, MUSTER_CHROMIUM, MUSTER_REDIS_SERVER\n                                        \
         programs to use instead of those on PATH\n  \
         CI=true                               a missing tool is a failure, locked dependencies\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::{TASKS, dispatch, help};

    #[test]
    fn every_command_has_one_line_of_help_that_fits() {
        let help = help();
        for task in TASKS {
            let lines: Vec<&str> = help
                .lines()
                .filter(|l| l.trim_start().starts_with(task.name))
                .collect();
            assert_eq!(lines.len(), 1, "{}", task.name);
        }
        assert!(help.lines().all(|line| line.len() <= 90), "{help}");
    }

    #[test]
    fn a_wrong_command_is_named_and_the_right_ones_are_listed() {
        let error = dispatch(&["tset".into()])
            .expect_err("no such command")
            .to_string();
        assert!(
            error.contains("\"tset\"") && error.contains("test"),
            "{error}"
        );
        let error = dispatch(&["dist".into(), "now".into()])
            .expect_err("no arguments")
            .to_string();
        assert!(error.contains("takes no arguments"), "{error}");
    }
}
