//! A compiler for wasm32 out of Debian's packages, for machines where rustup cannot download.
//!
//! Debian's stable releases carry a current compiler for building browsers (`rustc-web`) with
//! the matching source of the standard library (`rust-web-src`). The packages are unpacked into
//! a folder of the user's cache, no root is needed and nothing is installed. Cargo's `build-std`
//! compiles the standard library for wasm32 once; laid into the sysroot there, it serves every
//! later build as if it had come with the compiler.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::command::{Cmd, find_program};
use crate::progress;
use crate::stamp;
use crate::toolchain::{Compiler, TARGET, has_target};

/// The packages asked for by name. Their versioned companions are found through them.
const PACKAGES: [&str; 4] = [
    "rustc-web",
    "libstd-rust-web-dev",
    "rust-web-src",
    "rust-web-clippy",
];

/// Written last into a finished folder.
const COMPLETE: &str = ".complete";

/// A finished toolchain.
pub(crate) struct Installed {
    /// The compiler.
    pub(crate) rustc: PathBuf,
    /// The clippy of the same version, to be called as `cargo-clippy clippy ...`.
    pub(crate) cargo_clippy: PathBuf,
}

impl Installed {
    fn at(folder: &Path) -> Self {
        Self {
            rustc: folder.join("bin/rustc"),
            cargo_clippy: folder.join("bin/cargo-clippy"),
        }
    }
}

/// Whether Debian's tools are here at all.
pub(crate) fn at_hand() -> bool {
    ["apt-get", "apt-cache", "dpkg-deb"]
        .iter()
        .all(|tool| find_program("MUSTER_NO_OVERRIDE", &[tool]).is_some())
}

/// Finds the toolchain in `cache`, or makes it there. One is kept per version of the compiler in
/// `own`, whose linker it uses.
pub(crate) fn obtain(cache: &Path, own: &Compiler) -> Result<Installed> {
    let folder = cache.join(format!("debian-{}-{}", own.release, own.host));
    if is_usable(&folder) {
        return Ok(Installed::at(&folder));
    }
    if !at_hand() {
        bail!("apt-get, apt-cache and dpkg-deb are needed, and are not all on PATH");
    }
    fs::create_dir_all(cache).with_context(|| format!("{} cannot be made", cache.display()))?;
    // Two clones may want it at once: the second waits and finds it done.
    let lock = File::create(cache.join(".lock"))
        .with_context(|| format!("{} cannot be written", cache.display()))?;
    lock.lock()
        .context("the toolchain folder cannot be locked")?;
    if !is_usable(&folder) {
        progress::step(
            "Making a wasm32 toolchain from Debian's packages (once, 1 to 3 min)",
            || stamp::replace_folder(&folder, |partial| make(partial, own)),
        )?;
    }
    Ok(Installed::at(&folder))
}

/// Whether the folder was finished and its compiler still starts (its linker is a link into
/// another toolchain, which may have gone).
fn is_usable(folder: &Path) -> bool {
    folder.join(COMPLETE).is_file()
        && has_target(&folder.join("bin/rustc")).unwrap_or(false)
        && rust_lld(folder).is_some_and(|linker| linker.exists())
}

fn make(folder: &Path, own: &Compiler) -> Result<()> {
    let scratch = folder.join("scratch");
    fs::create_dir_all(&scratch)?;
    let packages = download(&scratch)?;
    for package in &packages {
        Cmd::new("dpkg-deb")
            .arg("-x")
            .arg(package)
            .arg(folder)
            .output()?;
    }
    let library = driver_folder(folder)?;
    for name in ["rustc", "cargo-clippy"] {
        write_wrapper(folder, name, &library)?;
    }
    let rustc = folder.join("bin/rustc");
    let made = Compiler::at(&rustc).context("the unpacked compiler does not start")?;
    recent_enough(&made.release)?;
    link_linker(folder, &made.host, own)?;
    build_std(folder, &scratch, &rustc)?;
    stamp::remove(&scratch)?;
    fs::write(folder.join(COMPLETE), format!("{}\n", made.release))?;
    Ok(())
}

/// Downloads the packages into `scratch`, and returns their files.
fn download(scratch: &Path) -> Result<Vec<PathBuf>> {
    let fetch = || -> Result<()> {
        let shown = Cmd::new("apt-cache")
            .args(["show", "--no-all-versions", "rustc-web"])
            .output()?;
        recent_enough(offered(&shown).context("apt-cache names no version of rustc-web")?)?;
        let names = resolve(&|package| Cmd::new("apt-cache").args(["depends", package]).output())?;
        progress::detail(&format!("packages: {}", names.join(" ")));
        Cmd::new("apt-get")
            .args(["download", "-qq"])
            .args(&names)
            .dir(scratch)
            .output()?;
        Ok(())
    };
    if let Err(first) = fetch() {
        // Package lists that are missing or out of date: refreshing them needs root.
        progress::detail(&format!("{first:#}"));
        Cmd::new("apt-get")
            .args(["update", "-qq"])
            .output()
            .context("the package lists are missing or old, and refreshing them needs root")?;
        fetch().context(
            "Debian's rustc-web packages cannot be downloaded: they are in the security archive \
             of Debian 12 and later",
        )?;
    }
    let files: Vec<PathBuf> = stamp::files_under(scratch, &["partial"])?
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "deb"))
        .collect();
    Ok(files)
}

