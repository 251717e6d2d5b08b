//! Pseudonyms of users, the same as attune gives them.

use std::cell::OnceCell;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tempfile::NamedTempFile;

use super::lock::make_folder_of;

/// The variable that holds the secret where a deployment sets one.
const SECRET_VARIABLE: &str = "ATTUNE_TELEMETRY_SECRET";

/// Turns names of users into 16 hex digits: HMAC-SHA256 under a secret that lies
/// beside the logs, or in `ATTUNE_TELEMETRY_SECRET`.
#[derive(Debug)]
pub struct Pseudonyms {
    file: PathBuf,
    secret: OnceCell<Vec<u8>>,
}

impl Pseudonyms {
    /// Pseudonyms for the logs of a telemetry folder. Nothing is read before the
    /// first is needed.
    pub fn new(telemetry: &Path) -> Self {
        Self {
            file: telemetry.join(".secret"),
            secret: OnceCell::new(),
        }
    }

    /// The pseudonym of a user. The secret is made where there is none.
    pub fn of(&self, user: &str) -> io::Result<String> {
        let secret = if let Some(secret) = self.secret.get() {
            secret
        } else {
            let secret = match env::var_os(SECRET_VARIABLE).filter(|secret| !secret.is_empty()) {
                Some(secret) => secret.into_encoded_bytes(),
                None => read_or_make(&self.file)?,
            };
            self.secret.get_or_init(|| secret)
        };
        Ok(pseudonym(secret, user))
    }
}

fn pseudonym(secret: &[u8], user: &str) -> String {
    use std::fmt::Write;

    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return String::new();
    };
    mac.update(user.as_bytes());
    let digest = mac.finalize().into_bytes();
    digest.iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn read_or_make(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Ok(secret) if secret.is_empty() => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is empty, a secret is needed", path.display()),
            ));
        }
        read => return read,
    }
    make_folder_of(path)?;
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(io::Error::other)?;
    // Complete before it has its name, so that no one reads half a secret.
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = NamedTempFile::with_prefix_in(".secret-", folder)?;
    new.write_all(&secret)?;
    match new.persist_noclobber(path) {
        Ok(_) => Ok(secret.to_vec()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => fs::read(path),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_pseudonym_is_the_first_half_of_the_first_half_of_the_digest() {
        // RFC 4231, test case 2.
        assert_eq!(
            pseudonym(b"Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e"
        );
    }

    #[test]
    fn the_secret_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("telemetry/.secret");
        let secret = read_or_make(&file).unwrap();
        assert_eq!(secret.len(), 32);
        assert_eq!(read_or_make(&file).unwrap(), secret);
        let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        fs::write(&file, "").unwrap();
        assert!(read_or_make(&file).is_err());
    }
}
