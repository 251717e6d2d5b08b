//! The fast checks before a commit.

use anyhow::Result;

use crate::command::Cmd;
use crate::progress::step;
use crate::tally::Tally;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// What native builds cover: all but the faces, which exist for wasm32 alone. One choice for
/// build, lints and tests, so that features agree and nothing is compiled twice.
pub(crate) const NATIVE: [&str; 5] = [
    "--workspace",
    "--exclude",
    "muster-browser",
    "--exclude",
    "muster-component",
];

/// Formatting, lints for both kinds of target, unit tests.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    step("Formatting", || format(workspace))?;
    step("Lints, native", || lint_native(workspace))?;
    let toolchain = Toolchain::obtain(workspace)?;
    step("Lints, wasm32", || lint_wasm(workspace, &toolchain))?;
    let mut tally = Tally::default();
    step("Unit tests", || {
        Cmd::cargo("test")
            .args(NATIVE)
            .args(["--lib", "--bins", "--no-fail-fast"])
            .dir(&workspace.root)
            .run_counted(&mut tally)
    })?;
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(())
}

/// Every Rust file is as `cargo fmt` writes it.
pub(crate) fn format(workspace: &Workspace) -> Result<()> {
    Cmd::cargo("fmt")
        .args(["--all", "--check"])
        .dir(&workspace.root)
        .hint("`cargo fmt --all` formats the files; rustfmt itself: rustup component add rustfmt")
        .run()
}

/// Clippy over all that is built natively, tests included.
pub(crate) fn lint_native(workspace: &Workspace) -> Result<()> {
    Cmd::cargo("clippy")
        .args(NATIVE)
        .args(["--all-targets", "--", "-D", "warnings"])
        .dir(&workspace.root)
        .hint("Clippy itself: rustup component add clippy")
        .run()
}

/// Clippy over the core, its two faces and the guests, as compiled for wasm32.
pub(crate) fn lint_wasm(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    toolchain
        .cargo(workspace, "clippy")?
        // The profile of the faces, whose macros are compiled already.
        .args(["--profile", "wasm"])
        .args([
            "-p",
            "muster-core",
            "-p",
            "muster-browser",
            "-p",
            "muster-component",
            "-p",
            "claude-code-decoder",
            "-p",
            "gateway-rules",
        ])
        .args(["--", "-D", "warnings"])
        .run()
}
