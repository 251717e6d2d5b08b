//! The `muster` binary, run as a user would.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the binary is: what `MUSTER_BIN` names, else beside the test's own folder.
///
/// # Panics
///
/// If it is not there: `cargo build -p muster` makes it.
pub fn muster() -> PathBuf {
    let path = std::env::var_os("MUSTER_BIN");
    let path = path.map_or_else(|| beside_the_test("muster"), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is not built: run cargo build -p muster",
        path.display()
    );
    path
}

/// Where the example of a host in Rust is: beside the test's own folder.
///
/// # Panics
///
/// If it is not there: `cargo build -p rust-host` makes it.
pub fn rust_host() -> PathBuf {
    let path = beside_the_test("rust-host");
    assert!(
        path.is_file(),
        "{} is not built: run cargo build -p rust-host",
        path.display()
    );
    path
}

/// A command of the binary that sees nothing of the user's own folders and settings.
pub fn in_home(user: &Path) -> Command {
    let mut command = Command::new(muster());
    command
        .env_clear()
        .env("HOME", user)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .current_dir(user);
    command
}

fn beside_the_test(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap_or_default();
    // target/debug/deps/suite-0123 -> target/debug/muster
    path.pop();
    path.pop();
    path.join(name)
}
