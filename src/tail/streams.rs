//! Files of which something is counted, by how they begin: which of many a file may be a copy of.
//!
//! Promises: what a candidate has to do with is found without a look at all others. Does not: decide what follows; that is
//! `inventory`'s.
//!
//! The index is brought up to date just before it is asked. What it has to look at again is what must be saved: a cursor
//! that changes and is not marked for saving would be a fault in any case.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::path::Path;

use super::candidate::{Candidate, Depth, Relation};
use super::followed::{Content, Followed, Presence};
use super::inventory::{Place, Question};
use super::{Tail, identity, marks, rotated};
use crate::model::file::{Cursor, FileId, Fingerprint, Packing, SourceIndex};

/// How the counted bytes of a file begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Start {
    /// Fewer bytes than the first mark covers: how many, and their hash.
    Short { len: u8, hash: u64 },
    /// The first mark.
    Marked(u32),
    /// An older ledger does not say.
    Unknown,
}

impl Start {
    fn of(cursor: &Cursor) -> Option<Self> {
        let Cursor { head, ref marks, offset, .. } = *cursor;
        match marks.0.first() {
            _ if offset == 0 => None,
            Some(mark) => Some(Self::Marked(*mark)),
            None if offset < marks::FIRST && u64::from(head.len) == offset => Some(Self::short(head)),
            None => Some(Self::Unknown),
        }
    }

    /// Half the hash is enough: what is found is compared whole.
    const fn short(head: Fingerprint) -> Self {
        Self::Short { len: head.len as u8, hash: head.hash as u64 }
    }

    /// The least of those with so many bytes.
    const fn least(len: usize) -> Self {
        Self::Short { len: len as u8, hash: 0 }
    }
}

/// Files whose cursors are not saved as they are.
#[derive(Debug, Default)]
pub(super) struct Unsaved {
    files: BTreeSet<FileId>,
    /// Those that the index of streams has not seen since they changed.
    touched: BTreeSet<FileId>,
}

impl Unsaved {
    pub(super) fn insert(&mut self, id: FileId) {
        self.files.insert(id);
        self.touched.insert(id);
    }

    /// The ledger has it as it is.
    pub(super) fn insert_saved(&mut self, id: FileId) {
        self.touched.insert(id);
    }

    /// A file is forgotten.
    pub(super) fn remove(&mut self, id: FileId) {
        self.files.remove(&id);
        self.touched.insert(id);
    }

    pub(super) fn all_are_saved(&mut self) {
        self.files.clear();
    }

    pub(super) const fn files(&self) -> &BTreeSet<FileId> {
        &self.files
    }
}

/// Files with something counted, by how they begin.
#[derive(Debug, Default)]
pub(super) struct Streams {
    starts: BTreeSet<(SourceIndex, Start, FileId)>,
    of: HashMap<FileId, (SourceIndex, Start)>,
}

impl Streams {
    fn refresh(&mut self, unsaved: &mut Unsaved, files: &BTreeMap<FileId, Followed>) {
        for id in std::mem::take(&mut unsaved.touched) {
            let start = files.get(&id).and_then(|file| Some((file.source, Start::of(&file.cursor)?)));
            let before = match start {
                Some(start) => self.of.insert(id, start),
                None => self.of.remove(&id),
            };
            if before == start {
                continue;
            }
            if let Some((source, before)) = before {
                self.starts.remove(&(source, before, id));
            }
            if let Some((source, start)) = start {
                self.starts.insert((source, start, id));
            }
        }
    }

    /// Those of a source that begin like this, or with no less than this.
    fn range(&self, source: SourceIndex, from: Start, upto: Start) -> impl Iterator<Item = (Start, FileId)> {
        let range = (source, from, FileId(i64::MIN))..=(source, upto, FileId(i64::MAX));
        self.starts.range(range).map(|(_, start, id)| (*start, *id))
    }

    fn all(&self, source: SourceIndex) -> impl Iterator<Item = (Start, FileId)> {
        self.range(source, Start::least(0), Start::Unknown)
    }

    /// Those that have no more than these bytes counted, and those of which it is not known how they begin.
    fn short(&self, source: SourceIndex, bytes: &[u8]) -> Vec<FileId> {
        let mut found = Vec::new();
        let mut least = 0;
        // One step for each length that there is.
        while let Some((Start::Short { len, .. }, _)) = self.range(source, Start::least(least), Start::Unknown).next() {
            let Some(beginning) = bytes.get(..usize::from(len)) else { break };
            let start = Start::short(identity::fingerprint(beginning));
            found.extend(self.range(source, start, start).map(|(_, id)| id));
            least = usize::from(len) + 1;
        }
        found.extend(self.range(source, Start::Unknown, Start::Unknown).map(|(_, id)| id));
        found
    }

    /// True when it says of every file what its cursor says.
    pub(super) fn is_current(&self, files: &BTreeMap<FileId, Followed>) -> bool {
        let counted = files.iter().filter_map(|(id, file)| Some((file.source, Start::of(&file.cursor)?, *id)));
        counted.collect::<BTreeSet<_>>() == self.starts && self.of.len() == self.starts.len()
    }
}

