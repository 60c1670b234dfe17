//! Bytes that stand near as a rule, found eight at a time.
//!
//! Promises: of the bytes that are marked in a word, the lowest is right. Does not: look far: there `memchr` is faster.

pub(super) const ONES: u64 = 0x0101_0101_0101_0101;
pub(super) const TOPS: u64 = 0x8080_8080_8080_8080;

/// Words that are looked at before a search is called that is made for long texts: most values are shorter.
const WORDS: usize = 2;

/// The first place of a byte.
#[inline]
pub(super) fn find(byte: u8, text: &[u8]) -> Option<usize> {
    let wanted = every(byte);
    let mut rest = text;
    for index in 0..WORDS {
        let Some((chunk, after)) = rest.split_first_chunk::<8>() else { break };
        let found = zero_bytes(u64::from_le_bytes(*chunk) ^ wanted);
        if found != 0 {
            return Some(index * 8 + lowest(found));
        }
        rest = after;
    }
    memchr::memchr(byte, rest).map(|at| text.len() - rest.len() + at)
}

/// A word of this byte alone.
#[inline]
pub(super) const fn every(byte: u8) -> u64 {
    ONES * byte as u64
}

/// Marks the top bit of each byte that is zero; bytes above such a byte may be marked too, by the borrow.
#[inline]
pub(super) const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}

/// The place of the lowest byte that is marked.
#[inline]
pub(super) const fn lowest(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_place_of_a_byte_is_found(text in prop::collection::vec(0_u8..4, 0..40), byte in 0_u8..4) {
            prop_assert_eq!(super::find(byte, &text), text.iter().position(|&other| other == byte));
        }

        #[test]
        fn bytes_that_differ_in_one_bit_are_told_apart(text in prop::collection::vec(any::<u8>(), 0..40), byte in any::<u8>(), at in 0_usize..40) {
            let mut text = text;
            if let Some(place) = text.get_mut(at) {
                *place = byte ^ 0x80;
            }
            prop_assert_eq!(super::find(byte, &text), text.iter().position(|&other| other == byte));
        }
    }
}
