//! What can go wrong with a guest.

use std::fmt;
use std::time::Duration;

use wasmtime::Trap;

use crate::GuestError;
use crate::limits::{Limiter, Limits, Refused};

/// What went wrong with a guest.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SandboxError {
    /// The engine could not be made.
    Engine(String),
    /// The bytes are no component.
    Component(Said),
    /// The component wants these imports; a guest gets none.
    Imports(Vec<String>),
    /// The component does not export the interface that is wanted of it.
    Exports(Said),
    /// The guest wanted more memory than this many bytes.
    MemoryLimit(usize),
    /// The guest wanted a table of more entries than this.
    TableLimit(usize),
    /// The component has this many bytes: too many to be compiled.
    TooLarge(usize),
    /// Compiling took longer than this.
    CompileLimit(Duration),
    /// The guest gave more than this many bytes at once.
    OutputLimit(usize),
    /// A call took longer than this.
    TimeLimit(Duration),
    /// The guest trapped; the text says how.
    Trap(String),
    /// The guest has trapped before and cannot be used any more.
    Ended,
    /// The guest answered with an error of its interface.
    Guest(GuestError),
}

/// What the engine said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The cause, in one line.
    pub cause: String,
    /// All of it, for who looks for a defect.
    pub whole: String,
}

impl Said {
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        let cause = error.root_cause().to_string();
        let line = cause.lines().next().unwrap_or_default();
        // The place is of use to who looks for a defect only.
        let line = line.split(" (at offset").next().unwrap_or_default();
        Self {
            cause: line.trim_end_matches(':').to_owned(),
            whole: format!("{error:?}"),
        }
    }

    /// Of bytes that are no component: the usual mix-ups in words of their own.
    pub(crate) fn of_bytes(error: &wasmtime::Error, bytes: &[u8]) -> Self {
        let said = Self::of(error);
        let cause = match bytes {
            [] => "it is empty",
            [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {
                "it is a plain module, of which `wasm-tools component new` makes one"
            }
            [0, b'a', b's', b'm', ..] => return said,
            _ => "it does not begin as WebAssembly does",
        };
        Self {
            cause: cause.into(),
            ..said
        }
    }
}

impl SandboxError {
    /// What the engine said, in full, where that is more than the error itself tells.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Component(said) | Self::Exports(said) => Some(&said.whole),
            _ => None,
        }
    }

    pub(crate) fn of(
        error: &wasmtime::Error,
        limiter: &Limiter,
        limits: Limits,
        output_bytes: usize,
    ) -> Self {
        // The engine's error has no type that could be asked for.
        if error
            .root_cause()
            .to_string()
            .contains("fuel allocated for hostcalls")
        {
            return Self::OutputLimit(output_bytes);
        }
        match (limiter.refused, error.downcast_ref::<Trap>(), limits.time) {
            (Some(Refused::Memory), _, _) => Self::MemoryLimit(limits.memory_bytes),
            (Some(Refused::Table), _, _) => Self::TableLimit(limits.table_elements),
            (None, Some(Trap::Interrupt), Some(time)) => Self::TimeLimit(time),
            (None, Some(trap), _) => Self::Trap(trap.to_string()),
            (None, None, _) => Self::Trap(error.root_cause().to_string()),
        }
    }
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(why) => write!(f, "no WebAssembly engine: {why}"),
            Self::Component(said) => write!(f, "not a WebAssembly component: {}", said.cause),
            Self::Imports(names) => write!(
                f,
                "the component imports {}: a guest gets no imports",
                names.join(", ")
            ),
            Self::Exports(said) => {
                write!(f, "the component is of another world: {}", said.cause)
            }
            Self::MemoryLimit(bytes) => write!(f, "the guest wanted more than {bytes} bytes"),
            Self::TableLimit(entries) => {
                write!(f, "the guest wanted a table of more than {entries} entries")
            }
            Self::TooLarge(bytes) => write!(f, "a component of {bytes} bytes is not compiled"),
            Self::CompileLimit(time) => {
                write!(f, "compiling took more than {} s", time.as_secs())
            }
            Self::OutputLimit(bytes) => {
                write!(f, "the guest gave more than {bytes} bytes at once")
            }
            Self::TimeLimit(time) => write!(f, "the call took more than {} ms", time.as_millis()),
            Self::Trap(why) => write!(f, "the guest trapped: {why}"),
            Self::Ended => f.write_str("the guest has trapped before and cannot go on"),
            Self::Guest(error) => match error {
                GuestError::UnknownLog(name) => write!(f, "{name} is not the name of a known log"),
                GuestError::FileOpen(name) => write!(f, "{name} is open: close it first"),
                GuestError::NoFile => f.write_str("no file is open"),
                GuestError::TimeOutOfRange(us) => {
                    write!(f, "{us} microseconds lie outside the years 0000 to 9999")
                }
                GuestError::UnknownReport(name) => {
                    write!(f, "{name} is not the name of a report")
                }
                GuestError::NothingToCompare => f.write_str("no second window to compare with"),
                GuestError::BadDocument((name, why)) => write!(f, "{name} cannot be used: {why}"),
            },
        }
    }
}

impl std::error::Error for SandboxError {}