/// The version that `apt-cache show` offers.
fn offered(shown: &str) -> Option<&str> {
    shown
        .lines()
        .find_map(|line| line.strip_prefix("Version: "))
}

/// Fails where Debian's compiler is older than the workspace asks for. Package lists that are
/// some months old name such a one.
fn recent_enough(release: &str) -> Result<()> {
    let needed = env!("CARGO_PKG_RUST_VERSION");
    if version(release) < version(needed) {
        bail!("Debian's compiler here is {release}, and {needed} or later is needed");
    }
    Ok(())
}

/// The packages to unpack: those of [`PACKAGES`], the standard library that the current one
/// needs, its LLVM, and what LLVM needs beyond the base system.
fn resolve(depends: &dyn Fn(&str) -> Result<String>) -> Result<Vec<String>> {
    let needs = |package: &str| -> Result<Vec<String>> {
        Ok(dependencies(
            &depends(package).with_context(|| format!("{package} is not known"))?,
        ))
    };
    let library = needs("libstd-rust-web-dev")?
        .into_iter()
        .find(|name| name.starts_with("libstd-rust-web-"))
        .context("libstd-rust-web-dev names no library of a version")?;
    let mut names: Vec<String> = PACKAGES.iter().map(|&name| name.to_owned()).collect();
    for name in needs(&library)? {
        if name.starts_with("libllvm") {
            let beyond = needs(&name)?
                .into_iter()
                .filter(|name| !in_base_system(name));
            names.extend(beyond);
            names.push(name);
        }
    }
    names.push(library);
    names.sort();
    names.dedup();
    Ok(names)
}

/// Libraries that every system has, and that must be the running system's own.
fn in_base_system(package: &str) -> bool {
    ["libc6", "libgcc-s1", "libstdc++6"].contains(&package)
}

/// The hard dependencies in the output of `apt-cache depends`. Of alternatives the first is
/// taken; names in angle brackets are no packages.
fn dependencies(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut alternatives = false;
    for line in text.lines() {
        let line = line.trim_start();
        let (first_of_some, line) = match line.strip_prefix('|') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let Some(name) = line.strip_prefix("Depends: ") else {
            continue;
        };
        if !alternatives && !name.starts_with('<') {
            names.push(name.trim().to_owned());
        }
        alternatives = first_of_some;
    }
    names
}

/// The folder of the compiler's own shared library, from the top of the toolchain.
fn driver_folder(folder: &Path) -> Result<PathBuf> {
    let library = stamp::files_under(&folder.join("usr/lib"), &["rustlib"])?
        .into_iter()
        .find(|file| {
            file.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("librustc_driver"))
        })
        .context("the packages hold no librustc_driver")?;
    let parent = library.parent().context("a file has a folder")?;
    Ok(parent.strip_prefix(folder)?.to_path_buf())
}

/// A shell script `bin/NAME` that starts `usr/bin/NAME` with the libraries of its own folder,
/// wherever that folder is moved.
fn write_wrapper(folder: &Path, name: &str, library: &Path) -> Result<()> {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin)?;
    let path = bin.join(name);
    fs::write(&path, wrapper(name, library))?;
    make_executable(&path)?;
    Ok(())
}

fn wrapper(name: &str, library: &Path) -> String {
    let usr = library.display();
    // The LLVM library lies in /usr/lib, some that it needs in /lib.
    let lib = library.strip_prefix("usr").unwrap_or(library).display();
    format!(
        "#!/bin/sh\n\
         top=$(CDPATH='' cd -- \"$(dirname -- \"$0\")/..\" && pwd) || exit 1\n\
         LD_LIBRARY_PATH=\"$top/{usr}:$top/{lib}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\"\n\
         export LD_LIBRARY_PATH\n\
         exec \"$top/usr/bin/{name}\" \"$@\"\n"
    )
}

#[cfg(unix)]
fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(unix)]
fn link(original: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, link)
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn link(original: &Path, link: &Path) -> io::Result<()> {
    fs::copy(original, link).map(drop)
}

