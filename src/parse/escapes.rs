//! The escapes that log writers put into texts, undone.
//!
//! nginx's `log_format` writes bytes as `\xHH`; with `escape=json`, JSON's escapes. Apache's `LogFormat` writes `\"`, `\\`, C's
//! `\n` and its like, and `\xhh`. Syslog's structured data has `\]`. Promises: what begins no escape stays as it is. Does not: check that the bytes are UTF-8.

use memchr::memchr;

/// Whether there is anything to undo.
#[inline]
pub(super) fn has_any(text: &[u8]) -> bool {
    memchr(b'\\', text).is_some()
}

/// Writes the text without its escapes.
pub(super) fn undo(text: &[u8], plain: &mut Vec<u8>) {
    plain.clear();
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        let taken = match rest.first() {
            Some(b'x' | b'X') => hex_after_letter(rest, 2).map(|byte| {
                plain.push(byte as u8);
                3
            }),
            Some(b'u') => letter(rest).map(|(letter, taken)| {
                plain.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                taken
            }),
            Some(byte) => simple(*byte).map(|byte| {
                plain.push(byte);
                1
            }),
            None => None,
        };
        match taken {
            Some(taken) => rest = &rest[taken..],
            None => plain.push(b'\\'),
        }
    }
    plain.extend_from_slice(rest);
}

const fn simple(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' | b'/' | b'\'' | b']' => byte,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        b'v' => 11,
        _ => return None,
    })
}

/// The number of so many hexadecimal digits, and what follows.
pub(super) fn hex(text: &[u8], digits: usize) -> Option<(u32, &[u8])> {
    let (written, rest) = text.split_at_checked(digits)?;
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let number = written.iter().try_fold(0, |number: u32, byte| Some((number << 4) | digit(byte)?))?;
    Some((number, rest))
}

/// The number after the first byte, of so many digits.
fn hex_after_letter(text: &[u8], digits: usize) -> Option<u32> {
    hex(text.get(1..)?, digits).map(|(number, _)| number)
}

/// `uHHHH`, or two of them that are one letter; and how many bytes it takes.
fn letter(text: &[u8]) -> Option<(char, usize)> {
    let first = hex_after_letter(text, 4)?;
    if let Some(letter) = char::from_u32(first) {
        return Some((letter, 5));
    }
    let second =
        text.get(5..).filter(|rest| rest.starts_with(b"\\u")).and_then(|rest| hex_after_letter(&rest[1..], 4))?;
    let is_pair = (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second);
    let letter = is_pair.then(|| 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).and_then(char::from_u32)?;
    Some((letter, 11))
}

#[cfg(test)]
mod tests {
    use super::undo;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut plain = Vec::new();
        undo(text.as_bytes(), &mut plain);
        assert_eq!(String::from_utf8_lossy(&plain), expected, "{text}");
    }

    #[test]
    fn escapes_are_undone_and_other_backslashes_stay() {
        for (text, expected) in [
            ("plain", "plain"),
            (r"m\xC3\xBCller", "müller"),
            (r"m\xc3\xbcller\x22", "müller\""),
            (r#"a\"b\\c"#, r#"a"b\c"#),
            (r"a\tb\u00fc", "a\tbü"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d", r"\ud83d"),
            (r"\ud83d\u0041", r"\ud83dA"),
            (r"\xZZ\q\", r"\xZZ\q\"),
            (r"\x4", r"\x4"),
            (r"\\x41", r"\x41"),
        ] {
            check(text, expected);
        }
    }

    proptest! {
        #[test]
        fn nginxs_way_of_writing_is_undone(text in "\\PC{0,40}") {
            let written: String = text
                .bytes()
                .map(|byte| match byte {
                    b'"' | b'\\' | 0..=31 | 127.. => format!("\\x{byte:02X}"),
                    _ => char::from(byte).to_string(),
                })
                .collect();
            check(&written, &text);
        }

        #[test]
        fn no_text_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..60)) {
            undo(&text, &mut Vec::new());
        }
    }
}
