//! The newest state of each of many things.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use crate::time::Timestamp;

/// The newest value per name: the one of the latest time, and of equal times the
/// one that comes last in the log.
#[derive(Clone, Debug)]
pub(crate) struct Latest<V> {
    by_name: BTreeMap<Box<str>, (Timestamp, V)>,
}

impl<V> Default for Latest<V> {
    fn default() -> Self {
        Self {
            by_name: BTreeMap::new(),
        }
    }
}

impl<V> Latest<V> {
    /// Takes `value` in, unless a newer one is there.
    pub(crate) fn offer(&mut self, name: &str, at: Timestamp, value: V) {
        match self.by_name.get_mut(name) {
            Some(kept) if kept.0 <= at => *kept = (at, value),
            Some(_) => {}
            None => {
                self.by_name.insert(name.into(), (at, value));
            }
        }
    }

    /// Takes in the values of what follows in the log.
    pub(crate) fn merge(&mut self, later: Self) {
        for (name, (at, value)) in later.by_name {
            self.offer(&name, at, value);
        }
    }

    /// All names with their newest values, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.by_name
            .iter()
            .map(|(name, (_, value))| (&**name, value))
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn the_later_time_wins_and_of_equal_times_the_later_line() {
        let at = |s| Timestamp::from_seconds(s).unwrap();
        let mut latest = Latest::default();
        latest.offer("a", at(2), "old");
        latest.offer("a", at(1), "older");
        latest.offer("b", at(1), "first");
        let mut later = Latest::default();
        later.offer("b", at(1), "second");
        later.offer("a", at(2), "new");
        latest.merge(later);
        assert_eq!(
            latest.iter().collect::<Vec<_>>(),
            [("a", &"new"), ("b", &"second")]
        );
        assert_eq!(latest.len(), 2);
    }
}