/// Where the toolchain's linker is, whatever its host is called.
fn rust_lld(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder.join("usr/lib/rustlib"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/rust-lld")))
        .find(|path| path.symlink_metadata().is_ok())
}

/// Debian leaves the linker to a package of its own with many dependencies; the compiler that is
/// already here has one.
fn link_linker(folder: &Path, host: &str, own: &Compiler) -> Result<()> {
    let bundled = own
        .sysroot
        .join("lib/rustlib")
        .join(&own.host)
        .join("bin/rust-lld");
    let linker = if bundled.is_file() {
        bundled
    } else {
        find_program("MUSTER_NO_OVERRIDE", &["rust-lld", "wasm-ld"]).with_context(|| {
            format!(
                "there is no linker for wasm32: neither {} nor wasm-ld on PATH (package lld)",
                bundled.display()
            )
        })?
    };
    let bin = folder.join("usr/lib/rustlib").join(host).join("bin");
    fs::create_dir_all(&bin)?;
    let place = bin.join("rust-lld");
    stamp::remove(&place)?;
    link(&linker, &place).with_context(|| format!("{} cannot be linked", place.display()))
}

/// Compiles the standard library for wasm32 and lays it into the sysroot.
fn build_std(folder: &Path, scratch: &Path, rustc: &Path) -> Result<()> {
    let seed = scratch.join("seed");
    fs::create_dir_all(seed.join("src"))?;
    fs::write(
        seed.join("src/lib.rs"),
        "//! Only there to have the standard library built.\n",
    )?;
    fs::write(
        seed.join("Cargo.toml"),
        "[package]\nname = \"seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    // CI builds with --locked, which writes no lock file.
    fs::write(
        seed.join("Cargo.lock"),
        "version = 4\n\n[[package]]\nname = \"seed\"\nversion = \"0.0.0\"\n",
    )?;
    let target = scratch.join("target");
    Cmd::cargo("build")
        .args([
            "-Zbuild-std=std,panic_abort,panic_unwind",
            "--release",
            "--target",
            TARGET,
        ])
        .dir(&seed)
        .env("RUSTC", rustc)
        // The unstable option, in a stable compiler, for this one build.
        .env("RUSTC_BOOTSTRAP", "1")
        // Bitcode stays in, so that later builds can optimise across the library.
        .env("CARGO_ENCODED_RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTC_WRAPPER")
        .hint("Compiling the standard library needs cargo's registry for its few dependencies.")
        .run()?;
    let library = folder.join("usr/lib/rustlib").join(TARGET).join("lib");
    fs::create_dir_all(&library)?;
    let built = target.join(TARGET).join("release/deps");
    for file in stamp::files_under(&built, &[])? {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_library = file
            .extension()
            .is_some_and(|extension| extension == "rlib");
        if is_library && !name.starts_with("libseed-") {
            fs::copy(&file, library.join(name))?;
        }
    }
    Ok(())
}

/// The numbers of a version, for comparing. Anything after them (`-nightly`, `+deb`) is left out.
fn version(text: &str) -> Vec<u32> {
    text.split(['-', '+'])
        .next()
        .unwrap_or_default()
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use anyhow::bail;

    use super::{dependencies, offered, recent_enough, resolve, version, wrapper};

    #[test]
    fn hard_dependencies_are_read_and_nothing_else() {
        let text = "some-package\n  Depends: libc6\n |Depends: one\n  Depends: other\n  \
                    Depends: <libc-dev>\n    libc6-dev\n  PreDepends: x\n  Conflicts: rustc\n  \
                    Depends: last\n  Recommends: cargo\n";
        assert_eq!(dependencies(text), ["libc6", "one", "last"]);
    }

    #[test]
    fn versioned_packages_are_found_through_the_unversioned_ones() {
        let depends = |package: &str| {
            Ok(match package {
                "libstd-rust-web-dev" => "libstd-rust-web-dev\n  Depends: libstd-rust-web-1.96\n",
                "libstd-rust-web-1.96" => "x\n  Depends: libc6\n  Depends: libllvm19\n",
                "libllvm19" => {
                    "x\n  Depends: libc6\n  Depends: libgcc-s1\n  Depends: libedit2\n  \
                     Depends: libstdc++6\n  Depends: libzstd1\n"
                }
                other => bail!("{other} was not to be asked for"),
            }
            .to_owned())
        };
        assert_eq!(
            resolve(&depends).expect("all known"),
            [
                "libedit2",
                "libllvm19",
                "libstd-rust-web-1.96",
                "libstd-rust-web-dev",
                "libzstd1",
                "rust-web-clippy",
                "rust-web-src",
                "rustc-web",
            ]
        );
        let error = resolve(&|_| Ok(String::new())).expect_err("no such packages");
        assert!(error.to_string().contains("libstd-rust-web-dev"), "{error}");
    }

    #[test]
    fn a_wrapper_finds_its_libraries_from_its_own_place() {
        let script = wrapper("rustc", Path::new("usr/lib/aarch64-linux-gnu"));
        assert!(
            script.contains(
                "LD_LIBRARY_PATH=\"$top/usr/lib/aarch64-linux-gnu:$top/lib/aarch64-linux-gnu$"
            ),
            "{script}"
        );
        assert!(
            script.ends_with("exec \"$top/usr/bin/rustc\" \"$@\"\n"),
            "{script}"
        );
    }

    #[test]
    fn a_compiler_of_old_package_lists_is_refused_before_it_is_downloaded() {
        let shown = "Package: rustc-web\nSource: rustc\nVersion: 1.85.0+dfsg3-1~deb12u3\n";
        let release = offered(shown).expect("a version");
        assert!(recent_enough(release).is_err());
        assert!(recent_enough("1.999.0+dfsg1-1").is_ok());
        assert_eq!(offered("Package: rustc-web\n"), None);
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("1.96.0") > version("1.95"));
        assert!(version("1.100.0-nightly") > version("1.95.9"));
        assert!(version("1.85.0+dfsg") < version("1.95"));
    }
}
