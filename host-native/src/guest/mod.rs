//! Foreign WebAssembly guests: decoders of other systems' logs, rules for the diagnosis
//! of a gateway.
//!
//! They run in `muster-sandbox`, which is there in a build with the feature
//! `guests`. Without it a guest that is named is a clear error.

mod decoder;
mod file;
#[cfg(feature = "guests")]
mod rules;
#[cfg(not(feature = "guests"))]
mod without;

pub use decoder::Decoder;
pub use file::GuestFile;
#[cfg(feature = "guests")]
pub use rules::RuleGuest;
#[cfg(not(feature = "guests"))]
use without as sandbox;
#[cfg(not(feature = "guests"))]
pub use without::RuleGuest;

#[cfg(feature = "guests")]
use muster_sandbox as sandbox;
