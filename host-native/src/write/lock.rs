//! Files under an advisory lock that survives renaming.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::files::check_regular;

/// Opens the file that is at `path` now and locks it for this process alone.
///
/// Waits for the lock as long as another holds it. With `create` the file is made
/// where there is none, readable by its owner only.
pub(super) fn open_locked(path: &Path, create: bool) -> io::Result<File> {
    loop {
        match fs::metadata(path) {
            // Opening a pipe would wait for its other end.
            Ok(metadata) => check_regular(&metadata)?,
            Err(error) if create && error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(create)
            .mode(0o600)
            .open(path)?;
        check_regular(&file.metadata()?)?;
        file.lock()?;
        if is_at(&file, path)? {
            return Ok(file);
        }
        // Renamed while this process waited: the next turn meets its successor.
    }
}

/// Whether the path leads to this file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let locked = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (locked.dev(), locked.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes the folder of a file, for its owner only, where there is none.
pub(super) fn make_folder_of(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder),
        _ => Ok(()),
    }
}

/// Waits until the names in a file's folder are on the disk.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}
