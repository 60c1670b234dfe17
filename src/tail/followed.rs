//! One followed file: its cursor, its handle, and what is known of it.
//!
//! Promises: the cursor moves forward only, together with its fingerprints. Does not: know other files.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use super::candidate::{Candidate, Prefix};
use super::identity::{self, BEFORE_BYTES, HEAD_BYTES, Look};
use super::inventory::Share;
use super::marks;
use super::places;
use super::report::{FileState, FileStatus};
use super::rotated;
use super::text::FileText;
use super::unpack::{self, Ending, Unpacked};
use crate::model::encoding::TextEncoding;
use crate::model::file::{Cursor, FileId, Packing, SourceIndex, Standing};
use crate::model::time::UnixMicros;

/// Bytes of one read: large enough that system calls do not count, small enough to stay in the processor's cache.
pub(super) const READ_BYTES: usize = 256 << 10;

/// How old the saved "last seen" of a file that does not change may get, at least.
const SAVE_SEEN_EVERY: Duration = Duration::from_hours(1);

/// How the files of a source are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) encoding: TextEncoding,
    pub(super) max_line_bytes: usize,
    /// Of one read.
    pub(super) read_bytes: usize,
    /// NULs inside a line that are a hole by their number.
    pub(super) hole_bytes: usize,
}

/// Whether the globs show the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Under its name.
    Named,
    /// Under another name, while its old one holds another file: rotated inside the globs.
    Retired { since: UnixMicros },
    /// Under no name; read on through its handle.
    Left { since: UnixMicros },
    /// Under no name, and there is no handle. `None` before the first scan.
    Missing { since: Option<UnixMicros> },
}

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) why: String,
    pub(super) since: UnixMicros,
}

/// What the bytes up to the next newline are, where the cursor stands inside a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    OfOversized,
    /// Of a last line that was counted without its newline.
    OfCounted,
}

/// Where what was counted is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    There,
    /// The file was closed without a name anywhere: it cannot come back, and its inode will be another file's.
    Deleted,
    /// Destroyed; the cursor is kept to recognize a copy, and the file is not looked for.
    Emptied,
}

#[derive(Debug)]
pub(super) struct Followed {
    pub(super) source: SourceIndex,
    pub(super) cursor: Cursor,
    /// Always of `cursor.inode`.
    pub(super) handle: Option<File>,
    /// What is at hand of an archive's bytes, while it is open.
    pub(super) unpacked: Option<Box<Unpacked>>,
    /// How an archive ended at the last read.
    pub(super) ending: Option<Ending>,
    pub(super) presence: Presence,
    /// Where it was followed first in this run; rotated when another file stands there.
    pub(super) home: PathBuf,
    /// Set while a start at the end is not carried out: the size at the first scan.
    pub(super) begin_near: Option<u64>,
    /// Its look before the read that found its end; `None` while there may be more.
    pub(super) looked: Option<Look>,
    /// Its look before the reads that are under way.
    pub(super) looking: Option<Look>,
    pub(super) caught_up_at: Option<UnixMicros>,
    /// Where it ended at the last read, and when that was new.
    pub(super) end: u64,
    pub(super) grown_at: UnixMicros,
    pub(super) trouble: Option<Trouble>,
    pub(super) rest: Rest,
    pub(super) content: Content,
    /// It is a copy, and goes on where that file was counted to.
    pub(super) continues: Option<FileId>,
    /// How it looked when it was decided what it is; `None` while that is not known in this run.
    pub(super) judged: Option<Look>,
    /// What it began with when it was judged as new.
    pub(super) judged_start: Option<u32>,
    /// The scan after which its content was gone.
    pub(super) emptied_scan: u64,
    /// Since when it looks so.
    pub(super) judged_since: UnixMicros,
    /// A copy: how much of it is counted elsewhere.
    pub(super) share: Share,
    /// A copy: looked for in vain so many times in a row.
    pub(super) misses: u8,
    pub(super) queued: bool,
    /// As its first bytes say; `None` before the first read.
    pub(super) text: Option<FileText>,
    /// NULs that were looked through without finding text behind them.
    pub(super) zeros: Option<Range<u64>>,
    /// When it was first seen in this run.
    pub(super) met_at: Option<UnixMicros>,
    /// The configuration named it once, and does not now.
    pub(super) is_set_aside: bool,
    /// Without content, and known only for a copy that has a part of it.
    pub(super) is_kept: bool,
    /// The scan that saw it last.
    pub(super) scan: u64,
    /// `cursor.seen` as it was last put up for saving.
    pub(super) seen_saved: UnixMicros,
}

