//! The comparison table, with every program optimised.

use std::fs;

use anyhow::{Context as _, Result};

use crate::command::Cmd;
use crate::progress::{detail, step};
use crate::toolchain::Toolchain;
use crate::tools::{self, Node};
use crate::wasm;
use crate::web;
use crate::workspace::{Workspace, ci};

/// Builds everything for speed, and starts the table with what follows on the command line.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    wasm::build(workspace, &Toolchain::obtain(workspace)?)?;
    let node = match Node::require() {
        Ok(node) => Some(node),
        Err(error) if ci() => return Err(error),
        Err(_) => {
            detail("SKIPPED: the core in V8 and the page, there is no Node");
            None
        }
    };
    if let Some(node) = &node {
        // The binary carries it.
        web::build(workspace, node)?;
    }
    step("Building muster (optimised)", || {
        Cmd::cargo("build")
            .args(["--release", "--package", "muster"])
            .dir(&workspace.root)
            .run()
    })?;
    let mut table = Cmd::cargo("run")
        .args([
            "--release",
            "--package",
            "muster-tests",
            "--bin",
            "bench",
            "--",
        ])
        .args(arguments)
        .dir(&workspace.root)
        .env("MUSTER_ARTEFACTS", workspace.artefacts())
        .env("MUSTER_BIN", workspace.binary("release", "muster"))
        .env("MUSTER_BENCH_VENV", workspace.cache().join("bench-peers"));
    // The table installs its peers into that folder, once.
    fs::create_dir_all(workspace.cache())
        .with_context(|| format!("{} cannot be made", workspace.cache().display()))?;
    if let Some(node) = &node {
        table = table.env("MUSTER_NODE", &node.path);
        match tools::chromium() {
            Some(chromium) => {
                web::install_packages(workspace, node, "tests/e2e")?;
                table = table.env("MUSTER_CHROMIUM", chromium);
            }
            None => detail("SKIPPED: the page in Chromium, there is none"),
        }
    }
    step("The table", || table.run())
}
