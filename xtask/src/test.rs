//! Everything that CI runs, in stages from the fastest to fail to the slowest.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::check::{self, NATIVE};
use crate::command::Cmd;
use crate::debian;
use crate::progress::{detail, step};
use crate::tally::Tally;
use crate::toolchain::Toolchain;
use crate::tools::{self, Node};
use crate::wasm;
use crate::web;
use crate::workspace::{Workspace, ci};

/// Runs all stages, stops at the first that fails, and closes with a line for each and the sums.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let mut stages = Stages {
        lines: Vec::new(),
        sum: Tally::default(),
        start: Instant::now(),
    };
    let result = all(workspace, &mut stages);
    stages.print(result.is_ok());
    result
}

fn all(workspace: &Workspace, stages: &mut Stages) -> Result<()> {
    let node = stages.run("tools", |tally| {
        let tools = tools::obtain()?;
        let node = match Node::require() {
            Ok(node) => Some(node),
            Err(error) if ci() => return Err(error),
            Err(error) => {
                detail(&format!("{error:#}"));
                tally.line("SKIPPED: the page and its tests, there is no Node");
                None
            }
        };
        Ok((tools, node))
    });
    let (tools, node) = node?;
    stages.run("format", |_| check::format(workspace))?;
    let toolchain = stages.run("wasm32 compiler", |_| Toolchain::obtain(workspace))?;
    stages.run("wasm", |_| wasm::build(workspace, &toolchain))?;
    if let Some(node) = &node {
        stages.run("page", |_| web::build(workspace, node))?;
        stages.run("page tests", |tally| {
            web::script(workspace, node, "web", "typecheck")?.run()?;
            web::script(workspace, node, "web", "test")?.run_counted(tally)
        })?;
    }
    stages.run("lints wasm32", |_| check::lint_wasm(workspace, &toolchain))?;
    stages.run("lints native", |_| check::lint_native(workspace))?;
    stages.run("build", |_| {
        Cmd::cargo("build")
            .args(NATIVE)
            .args(["--bins", "--tests"])
            .dir(&workspace.root)
            .run()
    })?;
    let environment = environment(workspace, &tools, node.as_ref());
    stages.run("rust tests", |tally| {
        Cmd::cargo("test")
            .args(NATIVE)
            .arg("--no-fail-fast")
            .dir(&workspace.root)
            .envs(&environment)
            .run_counted(tally)
    })?;
    stages.run("wasm32 compiler from Debian", |tally| {
        debian_toolchain(workspace, tally)
    })?;
    if let Some(node) = &node {
        stages.run("end to end", |tally| {
            end_to_end(workspace, node, &environment, tally)
        })?;
    }
    Ok(())
}

/// What the suites are told: where everything is that was built or found.
fn environment(
    workspace: &Workspace,
    tools: &[(&'static str, OsString)],
    node: Option<&Node>,
) -> Vec<(&'static str, OsString)> {
    let mut environment = tools.to_vec();
    environment.push(("MUSTER_ARTEFACTS", workspace.artefacts().into()));
    environment.push(("MUSTER_BIN", workspace.binary("debug", "muster").into()));
    if let Some(node) = node {
        environment.push(("MUSTER_NODE", node.path.clone().into()));
    }
    environment
}

/// Makes the toolchain of [`debian`] anew in a temporary folder and compiles with it.
fn debian_toolchain(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    if !ci() {
        detail("left to CI: it downloads 150 MB and compiles for a minute");
        return Ok(());
    }
    if !debian::at_hand() {
        tally.line("SKIPPED: the wasm32 compiler from Debian's packages, there is no apt");
        return Ok(());
    }
    Cmd::cargo("test")
        .args(NATIVE)
        .args(["--test", "debian_toolchain", "--", "--ignored"])
        .dir(&workspace.root)
        .run_counted(tally)
}

fn end_to_end(
    workspace: &Workspace,
    node: &Node,
    environment: &[(&'static str, OsString)],
    tally: &mut Tally,
) -> Result<()> {
    if !environment
        .iter()
        .any(|(name, _)| *name == "MUSTER_CHROMIUM")
    {
        tally.line("SKIPPED: the end to end tests, there is no Chromium");
        return Ok(());
    }
    web::install_packages(workspace, node, "tests/e2e")?;
    web::script(workspace, node, "tests/e2e", "test")?
        .envs(environment)
        .run_counted(tally)
}

struct Stages {
    lines: Vec<String>,
    sum: Tally,
    start: Instant,
}

impl Stages {
    fn run<T>(&mut self, name: &str, work: impl FnOnce(&mut Tally) -> Result<T>) -> Result<T> {
        let start = Instant::now();
        let mut tally = Tally::default();
        let result = step(name, || work(&mut tally)).context("cargo xtask test stopped");
        let mut line = format!(
            "  {:<28} {:<6} {:>6.1} s",
            name,
            if result.is_ok() { "ok" } else { "FAILED" },
            start.elapsed().as_secs_f64()
        );
        if tally.passed + tally.failed > 0 {
            let _ = write!(line, "   {} passed, {} failed", tally.passed, tally.failed);
        }
        self.lines.push(line);
        self.sum.add(tally);
        result
    }

    fn print(&self, ok: bool) {
        println!();
        for line in &self.lines {
            println!("{line}");
        }
        for line in &self.sum.skipped {
            println!("  {line}");
        }
        let seconds = self.start.elapsed().as_secs_f64();
        println!(
            "  {:<28} {:<6} {seconds:>6.1} s",
            "all",
            if ok { "ok" } else { "FAILED" }
        );
        if self.sum.ignored > 0 {
            println!("  {} ignored by their own mark", self.sum.ignored);
        }
        println!("{} passed, {} failed", self.sum.passed, self.sum.failed);
    }
}
