//! The end of a quoted text.

use super::nearby::{every, lowest, zero_bytes};

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
        let found = zero_bytes(word ^ every(b'"')) | zero_bytes(word ^ every(b'\\'));
        if found != 0 {
            // Marks above the first one may be wrong; the first is right.
            return Some(lowest(found));
        }
    }
    memchr::memchr2(b'"', b'\\', text)
}
