//! Whether logs have changed since they were read.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::{LogQuery, LogSelection, discover};

/// Names, identities, sizes and times of logs: equal while nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogsState(Vec<(std::path::PathBuf, Option<[i64; 5]>)>);

impl LogsState {
    /// The state of the logs that a query selects, now.
    pub fn of(query: &LogQuery) -> Self {
        let paths: Vec<std::path::PathBuf> = match &query.selection {
            LogSelection::Files(paths, _) => paths.clone(),
            LogSelection::Decoded(files) => files.files(),
            LogSelection::Places(places) => {
                let found = discover(places, &query.needed);
                found.files.into_iter().map(|file| file.path).collect()
            }
        };
        let state = |path: &std::path::PathBuf| {
            let metadata = fs::metadata(path).ok()?;
            Some([
                metadata.dev().cast_signed(),
                metadata.ino().cast_signed(),
                metadata.size().cast_signed(),
                metadata.mtime(),
                metadata.mtime_nsec(),
            ])
        };
        Self(
            paths
                .into_iter()
                .map(|path| (path.clone(), state(&path)))
                .collect(),
        )
    }
}
