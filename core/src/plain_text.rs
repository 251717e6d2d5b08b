//! Where the plain part of a JSON string ends.

/// How many bytes come before the first quote, backslash or control character.
#[inline]
pub(crate) fn end_of_plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    // Eight bytes at a time: the lowest marked byte is the first special one.
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let tail = bytes.get(at..).unwrap_or(&[]);
    if tail.is_empty() {
        return at;
    }
    let special = special_bytes(short_word(tail));
    at + ((special.trailing_zeros() / 8) as usize).min(tail.len())
}

/// Marks quotes, backslashes and control characters by their high bit; right up to
/// and including the lowest one.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    // Flipping the second bit puts the quote right behind the control characters.
    (bytes_below(word ^ (EACH * 0x02), 0x21) | bytes_below(word ^ (EACH * b'\\' as u64), 1))
        & HIGH_BITS
}

/// One to seven bytes as the lower ones of a word; what the upper ones are does not
/// matter.
#[inline]
fn short_word(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // The two overlap in equal bytes.
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | (u64::from(last) << (8 * (bytes.len() - 4)));
    }
    let byte = |at: usize| u64::from(bytes.get(at).copied().unwrap_or(0)) << (8 * at);
    byte(0) | byte(1) | byte(2)
}

/// Marks bytes below `limit` by their high bit; right up to and including the lowest one.
#[inline]
const fn bytes_below(word: u64, limit: u64) -> u64 {
    word.wrapping_sub(EACH * limit) & !word
}

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = EACH << 7;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_agrees_with_a_search(
            bytes in prop::collection::vec(any::<u8>(), 0..20),
            plain in prop::collection::vec(b'a'..=b'z', 0..20),
        ) {
            let bytes: Vec<u8> = plain.into_iter().chain(bytes).collect();
            let special = |&b: &u8| b == b'"' || b == b'\\' || b < 0x20;
            let expect = bytes.iter().position(special).unwrap_or(bytes.len());
            prop_assert_eq!(end_of_plain(&bytes), expect);
        }
    }
}
