//! Generated from `host-wasm/wit`.
#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::pedantic,
    reason = "generated code"
)]

wit_bindgen::generate!({
    path: "../wit",
    world: "core",
});

use super::Component;

export!(Component);
