//! Base64, undone.
//!
//! Promises: takes the usual alphabet and that of URLs, with and without `=` at the end; any other text is refused. Source:
//! RFC 4648. Does not: insist that bits beyond the last byte are zero, as writers differ.

/// Appends the bytes; `None` where the text is none.
pub(super) fn undo(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let padding = text.iter().rev().take(2).take_while(|&&byte| byte == b'=').count();
    let digits = &text[..text.len() - padding];
    if digits.len() % 4 == 1 || (padding > 0 && !text.len().is_multiple_of(4)) {
        return None;
    }
    for four in digits.chunks(4) {
        let mut bits = 0_u32;
        for &digit in four {
            bits = bits << 6 | u32::from(value(digit)?);
        }
        bits <<= 6 * (4 - four.len());
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(&bytes[..four.len() * 6 / 8]);
    }
    Some(())
}

const fn value(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::undo;
    use proptest::prelude::*;

    /// A naive writer: bits as text, six at a time.
    pub(in crate::parse::steps) fn written(bytes: &[u8], alphabet: &str) -> String {
        let mut bits = bytes.iter().map(|byte| format!("{byte:08b}")).collect::<Vec<_>>().concat();
        while !bits.len().is_multiple_of(6) {
            bits.push('0');
        }
        let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(alphabet.chars()).collect();
        let digits = bits.as_bytes().chunks(6).map(|six| std::str::from_utf8(six).unwrap());
        digits.map(|six| letters[usize::from_str_radix(six, 2).unwrap()]).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&[u8]>) {
        let mut out = Vec::new();
        let found = undo(text.as_bytes(), &mut out).map(|()| out.as_slice());
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn texts_of_both_alphabets_are_read_and_others_refused() {
        for (text, expected) in [
            ("", Some(&b""[..])),
            ("YQ==", Some(b"a")),
            ("YQ", Some(b"a")),
            ("YWI=", Some(b"ab")),
            ("YWJj", Some(b"abc")),
            ("-_8", Some(b"\xfb\xff")),
            ("+/8=", Some(b"\xfb\xff")),
            ("Y", None),
            ("YQ=", None),
            ("YQ===", None),
            ("=", None),
            ("YW Jj", None),
            ("YW=Jj", None),
            ("é", None),
        ] {
            check(text, expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            for alphabet in ["+/", "-_"] {
                let text = written(&bytes, alphabet);
                check(&text, Some(&bytes));
                check(&format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4)), Some(&bytes));
            }
        }
    }
}
