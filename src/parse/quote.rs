//! The end of a quoted text.

/// Where the first quote at `start` or later stands that has no backslash before it. A backslash takes the byte after it
/// along, so `\\"` ends a text and `\"` does not.
#[inline]
pub(super) fn closing_quote(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr2(b'"', b'\\', line.get(at..)?)?;
        if line[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
