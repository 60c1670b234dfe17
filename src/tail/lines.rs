//! Cuts what was read into whole lines, and drops lines that are too long or torn by a hole.
//!
//! Promises: pure; every byte is part of whole lines, dropped, a NUL that is passed over, or waits for what comes behind
//! it. A place in the middle of a line is known by the unit before it, which is neither a newline nor a NUL: nothing is
//! ever dropped up to just behind a NUL inside a line. Does not: hold state, or read.
//!
//! A writer without `O_APPEND` whose file was truncated, and a host that crashed, leave NULs where text was. Before a line
//! they are passed over. Inside of what looks like one line, they end a torn line, which is dropped, and another begins
//! behind them; but only a run that no client can have sent is taken for that: one with a hole of the file system in it,
//! or a long one. Otherwise a log that lets NULs through would let its clients write lines of their own.

use std::ops::Range;

use super::framing::Framing;

/// NULs inside a line that are taken for a hole by their number alone: more than servers take as a header or a path.
pub(super) const HOLE_BYTES: usize = 64 << 10;

/// Fewer NULs cannot hold a block of the file system that was never written.
const LEAST_HOLE_BYTES: usize = 512;

/// Where the bytes begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    LineStart,
    /// Inside a line that is being dropped.
    InsideDropped,
}

/// What to do with the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Whole lines, none too long: hand out so many bytes.
    Lines(usize),
    /// The beginning of a line that is too long, or all of it: drop so many bytes.
    DropLine(usize),
    /// More of a line that is being dropped.
    DropRest(usize),
    /// A line that ends in a hole: drop so many bytes, up to the hole.
    DropTorn(usize),
    /// NULs before a line: pass over so many bytes.
    Skip(usize),
    /// So many bytes without a newline, then NULs up to the end: what is behind them decides.
    Zeros { after: usize },
    /// A line without its newline yet, not too long so far.
    Wait,
}

/// How lines are cut.
pub(super) struct Cutter<'a> {
    pub(super) framing: Framing,
    /// A line may have so many bytes without its newline.
    pub(super) max_line_bytes: usize,
    /// NULs inside a line that are a hole by their number: [`HOLE_BYTES`].
    pub(super) hole_bytes: usize,
    /// Whether the file system has a hole in this range of the data, which holds NULs.
    pub(super) has_hole: &'a dyn Fn(Range<usize>) -> bool,
}

impl Cutter<'_> {
    /// What to do with `data`.
    pub(super) fn cut(&self, data: &[u8], place: Place) -> Cut {
        let data = self.framing.whole(data);
        match place {
            _ if data.is_empty() => Cut::Wait,
            Place::InsideDropped => self.rest(data),
            Place::LineStart if self.framing.zero(data, 0).is_none() => self.lines(data),
            Place::LineStart => self.lines_with_zeros(data),
        }
    }

    /// What to do with data of which [`Cut::Zeros`] was said, when it is known that the NULs end at `text`. `Cut::Wait`: more
    /// has to be read.
    pub(super) fn cut_before(&self, data: &[u8], place: Place, after: usize, text: usize) -> Cut {
        let zeros = text.saturating_sub(after);
        let run = after..after + zeros - zeros % self.framing.size();
        match (after, place) {
            (0, Place::LineStart) => Cut::Skip(run.end),
            (0, Place::InsideDropped) if self.is_hole(run.clone()) => Cut::Skip(run.end),
            (1.., _) if self.is_hole(run) => Cut::DropTorn(after),
            (1.., _) if self.is_too_long(self.framing.whole(data).len()) => Cut::DropLine(after),
            _ => Cut::Wait,
        }
    }

    /// True when NULs inside a line are more than somebody's text.
    fn is_hole(&self, run: Range<usize>) -> bool {
        run.len() >= self.hole_bytes || (run.len() >= LEAST_HOLE_BYTES && (self.has_hole)(run))
    }

    fn is_too_long(&self, bytes: usize) -> bool {
        bytes > self.max_line_bytes
    }

    /// The usual case: no NULs.
    fn lines(&self, data: &[u8]) -> Cut {
        let newline = self.framing.size();
        let Some(last) = self.framing.last_newline(data) else {
            return if self.is_too_long(data.len()) { Cut::DropLine(data.len()) } else { Cut::Wait };
        };
        // Whole lines that together fit one line cannot hold a longer one: most reads need no look at each line.
        if !self.is_too_long(last - newline) {
            return Cut::Lines(last);
        }
        let mut start = 0;
        while let Some(end) = self.framing.newline(&data[..last], start) {
            if self.is_too_long(end - newline - start) {
                return if start == 0 { Cut::DropLine(end) } else { Cut::Lines(start) };
            }
            start = end;
        }
        Cut::Lines(start)
    }

    /// Line by line, up to one that is not simply whole.
    fn lines_with_zeros(&self, data: &[u8]) -> Cut {
        let mut start = 0;
        loop {
            match self.first_line(&data[start..], start) {
                Cut::Lines(len) => start += len,
                other if start == 0 => return other,
                _ => return Cut::Lines(start),
            }
        }
    }

    /// The first line alone. `data` begins at `start` of what was read.
    fn first_line(&self, data: &[u8], start: usize) -> Cut {
        let zeros = self.framing.zeros(data, 0);
        if data.is_empty() {
            return Cut::Wait;
        } else if zeros == data.len() {
            return Cut::Zeros { after: 0 };
        } else if zeros > 0 {
            return Cut::Skip(zeros);
        }
        let newline = self.framing.newline(data, 0);
        let line = &data[..newline.unwrap_or(data.len())];
        match self.first_hole(line, data.len(), start, 0) {
            Some(run) if run.end < data.len() => return Cut::DropTorn(run.start),
            Some(run) if self.is_too_long(run.start) => return Cut::DropLine(run.start),
            Some(run) => return Cut::Zeros { after: run.start },
            None => {}
        }
        match newline {
            Some(end) if self.is_too_long(end - self.framing.size()) => Cut::DropLine(end),
            Some(end) => Cut::Lines(end),
            None if self.is_too_long(data.len()) => Cut::DropLine(data.len()),
            None => Cut::Wait,
        }
    }

    fn rest(&self, data: &[u8]) -> Cut {
        let zeros = self.framing.zeros(data, 0);
        if zeros == data.len() {
            return Cut::Zeros { after: 0 };
        }
        if zeros > 0 && self.is_hole(0..zeros) {
            return Cut::Skip(zeros);
        }
        let end = self.framing.newline(data, zeros).unwrap_or(data.len());
        // NULs at the end are left: behind them it could not be told that this is inside a line.
        let hole = self.first_hole(&data[..end], data.len(), 0, zeros);
        Cut::DropRest(hole.map_or(end, |run| run.start))
    }

    /// The first run of NULs in a line, from `from` on, that is a hole, or is the end of all there is (`len`).
    fn first_hole(&self, line: &[u8], len: usize, start: usize, from: usize) -> Option<Range<usize>> {
        let mut from = from;
        while let Some(at) = self.framing.zero(line, from) {
            let end = at + self.framing.zeros(line, at);
            if end == len || self.is_hole(start + at..start + end) {
                return Some(at..end);
            }
            from = end;
        }
        None
    }
}

/// The lines of a text, without their newlines and without one CR before each.
pub fn each(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line)
    })
}

#[cfg(test)]
mod tests;
