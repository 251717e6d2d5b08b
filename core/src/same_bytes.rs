//! Equality of short byte strings, without a call.

/// Whether two byte strings are equal.
///
/// In WebAssembly the comparison that slices bring along is a call that goes byte
/// by byte: it took a sixth of the time of reading a usage log there. Elsewhere it
/// is the faster one.
#[inline]
pub(crate) fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    if cfg!(target_arch = "wasm32") {
        same_by_words(a, b)
    } else {
        a == b
    }
}

/// The same by words of eight bytes; with a literal on one side the loop unrolls
/// to a few loads.
#[inline]
fn same_by_words(mut a: &[u8], mut b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    while let (Some((x, rest_a)), Some((y, rest_b))) =
        (a.split_first_chunk::<8>(), b.split_first_chunk::<8>())
    {
        if u64::from_le_bytes(*x) != u64::from_le_bytes(*y) {
            return false;
        }
        (a, b) = (rest_a, rest_b);
    }
    if let (Some((x, rest_a)), Some((y, rest_b))) =
        (a.split_first_chunk::<4>(), b.split_first_chunk::<4>())
    {
        if u32::from_le_bytes(*x) != u32::from_le_bytes(*y) {
            return false;
        }
        (a, b) = (rest_a, rest_b);
    }
    // At most three bytes.
    a.iter().zip(b).all(|(x, y)| x == y)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_agrees_with_equality(
            a in prop::collection::vec(0..2_u8, 0..30),
            flip in prop::option::of(0..30_usize),
            cut in 0..3_usize,
        ) {
            let mut b: Vec<u8> = a.clone();
            if let Some(byte) = flip.and_then(|at| b.get_mut(at)) {
                *byte ^= 1;
            }
            b.truncate(b.len() - cut.min(b.len()) / 2);
            prop_assert_eq!(same_by_words(&a, &b), a == b);
            prop_assert_eq!(same_bytes(&a, &b), a == b);
        }
    }
}
