//! What suites share: hosts, fixtures, logs of bad input, tools.

pub mod artefacts;
pub mod bad_input;
pub mod binary;
pub mod hosts;
pub mod tool;