impl Followed {
    pub(super) fn new(source: SourceIndex, cursor: Cursor) -> Self {
        Self {
            source,
            handle: None,
            unpacked: None,
            ending: None,
            presence: Presence::Missing { since: None },
            home: cursor.path.clone(),
            begin_near: None,
            looked: cursor.look.map(|look| Look::at_rest(cursor.inode, look)),
            looking: None,
            caught_up_at: None,
            end: cursor.offset,
            grown_at: UnixMicros::MIN,
            trouble: None,
            rest: if cursor.finished { Rest::OfCounted } else { Rest::OfOversized },
            content: Content::There,
            continues: None,
            judged: None,
            judged_start: None,
            emptied_scan: 0,
            judged_since: UnixMicros::MIN,
            share: Share::All,
            misses: 0,
            queued: false,
            text: None,
            zeros: None,
            met_at: None,
            is_set_aside: false,
            is_kept: false,
            scan: 0,
            seen_saved: cursor.seen,
            cursor,
        }
    }

    /// Reads through a handle that was judged from now on.
    pub(super) fn put_handle(&mut self, (handle, unpacked): (File, Option<Box<Unpacked>>)) {
        self.handle = Some(handle);
        self.unpacked = unpacked;
    }

    /// Gives the handle up; true when there was one.
    pub(super) fn close(&mut self) -> bool {
        self.unpacked = None;
        self.handle.take().is_some()
    }

    /// True for an archive that does not end as archives do: what follows the last newline is no line.
    pub(super) const fn is_cut_off(&self) -> bool {
        self.unpack_fault().is_some()
    }

