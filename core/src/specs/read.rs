//! From the files of a spec to how far it is.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde::{Serialize, Serializer};

use crate::time::{Timestamp, US_PER_DAY};

/// Older ones are stale.
const STALE_US: i64 = 30 * US_PER_DAY;
/// The files whose status counts, the first that has one.
const PREFERRED: [&str; 4] = ["decisions.md", "tasks.md", "design.md", "requirements.md"];

/// A folder as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecFolder {
    /// The folder's name.
    pub slug: String,
    /// The folder that it lies in.
    pub root: String,
    /// Its Markdown files.
    pub files: Vec<SpecFile>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecFile {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// When it was last written.
    pub changed_at: Timestamp,
}

/// What a spec says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecDocument {
    /// The folder's name.
    pub slug: String,
    /// The folder that it lies in.
    pub root: String,
    /// The first heading, else the slug.
    pub title: String,
    /// The status that counts, in lower case.
    pub status: Option<String>,
    /// When the newest file was written.
    pub updated_at: Timestamp,
    /// Boxes that are not ticked.
    pub open_tasks: u64,
    /// Boxes that are.
    pub done_tasks: u64,
    /// Whether there is a list of tasks.
    pub has_tasks: bool,
    /// Numbers of pull requests that decisions and tasks name.
    pub pull_requests: BTreeSet<u64>,
    /// Names of the files.
    pub files: Vec<String>,
}

/// What becomes of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lifecycle {
    /// It was put off.
    Paused,
    /// It was laid aside.
    Parked,
    /// It is done.
    Complete,
    /// It is being worked on.
    Active,
    /// Nobody has touched it for a month.
    Stale,
    /// It is being written.
    Draft,
    /// It is agreed and not begun.
    Approved,
}

/// How far a spec is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// What is wanted.
    Requirements,
    /// How it is to be.
    Design,
    /// What is to be done.
    Tasks,
    /// Some of it is done.
    Executing,
    /// All of it is.
    Shipped,
}

impl Lifecycle {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Parked => "parked",
            Self::Complete => "complete",
            Self::Active => "active",
            Self::Stale => "stale",
            Self::Draft => "draft",
            Self::Approved => "approved",
        }
    }
}

impl Stage {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requirements => "requirements",
            Self::Design => "design",
            Self::Tasks => "tasks",
            Self::Executing => "executing",
            Self::Shipped => "shipped",
        }
    }
}

impl Serialize for Lifecycle {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Stage {
    /// The name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl SpecDocument {
    /// Reads a folder; `None` without any file.
    pub fn of(folder: &SpecFolder) -> Option<Self> {
        let updated_at = folder.files.iter().map(|file| file.changed_at).max()?;
        let named = |name: &str| folder.files.iter().find(|file| file.name == name);
        let preferred = PREFERRED.iter().filter_map(|name| named(name));
        let status = preferred
            .clone()
            .chain(&folder.files)
            .find_map(|file| status_of(&file.text));
        let title = preferred
            .chain(&folder.files)
            .find_map(|file| title_of(&file.text))
            .unwrap_or_else(|| folder.slug.clone());
        let tasks = named("tasks.md");
        let (open_tasks, done_tasks) = tasks.map_or((0, 0), |file| boxes(&file.text));
        let mut pull_requests = BTreeSet::new();
        for file in [named("decisions.md"), tasks].into_iter().flatten() {
            pull_requests.extend(pull_requests_of(&file.text));
        }
        let mut files: Vec<String> = folder.files.iter().map(|file| file.name.clone()).collect();
        files.sort_unstable();
        Some(Self {
            slug: folder.slug.clone(),
            root: folder.root.clone(),
            title,
            status,
            updated_at,
            open_tasks,
            done_tasks,
            has_tasks: tasks.is_some(),
            pull_requests,
            files,
        })
    }

    /// What becomes of it, as of `now`; the first that fits.
    pub fn lifecycle(&self, now: Timestamp) -> Lifecycle {
        let status = self.status.as_deref().unwrap_or_default();
        let age = now.as_micros().saturating_sub(self.updated_at.as_micros());
        match status {
            "paused" => Lifecycle::Paused,
            "parked" => Lifecycle::Parked,
            "complete" | "completed" | "done" | "shipped" => Lifecycle::Complete,
            "living" => Lifecycle::Active,
            _ if age > STALE_US => Lifecycle::Stale,
            "draft" => Lifecycle::Draft,
            "approved" if self.done_tasks == 0 => Lifecycle::Approved,
            _ => Lifecycle::Active,
        }
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        let has = |name: &str| self.files.iter().any(|file| file == name);
        let status = self.status.as_deref().unwrap_or_default();
        if ["complete", "completed", "done", "shipped"].contains(&status) {
            Stage::Shipped
        } else if self.done_tasks > 0 {
            Stage::Executing
        } else if self.has_tasks {
            Stage::Tasks
        } else if has("design.md") {
            Stage::Design
        } else {
            Stage::Requirements
        }
    }
}

/// The word behind `status:`, with whatever marks around it.
fn status_of(text: &str) -> Option<String> {
    text.lines().take(60).find_map(|line| {
        let plain: String = line.chars().filter(|c| !"*_`>#|-".contains(*c)).collect();
        let (name, value) = plain.split_once(':')?;
        if !name.trim().eq_ignore_ascii_case("status") {
            return None;
        }
        let value = value.trim().trim_matches(['"', '\'', '.']);
        (!value.is_empty()).then(|| value.to_lowercase())
    })
}

fn title_of(text: &str) -> Option<String> {
    let heading = text.lines().find_map(|line| line.strip_prefix("# "))?;
    let heading = heading.trim();
    (!heading.is_empty()).then(|| heading.to_string())
}

/// Boxes that are open and done.
fn boxes(text: &str) -> (u64, u64) {
    let (mut open, mut done) = (0, 0);
    for line in text.lines() {
        let item = line.trim_start().trim_start_matches(['-', '*', '+']);
        let item = item.trim_start();
        if item.starts_with("[ ]") {
            open += 1;
        } else if item.starts_with("[x]") || item.starts_with("[X]") {
            done += 1;
        }
    }
    (open, done)
}

/// The numbers in `#12` and `PR 12`.
fn pull_requests_of(text: &str) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for mark in ["#", "PR ", "pull/"] {
        for part in text.split(mark).skip(1) {
            let digits = part.find(|c: char| !c.is_ascii_digit());
            let digits = part.get(..digits.unwrap_or(part.len())).unwrap_or_default();
            if let Ok(number) = digits.parse() {
                found.insert(number);
            }
        }
    }
    found
}
