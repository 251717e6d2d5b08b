//! Whole lines at the end of a log.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use muster_core::Day;

use super::lock::{make_folder_of, open_locked, sync_folder_of};
use super::rotate::rotate;

/// How to append.
#[derive(Clone, Copy, Debug)]
pub struct AppendOptions {
    /// A log of at least this many bytes is set aside after the write.
    pub rotate_bytes: Option<u64>,
    /// Whether to wait until the lines are on the disk.
    pub fsync: bool,
}

/// What an append did besides appending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// The last line had no newline: it was ended, so that it costs no other line.
    pub ended_torn_line: bool,
    /// The name under which the full log was set aside.
    pub rotated_to: Option<PathBuf>,
}

/// Appends `lines`, which end in a newline, to the log at `path` in one write
/// under the lock. The log and its folder are made where there are none. `today`
/// names a log that is set aside.
///
/// After an error the log is as it was before, as far as the file system lets it.
pub fn append(
    path: &Path,
    lines: &[u8],
    options: &AppendOptions,
    today: Day,
) -> io::Result<Appended> {
    make_folder_of(path)?;
    let mut file = open_locked(path, true)?;
    let size = file.metadata()?.len();
    let torn = size > 0 && last_byte(&file, size)? != b'\n';
    let mut batch = Vec::new();
    let bytes = if torn {
        batch.reserve_exact(lines.len() + 1);
        batch.push(b'\n');
        batch.extend_from_slice(lines);
        &batch
    } else {
        lines
    };
    write_whole(&mut file, bytes)?;
    if options.fsync {
        file.sync_data()?;
        if size == 0 {
            sync_folder_of(path)?;
        }
    }
    let mut appended = Appended {
        ended_torn_line: torn,
        rotated_to: None,
    };
    let size = size + bytes.len() as u64;
    if options.rotate_bytes.is_some_and(|limit| size >= limit) {
        appended.rotated_to = Some(rotate(path, today)?);
        if options.fsync {
            sync_folder_of(path)?;
        }
    }
    // Closing the file gives the lock back.
    Ok(appended)
}

fn last_byte(file: &File, size: u64) -> io::Result<u8> {
    let mut last = [0];
    file.read_exact_at(&mut last, size - 1)?;
    Ok(last[0])
}

/// Writes all or, where the disk is full, nothing.
fn write_whole(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    let before = file.metadata()?.len();
    let mut written = 0;
    while written < bytes.len() {
        match file.write(&bytes[written..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                // Only what is surely ours is taken back: a writer without a lock
                // may have appended meanwhile.
                if written > 0 && file.metadata()?.len() == before + written as u64 {
                    file.set_len(before)?;
                }
                return Err(error);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use super::*;

    const PLAIN: AppendOptions = AppendOptions {
        rotate_bytes: None,
        fsync: false,
    };

    fn day() -> Day {
        Day::parse("2026-11-20").unwrap()
    }

    #[test]
    fn a_torn_line_costs_no_other_line() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a/b/usage.jsonl");
        let first = append(&log, b"{}\n", &PLAIN, day()).unwrap();
        assert_eq!(first, Appended::default());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&log), 0o600);
        assert_eq!(mode(&folder.path().join("a")), 0o700);
        fs::write(&log, "{}\n{\"torn").unwrap();
        let fsync = AppendOptions {
            fsync: true,
            ..PLAIN
        };
        assert!(
            append(&log, b"{}\n", &fsync, day())
                .unwrap()
                .ended_torn_line
        );
        assert_eq!(fs::read_to_string(&log).unwrap(), "{}\n{\"torn\n{}\n");
    }

    #[test]
    fn a_full_log_is_set_aside_and_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("usage.jsonl");
        fs::write(folder.path().join("usage.2026-11-20.jsonl"), "old").unwrap();
        let options = AppendOptions {
            rotate_bytes: Some(8),
            fsync: true,
        };
        assert_eq!(
            append(&log, b"{\"a\"}\n", &options, day())
                .unwrap()
                .rotated_to,
            None
        );
        let rotated = append(&log, b"{}\n", &options, day()).unwrap().rotated_to;
        assert_eq!(
            rotated,
            Some(folder.path().join("usage.2026-11-20.1.jsonl"))
        );
        assert_eq!(fs::read(rotated.unwrap()).unwrap(), b"{\"a\"}\n{}\n");
        assert!(!log.exists());
        append(&log, b"{\"b\"} \n\n", &options, day()).unwrap();
        assert!(folder.path().join("usage.2026-11-20.2.jsonl").exists());
        let old = fs::read(folder.path().join("usage.2026-11-20.jsonl")).unwrap();
        assert_eq!(old, b"old");
    }

    #[test]
    fn many_writers_lose_and_tear_nothing() {
        const WRITERS: usize = 8;
        const LINES: usize = 300;
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("usage.jsonl");
        let options = AppendOptions {
            rotate_bytes: Some(4096),
            fsync: false,
        };
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let log = &log;
                scope.spawn(move || {
                    for n in 0..LINES {
                        let line = format!("{writer} {n} {}\n", "x".repeat(n % 90));
                        append(log, line.as_bytes(), &options, day()).unwrap();
                    }
                });
            }
        });
        let mut seen = BTreeSet::new();
        let mut files = 0;
        for entry in fs::read_dir(folder.path()).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            files += 1;
            assert!(text.ends_with('\n'));
            for line in text.lines() {
                let parts: Vec<&str> = line.split(' ').collect();
                let n: usize = parts[1].parse().unwrap();
                assert_eq!(parts[2].len(), n % 90);
                assert!(seen.insert((parts[0].to_owned(), n)), "{line}");
            }
        }
        assert_eq!(seen.len(), WRITERS * LINES);
        assert!(files > 20, "{files}");
    }

    #[test]
    fn what_is_no_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("usage.jsonl");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        assert!(append(&pipe, b"{}\n", &PLAIN, day()).is_err());
        assert!(append(folder.path(), b"{}\n", &PLAIN, day()).is_err());
        assert!(append(&pipe.join("x"), b"{}\n", &PLAIN, day()).is_err());
    }
}
