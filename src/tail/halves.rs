//! Half a line at the end of a file that is on its way out, where other files have it too.
//!
//! Promises: it is counted once, and not while one of them lives under a name that is no rotation. Does not: find files.

use super::candidate::{Candidate, Depth, More, Prefix, Relation};
use super::followed::{Content, Followed, Presence};
use super::inventory::{Share, Verdict};
use super::reading::Decided;
use super::{Tail, identity, marks, rotated};
use crate::model::file::{Cursor, FileId, SourceIndex, Standing};
use crate::model::time::UnixMicros;

impl Tail {
    /// Half a line of `half` bytes would be counted: true when it turns out to be another file's as well, which has it from
    /// now on.
    pub(super) fn is_half_elsewhere(&mut self, id: FileId, half: usize, now: UnixMicros) -> bool {
        if self.files.get(&id).is_some_and(|file| file.cursor.offset > 0) {
            self.decide_live(id, now);
            return self.yields_to_copy(id, now) || self.is_half_of_another(id, now);
        }
        let decided = self.decide(id, now);
        let Some(file) = self.files.get(&id).filter(|file| file.handle.is_some()) else { return true };
        if decided == Decided::NotToRead {
            return true;
        }
        if file.cursor.offset > 0 {
            self.enqueue(id);
            return true;
        }
        let Some(of) = self.twin(file, half) else { return false };
        let (Some(look), at) = (file.looking, Prefix::of(&file.cursor)) else { return false };
        self.settle(id, &Verdict::Copy { of, at, share: Share::AsMuch }, &look, now);
        self.close(id);
        true
    }

    /// What live files are whose turn comes after this one's, and of which nothing is known yet: each may be its copy.
    fn decide_live(&mut self, id: FileId, now: UnixMicros) {
        let Some(source) = self.files.get(&id).map(|file| file.source) else { return };
        let is_unknown = |file: &&Followed| {
            let is_waiting = file.queued && file.handle.is_some() && file.is_undecided();
            file.source == source && is_waiting && self.is_live_named(file)
        };
        let unknown: Vec<FileId> = self.files.values().filter(is_unknown).map(|file| file.cursor.file).collect();
        for other in unknown {
            self.decide_ahead(other, now);
        }
    }

    /// True for one that stands under a name that is no rotation.
    fn is_live_named(&self, file: &Followed) -> bool {
        let is_named = file.presence == Presence::Named && file.scan == self.scans;
        is_named && !rotated::is_rotated_form(&file.cursor.path)
    }

    /// Judges a file before its turn. That it is new is not settled by that: what it is a copy of may be read in between.
    fn decide_ahead(&mut self, id: FileId, now: UnixMicros) -> Decided {
        let (judged, notes) = (self.files.get(&id).and_then(|file| file.judged), self.notes.len());
        let decided = self.decide(id, now);
        if let Some(file) = self.files.get_mut(&id).filter(|file| file.is_own() && file.cursor.offset == 0) {
            file.judged = judged;
            self.notes.truncate(notes);
        }
        decided
    }

    /// Judges what is nothing but half a line, before what it may be of is forgotten; false while one is not decided.
    pub(super) fn halves_are_decided(&mut self, source: SourceIndex, now: UnixMicros) -> bool {
        let is_half = |file: &&Followed| {
            let is_unread = file.is_own() && file.cursor.offset == 0 && file.begin_near.is_none() && file.size() > 0;
            let is_there = file.content == Content::There && !file.cursor.finished && file.trouble.is_none();
            file.source == source && is_unread && is_there
        };
        let halves: Vec<FileId> = self.files.values().filter(is_half).map(|file| file.cursor.file).collect();
        let mut are_decided = true;
        for id in halves {
            are_decided &= self.make_open(id, now);
            let decided = self.decide_ahead(id, now);
            let Some(file) = self.files.get(&id) else { continue };
            are_decided &= !self.strangers.contains_key(&(source, file.cursor.inode));
            if decided == Decided::ToRead && file.cursor.offset > 0 {
                self.enqueue(id);
            }
        }
        are_decided
    }

    /// A copy has more than half a line: it goes on. So does one that stands under a live name still, of which this is a copy
    /// that was read first.
    fn yields_to_copy(&mut self, id: FileId, now: UnixMicros) -> bool {
        let Some(file) = self.files.get(&id) else { return false };
        let mut copies = self.files.values().filter(|other| other.cursor.standing == Standing::Copy { of: id });
        let found = copies.find_map(|other| {
            let mut candidate = Candidate::open(&other.cursor.path).ok()?;
            let is_wanted = candidate.has_more_than(file.end).ok()? || self.is_live_named(other);
            let relation = candidate.relate(&file.cursor, Depth::Whole).ok()?;
            let has_more = is_wanted && relation == Relation::Extends(More::Yes);
            (candidate.look.inode == other.cursor.inode && has_more).then_some((other.cursor.file, candidate))
        });
        let Some((copy, candidate)) = found else { return false };
        let at = Prefix::of(&file.cursor);
        self.close(id);
        self.with(copy, |other| (other.cursor.standing, other.cursor.finished) = (Standing::Own, false));
        self.settle(copy, &Verdict::TakesOver { of: id, at }, &candidate.look, now);
        self.read_on(copy, candidate, now);
        true
    }

    /// Another file goes on behind the half line, and is read for its own: there the line is whole.
    fn is_half_of_another(&mut self, id: FileId, now: UnixMicros) -> bool {
        let Some(file) = self.files.get(&id) else { return false };
        let Some(handle) = &file.handle else { return false };
        let begins_alike = |other: &&Followed| {
            other.source == file.source
                && other.is_own()
                && other.content == Content::There
                && other.cursor.file != id
                && file.cursor.marks.0.first().is_none_or(|own| other.cursor.marks.0.first() == Some(own))
                && other.size() > file.end
        };
        let goes_on = |other: &Followed| {
            let mut candidate = Candidate::open(&other.cursor.path).ok()?;
            let is_longer = candidate.relate(&file.cursor, Depth::Whole).ok()? == Relation::Extends(More::Yes);
            let common = candidate.common_with(handle, file.cursor.offset, file.end).ok()?;
            (is_longer && candidate.look.inode == other.cursor.inode && common == file.end).then_some(other.cursor.file)
        };
        let Some(of) = self.files.values().filter(begins_alike).find_map(goes_on) else { return false };
        let (Some(look), at) = (file.looking, Prefix::of(&file.cursor)) else { return false };
        self.settle(id, &Verdict::Copy { of, at, share: Share::Some }, &look, now);
        self.close(id);
        true
    }

    /// A file of which nothing is counted yet either, with the same beginning.
    fn twin(&self, file: &Followed, len: usize) -> Option<FileId> {
        let beginning = |file: &Followed| {
            let mut candidate = match &file.handle {
                Some(handle) => Candidate::new(handle.try_clone().ok()?, identity::look(handle).ok()?),
                None => Candidate::open(&file.cursor.path).ok()?,
            };
            candidate.first_bytes(len).ok().filter(|bytes| bytes.len() == len)
        };
        // Shorter ones are alike by chance.
        let own = beginning(file).filter(|bytes| bytes.len() as u64 >= marks::FIRST)?;
        let is_uncounted = |other: &&Followed| {
            let Cursor { file: id, offset, finished, .. } = other.cursor;
            other.source == file.source && other.is_own() && id != file.cursor.file && offset == 0 && !finished
        };
        let mut others = self.files.values().filter(is_uncounted).filter(|other| other.content == Content::There);
        others.find(|other| beginning(other).is_some_and(|theirs| theirs == own)).map(|other| other.cursor.file)
    }
}
