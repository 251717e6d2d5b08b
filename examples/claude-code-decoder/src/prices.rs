//! What models cost that transcripts name.

/// Models with dollars per million tokens in and out: the provider's list in late
/// 2026. A user's own prices stand above them.
pub const PRICES: [(&str, &str, &str); 11] = [
    ("claude-3-5-haiku", "0.8", "4"),
    ("claude-3-5-sonnet", "3", "15"),
    ("claude-3-7-sonnet", "3", "15"),
    ("claude-haiku-4-5", "1", "5"),
    ("claude-sonnet-4", "3", "15"),
    ("claude-sonnet-4-5", "3", "15"),
    ("claude-sonnet-4-6", "3", "15"),
    ("claude-opus-4", "15", "75"),
    ("claude-opus-4-1", "15", "75"),
    ("claude-opus-4-5", "5", "25"),
    ("claude-opus-4-6", "5", "25"),
];
