//! What is kept of the blocks of a usage log, so that it need not be read again.
//!
//! A block is a part of the log that begins and ends at a line's border. Its sums
//! over all of time are kept, with the times of its first and last record: a
//! window that holds all of them or none is answered from the sums, one that cuts
//! through has to read the block.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use super::{UsageCell, UsageFold, UsageKey};
use crate::line_log::LineLog;
use crate::telemetry::{LogScan, ReadOptions};
use crate::time::{Day, Timestamp, Window};

/// Blocks from the beginning of a usage log on, without gaps.
#[derive(Clone, Debug, Default)]
pub struct UsageIndex {
    /// Every key that a block has sums for.
    pub(super) keys: Vec<UsageKey>,
    pub(super) blocks: Vec<UsageBlock>,
    /// The places of `keys`; filled when blocks are added.
    places: BTreeMap<UsageKey, u32>,
}

/// One block of a usage log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageBlock {
    /// The bytes of the log that it is made of.
    pub bytes: Range<u64>,
    /// Tells whether the log still has the block: hashes of its head and its tail.
    pub hashes: [u64; 2],
    /// What became of its lines.
    pub(super) log: LineLog,
    /// First and last time of its records.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    pub(super) rows: Vec<BlockRow>,
}

/// Sums of one key on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BlockRow {
    pub(super) key: u32,
    pub(super) day: Day,
    pub(super) cell: UsageCell,
}

/// How a block takes part in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockUse {
    /// Its sums are enough.
    Merge,
    /// A window cuts through it: its lines have to be read.
    Read,
}

impl UsageIndex {
    /// What a block is scanned with: everything, and no recent calls.
    pub fn scan_options() -> ReadOptions {
        ReadOptions {
            window: Window::ALL,
            against: None,
            recent: 0,
            ..ReadOptions::default()
        }
    }

    /// The blocks in file order.
    pub fn blocks(&self) -> &[UsageBlock] {
        &self.blocks
    }

    /// Where the part of the log ends that the blocks hold.
    pub fn end(&self) -> u64 {
        self.blocks.last().map_or(0, |block| block.bytes.end)
    }

    /// Whether a block holds what its bytes say: `scan` is their finished scan with
    /// [`Self::scan_options`].
    pub fn agrees(&self, block: &UsageBlock, scan: LogScan) -> bool {
        let Some((log, fold)) = scan.into_usage() else {
            return false;
        };
        let kept: BTreeMap<_, _> = block
            .rows
            .iter()
            .map(|row| ((self.row_key(row), row.day), &row.cell))
            .collect();
        let found: BTreeMap<_, _> = fold
            .cube
            .cells()
            .map(|(key, day, cell)| ((Some(key), day), cell))
            .collect();
        kept.len() == block.rows.len()
            && kept == found
            && block.log == log
            && block.span == fold.span
    }

    /// How many sums are kept: what the index costs in memory.
    pub fn rows(&self) -> usize {
        self.blocks.iter().map(|block| block.rows.len()).sum()
    }

    /// Appends the block that begins at [`Self::end`] and ends at `end`, from its
    /// finished scan with [`Self::scan_options`]. A scan of another log is dropped.
    pub fn push(&mut self, end: u64, hashes: [u64; 2], scan: LogScan) {
        let Some((log, fold)) = scan.into_usage() else {
            return;
        };
        let rows = self.rows_of(&fold);
        self.blocks.push(UsageBlock {
            bytes: self.end()..end,
            hashes,
            log,
            span: fold.span,
            rows,
        });
    }

    /// Appends lines to the last block: those from [`Self::end`] to `end`. The
    /// hashes are those of the block as it is then.
    pub fn extend_last(&mut self, end: u64, hashes: [u64; 2], scan: LogScan) {
        let Some((log, fold)) = scan.into_usage() else {
            return;
        };
        let rows = self.rows_of(&fold);
        let Some(last) = self.blocks.last_mut() else {
            return;
        };
        for row in rows {
            let same = |old: &&mut BlockRow| (old.key, old.day) == (row.key, row.day);
            match last.rows.iter_mut().find(same) {
                Some(old) => old.cell.add(&row.cell),
                None => last.rows.push(row),
            }
        }
        last.bytes.end = end;
        last.hashes = hashes;
        last.log.merge(log);
        last.span = super::fold::join(last.span, fold.span);
    }

    fn rows_of(&mut self, fold: &UsageFold) -> Vec<BlockRow> {
        if self.places.len() != self.keys.len() {
            self.places = (0..)
                .zip(&self.keys)
                .map(|(n, key)| (key.clone(), n))
                .collect();
        }
        let mut rows = Vec::new();
        for (key, day, cell) in fold.cube.cells() {
            let place = if let Some(&place) = self.places.get(key) {
                place
            } else {
                let place = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
                self.keys.push(key.clone());
                self.places.insert(key.clone(), place);
                place
            };
            rows.push(BlockRow {
                key: place,
                day,
                cell: cell.clone(),
            });
        }
        rows
    }

    pub(super) fn row_key(&self, row: &BlockRow) -> Option<&UsageKey> {
        self.keys.get(row.key as usize)
    }
}

impl PartialEq for UsageIndex {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys && self.blocks == other.blocks
    }
}

impl UsageBlock {
    /// How the block takes part in an answer with these options, recent calls apart.
    pub fn usage(&self, options: &ReadOptions) -> BlockUse {
        let Some((first, last)) = self.span else {
            return BlockUse::Merge;
        };
        let whole = |window: &Window| window.covers(first, last) || window.is_disjoint(first, last);
        if whole(&options.window) && options.against.as_ref().is_none_or(whole) {
            BlockUse::Merge
        } else {
            BlockUse::Read
        }
    }

    /// The time of the newest record, if the block may hold records of the window.
    pub fn newest_in(&self, window: &Window) -> Option<Timestamp> {
        self.span
            .filter(|(first, last)| !window.is_disjoint(*first, *last))
            .map(|(_, last)| last)
    }

    /// The sums of the block, taken into a scan of the part before it. The block's
    /// [`Self::usage`] must be [`BlockUse::Merge`].
    pub(crate) fn merge_into(&self, index: &UsageIndex, fold: &mut UsageFold, log: &mut LineLog) {
        log.merge(self.log.clone());
        let Some((first, last)) = self.span else {
            return;
        };
        let options = *fold.options();
        let inside = options.window.covers(first, last);
        let against = options
            .against
            .is_some_and(|window| window.covers(first, last));
        for row in &self.rows {
            let Some(key) = index.row_key(row) else {
                continue;
            };
            if inside {
                fold.cube.add(key, row.day, &row.cell);
            }
            if against {
                fold.against.add(key, row.day, &row.cell);
            }
        }
        if !inside && !against {
            fold.outside += self.log.records;
        }
        fold.span = super::fold::join(fold.span, self.span);
    }
}
