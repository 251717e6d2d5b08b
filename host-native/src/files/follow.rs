//! Following a log as it grows, across truncation and rotation.
//!
//! Asking for the size a few times a second costs microseconds, works on every
//! file system, network ones included, and needs no watch that could be lost when
//! the file is exchanged.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use muster_core::{Line, LineSplitter, LogKind};

use super::discover::age_of;
use super::open_log;

/// Bytes per read.
const CHUNK: usize = 64 << 10;

/// What happened to the log besides growing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It became shorter and is read from its start.
    Truncated,
    /// Another file has its name; the old one was read to its end.
    Replaced,
}

/// A log that is followed. It need not exist yet.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    open: Option<Open>,
    /// Beginnings of lines; a line is handed over when it is whole.
    splitter: LineSplitter,
    chunk: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    file: File,
    identity: (u64, u64),
    /// Where the next byte to read lies.
    offset: u64,
}

impl Follower {
    /// Follows the log at `path` from its last `lines` lines on.
    pub fn new(path: &Path, lines: usize) -> io::Result<Self> {
        let open = match Open::at(path) {
            Ok(mut open) => {
                let size = open.file.metadata()?.len();
                open.offset = start_of_last_lines(&open.file, size, lines)?;
                Some(open)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let start = open.as_ref().map_or(0, |open| open.offset);
        Ok(Self {
            path: path.to_path_buf(),
            open,
            splitter: LineSplitter::new(start),
            chunk: vec![0; CHUNK],
        })
    }

    /// Hands over the lines that have become whole since the last time. When the
    /// log was exchanged, what was left of the old one comes first, then the files
    /// that were set aside since, then the new one.
    pub fn poll(&mut self, each: &mut dyn FnMut(Line<'_>)) -> io::Result<Option<Turn>> {
        let mut turn = None;
        let Some(open) = &mut self.open else {
            return match Open::at(&self.path) {
                Ok(open) => {
                    self.open = Some(open);
                    self.read(each)?;
                    Ok(None)
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            };
        };
        // The name is looked at before the content, so that everything written
        // before an exchange is seen below.
        let exchanged = match fs::metadata(&self.path) {
            Ok(named) => identity(&named) != open.identity,
            // Set aside, and the next line is not written yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if open.file.metadata()?.len() < open.offset {
            open.offset = 0;
            self.splitter = LineSplitter::new(0);
            turn = Some(Turn::Truncated);
        }
        self.read(each)?;
        if exchanged {
            // A last line without an end stays so.
            self.splitter.finish(&mut *each);
            let old = self.open.take().map(|open| open.identity);
            for path in self.set_aside_since(old) {
                self.switch_to(&path, each)?;
                self.splitter.finish(&mut *each);
            }
            let path = self.path.clone();
            self.switch_to(&path, each)?;
            turn = Some(Turn::Replaced);
        }
        Ok(turn)
    }

    /// Ends following: hands over a last line without end.
    pub fn finish(mut self, each: &mut dyn FnMut(Line<'_>)) {
        self.splitter.finish(each);
    }

    fn switch_to(&mut self, path: &Path, each: &mut dyn FnMut(Line<'_>)) -> io::Result<()> {
        self.splitter = LineSplitter::new(0);
        self.open = match Open::at(path) {
            Ok(open) => Some(open),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        self.read(each)
    }

    fn read(&mut self, each: &mut dyn FnMut(Line<'_>)) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        loop {
            match open.file.read_at(&mut self.chunk, open.offset) {
                Ok(0) => return Ok(()),
                Ok(got) => {
                    open.offset += got as u64;
                    self.splitter.push(&self.chunk[..got], &mut *each);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Logs of the same kind and folder that were set aside after the one with this
    /// identity was: a log may be full twice between two looks.
    fn set_aside_since(&self, old: Option<(u64, u64)>) -> Vec<PathBuf> {
        let Some(kind) = self.path.to_str().and_then(LogKind::of_path) else {
            return Vec::new();
        };
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let live = self.path.file_name();
        let mut logs: Vec<PathBuf> = folder
            .read_dir()
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.to_str().and_then(LogKind::of_path) == Some(kind))
            .filter(|path| path.file_name() != live)
            .collect();
        logs.sort_by_cached_key(|path| age_of(path.file_name().and_then(|name| name.to_str())));
        let is_old = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|metadata| Some(identity(&metadata)) == old)
        };
        match logs.iter().position(is_old) {
            Some(at) => logs.split_off(at + 1),
            // It was removed, or lies elsewhere: nothing is known to come after it.
            None => Vec::new(),
        }
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        let file = open_log(path)?;
        let identity = identity(&file.metadata()?);
        Ok(Self {
            file,
            identity,
            offset: 0,
        })
    }
}

fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Where the last `lines` lines before `size` begin; a line without an end is one.
fn start_of_last_lines(file: &File, size: u64, lines: usize) -> io::Result<u64> {
    let mut end = size;
    let mut left = lines;
    let mut chunk = vec![0; CHUNK];
    while end > 0 {
        let start = end.saturating_sub(CHUNK as u64);
        let bytes = &mut chunk[..usize::try_from(end - start).unwrap_or(0)];
        match file.read_exact_at(bytes, start) {
            Ok(()) => {}
            // It shrank: what is there now is new.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            Err(error) => return Err(error),
        }
        for (at, byte) in bytes.iter().enumerate().rev() {
            let after = start + at as u64 + 1;
            // The newline at the very end ends the last line and begins none.
            if *byte == b'\n' && (after < size || lines == 0) {
                if left <= 1 {
                    return Ok(after);
                }
                left -= 1;
            }
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use super::*;

    fn append(path: &Path, text: &str) {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn poll(follower: &mut Follower) -> (Vec<String>, Option<Turn>) {
        let mut lines = Vec::new();
        let turn = follower
            .poll(&mut |line| {
                let end = if line.terminated { "" } else { "..." };
                lines.push(format!("{}{end}", line.text.unwrap()));
            })
            .unwrap();
        (lines, turn)
    }

    #[track_caller]
    fn check(follower: &mut Follower, lines: &[&str], turn: Option<Turn>) {
        let (got, got_turn) = poll(follower);
        assert_eq!(got, lines);
        assert_eq!(got_turn, turn);
    }

    #[test]
    fn growth_truncation_and_rotation_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("usage.jsonl");
        let mut follower = Follower::new(&log, 10).unwrap();
        check(&mut follower, &[], None);
        append(&log, "a\nb");
        check(&mut follower, &["a"], None);
        check(&mut follower, &[], None);
        // A torn line is completed later.
        append(&log, "c\nd\n");
        check(&mut follower, &["bc", "d"], None);
        fs::write(&log, "e\n").unwrap();
        check(&mut follower, &["e"], Some(Turn::Truncated));
        // Renamed; for a while there is no log.
        append(&log, "f\n");
        fs::rename(&log, folder.path().join("usage.2026-11-20.jsonl")).unwrap();
        check(&mut follower, &["f"], None);
        // A writer that still has the old file open.
        append(&folder.path().join("usage.2026-11-20.jsonl"), "g\nh");
        append(&log, "i\n");
        // Full twice between two looks.
        fs::rename(&log, folder.path().join("usage.2026-11-20.1.jsonl")).unwrap();
        append(&log, "j\n");
        check(
            &mut follower,
            &["g", "h...", "i", "j"],
            Some(Turn::Replaced),
        );
        append(&log, "k");
        check(&mut follower, &[], None);
        let mut rest = Vec::new();
        follower.finish(&mut |line| rest.push(line.text.unwrap().to_owned()));
        assert_eq!(rest, ["k"]);
    }

    #[test]
    fn following_begins_with_the_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("usage.jsonl");
        let check = |text: &str, lines: usize, expect: &[&str]| {
            fs::write(&log, text).unwrap();
            let mut follower = Follower::new(&log, lines).unwrap();
            assert_eq!(poll(&mut follower).0, expect, "{lines} of {text:?}");
        };
        check("a\nb\nc\n", 2, &["b", "c"]);
        check("a\nb\nc\n", 3, &["a", "b", "c"]);
        check("a\nb\nc\n", 9, &["a", "b", "c"]);
        check("a\nb\nc\n", 0, &[]);
        check("a\nb\nc", 2, &["b"]);
        check("a\nb\nc", 0, &[]);
        check("", 3, &[]);
        check("\n", 1, &[""]);
        let wide = "x".repeat(CHUNK);
        check(&format!("a\n{wide}\nb\n"), 2, &[&wide, "b"]);
    }
}
