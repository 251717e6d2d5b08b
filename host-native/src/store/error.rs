//! Why a store does not answer.

use std::fmt;

use crate::error::Failure;

/// Why a store does not answer: what was tried, what happened, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    /// What sort of failure it is.
    pub kind: StoreErrorKind,
    /// What was tried, such as `send a signal to redis://localhost:6379`.
    pub tried: String,
    /// What happened, in plain words.
    pub happened: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The address of the store, or an argument, makes no sense.
    Usage,
    /// It cannot be reached, or the connection broke and did not come back in time.
    Unreachable,
    /// It did not answer in time.
    TimedOut,
    /// It refuses: a wrong password, no permission.
    Refused,
    /// It can be read and not written.
    ReadOnly,
    /// It has no room left.
    Full,
    /// More is waiting to be written than may wait.
    Overloaded,
    /// It holds something else where a value of Muster's or attune's should be.
    Malformed,
    /// It was written by a newer Muster, or its server is too old.
    Version,
    /// It cannot do this, such as attune's keys in a Redis Cluster.
    Unsupported,
}

impl StoreErrorKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
            Self::ReadOnly => "read_only",
            Self::Full => "full",
            Self::Overloaded => "overloaded",
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether the same call may work a moment later.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut | Self::Overloaded)
    }
}

impl StoreError {
    /// A failure.
    pub fn new(
        kind: StoreErrorKind,
        tried: impl Into<String>,
        happened: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            tried: tried.into(),
            happened: happened.into(),
            hint: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.tried, self.happened)
    }
}

impl std::error::Error for StoreError {}

impl From<StoreError> for Failure {
    /// Exit status 3; 2 for an address or argument that makes no sense, or asks for what
    /// such a store cannot do; 4 for a store or a value in it that cannot be read.
    fn from(error: StoreError) -> Self {
        let failure = match error.kind {
            StoreErrorKind::Usage | StoreErrorKind::Unsupported => Self::usage(error.to_string()),
            StoreErrorKind::Malformed | StoreErrorKind::Version => {
                Self::unusable(error.to_string())
            }
            StoreErrorKind::Unreachable
            | StoreErrorKind::TimedOut
            | StoreErrorKind::Refused
            | StoreErrorKind::ReadOnly
            | StoreErrorKind::Full
            | StoreErrorKind::Overloaded => Self::unreachable(error.to_string()),
        };
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_was_tried_what_happened_and_what_to_do() {
        let error = StoreError::new(
            StoreErrorKind::Refused,
            "send a signal to redis://localhost:6379",
            "the password is wrong",
        )
        .hint("set it in the address");
        let failure = Failure::from(error.clone());
        assert_eq!(failure.kind.exit(), 3);
        assert_eq!(
            failure.to_string(),
            "cannot send a signal to redis://localhost:6379: the password is wrong\n  set it in the address"
        );
        for (kind, exit) in [
            (StoreErrorKind::Usage, 2),
            (StoreErrorKind::Unsupported, 2),
            (StoreErrorKind::Full, 3),
            (StoreErrorKind::Malformed, 4),
            (StoreErrorKind::Version, 4),
        ] {
            let failure = Failure::from(StoreError {
                kind,
                ..error.clone()
            });
            assert_eq!(failure.kind.exit(), exit, "{kind:?}");
        }
    }
}
