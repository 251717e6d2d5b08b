//! Which log files there are, oldest first.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use muster_core::LogKind;

use super::Places;
use crate::error::{Failure, describe};

/// One log file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called in answers: short, and the same on every machine.
    pub name: String,
    /// Which log it is.
    pub kind: LogKind,
}

/// What was found in the places.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    /// The logs: by kind, of each the rotated files oldest first and the live file last.
    pub files: Vec<LogFile>,
    /// Folders that are there and cannot be listed, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Finds the logs of `kinds` in the places. What is not there is left out.
pub fn discover(places: &Places, kinds: &[LogKind]) -> Discovered {
    let mut found = Discovered::default();
    if let Some(telemetry) = &places.telemetry {
        found.list(telemetry, "");
        found.list(&telemetry.join("archive"), "archive/");
    }
    if let Some(home) = &places.home {
        found.list(&home.join("ops/roundtable"), "ops/roundtable/");
    }
    if let Some(project) = &places.project {
        found.list(project, ".attune/");
    }
    if let Some(help) = &places.help {
        let is_help =
            |file: &LogFile| matches!(file.kind, LogKind::HelpQueries | LogKind::HelpUnmatched);
        let missing = !found.files.iter().any(is_help);
        if missing {
            let mut elsewhere = Discovered::default();
            elsewhere.list(help, &format!("{}/", help.display()));
            found
                .files
                .extend(elsewhere.files.into_iter().filter(is_help));
        }
    }
    found.files.retain(|file| kinds.contains(&file.kind));
    // One folder may be reached by two ways, such as a project in the home.
    let mut seen = BTreeSet::new();
    found.files.retain(|file| {
        let identity = fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone());
        seen.insert(identity)
    });
    found.files.sort_by_cached_key(|file| {
        let age = age_of(file.path.file_name().and_then(|name| name.to_str()));
        (file.kind, age, file.name.clone())
    });
    found
}

/// Files that the user named, in the order given; `kind` for those whose name says nothing.
pub fn named_files(paths: &[PathBuf], kind: Option<LogKind>) -> Result<Vec<LogFile>, Failure> {
    paths
        .iter()
        .map(|path| {
            let name = path.display().to_string();
            let kind = kind
                .or_else(|| LogKind::of_path(&name))
                .ok_or_else(|| of_no_kind(path, &name))?;
            Ok(LogFile {
                path: path.clone(),
                name,
                kind,
            })
        })
        .collect()
}

/// Why a file cannot be read whose name does not say what it is.
fn of_no_kind(path: &Path, name: &str) -> Failure {
    match fs::metadata(path) {
        Err(error) => Failure::reading(&format!("cannot read {name}"), &error),
        Ok(metadata) if metadata.is_dir() => Failure::unreachable(format!("{name} is a folder"))
            .hint("name its files, or the attune home that it lies in by --home"),
        Ok(_) => Failure::usage(format!("{name}: the name says of no known log what it is"))
            .hint("say which log it is, such as --kind usage"),
    }
}

impl Discovered {
    fn list(&mut self, folder: &Path, prefix: &str) {
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => {
                self.unreadable
                    .push((folder.to_path_buf(), describe(&error)));
                return;
            }
        };
        for entry in entries.flatten() {
            let file_name = entry.file_name();
            let file_name = file_name.to_string_lossy();
            if let Some(kind) = LogKind::of_path(&file_name) {
                self.files.push(LogFile {
                    path: entry.path(),
                    name: format!("{prefix}{file_name}"),
                    kind,
                });
            }
        }
    }
}

