//! Why a line is not one of a pattern's.

use std::fmt;

/// How far a line matched, and what was expected there. Cheap to make: most are counted and thrown away.
///
/// It names a part of the pattern only by number; `LineParser::explain` says which part that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    at: u32,
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// This.
    Said(&'static str),
    /// A part of the pattern, counted by its engine.
    Part(u16),
    /// Nothing: the line is the format's own, no record. A comment or a list of columns.
    Directive,
}

impl Mismatch {
    #[inline]
    pub(super) const fn said(at: usize, what: &'static str) -> Self {
        Self { at: at as u32, expected: Expected::Said(what) }
    }

    #[inline]
    pub(super) const fn part(at: usize, part: usize) -> Self {
        Self { at: at as u32, expected: Expected::Part(part as u16) }
    }

    pub(super) const fn directive() -> Self {
        Self { at: 0, expected: Expected::Directive }
    }

    /// Whether the line belongs to the format without being a record, such as W3C's `#Fields:`. It is not unmatched.
    #[must_use]
    pub const fn is_directive(self) -> bool {
        matches!(self.expected, Expected::Directive)
    }

    pub(super) const fn expected(self) -> Expected {
        self.expected
    }

    /// In words. What is a part of the pattern is said by its number only.
    #[must_use]
    pub fn stop(self) -> Stop {
        let (at, expected) = match self.expected {
            Expected::Said(what) => (Some(self.at()), what.to_owned()),
            Expected::Part(part) => (Some(self.at()), format!("part {} of the pattern", part + 1)),
            Expected::Directive => (None, "a line of the format itself, not a record".to_owned()),
        };
        Stop { at, expected }
    }

    /// The byte of the line at which it stops matching, from 0.
    #[must_use]
    pub const fn at(self) -> usize {
        self.at as usize
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stop().fmt(f)
    }
}

/// Where a line stops matching, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The byte of the line, from 0; at most its length. `None` where the line is the format's own and no record.
    pub at: Option<usize>,
    pub expected: String,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, expected } = self;
        match at {
            Some(at) => write!(f, "at byte {at}: expected {expected}"),
            None => f.write_str(expected),
        }
    }
}
