//! Specs of a project: folders of Markdown files that say what is planned, decided
//! and done. Says how far each one is, and which look finished and are not marked so.

mod judge;
mod read;

pub use judge::{Candidate, SpecSettings, candidate};
pub use read::{Lifecycle, SpecDocument, SpecFile, SpecFolder, Stage};

#[cfg(test)]
mod tests;
