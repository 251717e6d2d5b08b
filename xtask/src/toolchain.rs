//! A compiler for `wasm32-unknown-unknown`: the installed one, else rustup's, else one made from
//! Debian's packages.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::command::{Cmd, find_program};
use crate::debian;
use crate::progress;
use crate::stamp::{self, Stamp};
use crate::workspace::Workspace;

/// The target of both WebAssembly faces.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// How a compiler for wasm32 may be obtained, from `MUSTER_WASM_TOOLCHAIN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// Whatever works first: installed, rustup, Debian.
    Any,
    Rustup,
    Debian,
}

impl Source {
    fn parse(value: Option<&str>) -> Result<Self> {
        match value {
            None | Some("") => Ok(Self::Any),
            Some("rustup") => Ok(Self::Rustup),
            Some("debian") => Ok(Self::Debian),
            Some(other) => {
                bail!("MUSTER_WASM_TOOLCHAIN is \"{other}\", and can be \"rustup\" or \"debian\"")
            }
        }
    }
}

/// A compiler that has the wasm32 target.
pub(crate) struct Toolchain {
    /// Set when it is not the compiler that cargo would take anyway.
    private: Option<debian::Installed>,
    /// Changes whenever compiler or standard library do.
    identity: String,
}

impl Toolchain {
    /// Finds or makes one, as `MUSTER_WASM_TOOLCHAIN` says.
    pub(crate) fn obtain(workspace: &Workspace) -> Result<Self> {
        let source = Source::parse(env::var("MUSTER_WASM_TOOLCHAIN").ok().as_deref())?;
        if source != Source::Debian {
            if let Some(toolchain) = Self::of_cargo()? {
                return Ok(toolchain);
            }
            match progress::step("Adding the wasm32 target by rustup", add_by_rustup) {
                Ok(()) => {
                    return Self::of_cargo()?.context(
                        "rustup added the target, and the compiler that cargo takes still lacks \
                         it: is another rustc first on PATH, or RUSTC set?",
                    );
                }
                Err(error) if source == Source::Rustup || !debian::at_hand() => {
                    return Err(error).context(ADVICE);
                }
                Err(error) => progress::detail(&format!("{error:#}")),
            }
        }
        let installed =
            debian::obtain(&workspace.cache().join("toolchain"), &Compiler::of_cargo()?)
                .context(ADVICE)?;
        let identity = identity(&installed.rustc)?;
        Ok(Self {
            private: Some(installed),
            identity,
        })
    }

    /// The compiler that cargo takes, when its sysroot has the target.
    fn of_cargo() -> Result<Option<Self>> {
        let rustc = cargos_rustc();
        if has_target(&rustc)? {
            Ok(Some(Self {
                private: None,
                identity: identity(&rustc)?,
            }))
        } else {
            Ok(None)
        }
    }

    /// The compiler's path or name.
    fn rustc(&self) -> PathBuf {
        self.private
            .as_ref()
            .map_or_else(cargos_rustc, |private| private.rustc.clone())
    }

    /// A cargo command that compiles for wasm32 into the target folder of its own, which is
    /// wiped first when another toolchain filled it: cargo does not notice a changed sysroot.
    pub(crate) fn cargo(&self, workspace: &Workspace, subcommand: &str) -> Result<Cmd> {
        let target = workspace.wasm_target();
        let stamp = Stamp::new(target.join("toolchain.txt"), self.identity.clone());
        if !stamp.holds() {
            stamp.renew(|| {
                if target.exists() {
                    progress::detail("another wasm32 toolchain: its earlier builds go");
                }
                stamp::remove(&target)
            })?;
        }
        let cmd = match (&self.private, subcommand) {
            // The clippy beside the other compiler refuses this one's metadata.
            (Some(private), "clippy") => Cmd::new(&private.cargo_clippy).arg("clippy"),
            _ => Cmd::cargo(subcommand),
        };
        let cmd = cmd
            .args(["--target", TARGET, "--target-dir"])
            .arg(&target)
            .dir(&workspace.root)
            // Flags meant for native code must not reach the modules.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_BUILD_RUSTFLAGS");
        Ok(match &self.private {
            Some(private) => cmd.env("RUSTC", &private.rustc),
            None => cmd,
        })
    }
}

