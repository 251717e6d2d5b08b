//! Which failures before a method began are the user's to mend.
//!
//! The stream carries an error's text but not its class. A list of patterns can
//! say which texts mean that what was asked for cannot be done.

use alloc::string::String;
use alloc::vec::Vec;

use crate::json::{Fields, RecordError, Value};

/// The version of the list's format.
const VERSION: u64 = 1;

/// Patterns of errors that are the user's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorPatterns {
    user_errors: Vec<String>,
}

impl ErrorPatterns {
    /// Reads `{"version":1,"user_errors":["Model not found: *"]}`. A `*` stands for
    /// any text; a pattern has to fit an error's whole first line.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        let fields = Fields::parse(text)?;
        let version = fields.require("version")?;
        if version.count()? != VERSION {
            return Err(version.bad());
        }
        let patterns = fields.get_or("user_errors", Vec::new(), Value::texts)?;
        Ok(Self {
            user_errors: patterns.into_iter().map(Into::into).collect(),
        })
    }

    /// Whether an error of this first line is the user's.
    pub fn is_user_error(&self, line: &str) -> bool {
        self.user_errors.iter().any(|pattern| fits(pattern, line))
    }
}

/// Whether a text fits a pattern in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expect) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("Model not found: *", "Model not found: x", true),
            ("Model not found: *", "no Model not found: x", false),
            ("*'*' not found*", "Vary dimension 'n' not found in x", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "acb", false),
        ] {
            assert_eq!(fits(pattern, text), expect, "{pattern} {text}");
        }
    }

    #[test]
    fn the_list_states_its_version() {
        let list = ErrorPatterns::parse(r#"{"version":1,"user_errors":["a*"]}"#).unwrap();
        assert!(list.is_user_error("ab") && !list.is_user_error("b"));
        for (text, error) in [
            ("{}", "missing_field: version at byte 0"),
            (r#"{"version":2}"#, "bad_value: version at byte 11"),
        ] {
            assert_eq!(ErrorPatterns::parse(text).unwrap_err().to_string(), error);
        }
    }
}
