//! An open file whose content is not known yet, and how it relates to files that are.
//!
//! Promises: what is judged is the handle, which is the one that will be read; a file is read no further than a comparison
//! needs. Offsets are of the unpacked bytes. Does not: decide what follows.

use std::fs::File;
use std::io;
use std::path::Path;

use super::identity::{self, Look};
use super::marks;
use super::unpack::{self, Ending, Unpacked};
use crate::model::file::{Cursor, Fingerprint, Marks, Packing};

/// Bytes that are unpacked of an archive while the file that it may be a copy of can be read itself.
const SHALLOW: u64 = 64 << 10;

/// Bytes in which no two logs are alike, unless one is a copy.
const CERTAIN: u64 = 256 << 10;

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
    /// An archive that begins alike, as far as it was unpacked: this many bytes.
    Begins(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Yes,
    No,
}

/// How far an archive is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// The other file can be read itself, or the archive is in the making: the beginning says enough.
    Shallow,
    Whole,
}

#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) handle: File,
    pub(super) look: Look,
    pub(super) packing: Packing,
    unpacked: Option<Box<Unpacked>>,
    /// How its unpacked bytes end, and how many they are, once that is known.
    end: Option<(Ending, u64)>,
    /// As far as they were wanted.
    marks: Vec<u32>,
}