    /// Why there may be more in an archive than could be unpacked.
    pub(super) const fn unpack_fault(&self) -> Option<&'static str> {
        match self.ending {
            Some(Ending::Damaged(damage)) => Some(damage.why),
            Some(Ending::Oversized) => Some("it unpacks to more than a log can"),
            Some(Ending::Unfinished) => Some("it ends in the middle"),
            Some(Ending::Complete) | None => None,
        }
    }

    /// Bytes of an archive, as they are stored, behind its damage.
    pub(super) fn damaged_bytes(&self) -> u64 {
        let Some(Ending::Damaged(damage)) = self.ending else { return 0 };
        self.looking.map_or(0, |look| look.size.saturating_sub(damage.packed_offset))
    }

    /// Bytes of the file, unpacked, from a place; fewer than wanted only at its end.
    pub(super) fn read_at(&mut self, buffer: &mut [u8], from: u64) -> io::Result<usize> {
        let Some(handle) = &self.handle else { return Err(io::ErrorKind::NotFound.into()) };
        if self.cursor.packing == Packing::Plain {
            let found = identity::read_at(handle, buffer, from)?;
            let packing = if self.cursor.offset == 0 { unpack::packing_of(&buffer[..found]) } else { Packing::Plain };
            if packing == Packing::Plain || from > 0 {
                return Ok(found);
            }
            // It was empty when it was looked at.
            self.cursor.packing = packing;
        }
        if self.unpacked.is_none() {
            self.unpacked = Unpacked::new(self.cursor.packing).map(Box::new);
        }
        let Some(unpacked) = &mut self.unpacked else { return Ok(0) };
        let (found, ending) = unpacked.fill(handle, buffer, from)?;
        // A look back at the head says nothing of the end.
        self.ending = ending.or(self.ending);
        Ok(found)
    }

    pub(super) const fn is_named(&self) -> bool {
        matches!(self.presence, Presence::Named | Presence::Retired { .. })
    }

    /// On an inode of which nothing is counted there may be another file by now, which was never called otherwise.
    pub(super) fn settle_home(&mut self) {
        let Cursor { path, real_path, offset, .. } = &self.cursor;
        if *offset == 0 && self.handle.is_none() && real_path.is_none() && !rotated::is_rotated_form(path) {
            path.clone_into(&mut self.home);
        }
    }

    /// How old its saved "last seen" may get: not all files are saved for that in one commit.
    pub(super) const fn save_seen_after(&self) -> Duration {
        let every = SAVE_SEEN_EVERY.as_secs();
        Duration::from_secs(every + self.cursor.file.0.unsigned_abs() % every)
    }

    /// Since when it is expected to end, if it is.
    pub(super) const fn leaving_since(&self) -> Option<UnixMicros> {
        match self.presence {
            Presence::Retired { since } | Presence::Left { since } => Some(since),
            Presence::Named | Presence::Missing { .. } => None,
        }
    }

    /// True when it is on its way out and nothing came for the grace time.
    pub(super) fn is_over(&self, now: UnixMicros, grace: Duration) -> bool {
        self.leaving_since().is_some_and(|since| now.since(since.max(self.grown_at)) >= grace)
    }

    /// When it grew last, or was done with.
    pub(super) fn last_change(&self) -> UnixMicros {
        match self.presence {
            Presence::Missing { since: Some(since) } => since.max(self.grown_at),
            _ => self.grown_at,
        }
    }

    /// True for one that is on its way out, and not finished: its last half line is not decided.
    pub(super) const fn is_ending(&self) -> bool {
        self.leaving_since().is_some() && !self.cursor.finished
    }

    /// True for one that was read whole, and has no more by now.
    pub(super) fn is_done(&self) -> bool {
        self.cursor.finished && self.size() == self.end
    }

    /// True when it is open, and no name leads to it any more: what it holds can be read now or never.
    pub(super) fn is_deleted(&self) -> bool {
        !self.is_named() && self.handle.as_ref().is_some_and(identity::is_deleted)
    }

    /// Kept only to recognize copies: its inode is another file's.
    pub(super) const fn is_emptied(&self) -> bool {
        matches!(self.content, Content::Emptied)
    }

    /// What was counted of it is nowhere any more, or where nobody will find it.
    pub(super) fn lose(&mut self, content: Content, now: UnixMicros, scan: u64) {
        self.content = content;
        // Its name is another file's.
        self.presence = Presence::Missing { since: Some(now) };
        self.grown_at = now;
        self.emptied_scan = scan;
    }

    /// True for one that is read for its own bytes.
    pub(super) fn is_own(&self) -> bool {
        self.cursor.standing == Standing::Own
    }

    /// True for one that has the same half line as another, and looks as it did when that was found.
    pub(super) fn is_twin_as_judged(&self, look: &Look) -> bool {
        !self.is_own() && self.cursor.offset == 0 && self.share == Share::AsMuch && self.judged.as_ref() == Some(look)
    }

    /// True until it is decided what it is: with something counted, the counted bytes tell.
    pub(super) fn is_undecided(&self) -> bool {
        self.is_own() && self.cursor.offset == 0 && self.judged.is_none() && self.begin_near.is_none()
    }

    /// True for an open file of which nothing is counted, and which is not as it was judged: what it is a copy of may have been
    /// read since. So too for half a line that was too short to be known, and has grown.
    pub(super) fn is_to_be_judged(&self) -> bool {
        let look = || self.handle.as_ref().and_then(|handle| identity::look(handle).ok());
        let is_known =
            || self.rest != Rest::OfCounted || self.cursor.offset >= marks::FIRST || self.size() < marks::FIRST;
        self.is_own()
            && (self.cursor.offset == 0 || !is_known())
            && self.begin_near.is_none()
            && self.judged.is_none_or(|judged| look() != Some(judged))
    }

    /// Whether a window must wait for it. A finished file that shows a change is not finished until it was read again. A copy
    /// with more than is counted may turn out to have lines of its own.
    pub(super) fn holds_back(&self) -> bool {
        if !self.is_own() {
            return self.share == Share::Some && self.content == Content::There;
        }
        !self.cursor.finished || (self.is_named() && self.looked.is_none())
    }

    /// A read that began at `now` found its end.
    pub(super) fn caught_up(&mut self, now: UnixMicros) {
        self.looked = self.looking;
        self.caught_up_at = self.caught_up_at.max(Some(now));
        // The look is older than the read, and its change time was past for a while when the read began: a write after the
        // read gives another time, so that the same look later means that the read saw all. A file with half a line at its
        // end is read again after a restart, so that its last line is not lost with its name.
        let settled = self.looking.filter(|look| look.is_settled(now) && self.end == self.cursor.offset);
        self.cursor.look = settled.map(|look| look.as_read());
    }

    /// A look that equals the one before the last read: nothing was written since, if times can be trusted.
    pub(super) fn is_unchanged(&self, look: &Look, now: UnixMicros) -> bool {
        let was_at_rest = self.cursor.look.is_some() || self.end != self.cursor.offset;
        self.looked.as_ref() == Some(look) && was_at_rest && look.is_settled(now) && self.trouble.is_none()
    }

    /// Carries out a start at the end: just past the last newline at the first scan, so that the line which was being
    /// written then is counted. A file that shrank since is begun at its beginning.
    pub(super) fn begin(&mut self, handle: &File, look: &Look, manner: Manner) -> io::Result<()> {
        let Some(near) = self.begin_near else { return Ok(()) };
        let mut candidate = Candidate::new(handle.try_clone()?, *look);
        if candidate.is_packed() {
            // Nobody writes lines to an archive's end: all of it is from before.
            let Prefix { head, before, marks, len } = candidate.first()?;
            let cursor = &mut self.cursor;
            (cursor.head, cursor.before, cursor.marks, cursor.offset) = (head, before, marks, len);
            (cursor.packing, cursor.standing, cursor.finished) = (candidate.packing, Standing::Foreign, true);
        } else if look.size >= near {
            let unit = file_text(handle, manner.encoding)?.unit();
            let offset = places::line_start(handle, unit, near, manner.max_line_bytes as u64)?;
            (self.cursor.head, self.cursor.before) = identity::measure(handle, offset)?;
            self.cursor.marks = marks::measure(handle, offset)?;
            self.cursor.offset = offset;
        }
        self.begin_near = None;
        Ok(())
    }

    pub(super) fn has_head(&mut self) -> io::Result<bool> {
        let mut bytes = [0; HEAD_BYTES as usize];
        let len = self.cursor.head.len as usize;
        let found = self.read_at(&mut bytes[..len], 0)?;
        Ok(identity::agrees(self.cursor.head, &bytes[..found]))
    }

    /// True when the bytes from `from` up to the cursor are those that were counted.
    pub(super) fn agrees(&self, counted: &[u8], from: u64) -> bool {
        let (head, before) = (self.cursor.head, self.cursor.before);
        let head_agrees =
            from > 0 || counted.get(..head.len as usize).is_some_and(|bytes| identity::agrees(head, bytes));
        let tail = counted.len().checked_sub(before.len as usize);
        head_agrees && tail.is_some_and(|at| identity::agrees(before, &counted[at..]))
    }

    /// False for a beginning that is not the one that was judged.
    pub(super) fn is_as_judged(&self, beginning: &[u8]) -> bool {
        let start = beginning.get(..marks::FIRST as usize).map(marks::of_piece);
        start.is_none() || self.judged_start.is_none() || start == self.judged_start
    }

    pub(super) fn note_end(&mut self, end: u64, now: UnixMicros) {
        if end != self.end {
            self.end = end;
            self.grown_at = now;
        }
    }

    /// Moves the cursor to where `window[..upto]` ends; `window` begins at byte `from` of the file. Beyond its end, there are
    /// NULs.
    pub(super) fn advance(&mut self, window: &[u8], from: u64, upto: usize) {
        let offset = from + upto as u64;
        let head_len = offset.min(HEAD_BYTES);
        if from == 0 && u64::from(self.cursor.head.len) < head_len {
            self.cursor.head = identity::fingerprint(&marks::padded(window, 0..head_len as usize));
        }
        marks::extend(&mut self.cursor.marks, self.cursor.offset, &window[..upto.min(window.len())], from, offset);
        let before = upto.saturating_sub(BEFORE_BYTES as usize);
        self.cursor.before = identity::fingerprint(&marks::padded(window, before..upto));
        self.cursor.offset = offset;
        self.cursor.look = None;
        self.cursor.finished = false;
    }

    pub(super) fn status(&self) -> FileStatus {
        let size = self.size();
        let state = self.state();
        let lag_bytes = if state.is_wanted() { self.unread() } else { 0 };
        // How much more a compressed file holds is not known before it is read.
        let is_packed = self.cursor.packing != Packing::Plain;
        let is_behind = state.is_wanted() && (lag_bytes > 0 || is_packed) && state != FileState::CaughtUp;
        FileStatus {
            file: self.cursor.file,
            source: self.source,
            path: self.cursor.path.clone(),
            offset: self.cursor.offset,
            size,
            lag_bytes,
            state,
            behind_since: self.caught_up_at.or(self.met_at).filter(|_| is_behind),
            caught_up_at: self.caught_up_at,
        }
    }

    /// Bytes that were seen of it and are not counted.
    pub(super) fn unread(&self) -> u64 {
        let size = self.size();
        // NULs that the file ends with are room for later text.
        let text_end = self.zeros.as_ref().filter(|zeros| zeros.end >= size).map_or(size, |zeros| zeros.start);
        text_end.saturating_sub(self.cursor.offset)
    }

    /// As it was looked at last, or read.
    pub(super) fn size(&self) -> u64 {
        // An archive's own size says little of what is in it.
        let looked = self.looking.filter(|_| self.cursor.packing == Packing::Plain);
        looked.map_or(0, |look| look.size).max(self.end)
    }

    fn state(&self) -> FileState {
        if let Some(Trouble { why, since }) = &self.trouble {
            return FileState::Unreadable { why: why.clone(), since: *since };
        }
        match (self.cursor.standing, self.content) {
            (Standing::Copy { of }, _) => return FileState::Copy { of },
            (Standing::Foreign, _) => return FileState::Foreign,
            (Standing::Own, Content::Emptied) => return FileState::Destroyed,
            (Standing::Own, Content::There | Content::Deleted) => {}
        }
        if let Some(why) = self.unpack_fault() {
            return FileState::NotUnpacked { why };
        }
        match self.presence {
            _ if self.is_set_aside => FileState::SetAside,
            _ if self.cursor.finished => FileState::Finished,
            Presence::Missing { .. } => FileState::Missing,
            Presence::Left { .. } => FileState::Leaving,
            _ if self.looked.is_some() => FileState::CaughtUp,
            _ if self.is_undecided() && self.size() > 0 && !self.queued => FileState::Undecided,
            _ if self.handle.is_none() && !self.queued => FileState::Waiting,
            _ => FileState::Reading,
        }
    }
}

/// As the first bytes of an open file say.
pub(super) fn file_text(handle: &File, encoding: TextEncoding) -> io::Result<FileText> {
    let mut head = [0; 2];
    let found = identity::read_at(handle, &mut head, 0)?;
    Ok(FileText::new(encoding, &head[..found]))
}
