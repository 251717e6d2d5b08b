//! Commands that run under Muster's eyes: signals are passed on, and the end is told.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::process::{Child, Command};
use tokio::signal::unix::{self, SignalKind};

use crate::error::{Failure, describe};

/// A command that runs.
#[derive(Debug)]
pub struct Process {
    child: Child,
    signals: Signals,
    /// The last signal that was passed on and asks for the end.
    told_to_end: Option<Signal>,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit status, or 128 and the signal that ended it.
    pub exit: u8,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Whether it was told to end by a signal that was passed on.
    pub was_told: bool,
}

/// What a command is started with.
#[derive(Clone, Debug)]
pub struct Start<'a> {
    /// The program and its arguments.
    pub command: &'a [OsString],
    /// Variables added to its environment.
    pub variables: &'a [(&'a str, String)],
    /// Whether what it writes goes to the standard error, because the standard
    /// output is for a document.
    pub to_stderr: bool,
}

impl Process {
    /// Starts a command. From now on signals go to it.
    pub fn start(start: &Start<'_>) -> Result<Self, Failure> {
        let Some((program, args)) = start.command.split_first() else {
            return Err(Failure::usage("the command is missing").before_start());
        };
        let failed = |error: &io::Error| {
            Failure::unreachable(format!(
                "cannot start {}: {}",
                program.display(),
                describe(error)
            ))
            .hint("name a program that is on the PATH and may be executed")
            .before_start()
        };
        // Before the start, so that none falls between.
        let signals = Signals::new().map_err(|error| failed(&error))?;
        let mut command = Command::new(program);
        command
            .args(args)
            .envs(start.variables.iter().map(|(name, value)| (name, value)));
        if start.to_stderr {
            let stderr = io::stderr()
                .as_fd()
                .try_clone_to_owned()
                .map_err(|error| failed(&error))?;
            command.stdout(Stdio::from(stderr));
        }
        let child = command.spawn().map_err(|error| failed(&error))?;
        Ok(Self {
            child,
            signals,
            told_to_end: None,
        })
    }

    /// Waits for the end and passes signals on until then.
    pub async fn ended(&mut self) -> Result<Ended, Failure> {
        loop {
            tokio::select! {
                status = self.child.wait() => {
                    let status = status.map_err(|error| {
                        Failure::unreachable(format!("cannot wait for the command: {}", describe(&error)))
                    })?;
                    return Ok(Ended::of(status, self.told_to_end.is_some()));
                }
                signal = self.signals.next() => self.pass_on(signal),
            }
        }
    }

    fn pass_on(&mut self, signal: Signal) {
        if asks_for_the_end(signal) {
            self.told_to_end = Some(signal);
        }
        if matches!(signal, Signal::INT | Signal::QUIT) && is_in_foreground() {
            // The terminal has sent it to the command, too.
            return;
        }
        // The id is the child's until it is waited for, which is done here alone.
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may have ended just now.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Ended {
    fn of(status: ExitStatus, was_told: bool) -> Self {
        let signal = status.signal();
        let exit = match (status.code(), signal) {
            (Some(code), _) => code,
            (None, Some(signal)) => 128 + signal,
            (None, None) => 255,
        };
        Self {
            exit: u8::try_from(exit).unwrap_or(255),
            signal,
            was_told,
        }
    }
}

/// Whether this process is of those that the terminal sends its signals to.
fn is_in_foreground() -> bool {
    // One of the three may be redirected.
    let ours = |group: Result<Pid, _>| group.is_ok_and(|group| group == getpgrp());
    ours(tcgetpgrp(io::stdin())) || ours(tcgetpgrp(io::stdout())) || ours(tcgetpgrp(io::stderr()))
}

/// Hears the signals that ask this process to end, which end it no more by themselves.
#[derive(Debug)]
pub struct EndSignals(Signals);

impl EndSignals {
    /// From now on.
    pub fn hear() -> Result<Self, Failure> {
        Signals::new().map(Self).map_err(|error| {
            Failure::unreachable(format!("cannot wait for signals: {}", describe(&error)))
        })
    }

    /// The exit status of a process that the next one ends: 128 and its number.
    pub async fn next(&mut self) -> u8 {
        loop {
            let signal = self.0.next().await;
            if asks_for_the_end(signal) {
                return u8::try_from(128 + signal.as_raw()).unwrap_or(255);
            }
        }
    }
}

fn asks_for_the_end(signal: Signal) -> bool {
    matches!(
        signal,
        Signal::TERM | Signal::INT | Signal::HUP | Signal::QUIT
    )
}

/// The signals that are passed on.
#[derive(Debug)]
struct Signals {
    hangup: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
    terminate: unix::Signal,
    user1: unix::Signal,
    user2: unix::Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hangup: unix::signal(SignalKind::hangup())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            quit: unix::signal(SignalKind::quit())?,
            terminate: unix::signal(SignalKind::terminate())?,
            user1: unix::signal(SignalKind::user_defined1())?,
            user2: unix::signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            Some(()) = self.hangup.recv() => Signal::HUP,
            Some(()) = self.interrupt.recv() => Signal::INT,
            Some(()) = self.quit.recv() => Signal::QUIT,
            Some(()) = self.terminate.recv() => Signal::TERM,
            Some(()) = self.user1.recv() => Signal::USR1,
            Some(()) = self.user2.recv() => Signal::USR2,
            else => std::future::pending().await,
        }
    }
}
