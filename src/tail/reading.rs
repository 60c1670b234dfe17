//! Reads files in fair turns, and decides what follows from what a read met.
//!
//! Promises: a file that has much to read does not starve the others, nor the polls that are due. Does not: look for files.

use std::fs::File;
use std::path::PathBuf;

use super::candidate::Candidate;
use super::followed::{Content, Followed, Presence, Rest, Trouble};
use super::hooks::Point;
use super::inventory::{Place, Question, Verdict};
use super::report::What;
use super::taking::Taken;
use super::{Tail, identity, places};
use crate::model::file::{Cursor, FileId, Marks, Packing, SourceIndex, Standing};
use crate::model::time::UnixMicros;

/// Archives that are unpacked at a time: each takes up to half a megabyte, and with zstd its window, mostly below ten.
const MOST_UNPACKED: usize = 4;

/// Whether a file's bytes are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    ToRead,
    NotToRead,
}

/// Where a chunk is in the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) file: FileId,
    pub(super) start: usize,
    pub(super) len: usize,
    /// Before this read.
    pub(super) complete_until: UnixMicros,
}

impl Tail {
    pub(super) fn next_lines(&mut self, now: UnixMicros) -> Option<Found> {
        self.replaced.clear();
        loop {
            if !self.is_stopping && self.is_poll_due(now) {
                self.poll(now);
            }
            let id = self.turns.front()?;
            if let Some(found) = self.turn(id, now) {
                return Some(found);
            }
        }
    }

    /// One read of the file whose turn it is. Without a result, the file has left the queue or has become another.
    fn turn(&mut self, id: FileId, now: UnixMicros) -> Option<Found> {
        if !self.make_open(id, now) {
            self.leave_queue(id);
            return None;
        }
        if !self.files.get(&id)?.is_own() {
            self.close(id);
            self.leave_queue(id);
            return None;
        }
        if !self.may_unpack(id) {
            return self.postpone(id);
        }
        if self.files.get(&id)?.is_to_be_judged() && self.decide(id, now) == Decided::NotToRead {
            self.leave_queue(id);
            return None;
        }
        // It may have turned out to be an archive.
        if !self.may_unpack(id) {
            return self.postpone(id);
        }
        let manner = self.manner(self.files.get(&id)?.source);
        let file = self.files.get_mut(&id)?;
        self.hooks.reach(Point::BeforeRead, &file.cursor.path);
        let complete_until = file.caught_up_at.unwrap_or(UnixMicros::MIN);
        let (source, size, caught_up_at) = (file.source, file.size(), file.caught_up_at);
        let taken = match file.take(&mut self.buffer, manner, now) {
            Ok(taken) => taken,
            Err(err) => {
                self.leave_queue(id);
                self.set_trouble(id, &err, now);
                return None;
            }
        };
        self.clear_trouble(id);
        let has_shrunk = taken.is_at_end() && self.files.get(&id).is_some_and(|file| file.end < size);
        if has_shrunk || taken == Taken::Replaced {
            self.hold_scan(source, caught_up_at);
        }
        match taken {
            Taken::Lines { start, len, at_end } => {
                self.count(source, |counters| counters.bytes_read += len as u64);
                self.moved(id, len, at_end, now);
                Some(Found { file: id, start, len, complete_until })
            }
            Taken::DroppedLine { .. }
            | Taken::DroppedRest { .. }
            | Taken::Torn { .. }
            | Taken::Zeros { .. }
            | Taken::Searching => {
                self.passed_over(id, taken, now);
                Some(Found { file: id, start: 0, len: 0, complete_until })
            }
            Taken::End { start, waiting } => self.ended(id, start, waiting, now),
            Taken::Replaced => {
                self.replace(id, now);
                None
            }
            Taken::Rewritten => {
                self.with(id, |file| file.judged = None);
                None
            }
        }
    }

