//! The file of a guest.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use super::sandbox::SandboxError;
use crate::error::{Failure, describe};
use crate::folders;

/// No larger file is taken for a guest.
const MAX_BYTES: u64 = 64 << 20;

/// Where a guest is, and where it is kept compiled.
#[derive(Clone, Debug)]
pub struct GuestFile {
    /// The component.
    pub path: PathBuf,
    /// The folder of compiled guests; `None`: it is compiled each time.
    pub cache: Option<PathBuf>,
    /// Whether all is told that the engine says of one that cannot be used.
    pub verbose: bool,
}

impl GuestFile {
    /// A component that is kept compiled in the user's cache.
    pub fn cached(path: impl Into<PathBuf>, verbose: bool) -> Self {
        Self {
            path: path.into(),
            cache: folders::cache().map(|cache| cache.join("guests")),
            verbose,
        }
    }

    /// The bytes of the component; `what` it is to be, and of which world.
    pub(super) fn read(&self, what: &str, world: &str) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        File::open(&self.path)
            .and_then(|opened| opened.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| {
                let name = self.path.display();
                let why = describe(&error);
                Failure::unreachable(format!("cannot read the {what} {name}: {why}"))
                    .hint(format!("name a WebAssembly component of the world {world}"))
            })?;
        Ok(bytes)
    }

    /// Why a guest of this file is of no use.
    pub(super) fn refused(&self, what: &str, error: &SandboxError) -> Failure {
        let name = self.path.display();
        let mut message = format!("the {what} {name} cannot be used: {error}");
        if let Some(detail) = error.detail().filter(|_| self.verbose) {
            message += "\n";
            message += detail;
        }
        Failure::unusable(message).hint("docs/embedding.md says what guests have to be")
    }
}
