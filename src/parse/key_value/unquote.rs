//! The text that a value in quotes stands for.
//!
//! The escapes are those of Go's `strconv.Quote` and of JSON: `\n` and its like, `\x1b`, `\u00fc` (also as a surrogate pair),
//! `\U0001f600`. Promises: a backslash before anything else is left out, as in `\"` and `\\`. Does not: check that the
//! bytes are UTF-8.

use crate::parse::escapes::hex;

/// Whether every backslash begins an escape.
pub(super) fn is_quoted(mut text: &[u8]) -> bool {
    while let Some(at) = memchr::memchr(b'\\', text) {
        let Some((&letter, rest)) = text.get(at + 1..).and_then(<[u8]>::split_first) else { return false };
        text = match letter {
            b'"' | b'\'' | b'\\' | b'/' | b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' => rest,
            b'x' | b'u' | b'U' => match hex(rest, digits_of(letter)) {
                Some((_, rest)) => rest,
                None => return false,
            },
            _ => return false,
        };
    }
    true
}

/// Appends the text of the inside of a value in quotes.
pub(super) fn unquote(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr(b'\\', text) {
        out.extend_from_slice(&text[..at]);
        let Some((&letter, rest)) = text.get(at + 1..).and_then(<[u8]>::split_first) else {
            out.push(b'\\');
            return;
        };
        text = rest;
        match letter {
            b'a' => out.push(0x07),
            b'b' => out.push(0x08),
            b'f' => out.push(0x0c),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'v' => out.push(0x0b),
            b'x' | b'u' | b'U' => text = numbered(letter, text, out),
            _ => out.push(letter),
        }
    }
    out.extend_from_slice(text);
}

/// Appends the byte of `\xHH` or the character of `\uHHHH` and `\UHHHHHHHH`; gives what follows. Half of a surrogate pair
/// becomes U+FFFD; what is no number stays as it is written.
fn numbered<'a>(letter: u8, text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let Some((number, mut rest)) = hex(text, digits_of(letter)) else {
        out.extend_from_slice(&[b'\\', letter]);
        return text;
    };
    if letter == b'x' {
        out.push(number as u8);
        return rest;
    }
    let mut number = number;
    if letter == b'u'
        && (0xd800..0xdc00).contains(&number)
        && let Some((low, after)) = rest.strip_prefix(b"\\u").and_then(|second| hex(second, 4))
        && (0xdc00..0xe000).contains(&low)
    {
        number = 0x1_0000 + ((number - 0xd800) << 10) + (low - 0xdc00);
        rest = after;
    }
    let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

const fn digits_of(letter: u8) -> usize {
    match letter {
        b'x' => 2,
        b'u' => 4,
        _ => 8,
    }
}
