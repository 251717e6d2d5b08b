//! What is WebAssembly: the two faces and the guests, compiled, then given bindings or the form
//! of a component.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command::Cmd;
use crate::progress::{detail, step};
use crate::stamp::{Stamp, hash_inputs};
use crate::toolchain::{TARGET, Toolchain};
use crate::workspace::Workspace;

/// The modules, by package. Each is compiled alone: together, cargo would give all of them the
/// features that any asks of what they share.
const MODULES: [&str; 4] = [
    "muster-browser",
    "muster-component",
    "claude-code-decoder",
    "gateway-rules",
];

/// The components that are released: the core and a decoder.
pub(crate) const RELEASED: [&str; 2] = ["muster-core.component.wasm", "claude-code.decoder.wasm"];

/// The components that are made of modules, in their order.
const COMPONENTS: [&str; 3] = [RELEASED[0], RELEASED[1], "example.rules.wasm"];

/// Makes all of them in the artefact folder.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    build(workspace, &Toolchain::obtain(workspace)?)
}

/// Makes all of them in the artefact folder with a given compiler.
pub(crate) fn build(workspace: &Workspace, toolchain: &Toolchain) -> Result<()> {
    for package in MODULES {
        step(&format!("Compiling {package} for {TARGET}"), || {
            toolchain
                .cargo(workspace, "build")?
                .args(["--profile", "wasm", "--package", package])
                .args(path_remapping(workspace, TARGET))
                .run()
        })?;
    }
    finish(workspace)
}

/// Bindings and component encoding, skipped when neither the modules nor the finisher changed.
fn finish(workspace: &Workspace) -> Result<()> {
    let artefacts = workspace.artefacts();
    let browser = artefacts.join("browser");
    let components = COMPONENTS.map(|name| artefacts.join(name));
    let modules = MODULES.map(|package| module(workspace, package));
    let mut inputs = modules.to_vec();
    inputs.extend(["xtask/wasm", "Cargo.lock", "Cargo.toml", "LICENSE"].map(|p| workspace.path(p)));
    let stamp = Stamp::new(
        workspace.stamps().join("wasm"),
        hash_inputs(&inputs, &[], &[])?,
    );
    let made = browser.join("package.json").is_file() && components.iter().all(|c| c.is_file());
    if stamp.holds() && made {
        detail("bindings and components are up to date");
        return Ok(());
    }
    step("Making the browser package and the components", || {
        fs::create_dir_all(&artefacts)
            .with_context(|| format!("{} cannot be made", artefacts.display()))?;
        stamp.renew(|| {
            let [browser_module, of_components @ ..] = &modules;
            finisher(workspace, "browser", browser_module, &browser)?;
            for (module, component) in of_components.iter().zip(&components) {
                finisher(workspace, "component", module, component)?;
            }
            Ok(())
        })
    })
}

/// Starts the package that holds the WebAssembly libraries, which take longer to compile than
/// this program should.
fn finisher(workspace: &Workspace, form: &str, module: &Path, output: &Path) -> Result<()> {
    Cmd::cargo("run")
        .args(["--quiet", "--package", "xtask-wasm", "--", form])
        .args([module, output])
        .dir(&workspace.root)
        .run()
}

fn module(workspace: &Workspace, package: &str) -> PathBuf {
    let file = format!("{}.wasm", package.replace('-', "_"));
    workspace.wasm_target().join(TARGET).join("wasm").join(file)
}

/// Options for cargo that keep the paths of this machine out of what it builds for `target`, so
/// that the same source gives the same bytes in any folder.
pub(crate) fn path_remapping(workspace: &Workspace, target: &str) -> [String; 2] {
    let mut from_to = vec![(workspace.root.clone(), "/muster")];
    let home = |variable: &str, under_home: &str| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(under_home)))
    };
    if let Some(cargo_home) = home("CARGO_HOME", ".cargo") {
        from_to.push((cargo_home, "/cargo"));
    }
    let flags: Vec<String> = from_to
        .iter()
        .map(|(from, to)| toml_string(&format!("--remap-path-prefix={}={to}", from.display())))
        .collect();
    // As configuration and not as RUSTFLAGS, which would displace what .cargo/config.toml says.
    [
        "--config".to_owned(),
        format!("target.{target}.rustflags=[{}]", flags.join(", ")),
    ]
}

fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::toml_string;

    #[test]
    fn any_path_is_a_toml_string() {
        assert_eq!(toml_string("/a b/\"c\"\\d"), "\"/a b/\\\"c\\\"\\\\d\"");
    }
}
