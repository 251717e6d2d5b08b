//! Specs of the project, looked at every few seconds.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use muster_core::Timestamp;
use muster_core::specs::{SpecDocument, SpecFile, SpecFolder, SpecSettings};
use muster_core::view::{SpecRootState, SpecRootView, SpecsView, WhyNone};
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::answer::Refusal;
use super::choices::Choices;
use super::versions::Versions;
use crate::error::describe;

/// How often the folders are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// More of a file is not read.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// More specs of one folder are not read.
const MAX_SPECS: usize = 2000;
/// How long the history may take.
const GIT_LIMIT: Duration = Duration::from_secs(5);

/// The specs as they were found last.
#[derive(Debug)]
pub(super) struct Specs {
    roots: Vec<PathBuf>,
    choices: Choices,
    read_only: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    roots: Vec<SpecRootView>,
    documents: Vec<SpecDocument>,
    settings: SpecSettings,
    enabled: bool,
}

/// What is kept of the user's choices.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    candidates_enabled: bool,
    dismissed: BTreeSet<String>,
}

/// A candidate that is none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dismiss {
    slug: String,
    mark: String,
}

/// Whether it is looked for candidates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Enable {
    enabled: bool,
}

impl Specs {
    /// Begins to look. `enabled` is what the command line says.
    pub(super) fn start(
        roots: Vec<PathBuf>,
        state: Option<&Path>,
        read_only: bool,
        enabled: Option<bool>,
        project: PathBuf,
        versions: Arc<Versions>,
    ) -> Arc<Self> {
        let choices = Choices::new(state, "specs.json");
        let kept: Kept = choices.load();
        let specs = Arc::new(Self {
            roots,
            choices,
            read_only,
            state: Mutex::new(State {
                enabled: enabled.unwrap_or(kept.candidates_enabled),
                settings: SpecSettings {
                    dismissed: kept.dismissed,
                    ..SpecSettings::default()
                },
                ..State::default()
            }),
        });
        if enabled.is_some() && !read_only {
            // Not kept: it holds for this time.
            let _ = specs.save();
        }
        tokio::spawn(Arc::clone(&specs).keep(project, versions));
        specs
    }

    /// What is known.
    pub(super) fn view(&self, now: Timestamp) -> SpecsView {
        let state = self.state();
        let off = if self.read_only {
            Some(WhyNone::ReadOnly)
        } else if state.enabled {
            None
        } else {
            Some(WhyNone::Disabled)
        };
        let roots = state.roots.clone();
        SpecsView::of(now, roots, &state.documents, &state.settings, off)
    }

