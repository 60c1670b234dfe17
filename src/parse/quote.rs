//! The end of a quoted text.

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = 0x2222_2222_2222_2222;
const BACKSLASHES: u64 = 0x5c5c_5c5c_5c5c_5c5c;

/// Where the first quote at `start` or later stands that has no backslash before it. A backslash takes the byte after it
/// along, so `\\"` ends a text and `\"` does not.
#[inline]
pub(super) fn closing_quote(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += quote_or_backslash(line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Names and ids end within the first eight bytes as a rule: these are looked at together, before a search is called that
/// is made for long texts.
#[inline]
fn quote_or_backslash(text: &[u8]) -> Option<usize> {
    if let Some(chunk) = text.first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let found = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
        if found != 0 {
            // Marks above the first one may be wrong; the first is right.
            return Some((found.trailing_zeros() / 8) as usize);
        }
    }
    memchr::memchr2(b'"', b'\\', text)
}

/// Marks the top bit of each byte that is zero; bytes above such a byte may be marked too.
#[inline]
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & TOPS
}
