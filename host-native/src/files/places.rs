//! The folders in which attune keeps its logs.

use std::env;
use std::path::{Path, PathBuf};

use muster_core::LogKind;

use crate::error::{Failure, describe};

/// Name of the folder of the home in which the logs lie.
const TELEMETRY: &str = "telemetry";
/// Name of attune's folders.
const DOT_ATTUNE: &str = ".attune";

/// The folders to look for logs in. None of them needs to exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The telemetry folder of the attune home.
    pub telemetry: Option<PathBuf>,
    /// The home itself, for the logs that lie elsewhere in it.
    pub home: Option<PathBuf>,
    /// `.attune` in the project.
    pub project: Option<PathBuf>,
    /// Where attune puts the help logs whatever its home is.
    pub help: Option<PathBuf>,
}

/// A named folder that cannot be used.
pub type PlacesError = Failure;

impl Places {
    /// The folders that were named, and the default for those that were not: the
    /// home from `ATTUNE_HOME`, else `~/.attune`; the project here.
    pub fn find(home: Option<&Path>, project: Option<&Path>) -> Result<Self, PlacesError> {
        let user = env::home_dir().filter(|home| home.is_absolute());
        let default_home = || {
            env::var_os("ATTUNE_HOME")
                .filter(|home| !home.is_empty())
                .map(PathBuf::from)
                .or_else(|| user.as_ref().map(|user| user.join(DOT_ATTUNE)))
        };
        let home = match home {
            Some(named) => {
                check_folder("--home", named)?;
                Some(named.to_path_buf())
            }
            None => default_home(),
        };
        let project = match project {
            Some(named) => {
                check_folder("--project", named)?;
                named
            }
            None => Path::new("."),
        };
        let project = if project.file_name().is_some_and(|name| name == DOT_ATTUNE) {
            project.to_path_buf()
        } else if project == Path::new(".") {
            PathBuf::from(DOT_ATTUNE)
        } else {
            project.join(DOT_ATTUNE)
        };
        let (home, telemetry) = home.map(|home| split_home(&home)).unzip();
        Ok(Self {
            help: user
                .map(|user| user.join(DOT_ATTUNE).join(TELEMETRY))
                .filter(|help| Some(help) != telemetry.as_ref()),
            telemetry,
            home,
            project: Some(project),
        })
    }
}

/// The home and its telemetry folder, given either.
fn split_home(folder: &Path) -> (PathBuf, PathBuf) {
    let inner = folder.join(TELEMETRY);
    let is_telemetry = !inner.is_dir()
        && (folder.file_name().is_some_and(|name| name == TELEMETRY) || holds_logs(folder));
    if is_telemetry {
        let home = folder.parent().unwrap_or(folder);
        (home.to_path_buf(), folder.to_path_buf())
    } else {
        (folder.to_path_buf(), inner)
    }
}

/// Whether a folder directly holds a log of the telemetry folder.
fn holds_logs(folder: &Path) -> bool {
    folder.read_dir().is_ok_and(|entries| {
        entries.flatten().any(|entry| {
            entry
                .file_name()
                .to_str()
                .and_then(LogKind::of_path)
                .is_some()
        })
    })
}

/// A folder that the user named must be one, and readable.
fn check_folder(option: &str, folder: &Path) -> Result<(), Failure> {
    match folder.read_dir() {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::unreachable(format!(
            "{option} {}: {}",
            folder.display(),
            describe(&error)
        ))
        .hint(format!(
            "name a folder that can be read, or leave {option} out for the default"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_home_is_named_by_itself_or_by_its_telemetry_folder() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        let telemetry = home.join("telemetry");
        fs::create_dir_all(&telemetry).unwrap();
        for named in [&home, &telemetry] {
            let places = Places::find(Some(named), Some(root.path())).unwrap();
            assert_eq!(places.telemetry.as_ref(), Some(&telemetry));
            assert_eq!(places.home.as_ref(), Some(&home));
            assert_eq!(places.project, Some(root.path().join(".attune")));
        }
        // A folder of another name that holds logs itself.
        let bare = root.path().join("logs");
        fs::create_dir(&bare).unwrap();
        fs::write(bare.join("usage.jsonl"), "").unwrap();
        let places = Places::find(Some(&bare), None).unwrap();
        assert_eq!(places.telemetry, Some(bare));
    }

    #[test]
    fn a_named_folder_must_be_there() {
        let root = tempfile::tempdir().unwrap();
        let absent = root.path().join("absent");
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        for named in [&absent, &file] {
            let failure = Places::find(Some(named), None).unwrap_err();
            assert_eq!(failure.kind.exit(), 3);
            assert!(failure.message.starts_with("--home"));
            assert!(Places::find(None, Some(named)).is_err());
        }
    }
}