    async fn keep(self: Arc<Self>, project: PathBuf, versions: Arc<Versions>) {
        loop {
            let roots = self.roots.clone();
            if let Ok((roots, documents)) = spawn_blocking(move || look(&roots)).await {
                let names_any = documents.iter().any(|it| !it.pull_requests.is_empty());
                let merged = if names_any {
                    merged(&project).await
                } else {
                    BTreeSet::new()
                };
                let mut state = self.state();
                let is_new = state.roots != roots
                    || state.documents != documents
                    || state.settings.merged != merged;
                state.roots = roots;
                state.documents = documents;
                state.settings.merged = merged;
                drop(state);
                if is_new {
                    versions.bump(&["specs"]);
                }
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Keeps the user's choices.
    fn save(&self) -> io::Result<()> {
        let kept = {
            let state = self.state();
            Kept {
                candidates_enabled: state.enabled,
                dismissed: state.settings.dismissed.clone(),
            }
        };
        self.choices.save(&kept)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Turns the search for candidates on or off.
pub(super) fn enable(shared: &Shared, asked: &Enable) -> Result<SpecsView, Refusal> {
    shared.specs.state().enabled = asked.enabled;
    changed(shared)
}

/// A candidate is none; that sticks until its spec changes.
pub(super) fn dismiss(shared: &Shared, asked: Dismiss) -> Result<SpecsView, Refusal> {
    let now = shared.clock.now();
    let view = shared.specs.view(now);
    let is_there = view
        .candidates
        .iter()
        .any(|candidate| candidate.slug == asked.slug && candidate.mark == asked.mark);
    if !is_there {
        return Err(Refusal::not_found(format!(
            "{} is no candidate with that mark",
            asked.slug
        )));
    }
    shared.specs.state().settings.dismissed.insert(asked.mark);
    changed(shared)
}

fn changed(shared: &Shared) -> Result<SpecsView, Refusal> {
    shared.specs.save().map_err(|error| {
        Refusal::unreachable(format!("the choice cannot be kept: {}", describe(&error)))
    })?;
    shared.versions.bump(&["specs"]);
    Ok(shared.specs.view(shared.clock.now()))
}

fn look(roots: &[PathBuf]) -> (Vec<SpecRootView>, Vec<SpecDocument>) {
    let mut views = Vec::new();
    let mut documents = Vec::new();
    for root in roots {
        let before = documents.len();
        let state = match look_into(root, &mut documents) {
            Ok(()) => SpecRootState::Ok,
            Err(error) if error.kind() == io::ErrorKind::NotFound => SpecRootState::Missing,
            Err(_) => SpecRootState::Unreadable,
        };
        views.push(SpecRootView {
            path: root.display().to_string(),
            state,
            specs: (documents.len() - before) as u64,
        });
    }
    (views, documents)
}

fn look_into(root: &Path, documents: &mut Vec<SpecDocument>) -> io::Result<()> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        // Links are not followed: they may lead anywhere.
        if entry.file_type()?.is_dir() && folders.len() < MAX_SPECS {
            folders.push(entry.path());
        }
    }
    folders.sort_unstable();
    for folder in folders {
        let Some(slug) = folder.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let folder = SpecFolder {
            slug: slug.to_owned(),
            root: root.display().to_string(),
            // A folder that cannot be read has no files.
            files: files(&folder).unwrap_or_default(),
        };
        documents.extend(SpecDocument::of(&folder));
    }
    Ok(())
}

fn files(folder: &Path) -> io::Result<Vec<SpecFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_markdown = path.extension().is_some_and(|extension| extension == "md");
        if !entry.file_type()?.is_file() || !is_markdown {
            continue;
        }
        let mut bytes = Vec::new();
        fs::File::open(&path)?
            .take(MAX_FILE_BYTES)
            .read_to_end(&mut bytes)?;
        let since = entry.metadata()?.modified()?.duration_since(UNIX_EPOCH);
        let us = since.map_or(0, |since| since.as_micros());
        let changed_at = i64::try_from(us)
            .ok()
            .and_then(|us| Timestamp::from_micros(us).ok());
        files.push(SpecFile {
            name: entry.file_name().to_string_lossy().into_owned(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
            changed_at: changed_at.unwrap_or(Timestamp::MIN),
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Pull requests in the history of a project, by what merges and squashes write.
async fn merged(project: &Path) -> BTreeSet<u64> {
    let log = Command::new("git")
        // Settings of the project's own must not make it run anything.
        .args([
            "-c",
            "log.showSignature=false",
            "-c",
            "core.fsmonitor=false",
        ])
        .args(["--no-pager", "log", "--format=%s", "-n", "20000"])
        .current_dir(project)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let Ok(Ok(log)) = timeout(GIT_LIMIT, log).await else {
        return BTreeSet::new();
    };
    let log = String::from_utf8_lossy(&log.stdout);
    log.lines().filter_map(merged_by).collect()
}

fn merged_by(subject: &str) -> Option<u64> {
    let merge = subject.strip_prefix("Merge pull request #");
    let squash = || {
        let (_, rest) = subject.trim_end().rsplit_once("(#")?;
        rest.strip_suffix(')')
    };
    let digits = match merge {
        Some(rest) => rest.split(' ').next(),
        None => squash(),
    };
    digits?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_and_squashes_are_recognised() {
        for (subject, number) in [
            ("Merge pull request #12 from x/y", Some(12)),
            ("Checkout: coupons (#7)", Some(7)),
            ("See #9", None),
            ("Odd (#)", None),
        ] {
            assert_eq!(merged_by(subject), number, "{subject}");
        }
    }

    #[test]
    fn folders_are_looked_into_and_links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let spec = root.path().join("specs/checkout");
        fs::create_dir_all(&spec).unwrap();
        fs::write(spec.join("decisions.md"), "# Coupons\nStatus: approved\n").unwrap();
        fs::write(spec.join("note.txt"), "x").unwrap();
        std::os::unix::fs::symlink("/", root.path().join("specs/all")).unwrap();
        let (roots, documents) = look(&[root.path().join("specs"), root.path().join("none")]);
        assert_eq!(roots[0].state, SpecRootState::Ok);
        assert_eq!(
            (roots[0].specs, roots[1].state),
            (1, SpecRootState::Missing)
        );
        assert_eq!(documents[0].title, "Coupons");
        assert_eq!(documents[0].files, ["decisions.md"]);
    }
}
