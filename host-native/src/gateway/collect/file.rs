//! Files: by range from the end, with size and age, and never one that is not a file.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};

use crate::error::describe;

/// The end of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Its text, from the beginning of a line on.
    pub(crate) text: String,
    /// Bytes before it that were not read.
    pub(crate) before: u64,
    /// Bytes that are zero, which text never holds; they are left out.
    pub(crate) zeros: u64,
}

/// The last `max_bytes` of a file, without the line that they cut.
pub(crate) fn tail(path: &Path, max_bytes: u64) -> Result<Tail, String> {
    let mut file = open(path)?;
    let failed = |error: std::io::Error| describe(&error);
    let size = file.metadata().map_err(failed)?.len();
    let from = size.saturating_sub(max_bytes);
    // One byte more tells whether the range begins with a line.
    file.seek(SeekFrom::Start(from.saturating_sub(1)))
        .map_err(failed)?;
    let mut bytes = Vec::new();
    // What is written meanwhile is not waited for.
    file.take(size.min(max_bytes) + u64::from(from > 0))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let mut before = from;
    let mut rest = bytes.as_slice();
    if from > 0 {
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |at| at + 1);
        before = from - 1 + end as u64;
        rest = rest.get(end..).unwrap_or_default();
    }
    let kept: Vec<u8>;
    let mut zeros = 0;
    if rest.contains(&0) {
        kept = rest.iter().copied().filter(|byte| *byte != 0).collect();
        zeros = (rest.len() - kept.len()) as u64;
        rest = &kept;
    }
    let text = String::from_utf8_lossy(rest).into_owned();
    Ok(Tail {
        text,
        before,
        zeros,
    })
}

/// A small file as text.
pub(crate) fn small(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    open(path)?
        .take(64 << 10)
        .read_to_end(&mut bytes)
        .map_err(|error| describe(&error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Opens a file for reading; a pipe or a device could keep the reader for ever.
fn open(path: &Path) -> Result<File, String> {
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nonblock)
        .open(path)
        .map_err(|error| describe(&error))?;
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Ok(_) => Err("it is no plain file".to_owned()),
        Err(error) => Err(describe(&error)),
    }
}

/// Size and age of a file or folder; `null` where it is not there.
pub(crate) fn facts(path: &Path) -> Result<Value, String> {
    match fs::metadata(path) {
        Ok(metadata) => {
            let modified_ms = metadata
                .modified()
                .ok()
                .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
                .and_then(|since| u64::try_from(since.as_millis()).ok());
            Ok(json!({
                "modified_ms": modified_ms,
                "bytes": metadata.len(),
                "folder": metadata.is_dir(),
            }))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        Err(error) => Err(describe(&error)),
    }
}

/// The newest file of a folder whose name ends so; one whose name holds `preferred` goes before.
pub(crate) fn newest(
    folder: &Path,
    end: &str,
    preferred: Option<&str>,
) -> Result<Option<PathBuf>, String> {
    let mut best: Option<(bool, std::time::SystemTime, PathBuf)> = None;
    for entry in fs::read_dir(folder).map_err(|error| describe(&error))? {
        let Ok(entry) = entry else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(end) {
            continue;
        }
        let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified()) else {
            continue;
        };
        let wanted = preferred.is_some_and(|preferred| name.contains(preferred));
        let better = best
            .as_ref()
            .is_none_or(|(best_wanted, at, _)| (wanted, modified) > (*best_wanted, *at));
        if better {
            best = Some((wanted, modified, entry.path()));
        }
    }
    Ok(best.map(|(_, _, path)| path))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_end_begins_with_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        fs::write(&path, "first\nsecond\nthird\n").unwrap();
        for (bytes, text, before) in [
            (100, "first\nsecond\nthird\n", 0),
            (19, "first\nsecond\nthird\n", 0),
            (13, "second\nthird\n", 6),
            (12, "third\n", 13),
            (2, "", 19),
        ] {
            let tail = tail(&path, bytes).unwrap();
            assert_eq!((tail.text.as_str(), tail.before), (text, before), "{bytes}");
        }
    }

    #[test]
    fn large_holes_and_odd_files_are_read_in_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        let mut file = File::create(&path).unwrap();
        file.set_len(1 << 30).unwrap();
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(b"\nend \xff\n").unwrap();
        let tail = tail(&path, 1 << 20).unwrap();
        assert_eq!(tail.text, "end \u{fffd}\n");
        assert!(tail.before >= 1 << 30);
        assert_eq!(
            super::tail(folder.path(), 10).unwrap_err(),
            "it is no plain file"
        );
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.is_ok_and(|status| status.success()));
        assert_eq!(super::tail(&pipe, 10).unwrap_err(), "it is no plain file");
        assert_eq!(facts(&folder.path().join("none")).unwrap(), Value::Null);
        assert_eq!(facts(folder.path()).unwrap()["folder"], true);
    }

    #[test]
    fn the_session_at_work_goes_before_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a_1.jsonl", "b_2.jsonl", "c.txt"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let found = newest(folder.path(), ".jsonl", Some("_1")).unwrap();
        assert!(found.unwrap().ends_with("a_1.jsonl"));
        assert_eq!(newest(folder.path(), ".none", None).unwrap(), None);
    }
}
