//! The folder in which entries wait: one file per entry, its state in its name.
//!
//! An entry is written beside its place and renamed into it, so a reader sees a
//! whole entry or none; a writer that dies leaves at most a temporary file, which
//! [`Spool::repair`] puts into its place if it is whole.

use std::fs::{self, DirEntry, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use muster_core::MAX_LINE_BYTES;
use muster_core::delivery::{SpoolName, SpoolState};
use muster_core::entry::telemetry_entry_file;
use muster_core::record::telemetry_entry::TelemetryEntry;
use tempfile::{Builder, NamedTempFile};

use crate::files::{check_regular, open_log};

/// A temporary file that was not touched for so long has no writer any more.
const LEFT_BEHIND: Duration = Duration::from_mins(10);

/// A folder of spooled entries. It need not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spool {
    folder: PathBuf,
}

/// What became of an entry that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is in the spool now.
    New,
    /// The same entry was there already, sent or not.
    AlreadyThere,
}

/// What lies in a spool. Names are sorted, oldest day first.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Entries that wait to be sent.
    pub pending: Vec<SpoolName>,
    /// Entries that were sent and kept.
    pub flushed: Vec<SpoolName>,
    /// Entries that were set aside.
    pub quarantined: Vec<SpoolName>,
    /// Temporary files of writers that are at work or died.
    pub temporary: Vec<PathBuf>,
    /// Anything else, which is left alone.
    pub others: u64,
}

/// What the file of an entry holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A text that is yet to be read as an entry.
    Text(String),
    /// It is gone: another process sent it or set it aside.
    Gone,
    /// No entry can be in it, for this reason.
    Unusable(String),
}

/// What a repair did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Repairs {
    /// Entries of writers that died, put into their place.
    pub recovered: u64,
    /// Temporary files without a whole entry, removed.
    pub removed: u64,
    /// Files that others could read, closed to them.
    pub closed: u64,
    /// Files that hold no entry, set aside.
    pub set_aside: u64,
}

