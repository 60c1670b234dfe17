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

    /// The byte of the line at which it stops matching, from 0.
    #[must_use]
    pub const fn at(self) -> usize {
        self.at as usize
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expected {
            Expected::Said(what) => write!(f, "at byte {}: expected {what}", self.at),
            Expected::Directive => write!(f, "a line of the format itself, not a record"),
            Expected::Part(part) => write!(f, "at byte {}: expected part {} of the pattern", self.at, part + 1),
        }
    }
}
