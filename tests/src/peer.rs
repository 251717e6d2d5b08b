//! The systems whose files are shared, in a Python environment in the user's cache.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::tool::skip;

/// A package of `PyPI` that tests work with.
struct Package {
    /// The folder of its environment.
    folder: &'static str,
    /// What pip installs.
    requirement: &'static str,
    /// What can be imported when it is there.
    module: &'static str,
}

/// The version of attune whose files are read and written.
const ATTUNE: Package = Package {
    folder: "attune-16.4.0",
    requirement: "attune-ai==16.4.0",
    module: "attune.telemetry.usage_tracker",
};

/// The first release of wasmtime for Python that the example was written with.
const WASMTIME: Package = Package {
    folder: "wasmtime-50",
    requirement: "wasmtime==50.0.1",
    module: "wasmtime.component",
};

/// A Python that has attune: what `MUSTER_PEER_PYTHON` names, else one in the
/// cache, made from `PyPI` when it is first needed. Without it the test is skipped.
pub fn attune_python() -> Option<PathBuf> {
    match std::env::var_os("MUSTER_PEER_PYTHON") {
        Some(python) => Some(python.into()),
        None => ATTUNE.python(),
    }
}

/// A Python that has wasmtime, made in the same way.
pub fn wasmtime_python() -> Option<PathBuf> {
    WASMTIME.python()
}

impl Package {
    fn python(&self) -> Option<PathBuf> {
        let cache = std::env::var_os("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|cache| cache.is_absolute())
            .or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
        let venv = cache.map(|cache| cache.join("muster/peers").join(self.folder));
        let python = venv.and_then(|venv| self.install(&venv));
        if python.is_none() {
            skip(&format!(
                "{} cannot be installed from PyPI",
                self.requirement
            ));
        }
        python
    }

    fn install(&self, venv: &Path) -> Option<PathBuf> {
        let python = venv.join("bin/python");
        let import = format!("import {}", self.module);
        let works = || runs(Command::new(&python).args(["-c", &import]));
        fs::create_dir_all(venv.parent()?).ok()?;
        // One process installs, others wait for it.
        let lock = File::create(venv.with_extension("lock")).ok()?;
        lock.lock().ok()?;
        let install = ["-m", "pip", "install", "--quiet", self.requirement];
        let made = works()
            || (runs(Command::new("python3").args(["-m", "venv"]).arg(venv))
                && runs(Command::new(&python).args(install))
                && works());
        made.then_some(python)
    }
}

fn runs(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
