//! Reports that were fetched, kept for all processes of the user.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use muster_core::account::{AccountReport, AccountRows, SavedReport};
use tempfile::NamedTempFile;

/// The folder of kept reports.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

/// What is kept of a report.
#[derive(Debug)]
pub(super) enum Kept {
    /// Nothing, or nothing that can be read.
    Nothing,
    /// A report.
    Report(SavedReport, AccountRows),
    /// Something that is no report: it was put aside under this name.
    Damaged(PathBuf),
}

impl Cache {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Held by whoever fetches; `None` where the folder cannot be written.
    pub(super) fn lock(&self, report: AccountReport) -> Option<File> {
        self.make_folder().ok()?;
        let lock = self.folder.join(format!("{}.lock", report.name()));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(lock)
            .ok()?;
        file.lock().ok()?;
        Some(file)
    }

    pub(super) fn load(&self, report: AccountReport) -> Kept {
        let path = self.place(report);
        let Ok(bytes) = fs::read(&path) else {
            return Kept::Nothing;
        };
        let read = String::from_utf8(bytes)
            .map_err(|_| "no UTF-8".to_owned())
            .and_then(|text| SavedReport::parse(report, &text));
        if let Ok((saved, rows)) = read {
            return Kept::Report(saved, rows);
        }
        let aside = path.with_extension("json.damaged");
        match fs::rename(&path, &aside) {
            Ok(()) => Kept::Damaged(aside),
            Err(_) => Kept::Damaged(path),
        }
    }

    pub(super) fn save(&self, report: AccountReport, saved: &SavedReport) -> io::Result<()> {
        self.make_folder()?;
        let mut file = NamedTempFile::with_prefix_in(".new-", &self.folder)?;
        file.write_all(saved.to_text().as_bytes())?;
        file.persist(self.place(report))
            .map(|_| ())
            .map_err(|error| error.error)
    }

    fn place(&self, report: AccountReport) -> PathBuf {
        self.folder.join(format!("{}.json", report.name()))
    }

    fn make_folder(&self) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
    }
}
