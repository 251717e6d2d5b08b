//! Starting programs: visible, without standard input, with errors that say what to do.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::{env, thread};

use anyhow::{Context as _, Result, bail};

use crate::progress;
use crate::tally::Tally;
use crate::workspace::ci;

/// A program to start.
pub(crate) struct Cmd {
    inner: Command,
    hint: Option<String>,
}

impl Cmd {
    /// A program by name or path.
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut inner = Command::new(program);
        inner.stdin(Stdio::null());
        // What cargo tells this program about itself would only mislead the programs it starts:
        // a nested cargo rebuilds what depends on these.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_")
                || text.starts_with("CARGO_MANIFEST_")
                || text.starts_with("CARGO_BIN_")
            {
                inner.env_remove(&name);
            }
        }
        Self { inner, hint: None }
    }

    /// The cargo that started this program.
    pub(crate) fn cargo(subcommand: &str) -> Self {
        let mut cmd = Self::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cmd.inner.arg(subcommand);
        if ci() && matches!(subcommand, "build" | "clippy" | "run" | "test") {
            cmd.inner.arg("--locked").env("CARGO_INCREMENTAL", "0");
        }
        cmd
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.inner.arg(arg);
        self
    }

    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.inner.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(name, value);
        self
    }

    pub(crate) fn envs(mut self, pairs: &[(&'static str, OsString)]) -> Self {
        self.inner
            .envs(pairs.iter().map(|(name, value)| (name, value)));
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.inner.env_remove(name);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.inner.current_dir(dir);
        self
    }

    /// What to do when the program cannot be started or fails.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Runs it with its output on this terminal. A status other than 0 is an error.
    pub(crate) fn run(mut self) -> Result<()> {
        self.announce();
        let status = self.inner.status().with_context(|| self.cannot_start())?;
        self.judge(status)
    }

    /// Runs it quietly and returns its standard output. The error of a failed program holds the
    /// end of what it wrote on standard error.
    pub(crate) fn output(mut self) -> Result<String> {
        let output = self.inner.output().with_context(|| self.cannot_start())?;
        let said = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = said.trim().lines().rev().take(8).collect();
        self.judge(output.status)
            .with_context(|| last.into_iter().rev().collect::<Vec<_>>().join("\n"))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it with its output on this terminal while `tally` reads along.
    pub(crate) fn run_counted(self, tally: &mut Tally) -> Result<()> {
        self.announce();
        self.run_copied(tally, io::stdout(), io::stderr())
    }

    fn run_copied(
        mut self,
        tally: &mut Tally,
        stdout: impl Write + Send,
        stderr: impl Write + Send,
    ) -> Result<()> {
        self.inner.stdout(Stdio::piped()).stderr(Stdio::piped());
        if progress::colour() {
            self.inner
                .env("CARGO_TERM_COLOR", "always")
                .env("FORCE_COLOR", "1");
        }
        let mut child = self.inner.spawn().with_context(|| self.cannot_start())?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let shared = Mutex::new(tally);
        thread::scope(|scope| {
            scope.spawn(|| copy_lines(out, stdout, &shared));
            scope.spawn(|| copy_lines(err, stderr, &shared));
        });
        let status = child
            .wait()
            .with_context(|| format!("{} cannot be waited for", self.line()))?;
        self.judge(status)
    }

    /// The inner command, for callers that keep the process.
    pub(crate) fn into_inner(self) -> Command {
        self.announce();
        self.inner
    }

    fn announce(&self) {
        progress::detail(&format!("$ {}", self.line()));
    }

    fn judge(&self, status: ExitStatus) -> Result<()> {
        if status.success() {
            return Ok(());
        }
        bail!("`{}` ended with {status}{}", self.line(), self.advice());
    }

    fn cannot_start(&self) -> String {
        format!("`{}` cannot be started{}", self.line(), self.advice())
    }

    fn advice(&self) -> String {
        self.hint
            .as_ref()
            .map_or_else(String::new, |hint| format!("\n  {hint}"))
    }

    /// The command as a person would type it: the program by its name alone.
    fn line(&self) -> String {
        use std::fmt::Write as _;
        let program = Path::new(self.inner.get_program());
        let mut line = program
            .file_name()
            .unwrap_or(program.as_os_str())
            .to_string_lossy()
            .into_owned();
        for arg in self.inner.get_args() {
            let arg = arg.to_string_lossy();
            line.push(' ');
            if arg.is_empty() || arg.contains(char::is_whitespace) {
                let _ = write!(line, "'{arg}'");
            } else {
                line.push_str(&arg);
            }
        }
        line
    }
}

fn copy_lines<R: Read, W: Write>(from: Option<R>, mut to: W, tally: &Mutex<&mut Tally>) {
    let Some(from) = from else { return };
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        // A closed terminal must not stop the reading, the child would hang on a full pipe.
        let _ = to.write_all(&line).and_then(|()| to.flush());
        if let Ok(mut tally) = tally.lock() {
            tally.line(&String::from_utf8_lossy(&line));
        }
        line.clear();
    }
}

/// Finds a program: the path in `variable` when that is set, else the first of `names` on `PATH`.
pub(crate) fn find_program(variable: &str, names: &[&str]) -> Option<std::path::PathBuf> {
    if let Some(path) = env::var_os(variable).filter(|value| !value.is_empty()) {
        return Some(path.into());
    }
    let path = env::var_os("PATH")?;
    names
        .iter()
        .flat_map(|name| env::split_paths(&path).map(move |dir| dir.join(name)))
        .find(|candidate| is_executable(candidate))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::{Cmd, find_program};
    use crate::tally::Tally;

    #[test]
    fn a_failure_says_what_ran_what_happened_and_what_to_do() {
        let error = Cmd::new("false")
            .arg("a b")
            .hint("try true")
            .output()
            .expect_err("fails");
        let text = format!("{error:#}");
        assert!(
            text.contains("`false 'a b'` ended with exit status: 1"),
            "{text}"
        );
        assert!(text.contains("try true"), "{text}");
        let error = Cmd::new("no-such-program-here")
            .run()
            .expect_err("not there");
        assert!(
            format!("{error:#}").contains("cannot be started"),
            "{error:#}"
        );
    }

    #[test]
    fn a_program_gets_no_standard_input() {
        assert_eq!(Cmd::new("cat").output().expect("cat ends at once"), "");
    }

    #[test]
    fn counting_reads_both_streams_and_keeps_the_status() {
        let mut tally = Tally::default();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let script = "echo 'test result: ok. 2 passed; 0 failed'; echo 'SKIPPED: x' >&2; exit 3";
        let error = Cmd::new("sh")
            .args(["-c", script])
            .run_copied(&mut tally, &mut stdout, &mut stderr)
            .expect_err("status 3");
        assert!(format!("{error:#}").contains("exit status: 3"));
        assert_eq!((tally.passed, tally.skipped.len()), (2, 1));
        assert_eq!(stdout, b"test result: ok. 2 passed; 0 failed\n");
        assert_eq!(stderr, b"SKIPPED: x\n");
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find_program("MUSTER_NO_SUCH_VARIABLE", &["no-such-program", "sh"]).is_some());
        assert!(find_program("MUSTER_NO_SUCH_VARIABLE", &["no-such-program"]).is_none());
    }
}
