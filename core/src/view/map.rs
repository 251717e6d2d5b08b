//! Maps out of iterators, in little code.

use alloc::collections::BTreeMap;

/// Collects pairs into a map entry by entry.
///
/// `collect` sorts all pairs first, and the compiler makes that sort anew for
/// each type of map: a seventh of the WebAssembly modules was sorts of a few names.
pub(crate) trait IntoMap<K, V>: Iterator<Item = (K, V)> + Sized {
    fn into_map(self) -> BTreeMap<K, V>
    where
        K: Ord,
    {
        let mut map = BTreeMap::new();
        for (name, value) in self {
            map.insert(name, value);
        }
        map
    }
}

impl<K, V, I: Iterator<Item = (K, V)>> IntoMap<K, V> for I {}
