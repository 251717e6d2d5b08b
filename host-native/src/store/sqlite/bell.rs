//! The bell: a small file beside the database that tells other processes who might
//! find something new.
//!
//! It has [`SLOTS`] slots of eight bytes. After a commit the writer puts a number
//! that was never there before into the slot of each topic that the commit is
//! about; whoever waits compares. A process that waits for one thing is not woken
//! to look for it by all the others.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// How many slots there are.
pub(super) const SLOTS: usize = 512;
/// How many of them belong to one topic alone.
const OWN_SLOTS: usize = 5;
const SLOT_BYTES: usize = 8;

/// What a commit may be about, and what somebody may wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// Signals to one agent.
    Agent(String),
    /// Broadcasts.
    Everyone,
    /// The answer to one request.
    Approval(String),
    /// All requests.
    Approvals,
    /// Beats.
    Fleet,
    /// Events of one type.
    Stream(String),
    /// Events of all types.
    Streams,
    /// What only those who wait for everything want to know.
    Other,
}

impl Topic {
    /// Its slot. Two topics may share one: both are woken then.
    pub(super) fn slot(&self) -> usize {
        let (kind, name) = match self {
            Self::Everyone => return 0,
            Self::Approvals => return 1,
            Self::Fleet => return 2,
            Self::Streams => return 3,
            Self::Other => return 4,
            Self::Agent(name) => (1, name),
            Self::Approval(name) => (2, name),
            Self::Stream(name) => (3, name),
        };
        let hash = xxh3_64_with_seed(name.as_bytes(), kind);
        // The remainder is below the number of slots.
        OWN_SLOTS + usize::try_from(hash % (SLOTS - OWN_SLOTS) as u64).unwrap_or(0)
    }
}

/// What the slots hold.
pub(super) type Slots = [u64; SLOTS];

/// The file.
#[derive(Debug)]
pub(super) struct Bell {
    path: PathBuf,
    file: File,
    open: fn(&Path) -> io::Result<File>,
    /// The number that goes into the next slot. It begins anywhere, so that no two
    /// processes use the same ones.
    number: u64,
}

impl Bell {
    /// The bell of the database at `path`, made where there is none.
    pub(super) fn open(database: &Path) -> io::Result<Self> {
        Self::with(database, open_file)
    }

    /// The bell of a database that is only looked at: none is made.
    pub(super) fn open_to_look(database: &Path) -> io::Result<Self> {
        Self::with(database, |path| File::open(path))
    }

    fn with(database: &Path, open: fn(&Path) -> io::Result<File>) -> io::Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push("-bell");
        let path = PathBuf::from(name);
        Ok(Self {
            file: open(&path)?,
            path,
            open,
            number: fastrand::u64(1..),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a new number into a slot and gives it.
    pub(super) fn ring(&mut self, slot: usize) -> io::Result<u64> {
        self.number = self.number.wrapping_add(1).max(1);
        let at = (slot % SLOTS * SLOT_BYTES) as u64;
        self.file.write_all_at(&self.number.to_le_bytes(), at)?;
        Ok(self.number)
    }

    /// What all slots hold.
    pub(super) fn look(&self) -> io::Result<Slots> {
        let mut bytes = [0; SLOTS * SLOT_BYTES];
        self.file.read_exact_at(&mut bytes, 0)?;
        let (slots, _) = bytes.as_chunks();
        let mut numbers = [0; SLOTS];
        for (number, slot) in numbers.iter_mut().zip(slots) {
            *number = u64::from_le_bytes(*slot);
        }
        Ok(numbers)
    }

    /// Goes on with the file that is at the path now, where that is another one,
    /// and says whether it was.
    pub(super) fn follow(&mut self) -> io::Result<bool> {
        let ours = self.file.metadata()?;
        let is_ours = std::fs::metadata(&self.path)
            .is_ok_and(|now| (now.dev(), now.ino()) == (ours.dev(), ours.ino()));
        if !is_ours {
            self.file = (self.open)(&self.path)?;
        }
        Ok(!is_ours)
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    let whole = (SLOTS * SLOT_BYTES) as u64;
    if file.metadata()?.len() < whole {
        file.set_len(whole)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_changes_its_slot_alone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("muster.db");
        let mut ours = Bell::open(&database).unwrap();
        let theirs = Bell::open(&database).unwrap();
        let before = theirs.look().unwrap();
        let slot = Topic::Agent("builder".into()).slot();
        let number = ours.ring(slot).unwrap();
        let after = theirs.look().unwrap();
        for at in 0..SLOTS {
            if at == slot {
                assert_eq!(after[at], number);
                assert_ne!(before[at], number);
            } else {
                assert_eq!(before[at], after[at]);
            }
        }
        assert_ne!(ours.ring(slot).unwrap(), number);
    }

    #[test]
    fn topics_keep_their_slots() {
        // Processes of different versions share the file: these never change.
        assert_eq!(Topic::Everyone.slot(), 0);
        assert_eq!(Topic::Streams.slot(), 3);
        let slots = [
            Topic::Agent("a".into()).slot(),
            Topic::Approval("a".into()).slot(),
            Topic::Stream("a".into()).slot(),
        ];
        assert_eq!(slots, [272, 197, 373]);
        assert!(slots.iter().all(|slot| (OWN_SLOTS..SLOTS).contains(slot)));
    }

    #[test]
    fn a_bell_that_was_replaced_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("muster.db");
        let mut bell = Bell::open(&database).unwrap();
        assert!(!bell.follow().unwrap());
        std::fs::remove_file(bell.path()).unwrap();
        assert!(bell.follow().unwrap());
        assert!(!bell.follow().unwrap());
        let number = bell.ring(7).unwrap();
        assert_eq!(Bell::open(&database).unwrap().look().unwrap()[7], number);
    }
}
