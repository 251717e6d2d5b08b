//! What is released: one binary with the page in it, the component, the browser package, the
//! page as one file, and what to check them by.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::command::Cmd;
use crate::progress::step;
use crate::stamp::{files_under, hash_file, replace_folder};
use crate::toolchain::{Compiler, Toolchain};
use crate::tools::Node;
use crate::wasm::{self, path_remapping};
use crate::web;
use crate::workspace::{VERSION, Workspace};

/// Builds all of it and lays it into `target/dist`.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let node = Node::require()?;
    wasm::build(workspace, &Toolchain::obtain(workspace)?)?;
    web::build(workspace, &node)?;
    let host = Compiler::of_cargo()?.host;
    // A target folder of its own: cargo would put the profile's builds into target/dist too.
    let target = workspace.path("target/dist-build");
    step("Building muster for release", || {
        Cmd::cargo("build")
            .args([
                "--profile",
                "dist",
                "--package",
                "muster",
                "--bin",
                "muster",
                "--features",
                "guests",
            ])
            .arg("--target-dir")
            .arg(&target)
            .args(path_remapping(workspace, &host))
            .dir(&workspace.root)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .run()
    })?;
    let name = format!("muster{}", std::env::consts::EXE_SUFFIX);
    let output = workspace.path("target/dist");
    step("Laying out target/dist", || {
        replace_folder(&output, |folder| {
            let artefacts = workspace.artefacts();
            copy(&target.join("dist").join(&name), &folder.join(&name))?;
            for file in wasm::RELEASED.into_iter().chain(["muster.html"]) {
                copy(&artefacts.join(file), &folder.join(file))?;
            }
            // The top folder of a package is called this in every archive that npm makes.
            let package = folder
                .join(format!("muster-core-{VERSION}"))
                .join("package");
            let browser = artefacts.join("browser");
            for file in files_under(&browser, &[])? {
                copy(&file, &package.join(file.strip_prefix(&browser)?))?;
            }
            describe(folder)
        })
    })?;
    print!("{}", fs::read_to_string(output.join("SIZES.txt"))?);
    println!("in {}", output.display());
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))
}

/// Writes the checksums (for `sha256sum --check`) and the sizes of all files in a folder.
fn describe(folder: &Path) -> Result<()> {
    let (mut sums, mut sizes) = (String::new(), String::new());
    for file in files_under(folder, &[])? {
        let name = file
            .strip_prefix(folder)?
            .to_string_lossy()
            .replace('\\', "/");
        writeln!(sums, "{}  {name}", hash_file(&file)?)?;
        writeln!(sizes, "{:>10}  {name}", file.metadata()?.len())?;
    }
    fs::write(folder.join("SHA256SUMS"), sums)?;
    fs::write(folder.join("SIZES.txt"), sizes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::describe;

    #[test]
    fn checksums_and_sizes_list_every_file() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(dir.path().join("sub")).expect("made");
        fs::write(dir.path().join("sub/b"), "").expect("written");
        fs::write(dir.path().join("a"), "abc").expect("written");
        describe(dir.path()).expect("described");
        let read = |name| fs::read_to_string(dir.path().join(name)).expect("written");
        assert_eq!(
            read("SHA256SUMS"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  sub/b\n"
        );
        assert_eq!(read("SIZES.txt"), "         3  a\n         0  sub/b\n");
    }
}
