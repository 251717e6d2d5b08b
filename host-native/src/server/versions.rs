//! Which views have changed, for all who listen.
//!
//! What is kept is one number per view, however many listen and however slow they
//! are: each asks for what is newer than what it has seen.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

/// The versions of all views that can change.
#[derive(Debug)]
pub(super) struct Versions {
    /// Differs between processes.
    epoch: String,
    views: Mutex<BTreeMap<&'static str, Version>>,
    /// The number of the last change.
    last: watch::Sender<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Version {
    version: u64,
    changed_at: u64,
}

/// Where a listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resume {
    /// It begins.
    Fresh,
    /// It has seen everything up to this change.
    After(u64),
    /// It has seen another process.
    Restarted,
    /// It has seen something that there is not.
    Unknown,
}

impl Versions {
    /// Nothing has changed yet.
    pub(super) fn new(epoch: String, views: &[&'static str]) -> Self {
        let views = views.iter().map(|view| (*view, Version::default()));
        Self {
            epoch,
            views: Mutex::new(views.collect()),
            last: watch::Sender::new(0),
        }
    }

    /// Says that views have changed.
    pub(super) fn bump(&self, changed: &[&'static str]) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        for view in changed {
            let number = *self.last.borrow() + 1;
            let version = views.entry(view).or_default();
            version.version += 1;
            version.changed_at = number;
            self.last.send_replace(number);
        }
    }

    /// What differs between processes.
    pub(super) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// All versions, and the number of the last change.
    pub(super) fn all(&self) -> (u64, BTreeMap<&'static str, u64>) {
        let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let versions = views.iter().map(|(view, version)| (*view, version.version));
        (*self.last.borrow(), versions.collect())
    }

    /// What changed after a number: its number, the view, its version, in the order
    /// of the changes.
    pub(super) fn after(&self, seen: u64) -> Vec<(u64, &'static str, u64)> {
        let views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = views
            .iter()
            .filter(|(_, version)| version.changed_at > seen);
        let mut newer: Vec<_> = newer
            .map(|(view, version)| (version.changed_at, *view, version.version))
            .collect();
        newer.sort_unstable();
        newer
    }

    /// Is told of each change.
    pub(super) fn listen(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// The id of a change.
    pub(super) fn id(&self, number: u64) -> String {
        format!("{}.{number}", self.epoch)
    }

    /// Where a listener goes on that has seen this id.
    pub(super) fn resume(&self, last_id: Option<&str>) -> Resume {
        let Some(id) = last_id.filter(|id| !id.is_empty()) else {
            return Resume::Fresh;
        };
        let Some((epoch, number)) = id.rsplit_once('.') else {
            return Resume::Unknown;
        };
        match number.parse() {
            Ok(_) if epoch != self.epoch => Resume::Restarted,
            Ok(number) if number <= *self.last.borrow() => Resume::After(number),
            _ => Resume::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_merge_and_none_is_missed() {
        let versions = Versions::new("e".into(), &["a", "b"]);
        versions.bump(&["a"]);
        let (seen, _) = versions.all();
        versions.bump(&["b", "a"]);
        versions.bump(&["b"]);
        assert_eq!(versions.after(seen), [(3, "a", 2), (4, "b", 2)]);
        assert_eq!(versions.after(4), []);
        assert!(versions.listen().borrow().eq(&4));
    }

    #[test]
    fn ids_of_others_are_told_from_ids_of_nobody() {
        let versions = Versions::new("e".into(), &[]);
        versions.bump(&["a"]);
        for (id, resume) in [
            (None, Resume::Fresh),
            (Some(""), Resume::Fresh),
            (Some("e.1"), Resume::After(1)),
            (Some("e.2"), Resume::Unknown),
            (Some("f.1"), Resume::Restarted),
            (Some("1"), Resume::Unknown),
            (Some("e.x"), Resume::Unknown),
        ] {
            assert_eq!(versions.resume(id), resume, "{id:?}");
        }
    }
}
