//! A line as tokens: signs, spaces, and values between them.
//!
//! Promises: the tokens of a line, put together, are the line; time in proportion to its length, and to a bound on the
//! number of tokens. Does not: know other lines.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// Spaces and tabs.
    Space,
    /// One byte that stands between values.
    Sign(u8),
    /// What stands between quotes or brackets; the closing one.
    Inner(u8),
    /// A point in time: its place in [`TIMES`].
    Time(u8),
    Address,
    Integer,
    Decimal,
    Word,
    /// A lone `-`.
    Dash,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

/// Tokens of one line at most: what follows is taken as one text.
pub(super) const MOST_TOKENS: usize = 120;

/// How times are written, as regular expressions; the longest first.
pub(super) const TIMES: [&str; 6] = [
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z| ?[+-]\d\d:?\d\d)?",
    r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}",
    r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?",
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \d{4}",
    r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d",
    r"\d\d[./-](?:\d\d|[A-Z][a-z]{2})[./-]\d{4}[ T:]\d\d:\d\d:\d\d(?:\.\d{1,9})?",
];

static TIME_EXPRESSIONS: LazyLock<Vec<Regex>> =
    LazyLock::new(|| TIMES.iter().filter_map(|text| Regex::new(&format!(r"(?-u)\A(?:{text})")).ok()).collect());

pub(super) fn tokens(line: &[u8]) -> Vec<Token> {
    let mut lexer = Lexer { line, at: 0, tokens: Vec::new() };
    while lexer.at < line.len() && lexer.tokens.len() < MOST_TOKENS {
        lexer.next();
    }
    if lexer.at < line.len() {
        lexer.push(Kind::Inner(0), line.len());
    }
    lexer.tokens
}

struct Lexer<'a> {
    line: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
}

/// Bytes that end a word.
pub(super) const fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'"' | b'[' | b']' | b'(' | b')' | b'=' | b',' | b';' | b'|' | b'{' | b'}' | b'<' | b'>'
    )
}

impl Lexer<'_> {
    fn push(&mut self, kind: Kind, end: usize) {
        self.tokens.push(Token { kind, span: self.at..end });
        self.at = end;
    }

    fn next(&mut self) {
        let rest = &self.line[self.at..];
        let Some(&first) = rest.first() else { return };
        if matches!(first, b' ' | b'\t') {
            let len = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            return self.push(Kind::Space, self.at + len);
        }
        let closing = match first {
            b'"' => Some(b'"'),
            b'[' => Some(b']'),
            b'(' => Some(b')'),
            _ => None,
        };
        if let Some(closing) = closing
            && let Some(len) = inner(&rest[1..], closing)
        {
            return self.enclosed(first, closing, len);
        }
        if let Some((index, len)) = time(rest) {
            return self.push(Kind::Time(index), self.at + len);
        }
        if ends_word(first) {
            return self.push(Kind::Sign(first), self.at + 1);
        }
        let mut len = rest.iter().position(|byte| ends_word(*byte)).unwrap_or(rest.len());
        // A colon after a word belongs to the text between values: `level: info`.
        if len > 1 && rest.get(len - 1) == Some(&b':') && kind_of(&rest[..len]) == Kind::Word {
            len -= 1;
            self.push(kind_of(&rest[..len]), self.at + len);
            return self.push(Kind::Sign(b':'), self.at + 1);
        }
        self.push(kind_of(&rest[..len]), self.at + len);
    }

    fn enclosed(&mut self, opening: u8, closing: u8, len: usize) {
        self.push(Kind::Sign(opening), self.at + 1);
        let content = &self.line[self.at..self.at + len];
        let kind = match time(content) {
            Some((index, time_len)) if time_len == len => Kind::Time(index),
            _ => Kind::Inner(closing),
        };
        self.push(kind, self.at + len);
        self.push(Kind::Sign(closing), self.at + 1);
    }
}

/// How long the text before a closing quote or bracket is.
fn inner(text: &[u8], closing: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if byte == closing {
            return Some(at);
        }
        if closing == b'"' && byte == b'\\' {
            at += 1;
        } else if matches!((closing, byte), (b']', b'[') | (b')', b'(')) {
            return None;
        }
        at += 1;
    }
    None
}

fn time(text: &[u8]) -> Option<(u8, usize)> {
    // Cheap to see that most tokens are none.
    if !text.first().is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()) {
        return None;
    }
    let found = TIME_EXPRESSIONS.iter().zip(0..).find_map(|(regex, index)| Some((index, regex.find(text)?.end())));
    found.filter(|(_, len)| !text.get(*len).is_some_and(u8::is_ascii_alphanumeric))
}

fn kind_of(word: &[u8]) -> Kind {
    let text = std::str::from_utf8(word).unwrap_or_default();
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    let is_number = digits.first().is_some_and(u8::is_ascii_digit) && digits.last().is_some_and(u8::is_ascii_digit);
    if word == b"-" {
        Kind::Dash
    } else if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        Kind::Integer
    } else if is_number
        && digits.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && text.matches('.').count() == 1
    {
        Kind::Decimal
    } else if text.parse::<IpAddr>().is_ok() {
        Kind::Address
    } else {
        Kind::Word
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, tokens};

    #[track_caller]
    fn check(line: &str, expected: &[(Kind, &str)]) {
        let found = tokens(line.as_bytes());
        let found: Vec<(Kind, &str)> = found.iter().map(|token| (token.kind, &line[token.span.clone()])).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn values_are_told_from_what_stands_between_them() {
        check(
            "10.0.0.1 - [23/Nov/2026:10:00:00 +0000] \"a \\\" b\" 1.5 x=7",
            &[
                (Kind::Address, "10.0.0.1"),
                (Kind::Space, " "),
                (Kind::Dash, "-"),
                (Kind::Space, " "),
                (Kind::Sign(b'['), "["),
                (Kind::Time(1), "23/Nov/2026:10:00:00 +0000"),
                (Kind::Sign(b']'), "]"),
                (Kind::Space, " "),
                (Kind::Sign(b'"'), "\""),
                (Kind::Inner(b'"'), "a \\\" b"),
                (Kind::Sign(b'"'), "\""),
                (Kind::Space, " "),
                (Kind::Decimal, "1.5"),
                (Kind::Space, " "),
                (Kind::Word, "x"),
                (Kind::Sign(b'='), "="),
                (Kind::Integer, "7"),
            ],
        );
        check(
            "2026-11-23 10:00:00,123 INFO: [a b] (open",
            &[
                (Kind::Time(0), "2026-11-23 10:00:00,123"),
                (Kind::Space, " "),
                (Kind::Word, "INFO"),
                (Kind::Sign(b':'), ":"),
                (Kind::Space, " "),
                (Kind::Sign(b'['), "["),
                (Kind::Inner(b']'), "a b"),
                (Kind::Sign(b']'), "]"),
                (Kind::Space, " "),
                (Kind::Sign(b'('), "("),
                (Kind::Word, "open"),
            ],
        );
    }

    proptest! {
        #[test]
        fn tokens_put_together_are_the_line(line in prop::collection::vec(any::<u8>(), 0..200), words in "[ab12\"\\[\\]() :=.-]{0,80}") {
            for line in [&line[..], words.as_bytes()] {
                let joined: Vec<u8> = tokens(line).into_iter().flat_map(|token| line[token.span].to_vec()).collect();
                prop_assert_eq!(joined, line);
            }
        }
    }
}
