//! Where things are: the repository, its build folders, the user's cache.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The version of every package of this workspace.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The folders that the tasks work with.
pub(crate) struct Workspace {
    /// The top of the repository.
    pub(crate) root: PathBuf,
    /// Where cargo puts native builds, with `CARGO_TARGET_DIR` and configuration followed.
    native_target: PathBuf,
}

impl Workspace {
    /// Finds the repository that this program was built from.
    pub(crate) fn locate() -> Result<Self> {
        // `cargo run` sets the variable, so a moved repository is found too.
        let own = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = own
            .parent()
            .context("the folder of xtask has no parent")?
            .to_path_buf();
        // This program itself lies in the target folder: TARGET/debug/xtask.
        let exe = env::current_exe().context("the path of this program cannot be read")?;
        let native_target = exe
            .ancestors()
            .nth(2)
            .context("this program is not in a target folder")?
            .to_path_buf();
        Ok(Self {
            root,
            native_target,
        })
    }

    /// A repository elsewhere, whose own programs are not built.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            native_target: root.join("target"),
        }
    }

    /// A path in the repository.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The target folder of wasm32 builds, apart from the native one because it is wiped
    /// whenever the wasm32 toolchain changes.
    pub(crate) fn wasm_target(&self) -> PathBuf {
        self.path("target/wasm")
    }

    /// What the suites, the page and the distribution take from here.
    pub(crate) fn artefacts(&self) -> PathBuf {
        self.path("target/artefacts")
    }

    /// A native program as cargo leaves it, `profile` being the folder name (`debug`, `release`).
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.native_target
            .join(profile)
            .join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// Where marks of finished work are kept.
    pub(crate) fn stamps(&self) -> PathBuf {
        self.path("target/stamps")
    }

    /// The folder for things worth keeping between clones: `$XDG_CACHE_HOME/muster`, else
    /// `$HOME/.cache/muster`, else a folder of this clone.
    pub(crate) fn cache(&self) -> PathBuf {
        cache_folder(
            env::var_os("XDG_CACHE_HOME"),
            env::var_os("HOME"),
            &self.root,
        )
    }
}

fn cache_folder(
    xdg: Option<std::ffi::OsString>,
    home: Option<std::ffi::OsString>,
    root: &Path,
) -> PathBuf {
    // The XDG rules: a relative path is to be ignored.
    let absolute = |value: Option<std::ffi::OsString>| {
        value.map(PathBuf::from).filter(|path| path.is_absolute())
    };
    absolute(xdg)
        .or_else(|| absolute(home).map(|home| home.join(".cache")))
        .map_or_else(|| root.join("target/cache"), |base| base.join("muster"))
}

/// Whether this runs in continuous integration, where nothing may be skipped.
pub(crate) fn ci() -> bool {
    env::var("CI").is_ok_and(|value| value == "true")
}

#[cfg(test)]
mod tests {
    use super::{Path, PathBuf, cache_folder};

    #[test]
    fn the_cache_follows_the_xdg_rules() {
        let root = Path::new("/repo");
        let at = |xdg: Option<&str>, home: Option<&str>| {
            cache_folder(xdg.map(Into::into), home.map(Into::into), root)
        };
        assert_eq!(at(Some("/c"), Some("/h")), PathBuf::from("/c/muster"));
        assert_eq!(
            at(Some("relative"), Some("/h")),
            PathBuf::from("/h/.cache/muster")
        );
        assert_eq!(at(Some(""), Some("/h")), PathBuf::from("/h/.cache/muster"));
        assert_eq!(at(None, None), PathBuf::from("/repo/target/cache"));
    }
}
