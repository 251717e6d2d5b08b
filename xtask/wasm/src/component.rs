//! A core module that carries its WIT description becomes an import-free component.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// Encodes the module at `module` as a component, and writes it to `output` in one step.
///
/// A component that would import anything is refused: the core needs nothing of its host.
pub(crate) fn encode(module: &Path, output: &Path) -> Result<()> {
    let bytes = fs::read(module).with_context(|| format!("{} cannot be read", module.display()))?;
    let component = encode_bytes(&bytes)
        .with_context(|| format!("{} cannot become a component", module.display()))?;
    let mut partial = output.as_os_str().to_owned();
    partial.push(".partial");
    fs::write(&partial, &component)
        .and_then(|()| fs::rename(&partial, output))
        .with_context(|| format!("{} cannot be written", output.display()))?;
    eprintln!(
        "    {}: {} bytes, no imports",
        output.display(),
        component.len()
    );
    Ok(())
}

fn encode_bytes(module: &[u8]) -> Result<Vec<u8>> {
    let component = ComponentEncoder::default()
        .validate(true)
        .module(module)?
        .encode()?;
    let imports = imports(&component)?;
    if !imports.is_empty() {
        bail!("it imports {}, and must import nothing", imports.join(", "));
    }
    Ok(component)
}

/// The names that a component imports from its host. Imports of the modules nested in it are
/// supplied inside and do not count.
fn imports(component: &[u8]) -> Result<Vec<String>> {
    let mut depth = 0_u32;
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.push(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}
