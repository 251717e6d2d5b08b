//! The admin key: from the environment or a file that is the user's alone.

use std::env;
use std::fmt::{self, Write as _};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use muster_core::account::{AccountError, AccountErrorKind};
use sha2::{Digest as _, Sha256};

use crate::error::describe;

/// The variable that holds the key, and its name in the file.
pub const KEY_VARIABLE: &str = "ANTHROPIC_ADMIN_API_KEY";
/// The file in the attune home.
pub const KEY_FILE: &str = "anthropic-admin.env";
/// How keys begin, for a file that holds nothing but one.
const KEY_PREFIX: &str = "sk-ant-";

/// A key that may read an organisation's reports. It is never shown.
#[derive(Clone)]
pub struct AdminKey(String);

impl AdminKey {
    /// The key of the environment, else of the file in the attune home, else of the one in
    /// `~/.attune`.
    pub fn find() -> Result<Self, AccountError> {
        if let Ok(key) = env::var(KEY_VARIABLE)
            && !key.trim().is_empty()
        {
            return Self::new(&key, KEY_VARIABLE);
        }
        for path in files() {
            match fs::read(&path) {
                Ok(bytes) => return Self::of_file(&path, &bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(no_key(format!(
                        "cannot read {}: {}",
                        path.display(),
                        describe(&error)
                    )));
                }
            }
        }
        Err(no_key(format!("{KEY_VARIABLE} is not set")))
    }

    /// The key as the service wants it in a header.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Tells keys apart without leading back to one.
    pub(super) fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"muster account cache\0");
        hash.update(self.0.as_bytes());
        let mut hex = String::new();
        for byte in &hash.finalize()[..8] {
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    fn of_file(path: &Path, bytes: &[u8]) -> Result<Self, AccountError> {
        let shown = path.display();
        let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o077 != 0 {
            return Err(no_key(format!(
                "{shown} can be read by others (mode {:04o}): run `chmod 600` on it",
                mode & 0o7777
            )));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| no_key(format!("{shown} is no text in UTF-8")))?;
        let key = text
            .lines()
            .find_map(key_of_line)
            .ok_or_else(|| no_key(format!("{shown} has no line {KEY_VARIABLE}=...")))?;
        Self::new(key, &shown.to_string())
    }

    fn new(key: &str, place: &str) -> Result<Self, AccountError> {
        let key = key.trim();
        if key.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(key.to_owned()))
        } else {
            Err(no_key(format!(
                "the key in {place} holds a character that no key has"
            )))
        }
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminKey(..)")
    }
}

fn files() -> Vec<PathBuf> {
    let named = env::var_os("ATTUNE_HOME")
        .filter(|home| !home.is_empty())
        .map(PathBuf::from);
    let own = env::home_dir()
        .filter(|home| home.is_absolute())
        .map(|home| home.join(".attune"));
    named
        .into_iter()
        .chain(own)
        .map(|home| home.join(KEY_FILE))
        .collect()
}

/// `NAME=value` as a shell would take it, or the key alone.
fn key_of_line(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let value = match line.split_once('=') {
        Some((name, value)) if name.trim() == KEY_VARIABLE => value.trim(),
        _ if line.starts_with(KEY_PREFIX) => line,
        _ => return None,
    };
    let bare = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    (!bare.is_empty()).then_some(bare)
}

fn no_key(message: String) -> AccountError {
    AccountError::new(AccountErrorKind::NoKey, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_a_shell_reads_them() {
        for line in [
            "ANTHROPIC_ADMIN_API_KEY=sk-ant-admin-x",
            "  export ANTHROPIC_ADMIN_API_KEY='sk-ant-admin-x' ",
            "ANTHROPIC_ADMIN_API_KEY = \"sk-ant-admin-x\"",
            "sk-ant-admin-x",
        ] {
            assert_eq!(key_of_line(line), Some("sk-ant-admin-x"), "{line}");
        }
        for line in [
            "",
            "# ANTHROPIC_ADMIN_API_KEY=x",
            "ANTHROPIC_ADMIN_API_KEY=",
            "ANTHROPIC_API_KEY=sk",
            "anything",
        ] {
            assert_eq!(key_of_line(line), None, "{line}");
        }
    }

    #[test]
    fn a_key_is_never_shown_and_must_fit_a_header() {
        let key = AdminKey::new(" sk-ant-secret\n", "x").unwrap();
        assert!(!format!("{key:?}").contains("secret"));
        assert!(!key.fingerprint().contains("secret"));
        for bad in ["sk\nant", "sk ant", "sk-\u{e9}"] {
            let error = AdminKey::new(bad, "the file").unwrap_err();
            assert_eq!(error.kind, AccountErrorKind::NoKey);
            assert!(!error.message.contains("ant"), "{error:?}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        let read = |mode| {
            fs::write(&path, "ANTHROPIC_ADMIN_API_KEY=sk-ant-x\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            AdminKey::of_file(&path, &fs::read(&path).unwrap())
        };
        assert_eq!(read(0o600).unwrap().expose(), "sk-ant-x");
        let error = read(0o644).unwrap_err();
        assert!(error.message.contains("chmod 600"), "{error:?}");
    }
}
