//! Names of agents, types, workflows and groups.

use core::fmt;

/// The longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// It is empty.
    Empty,
    /// It is nothing but white space.
    Blank,
    /// It is longer than [`MAX_NAME_BYTES`].
    TooLong,
    /// It holds a control character.
    Control,
    /// It is `*`, which stands for all agents.
    Everyone,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name cannot be empty"),
            Self::Blank => f.write_str("a name cannot be blank"),
            Self::TooLong => write!(f, "a name has at most {MAX_NAME_BYTES} bytes"),
            Self::Control => f.write_str("a name holds no control characters"),
            Self::Everyone => f.write_str("`*` stands for all and is no name"),
        }
    }
}

impl core::error::Error for NameError {}

/// Whether a text can name an agent, a type, a workflow or a group. Colons and
/// characters of patterns are fine: no store takes names for patterns.
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        Err(NameError::Empty)
    } else if name.len() > MAX_NAME_BYTES {
        Err(NameError::TooLong)
    } else if name.chars().any(char::is_control) {
        Err(NameError::Control)
    } else if name.trim().is_empty() {
        Err(NameError::Blank)
    } else if name == "*" {
        Err(NameError::Everyone)
    } else {
        Ok(())
    }
}
