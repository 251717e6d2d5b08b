//! What suites share.

pub mod binary;