/// The right to send from a spool, which one process has at a time.
#[derive(Debug)]
pub struct SpoolLock(#[expect(dead_code, reason = "closing it gives the lock back")] File);

impl Spool {
    /// The spool in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of an entry's file.
    pub fn path(&self, name: &SpoolName) -> PathBuf {
        self.folder.join(name.to_string())
    }

    /// Makes the folder, for its owner only, where there is none.
    pub fn create(&self) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
    }

    /// Writes an entry, readable by its owner only. When this returns, the content
    /// is on the disk; the name is after [`Self::sync`].
    ///
    /// An entry that is there already, by its id and day, is not written again.
    pub fn write(&self, entry: &TelemetryEntry<'_>) -> io::Result<Written> {
        let name = SpoolName::new(entry.started_at.day(), &entry.id).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "the entry's id cannot be part of a file name",
            )
        })?;
        for state in [SpoolState::Flushed, SpoolState::Quarantined] {
            if self.path(&name.with_state(state)).try_exists()? {
                return Ok(Written::AlreadyThere);
            }
        }
        let mut file = self.temporary()?;
        file.write_all(telemetry_entry_file(entry).as_bytes())?;
        file.as_file().sync_data()?;
        match file.persist_noclobber(self.path(&name)) {
            Ok(_) => Ok(Written::New),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(Written::AlreadyThere)
            }
            Err(error) => Err(error.error),
        }
    }

    /// Waits until the names in the folder are on the disk.
    pub fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    /// What lies in the folder; nothing where there is no folder.
    pub fn list(&self) -> io::Result<Listing> {
        let mut listing = Listing::default();
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            Err(error) => return Err(error),
        };
        for entry in entries {
            listing.add(&entry?);
        }
        for names in [
            &mut listing.pending,
            &mut listing.flushed,
            &mut listing.quarantined,
        ] {
            names.sort_unstable();
        }
        listing.temporary.sort_unstable();
        Ok(listing)
    }

    /// The text of an entry's file, if one can be in it.
    pub fn read(&self, name: &SpoolName) -> io::Result<Content> {
        match read_text(&self.path(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Content::Gone),
            content => content,
        }
    }

    /// Gives an entry another state; `false` if it is gone.
    pub fn set_state(&self, name: &SpoolName, state: SpoolState) -> io::Result<bool> {
        gone_is_false(fs::rename(
            self.path(name),
            self.path(&name.with_state(state)),
        ))
    }

    /// Removes an entry; `false` if it is gone.
    pub fn remove(&self, name: &SpoolName) -> io::Result<bool> {
        gone_is_false(fs::remove_file(self.path(name)))
    }

    /// Takes the right to send, if no other process has it; the folder must exist.
    /// It is given back when the lock is dropped or the process dies.
    pub fn try_lock(&self) -> io::Result<Option<SpoolLock>> {
        let folder = File::open(&self.folder)?;
        match folder.try_lock() {
            Ok(()) => Ok(Some(SpoolLock(folder))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Puts what dead writers left in its place or removes it; with `all` it also
    /// sets aside what holds no entry and closes files that others could read.
    pub fn repair(&self, all: bool) -> io::Result<Repairs> {
        let mut repairs = Repairs::default();
        let listing = self.list()?;
        for path in &listing.temporary {
            if let Some(recovered) = self.settle_temporary(path)? {
                repairs.recovered += u64::from(recovered);
                repairs.removed += u64::from(!recovered);
            }
        }
        if all {
            for name in &listing.pending {
                if !matches!(self.read(name)?, Content::Text(text) if TelemetryEntry::parse(&text).is_ok())
                {
                    repairs.set_aside += u64::from(self.set_state(name, SpoolState::Quarantined)?);
                }
            }
            let listing = self.list()?;
            let names = [&listing.pending, &listing.flushed, &listing.quarantined];
            for name in names.into_iter().flatten() {
                repairs.closed += u64::from(close_to_others(&self.path(name))?);
            }
        }
        if repairs != Repairs::default() {
            self.sync()?;
        }
        Ok(repairs)
    }

    /// Removes entries in this state whose day lies before `day`; how many.
    pub fn prune(&self, names: &[SpoolName], day: muster_core::Day) -> io::Result<u64> {
        let mut removed = 0;
        for name in names.iter().filter(|name| name.day < day) {
            removed += u64::from(self.remove(name)?);
        }
        Ok(removed)
    }

    fn temporary(&self) -> io::Result<NamedTempFile> {
        let in_folder = || {
            Builder::new()
                .prefix(".")
                .rand_bytes(20)
                .suffix(".tmp")
                .tempfile_in(&self.folder)
        };
        match in_folder() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.create()?;
                in_folder()
            }
            created => created,
        }
    }

    /// `Some(true)` if an entry was recovered, `Some(false)` if the file was
    /// removed, `None` if its writer may be at work or it is gone.
    fn settle_temporary(&self, path: &Path) -> io::Result<Option<bool>> {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let age = SystemTime::now().duration_since(metadata.modified()?);
        if age.unwrap_or_default() < LEFT_BEHIND {
            return Ok(None);
        }
        let written = match read_text(path)? {
            Content::Text(text) => match TelemetryEntry::parse(&text) {
                Ok(entry) => self.write(&entry).map(|written| written == Written::New),
                Err(_) => Ok(false),
            },
            Content::Gone | Content::Unusable(_) => Ok(false),
        };
        let recovered = match written {
            // Its id cannot be a name: it is no entry of a spool.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => false,
            written => written?,
        };
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Some(recovered)),
        }
    }
}

impl Listing {
    fn add(&mut self, entry: &DirEntry) {
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            self.others += 1;
            return;
        };
        match SpoolName::parse(name) {
            Some(name) => match name.state {
                SpoolState::Pending => self.pending.push(name),
                SpoolState::Flushed => self.flushed.push(name),
                SpoolState::Quarantined => self.quarantined.push(name),
            },
            None if name.starts_with('.')
                && Path::new(name).extension() == Some("tmp".as_ref()) =>
            {
                self.temporary.push(entry.path());
            }
            None => self.others += 1,
        }
    }
}

fn read_text(path: &Path) -> io::Result<Content> {
    check_regular(&fs::metadata(path)?)?;
    let mut file = open_log(path)?.take(MAX_LINE_BYTES as u64 + 1);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    if bytes.len() > MAX_LINE_BYTES {
        let reason = format!("it is longer than {MAX_LINE_BYTES} bytes");
        return Ok(Content::Unusable(reason));
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Content::Text(text),
        Err(_) => Content::Unusable("it is not UTF-8".into()),
    })
}

/// Makes a file readable by its owner only; whether it was not.
fn close_to_others(path: &Path) -> io::Result<bool> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // Nothing is set for the group and for others, the lowest six bits.
    if !metadata.is_file() || metadata.permissions().mode().trailing_zeros() >= 6 {
        return Ok(false);
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(true)
}

