//! Files that are done with, and are not as they were: copies that may have become the only place of some bytes, rotated files
//! that somebody still writes to.
//!
//! Promises: a file that grew after it was finished is read on where it is counted to. Does not: find files.

use std::path::PathBuf;
use std::time::Duration;

use super::candidate::Candidate;
use super::followed::{Content, Presence};
use super::glob::Listing;
use super::hooks::Point;
use super::identity::Look;
use super::inventory::{Place, Question, Share, Verdict};
use super::report::What;
use super::{Tail, streams};
use crate::model::file::{FileId, Packing, SourceIndex, Standing};
use crate::model::time::UnixMicros;

/// How long after its last change a file that is done with is looked at.
pub(super) const LOOKED_AT_FOR: Duration = Duration::from_hours(1);

/// Scans in a row that look everywhere for a copy that is not where it stood: it may be renamed during one.
const MOST_MISSES: u8 = 3;

impl Tail {
    /// Looks at files that are done with, and stand under names outside the globs: a writer may still hold one, a copy may
    /// still be made.
    pub(super) fn look_at_finished(&mut self, source: SourceIndex, now: UnixMicros) {
        let is_first = self.scans <= 1;
        let finished: Vec<(FileId, PathBuf)> = self
            .files
            .values()
            .filter(|file| file.source == source && file.scan != self.scans && file.handle.is_none())
            .filter(|file| file.content == Content::There && file.cursor.finished)
            .filter(|file| is_first || now.since(file.last_change()) < LOOKED_AT_FOR)
            .map(|file| (file.cursor.file, file.cursor.path.clone()))
            .collect();
        for (id, path) in finished {
            if let Ok(stat) = rustix::fs::stat(&path) {
                self.revisit_changed(id, &Look::new(&stat), now);
            }
        }
    }

    /// Goes on with a file that is done with, where it is not as it was.
    pub(super) fn revisit_changed(&mut self, id: FileId, look: &Look, now: UnixMicros) {
        let Some(file) = self.files.get(&id) else { return };
        let cursor = &file.cursor;
        let is_counted = cursor.standing == Standing::Own && cursor.offset == look.size;
        let is_same = is_counted || file.is_twin_as_judged(look) || cursor.look == Some(look.as_read());
        let is_read = file.is_own() && !cursor.finished;
        if is_same || look.inode != cursor.inode || is_read || file.content != Content::There {
            return;
        }
        match cursor.standing {
            Standing::Copy { .. } => self.revisit(id, now),
            // One that is not named any more is left alone.
            Standing::Own if self.is_rotation(file.source, &cursor.path) => self.revive(id, now),
            Standing::Own | Standing::Foreign => {}
        }
    }

    /// Reads on in a file that was done with, and grew.
    fn revive(&mut self, id: FileId, now: UnixMicros) {
        let Some(file) = self.files.get(&id) else { return };
        let cursor = &file.cursor;
        let Ok(mut candidate) = Candidate::open(&cursor.path) else { return };
        let is_it = candidate.look.inode == cursor.inode && candidate.holds(cursor).unwrap_or(false);
        // An archive that was renamed is what it was.
        if is_it && candidate.is_packed() && cursor.look.is_some_and(|counted| counted.size == candidate.look.size) {
            self.with(id, |file| file.cursor.look = Some(candidate.look.as_read()));
            self.dirty.insert(id);
            return;
        }
        if is_it && self.make_room() {
            self.read_on(id, candidate, now);
        }
    }

    /// Copies that may have become the only place of some bytes, or have grown.
    pub(super) fn revisit_copies(&mut self, source: SourceIndex, listing: &Listing, now: UnixMicros) {
        let mut due: Vec<(bool, u64, FileId)> = self
            .files
            .values()
            .filter(|file| file.source == source && file.content == Content::There)
            .filter(|file| matches!(file.cursor.standing, Standing::Copy { .. }))
            .filter(|file| self.is_copy_due(file.cursor.file, listing))
            .map(|file| {
                (file.cursor.packing == Packing::Plain, file.judged.map_or(0, |look| look.size), file.cursor.file)
            })
            .collect();
        // The longest is the one to take over. What an archive has is not known before it is unpacked.
        due.sort_unstable_by(|a, b| b.cmp(a));
        for (.., id) in due {
            self.revisit(id, now);
        }
    }

