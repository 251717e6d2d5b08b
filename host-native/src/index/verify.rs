//! Checking every index against a full reading of its log.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use muster_core::{UsageBlock, UsageIndex};

use super::build::{is_end, scan_block};
use super::store::{self, Kept};
use super::{IndexSettings, still_true};
use crate::files::{open_log, side_by_side};
use crate::index::identity::Identity;

/// What became of the check of one index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexCheck {
    /// The file of the index.
    pub file: PathBuf,
    /// The log that it is about, where that can be told.
    pub log: Option<PathBuf>,
    /// What was found.
    pub finding: IndexFinding,
}

/// How an index stands to its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexFinding {
    /// All its sums are those of the log.
    Agrees {
        /// How many blocks were compared.
        blocks: usize,
        /// How many bytes of the log were read for it.
        bytes: u64,
    },
    /// The sums of these bytes of the log are others. Reports could have been wrong:
    /// the index has been deleted.
    Wrong {
        /// Where the first block with other sums lies.
        block: Range<u64>,
    },
    /// The log was replaced or edited since; the next report makes the index anew.
    Outdated,
    /// The log is no longer there: the index has been deleted.
    LogGone,
    /// The file is damaged or of another version: it counts as none, and the next
    /// report replaces it.
    Unreadable,
    /// The log cannot be read.
    LogUnreadable(String),
}

/// Checks all indexes: every block is read from its log and added up again.
///
/// An index that is wrong, or whose log is gone, is deleted. `advance` is told of the
/// bytes of logs as they are read. Fails where the folder cannot be read.
pub fn verify_indexes(
    settings: &IndexSettings,
    threads: usize,
    advance: &(dyn Fn(u64) + Sync),
) -> io::Result<Vec<IndexCheck>> {
    let files = store::list(&settings.folder)?;
    let mut checks = Vec::with_capacity(files.len());
    for file in files {
        let log = store::log_of(&file);
        let finding = match &log {
            None => IndexFinding::Unreadable,
            Some(log) => check(settings, log, threads, advance)
                .unwrap_or_else(|error| IndexFinding::LogUnreadable(error.to_string())),
        };
        if matches!(finding, IndexFinding::Wrong { .. } | IndexFinding::LogGone) {
            fs::remove_file(&file)?;
        }
        checks.push(IndexCheck { file, log, finding });
    }
    Ok(checks)
}

fn check(
    settings: &IndexSettings,
    log: &Path,
    threads: usize,
    advance: &(dyn Fn(u64) + Sync),
) -> io::Result<IndexFinding> {
    let file = match open_log(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(IndexFinding::LogGone);
        }
        file => file?,
    };
    let Some(kept) = store::load(&settings.folder, log) else {
        return Ok(IndexFinding::Unreadable);
    };
    // What a report would do: an index that it would not believe is not wrong.
    let index = still_true(
        Kept {
            is_young: true,
            ..kept
        },
        &Identity::of(&file.metadata()?),
        &file,
    )?;
    if index.blocks().is_empty() {
        return Ok(IndexFinding::Outdated);
    }
    let compared = side_by_side(index.blocks(), threads, |block: &UsageBlock| {
        let scan = scan_block(&file, block.bytes.clone(), &UsageIndex::scan_options())?;
        advance(block.bytes.end - block.bytes.start);
        io::Result::Ok(index.agrees(block, scan))
    });
    for (block, agrees) in index.blocks().iter().zip(compared) {
        match agrees {
            Ok(true) => {}
            Ok(false) => {
                return Ok(IndexFinding::Wrong {
                    block: block.bytes.clone(),
                });
            }
            Err(error) if is_end(&error) => return Ok(IndexFinding::Outdated),
            Err(error) => return Err(error),
        }
    }
    Ok(IndexFinding::Agrees {
        blocks: index.blocks().len(),
        bytes: index.end(),
    })
}
