//! The native host of Muster: files, terminal and network around the pure core.
//!
//! What is *not* here: no report is computed in this crate, and nothing is ever
//! written into the folders of the systems that are read, except by the commands
//! that say so.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod account;
pub mod bridge;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod error;
pub mod export;
pub mod files;
pub mod folders;
pub mod gateway;
pub mod guest;
pub mod index;
pub mod process;
pub mod random;
mod ratings;
pub mod render;
pub mod server;
pub mod store;
pub mod trash;
pub mod write;
