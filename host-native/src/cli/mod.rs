//! The command line: what was typed, what it means, and the exit status.

mod approval;
mod bridge;
mod completions;
mod context;
mod cost;
mod demo;
mod doctor;
mod feedback;
mod follow;
mod gateway;
mod heartbeat;
mod live;
mod logs;
mod ops;
mod session;
mod shell;
mod signal;
mod store;
mod stream;
mod telemetry;
mod values;
mod waiting;
mod window;

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::iter;
use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

pub use context::{Context, RowArgs};

use crate::error::{Answer, Failure, FailureKind};

/// Calls the roll of a fleet of AI agents: who is alive, what it cost, what
/// broke first, and what to do now.
#[derive(Debug, Parser)]
#[command(
    name = "muster",
    version,
    propagate_version = true,
    max_term_width = 80,
    after_help = "Example:\n  muster telemetry show --days 7\n\n\
        Exit status: 0 the answer is yes, 1 it is no, 2 wrong usage, 3 something needed\n\
        cannot be reached, 4 the input cannot be used, 5 a defect in Muster."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
pub struct Global {
    /// Print one JSON document on the standard output, and nothing else
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,
    /// Take this as the time now, such as 2026-11-20T12:00:00Z
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        env = "MUSTER_NOW",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    now: Option<String>,
    /// Show and read times in this zone: UTC, local, Europe/Berlin or +02:00
    #[arg(
        long,
        global = true,
        value_name = "ZONE",
        default_value = "UTC",
        allow_hyphen_values = true,
        help_heading = "Global options"
    )]
    tz: String,
    /// Where agents meet: a file, or such as `redis://localhost` [default: a database in the data folder]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "MUSTER_STORE",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    store: Option<String>,
    /// Do not look for what agents wrote into Redis without Muster
    #[arg(long, global = true, help_heading = "Global options")]
    no_foreign: bool,
    /// Read settings from this file before all other muster.toml files
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options"
    )]
    config: Option<PathBuf>,
    /// Say more on the standard error
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    verbose: u8,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reports on the logs that agents write
    #[command(subcommand)]
    Telemetry(telemetry::Command),
    /// Telemetry of workflows: from events to entries, spooled and sent
    #[command(subcommand)]
    Bridge(bridge::Command),
    /// What your organisation is billed and uses, by the provider's own reports
    #[command(subcommand)]
    Cost(cost::Command),
    /// What is wrong with a gateway, why, and what to do
    #[command(subcommand)]
    Gateway(gateway::Command),
    /// Messages between agents: sent to one or to all, received once
    #[command(subcommand)]
    Signal(signal::Command),
    /// Signs of life of agents: who is alive, late, stale, dead or finished
    #[command(subcommand)]
    Heartbeat(heartbeat::Command),
    /// Requests that wait for a human, and the answers
    #[command(subcommand)]
    Approval(approval::Command),
    /// Events that many read: publish, consume where you left off, trim
    #[command(subcommand)]
    Stream(stream::Command),
    /// Votes on help templates, scores of work, and what they recommend
    #[command(subcommand)]
    Feedback(feedback::Command),
    /// The place where agents meet: what it is, whether it is sound, who watches it
    #[command(subcommand)]
    Store(store::Command),
    Doctor(doctor::Doctor),
    Ops(ops::Ops),
    Demo(demo::Demonstration),
    Completions(completions::Completions),
    Man(completions::Man),
}

/// Runs the command of this process and gives its exit status.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().collect();
    let json = asks_for_json(&args);
    // A panic is a defect: it is told as one, in the form that was asked for.
    let result = panic::catch_unwind(|| run(args)).unwrap_or_else(|_| {
        Err(Failure::defect("Muster broke off")
            .hint("please report this with the message above and how it came about"))
    });
    match result {
        Ok(answer) => ExitCode::from(answer.exit()),
        Err(failure) => {
            report(&failure, json);
            ExitCode::from(failure.exit())
        }
    }
}

/// The whole command line, as completions and man pages are made from it.
fn command() -> clap::Command {
    Cli::command()
}