/// Sorts rotated files by their date and number, and the live file after them.
pub(super) fn age_of(file_name: Option<&str>) -> (bool, String, u64) {
    let stem = file_name.and_then(|name| name.strip_suffix(".jsonl"));
    let Some(stem) = stem else {
        return (true, String::new(), 0);
    };
    // `usage.2026-11-20.1` or `workflow_runs-20261120T101500Z-1`
    let (stamp, number) = if let Some((_, suffix)) = stem.split_once('.') {
        suffix.split_once('.').unwrap_or((suffix, ""))
    } else if let Some((_, suffix)) = stem.split_once('-') {
        suffix.split_once('-').unwrap_or((suffix, ""))
    } else {
        return (true, String::new(), 0);
    };
    (false, stamp.to_owned(), number.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(root: &Path) -> Places {
        Places {
            telemetry: Some(root.join("telemetry")),
            home: Some(root.to_path_buf()),
            project: Some(root.join("project/.attune")),
            help: Some(root.join("elsewhere")),
        }
    }

    fn touch(root: &Path, files: &[&str]) {
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
    }

    fn names(found: &Discovered) -> Vec<&str> {
        found.files.iter().map(|file| file.name.as_str()).collect()
    }

    #[test]
    fn rotated_files_come_oldest_first_and_the_live_file_last() {
        let root = tempfile::tempdir().unwrap();
        touch(
            root.path(),
            &[
                "telemetry/usage.jsonl",
                "telemetry/usage.2026-11-02.10.jsonl",
                "telemetry/usage.2026-11-02.2.jsonl",
                "telemetry/usage.2026-11-02.jsonl",
                "telemetry/usage.2026-10-30.jsonl",
                "telemetry/usage_summary.json",
                "telemetry/workflow_runs.jsonl",
                "telemetry/archive/workflow_runs-20261120T101500Z-1.jsonl",
                "telemetry/archive/workflow_runs-20261120T101500Z.jsonl",
                "ops/roundtable/role_telemetry.jsonl",
                "project/.attune/llm_calls.jsonl",
                "elsewhere/help_queries.jsonl",
                "elsewhere/usage.jsonl",
            ],
        );
        let found = discover(&places(root.path()), &LogKind::ALL);
        let elsewhere = format!("{}/elsewhere/help_queries.jsonl", root.path().display());
        assert_eq!(
            names(&found),
            [
                "usage.2026-10-30.jsonl",
                "usage.2026-11-02.jsonl",
                "usage.2026-11-02.2.jsonl",
                "usage.2026-11-02.10.jsonl",
                "usage.jsonl",
                &elsewhere,
                "archive/workflow_runs-20261120T101500Z.jsonl",
                "archive/workflow_runs-20261120T101500Z-1.jsonl",
                "workflow_runs.jsonl",
                ".attune/llm_calls.jsonl",
                "ops/roundtable/role_telemetry.jsonl",
            ]
        );
        let found = discover(&places(root.path()), &[LogKind::LlmCalls]);
        assert_eq!(names(&found), [".attune/llm_calls.jsonl"]);
    }

    #[test]
    fn help_logs_of_the_home_come_before_those_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        touch(
            root.path(),
            &[
                "telemetry/help_queries.jsonl",
                "elsewhere/help_queries.jsonl",
            ],
        );
        let found = discover(&places(root.path()), &LogKind::ALL);
        assert_eq!(names(&found), ["help_queries.jsonl"]);
    }

    #[test]
    fn a_file_reached_by_two_ways_is_read_once() {
        let root = tempfile::tempdir().unwrap();
        touch(root.path(), &["telemetry/usage.jsonl"]);
        let mut places = places(root.path());
        places.project.clone_from(&places.telemetry);
        assert_eq!(names(&discover(&places, &LogKind::ALL)), ["usage.jsonl"]);
    }

    #[test]
    fn named_files_need_a_known_name_or_a_kind() {
        let root = tempfile::tempdir().unwrap();
        let paths = [
            PathBuf::from("x/usage.jsonl"),
            root.path().join("calls.log"),
        ];
        // Whether it is there comes first.
        assert_eq!(named_files(&paths, None).unwrap_err().kind.exit(), 3);
        touch(root.path(), &["calls.log"]);
        assert_eq!(named_files(&paths, None).unwrap_err().kind.exit(), 2);
        let files = named_files(&paths, Some(LogKind::Usage)).unwrap();
        assert_eq!(files[1].kind, LogKind::Usage);
    }
}
