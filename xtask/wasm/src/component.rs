//! A core module that carries its WIT description becomes an import-free component.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// Encodes the module at `module` as a component, and writes it to `output` in one step.
///
/// A component that would import anything is refused: neither the core nor a guest needs
/// anything of its host.
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
        .module(&without_names(module)?)?
        .encode()?;
    let imports = imports(&component)?;
    if !imports.is_empty() {
        bail!("it imports {}, and must import nothing", imports.join(", "));
    }
    Ok(component)
}

/// A core module without the names of its functions, which are for debuggers.
fn without_names(module: &[u8]) -> Result<Vec<u8>> {
    let mut kept = Vec::with_capacity(module.len());
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::Version { range, .. } = &payload {
            kept.extend_from_slice(part(module, range)?);
        }
        if matches!(&payload, Payload::CustomSection(section) if section.name() == "name") {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let content = part(module, &range)?;
            kept.push(id);
            push_leb128(&mut kept, content.len());
            kept.extend_from_slice(content);
        }
    }
    Ok(kept)
}

fn part<'a>(module: &'a [u8], range: &Range<u64>) -> Result<&'a [u8]> {
    module
        .get(usize::try_from(range.start)?..usize::try_from(range.end)?)
        .context("a section lies beyond the module's end")
}

/// A length as the format writes it: seven bits a byte, the lowest first.
fn push_leb128(bytes: &mut Vec<u8>, mut length: usize) {
    loop {
        let [low, ..] = length.to_le_bytes();
        let low = low & 0x7f;
        length >>= 7;
        if length == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
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
