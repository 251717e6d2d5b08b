//! Where built artefacts and fixtures lie.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The component.
pub fn component() -> Result<Vec<u8>> {
    component_file("muster-core.component.wasm")
}

/// The decoder of Claude Code's transcripts.
pub fn claude_code_decoder() -> Result<Vec<u8>> {
    component_file("claude-code.decoder.wasm")
}

/// The example of a guest with rules.
pub fn example_rules() -> Result<Vec<u8>> {
    component_file("example.rules.wasm")
}

fn component_file(name: &str) -> Result<Vec<u8>> {
    let path = folder().join(name);
    std::fs::read(&path).with_context(|| format!("{}: run `cargo xtask wasm`", path.display()))
}

/// The folder of the browser package.
pub fn browser() -> Result<PathBuf> {
    let path = folder().join("browser");
    std::fs::metadata(path.join("muster_browser_bg.wasm"))
        .with_context(|| format!("{}: run `cargo xtask wasm`", path.display()))?;
    Ok(path)
}

/// A folder of the tests.
pub fn tests(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn folder() -> PathBuf {
    std::env::var_os("MUSTER_ARTEFACTS").map_or_else(|| tests("../target/artefacts"), PathBuf::from)
}
