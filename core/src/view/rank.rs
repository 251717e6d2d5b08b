//! The largest of many, and how many are not shown.

use alloc::vec::Vec;

/// The items with the largest counts.
pub(super) struct Ranked<T> {
    pub(super) items: Vec<(u64, T)>,
    pub(super) left_out: u64,
}

/// The `top` items by count, largest first; of equal counts those that come first.
pub(super) fn ranked<T>(items: impl Iterator<Item = (u64, T)>, top: usize) -> Ranked<T> {
    let mut items: Vec<_> = items.collect();
    items.sort_by_key(|(count, _)| core::cmp::Reverse(*count));
    let left_out = items.len().saturating_sub(top) as u64;
    items.truncate(top);
    Ranked { items, left_out }
}
