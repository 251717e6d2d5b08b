//! Making an index of a log, and checking one against it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use muster_core::{LogKind, LogScan, ReadOptions, UsageBlock, UsageIndex};
use xxhash_rust::xxh3::xxh3_64;

use crate::files::{line_start_after, scan_range, side_by_side};

/// How much of the beginning and of the end of a block is hashed.
const HASHED_BYTES: u64 = 4 << 10;
/// Blocks that are read side by side before their sums go into the index.
const WAVE: usize = 64;

/// Appends the whole lines of the log up to `size` to the index. `false` when the
/// log ends before.
pub(super) fn extend(
    index: &mut UsageIndex,
    file: &File,
    size: u64,
    block_bytes: u64,
    threads: usize,
    advance: &(dyn Fn(u64) + Sync),
) -> io::Result<bool> {
    let Some(end) = end_of_lines(file, index.end(), size)? else {
        return Ok(true);
    };
    let mut ranges = Vec::new();
    let mut start = index.end();
    // A last block that is not full is filled before others are begun.
    let mut block = match index.blocks().last() {
        Some(last) if last.bytes.end - last.bytes.start < block_bytes => last.bytes.start,
        _ => start,
    };
    let mut fills_last = block < start;
    while start < end {
        let full = (block + block_bytes).max(start + 1);
        let next = if full < end {
            line_start_after(file, full - 1, end)?.map_or(end, |next| next.min(end))
        } else {
            end
        };
        ranges.push((block, start..next));
        start = next;
        block = next;
    }
    for wave in ranges.chunks(WAVE) {
        let scanned = side_by_side(wave, threads, |(block, range)| {
            let scan = scan_block(file, range.clone(), &UsageIndex::scan_options())?;
            advance(range.end - range.start);
            Ok((scan, hashes(file, *block..range.end)?))
        });
        for ((_, range), scanned) in wave.iter().zip(scanned) {
            let (scan, hashes) = match scanned {
                Ok(scanned) => scanned,
                Err(error) if is_end(&error) => return Ok(false),
                Err(error) => return Err(error),
            };
            if fills_last {
                index.extend_last(range.end, hashes, scan);
                fills_last = false;
            } else {
                index.push(range.end, hashes, scan);
            }
        }
    }
    Ok(true)
}

/// Whether the log still has every block of the index, by their heads and tails.
pub(super) fn has_all_blocks(file: &File, index: &UsageIndex) -> io::Result<bool> {
    match check_blocks(file, index.blocks()) {
        Err(error) if is_end(&error) => Ok(false),
        checked => checked,
    }
}

fn check_blocks(file: &File, blocks: &[UsageBlock]) -> io::Result<bool> {
    // Twice `HASHED_BYTES`.
    let mut buffer = [0; 8 << 10];
    let Some(first) = blocks.first() else {
        return Ok(true);
    };
    let head = first.bytes.start..first.bytes.start + hashed_bytes(&first.bytes);
    if xxh3_64(read(file, head, &mut buffer)?) != first.hashes[0] {
        return Ok(false);
    }
    for (at, block) in blocks.iter().enumerate() {
        // The tail of a block and the head of the next lie side by side: one read.
        let next = blocks.get(at + 1);
        let end = block.bytes.end + next.map_or(0, |next| hashed_bytes(&next.bytes));
        let tail_bytes = hashed_bytes(&block.bytes);
        let border = read(file, block.bytes.end - tail_bytes..end, &mut buffer)?;
        let (tail, head) = border.split_at(usize::try_from(tail_bytes).unwrap_or(0));
        if xxh3_64(tail) != block.hashes[1]
            || next.is_some_and(|next| xxh3_64(head) != next.hashes[0])
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads a range that fits the buffer.
fn read<'a>(file: &File, range: Range<u64>, buffer: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let bytes = &mut buffer[..length];
    file.read_exact_at(bytes, range.start)?;
    Ok(bytes)
}

/// How many bytes at each end of a block are hashed.
fn hashed_bytes(block: &Range<u64>) -> u64 {
    (block.end - block.start).min(HASHED_BYTES)
}

/// The finished scan of a part of the log; an error if the log ends within it.
pub(super) fn scan_block(
    file: &File,
    range: Range<u64>,
    options: &ReadOptions,
) -> io::Result<LogScan> {
    let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
    let mut chunk = vec![0; length.min(256 << 10)];
    let scanned = scan_range(file, LogKind::Usage, options, range, &mut chunk, &|_| ())?;
    if scanned.shrank {
        Err(io::ErrorKind::UnexpectedEof.into())
    } else {
        Ok(scanned.scan)
    }
}

/// Whether an error only says that the log ends earlier than it did.
pub(super) fn is_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

fn hashes(file: &File, block: Range<u64>) -> io::Result<[u64; 2]> {
    let length = hashed_bytes(&block);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut bytes, block.start)?;
    let head = xxh3_64(&bytes);
    file.read_exact_at(&mut bytes, block.end - length)?;
    Ok([head, xxh3_64(&bytes)])
}

/// Where the last whole line between `start` and `size` ends.
fn end_of_lines(file: &File, start: u64, size: u64) -> io::Result<Option<u64>> {
    let mut end = size;
    let mut chunk = vec![0; 64 << 10];
    while end > start {
        let length = (end - start).min(chunk.len() as u64);
        let bytes = &mut chunk[..usize::try_from(length).unwrap_or(0)];
        match file.read_exact_at(bytes, end - length) {
            Ok(()) => {}
            Err(error) if is_end(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        if let Some(newline) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(Some(end - length + newline as u64 + 1));
        }
        end -= length;
    }
    Ok(None)
}
