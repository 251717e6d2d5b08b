//! The page: its Node packages, and its two builds.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::command::Cmd;
use crate::progress::{detail, step};
use crate::stamp::{Stamp, hash_inputs, remove};
use crate::toolchain::Toolchain;
use crate::tools::Node;
use crate::wasm;
use crate::workspace::Workspace;

/// Folders of `web` that are made and not written.
const MADE: &[&str] = &["node_modules", "dist"];

/// Builds the WebAssembly faces and the page.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let node = Node::require()?;
    wasm::build(workspace, &Toolchain::obtain(workspace)?)?;
    build(workspace, &node)
}

/// Builds the page, in `web/dist` for the binary and as one file in the artefact folder. The
/// browser package must be there.
pub(crate) fn build(workspace: &Workspace, node: &Node) -> Result<()> {
    install_packages(workspace, node, "web")?;
    let artefacts = workspace.artefacts();
    let inputs = [workspace.path("web"), artefacts.join("browser")];
    let hash = hash_inputs(&inputs, MADE, &[&node.version])?;
    let stamp = Stamp::new(workspace.stamps().join("web"), hash);
    let index = workspace.path("web/dist/index.html");
    let single = artefacts.join("muster.html");
    if stamp.holds() && index.is_file() && single.is_file() {
        detail("the page is up to date");
        return Ok(());
    }
    stamp.renew(|| {
        // So that what is found afterwards is what the scripts made.
        remove(&index)?;
        remove(&single)?;
        step("Building the page", || {
            script(workspace, node, "web", "build")?.run()
        })?;
        step("Building the page as one file", || {
            script(workspace, node, "web", "build:single")?.run()
        })?;
        for output in [&index, &single] {
            if !output.is_file() {
                bail!(
                    "the scripts of web/package.json ended well and made no {}",
                    output.display()
                );
            }
        }
        Ok(())
    })
}

/// Installs exactly the packages of a folder's lock file, when they are not there yet.
pub(crate) fn install_packages(workspace: &Workspace, node: &Node, folder: &str) -> Result<()> {
    let at = workspace.path(folder);
    let inputs = [
        at.join("package-lock.json"),
        at.join("package.json"),
        at.join(".npmrc"),
    ];
    let hash = hash_inputs(&inputs, &[], &[&node.version])?;
    // The mark lies among the packages, so that it goes when they go.
    let stamp = Stamp::new(at.join("node_modules/.installed"), hash);
    if stamp.holds() {
        return Ok(());
    }
    step(&format!("Installing the Node packages of {folder}"), || {
        stamp.renew(|| {
            node.npm()?
                .args(["ci", "--no-audit", "--no-fund"])
                .dir(&at)
                .hint("It downloads from the npm registry: is the network there?")
                .run()
        })
    })
}

/// A script of a folder's `package.json`, told where the artefacts are.
pub(crate) fn script(workspace: &Workspace, node: &Node, folder: &str, name: &str) -> Result<Cmd> {
    let at: PathBuf = workspace.path(folder);
    if !at.join("package.json").is_file() {
        bail!("{} has no package.json", at.display());
    }
    Ok(node
        .npm()
        .context("the scripts of package.json need npm")?
        .args(["run", name])
        .dir(&at)
        .env("MUSTER_ARTEFACTS", workspace.artefacts()))
}