    fn is_copy_due(&self, id: FileId, listing: &Listing) -> bool {
        let Some(file) = self.files.get(&id) else { return false };
        let listed = listing.get(&file.cursor.path).filter(|look| look.inode == file.cursor.inode);
        if let (Some(look), Some(counted)) = (listed, file.cursor.look) {
            return look.as_read() != counted;
        }
        if file.cursor.look.is_some() {
            return false;
        }
        let Some(root) = self.files.get(&self.root(id)) else { return true };
        let has_changed = listed.is_some_and(|look| file.judged != Some(*look));
        // While the other is read itself, an archive of it is of no interest. It is unpacked once.
        if file.cursor.packing != Packing::Plain {
            let has_gone_on = root.is_done() || root.cursor.offset > file.cursor.offset;
            let is_asked = match file.share {
                Share::Some => self.has_passed(root, file),
                Share::AsMuch => has_gone_on,
                Share::All | Share::AllSoFar => false,
            };
            let has_lost = file.judged.is_none() || matches!(file.share, Share::Some | Share::AsMuch);
            return has_changed || is_asked || (has_lost && !self.is_alive(root));
        }
        let size = file.judged.map_or(0, |look| look.size);
        // One that was read to its end since, and is shorter, will not reach what the copy has.
        let is_behind = root.end < size
            && !root.is_ending()
            && root.caught_up_at.is_some_and(|at| at > file.judged_since.plus(self.spec.rotated_grace));
        has_changed || is_behind || !self.is_alive(root) || root.cursor.offset >= size
    }

    /// Judges a copy again.
    fn revisit(&mut self, id: FileId, now: UnixMicros) {
        let Some(file) = self.files.get(&id) else { return };
        let (source, path) = (file.source, file.cursor.path.clone());
        self.hooks.reach(Point::BeforeSiblings, &path);
        let cursor = &file.cursor;
        let mut candidate = match Candidate::open(&path) {
            Ok(candidate) if candidate.look.inode == cursor.inode => candidate,
            _ => return self.miss(id),
        };
        let look = candidate.look;
        let is_settled = matches!(file.share, Share::All | Share::AllSoFar);
        let is_known = candidate.is_packed() && file.judged == Some(look) && is_settled;
        let holds = is_known || candidate.holds(cursor).unwrap_or(true);
        let Some(file) = self.files.get_mut(&id) else { return };
        file.misses = 0;
        if is_known {
            return;
        }
        if !holds {
            self.give_up_content(id, now);
            return self.meet_again(source, &path, &look, now);
        }
        // An archive that was renamed is what it was.
        if candidate.is_packed() && file.cursor.look.is_some_and(|counted| counted.size == look.size) {
            file.cursor.look = Some(look.as_read());
            self.dirty.insert(id);
            return;
        }
        let is_listed = file.is_named() && file.scan == self.scans;
        let place = if is_listed { Place::Listed } else { Place::Beside };
        let verdict = self.judge(&mut candidate, Question { source, path: &path, place, except: Some(id), now });
        let verdict = if verdict == Verdict::New { self.parted(id, &mut candidate) } else { verdict };
        match verdict {
            Verdict::Wait => self.is_waiting = true,
            Verdict::Empty => {}
            verdict @ (Verdict::Copy { .. } | Verdict::Foreign { .. }) => self.settle(id, &verdict, &look, now),
            _ if !self.make_room() => self.is_waiting = true,
            // What it has beyond what was counted is its own.
            verdict => {
                self.with(id, |file| (file.cursor.standing, file.cursor.finished) = (Standing::Own, false));
                self.settle(id, &verdict, &look, now);
                self.read_on(id, candidate, now);
            }
        }
    }

    /// What a copy is that goes on otherwise than its original by now: its own from where they part, where that can be seen.
    fn parted(&self, id: FileId, candidate: &mut Candidate) -> Verdict {
        let mut parted = || {
            let root = self.files.get(&self.root(id)).filter(|root| root.cursor.file != id)?;
            let counted = self.files.get(&id)?.cursor.offset;
            let same = match streams::readable(root) {
                Some(other) => candidate.common_with(&other, counted, root.cursor.offset).ok()?,
                None => candidate.agreeing_with(&root.cursor.marks).ok()?,
            };
            self.whole_lines(candidate, root.source, same).filter(|at| at.len > counted)
        };
        parted().map_or(Verdict::New, |at| Verdict::Branches { at })
    }

    /// A copy is not where it stood. It went elsewhere and is met there, unless it is gone.
    fn miss(&mut self, id: FileId) {
        let Some(file) = self.files.get_mut(&id) else { return };
        if file.misses < MOST_MISSES {
            file.misses += 1;
            let source = file.source;
            self.is_waiting = true;
            self.directories.retain(|(of, _), _| *of != source);
        }
    }

    /// Reads a file through the handle that was judged.
    pub(super) fn read_on(&mut self, id: FileId, candidate: Candidate, now: UnixMicros) {
        let Some(file) = self.files.get_mut(&id) else { return };
        let look = candidate.look;
        self.open_files += usize::from(file.handle.is_none());
        file.put_handle(candidate.into_parts());
        file.looking = Some(look);
        file.looked = None;
        // With nothing counted, it is decided at its turn what it is.
        file.judged = (file.cursor.offset > 0).then_some(look);
        file.cursor.finished = false;
        file.cursor.look = None;
        if !file.is_named() || file.scan != self.scans {
            file.presence = Presence::Left { since: now };
        }
        let (source, path, offset) = (file.source, file.cursor.path.clone(), file.cursor.offset);
        self.dirty.insert(id);
        self.enqueue(id);
        self.note(source, path, What::Resumed { file: id, offset });
    }
}
