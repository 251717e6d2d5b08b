//! A certificate authority of one test, and a server certificate of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::tool::skip;

/// An authority that nobody trusts who is not told to.
#[derive(Debug)]
pub struct TestAuthority {
    folder: TempDir,
}

impl TestAuthority {
    /// Makes it, with a certificate for a server at 127.0.0.1. `None` where the
    /// program `openssl` is missing.
    ///
    /// # Errors
    ///
    /// The program refuses.
    pub fn make() -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let authority = Self { folder };
        if authority.openssl("version").is_err() {
            skip("there is no openssl");
            return Ok(None);
        }
        let extensions = authority.path("extensions");
        fs::write(extensions, "subjectAltName=IP:127.0.0.1\n")?;
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        authority.openssl(&format!(
            "req -x509 {key} -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem \
             -addext basicConstraints=critical,CA:TRUE"
        ))?;
        authority.openssl(&format!(
            "req {key} -subj /CN=redis -keyout server.key -out server.csr"
        ))?;
        authority.openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
             -extfile extensions -out server.pem",
        )?;
        Ok(Some(authority))
    }

    /// A file: `ca.pem`, `server.pem` or `server.key`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &str) -> Result<()> {
        let status = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        ensure!(status.success(), "openssl {arguments}: {status}");
        Ok(())
    }
}
