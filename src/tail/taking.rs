//! One read of a followed file: what its bytes come to.
//!
//! Promises: what is compared and what is handed out are of one moment. Does not: know other files.

use std::io;
use std::ops::Range;

use super::followed::{Followed, Manner};
use super::framing::Framing;
use super::identity::{self, BEFORE_BYTES, HEAD_BYTES};
use super::lines::{Cut, Cutter, Place};
use super::places::{self, Behind};
use super::text::{self, FileText};
use crate::model::encoding::TextEncoding;
use crate::model::file::Packing;
use crate::model::time::UnixMicros;

/// What one read came to. Ranges are in the buffer; the cursor has moved past them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Lines {
        start: usize,
        len: usize,
        at_end: bool,
    },
    DroppedLine {
        len: usize,
        at_end: bool,
    },
    DroppedRest {
        len: usize,
        at_end: bool,
    },
    /// The beginning of a line whose rest a hole took.
    Torn {
        len: usize,
    },
    /// NULs before text.
    Zeros {
        len: usize,
    },
    /// NULs were looked through, and there are more; the cursor did not move.
    Searching,
    /// Nothing whole is left; so many bytes, from `start`, wait for their newline.
    End {
        start: usize,
        waiting: usize,
    },
    /// What was counted is not there any more.
    Replaced,
    /// Nothing is counted yet, and it is not what was judged.
    Rewritten,
}

/// What one read found. The cursor is at `start`.
#[derive(Clone, Copy)]
struct Window<'a> {
    bytes: &'a [u8],
    /// Where they begin in the file.
    from: u64,
    start: usize,
    /// The file ends with them.
    at_end: bool,
}

impl Followed {
    /// Reads on from the cursor. One read fetches the bytes before the cursor with the new ones, so that what is compared
    /// and what is handed out are of one moment.
    pub(super) fn take(&mut self, buffer: &mut Vec<u8>, manner: Manner, now: UnixMicros) -> io::Result<Taken> {
        let mut wanted = manner.read_bytes;
        // Longer lines are dropped; NULs that are no hole fit beside a line. Room for one unit more tells which it is.
        let most = manner.max_line_bytes.max(wanted).max(2 * manner.hole_bytes) + 2;
        // A long line made the buffer grow; most files never need that again.
        buffer.truncate(wanted);
        buffer.shrink_to(wanted + HEAD_BYTES as usize);
        let offset = self.cursor.offset;
        let context = BEFORE_BYTES.max(u64::from(self.cursor.before.len));
        let from = if offset <= HEAD_BYTES { 0 } else { offset.saturating_sub(context) };
        loop {
            let start = (offset - from) as usize;
            buffer.resize(start + wanted, 0);
            let found = self.read_at(buffer, from)?;
            let at_end = found < buffer.len();
            // The head is read after the rest: a rewrite that the rest shows is in the head by then.
            let head_holds = from == 0 || self.has_head()?;
            if found < start || !head_holds || !self.agrees(&buffer[..start], from) {
                return Ok(Taken::Replaced);
            }
            if offset == 0 && !self.is_as_judged(&buffer[..found]) {
                return Ok(Taken::Rewritten);
            }
            let seen = from + found as u64;
            self.note_end(if at_end { seen } else { seen.max(self.end) }, now);
            let window = Window { bytes: &buffer[..found], from, start, at_end };
            if let Some(taken) = self.cut(window, manner)? {
                return Ok(taken);
            }
            wanted = (wanted * 2).min(most);
        }
    }

    /// What the window comes to; `None` when more has to be read to tell.
    fn cut(&mut self, window: Window<'_>, manner: Manner) -> io::Result<Option<Taken>> {
        let Window { bytes, from, start, at_end } = window;
        let data = &bytes[start..];
        if data.is_empty() {
            return Ok(Some(Taken::End { start, waiting: 0 }));
        }
        let offset = from + start as u64;
        let unit = self.learn_text(window, manner.encoding)?.unit();
        let framing = Framing::at(unit, offset);
        let is_line_start = start == 0 || Framing::at(unit, from).ends_line(&bytes[..start]);
        let place = if is_line_start { Place::LineStart } else { Place::InsideDropped };
        let mut cut = self.judge(window, framing, manner, |cutter| cutter.cut(data, place));
        if let Cut::Zeros { after } = cut
            && !at_end
        {
            let seen = framing.whole(data).len() as u64;
            let text = match self.look_behind(offset + after as u64, offset + seen)? {
                Behind::Text(text) => (text - offset) as usize,
                behind => return Ok(Some(self.wait_behind(behind, offset, start, after))),
            };
            cut = self.judge(window, framing, manner, |cutter| cutter.cut_before(data, place, after, text));
        }
        let is_end = |len: usize| at_end && framing.newline(data, len).is_none();
        if at_end && data.last() == Some(&0) {
            let text = data.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
            self.zeros = Some(offset + text as u64..from + bytes.len() as u64);
        }
        let taken = match cut {
            Cut::Lines(len) => Taken::Lines { start, len, at_end: is_end(len) },
            Cut::DropLine(len) => Taken::DroppedLine { len, at_end: at_end && len == data.len() },
            Cut::DropRest(len) => Taken::DroppedRest { len, at_end: at_end && len == data.len() },
            Cut::DropTorn(len) => Taken::Torn { len },
            Cut::Skip(len) => Taken::Zeros { len },
            Cut::Zeros { after } if at_end => {
                // Half a unit at the end may be no NUL.
                let end = Behind::End(offset + framing.whole(data).len() as u64);
                return Ok(Some(self.wait_behind(end, offset, start, after)));
            }
            Cut::Wait if at_end => return Ok(Some(Taken::End { start, waiting: framing.whole(data).len() })),
            Cut::Wait | Cut::Zeros { .. } => return Ok(None),
        };
        if let Taken::Zeros { .. } = taken {
            self.zeros = None;
        }
        self.advance(bytes, from, start + taken.len());
        Ok(Some(taken))
    }

