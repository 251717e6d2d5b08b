//! Reads the session transcripts of Claude Code (`~/.claude/projects/*/*.jsonl`)
//! as usage records: one record per answer of a model.
//!
//! A decoder for `muster telemetry`, of the world `muster:plugin/decoder`:
//!
//! ```text
//! muster telemetry show --decoder claude-code.decoder.wasm ~/.claude/projects
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(target_arch = "wasm32")]
mod guest;
mod prices;
mod transcript;

pub use prices::PRICES;
pub use transcript::Transcripts;
