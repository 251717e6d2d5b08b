//! Failures at the edge: what a user is told, and the exit status.

use std::fmt;
use std::io;

use serde::Serialize;

/// The answer to what was asked; the exit status says it to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, and the answer is yes: exit status 0.
    Yes,
    /// Done, and the answer is no, such as "not found": exit status 1.
    No,
    /// The answer itself says that something needed could not be reached: exit status 3.
    Unreachable,
    /// A command ran, and this is its exit status.
    Command(u8),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Wrong usage: exit status 2.
    Usage,
    /// Something needed cannot be reached: exit status 3.
    Unreachable,
    /// The input cannot be used at all: exit status 4.
    UnusableInput,
    /// A defect in Muster: exit status 5.
    Defect,
    /// Nobody reads the output any more: a quiet end with exit status 0.
    OutputClosed,
}

/// A failure: what was tried and what happened, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What sort it is, and so the exit status.
    pub kind: FailureKind,
    /// What was tried and what happened.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The exit status, where it is not that of the kind.
    pub exit: Option<u8>,
    /// What failed beside it.
    pub others: Vec<Failure>,
}

/// The exit status where Muster failed before it started a command, as with `env`,
/// `nohup` and `timeout`: the command's own statuses stay told apart.
const NOT_STARTED: u8 = 125;

impl FailureKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Unreachable => "unreachable",
            Self::UnusableInput => "unusable_input",
            Self::Defect => "defect",
            Self::OutputClosed => "output_closed",
        }
    }

    /// The exit status.
    pub const fn exit(self) -> u8 {
        match self {
            Self::OutputClosed => 0,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::UnusableInput => 4,
            Self::Defect => 5,
        }
    }
}

impl Answer {
    /// Yes or no.
    pub const fn of(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    /// The exit status.
    pub const fn exit(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Unreachable => FailureKind::Unreachable.exit(),
            Self::Command(exit) => exit,
        }
    }
}

impl Failure {
    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            exit: None,
            others: Vec::new(),
        }
    }

    /// Wrong usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    /// Something needed cannot be reached.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unreachable, message)
    }

    /// The input cannot be used at all.
    pub fn unusable(message: impl Into<String>) -> Self {
        Self::new(FailureKind::UnusableInput, message)
    }

    /// Reading failed: bytes that are no text cannot be used, and all else could not
    /// be reached. `tried` is such as `cannot read x`.
    pub fn reading(tried: &str, error: &io::Error) -> Self {
        let message = format!("{tried}: {}", describe(error));
        if error.kind() == io::ErrorKind::InvalidData {
            Self::unusable(message)
        } else {
            Self::unreachable(message)
        }
    }

    /// A defect in Muster.
    pub fn defect(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Defect, message)
    }

    /// Writing to `target` failed; a closed pipe is no failure to speak of.
    pub fn output(target: &str, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(FailureKind::OutputClosed, "the output was closed")
        } else {
            Self::unreachable(format!("cannot write to {target}: {}", describe(error)))
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says by the exit status that the command that was to run did not start.
    #[must_use]
    pub fn before_start(mut self) -> Self {
        self.exit = Some(NOT_STARTED);
        self
    }

    /// The exit status.
    pub fn exit(&self) -> u8 {
        self.exit.unwrap_or_else(|| self.kind.exit())
    }

    /// The JSON form: `{"error":{"kind","message","hint","exit"}}`. Of several failures
    /// the message has all, and the hint is that of the last.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            error: Body<'a>,
        }
        #[derive(Serialize)]
        struct Body<'a> {
            kind: &'static str,
            message: &'a str,
            hint: Option<&'a str>,
            exit: u8,
        }
        let mut message = self.message.clone();
        let mut hint = self.hint.as_deref();
        for other in &self.others {
            if let Some(hint) = hint {
                message += "\n  ";
                message += hint;
            }
            message += "\n";
            message += &other.message;
            hint = other.hint.as_deref();
        }
        muster_core::to_json(&Document {
            error: Body {
                kind: self.kind.name(),
                message: &message,
                hint,
                exit: self.exit(),
            },
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

/// An I/O error in plain words, without the number of the operating system.
pub fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "no permission".into(),
        io::ErrorKind::IsADirectory => "it is a folder, not a file".into(),
        io::ErrorKind::NotADirectory => "it is a file, not a folder".into(),
        io::ErrorKind::StorageFull => "no space left".into(),
        // The kind for loops of symbolic links is not stable in the standard library.
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            "a symbolic link leads back to itself".into()
        }
        _ => {
            let text = error.to_string();
            match text.split_once(" (os error") {
                Some((plain, _)) => plain.to_lowercase(),
                None => text,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_one_json_form() {
        let failure = Failure::unreachable("cannot read \"x\"").hint("name another");
        assert_eq!(
            failure.to_json(),
            r#"{"error":{"kind":"unreachable","message":"cannot read \"x\"","hint":"name another","exit":3}}"#
        );
        assert_eq!(failure.to_string(), "cannot read \"x\"\n  name another");
        assert!(failure.before_start().to_json().ends_with("\"exit\":125}}"));
    }

    #[test]
    fn operating_system_numbers_are_left_out() {
        let input_output = io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error());
        assert_eq!(describe(&input_output), "input/output error");
        let loops = io::Error::from_raw_os_error(rustix::io::Errno::LOOP.raw_os_error());
        assert_eq!(describe(&loops), "a symbolic link leads back to itself");
    }
}