    /// Bytes that are not handed out.
    fn passed_over(&mut self, id: FileId, taken: Taken, now: UnixMicros) {
        let Some((source, rest)) = self.files.get(&id).map(|file| (file.source, file.rest)) else { return };
        let len = taken.len();
        let bytes = len as u64;
        self.count(source, |counters| match taken {
            Taken::DroppedLine { .. } => {
                counters.oversized_lines += 1;
                counters.oversized_bytes += bytes;
            }
            Taken::DroppedRest { .. } if rest == Rest::OfCounted => counters.continued_bytes += bytes,
            Taken::DroppedRest { .. } => counters.oversized_bytes += bytes,
            Taken::Torn { .. } => {
                counters.torn_lines += 1;
                counters.torn_bytes += bytes;
            }
            _ => counters.nul_bytes += bytes,
        });
        if let Taken::DroppedLine { .. } | Taken::Torn { .. } = taken {
            self.with(id, |file| file.rest = Rest::OfOversized);
        }
        if taken == Taken::Searching {
            // Others have their turn before the next step of the search.
            self.turns.took(places::TURN_ZEROS as usize);
        } else {
            self.moved(id, len, taken.is_at_end(), now);
        }
    }

    /// Lets others have their turn. What they turn out to be may be what this one is a copy of.
    fn postpone(&mut self, id: FileId) -> Option<Found> {
        self.with(id, |file| {
            file.unpacked = None;
            if file.cursor.offset == 0 {
                file.judged = None;
            }
        });
        self.turns.postpone();
        None
    }

    /// False for an archive while others are unpacked.
    fn may_unpack(&self, id: FileId) -> bool {
        let is_begun = |file: &&Followed| file.queued && file.unpacked.is_some() && file.cursor.file != id;
        let is_plain = self.files.get(&id).is_none_or(|file| file.cursor.packing == Packing::Plain);
        is_plain || self.files.values().filter(is_begun).count() < MOST_UNPACKED
    }

    /// What an open file is of which nothing is counted yet.
    pub(super) fn decide(&mut self, id: FileId, now: UnixMicros) -> Decided {
        let Some(file) = self.files.get_mut(&id) else { return Decided::NotToRead };
        let Some(look) = file.handle.as_ref().and_then(|handle| identity::look(handle).ok()) else {
            return Decided::NotToRead;
        };
        let Some(handle) = file.handle.take() else { return Decided::NotToRead };
        let (source, path) = (file.source, file.cursor.path.clone());
        file.looking = Some(look);
        let (is_first, before) = (file.judged.is_none(), file.cursor.offset);
        let mut candidate = Candidate::new(handle, look);
        file.cursor.packing = candidate.packing;
        let place = if file.is_named() { Place::Listed } else { Place::Beside };
        let verdict = self.judge(&mut candidate, Question { source, path: &path, place, except: Some(id), now });
        let is_to_read = matches!(verdict, Verdict::New | Verdict::TakesOver { .. } | Verdict::Branches { .. });
        self.settle(id, &verdict, &look, now);
        let Some(file) = self.files.get_mut(&id) else { return Decided::NotToRead };
        match verdict {
            Verdict::Copy { .. } | Verdict::Foreign { .. } => self.open_files -= 1,
            Verdict::Empty => {
                file.put_handle(candidate.into_parts());
                file.caught_up(now);
                if file.is_over(now, self.spec.rotated_grace) {
                    self.finish(id, now);
                }
            }
            Verdict::Wait => {
                file.put_handle(candidate.into_parts());
                self.listed.want_scan();
            }
            Verdict::New | Verdict::TakesOver { .. } | Verdict::Branches { .. } => {
                file.judged = Some(look);
                file.judged_start = candidate.start().ok().flatten();
                file.put_handle(candidate.into_parts());
                let offset = file.cursor.offset;
                if is_first || offset > before {
                    self.note(source, path, What::Found { file: id, offset });
                }
            }
        }
        if is_to_read { Decided::ToRead } else { Decided::NotToRead }
    }

    /// A file lost content that may stand in a copy by now: the source is not complete beyond what was read before, until
    /// the next scan has looked for copies.
    pub(super) fn hold_scan(&mut self, source: SourceIndex, read_until: Option<UnixMicros>) {
        if let Some(source) = self.source_mut(source) {
            source.scanned_at = source.scanned_at.min(read_until);
        }
        self.listed.want_scan();
    }

    /// The cursor moved by `len` bytes: keeps the turn, passes it on, or ends it.
    fn moved(&mut self, id: FileId, len: usize, at_end: bool, now: UnixMicros) {
        self.dirty.insert(id);
        // In room that was set aside, text comes without the file growing.
        self.with(id, |file| file.grown_at = now);
        self.polls.hasten(now.plus(self.spec.poll_interval));
        if at_end {
            self.with(id, |file| file.caught_up(now));
            self.leave_queue_after(id, len);
        } else {
            self.turns.took(len);
        }
    }

