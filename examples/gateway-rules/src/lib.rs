//! Two rules that no table can say: errors of nginx that come in a burst, and events that
//! wait in Redis while the gateway's status says that none do.
//!
//! A guest for `muster gateway diagnose`, of the world `muster:plugin/rules`:
//!
//! ```text
//! muster gateway diagnose --rules example.rules.wasm
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod burst;
#[cfg(target_arch = "wasm32")]
mod guest;
mod waiting;

pub use burst::{Burst, burst};
pub use waiting::uncounted;
