//! What suites share: hosts, fixtures, logs of bad input, tools, the surface of the core.

pub mod artefacts;
pub mod bad_input;
pub mod binary;
pub mod hosts;
pub mod peer;
pub mod surface;
pub mod tool;
