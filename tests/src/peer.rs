//! The systems whose files are shared, in a Python environment in the user's cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tool::skip;

/// The version of attune whose files are read and written.
const ATTUNE: &str = "attune-ai==16.4.0";

/// A Python that has attune: what `MUSTER_PEER_PYTHON` names, else one in the
/// cache, made from `PyPI` when it is first needed. Without it the test is skipped.
pub fn attune_python() -> Option<PathBuf> {
    if let Some(python) = std::env::var_os("MUSTER_PEER_PYTHON") {
        return Some(python.into());
    }
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|cache| cache.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    let venv = cache.map(|cache| cache.join("muster/peers/attune-16.4.0"));
    let python = venv.and_then(|venv| install(&venv));
    if python.is_none() {
        skip(&format!("{ATTUNE} cannot be installed from PyPI"));
    }
    python
}

fn install(venv: &Path) -> Option<PathBuf> {
    let python = venv.join("bin/python");
    let works =
        || runs(Command::new(&python).args(["-c", "import attune.telemetry.usage_tracker"]));
    fs::create_dir_all(venv.parent()?).ok()?;
    // One process installs, others wait for it.
    let lock = File::create(venv.with_extension("lock")).ok()?;
    lock.lock().ok()?;
    let made = works()
        || (runs(Command::new("python3").args(["-m", "venv"]).arg(venv))
            && runs(Command::new(&python).args(["-m", "pip", "install", "--quiet", ATTUNE]))
            && works());
    made.then_some(python)
}

fn runs(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
