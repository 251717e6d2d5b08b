//! An answer from the index, reading what the index cannot tell.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use muster_core::{BlockUse, LogKind, LogScan, ReadOptions, Timestamp, UsageIndex};

use super::build::{is_end, scan_block};
use crate::files::side_by_side;

/// The scan of the whole log up to `size`, and how many blocks were not read for
/// it. `None` when reading the log at once is better, or when it has shrunk.
pub(super) fn answer(
    index: &UsageIndex,
    file: &File,
    size: u64,
    options: &ReadOptions,
    threads: usize,
) -> io::Result<Option<(LogScan, usize)>> {
    match read(index, file, size, options, threads) {
        Ok(Some((scans, tail))) => {
            let mut whole = LogScan::new(LogKind::Usage, options, 0);
            let read = scans.len();
            let mut scans = scans;
            for (at, block) in index.blocks().iter().enumerate() {
                match scans.remove(&at) {
                    Some(scan) => whole.merge(scan),
                    None => whole.merge_block(index, block),
                }
            }
            whole.merge(tail);
            Ok(Some((whole, index.blocks().len() - read)))
        }
        Ok(None) => Ok(None),
        Err(error) if is_end(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Scans of the blocks that had to be read, by their place, and of what follows the
/// last block.
type Scans = (BTreeMap<usize, LogScan>, LogScan);

/// `None` when most of the log would have to be read.
fn read(
    index: &UsageIndex,
    file: &File,
    size: u64,
    options: &ReadOptions,
    threads: usize,
) -> io::Result<Option<Scans>> {
    let blocks = index.blocks();
    let (cut, whole): (Vec<usize>, Vec<usize>) =
        (0..blocks.len()).partition(|at| blocks[*at].usage(options) == BlockUse::Read);
    let mut left = size / 2;
    for at in &cut {
        let bytes = &blocks[*at].bytes;
        match left.checked_sub(bytes.end - bytes.start) {
            Some(rest) => left = rest,
            None => return Ok(None),
        }
    }
    let scanned = side_by_side(&cut, threads, |at| {
        scan_block(file, blocks[*at].bytes.clone(), options)
    });
    let mut scans = BTreeMap::new();
    for (at, scan) in cut.into_iter().zip(scanned) {
        scans.insert(at, scan?);
    }
    let tail = scan_block(file, index.end()..size, options)?;

    let mut times: Vec<Timestamp> = tail.recent_times();
    for scan in scans.values() {
        keep_newest(&mut times, scan, options.recent);
    }
    // Newest first: once enough calls are found, no older block can hold a newer one.
    let mut candidates: Vec<(Timestamp, usize)> = whole
        .into_iter()
        .filter_map(|at| Some((blocks[at].newest_in(&options.window)?, at)))
        .collect();
    candidates.sort_unstable_by_key(|candidate| Reverse(*candidate));
    for (newest, at) in candidates {
        let oldest_kept = options.recent.checked_sub(1).map(|last| times.get(last));
        match oldest_kept {
            // No call is asked for.
            None => break,
            Some(Some(oldest)) if *oldest > newest => break,
            Some(_) => {}
        }
        let bytes = &blocks[at].bytes;
        match left.checked_sub(bytes.end - bytes.start) {
            Some(rest) => left = rest,
            None => return Ok(None),
        }
        let scan = scan_block(file, bytes.clone(), options)?;
        keep_newest(&mut times, &scan, options.recent);
        scans.insert(at, scan);
    }
    Ok(Some((scans, tail)))
}

fn keep_newest(times: &mut Vec<Timestamp>, scan: &LogScan, limit: usize) {
    times.extend(scan.recent_times());
    times.sort_unstable_by_key(|at| Reverse(*at));
    times.truncate(limit);
}
