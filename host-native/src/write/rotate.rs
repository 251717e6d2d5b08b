//! Setting a full log aside under the day's name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use muster_core::Day;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// The size from which a usage log is set aside, as its first writer does: 10 MiB.
pub const ROTATE_BYTES: u64 = 10 << 20;

/// Renames `usage.jsonl` to `usage.DAY.jsonl`, or `usage.DAY.1.jsonl` and so on
/// where that is taken. Never replaces a file.
pub(super) fn rotate(path: &Path, day: Day) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".jsonl").unwrap_or(&name);
    let mut number = 0_u64;
    loop {
        let target = path.with_file_name(match number {
            0 => format!("{stem}.{day}.jsonl"),
            number => format!("{stem}.{day}.{number}.jsonl"),
        });
        if rename_to_free(path, &target)? {
            return Ok(target);
        }
        number += 1;
    }
}

/// Whether `to` was free and `from` is now called so.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<bool> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        // File systems that cannot do both at once; the lock keeps out others like us.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            if fs::symlink_metadata(to).is_ok() {
                return Ok(false);
            }
            fs::rename(from, to).map(|()| true)
        }
        Err(error) => Err(error.into()),
    }
}
