//! Indexes as files: checked when they are read, replaced as a whole.
//!
//! A file is a magic text, a version, a checksum, and then what it is about: the
//! state of the log, the log's path, and the index itself. Several processes may
//! write one at the same time: the last one stays, and each is right.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use muster_core::{USAGE_INDEX_VERSION, UsageIndex};
use tempfile::NamedTempFile;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::identity::{IDENTITY_BYTES, Identity};

const MAGIC: &[u8; 16] = b"muster usage idx";

/// A log that changed less than this before its index was written may have changed
/// once more in the same tick of the file system's clock.
pub(super) const YOUNG_NANOS: i64 = 1_000_000_000;

/// An index that was kept.
#[derive(Debug)]
pub(super) struct Kept {
    /// The state of the log that it was made of.
    pub(super) identity: Identity,
    /// Whether that state may hide a change.
    pub(super) is_young: bool,
    pub(super) index: UsageIndex,
}

/// The index of the log at this canonical path. Damage of any kind is no index.
pub(super) fn load(folder: &Path, log: &Path) -> Option<Kept> {
    let path = place(folder, log);
    let bytes = fs::read(&path).ok()?;
    let (identity, index) = decode(&bytes, log)?;
    let written = Identity::of(&fs::metadata(&path).ok()?).modified;
    let newest = identity.modified.max(identity.changed);
    Some(Kept {
        identity,
        is_young: written < newest.saturating_add(YOUNG_NANOS),
        index,
    })
}

/// Keeps the index of the log at this canonical path.
pub(super) fn save(
    folder: &Path,
    log: &Path,
    identity: &Identity,
    index: &UsageIndex,
) -> io::Result<()> {
    let Some(index) = index.encode() else {
        return Err(io::Error::other("it has no stored form"));
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let log_bytes = log.as_os_str().as_bytes();
    let mut body = Vec::with_capacity(IDENTITY_BYTES + 8 + log_bytes.len() + index.len());
    body.extend_from_slice(&identity.to_bytes());
    body.extend_from_slice(&(log_bytes.len() as u64).to_le_bytes());
    body.extend_from_slice(log_bytes);
    body.extend_from_slice(&index);
    let mut file = NamedTempFile::with_prefix_in(".new-", folder)?;
    file.write_all(MAGIC)?;
    file.write_all(&USAGE_INDEX_VERSION.to_le_bytes())?;
    file.write_all(&xxh3_64(&body).to_le_bytes())?;
    file.write_all(&body)?;
    file.persist(place(folder, log))
        .map(|_| ())
        .map_err(|error| error.error)
}

/// The indexes in a folder, by name. A folder that is not there holds none.
pub(super) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "usage") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The canonical path of the log that an index file is about.
pub(super) fn log_of(file: &Path) -> Option<PathBuf> {
    let bytes = fs::read(file).ok()?;
    let (_, log, _) = split(&bytes)?;
    Some(PathBuf::from(OsStr::from_bytes(log)))
}

fn decode(bytes: &[u8], log: &Path) -> Option<(Identity, UsageIndex)> {
    let (identity, of_log, index) = split(bytes)?;
    if of_log != log.as_os_str().as_bytes() {
        return None;
    }
    Some((identity, UsageIndex::decode(index)?))
}

/// The state of the log, its path, and the index, out of a whole file.
fn split(bytes: &[u8]) -> Option<(Identity, &[u8], &[u8])> {
    let bytes = bytes.strip_prefix(MAGIC)?;
    let (version, bytes) = bytes.split_first_chunk()?;
    let (checksum, body) = bytes.split_first_chunk()?;
    if u32::from_le_bytes(*version) != USAGE_INDEX_VERSION
        || u64::from_le_bytes(*checksum) != xxh3_64(body)
    {
        return None;
    }
    let (identity, body) = body.split_first_chunk::<IDENTITY_BYTES>()?;
    let (length, body) = body.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (of_log, index) = body.split_at_checked(length)?;
    Some((Identity::from_bytes(identity), of_log, index))
}

/// The file of a log's index.
pub(super) fn place(folder: &Path, log: &Path) -> PathBuf {
    folder.join(format!(
        "{:032x}.usage",
        xxh3_128(log.as_os_str().as_bytes())
    ))
}
