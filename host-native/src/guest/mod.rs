//! Foreign WebAssembly guests: decoders of other systems' logs.
//!
//! They run in `muster-sandbox`, which is there in a build with the feature
//! `guests`. Without it a guest that is named is a clear error.

mod decoder;
#[cfg(not(feature = "guests"))]
mod without;

pub use decoder::{Decoder, DecoderFile};
#[cfg(not(feature = "guests"))]
use without as sandbox;

#[cfg(feature = "guests")]
use muster_sandbox as sandbox;
