//! Guests of the package `muster:plugin`, made of the text of a module.

use anyhow::Result;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::artefacts;

/// A component of a world, of a module as text. It need not do what the world promises.
pub fn component(module: &str, world: &str) -> Result<Vec<u8>> {
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(artefacts::tests("../host-wasm/wit/plugin"))?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut module = wat::parse_str(module)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    ComponentEncoder::default().module(&module)?.encode()
}

/// The memory of such a module: what it holds, and where.
#[derive(Debug)]
pub struct Memory {
    base: usize,
    bytes: Vec<u8>,
}

impl Memory {
    /// Memory from an address on, which is a multiple of four.
    pub fn at(base: usize) -> Self {
        Self {
            base,
            bytes: Vec::new(),
        }
    }

    /// Places bytes; gives address and length.
    pub fn place(&mut self, bytes: &[u8]) -> [usize; 2] {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let address = self.base + self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        [address, bytes.len()]
    }

    /// Places words; gives their address.
    pub fn words(&mut self, words: &[usize]) -> usize {
        let bytes = words
            .iter()
            .flat_map(|word| u32::try_from(*word).unwrap_or(u32::MAX).to_le_bytes());
        let bytes: Vec<u8> = bytes.collect();
        self.place(&bytes)[0]
    }

    /// The data segment that holds it.
    pub fn segment(&self) -> String {
        let escaped: String = self
            .bytes
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        format!("(data (i32.const {}) \"{escaped}\")", self.base)
    }
}
