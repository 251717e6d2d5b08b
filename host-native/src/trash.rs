//! Logs set aside, and brought back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use muster_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Failure, describe};
use crate::folders;

/// The list of what a bundle holds.
const MANIFEST: &str = "manifest.json";

/// One file set aside, or brought back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Moved {
    /// Where it was.
    pub from: PathBuf,
    /// Where it is.
    pub to: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Where logs are set aside: `muster/trash` in the user's data folder.
pub fn trash_folder() -> Result<PathBuf, Failure> {
    folders::data()
        .map(|data| data.join("trash"))
        .ok_or_else(|| {
            Failure::unreachable("there is no data folder to move logs to")
                .hint("set HOME or XDG_DATA_HOME")
        })
}

/// Moves `files` into a new bundle of `trash`.
pub fn set_aside(trash: &Path, files: &[PathBuf], now: Timestamp) -> Result<Vec<Moved>, Failure> {
    let bundle = new_bundle(trash, now)?;
    let mut moved: Vec<Moved> = Vec::new();
    for from in files {
        let name = from.file_name().unwrap_or(from.as_os_str());
        let to = bundle.join(name);
        let done = fs::metadata(from)
            .and_then(|metadata| move_file(from, &to).map(|()| metadata.len()))
            .map_err(|error| cannot_move(from, &error));
        match done {
            Ok(bytes) => moved.push(Moved {
                from: from.clone(),
                to,
                bytes,
            }),
            Err(failure) => {
                // All or nothing: what has been moved goes back.
                for entry in moved.iter().rev() {
                    move_file(&entry.to, &entry.from)
                        .map_err(|error| cannot_move(&entry.to, &error))?;
                }
                let _ = fs::remove_dir(&bundle);
                return Err(failure);
            }
        }
        write_manifest(&bundle, &moved)?;
    }
    Ok(moved)
}

/// Brings the newest bundle back. A file whose place has been taken meanwhile
/// comes back under a rotated name, so that both are read.
pub fn bring_back(trash: &Path) -> Result<Vec<Moved>, Failure> {
    let Some(bundle) = newest_bundle(trash) else {
        return Ok(Vec::new());
    };
    let manifest = bundle.join(MANIFEST);
    let text = fs::read(&manifest).map_err(|error| cannot_move(&manifest, &error))?;
    let entries: Vec<Moved> = serde_json::from_slice(&text).map_err(|error| {
        Failure::unusable(format!("{}: {error}", manifest.display()))
            .hint("the files are in that folder: move them by hand")
    })?;
    let mut back = Vec::new();
    for entry in entries.iter().filter(|entry| entry.to.exists()) {
        if let Some(folder) = entry.from.parent() {
            fs::create_dir_all(folder).map_err(|error| cannot_move(&entry.from, &error))?;
        }
        let place = free_place(&entry.from, &bundle).ok_or_else(|| {
            Failure::unreachable(format!("no name is free beside {}", entry.from.display()))
        })?;
        move_file(&entry.to, &place).map_err(|error| cannot_move(&entry.to, &error))?;
        back.push(Moved {
            from: entry.to.clone(),
            to: place,
            bytes: entry.bytes,
        });
    }
    let _ = fs::remove_file(&manifest);
    let _ = fs::remove_dir(&bundle);
    Ok(back)
}

fn new_bundle(trash: &Path, now: Timestamp) -> Result<PathBuf, Failure> {
    let failed = |error: &io::Error| {
        Failure::unreachable(format!(
            "cannot make a folder in {}: {}",
            trash.display(),
            describe(error)
        ))
    };
    fs::create_dir_all(trash).map_err(|error| failed(&error))?;
    let stamp = now.to_string().replace(':', "");
    for number in 1..1000 {
        let bundle = trash.join(format!("{stamp}-{number:03}"));
        match fs::create_dir(&bundle) {
            Ok(()) => return Ok(bundle),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    Err(Failure::unreachable(format!(
        "{} is full of folders of this moment",
        trash.display()
    )))
}

fn newest_bundle(trash: &Path) -> Option<PathBuf> {
    let mut bundles: Vec<PathBuf> = trash
        .read_dir()
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join(MANIFEST).is_file())
        .collect();
    bundles.sort();
    bundles.pop()
}

fn write_manifest(bundle: &Path, moved: &[Moved]) -> Result<(), Failure> {
    let path = bundle.join(MANIFEST);
    let write = || -> io::Result<()> {
        let file = tempfile::NamedTempFile::new_in(bundle)?;
        serde_json::to_writer(&file, moved)?;
        file.as_file().sync_all()?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| Failure::output(&path.display().to_string(), &error))
}

/// `wanted` if nothing is there, else a free rotated name beside it, dated as `bundle`.
fn free_place(wanted: &Path, bundle: &Path) -> Option<PathBuf> {
    if !wanted.exists() {
        return Some(wanted.to_path_buf());
    }
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let name_wanted = name(wanted);
    let (stem, ending) = name_wanted
        .rsplit_once('.')
        .unwrap_or((&name_wanted, "bak"));
    let date: String = name(bundle).chars().take(10).collect();
    let stem = if stem.contains('.') {
        stem.to_owned()
    } else {
        format!("{stem}.{date}")
    };
    let plain = wanted.with_file_name(format!("{stem}.{ending}"));
    if !plain.exists() {
        return Some(plain);
    }
    (1..10_000)
        .map(|number| wanted.with_file_name(format!("{stem}.{number}.{ending}")))
        .find(|place| !place.exists())
}

/// Renames, or copies and removes where that is another file system.
fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            fs::copy(from, to)?;
            fs::File::open(to)?.sync_all()?;
            fs::remove_file(from)
        }
        other => other,
    }
}

fn cannot_move(path: &Path, error: &io::Error) -> Failure {
    Failure::unreachable(format!(
        "cannot move {}: {}",
        path.display(),
        describe(error)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_go_and_come_back() {
        let root = tempfile::tempdir().unwrap();
        let (trash, logs) = (root.path().join("trash"), root.path().join("logs"));
        fs::create_dir(&logs).unwrap();
        let log = logs.join("usage.jsonl");
        fs::write(&log, "old").unwrap();
        let now = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let moved = set_aside(&trash, std::slice::from_ref(&log), now).unwrap();
        assert_eq!((moved.len(), moved[0].bytes), (1, 3));
        assert!(!log.exists());

        // Agents went on writing meanwhile: nothing is lost.
        fs::write(&log, "new").unwrap();
        let back = bring_back(&trash).unwrap();
        assert_eq!(back[0].to, logs.join("usage.2026-11-20.jsonl"));
        assert_eq!(fs::read_to_string(&back[0].to).unwrap(), "old");
        assert_eq!(fs::read_to_string(&log).unwrap(), "new");
        assert_eq!(bring_back(&trash).unwrap(), []);

        let other = logs.join("absent.jsonl");
        let failure = set_aside(&trash, &[log.clone(), other], now).unwrap_err();
        assert_eq!(failure.kind.exit(), 3);
        assert_eq!(fs::read_to_string(&log).unwrap(), "new");
    }
}
