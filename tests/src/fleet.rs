//! The `muster` binary at work on one store, with a home of its own.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::binary::in_home;

/// No answer takes longer than this, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where commands run: a home and a store that nobody else uses.
#[derive(Debug)]
pub struct Fleet {
    /// The home; the store of SQLite lies in it.
    pub user: TempDir,
    url: String,
}

/// A command that goes on while others run.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

/// What a command answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The exit status; 128 and the signal where one ended it.
    pub exit: i32,
    /// The standard output.
    pub stdout: String,
    /// The standard error.
    pub stderr: String,
}

impl Fleet {
    /// A fleet on a new SQLite database.
    pub fn on_sqlite() -> Result<Self> {
        let user = tempfile::tempdir()?;
        let url = format!("sqlite:{}", user.path().join("fleet.db").display());
        Ok(Self { user, url })
    }

    /// A fleet on a store of this address.
    pub fn on(url: impl Into<String>) -> Result<Self> {
        Ok(Self {
            user: tempfile::tempdir()?,
            url: url.into(),
        })
    }

    /// The address of the store.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A command that is not started yet.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = in_home(self.user.path());
        command
            .args(args)
            .env("MUSTER_STORE", &self.url)
            .env("USER", "kim")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Result<Answered> {
        Answered::of(self.command(args).output()?)
    }

    /// Runs a command that must end with this status.
    pub fn expect(&self, exit: i32, args: &[&str]) -> Result<Answered> {
        let answered = self.run(args)?;
        ensure!(
            answered.exit == exit,
            "{args:?} ended with {} instead of {exit}: {}{}",
            answered.exit,
            answered.stdout,
            answered.stderr
        );
        Ok(answered)
    }

    /// The one document that a command prints with `--json`.
    pub fn json(&self, exit: i32, args: &[&str]) -> Result<Value> {
        let args: Vec<&str> = [&["--json"], args].concat();
        self.expect(exit, &args)?.document()
    }

    /// Starts a command.
    pub fn start(&self, args: &[&str]) -> Result<Running> {
        Running::start(&mut self.command(args))
    }
}

impl Answered {
    fn of(output: Output) -> Result<Self> {
        let stderr = String::from_utf8(output.stderr)?;
        ensure!(!stderr.contains("panicked"), "{stderr}");
        Ok(Self {
            exit: exit_of(output.status)?,
            stdout: String::from_utf8(output.stdout)?,
            stderr,
        })
    }

    /// The standard output as the one document that it must be.
    pub fn document(&self) -> Result<Value> {
        let lines = self.stdout.lines().count();
        ensure!(lines == 1, "{lines} lines: {}{}", self.stdout, self.stderr);
        Ok(serde_json::from_str(&self.stdout)?)
    }

    /// The standard output as JSON lines.
    pub fn documents(&self) -> Result<Vec<Value>> {
        let lines = self.stdout.lines().map(serde_json::from_str);
        Ok(lines.collect::<Result<_, _>>()?)
    }
}

impl Running {
    /// Starts a command and listens to what it says.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let stdout = lines_of(child.stdout.take().context("no standard output")?);
        let stderr = lines_of(child.stderr.take().context("no standard error")?);
        Ok(Self {
            child,
            stdout,
            stderr,
        })
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line on the standard output.
    pub fn line(&self) -> Result<String> {
        Ok(self.stdout.recv_timeout(PATIENCE)?)
    }

    /// The next line as JSON.
    pub fn json(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.line()?)?)
    }

    /// Waits until the standard error has a line with this text.
    pub fn says(&self, text: &str) -> Result<String> {
        loop {
            let line = self
                .stderr
                .recv_timeout(PATIENCE)
                .with_context(|| format!("it never said {text}"))?;
            if line.contains(text) {
                return Ok(line);
            }
        }
    }

    /// Sends a signal by its name, such as `TERM`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status()?;
        ensure!(status.success(), "kill failed");
        Ok(())
    }

    /// Waits for the end, and gives what was not read yet.
    pub fn end(mut self) -> Result<Answered> {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        // The channels close when the process has closed its ends.
        for (lines, all) in [(&self.stdout, &mut stdout), (&self.stderr, &mut stderr)] {
            loop {
                match lines.recv_timeout(PATIENCE) {
                    Ok(line) => {
                        all.push_str(&line);
                        all.push('\n');
                    }
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                    Err(error) => bail!("it does not end: {error}: {all}"),
                }
            }
        }
        let status = self.child.wait()?;
        Ok(Answered {
            exit: exit_of(status)?,
            stdout,
            stderr,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn exit_of(status: std::process::ExitStatus) -> Result<i32> {
    use std::os::unix::process::ExitStatusExt as _;

    let signal = status.signal().map(|signal| 128 + signal);
    status.code().or(signal).context("no exit status")
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    lines
}
