//! An index beside large usage logs, so that what was read once is not read again.
//!
//! It lies in Muster's own cache folder, one file per log: the sums of each block
//! of 1 MiB, with hashes by which the log is checked. Whatever is in doubt is read
//! again; an index that cannot be read or written costs time, never an answer.
//! `docs/index.md` says what it relies on.

mod answer;
mod build;
mod identity;
mod store;
mod verify;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use muster_core::{LogKind, ReadOptions, UsageIndex};

use crate::error::describe;
use crate::files::{Scanned, open_log, scan_file};
use crate::folders;
use identity::Identity;

pub use verify::{IndexCheck, IndexFinding, verify_indexes};

/// Bytes of a block.
const BLOCK_BYTES: u64 = 1 << 20;
/// A smaller log is read faster than its index.
const MIN_BYTES: u64 = 2 << 20;
/// Fewer new bytes are read again the next time rather than kept.
const SAVE_BYTES: u64 = 64 << 10;
/// An index with more sums than this takes too much memory: the log is read.
const MAX_ROWS: usize = 100_000;

/// Where indexes are kept, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSettings {
    /// The folder of the indexes.
    pub folder: PathBuf,
    /// Bytes of a block.
    pub block_bytes: u64,
    /// The smallest log that gets an index.
    pub min_bytes: u64,
}

/// What an index did for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexUse {
    /// Nothing: the log was read.
    None(&'static str),
    /// These many blocks of all were not read.
    Used {
        /// Blocks answered from their sums.
        kept: usize,
        /// Blocks in the index.
        blocks: usize,
        /// Why the index could not be kept for the next time.
        not_saved: Option<String>,
    },
}

impl IndexSettings {
    /// The usual settings; `None` where the user has no cache folder.
    pub fn of_user() -> Option<Self> {
        Some(Self {
            folder: folders::cache()?.join("index"),
            block_bytes: BLOCK_BYTES,
            min_bytes: MIN_BYTES,
        })
    }
}

impl IndexUse {
    /// The use in words.
    pub fn describe(&self) -> String {
        match self {
            Self::None(why) => format!("no index: {why}"),
            Self::Used {
                kept,
                blocks,
                not_saved,
            } => {
                let used = format!("index: {kept} of {blocks} blocks not read");
                match not_saved {
                    None => used,
                    Some(why) => format!("{used}; it cannot be kept: {why}"),
                }
            }
        }
    }
}

/// Reads a usage log as [`scan_file`] does, through its index.
pub fn scan_indexed(
    path: &Path,
    options: &ReadOptions,
    threads: usize,
    advance: &(dyn Fn(u64) + Sync),
    settings: &IndexSettings,
) -> io::Result<(Scanned, IndexUse)> {
    let read_all = |why| {
        scan_file(path, LogKind::Usage, options, threads, advance)
            .map(|scanned| (scanned, IndexUse::None(why)))
    };
    let file = open_log(path)?;
    let identity = Identity::of(&file.metadata()?);
    if identity.size < settings.min_bytes {
        return read_all("the log is small");
    }
    let Ok(log) = path.canonicalize() else {
        return read_all("the log has moved");
    };
    let kept = store::load(&settings.folder, &log);
    // Kept once more when the log has been still for long enough to be trusted.
    let refresh = kept.as_ref().is_none_or(|kept| {
        kept.is_young && kept.identity == identity && identity.is_older_than(store::YOUNG_NANOS)
    });
    let mut index = match kept {
        Some(kept) => still_true(kept, &identity, &file)?,
        None => UsageIndex::default(),
    };
    let before = index.end();
    let is_whole = build::extend(
        &mut index,
        &file,
        identity.size,
        settings.block_bytes,
        threads,
        advance,
    )?;
    if !is_whole {
        return read_all("the log shrank");
    }
    if index.rows() > MAX_ROWS {
        return read_all("the log has too many different calls");
    }
    let save = refresh || index.end() - before >= SAVE_BYTES.min(settings.block_bytes);
    let Some((scan, kept)) = answer::answer(&index, &file, identity.size, options, threads)? else {
        let scanned = read_all("most blocks have to be read")?;
        if save {
            // Kept for windows that it helps with; a failure shows when it is used.
            let _ = store::save(&settings.folder, &log, &identity, &index);
        }
        return Ok(scanned);
    };
    advance(identity.size - (index.end() - before));
    let saved = if save {
        store::save(&settings.folder, &log, &identity, &index)
    } else {
        Ok(())
    };
    let used = IndexUse::Used {
        kept,
        blocks: index.blocks().len(),
        not_saved: saved.err().map(|error| describe(&error)),
    };
    let scanned = Scanned {
        scan,
        bytes: identity.size,
        shrank: false,
    };
    Ok((scanned, used))
}

/// The index as far as it holds for the log as it is now: all of it or nothing.
fn still_true(kept: store::Kept, now: &Identity, file: &File) -> io::Result<UsageIndex> {
    let same_file = (kept.identity.device, kept.identity.inode) == (now.device, now.inode);
    let unchanged = kept.identity == *now;
    let grown = same_file && now.size > kept.identity.size;
    let holds = if unchanged && !kept.is_young {
        true
    } else if unchanged || grown {
        build::has_all_blocks(file, &kept.index)?
    } else {
        false
    };
    Ok(if holds {
        kept.index
    } else {
        UsageIndex::default()
    })
}

#[cfg(test)]
mod tests;
