//! Votes into `feedback.json`: read, change and replace, under the lock.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use muster_core::entry::{FeedbackBook, Vote};
use muster_core::{RecordError, Timestamp};
use tempfile::NamedTempFile;

use super::lock::{make_folder_of, open_locked, sync_folder_of};

/// What became of the votes.
#[derive(Clone, Debug, Default)]
pub struct FeedbackWritten {
    /// The document was no JSON object: it was kept under this name and a new one begun.
    pub set_aside: Option<PathBuf>,
    /// Votes that could not be counted, by their place in the list, with the reason.
    pub refused: Vec<(usize, RecordError)>,
}

/// Counts votes in the document at `path`, which is made where there is none.
/// `now` names a document that is set aside.
///
/// Readers see the old document or the new one, never a part of either.
pub fn write_votes(
    path: &Path,
    votes: &[Vote],
    fsync: bool,
    now: Timestamp,
) -> io::Result<FeedbackWritten> {
    make_folder_of(path)?;
    let mut document = match open_locked(path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Never an empty file, not even for a moment: readers would take it for damage.
            match replacement(path, &FeedbackBook::default(), None)?.persist_noclobber(path) {
                Ok(_) => {}
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.error),
            }
            open_locked(path, false)?
        }
        opened => opened?,
    };
    let mut bytes = Vec::new();
    document.read_to_end(&mut bytes)?;
    let mut written = FeedbackWritten::default();
    let book = std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| FeedbackBook::parse(text).ok());
    let mut book = if let Some(book) = book {
        book
    } else {
        written.set_aside = Some(keep_aside(path, &bytes, now)?);
        FeedbackBook::default()
    };
    for (at, vote) in votes.iter().enumerate() {
        if let Err(error) = book.vote(vote) {
            written.refused.push((at, error));
        }
    }
    if written.refused.len() == votes.len() && written.set_aside.is_none() {
        return Ok(written);
    }
    let new = replacement(path, &book, Some(&document))?;
    if fsync {
        new.as_file().sync_data()?;
    }
    new.persist(path).map_err(|error| error.error)?;
    if fsync {
        sync_folder_of(path)?;
    }
    Ok(written)
}

/// The book in a new file beside the document, with the document's permissions.
fn replacement(path: &Path, book: &FeedbackBook, old: Option<&File>) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut new = NamedTempFile::with_prefix_in(".feedback-", folder)?;
    if let Some(old) = old {
        let mode = old.metadata()?.permissions().mode() & 0o777;
        new.as_file()
            .set_permissions(fs::Permissions::from_mode(mode))?;
    }
    new.write_all(book.to_text().as_bytes())?;
    Ok(new)
}

/// Keeps damaged content beside the document under a name that is free.
fn keep_aside(path: &Path, bytes: &[u8], now: Timestamp) -> io::Result<PathBuf> {
    let stamp: String = now
        .to_string()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut number = 0;
    loop {
        let aside = path.with_file_name(match number {
            0 => format!("{name}.damaged-{stamp}"),
            number => format!("{name}.damaged-{stamp}-{number}"),
        });
        match File::create_new(&aside) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                file.sync_data()?;
                return Ok(aside);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use muster_core::entry::Rating;

    use super::*;

    fn vote(template: &str, rating: Rating) -> Vote {
        Vote {
            template: template.into(),
            rating,
        }
    }

    #[test]
    fn votes_of_many_writers_are_all_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("generated/feedback.json");
        thread::scope(|scope| {
            for _ in 0..8 {
                let path = &path;
                scope.spawn(move || {
                    for n in 0..100 {
                        let rating = if n % 4 == 0 {
                            Rating::Bad
                        } else {
                            Rating::Good
                        };
                        let votes = [vote("tip", rating)];
                        let written = write_votes(path, &votes, false, Timestamp::MIN).unwrap();
                        assert!(written.set_aside.is_none());
                    }
                });
            }
        });
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\n  \"tip\": {\n    \"good\": 600,\n    \"bad\": 200\n  }\n}\n"
        );
        let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1);
    }

    #[test]
    fn a_damaged_document_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("feedback.json");
        fs::write(&path, "{\"tip\": {\"good\": 5,").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let now = Timestamp::parse("2026-11-20T12:00:00Z").unwrap();
        let written = write_votes(&path, &[vote("tip", Rating::Good)], true, now).unwrap();
        let aside = folder.path().join("feedback.json.damaged-20261120T120000Z");
        assert_eq!(written.set_aside.as_ref(), Some(&aside));
        assert_eq!(
            fs::read_to_string(aside).unwrap(),
            "{\"tip\": {\"good\": 5,"
        );
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o640);
        fs::write(&path, "{\"tip\": 5}").unwrap();
        let votes = [vote("tip", Rating::Good), vote("other", Rating::Bad)];
        let written = write_votes(&path, &votes, false, now).unwrap();
        assert!(written.set_aside.is_none());
        assert_eq!(written.refused.len(), 1);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\n  \"tip\": 5,\n  \"other\": {\n    \"good\": 0,\n    \"bad\": 1\n  }\n}\n"
        );
    }
}