    /// The end was found. A file that left and stayed quiet is finished: its last line counts without a newline.
    fn ended(&mut self, id: FileId, start: usize, waiting: usize, now: UnixMicros) -> Option<Found> {
        let grace = self.spec.rotated_grace;
        self.leave_queue(id);
        let file = self.files.get_mut(&id)?;
        let complete_until = file.caught_up_at.unwrap_or(UnixMicros::MIN);
        let look = file.cursor.look;
        file.caught_up(now);
        if file.cursor.look != look {
            self.rested.insert(id);
        }
        let is_last_chance = self.is_stopping && file.is_deleted();
        if !is_last_chance && !file.is_over(now, grace) {
            return None;
        }
        let waiting = if file.is_cut_off() { 0 } else { waiting };
        if waiting > 0 && self.is_half_elsewhere(id, waiting, now) {
            return None;
        }
        let file = self.files.get_mut(&id)?;
        if waiting > 0 {
            let from = file.cursor.offset - start as u64;
            file.advance(&self.buffer, from, start + waiting);
            file.rest = Rest::OfCounted;
            let source = file.source;
            self.count(source, |counters| {
                counters.unterminated_lines += 1;
                counters.bytes_read += waiting as u64;
            });
        }
        self.finish(id, now);
        (waiting > 0).then_some(Found { file: id, start, len: waiting, complete_until })
    }

    /// Closes a file that is on its way out.
    pub(super) fn finish(&mut self, id: FileId, now: UnixMicros) {
        let Some(file) = self.files.get_mut(&id) else { return };
        let handle = file.handle.take();
        file.close();
        self.open_files -= usize::from(handle.is_some());
        if let Presence::Left { .. } = file.presence {
            file.presence = Presence::Missing { since: Some(now) };
        }
        if handle.is_some_and(|handle| identity::is_deleted(&handle)) {
            file.lose(Content::Deleted, now, self.scans);
            self.by_inode.remove(&(file.source, file.cursor.inode));
        }
        if file.cursor.finished {
            return;
        }
        file.cursor.finished = true;
        if file.cursor.packing != Packing::Plain {
            // Half a line at its end stays one: it is not looked at again until it grows.
            file.cursor.look = file.looking.map(|look| look.as_read());
        }
        let (source, path, offset) = (file.source, file.cursor.path.clone(), file.cursor.offset);
        let (fault, damaged) = (file.unpack_fault(), file.damaged_bytes());
        self.count(source, |counters| {
            counters.files_finished += 1;
            counters.not_unpacked_files += u64::from(fault.is_some());
            counters.not_unpacked_bytes += damaged;
        });
        self.dirty.insert(id);
        if let Some(why) = fault {
            self.note(source, path.clone(), What::NotUnpacked { file: id, offset, why });
        }
        self.note(source, path, What::Finished { file: id, offset });
    }

    /// What was counted is gone from the file: what is there now is another file, read from its beginning under the same
    /// handle. So too for a file that left the globs: it may have been rewritten before it did. Twice in one read, it has to
    /// wait for the next look at it.
    fn replace(&mut self, id: FileId, now: UnixMicros) {
        self.leave_queue(id);
        let Some(file) = self.files.get_mut(&id) else { return };
        let (source, path, offset) = (file.source, file.cursor.path.clone(), file.cursor.offset);
        self.count(source, |counters| counters.truncations += 1);
        let new = self.give_id();
        let Some(old) = self.files.remove(&id) else { return };
        let inode = old.cursor.inode;
        let mut emptied = Followed::new(source, Cursor { finished: true, look: None, ..old.cursor.clone() });
        emptied.lose(Content::Emptied, now, self.scans);
        emptied.end = old.end;
        if old.home != old.cursor.path {
            emptied.cursor.real_path = Some(old.home.clone());
        }
        let cursor = Cursor {
            file: new,
            head: identity::NOTHING,
            before: identity::NOTHING,
            marks: Marks::default(),
            look: None,
            standing: Standing::Own,
            offset: 0,
            finished: false,
            ..old.cursor
        };
        // On a used inode there may be a copy of another file: that is decided at its turn.
        let fresh = Followed {
            cursor,
            caught_up_at: None,
            looked: None,
            judged: None,
            judged_start: None,
            unpacked: None,
            ending: None,
            end: 0,
            grown_at: now,
            met_at: Some(now),
            queued: false,
            text: None,
            zeros: None,
            ..old
        };
        self.files.insert(id, emptied);
        self.files.insert(new, fresh);
        self.by_inode.insert((source, inode), new);
        self.dirty.insert(id);
        self.dirty.insert(new);
        // One that is written over and over would keep one read for ever.
        if self.replaced.contains(&(source, inode)) {
            self.listed.want_scan();
        } else {
            self.replaced.push((source, inode));
            self.enqueue(new);
        }
        self.note(source, path, What::Truncated { file: id, new, offset });
    }