fn gone_is_false(outcome: io::Result<()>) -> io::Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRIES: &str = include_str!("../../../tests/fixtures/swamp/run_mixed-wf.entries.jsonl");

    fn entries() -> Vec<TelemetryEntry<'static>> {
        let entries = ENTRIES.lines().map(TelemetryEntry::parse);
        entries.collect::<Result<_, _>>().unwrap()
    }

    fn spool(folder: &tempfile::TempDir) -> Spool {
        Spool::new(folder.path().join("a/telemetry"))
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn entries_have_the_layout_of_the_first_writer() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        assert_eq!(spool.list().unwrap().pending, []);
        for entry in &entries() {
            assert_eq!(spool.write(entry).unwrap(), Written::New);
            assert_eq!(spool.write(entry).unwrap(), Written::AlreadyThere);
        }
        spool.sync().unwrap();
        let listing = spool.list().unwrap();
        assert_eq!(listing.pending.len(), entries().len());
        assert!(listing.temporary.is_empty());
        assert_eq!(mode(spool.folder()), 0o700);
        let first = &entries()[0];
        let name = format!("telemetry-{}-{}.json", first.started_at.day(), first.id);
        let path = spool.folder().join(name);
        assert_eq!(mode(&path), 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("{\n  \"id\": \"") && text.ends_with('}'));
        assert_eq!(text, telemetry_entry_file(first));
    }

    #[test]
    fn what_was_sent_or_set_aside_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let entry = &entries()[0];
        spool.write(entry).unwrap();
        let name = spool.list().unwrap().pending[0].clone();
        for state in [SpoolState::Flushed, SpoolState::Quarantined] {
            assert!(spool.set_state(&name, state).unwrap());
            assert_eq!(spool.write(entry).unwrap(), Written::AlreadyThere);
            assert!(!spool.set_state(&name, state).unwrap());
            assert_eq!(spool.read(&name).unwrap(), Content::Gone);
            let there = name.with_state(state);
            assert!(spool.set_state(&there, SpoolState::Pending).unwrap());
        }
        assert!(spool.remove(&name).unwrap());
        assert!(!spool.remove(&name).unwrap());
        let odd = TelemetryEntry {
            id: "../x".into(),
            ..entry.clone()
        };
        assert!(spool.write(&odd).is_err());
    }

    /// Every state in which a writer can die, and what is made of it.
    #[test]
    fn what_dead_writers_left_is_recovered_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        spool.create().unwrap();
        let entries = entries();
        let whole = telemetry_entry_file(&entries[0]);
        let known = telemetry_entry_file(&entries[1]);
        spool.write(&entries[1]).unwrap();
        let old = SystemTime::now() - 2 * LEFT_BEHIND;
        let leave = |name: &str, text: &str, at: SystemTime| {
            let path = spool.folder().join(name);
            fs::write(&path, text).unwrap();
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(at)
                .unwrap();
        };
        leave(".a.tmp", "", old);
        leave(".b.tmp", &whole[..whole.len() / 2], old);
        leave(".c.tmp", &whole, old);
        leave(".d.tmp", &known, old);
        leave(".e.tmp", &whole, SystemTime::now());
        let repairs = spool.repair(false).unwrap();
        assert_eq!((repairs.recovered, repairs.removed), (1, 3));
        let listing = spool.list().unwrap();
        assert_eq!(listing.pending.len(), 2);
        assert_eq!(listing.temporary, [spool.folder().join(".e.tmp")]);
        assert_eq!(spool.repair(false).unwrap(), Repairs::default());
    }

    #[test]
    fn a_repair_sets_aside_and_closes() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        spool.write(&entries()[0]).unwrap();
        for (name, bytes) in [
            ("telemetry-2026-01-01-a.json", &b"{"[..]),
            ("telemetry-2026-01-01-b.json", b"\xff"),
            ("telemetry-2026-01-01-c.flushed.json", b"{}"),
            ("notes.txt", b"mine"),
        ] {
            fs::write(spool.folder().join(name), bytes).unwrap();
        }
        let repairs = spool.repair(true).unwrap();
        assert_eq!((repairs.set_aside, repairs.closed), (2, 3));
        let listing = spool.list().unwrap();
        let counts = [&listing.pending, &listing.flushed, &listing.quarantined].map(Vec::len);
        assert_eq!((counts, listing.others), ([1, 1, 2], 1));
        let day = muster_core::Day::parse("2026-01-02").unwrap();
        assert_eq!(spool.prune(&listing.quarantined, day).unwrap(), 2);
        assert_eq!(spool.prune(&listing.pending, day).unwrap(), 0);
    }

    #[test]
    fn one_process_has_the_right_to_send() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        spool.create().unwrap();
        let lock = spool.try_lock().unwrap();
        assert!(lock.is_some());
        assert!(spool.try_lock().unwrap().is_none());
        drop(lock);
        assert!(spool.try_lock().unwrap().is_some());
    }
}
