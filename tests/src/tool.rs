//! Tools that a machine may lack.

use std::path::PathBuf;
use std::process::Command;

/// Node: what `MUSTER_NODE` names, else `node` of the search path. Without it the
/// test fails under `CI=true`, and says elsewhere that it was skipped.
pub fn node() -> Option<PathBuf> {
    find("MUSTER_NODE", "node")
}

fn find(variable: &str, name: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map_or_else(|| PathBuf::from(name), PathBuf::from);
    let works = Command::new(&path)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if works {
        return Some(path);
    }
    skip(&format!("{name} is not at {}", path.display()));
    None
}

/// Says why a test is skipped.
///
/// # Panics
///
/// Under `CI=true`, where nothing may be skipped.
#[expect(clippy::print_stdout, reason = "a skipped test must be seen")]
pub fn skip(why: &str) {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
    println!("SKIPPED: {why}");
}
