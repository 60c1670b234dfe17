//! An open file whose content is not known yet, and how it relates to files that are.
//!
//! Promises: what is judged is the handle, which is the one that will be read; a file is read no further than a comparison
//! needs. Does not: decide what follows.

use std::fs::File;
use std::io;
use std::path::Path;

use super::identity::{self, Look};
use super::marks;
use crate::model::file::{Cursor, Fingerprint, Marks};

/// The first bytes of a file up to some place, by their fingerprints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) head: Fingerprint,
    pub(super) before: Fingerprint,
    pub(super) marks: Marks,
    pub(super) len: u64,
}

impl Prefix {
    /// What of a file is counted.
    pub(super) fn of(cursor: &Cursor) -> Self {
        Self { head: cursor.head, before: cursor.before, marks: cursor.marks.clone(), len: cursor.offset }
    }
}

/// How a file's bytes relate to what is counted of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// They are others.
    Differs,
    /// Too few to tell.
    TooShort,
    /// They are a shorter prefix of it: this many.
    Within(u64),
    /// It begins with all of the prefix, and has more, or not.
    Extends(More),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Yes,
    No,
}

#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) handle: File,
    pub(super) look: Look,
    /// As far as they were wanted.
    marks: Vec<u32>,
}

impl Candidate {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        identity::open(path).map(|(handle, look)| Self::new(handle, look))
    }

    pub(super) const fn new(handle: File, look: Look) -> Self {
        Self { handle, look, marks: Vec::new() }
    }

    /// How many of its first `len` bytes there are.
    pub(super) fn reach(&mut self, len: u64) -> u64 {
        self.look.size.min(len)
    }

    /// As many bytes as `buffer` has room for, from a place.
    pub(super) fn read_at(&mut self, buffer: &mut [u8], from: u64) -> io::Result<usize> {
        identity::read_at(&self.handle, buffer, from)
    }

    /// The prefix of so many bytes, which are there.
    pub(super) fn prefix(&mut self, len: u64) -> io::Result<Prefix> {
        let (head, before) = identity::measure(&self.handle, len)?;
        Ok(Prefix { head, before, marks: marks::measure(&self.handle, len)?, len })
    }

    pub(super) fn relate(&mut self, known: &Cursor) -> io::Result<Relation> {
        for (index, mark) in known.marks.0.iter().enumerate() {
            match self.mark(index)? {
                Some(own) if own != *mark => return Ok(Relation::Differs),
                Some(_) => {}
                None => break,
            }
        }
        let reached = self.reach(known.offset);
        if reached == known.offset {
            return Ok(match self.holds(known)? {
                false => Relation::Differs,
                true if self.reach(known.offset + 1) > known.offset => Relation::Extends(More::Yes),
                true => Relation::Extends(More::No),
            });
        }
        // Of a prefix without marks, from an older ledger, only the head can speak.
        let is_long_enough = match known.marks.0.first() {
            Some(_) => reached >= marks::FIRST,
            None => known.head.len > 0 && reached >= u64::from(known.head.len),
        };
        if !is_long_enough {
            return Ok(Relation::TooShort);
        }
        Ok(if self.has_head(known.head)? { Relation::Within(reached) } else { Relation::Differs })
    }

    fn mark(&mut self, index: usize) -> io::Result<Option<u32>> {
        let mut piece = [0; marks::SPAN as usize];
        while self.marks.len() <= index {
            let Some(place) = marks::place(self.marks.len()) else { return Ok(None) };
            if self.reach(place) < place {
                return Ok(None);
            }
            let span = place.min(marks::SPAN) as usize;
            let found = self.read_at(&mut piece[..span], place - span as u64)?;
            if found < span {
                return Ok(None);
            }
            self.marks.push(marks::of_piece(&piece[..span]));
        }
        Ok(self.marks.get(index).copied())
    }

    /// True when the bytes before the prefix's end are the known ones, and the head is.
    fn holds(&mut self, known: &Cursor) -> io::Result<bool> {
        let mut bytes = vec![0; known.before.len as usize];
        let from = known.offset.saturating_sub(u64::from(known.before.len));
        let found = self.read_at(&mut bytes, from)?;
        Ok(identity::agrees(known.before, &bytes[..found]) && self.has_head(known.head)?)
    }

    /// True unless it is long enough to have another head.
    fn has_head(&mut self, head: Fingerprint) -> io::Result<bool> {
        if self.reach(u64::from(head.len)) < u64::from(head.len) {
            return Ok(true);
        }
        let mut bytes = vec![0; head.len as usize];
        let found = self.read_at(&mut bytes, 0)?;
        Ok(identity::agrees(head, &bytes[..found]))
    }

    /// True when the bytes that end at `upto` are the same in the other file; `None` where that cannot be read.
    pub(super) fn agrees_with(&mut self, other: &File, upto: u64) -> Option<bool> {
        let span = upto.min(marks::SPAN) as usize;
        let (mut own, mut theirs) = ([0; marks::SPAN as usize], [0; marks::SPAN as usize]);
        let from = upto - span as u64;
        let found = self.read_at(&mut own[..span], from).ok()?;
        let other = identity::read_at(other, &mut theirs[..span], from).ok()?;
        (other == span).then(|| own[..found] == theirs[..other])
    }
}
