//! The comparison table, with every program optimised.

use anyhow::Result;

use crate::command::Cmd;
use crate::progress::{detail, step};
use crate::python;
use crate::toolchain::Toolchain;
use crate::tools::Node;
use crate::wasm;
use crate::workspace::{Workspace, ci};

/// What the peers need, when they are to be run beside.
const REQUIREMENTS: &str = "tests/benches/requirements.txt";

/// Builds everything for speed, and starts the table with what follows on the command line.
pub(crate) fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    wasm::build(workspace, &Toolchain::obtain(workspace)?)?;
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
        .env("MUSTER_BIN", workspace.binary("release", "muster"));
    match Node::require() {
        Ok(node) => table = table.env("MUSTER_NODE", node.path),
        Err(error) if ci() => return Err(error),
        Err(_) => detail("SKIPPED: the core in V8, there is no Node"),
    }
    let requirements = workspace.path(REQUIREMENTS);
    if requirements.is_file() {
        match python::environment(workspace, &requirements) {
            Ok(python) => table = table.env("MUSTER_PYTHON", python),
            Err(error) if ci() => return Err(error),
            Err(error) => detail(&format!("SKIPPED: the peers in Python: {error:#}")),
        }
    }
    step("The table", || table.run())
}