impl Candidate {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        identity::open(path).map(|(handle, look)| Self::new(handle, look))
    }

    pub(super) fn new(handle: File, look: Look) -> Self {
        let mut magic = [0; 4];
        let found = identity::read_at(&handle, &mut magic, 0).unwrap_or(0);
        let packing = unpack::packing_of(&magic[..found]);
        Self { handle, look, packing, unpacked: Unpacked::new(packing).map(Box::new), end: None, marks: Vec::new() }
    }

    pub(super) const fn is_packed(&self) -> bool {
        self.unpacked.is_some()
    }

    /// True for an archive of which more may come: it ends in the middle.
    pub(super) fn is_unfinished(&self) -> bool {
        matches!(self.end, Some((Ending::Unfinished, _)))
    }

    /// The handle, and what is at hand of what it unpacks to.
    pub(super) fn into_parts(self) -> (File, Option<Box<Unpacked>>) {
        (self.handle, self.unpacked)
    }

    /// As many bytes as `buffer` has room for, from a place; fewer only at the end.
    fn read_at(&mut self, buffer: &mut [u8], from: u64) -> io::Result<usize> {
        let Some(unpacked) = &mut self.unpacked else { return identity::read_at(&self.handle, buffer, from) };
        let (found, ending) = unpacked.fill(&self.handle, buffer, from)?;
        if let Some(ending) = ending {
            self.end = Some((ending, unpacked.end()));
        }
        Ok(found)
    }

    /// True when there are more bytes than so many.
    pub(super) fn has_more_than(&mut self, len: u64) -> io::Result<bool> {
        Ok(if self.is_packed() { self.read_at(&mut [0], len)? > 0 } else { self.look.size > len })
    }

    /// How many bytes there are, after a read that found the end.
    fn len(&self) -> u64 {
        if self.is_packed() { self.end.map_or(0, |(_, len)| len) } else { self.look.size }
    }

    /// The prefix of so many bytes, or of as many as there are. Of an archive, only its beginning.
    pub(super) fn first(&mut self) -> io::Result<Prefix> {
        if !self.is_packed() {
            return self.prefix(self.look.size);
        }
        let mut beginning = vec![0; SHALLOW as usize];
        let found = self.read_at(&mut beginning, 0)?;
        self.prefix(found as u64)
    }

    /// The prefix of so many bytes, which are there.
    pub(super) fn prefix(&mut self, len: u64) -> io::Result<Prefix> {
        let mut bytes = vec![0; identity::HEAD_BYTES as usize];
        let head = self.read_at(&mut bytes[..len.min(identity::HEAD_BYTES) as usize], 0)?;
        let head = identity::fingerprint(&bytes[..head]);
        let mut marks = Vec::with_capacity(marks::count(len));
        for index in 0..marks::count(len) {
            marks.extend(self.mark(index)?);
        }
        let span = len.min(identity::BEFORE_BYTES) as usize;
        let found = self.read_at(&mut bytes[..span], len - span as u64)?;
        Ok(Prefix { head, before: identity::fingerprint(&bytes[..found]), marks: Marks(marks), len })
    }

    pub(super) fn relate(&mut self, known: &Cursor, depth: Depth) -> io::Result<Relation> {
        let is_shallow = self.is_packed() && depth == Depth::Shallow;
        for (index, mark) in known.marks.0.iter().enumerate() {
            if is_shallow && marks::place(index).is_some_and(|place| place > SHALLOW) {
                break;
            }
            match self.mark(index)? {
                Some(own) if own != *mark => return Ok(self.differing_at(index)),
                Some(_) => {}
                None => break,
            }
        }
        if !self.has_head(known.head)? {
            return Ok(Relation::Differs);
        }
        if self.is_packed() && !self.marks.is_empty() {
            if self.is_as_long_as(known)? {
                return Ok(Relation::Extends(More::No));
            }
            if is_shallow {
                return Ok(Relation::Begins(self.marked_len()));
            }
        }
        self.relate_end(known)
    }

    fn relate_end(&mut self, known: &Cursor) -> io::Result<Relation> {
        // One byte more than is known, in the same read: there is no way back in an archive.
        let before = known.before.len as usize;
        let mut bytes = vec![0; before + 1];
        let found = self.read_at(&mut bytes, known.offset.saturating_sub(before as u64))?;
        if found >= before {
            let is_same = identity::agrees(known.before, &bytes[..before]);
            let more = if found > before { More::Yes } else { More::No };
            return Ok(if is_same { Relation::Extends(more) } else { self.differing_at(known.marks.0.len()) });
        }
        let len = self.len();
        // Of a prefix without marks, from an older ledger, only the head can speak.
        let is_long_enough = match known.marks.0.first() {
            Some(_) => len >= marks::FIRST,
            None => known.head.len > 0 && len >= u64::from(known.head.len),
        };
        Ok(if is_long_enough { Relation::Within(len) } else { Relation::TooShort })
    }

    /// What it is whose mark is the first to differ, or what comes behind so many marks. A damaged archive unpacks to
    /// anything from there on: as far as it agrees it is a copy still, where that is further than logs begin alike.
    fn differing_at(&self, index: usize) -> Relation {
        let agreeing = index.checked_sub(1).and_then(marks::place).filter(|place| *place >= CERTAIN);
        match agreeing {
            Some(place) if self.is_packed() => Relation::Within(place),
            _ => Relation::Differs,
        }
    }

    /// True for an archive whose length, as it says itself, is that of what is known.
    fn is_as_long_as(&self, known: &Cursor) -> io::Result<bool> {
        // zstd says it of its first frame, and there may be more of them.
        Ok(self.packing == Packing::Gzip
            && unpack::unpacked_len_hint(&self.handle, self.packing)? == Some(known.offset % (1 << 32)))
    }

    /// Up to where the marks were looked at.
    fn marked_len(&self) -> u64 {
        self.marks.len().checked_sub(1).and_then(marks::place).unwrap_or(0)
    }

    /// True when it still has all that is counted of it. An archive is written once: its size and its head tell.
    pub(super) fn holds(&mut self, cursor: &Cursor) -> io::Result<bool> {
        if self.packing != cursor.packing && cursor.offset > 0 {
            return Ok(false);
        }
        if self.is_packed() && cursor.look.is_some_and(|look| look.size == self.look.size) {
            return self.has_head(cursor.head);
        }
        Ok(self.has_head(cursor.head)? && matches!(self.relate_end(cursor)?, Relation::Extends(_)))
    }

    /// The bytes that the first mark covers, or as many as there are.
    pub(super) fn beginning(&mut self) -> io::Result<Vec<u8>> {
        self.first_bytes(marks::FIRST as usize)
    }

    /// So many bytes from its beginning, or as many as there are.
    pub(super) fn first_bytes(&mut self, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let found = self.read_at(&mut bytes, 0)?;
        bytes.truncate(found);
        Ok(bytes)
    }

    /// What its first bytes are; `None` where they are too few.
    pub(super) fn start(&mut self) -> io::Result<Option<u32>> {
        self.mark(0)
    }

    fn mark(&mut self, index: usize) -> io::Result<Option<u32>> {
        let mut piece = [0; marks::SPAN as usize];
        while self.marks.len() <= index {
            let Some(place) = marks::place(self.marks.len()) else { return Ok(None) };
            let span = place.min(marks::SPAN) as usize;
            let found = self.read_at(&mut piece[..span], place - span as u64)?;
            if found < span {
                return Ok(None);
            }
            self.marks.push(marks::of_piece(&piece[..span]));
        }
        Ok(self.marks.get(index).copied())
    }

    /// True unless it is long enough to have another head.
    fn has_head(&mut self, head: Fingerprint) -> io::Result<bool> {
        let mut bytes = vec![0; head.len as usize];
        let found = self.read_at(&mut bytes, 0)?;
        Ok(found < head.len as usize || identity::agrees(head, &bytes))
    }

    /// Up to where the bytes from a place on are those of the other file, and not beyond `most`.
    pub(super) fn common_with(&mut self, other: &File, from: u64, most: u64) -> io::Result<u64> {
        let (mut own, mut theirs) = (vec![0; SHALLOW as usize], vec![0; SHALLOW as usize]);
        let mut at = from;
        while at < most {
            let wanted = (most - at).min(SHALLOW) as usize;
            let found = self.read_at(&mut own[..wanted], at)?;
            let found = found.min(identity::read_at(other, &mut theirs[..wanted], at)?);
            let same = own[..found].iter().zip(&theirs[..found]).take_while(|(own, their)| own == their).count();
            at += same as u64;
            if same < wanted {
                break;
            }
        }
        Ok(at)
    }

    /// Up to which place the marks are those of another file.
    pub(super) fn agreeing_with(&mut self, known: &Marks) -> io::Result<u64> {
        let mut count = 0;
        for (index, mark) in known.0.iter().enumerate() {
            if self.mark(index)? != Some(*mark) {
                break;
            }
            count = index + 1;
        }
        Ok(count.checked_sub(1).and_then(marks::place).unwrap_or(0))
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
