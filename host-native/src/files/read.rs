//! One pass over one file by positioned reads, on as many threads as it is worth.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use muster_core::{LogKind, LogScan, ReadOptions};

/// Bytes per read: fits the second level cache of most processors.
const CHUNK: usize = 256 << 10;
/// A file is cut into ranges of at least this many bytes.
const MIN_RANGE: u64 = 4 << 20;
/// Ranges per thread, so that a slow one does not hold up the others for long.
const RANGES_PER_THREAD: u64 = 4;

/// What one pass over a file gave.
#[derive(Debug)]
pub struct Scanned {
    /// The finished scan.
    pub scan: LogScan,
    /// Bytes read.
    pub bytes: u64,
    /// The file ended before the size it had when it was opened.
    pub shrank: bool,
}

/// Opens a log for reading. Never waits: what is no regular file is an error.
pub fn open_log(path: &Path) -> io::Result<File> {
    // Asked before opening, because opening a pipe is noticed at its other end;
    // asked again after, because the path may have been exchanged meanwhile.
    check_regular(&std::fs::metadata(path)?)?;
    let no_wait = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(no_wait)
        .open(path)?;
    check_regular(&file.metadata()?)?;
    Ok(file)
}

/// An error for what is no regular file.
pub fn check_regular(metadata: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;

    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let what = if kind.is_fifo() {
        "it is a pipe, not a file"
    } else if kind.is_socket() {
        "it is a socket, not a file"
    } else {
        "it is a device, not a file"
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, what))
}

/// Reads the file at `path` from its start to the size it has now, on up to
/// `threads` threads. `advance` is told of bytes as they are read.
pub fn scan_file(
    path: &Path,
    kind: LogKind,
    options: &ReadOptions,
    threads: usize,
    advance: &(dyn Fn(u64) + Sync),
) -> io::Result<Scanned> {
    let file = open_log(path)?;
    let size = file.metadata()?.len();
    let ranges = ranges(&file, size, threads)?;
    let next = AtomicUsize::new(0);
    let parts: Mutex<Vec<Option<io::Result<Part>>>> =
        Mutex::new((0..ranges.len()).map(|_| None).collect());
    let work = || {
        let mut chunk = vec![0; CHUNK];
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(range) = ranges.get(at) else { break };
            let part = scan_range(&file, kind, options, range.clone(), &mut chunk, advance);
            if let Ok(mut parts) = parts.lock() {
                parts[at] = Some(part);
            }
        }
    };
    if ranges.len() > 1 {
        thread::scope(|scope| {
            for _ in 1..threads.min(ranges.len()) {
                scope.spawn(work);
            }
            work();
        });
    } else {
        work();
    }
    let mut whole = Scanned {
        scan: LogScan::new(kind, options, 0),
        bytes: 0,
        shrank: false,
    };
    let parts = parts
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut parts = parts.into_iter().flatten();
    if let Some(first) = parts.next() {
        let first = first?;
        whole.scan = first.scan;
        whole.bytes = first.bytes;
        whole.shrank = first.shrank;
    }
    for part in parts {
        let part = part?;
        whole.bytes += part.bytes;
        whole.shrank |= part.shrank;
        whole.scan.merge(part.scan);
    }
    Ok(whole)
}

type Part = Scanned;