fn run(args: Vec<OsString>) -> Result<Answer, Failure> {
    let json = asks_for_json(&args);
    let parsed = command().try_get_matches_from(args).and_then(|matches| {
        let store = matches.value_source("store");
        let is_typed = store == Some(ValueSource::CommandLine);
        Ok((Cli::from_arg_matches(&matches)?, is_typed))
    });
    let (cli, is_store_typed) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return explain(&error, json),
    };
    let context = Context::new(&cli.global, is_store_typed)?;
    match &cli.command {
        Command::Telemetry(command) => command.run(&context),
        Command::Bridge(command) => command.run(&context),
        Command::Cost(command) => command.run(&context),
        Command::Gateway(command) => command.run(&context),
        Command::Signal(command) => command.run(&context),
        Command::Heartbeat(command) => command.run(&context),
        Command::Approval(command) => command.run(&context),
        Command::Stream(command) => command.run(&context),
        Command::Feedback(command) => command.run(&context),
        Command::Store(command) => command.run(&context),
        Command::Doctor(doctor) => doctor.run(&context),
        Command::Ops(ops) => ops.run(&context),
        Command::Demo(demo) => demo.run(&context),
        Command::Completions(completions) => completions.run(&context),
        Command::Man(man) => man.run(&context),
    }
}

/// Help and version are answers; everything else of clap is wrong usage.
fn explain(error: &clap::Error, json: bool) -> Result<Answer, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            error
                .print()
                .map_err(|error| Failure::output("the standard output", &error))?;
            Ok(Answer::Yes)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !json => {
            let _ = error.print();
            Err(Failure::usage(String::new()))
        }
        _ => {
            let text = error.render().to_string();
            let text = text.trim().strip_prefix("error: ").unwrap_or(text.trim());
            let mut paragraphs = text.split("\n\n");
            let message = match error.kind() {
                ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing",
                _ => paragraphs.next().unwrap_or(text),
            };
            let rest = if message == "a command is missing" {
                "for more information, try '--help'".to_owned()
            } else {
                paragraphs.map(str::trim).collect::<Vec<_>>().join("\n  ")
            };
            let failure = Failure::usage(message);
            Err(if rest.is_empty() {
                failure
            } else {
                failure.hint(rest)
            })
        }
    }
}

/// Whether `--json` was typed, also where the command line makes no sense.
fn asks_for_json(args: &[OsString]) -> bool {
    args.iter()
        .skip(1)
        .take_while(|arg| *arg != "--")
        .any(|arg| arg == "--json")
}

/// Tells a failure on the standard error, and as JSON on the standard output if asked.
fn report(failure: &Failure, json: bool) {
    if failure.kind == FailureKind::OutputClosed {
        return;
    }
    // Nobody is left to tell when these fail.
    if json {
        let _ = writeln!(io::stdout(), "{}", failure.to_json());
    } else if !failure.message.is_empty() {
        let mut error = io::stderr();
        for failure in iter::once(failure).chain(&failure.others) {
            let text = crate::render::lines(&failure.to_string());
            let _ = writeln!(error, "muster: {text}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let help = command.get_after_help().map(ToString::to_string);
            let leaf = command.get_subcommands().next().is_none();
            assert!(
                !leaf || help.is_some_and(|help| help.contains("Example")),
                "{path} has no example"
            );
            for inner in command.get_subcommands() {
                check(inner, &path);
            }
        }
        check(&command(), "");
    }

    #[test]
    fn what_stands_below_the_help_fits_its_lines() {
        fn check(command: &clap::Command) {
            let help = command.get_after_help().map(ToString::to_string);
            for line in help.unwrap_or_default().lines() {
                // Examples may be longer: they are typed, not read.
                let is_example = line.starts_with("  ");
                let name = command.get_name();
                assert!(is_example || line.chars().count() <= 80, "{name}: {line}");
            }
            for inner in command.get_subcommands() {
                check(inner);
            }
        }
        check(&command());
    }

    #[test]
    fn json_is_seen_before_the_end_of_options() {
        let args = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(asks_for_json(&args("muster nonsense --json")));
        assert!(!asks_for_json(&args("muster run -- x --json")));
    }
}
