//! Commands that look at something: their output is bounded, and so is their time.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use crate::error::describe;

/// More of an output is not read.
const MAX_OUTPUT_BYTES: u64 = 8 << 20;

/// What a command printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Output {
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
    /// Its exit status; `None` where a signal ended it.
    pub(crate) exit: Option<i32>,
}

impl Output {
    /// What it says of its failure, in one line.
    pub(crate) fn complaint(&self) -> String {
        let said = if self.stderr.trim().is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };
        let line = said.lines().rfind(|line| !line.trim().is_empty());
        line.map_or_else(
            || "it says nothing".to_owned(),
            |line| line.trim().to_owned(),
        )
    }
}

/// Runs a command without a shell and without input. When its time is up, it and all
/// that it started are killed.
pub(crate) async fn run<S: AsRef<str>>(command: &[S], limit: Duration) -> Result<Output, String> {
    let (program, args) = match command {
        [program, args @ ..] => (program.as_ref(), args),
        [] => return Err("the command is empty".to_owned()),
    };
    let mut child = Command::new(program)
        .args(args.iter().map(AsRef::as_ref))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("{program} is not installed"),
            _ => format!("{program}: {}", describe(&error)),
        })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async { tokio::join!(read(stdout), read(stderr), child.wait()) };
    match timeout(limit, work).await {
        Ok((stdout, stderr, Ok(status))) => Ok(Output {
            stdout,
            stderr,
            exit: status.code(),
        }),
        Ok((_, _, Err(error))) => Err(format!("{program}: {}", describe(&error))),
        Err(_) => {
            if let Some(group) = group.and_then(Pid::from_raw) {
                // It may have ended just now.
                let _ = kill_process_group(group, Signal::KILL);
            }
            let seconds = limit.as_secs_f32();
            Err(format!("{program}: no end within {seconds} s"))
        }
    }
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // What came before an error counts.
        let _ = pipe.take(MAX_OUTPUT_BYTES).read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn commands_end_or_are_ended() {
        let limit = Duration::from_secs(20);
        let said = run(&["sh", "-c", "echo a; echo b >&2; exit 3"], limit)
            .await
            .unwrap();
        assert_eq!((said.stdout.as_str(), said.exit), ("a\n", Some(3)));
        assert_eq!(said.complaint(), "b");
        let missing = run(&["no-such-program-of-muster"], limit)
            .await
            .unwrap_err();
        assert_eq!(missing, "no-such-program-of-muster is not installed");
        let began = Instant::now();
        // A child of it holds the pipe and ignores the polite signal.
        let hanging = "trap '' TERM; (trap '' TERM; sleep 600) & sleep 600";
        let late = run(&["sh", "-c", hanging], Duration::from_millis(200)).await;
        assert_eq!(late.unwrap_err(), "sh: no end within 0.2 s");
        assert!(began.elapsed() < Duration::from_secs(15));
        // Nobody reads on, so that it ends.
        let endless = run(&["cat", "/dev/zero"], limit).await.unwrap();
        assert_eq!(
            (endless.stdout.len() as u64, endless.exit),
            (MAX_OUTPUT_BYTES, None)
        );
    }
}
