//! Examples that take packages from npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{artefacts, tool};

/// A copy of `examples/NAME` with its packages, below a folder for files of the tests,
/// with the WIT where the example looks for it. `None`, and said so, if the packages
/// cannot be had.
pub fn installed(name: &str, node: &Path, files: &Path) -> Option<PathBuf> {
    let copied = copy(name, node, &files.join("npm"));
    if copied.is_none() {
        tool::skip(&format!(
            "the packages of examples/{name} cannot be installed"
        ));
    }
    copied
}

fn copy(name: &str, node: &Path, root: &Path) -> Option<PathBuf> {
    let source = artefacts::tests("../examples").join(name);
    let folder = root.join("examples").join(name);
    copy_files(&source, &folder)?;
    let plugin = artefacts::tests("../host-wasm/wit/plugin");
    copy_files(&plugin, &root.join("host-wasm/wit/plugin"))?;
    let lock = fs::read(source.join("package-lock.json")).ok()?;
    let installed = folder.join("installed.json");
    if fs::read(&installed).is_ok_and(|known| known == lock) {
        return Some(folder);
    }
    // Not `ci`: the lock leaves out packages for systems that were never published.
    let status = npm(node, &folder)
        .args(["install", "--no-audit", "--no-fund"])
        .status();
    status.is_ok_and(|status| status.success()).then_some(())?;
    fs::write(&installed, lock).ok()?;
    Some(folder)
}

/// The npm beside Node, in a folder.
pub fn npm(node: &Path, folder: &Path) -> Command {
    let beside = node.with_file_name("npm");
    let mut command = Command::new(if beside.is_file() {
        beside
    } else {
        "npm".into()
    });
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// The files of a folder, without those in folders below it.
fn copy_files(from: &Path, to: &Path) -> Option<()> {
    fs::create_dir_all(to).ok()?;
    for entry in fs::read_dir(from).ok()? {
        let path = entry.ok()?.path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name()?)).ok()?;
        }
    }
    Some(())
}