impl Tail {
    /// Whether there is anything that a file could be a copy of.
    pub(super) fn has_streams(&mut self, source: SourceIndex, except: Option<FileId>) -> bool {
        self.refresh_streams();
        self.streams.all(source).any(|(_, id)| Some(id) != except)
    }

    pub(super) fn refresh_streams(&mut self) {
        self.streams.refresh(&mut self.dirty, &self.files);
    }

    /// Every file of the source that the candidate has to do with.
    pub(super) fn related(
        &self,
        candidate: &mut Candidate,
        question: Question<'_>,
    ) -> io::Result<Vec<(FileId, Relation)>> {
        let mut related = Vec::new();
        let beginning = candidate.beginning()?;
        let mut streams = self.streams_like(&beginning, question);
        // One in the making would be unpacked again at each scan.
        let is_new = self.scans > 1 && !self.was_seen_so(candidate, question);
        let archive = question.except.and_then(|id| self.files.get(&id));
        // An archive is unpacked from front to back.
        streams.sort_by_key(|file| (file.cursor.offset, file.cursor.file));
        for file in streams {
            let root = self.files.get(&self.root(file.cursor.file));
            let has_passed = |root: &Followed| archive.is_some_and(|archive| self.has_passed(root, archive));
            let is_read = root.is_some_and(|root| self.is_alive(root) && !has_passed(root));
            let depth = if is_read || is_new { Depth::Shallow } else { Depth::Whole };
            let relation = candidate.relate(&file.cursor, depth)?;
            let is_other = match relation {
                Relation::Differs => true,
                Relation::Within(len) => {
                    readable(file).is_some_and(|other| candidate.agrees_with(&other, len) == Some(false))
                }
                Relation::TooShort | Relation::Extends(_) | Relation::Begins(_) => false,
            };
            if !is_other {
                related.push((file.cursor.file, relation));
            }
        }
        // What was too short was looked for otherwise: it is judged again when it has grown meanwhile.
        let is_short = beginning.len() < marks::FIRST as usize;
        if is_short && candidate.beginning()? != beginning {
            Err(io::ErrorKind::Interrupted.into())
        } else {
            Ok(related)
        }
    }

    /// Files that do not begin otherwise. Of those that have more than a candidate that is too short to be known, one stands
    /// for all.
    fn streams_like(&self, beginning: &[u8], question: Question<'_>) -> Vec<&Followed> {
        let Question { source, except, .. } = question;
        let mut like = self.streams.short(source, beginning);
        if beginning.len() < marks::FIRST as usize {
            let longer = self.streams.range(source, Start::least(beginning.len() + 1), Start::Unknown);
            like.extend(longer.map(|(_, id)| id).find(|id| Some(*id) != except));
            // What a copy is of says more than the copy.
            let roots: Vec<FileId> = like.iter().map(|id| self.root(*id)).collect();
            like.extend(roots);
        } else {
            let start = Start::Marked(marks::of_piece(beginning));
            like.extend(self.streams.range(source, start, start).map(|(_, id)| id));
        }
        like.sort_unstable();
        like.dedup();
        let may_be_live = question.place == Place::Listed && !rotated::is_rotated_form(question.path);
        let are_both_live = |file: &Followed| may_be_live && self.is_live_elsewhere(file, question.path);
        let is_stream = |file: &Followed| file.cursor.offset > 0 && Some(file.cursor.file) != except;
        let files = like.into_iter().filter_map(|id| self.files.get(&id));
        files.filter(|file| is_stream(file) && !are_both_live(file)).collect()
    }

    /// True when a file looks as it did when it was judged last.
    fn was_seen_so(&self, candidate: &Candidate, question: Question<'_>) -> bool {
        let stranger = self.strangers.get(&(question.source, candidate.look.inode));
        let known = question.except.and_then(|id| self.files.get(&id)).and_then(|file| file.judged);
        stranger.is_some_and(|seen| seen.look == candidate.look) || known == Some(candidate.look)
    }

    /// Two names side by side, neither of them a rotation (`path` is none): two logs, even where their bytes are the same. So
    /// too for what is a copy of such another one.
    fn is_live_elsewhere(&self, file: &Followed, path: &Path) -> bool {
        let is_live = |file: &Followed| {
            let other = file.cursor.path.as_path();
            file.presence == Presence::Named
                && file.scan == self.scans
                && other != path
                && !rotated::is_rotated_form(other)
        };
        let root = self.files.get(&self.root(file.cursor.file));
        is_live(file) || root.is_some_and(is_live)
    }
}

/// Where the bytes of a file can be compared one by one.
pub(super) fn readable(file: &Followed) -> Option<File> {
    if file.content != Content::There || file.cursor.packing != Packing::Plain {
        return None;
    }
    let handle = if let Some(handle) = &file.handle {
        handle.try_clone().ok()?
    } else {
        let (handle, look) = identity::open(&file.cursor.path).ok()?;
        (look.inode == file.cursor.inode).then_some(handle)?
    };
    // It may have been rewritten since it was counted.
    let Cursor { head, before, offset, .. } = file.cursor;
    identity::holds(&handle, head, before, offset).ok()?.then_some(handle)
}