/// Reads one part of a file, through a buffer of the caller.
pub(crate) fn scan_range(
    file: &File,
    kind: LogKind,
    options: &ReadOptions,
    range: Range<u64>,
    chunk: &mut [u8],
    advance: &(dyn Fn(u64) + Sync),
) -> io::Result<Part> {
    let mut scan = LogScan::new(kind, options, range.start);
    let mut at = range.start;
    let mut shrank = false;
    while at < range.end {
        let want =
            usize::try_from(range.end - at).map_or(chunk.len(), |left| left.min(chunk.len()));
        let got = match file.read_at(&mut chunk[..want], at) {
            Ok(0) => {
                shrank = true;
                break;
            }
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        scan.push(&chunk[..got]);
        at += got as u64;
        advance(got as u64);
    }
    scan.finish();
    Ok(Part {
        scan,
        bytes: at - range.start,
        shrank,
    })
}

/// Ranges that begin at the start of a line and cover the file in order.
fn ranges(file: &File, size: u64, threads: usize) -> io::Result<Vec<Range<u64>>> {
    let wanted = if threads > 1 {
        (threads as u64 * RANGES_PER_THREAD).min(size / MIN_RANGE)
    } else {
        1
    };
    let mut ranges = Vec::new();
    let mut start = 0;
    for index in 1..wanted {
        let cut = size / wanted * index;
        if cut < start {
            // A long line reached beyond this cut.
            continue;
        }
        match line_start_after(file, cut, size)? {
            Some(next) if next < size => {
                ranges.push(start..next);
                start = next;
            }
            _ => break,
        }
    }
    ranges.push(start..size);
    Ok(ranges)
}

/// Where the first line begins that starts after the byte at `at`.
pub(crate) fn line_start_after(file: &File, mut at: u64, size: u64) -> io::Result<Option<u64>> {
    let mut probe = [0; 4096];
    while at < size {
        let got = match file.read_at(&mut probe, at) {
            Ok(0) => return Ok(None),
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if let Some(newline) = probe[..got].iter().position(|byte| *byte == b'\n') {
            return Ok(Some(at + newline as u64 + 1));
        }
        at += got as u64;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use muster_core::{Telemetry, to_json};

    use super::*;

    fn report(path: &Path, threads: usize) -> String {
        let options = ReadOptions::default();
        let scanned = scan_file(path, LogKind::Usage, &options, threads, &|_| ()).unwrap();
        let mut telemetry = Telemetry::new(options);
        telemetry.absorb("usage.jsonl", scanned.bytes, scanned.scan);
        to_json(&telemetry.usage_report())
    }

    fn lines(count: usize, pad: usize) -> String {
        use std::fmt::Write as _;

        let pad = "x".repeat(pad);
        (0..count).fold(String::new(), |mut text, n| {
            let day = n % 28 + 1;
            let _ = writeln!(
                text,
                r#"{{"ts":"2026-11-{day:02}T00:00:00Z","cost":0.{n:06},"workflow":"w{}","note":"{pad}"}}"#,
                n % 7
            );
            text
        })
    }

    #[test]
    fn ranges_give_the_answer_of_one_pass() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.jsonl");
        let mut text = lines(60_000, 200);
        text.push_str("not json\n{\"ts\":");
        fs::write(&path, &text).unwrap();
        assert!(text.len() as u64 > 3 * MIN_RANGE);
        let file = open_log(&path).unwrap();
        let cut = ranges(&file, text.len() as u64, 3).unwrap();
        assert!(cut.len() > 2, "{cut:?}");
        let one = report(&path, 1);
        assert!(one.contains(r#""calls":60000"#));
        assert!(one.contains(r#""line":60001"#));
        assert!(one.contains("torn_line"));
        assert_eq!(report(&path, 3), one);
    }

    #[test]
    fn a_line_longer_than_the_ranges_is_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.jsonl");
        let mut text = lines(10, 0);
        text.push_str(&"a".repeat(20 << 20));
        text.push('\n');
        text.push_str(&lines(5, 0));
        fs::write(&path, &text).unwrap();
        let one = report(&path, 1);
        assert!(
            one.contains(r#""calls":15"#) && one.contains(r#""too_long":1"#),
            "{one}"
        );
        assert_eq!(report(&path, 2), one);
    }

    #[test]
    fn what_is_no_file_is_an_error_and_never_waits() {
        let folder = tempfile::tempdir().unwrap();
        let options = ReadOptions::default();
        let error = |path: &Path| {
            let error = scan_file(path, LogKind::Usage, &options, 1, &|_| ()).unwrap_err();
            crate::error::describe(&error)
        };
        assert_eq!(error(folder.path()), "it is a folder, not a file");
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(error(&pipe), "it is a pipe, not a file");
        let turn = folder.path().join("turn");
        std::os::unix::fs::symlink(&turn, &turn).unwrap();
        assert_eq!(error(&turn), "a symbolic link leads back to itself");
        assert_eq!(error(Path::new("/dev/zero")), "it is a device, not a file");
        assert_eq!(
            error(&folder.path().join("absent")),
            "there is no such file or folder"
        );
    }

    #[test]
    fn a_file_that_shrinks_is_read_as_far_as_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("usage.jsonl");
        let text = lines(20_000, 200);
        fs::write(&path, &text).unwrap();
        // The first bytes told of stand for a moment after the size was asked.
        let once = std::sync::Once::new();
        let scanned = scan_file(&path, LogKind::Usage, &ReadOptions::default(), 1, &|_| {
            once.call_once(|| {
                let file = OpenOptions::new().write(true).open(&path).unwrap();
                file.set_len(1 << 20).unwrap();
            });
        })
        .unwrap();
        assert!(scanned.shrank);
        assert_eq!(scanned.bytes, 1 << 20);
        assert!(scanned.scan.log().records > 1000);
    }
}