    /// Opens the file under its path, unless it is open. False when it cannot be read now.
    pub(super) fn make_open(&mut self, id: FileId, now: UnixMicros) -> bool {
        let Some(source) = self.files.get(&id).map(|file| file.source) else { return false };
        let manner = self.manner(source);
        match self.files.get(&id) {
            None => return false,
            Some(file) if file.handle.is_some() => return true,
            // It is looked for by its inode at each scan.
            Some(file) if !file.is_named() && !file.is_parked() => return false,
            Some(_) => {}
        }
        if !self.make_room() {
            return false;
        }
        let Some(file) = self.files.get_mut(&id) else { return false };
        self.hooks.reach(Point::BeforeOpen, &file.cursor.path);
        let is_new = file.begin_near.is_some();
        let opened = identity::open(&file.cursor.path).and_then(|(handle, look)| {
            if look.inode == file.cursor.inode {
                file.begin(&handle, &look, manner)?;
            }
            Ok((handle, look))
        });
        match opened {
            Ok((handle, look)) if look.inode == file.cursor.inode => {
                self.hooks.reach(Point::Opened, &file.cursor.path);
                // Rotations happen where links lead to. A file that left keeps the place where it was found.
                let real = if file.is_parked() { file.cursor.real_path.clone() } else { real_path(&handle, file) };
                let is_new = is_new || file.cursor.real_path != real;
                // Where the link led before, others may still be.
                if let Some(before) = std::mem::replace(&mut file.cursor.real_path, real)
                    && file.cursor.real_path.as_ref() != Some(&before)
                {
                    file.home = before;
                }
                file.handle = Some(handle);
                file.looking = Some(look);
                self.open_files += 1;
                if is_new {
                    self.dirty.insert(id);
                }
                true
            }
            // Another file stands there by now: the next scan sorts that out.
            Ok(_) => false,
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => false,
            Err(err) => {
                self.set_trouble(id, &err, now);
                false
            }
        }
    }

    pub(super) fn enqueue(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id)
            && !std::mem::replace(&mut file.queued, true)
        {
            self.turns.push(id, file.size().saturating_sub(file.cursor.offset));
            self.polls.add(id);
        }
    }

    fn leave_queue(&mut self, id: FileId) {
        self.leave_queue_after(id, 0);
    }

    /// Takes the file whose turn it is out of the queue; `len` bytes of it were just read.
    fn leave_queue_after(&mut self, id: FileId, len: usize) {
        self.turns.leave(id, len);
        self.with(id, |file| {
            file.queued = false;
            // It takes memory. One that is on its way out is looked at again and again.
            if file.leaving_since().is_none() {
                file.unpacked = None;
            }
        });
    }

    /// The file cannot be read. Its handle is given up where a name leads back to it.
    pub(super) fn set_trouble(&mut self, id: FileId, err: &std::io::Error, now: UnixMicros) {
        let why = err.to_string();
        let Some(file) = self.files.get_mut(&id) else { return };
        if file.is_named() {
            self.open_files -= usize::from(file.close());
        }
        file.looked = None;
        let since = file.trouble.as_ref().map_or(now, |trouble| trouble.since);
        let is_new = file.trouble.as_ref().is_none_or(|trouble| trouble.why != why);
        file.trouble = Some(Trouble { why: why.clone(), since });
        if is_new {
            let (source, path) = (file.source, file.cursor.path.clone());
            self.note(source, path, What::Unreadable { why });
        }
    }

    fn clear_trouble(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id)
            && file.trouble.take().is_some()
        {
            let (source, path) = (file.source, file.cursor.path.clone());
            self.note(source, path, What::Readable);
        }
    }
}

/// Where the file's path leads, if that is elsewhere.
fn real_path(handle: &File, file: &Followed) -> Option<PathBuf> {
    identity::path_of(handle).filter(|real| *real != file.cursor.path)
}
