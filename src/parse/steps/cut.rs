//! Pieces between separators, what a regular expression finds, and letters' case.
//!
//! Promises: linear time; no allocation per text. Does not: decode.

use memchr::memmem::Finder;
use regex::bytes::{CaptureLocations, Regex, RegexBuilder};

use crate::model::step::{LetterCase, Position};
use crate::parse::request::Span;
use crate::parse::template::Problem;

/// Of a compiled expression: room for any that takes a piece out of one field.
const SIZE_LIMIT: usize = 1 << 20;

/// Takes the piece at a position between separators.
#[derive(Clone, Debug)]
pub(in crate::parse) struct Split {
    finder: Finder<'static>,
    item: Position,
}

impl Split {
    pub(super) fn new(separator: &str, item: Position) -> Self {
        Self { finder: Finder::new(separator).into_owned(), item }
    }

    pub(super) fn piece(&self, text: &[u8]) -> Option<Span> {
        let count = self.item.0.unsigned_abs() as usize;
        let index = if self.item.0 > 0 {
            count.checked_sub(1)?
        } else {
            // Counted from the front, so that both ways cut in the same places.
            (self.finder.find_iter(text).count() + 1).checked_sub(count.max(1))?
        };
        let len = self.finder.needle().len();
        let mut separators = self.finder.find_iter(text);
        let start = match index.checked_sub(1) {
            None => 0,
            Some(before) => separators.nth(before)? + len,
        };
        Some((start, separators.next().unwrap_or(text.len())))
    }
}

/// Takes what one group matches.
#[derive(Clone, Debug)]
pub(in crate::parse) struct Group {
    regex: Regex,
    locations: CaptureLocations,
}

impl Group {
    /// `Err`: what is wrong, and what to do.
    pub(super) fn compile(text: &str) -> Result<Self, Problem> {
        let build = |unicode| RegexBuilder::new(text).unicode(unicode).size_limit(SIZE_LIMIT).build();
        // By bytes where it can be; an expression with `\p{…}` in it is meant for characters.
        let regex = build(false).or_else(|err| build(true).map_err(|_| err)).map_err(|err| {
            let help = "see the syntax of Rust's regex crate, which has no look-around; mark the wanted piece with ( )";
            (format!("the regex of `capture` cannot be compiled: {err}"), help.to_owned())
        })?;
        let groups = regex.captures_len() - 1;
        if groups != 1 {
            let message = format!("the regex of `capture`, `{text}`, has {groups} groups; expected one");
            return Err((message, "put ( ) around the wanted piece, and write other groups (?: )".to_owned()));
        }
        Ok(Self { locations: regex.capture_locations(), regex })
    }

    pub(super) fn find(&mut self, text: &[u8]) -> Option<Span> {
        self.regex.captures_read(&mut self.locations, text)?;
        self.locations.get(1)
    }
}

/// Appends the text in one case; bytes that are no UTF-8 as they are.
pub(super) fn in_case(text: &[u8], case: LetterCase, out: &mut Vec<u8>) {
    if text.is_ascii() {
        out.extend_from_slice(text);
        match case {
            LetterCase::Lower => out.make_ascii_lowercase(),
            LetterCase::Upper => out.make_ascii_uppercase(),
        }
        return;
    }
    let add = |letter: char, out: &mut Vec<u8>| out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    for chunk in text.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match case {
                LetterCase::Lower => letter.to_lowercase().for_each(|letter| add(letter, out)),
                LetterCase::Upper => letter.to_uppercase().for_each(|letter| add(letter, out)),
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
}

#[cfg(test)]
mod tests {
    use super::{Group, Split, in_case};
    use crate::model::step::{LetterCase, Position};
    use proptest::prelude::*;

    #[track_caller]
    fn check_split(text: &str, separator: &str, item: i32, expected: Option<&str>) {
        let found = Split::new(separator, Position(item)).piece(text.as_bytes()).map(|(start, end)| &text[start..end]);
        assert_eq!(found, expected, "{text:?} at {separator:?}, {item}");
    }

    #[test]
    fn pieces_are_counted_from_either_end() {
        for (text, separator, item, expected) in [
            ("ada@example.com", "@", 1, Some("ada")),
            ("ada@example.com", "@", 2, Some("example.com")),
            ("ada@example.com", "@", -1, Some("example.com")),
            ("ada@example.com", "@", -2, Some("ada")),
            ("ada@example.com", "@", 3, None),
            ("ada@example.com", "@", -3, None),
            ("ada", "@", 1, Some("ada")),
            ("ada", "@", -1, Some("ada")),
            ("@", "@", 1, Some("")),
            ("a::b:::c", "::", 3, Some(":c")),
            ("aaa", "aa", -1, Some("a")),
            ("", "@", 1, Some("")),
        ] {
            check_split(text, separator, item, expected);
        }
    }

    #[track_caller]
    fn check_group(regex: &str, text: &str, expected: Option<&str>) {
        let found = Group::compile(regex).unwrap().find(text.as_bytes()).map(|(start, end)| &text[start..end]);
        assert_eq!(found, expected, "{regex} in {text:?}");
    }

    #[test]
    fn the_group_of_the_first_match_is_taken() {
        check_group("plan=([a-z]+)", "x plan=pro; plan=free", Some("pro"));
        check_group("^plan=([a-z]+)$", "x plan=pro", None);
        check_group("a(b)?", "ac", None);
        check_group(r"(\p{Lu})", "éÀ", Some("À"));
    }

    #[test]
    fn an_expression_without_exactly_one_group_is_refused() {
        for (regex, expected) in [
            ("plan=[a-z]+", "has 0 groups; expected one"),
            ("(a)(b)", "has 2 groups; expected one"),
            ("(a", "cannot be compiled"),
            ("(a{1000}{1000})", "cannot be compiled"),
        ] {
            let (message, help) = Group::compile(regex).map(|_| ()).unwrap_err();
            assert!(message.contains(expected) && !help.is_empty(), "{message}");
        }
    }

    #[test]
    fn letters_change_their_case_and_other_bytes_stay() {
        for (text, lower, upper) in [
            (&b"Example.COM"[..], &b"example.com"[..], &b"EXAMPLE.COM"[..]),
            ("Jürgen ÉA".as_bytes(), "jürgen éa".as_bytes(), "JÜRGEN ÉA".as_bytes()),
            (b"A\xffb", b"a\xffb", b"A\xffB"),
        ] {
            for (case, expected) in [(LetterCase::Lower, lower), (LetterCase::Upper, upper)] {
                let mut out = Vec::new();
                in_case(text, case, &mut out);
                assert_eq!(out, expected, "{text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn splitting_is_what_the_standard_library_does(text in "[ab@]{0,20}", separator in "[ab@]{1,2}", item in -6_i32..7) {
            let pieces: Vec<&str> = text.split(&separator).collect();
            let index = if item > 0 { Some(item as usize - 1) } else { pieces.len().checked_sub(item.unsigned_abs() as usize) };
            let expected = if item == 0 { return Ok(()) } else { index.and_then(|index| pieces.get(index)).copied() };
            check_split(&text, &separator, item, expected);
        }
    }
}
