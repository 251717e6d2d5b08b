//! What kind of failure a model provider's error text tells of.

use core::fmt;

/// Why a model did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// So many prompts failed in a row.
    ConsecutiveFailures,
    /// No token came in time.
    Timeout,
    /// The credentials were refused.
    Auth,
    /// There are no credentials.
    MissingApiKey,
    /// The provider limits the rate (429).
    RateLimit,
    /// The provider has too much to do (529).
    Overloaded,
    /// The login has run out.
    SessionExpired,
    /// The provider, or the embedded library, does not know the model.
    ModelNotFound,
    /// The provider could not be reached.
    Network,
    /// None of the texts known here.
    Unknown,
}

impl FailureKind {
    /// The kind an error text tells of. The order matters: an expired session is
    /// also a failed authentication.
    pub fn of_text(text: &str) -> Self {
        KNOWN_TEXTS
            .iter()
            .find(|(known, _)| contains_folded(text, known))
            .map_or(Self::Unknown, |(_, kind)| *kind)
    }

    /// The name used in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "consecutive_failures",
            Self::Timeout => "timeout",
            Self::Auth => "auth",
            Self::MissingApiKey => "missing_api_key",
            Self::RateLimit => "rate_limit",
            Self::Overloaded => "overloaded",
            Self::SessionExpired => "session_expired",
            Self::ModelNotFound => "model_not_found",
            Self::Network => "network",
            Self::Unknown => "unknown",
        }
    }

    /// How many probe intervals to wait after a probe failed in this way: few for
    /// what passes by itself, more for what a person must repair.
    pub(super) const fn back_off_intervals(self) -> u64 {
        match self {
            Self::RateLimit | Self::Overloaded | Self::Network | Self::Timeout => 2,
            Self::Auth | Self::MissingApiKey | Self::ModelNotFound | Self::SessionExpired => 6,
            Self::ConsecutiveFailures | Self::Unknown => 0,
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Texts in lower case, first match wins.
const KNOWN_TEXTS: [(&str, FailureKind); 32] = [
    ("consecutive failure", FailureKind::ConsecutiveFailures),
    (
        "consecutive prompt failure",
        FailureKind::ConsecutiveFailures,
    ),
    ("no streaming tokens", FailureKind::Timeout),
    ("timed out", FailureKind::Timeout),
    ("timeout", FailureKind::Timeout),
    ("session expired", FailureKind::SessionExpired),
    ("session_expired", FailureKind::SessionExpired),
    ("token expired", FailureKind::SessionExpired),
    ("no api key", FailureKind::MissingApiKey),
    ("missing api key", FailureKind::MissingApiKey),
    ("missing_api_key", FailureKind::MissingApiKey),
    ("api key not found", FailureKind::MissingApiKey),
    ("authentication", FailureKind::Auth),
    ("unauthorized", FailureKind::Auth),
    ("invalid api key", FailureKind::Auth),
    ("invalid x-api-key", FailureKind::Auth),
    ("401", FailureKind::Auth),
    ("429", FailureKind::RateLimit),
    ("rate limit", FailureKind::RateLimit),
    ("rate_limit", FailureKind::RateLimit),
    ("too many requests", FailureKind::RateLimit),
    ("529", FailureKind::Overloaded),
    ("overloaded", FailureKind::Overloaded),
    ("model not found", FailureKind::ModelNotFound),
    ("model_not_found", FailureKind::ModelNotFound),
    ("unknown model", FailureKind::ModelNotFound),
    ("econnrefused", FailureKind::Network),
    ("econnreset", FailureKind::Network),
    ("etimedout", FailureKind::Network),
    ("enotfound", FailureKind::Network),
    ("network", FailureKind::Network),
    ("fetch failed", FailureKind::Network),
];

/// Whether `text` holds `needle` (ASCII, lower case), whatever the case of its
/// ASCII letters.
pub(super) fn contains_folded(text: &str, needle: &str) -> bool {
    text.as_bytes()
        .windows(needle.len())
        .any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_providers_have_a_kind() {
        for (text, kind) in [
            ("no streaming tokens after 120s", FailureKind::Timeout),
            ("Request timed out.", FailureKind::Timeout),
            ("Authentication failed for \"anthropic\"", FailureKind::Auth),
            (
                "No API key found for anthropic.",
                FailureKind::MissingApiKey,
            ),
            ("429 rate_limit", FailureKind::RateLimit),
            (
                "529 {\"type\":\"overloaded_error\"}",
                FailureKind::Overloaded,
            ),
            (
                "Session expired, log in again: 401",
                FailureKind::SessionExpired,
            ),
            ("pi model not found: openai/x", FailureKind::ModelNotFound),
            ("connect ECONNREFUSED 127.0.0.1:443", FailureKind::Network),
            ("weird", FailureKind::Unknown),
            ("", FailureKind::Unknown),
        ] {
            assert_eq!(FailureKind::of_text(text), kind, "{text}");
        }
    }
}
