//! `%C3%BC` and its like, undone.
//!
//! Promises: each `%` with two hexadecimal digits becomes one byte, once: what comes of it is not looked at again. Anything
//! else stays as it is. Does not: check what comes of it; a control character, a NUL or bytes that are no UTF-8 are refused
//! where the field is used as an id.

use memchr::memchr2;

/// The bytes that a text stands for.
#[derive(Clone, Debug)]
pub(super) struct Decoded<'a> {
    rest: &'a [u8],
    plus: Plus,
}

/// What `+` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) enum Plus {
    Itself,
    /// In queries and forms.
    Space,
}

impl<'a> Decoded<'a> {
    pub(super) const fn form(text: &'a [u8]) -> Self {
        Self { rest: text, plus: Plus::Space }
    }
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        if first == b'+' && self.plus == Plus::Space {
            return Some(b' ');
        }
        let escape = rest.split_first_chunk::<2>().filter(|_| first == b'%');
        match escape.and_then(|(digits, after)| Some((byte(*digits)?, after))) {
            Some((byte, after)) => {
                self.rest = after;
                Some(byte)
            }
            None => Some(first),
        }
    }
}

fn byte(digits: [u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    Some((high? * 16 + low?) as u8)
}

/// Whether there is anything to undo.
pub(super) fn has_any(text: &[u8], plus: Plus) -> bool {
    match plus {
        Plus::Itself => memchr::memchr(b'%', text).is_some(),
        Plus::Space => memchr2(b'%', b'+', text).is_some(),
    }
}

/// Appends what the text stands for.
pub(super) fn undo(text: &[u8], plus: Plus, out: &mut Vec<u8>) {
    out.extend(Decoded { rest: text, plus });
}

#[cfg(test)]
mod tests {
    use super::{Plus, undo};
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, plus: Plus, expected: &[u8]) {
        let mut out = Vec::new();
        undo(text.as_bytes(), plus, &mut out);
        assert_eq!(out, expected, "{text:?}");
    }

    #[test]
    fn two_hexadecimal_digits_after_a_percent_sign_are_a_byte_and_all_else_stays() {
        for (text, url, form) in [
            ("plain", &b"plain"[..], &b"plain"[..]),
            ("m%C3%bcller", "müller".as_bytes(), "müller".as_bytes()),
            ("a+b%20c%2B", b"a+b c+", b"a b c+"),
            ("%", b"%", b"%"),
            ("%4", b"%4", b"%4"),
            ("%%41", b"%A", b"%A"),
            ("%zz%+1", b"%zz%+1", b"%zz% 1"),
            ("%2541", b"%41", b"%41"),
            ("a%00b", b"a\0b", b"a\0b"),
            ("%C0%AF", b"\xC0\xAF", b"\xC0\xAF"),
            ("%u0041", b"%u0041", b"%u0041"),
            ("", b"", b""),
        ] {
            check(text, Plus::Itself, url);
            check(text, Plus::Space, form);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_with_escapes_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..40), spared in any::<u64>()) {
            let written: String = bytes.iter().enumerate().map(|(index, &byte)| {
                let spare = byte.is_ascii_alphanumeric() && spared >> (index % 64) & 1 == 1;
                if spare { char::from(byte).to_string() } else { format!("%{byte:02x}") }
            }).collect();
            check(&written, Plus::Itself, &bytes);
            check(&written.replace("%20", "+"), Plus::Space, &bytes);
        }
    }
}
