//! Why an account report could not be had.

use alloc::string::String;

use crate::time::Timestamp;

/// What stood in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountErrorKind {
    /// No admin key is set, or the one that is set cannot be used.
    NoKey,
    /// The key was refused: status 401 or 403.
    AuthFailed,
    /// Too many requests: status 429.
    RateLimited,
    /// No answer (time-out, name, TLS, connection), or the service is in trouble: status 500
    /// and above.
    Network,
    /// Status 200 with a body that is not the report.
    BadResponse,
    /// Any other status.
    Unknown,
}

/// Why an account report could not be had, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountError {
    /// What stood in the way.
    pub kind: AccountErrorKind,
    /// What happened, in words. Never holds the key.
    pub message: String,
    /// When the service wants to be asked again, where it said so.
    pub retry_at: Option<Timestamp>,
}

impl AccountErrorKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoKey => "no_key",
            Self::AuthFailed => "auth_failed",
            Self::RateLimited => "rate_limited",
            Self::Network => "network",
            Self::BadResponse => "bad_response",
            Self::Unknown => "unknown",
        }
    }

    /// What to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::NoKey => {
                "set ANTHROPIC_ADMIN_API_KEY to an admin key (console.anthropic.com, Settings, \
                 Admin keys), or put ANTHROPIC_ADMIN_API_KEY=... into a file of mode 0600"
            }
            Self::AuthFailed => {
                "an admin key is needed, not a key for the models; make one in the console under \
                 Settings, Admin keys"
            }
            Self::RateLimited => "try again later",
            Self::Network => "check the connection and any proxy, and try again",
            Self::BadResponse => {
                "the service answers in a form that is not known: see whether there is a newer \
                 Muster"
            }
            Self::Unknown => "see what the status means in the service's documentation",
        }
    }

    /// The kind that a status other than 200 means.
    pub(super) const fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::AuthFailed,
            429 => Self::RateLimited,
            500.. => Self::Network,
            _ => Self::Unknown,
        }
    }

    /// Whether asking again soon may help.
    pub(super) const fn is_passing(self) -> bool {
        matches!(self, Self::RateLimited | Self::Network)
    }
}

impl AccountError {
    /// An error without a time to try again.
    pub fn new(kind: AccountErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_at: None,
        }
    }
}
