//! What a parser finds in a line, put where it belongs.
//!
//! Promises: a text that is a part of the line is kept as a span of it; what is built is built only if it is wanted.

use super::token::Wrong;
use crate::parse::capture::Capture;
use crate::parse::mismatch::Mismatch;

/// A line under the parser, and the places for its fields.
pub(super) struct Found<'a, 'l> {
    line: &'l [u8],
    captures: &'a mut [Capture],
    built: &'a mut Vec<u8>,
    wanted: u64,
}

impl<'a, 'l> Found<'a, 'l> {
    pub(super) const fn new(line: &'l [u8], captures: &'a mut [Capture], built: &'a mut Vec<u8>, wanted: u64) -> Self {
        Self { line, captures, built, wanted }
    }

    pub(super) const fn line(&self) -> &'l [u8] {
        self.line
    }

    /// Whether the field's capture is wanted: what is not need not be built.
    #[inline]
    pub(super) const fn is_wanted(&self, field: usize) -> bool {
        self.wanted & (1 << field) != 0
    }

    /// Whether one of `count` fields from this one on is wanted.
    #[inline]
    pub(super) const fn is_any_wanted(&self, field: usize, count: usize) -> bool {
        (self.wanted >> field) & ((1 << count) - 1) != 0
    }

    /// Where a part of the line begins.
    #[inline]
    pub(super) fn offset(&self, part: &[u8]) -> usize {
        part.as_ptr().addr().wrapping_sub(self.line.as_ptr().addr())
    }

    /// Keeps a part of the line.
    #[inline]
    pub(super) fn keep(&mut self, field: usize, text: &[u8]) {
        let start = self.offset(text);
        self.set(field, Capture::plain(start, start + text.len()));
    }

    #[inline]
    pub(super) fn set(&mut self, field: usize, capture: Capture) {
        if let Some(place) = self.captures.get_mut(field) {
            *place = capture;
        }
    }

    /// Keeps a text that is not in the line, made of these pieces.
    pub(super) fn build(&mut self, field: usize, pieces: &[&[u8]]) {
        if !self.is_wanted(field) {
            return;
        }
        let start = self.built.len();
        for piece in pieces {
            self.built.extend_from_slice(piece);
        }
        self.set(field, Capture::built(start, self.built.len()));
    }

    /// Makes the captures of keys absent again; there are `fields` before them.
    pub(super) fn forget_keys(&mut self, fields: usize) {
        self.captures.get_mut(fields..).unwrap_or_default().fill(Capture::ABSENT);
    }

    pub(super) fn captures(&mut self) -> &mut [Capture] {
        self.captures
    }

    /// The mismatch for what a parser of the rest of the line gave.
    pub(super) const fn mismatch(&self, err: &nom::Err<Wrong>) -> Mismatch {
        match err {
            nom::Err::Error(wrong) | nom::Err::Failure(wrong) => wrong.mismatch(self.line.len()),
            nom::Err::Incomplete(_) => Mismatch::said(self.line.len(), "more of the line"),
        }
    }
}