    fn judge(&self, window: Window<'_>, framing: Framing, manner: Manner, cut: impl FnOnce(&Cutter<'_>) -> Cut) -> Cut {
        let offset = window.from + window.start as u64;
        let has_hole = |run: Range<usize>| {
            let is_in_file = |handle| places::has_hole(handle, offset + run.start as u64, offset + run.end as u64);
            // An archive's holes are not those of what is packed in it.
            self.cursor.packing == Packing::Plain && self.handle.as_ref().is_some_and(is_in_file)
        };
        let Manner { max_line_bytes, hole_bytes, .. } = manner;
        cut(&Cutter { framing, max_line_bytes, hole_bytes, has_hole: &has_hole })
    }

    /// Looks at the file's first bytes: its byte order, and whether they are text in its encoding at all.
    fn learn_text(&mut self, window: Window<'_>, encoding: TextEncoding) -> io::Result<FileText> {
        let text = match (window.from, self.text) {
            (0, _) => {
                text::object(encoding, window.bytes)?;
                FileText::new(encoding, window.bytes)
            }
            (_, Some(text)) => text,
            (_, None) => {
                let mut head = [0; 2];
                let found = if encoding.is_told_by_head() { self.read_at(&mut head, 0)? } else { 0 };
                FileText::new(encoding, &head[..found])
            }
        };
        self.text = Some(text);
        Ok(text)
    }

    /// What is behind NULs that begin at `zeros` and go on at `from` at least.
    fn look_behind(&mut self, zeros: u64, from: u64) -> io::Result<Behind> {
        let is_plain = self.cursor.packing == Packing::Plain;
        let Some(handle) = &self.handle else { return Err(io::ErrorKind::NotFound.into()) };
        let size = if is_plain { identity::look(handle)?.size } else { u64::MAX };
        let is_known = |known: &&Range<u64>| known.start <= zeros && known.end > from && known.end <= size;
        let from = self.zeros.as_ref().filter(is_known).map_or(from, |known| known.end);
        if is_plain {
            places::text_behind(from, Some(handle), |buffer, at| identity::read_at(handle, buffer, at))
        } else {
            places::text_behind(from, None, |buffer, at| self.read_at(buffer, at))
        }
    }

    /// Nothing but NULs is known behind the text: room that was set aside, which the writer may fill yet, or a hole whose end
    /// is not found.
    fn wait_behind(&mut self, behind: Behind, offset: u64, start: usize, waiting: usize) -> Taken {
        let zeros = offset + waiting as u64;
        match behind {
            Behind::End(end) => {
                self.zeros = Some(zeros..end);
                self.end = self.end.max(end);
                Taken::End { start, waiting }
            }
            Behind::Text(upto) | Behind::NotYet(upto) => {
                self.zeros = Some(zeros..upto);
                Taken::Searching
            }
        }
    }
}

impl Taken {
    pub(super) const fn is_at_end(&self) -> bool {
        match self {
            Self::Lines { at_end, .. } | Self::DroppedLine { at_end, .. } | Self::DroppedRest { at_end, .. } => *at_end,
            Self::End { .. } => true,
            Self::Torn { .. } | Self::Zeros { .. } | Self::Searching | Self::Replaced | Self::Rewritten => false,
        }
    }

    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Lines { len, .. }
            | Self::DroppedLine { len, .. }
            | Self::DroppedRest { len, .. }
            | Self::Torn { len }
            | Self::Zeros { len } => *len,
            Self::Searching | Self::End { .. } | Self::Replaced | Self::Rewritten => 0,
        }
    }
}
