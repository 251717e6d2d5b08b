//! Gateways: rule packs as people write them.

mod packs;

pub use packs::{load_packs, pack_json, read_pack};