const ADVICE: &str = "No compiler for wasm32-unknown-unknown could be obtained.\n  \
    With rustup: `rustup target add wasm32-unknown-unknown` (it needs its download server).\n  \
    With a distribution's Rust: Fedora has rust-std-static-wasm32-unknown-unknown, Alpine \
    rust-wasm.\n  \
    On Debian and its kin nothing is needed but apt with its package lists \
    (`apt-get update` as root).";

/// Obtains the toolchain and prints the path of its compiler.
pub(crate) fn run(workspace: &Workspace, _arguments: &[String]) -> Result<()> {
    let toolchain = Toolchain::obtain(workspace)?;
    println!("{}", toolchain.rustc().display());
    Ok(())
}

/// What `rustc -vV` says of a compiler.
pub(crate) struct Compiler {
    /// For example `1.95.0`.
    pub(crate) release: String,
    /// For example `x86_64-unknown-linux-gnu`.
    pub(crate) host: String,
    /// The folder that holds its libraries.
    pub(crate) sysroot: PathBuf,
}

impl Compiler {
    /// The compiler that cargo takes.
    pub(crate) fn of_cargo() -> Result<Self> {
        Self::at(&cargos_rustc())
    }

    /// The compiler at a path.
    pub(crate) fn at(rustc: &Path) -> Result<Self> {
        let about = Cmd::new(rustc).arg("-vV").output()?;
        let sysroot = Cmd::new(rustc).args(["--print", "sysroot"]).output()?;
        let field = |name: &str| {
            about
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                .map(str::to_owned)
                .with_context(|| format!("`rustc -vV` has no line \"{name}:\""))
        };
        Ok(Self {
            release: field("release")?,
            host: field("host")?,
            sysroot: PathBuf::from(sysroot.trim()),
        })
    }
}

fn cargos_rustc() -> PathBuf {
    env::var_os("RUSTC")
        .unwrap_or_else(|| OsString::from("rustc"))
        .into()
}

fn target_libdir(rustc: &Path) -> Result<PathBuf> {
    let libdir = Cmd::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()?;
    Ok(PathBuf::from(libdir.trim()))
}

/// Whether the compiler's sysroot holds the standard library of the target.
pub(crate) fn has_target(rustc: &Path) -> Result<bool> {
    let libdir = target_libdir(rustc)?;
    Ok(fs::read_dir(libdir).is_ok_and(|mut entries| {
        entries.any(|entry| {
            entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
        })
    }))
}

/// The compiler's own words on its version, and the names of the target's libraries, which
/// carry a hash of what they are.
fn identity(rustc: &Path) -> Result<String> {
    let about = Cmd::new(rustc).arg("-vV").output()?;
    let libdir = target_libdir(rustc)?;
    let names: Vec<String> = stamp::files_under(&libdir, &[])?
        .iter()
        .filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned()))
        .collect();
    Ok(format!(
        "{about}{}\n{}\n",
        libdir.display(),
        names.join("\n")
    ))
}

fn add_by_rustup() -> Result<()> {
    let rustup =
        find_program("MUSTER_RUSTUP", &["rustup"]).context("there is no rustup on PATH")?;
    let mut cmd = Cmd::new(rustup).args(["target", "add", TARGET]);
    if let Some(toolchain) = env::var_os("RUSTUP_TOOLCHAIN") {
        cmd = cmd.arg("--toolchain").arg(toolchain);
    }
    cmd.run()
}

#[cfg(test)]
mod tests {
    use super::{Compiler, Source, has_target};
    use std::path::Path;

    #[test]
    fn the_variable_has_three_meanings_and_no_fourth() {
        assert_eq!(Source::parse(None).expect("unset"), Source::Any);
        assert_eq!(Source::parse(Some("")).expect("empty"), Source::Any);
        assert_eq!(
            Source::parse(Some("rustup")).expect("known"),
            Source::Rustup
        );
        assert_eq!(
            Source::parse(Some("debian")).expect("known"),
            Source::Debian
        );
        assert!(
            Source::parse(Some("nix"))
                .expect_err("unknown")
                .to_string()
                .contains("\"nix\"")
        );
    }

    #[test]
    fn a_compiler_describes_itself() {
        let compiler = Compiler::of_cargo().expect("the compiler that built this");
        assert!(compiler.release.starts_with("1."), "{}", compiler.release);
        assert!(
            compiler.sysroot.join("lib").is_dir(),
            "{}",
            compiler.sysroot.display()
        );
        assert!(compiler.host.contains('-'), "{}", compiler.host);
        has_target(Path::new("no-such-compiler")).expect_err("it cannot be started");
    }
}
