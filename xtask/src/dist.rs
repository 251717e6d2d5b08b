//! What is released: one binary with the page in it, the components with their interfaces, the
//! browser package, the page as one file, and what to check them by.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::command::Cmd;
use crate::progress::step;
use crate::sbom;
use crate::stamp::{files_under, hash_file, replace_folder};
use crate::toolchain::{Compiler, Toolchain};
use crate::tools::Node;
use crate::wasm::{self, path_remapping};
use crate::web;
use crate::workspace::Workspace;

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
    let bill = step("Listing what is in it", || sbom::write(workspace, &host))?;
    let name = format!("muster{}", std::env::consts::EXE_SUFFIX);
    let output = workspace.path("target/dist");
    step("Laying out target/dist", || {
        replace_folder(&output, |folder| {
            copy(&target.join("dist").join(&name), &folder.join(&name))?;
            lay_out(workspace, folder, &bill)?;
            pack(&node, &workspace.artefacts().join("browser"), folder)?;
            describe(folder)
        })
    })?;
    print!("{}", fs::read_to_string(output.join("SIZES.txt"))?);
    println!("in {}", output.display());
    Ok(())
}

/// Everything but the binary and the browser package: components, interfaces, the page as one
/// file, the bill of materials.
fn lay_out(workspace: &Workspace, folder: &Path, bill: &str) -> Result<()> {
    for file in wasm::RELEASED.into_iter().chain(["muster.html"]) {
        copy(&workspace.artefacts().join(file), &folder.join(file))?;
    }
    copy(&workspace.path("LICENSE"), &folder.join("LICENSE"))?;
    for (of, interface) in [
        ("host-wasm/wit", "core"),
        ("host-wasm/wit/plugin", "plugin"),
    ] {
        let from = workspace.path(of);
        let files = files_under(&from, &["plugin", "released"])?;
        for file in files {
            let to = folder.join("wit").join(interface);
            copy(&file, &to.join(file.strip_prefix(&from)?))?;
        }
    }
    let path = folder.join("muster.cdx.json");
    fs::write(&path, bill).with_context(|| format!("{} cannot be written", path.display()))
}

/// The browser package as npm publishes it: `muster-core-VERSION.tgz`. npm gives every file in
/// it the same date, so that the same files give the same bytes.
fn pack(node: &Node, package: &Path, folder: &Path) -> Result<()> {
    node.npm()?
        .args(["pack", "--silent", "--ignore-scripts", "--pack-destination"])
        .arg(folder)
        .arg(package)
        .output()
        .map(drop)
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

    use super::{describe, lay_out, pack};
    use crate::stamp::files_under;
    use crate::tools::Node;
    use crate::wasm;
    use crate::workspace::Workspace;

    /// Files in the place of those that take minutes to build.
    fn stand_ins(root: &std::path::Path) -> Workspace {
        let workspace = Workspace::at(root);
        let write = |name: &str, text: &str| {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        for name in wasm::RELEASED {
            write(&format!("target/artefacts/{name}"), name);
        }
        write("target/artefacts/muster.html", "page");
        write("LICENSE", "licence");
        write("host-wasm/wit/world.wit", "package muster:core;");
        write("host-wasm/wit/plugin/decoder.wit", "package muster:plugin;");
        write("host-wasm/wit/released/core-0.0.1/world.wit", "old");
        workspace
    }

    #[test]
    fn what_is_released_lies_in_its_place_and_is_the_same_again() {
        let names = |folder: &std::path::Path| -> Vec<String> {
            let files = files_under(folder, &[]).expect("a folder");
            let files = files
                .iter()
                .map(|file| file.strip_prefix(folder).expect("below it"));
            files.map(|file| file.display().to_string()).collect()
        };
        let (a, b) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        let (first, second) = (a.path().join("dist"), b.path().join("dist"));
        for (root, folder) in [(&a, &first), (&b, &second)] {
            fs::create_dir_all(folder).expect("made");
            let workspace = stand_ins(root.path());
            lay_out(&workspace, folder, "{}\n").expect("laid out");
            describe(folder).expect("described");
        }
        let expected = [
            "LICENSE",
            "SHA256SUMS",
            "SIZES.txt",
            "claude-code.decoder.wasm",
            "muster-core.component.wasm",
            "muster.cdx.json",
            "muster.html",
            "wit/core/world.wit",
            "wit/plugin/decoder.wit",
        ];
        assert_eq!(names(&first), expected);
        for name in expected {
            let read = |folder: &std::path::Path| fs::read(folder.join(name)).expect("there");
            assert_eq!(read(&first), read(&second), "{name}");
        }
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "a skipped test must be seen")]
    fn the_package_has_the_same_bytes_whenever_its_files_were_made() {
        let node = match Node::require() {
            Ok(node) => node,
            Err(error) => {
                assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{error:#}");
                println!("SKIPPED: the package for npm: {error:#}");
                return;
            }
        };
        let dir = tempfile::tempdir().expect("a temporary folder");
        let packed = |number: &str| {
            let (package, folder) = (dir.path().join(number), dir.path().join(number).join("out"));
            fs::create_dir_all(&folder).expect("made");
            let manifest = r#"{"name": "muster-core", "version": "0.0.1", "files": ["a.js"]}"#;
            fs::write(package.join("package.json"), manifest).expect("written");
            fs::write(package.join("a.js"), "export const a = 1;").expect("written");
            let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
            if number == "2" {
                let file = fs::File::options().append(true).open(package.join("a.js"));
                file.expect("there").set_modified(long_ago).expect("dated");
            }
            pack(&node, &package, &folder).expect("packed");
            fs::read(folder.join("muster-core-0.0.1.tgz")).expect("there")
        };
        assert_eq!(packed("1"), packed("2"));
    }

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
