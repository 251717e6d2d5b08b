//! Where the plain part of a JSON string ends.

/// How many bytes come before the first quote, backslash or control character.
#[inline]
pub(crate) fn end_of_plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    // Eight bytes at a time: the lowest marked byte is the first special one.
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        // Flipping the second bit puts the quote right behind the control characters.
        let special = (bytes_below(word ^ (EACH * 0x02), 0x21)
            | bytes_below(word ^ (EACH * u64::from(b'\\')), 1))
            & HIGH_BITS;
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let tail = bytes.get(at..).unwrap_or(&[]);
    at + tail
        .iter()
        .position(|&b| b == b'"' || b == b'\\' || b < 0x20)
        .unwrap_or(tail.len())
}

/// Marks bytes below `limit` by their high bit; right up to and including the lowest one.
#[inline]
const fn bytes_below(word: u64, limit: u64) -> u64 {
    word.wrapping_sub(EACH * limit) & !word
}

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = EACH << 7;
