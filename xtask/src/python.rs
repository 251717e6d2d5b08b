//! A Python of our own with chosen packages, for suites and benchmarks that run peers.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command::{Cmd, find_program};
use crate::progress::step;
use crate::stamp::{Stamp, hash_inputs, remove};
use crate::workspace::Workspace;

/// A virtual environment in the user's cache that holds what the requirements file lists, and
/// the path of its Python. One is kept for each content of the file.
pub(crate) fn environment(workspace: &Workspace, requirements: &Path) -> Result<PathBuf> {
    let python = find_program("MUSTER_PYTHON", &["python3", "python"]).context(
        "There is no python3 on PATH (Debian: apt-get install python3 python3-venv; Fedora: \
         dnf install python3; macOS: brew install python)",
    )?;
    let version = Cmd::new(&python).arg("--version").output()?;
    let hash = hash_inputs(&[requirements.to_path_buf()], &[], &[version.trim()])?;
    let folder = workspace.cache().join("python").join(&hash[..16]);
    // An environment cannot be renamed, its scripts hold its path: a mark in it says it is whole.
    let stamp = Stamp::new(folder.join(".installed"), hash);
    let own = folder.join("bin/python");
    if stamp.holds() && own.exists() {
        return Ok(own);
    }
    step(
        "Installing Python packages in an environment of their own",
        || {
            stamp.renew(|| {
                remove(&folder)?;
                Cmd::new(&python)
                    .args(["-m", "venv"])
                    .arg(&folder)
                    .hint("On Debian the module venv is in the package python3-venv.")
                    .run()?;
                Cmd::new(&own)
                    .args([
                        "-m",
                        "pip",
                        "install",
                        "--quiet",
                        "--disable-pip-version-check",
                    ])
                    .arg("--requirement")
                    .arg(requirements)
                    .hint("It downloads from the Python package index: is the network there?")
                    .run()
            })
        },
    )?;
    Ok(own)
}
