//! logfmt, as Go's loggers write it: `level=info msg="user logged in" user=u1`.
//!
//! Promises: pairs have spaces between them; a value ends at the next space, or at the closing quote where it begins with
//! one; a word alone is a key with an empty value. What the writers put in quotes is refused without them: a quote, or an
//! equals sign in a value. Such a line is of another format, or was made to look like pairs. So are several words without
//! any pair. Does not: ask for any key.

use super::Taken;
use super::unquote::is_quoted;
use crate::parse::capture::Capture;
use crate::parse::mismatch::Mismatch;
use crate::parse::nearby::{TOPS, every, lowest, zero_bytes};
use crate::parse::quote::closing_quote;

pub(super) fn read(taken: &mut Taken, line: &[u8], captures: &mut [Capture]) -> Result<(), Mismatch> {
    let mut at = 0;
    let (mut pairs, mut words) = (0_usize, 0_usize);
    loop {
        at += space_len(&line[at..]);
        if at == line.len() {
            break;
        }
        let start = at;
        at += key_len(&line[at..]);
        let key = &line[start..at];
        if !is_readable(key) {
            return Err(Mismatch::said(start, "a key in UTF-8"));
        }
        match line.get(at) {
            Some(b'"') => return Err(Mismatch::said(at, "no quote inside of a key or beside a value")),
            Some(b'=') if key.is_empty() => return Err(Mismatch::said(at, "a key before the equals sign")),
            Some(b'=') => {
                at = value(taken, line, key, at + 1, captures)?;
                pairs += 1;
            }
            _ => {
                taken.plain(key, (at, at), captures);
                words += 1;
            }
        }
    }
    if pairs == 0 && words != 1 { Err(Mismatch::said(line.len(), "a pair, written key=value")) } else { Ok(()) }
}

/// Reads a value that begins at `start`; gives where it ends.
#[inline]
fn value(
    taken: &mut Taken,
    line: &[u8],
    key: &[u8],
    start: usize,
    captures: &mut [Capture],
) -> Result<usize, Mismatch> {
    if line.get(start) != Some(&b'"') {
        let end = start + key_len(&line[start..]);
        if let Some(b'"' | b'=') = line.get(end) {
            return Err(Mismatch::said(end, "quotes around a value with a quote or an equals sign in it"));
        }
        taken.plain(key, (start, end), captures);
        return Ok(end);
    }
    let Some(end) = closing_quote(line, start + 1) else {
        return Err(Mismatch::said(line.len(), "a closing quote"));
    };
    if line.get(end + 1).is_some_and(|&byte| byte > b' ' && !byte.is_ascii_alphanumeric() && byte != b'_') {
        return Err(Mismatch::said(end + 1, "a space after the closing quote"));
    }
    let inside = &line[start + 1..end];
    if memchr::memchr(b'\\', inside).is_some() && !is_quoted(inside) {
        return Err(Mismatch::said(start, "escapes of Go or JSON in a value in quotes"));
    }
    taken.quoted(line, key, (start + 1, end), captures);
    Ok(end + 1)
}

/// Whether a key is UTF-8 throughout.
#[inline]
fn is_readable(key: &[u8]) -> bool {
    key.is_ascii() || std::str::from_utf8(key).is_ok_and(|key| !key.contains(char::REPLACEMENT_CHARACTER))
}

fn space_len(text: &[u8]) -> usize {
    text.iter().position(|&byte| byte > b' ').unwrap_or(text.len())
}

/// How many bytes come before the first space or control character.
#[inline]
pub(super) fn word_len(text: &[u8]) -> usize {
    let (chunks, rest) = text.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let special = low_bytes(u64::from_le_bytes(*chunk));
        if special != 0 {
            // Borrows only reach bytes above the first one that is marked rightly.
            return index * 8 + lowest(special);
        }
    }
    let tail = rest.iter().position(|&byte| byte <= b' ').unwrap_or(rest.len());
    chunks.len() * 8 + tail
}

/// How many bytes come before the first equals sign, quote, space or control character.
#[inline]
fn key_len(text: &[u8]) -> usize {
    let (chunks, rest) = text.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let special = low_bytes(word) | zero_bytes(word ^ every(b'=')) | zero_bytes(word ^ every(b'"'));
        if special != 0 {
            return index * 8 + lowest(special);
        }
    }
    let is_special = |&byte: &u8| byte <= b' ' || matches!(byte, b'=' | b'"');
    chunks.len() * 8 + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// Marks the top bit of each byte up to a space; bytes above such a byte may be marked too.
#[inline]
const fn low_bytes(word: u64) -> u64 {
    word.wrapping_sub(every(0x21)) & !word & TOPS
}
